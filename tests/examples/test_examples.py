"""The scripts of examples/, on small inputs, and that they stay short."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from examples import deduplicate_parquet, filter_a_table, run_from_python

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def articles(label: str) -> list[str]:
    """Six articles or more of a few paragraphs, from the pages of the sample crawl."""
    pages = (ROOT / "tools" / "sample_crawl" / "pages" / f"{label}.txt").read_text("utf-8")
    return [page.split("\n\n", 1)[1] for page in pages.split("=====") if "\n\n" in page.strip()]


def test_a_corpus_is_made_and_read(tmp_path: Path) -> None:
    texts = [*articles("eng_Latn"), *articles("yor_Latn"), articles("eng_Latn")[0], "Too short."]
    rows = [json.dumps({"id": str(i), "text": text}) for i, text in enumerate(texts)]
    (tmp_path / "in.jsonl").write_text("\n".join(rows), "utf-8")
    output = str(tmp_path / "out")
    run_from_python.make(str(tmp_path / "in.jsonl"), output)
    kept, gone = run_from_python.languages(output), run_from_python.removed(output)
    assert set(kept["label"]) == {"eng_Latn", "yor_Latn"}
    assert kept["documents"].sum() + len(gone) == len(texts)
    assert "exact_duplicate" in set(gone["filter_reason"])


def test_a_table_gets_metrics_and_the_first_rule_that_drops_each_document() -> None:
    prose = articles("eng_Latn")[0]
    texts = [prose, prose[: prose.index(".", 150) + 1], "Buy now! Buy now! " * 40]
    found = filter_a_table.scored(pa.table({"text": texts, "id": [1, 2, 3]}))
    assert found["reason"].to_pylist() == [None, "gopher_short_doc", "gopher_top_2_gram"]
    assert found["language"].to_pylist()[0] == "eng_Latn"
    assert found["plain_word_count"].to_pylist()[2] == 80 * 2
    assert found["id"].to_pylist() == [1, 2, 3]


def test_copies_and_near_copies_go_over_all_files(tmp_path: Path) -> None:
    first, second, third = articles("eng_Latn")[:3]
    tables = {
        "a.parquet": [first, second, "A short text."],
        "b.parquet": [f"Read this. {first}", second.upper(), third],
    }
    (tmp_path / "in").mkdir()
    for name, texts in tables.items():
        pq.write_table(pa.table({"text": texts, "from": [name] * 3}), tmp_path / "in" / name)
    assert deduplicate_parquet.deduplicate(tmp_path / "in", tmp_path / "out") == (6, 4)
    left = pq.read_table(tmp_path / "out" / "b.parquet")
    assert left.to_pydict() == {"text": [third], "from": ["b.parquet"]}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_says_what_it_does_in_less_than_eighty_lines(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith('"""')
    assert len(text.splitlines()) < 80
