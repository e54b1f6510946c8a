"""The written pages (`pages/<lang>_<Script>.txt`) and the words of a site's interface."""

import csv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
WRITTEN = HERE / "pages"
KINDS = ("article", "short", "list")
RIGHT_TO_LEFT = ("Arab", "Hebr")


@dataclass(frozen=True)
class Article:
    """One written page."""

    label: str
    slug: str
    title: str
    kind: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Interface:
    """What a site says around its articles, in one language."""

    label: str
    html_lang: str
    home: str
    news: str
    about: str
    contact: str
    search: str
    login: str
    share: str
    related: str
    cookies: str
    accept: str
    rights: str
    comment: str

    @property
    def direction(self) -> str:
        return "rtl" if self.label.endswith(RIGHT_TO_LEFT) else "ltr"

    @property
    def menu(self) -> tuple[str, ...]:
        return (self.home, self.news, self.about, self.contact, self.login)


def read_articles() -> dict[str, list[Article]]:
    """Label -> its pages in the order written. Raises ValueError where a page has not the form."""
    return {
        path.stem: _parse(path)
        for path in sorted(WRITTEN.glob("*.txt"), key=lambda path: path.name)
    }


def read_interfaces() -> dict[str, Interface]:
    """Label -> the words of its sites."""
    with open(HERE / "interface.tsv", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["label"]: Interface(**row) for row in rows}


def _parse(path: Path) -> list[Article]:
    articles = []
    for number, part in enumerate(path.read_text("utf-8").split("\n=====\n"), start=1):
        lines = [line.rstrip() for line in part.strip("\n").split("\n")]
        if len(lines) < 5 or lines[2] not in KINDS or lines[3] or not lines[0].isascii():
            raise ValueError(
                f"{path.name}, page {number}: write slug, title, kind ({', '.join(KINDS)}), an empty "
                "line, then paragraphs"
            )
        body = "\n".join(lines[4:])
        paragraphs = tuple(" ".join(p.split("\n")).strip() for p in body.split("\n\n") if p.strip())
        articles.append(Article(path.stem, lines[0], lines[1], lines[2], paragraphs))
    return articles
