"""Real web pages with their main text known, in one form, from five published evaluation sets."""

import gzip
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class GoldPage:
    """A page and what is known of its main content.

    `text` is the whole main text (None where a set only has snippets); `wanted` and `unwanted` are
    snippets that a good extraction has and has not. `url` is the page's address where the set tells it.
    """

    collection: str
    name: str
    html: bytes
    text: str | None = None
    wanted: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)
    url: str | None = None


def read_gold(folder: Path) -> Iterator[GoldPage]:
    """Every gold page under `folder`, in a fixed order; pages whose file is missing are passed over."""
    yield from _snippets(folder / "trafilatura-eval")
    yield from _article_bodies(folder / "scrapinghub")
    yield from _expected_html(folder / "mozilla-readability")
    yield from _plain_texts(folder / "newspaper4k")
    yield from _news_articles(folder / "fundus")


def _read(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


def _snippets(folder: Path) -> Iterator[GoldPage]:
    """trafilatura's evaluation data: snippets that must and must not come out."""
    for url, page in json.loads((folder / "evaldata.json").read_text("utf-8")).items():
        for path in (folder / "cache", folder / "eval"):
            source = path / f"{page['file']}.gz"
            if source.exists():
                yield GoldPage(
                    "trafilatura-eval",
                    page["file"],
                    _read(source),
                    wanted=page["with"],
                    unwanted=page["without"],
                    url=url,
                )
                break


def _article_bodies(folder: Path) -> Iterator[GoldPage]:
    """Scrapinghub's article extraction benchmark: the article body as text."""
    for name, page in sorted(json.loads((folder / "ground-truth.json").read_text("utf-8")).items()):
        source = folder / "html" / f"{name}.html.gz"
        if source.exists():
            yield GoldPage(
                "scrapinghub", name, _read(source), text=page["articleBody"], url=page.get("url")
            )


def _expected_html(folder: Path) -> Iterator[GoldPage]:
    """Mozilla Readability's test pages: the expected article as HTML, here without its tags."""
    for source in sorted(folder.glob("*/source.html.gz")):
        expected = _read(source.parent / "expected.html.gz").decode("utf-8", "replace")
        text = html.unescape(re.sub(r"(?s)<!--.*?-->|<[^>]*>", " ", expected))
        yield GoldPage("readability", source.parent.name, _read(source), text=text)


def _plain_texts(folder: Path) -> Iterator[GoldPage]:
    """newspaper4k's test articles: the text as it should come out."""
    for source in sorted((folder / "html").glob("*.html.gz")):
        name = source.name.removesuffix(".html.gz")
        text = folder / "txt" / f"{name}.txt"
        if text.exists():
            yield GoldPage("newspaper4k", name, _read(source), text=text.read_text("utf-8"))


def _news_articles(folder: Path) -> Iterator[GoldPage]:
    """Fundus' test articles from publishers of many countries: summary, headlines, paragraphs."""
    for record in sorted(folder.glob("*/*.json")):
        versions = list(json.loads(record.read_text("utf-8")).values())  # oldest first
        sources = sorted(record.parent.glob(f"{record.stem}_2*.html.gz"))
        if len(versions) != len(sources):
            continue
        for article, source in zip(versions, sources, strict=True):
            body = article.get("body") or {"summary": [], "sections": []}
            parts = [*body["summary"]]
            for section in body["sections"]:
                parts += [*section["headline"], *section["paragraphs"]]
            if any(parts):
                name = f"{record.parent.name}/{source.name.removesuffix('.html.gz')}"
                yield GoldPage("fundus", name, _read(source), text="\n".join(parts))
