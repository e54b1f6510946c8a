"""Documents that another document contains, over segments and languages."""

import json
from pathlib import Path

import polars as pl
import pytest

from polysieve.pipeline.recipe.loading import load
from polysieve.pipeline.recipe.section import RecipeError
from polysieve.pipeline.steps import segment_passes as segments
from polysieve.pipeline.steps import units
from polysieve.pipeline.steps.containment import containment
from polysieve.pipeline.steps.measure import inputs as measure
from tests.pipeline.prose import PROSE
from tests.pipeline.runs import digest, polysieve, record

ON = "--set=dedup.containment={share: 0.9}"
ARTICLES = [
    article.split("\n\n", 1)[1].strip()
    for page in PROSE
    for article in page[:5]
    if "\n\n" in article.strip()
]
HALVES = [article[: len(article) // 2] for article in ARTICLES]


@pytest.fixture(scope="module")
def halves(tmp_path_factory) -> Path:
    """Articles in six scripts, the first half of each, and a page that collects two of a language."""
    texts = {f"whole-{i}": text for i, text in enumerate(ARTICLES)}
    texts |= {f"half-{i}": text for i, text in enumerate(HALVES)}
    texts["list"] = ARTICLES[-1] + "\n\n" + ARTICLES[-2]
    folder = tmp_path_factory.mktemp("halves")
    for number in range(2):
        rows = [json.dumps({"id": id, "text": texts[id]}) for id in list(texts)[number::2]]
        (folder / f"{number}.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    return folder


def run(halves: Path, output: Path, *more: str) -> dict[str, str]:
    """id -> `kept` or the reason."""
    places = ("--input", f"{halves}/*.jsonl", "--output", str(output))
    code, said = polysieve("run", "minimal", *places, "--quiet", "--engine", "inline", ON, *more)
    assert code == 0, said
    found = {}
    for kind in ("corpus", "removed"):
        for file in (output / kind).rglob("*.parquet"):
            for row in pl.read_parquet(file).to_dicts():
                found[row["id"]] = row.get("filter_reason") or "kept"
    return found


@pytest.fixture(scope="module")
def calm(halves, tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("calm") / "out"
    run(halves, output)
    return output


def test_halves_go_in_every_script_and_so_do_articles_of_a_list(halves, tmp_path) -> None:
    found = run(halves, tmp_path / "out")
    last = len(ARTICLES) - 1
    assert {found[f"half-{i}"] for i in range(len(ARTICLES))} == {"contained"}
    assert {found[f"whole-{i}"] for i in range(last - 1)} == {"kept"}
    assert [found[id] for id in ("list", f"whole-{last}", f"whole-{last - 1}")] == [
        "kept", "contained", "contained",
    ]  # fmt: skip
    whole = record(tmp_path / "out")["accounting"]["total"]
    assert whole["removed"] == {"contained": len(ARTICLES) + 2}
    assert whole["documents_in"] == whole["kept"] + whole["removed"]["contained"]


def test_the_longer_one_goes_on_request(halves, tmp_path) -> None:
    found = run(halves, tmp_path / "out", "--set=dedup.containment.remove=containing")
    assert found["list"] == "containing"
    assert {found[f"whole-{i}"] for i in range(len(ARTICLES))} == {"containing"}
    assert {found[f"half-{i}"] for i in range(len(ARTICLES))} == {"kept"}


def test_what_a_rule_drops_contains_nothing(halves, tmp_path) -> None:
    found = run(halves, tmp_path / "out", "--set=rules.gopher_long_doc=100")
    dropped = [i for i in range(len(ARTICLES)) if found[f"whole-{i}"] == "gopher_long_doc"]
    assert "kept" in {found[f"half-{i}"] for i in dropped} <= {"kept", "gopher_long_doc"}


def test_short_documents_are_never_contained(halves, tmp_path) -> None:
    found = run(halves, tmp_path / "out", "--set=dedup.containment.min_shingles=100000")
    assert set(found.values()) == {"kept"}


def test_contained_documents_take_no_part_in_rates_and_have_no_weight(calm) -> None:
    removed = pl.read_parquet(calm / "removed" / "*" / "*.parquet")
    assert set(removed["weight"]) == {0}
    figures = json.loads((calm / "report" / "eng_Latn.json").read_text())["figures"]
    assert figures["clusters"] == figures["kept"]


def test_explain_names_the_other_document(calm) -> None:
    _, said = polysieve("explain", str(calm), "--id", "half-0", "--json")
    found = json.loads(said)[0]["containment"]
    assert [other["id"] for other in found["contained_in"]] == ["whole-0"]
    assert found["contained_in"][0]["share"] > 0.9
    _, said = polysieve("explain", str(calm), "--id", "whole-0")
    assert "contains half-0" in said


def test_the_cut_into_ranges_segments_and_units_changes_nothing(
    calm, halves, tmp_path, monkeypatch
) -> None:
    for name, value in (("PART_KEYS", 50), ("BATCH_BYTES", 3000), ("ASKED", 60)):
        monkeypatch.setattr(containment, name, value)
    monkeypatch.setattr(segments, "GROUP", 7)
    run(halves, tmp_path / "parts")
    assert len(list((tmp_path / "parts").glob("containment-*/pairs/*.parquet"))) > 5
    assert digest(tmp_path / "parts") == digest(calm)
    monkeypatch.setattr(measure, "BATCH_DOCUMENTS", 3)
    monkeypatch.setattr(units, "UNIT_DOCUMENTS", 12)
    small = run(halves, tmp_path / "small", "--set=output.segment_bytes=2000")
    assert len(list((tmp_path / "small").glob("containment-*/keys/*.parquet"))) > 5
    assert record(tmp_path / "small")["accounting"] == record(calm)["accounting"]
    assert set(small.values()) == {"kept", "contained"}


def test_what_it_needs_is_said() -> None:
    with pytest.raises(RecipeError, match=r"dedup: containment compares the n-grams"):
        load("minimal", ["dedup.minhash=null", "dedup.containment={}"])
    with pytest.raises(RecipeError, match=r"dedup\.containment\.share"):
        load("minimal", ["dedup.containment={share: 0.2}"])


def test_an_input_without_a_document_ends_well(tmp_path) -> None:
    (tmp_path / "0.jsonl").write_text("")
    assert run(tmp_path, tmp_path / "out") == {}
