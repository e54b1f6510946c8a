"""Lists of addresses in the recipe."""

import json
from pathlib import Path

import polars as pl
import pytest

from tests.pipeline.runs import polysieve

URLS = ("http://a.bad.example/x", "http://games.example/", "http://fine.example/free-money")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "ut1/adult/domains": "bad.example\n",
        "ut1/games/domains": "games.example\n",
        "soft.txt": "free\nmoney\n",
        "pages.jsonl": "\n".join(
            json.dumps({"id": url, "url": url, "text": f"A page of words at {i}."})
            for i, url in enumerate(URLS)
        ),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def run(folder: Path, *more: str) -> tuple[int, str]:
    pages, output = str(folder / "pages.jsonl"), str(folder / "out")
    settings = [f"--set=url_filter.{setting}" for setting in more]
    arguments = ["--input", pages, "--output", output, "--engine", "inline", "--quiet"]
    return polysieve("run", "minimal", *arguments, *settings)


def reasons(folder: Path) -> dict[str, str]:
    files = (folder / "out" / "removed").rglob("*.parquet")
    rows = pl.concat([pl.read_parquet(f, columns=["id", "filter_reason", "text"]) for f in files])
    assert rows["text"].null_count() == len(rows), "a blocked page is not extracted"
    return dict(rows.select("id", "filter_reason").iter_rows())


def test_chosen_categories_and_soft_words_block(folder, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    lists = (f"ut1={folder / 'ut1'}", "categories=[adult]", f"soft_words=[{folder / 'soft.txt'}]")
    code, said = run(folder, *lists)
    assert code == 0, said
    assert reasons(folder) == {URLS[0]: "url_domain", URLS[2]: "url_soft_words"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["ut1={folder}/ut1", "categories=[adlut]"], "no category 'adlut'; did you mean adult?"),
        (["ut1={folder}/nowhere"], "no folder of categories"),
        (["categories=[adult]"], "url_filter.categories"),
        (["subwords=[{folder}/none.txt]"], "url_filter.subwords"),
    ],
)
def test_a_list_that_is_not_there_is_told(folder, settings, message) -> None:
    code, said = run(folder, *(setting.format(folder=folder) for setting in settings))
    assert code == 2
    assert message in said
