"""Translations of snapshots that come one after another, through an index."""

import csv
import json
from pathlib import Path

import polars as pl
import pytest

from polysieve.pipeline.run import increment
from tests.pipeline.runs import file_bytes, polysieve
from tests.pipeline.steps.translate.recorded import ENGLISH, PORTUGUESE, rows

pytest.importorskip("sentencex")
# Other words in English, and in Portuguese the same but for the last one.
AGAIN = [
    "Behind an ancient mill the stream begins its way, goes by our town and ends in the ocean.",
    "Each year when winter is over, boys and girls gather the pebbles that it leaves under the arches.",
    "Who raised that crossing has been forgotten, though somebody wrote once that people paid for it.",
]
ALIKE = [*PORTUGUESE[:2], PORTUGUESE[2].replace("pedágio", "imposto")]
LIBRARY = [
    "Readers find the town library open from nine in the morning until six on every working day.",
    "Five books at most may go home with them for a fortnight, and a call is enough to keep them longer.",
]
BIBLIOTECA = [
    "A biblioteca municipal abre às nove horas e fecha às seis da tarde, de segunda a sexta-feira.",
    "Os leitores podem levar para casa até cinco livros por duas semanas, e renovar por telefone.",
]
SNAPSHOTS = {
    "a": {"river": ENGLISH[:3], "biblioteca": BIBLIOTECA},
    "b": {"again": AGAIN, "library": LIBRARY},
    "c": {"rio": PORTUGUESE[:3]},
}


@pytest.fixture
def crawl(tmp_path) -> Path:
    (tmp_path / "in").mkdir()
    for name, pages in SNAPSHOTS.items():
        lines = [json.dumps({"id": id, "text": " ".join(page)}) for id, page in pages.items()]
        (tmp_path / "in" / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    with (tmp_path / "table.tsv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, delimiter="\t")
        table.writerows(zip(ENGLISH[:3], PORTUGUESE, strict=False))
        table.writerows([*zip(AGAIN, ALIKE, strict=True), *zip(LIBRARY, BIBLIOTECA, strict=True)])
    return tmp_path


def translating(crawl: Path) -> list[str]:
    engine = f"{{engine: recorded, table: {crawl}/table.tsv}}"
    settings = f"engine: {engine}, min_words: 10, checks: {{embedding: null}}"
    return ["--set", f"translate.targets.por_Latn={{{settings}}}"]


def run(crawl: Path, snapshots: str, output: str, *more: str, index: str | None = "index") -> Path:
    out = crawl / output
    inputs = [part for name in snapshots for part in ("-i", f"{crawl}/in/{name}.jsonl")]
    known = ["--index", str(crawl / index)] if index else []
    code, said = polysieve(
        "run", "minimal", *inputs, "-o", str(out), "-q", "--engine", "inline", *known, *more
    )
    assert code == 0, said
    return out


def translations(*outputs: Path) -> list[str]:
    """Sources of the translations in some corpora."""
    found = (rows(output, "corpus") for output in outputs)
    return sorted(id for frame in found if len(frame) for id in frame["source_id"])


def natives(output: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(output)): path.read_bytes()
        for kind in ("corpus", "removed")
        for path in sorted(output.glob(f"{kind}/*/train-*"))
    }


def information(index: Path) -> dict:
    code, said = polysieve("index", "info", str(index), "--json")
    assert code == 0, said
    return json.loads(said)["labels"]["por_Latn"]


def test_a_translation_that_repeats_an_earlier_snapshot_is_a_duplicate(crawl) -> None:
    first = run(crawl, "a", "first", *translating(crawl))
    second = run(crawl, "b", "second", *translating(crawl))
    assert translations(first) == ["river"]
    assert translations(second) == []
    gone = {row["source_id"]: row for row in rows(second, "removed").to_dicts()}
    assert gone["again"]["filter_reason"] == "near_duplicate"  # of a translation
    assert gone["again"]["minhash_cluster_size"] == 0
    assert gone["library"]["filter_reason"] == "exact_duplicate"  # of a page
    assert gone["library"]["minhash_cluster_size"] == 1
    assert information(crawl / "index")["translations"] == 1
    # At once, the same are kept and removed.
    together = run(crawl, "ab", "together", *translating(crawl), index=None)
    assert translations(together) in (["river"], ["again"])
    alone = rows(together, "removed").filter(pl.col("source_id") == "library")
    assert alone["minhash_cluster_size"].to_list() == [1]


def test_a_translation_never_keeps_a_page_of_a_later_snapshot_out(crawl) -> None:
    for name in SNAPSHOTS:
        run(crawl, name, name, *translating(crawl))
        run(crawl, name, f"plain-{name}", index="plain")
        assert natives(crawl / name) == natives(crawl / f"plain-{name}")
    kept = pl.read_parquet(crawl / "c" / "corpus" / "por_Latn" / "train-*.parquet")
    assert (kept["id"].to_list(), kept["minhash_cluster_size"].to_list()) == (["rio"], [1])


def test_decided_again_a_translation_makes_room_for_the_page_that_came_later(crawl) -> None:
    outputs = [run(crawl, name, name, *translating(crawl)) for name in SNAPSHOTS]
    assert translations(*outputs) == ["river"]
    command = "decide", str(outputs[0]), "--index", str(crawl / "index")
    assert polysieve(*command)[0] == 0
    whole = run(crawl, "abc", "whole", *translating(crawl), index=None)
    assert translations(*outputs) == translations(whole) == []
    assert rows(outputs[0], "removed")["minhash_cluster_size"].to_list() == [1]
    assert information(crawl / "index")["translations"] == 0
    version = (crawl / "index" / "current.json").read_text()
    code, said = polysieve(*command)
    assert code == 0, said
    assert (crawl / "index" / "current.json").read_text() == version


def test_decided_again_a_translation_stays_where_only_translations_came_later(crawl) -> None:
    outputs = [run(crawl, name, name, *translating(crawl)) for name in "ab"]
    for output in outputs:
        assert polysieve("decide", str(output), "--index", str(crawl / "index"))[0] == 0
    assert translations(outputs[0]) == ["river"]
    assert translations(outputs[1]) == []


def test_an_output_without_translations_any_more_leaves_none_in_the_index(crawl) -> None:
    first = run(crawl, "a", "a", *translating(crawl))
    command = "decide", str(first), "--index", str(crawl / "index")
    code, said = polysieve(*command, "--set", "translate=null")
    assert code == 0, said
    assert information(crawl / "index")["translations"] == 0
    assert translations(first) == []
    assert translations(run(crawl, "b", "b", *translating(crawl))) == ["again"]


def test_in_another_order_pages_come_first_all_the_same(crawl) -> None:
    outputs = [run(crawl, name, name, *translating(crawl)) for name in "cba"]
    assert translations(*outputs) == ["library"]  # its page came later
    for output in outputs:
        assert polysieve("decide", str(output), "--index", str(crawl / "index"))[0] == 0
    assert translations(*outputs) == []


def test_a_run_stopped_before_it_reached_the_index_leaves_the_same_there(
    crawl, monkeypatch
) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    command = [
        "run", "minimal", "-i", f"{crawl}/in/a.jsonl", "-o", f"{crawl}/a", "-q", "--engine", "inline",
        "--index", f"{crawl}/index", *translating(crawl),
    ]  # fmt: skip
    with monkeypatch.context() as patched:
        patched.setattr(increment, "finish", stop)
        assert polysieve(*command)[0] == 130
    assert polysieve(*command)[0] == 0
    run(crawl, "a", "undisturbed", *translating(crawl), index="other")
    assert file_bytes(crawl / "index") == file_bytes(crawl / "other")
    assert translations(run(crawl, "b", "b", *translating(crawl))) == []


def test_a_compacted_index_knows_the_translations(crawl) -> None:
    run(crawl, "a", "a", *translating(crawl))
    for command in ("compact", "verify"):
        code, said = polysieve("index", command, str(crawl / "index"))
        assert code == 0, said
    assert information(crawl / "index")["translations"] == 1
    assert translations(run(crawl, "b", "b", *translating(crawl))) == []


def test_without_minhash_equal_texts_are_found_all_the_same(crawl) -> None:
    exact = [*translating(crawl), "--set", "dedup.minhash=null"]
    outputs = [run(crawl, name, name, *exact) for name in "ab"]
    assert translations(*outputs) == ["again", "river"]  # alike, not equal
    assert rows(outputs[1], "removed")["filter_reason"].to_list() == ["exact_duplicate"]
