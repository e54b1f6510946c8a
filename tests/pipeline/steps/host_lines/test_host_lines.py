"""Lines that recur over a host: counted over segments, a rule's metric, taken out of what is kept."""

import json
from pathlib import Path

import polars as pl
import pytest

from polysieve.pipeline.recipe.loading import load
from polysieve.pipeline.recipe.section import RecipeError
from polysieve.pipeline.steps import segment_passes as segments
from polysieve.pipeline.steps import units
from polysieve.pipeline.steps.host_lines import lines
from polysieve.pipeline.steps.measure import inputs as measure
from tests.pipeline.prose import PROSE
from tests.pipeline.runs import digest, polysieve, record

ON = "--set=host_lines={min_documents: 4, min_share: 0.5}"
HEAD, FOOT = "Home\nAbout this site\n\n", "\n\n© The site · आगे पढ़ें · อ่านต่อ · 続きを読む"
ARTICLES = [
    article.split("\n\n", 1)[1].strip()
    for page in PROSE
    for article in page
    if "\n\n" in article.strip()
]


@pytest.fixture
def site(tmp_path) -> Path:
    """Pages of one host with a head and a foot, one page crawled five times, one of nothing but head and foot, and
    pages of other hosts."""
    urls = [f"https://www.site.example/{i}" for i in range(12)]
    rows = [
        {"id": f"page-{i}", "url": url, "text": HEAD + text + FOOT}
        for i, (url, text) in enumerate(zip(urls, ARTICLES, strict=False))
    ]
    rows += [
        {"id": f"copy-{i}", "url": "http://once.example/", "text": "Title\n" + ARTICLES[12]}
        for i in range(5)
    ]
    rows += [
        {"id": "shell", "url": "http://site.example:80/shell", "text": HEAD.strip() + FOOT},
        {"id": "other", "url": "https://other.example/", "text": HEAD + ARTICLES[13] + FOOT},
        {"id": "nowhere", "url": None, "text": HEAD + ARTICLES[14] + FOOT},
    ]
    for number in range(2):
        path = tmp_path / "in" / f"{number}.jsonl"
        path.parent.mkdir(exist_ok=True)
        part = rows[number::2]
        path.write_text("\n".join(json.dumps(row) for row in part) + "\n", "utf-8")
    return path.parent


def run(site: Path, output: Path, *more: str) -> dict[str, dict]:
    """id -> row of corpus/ or removed/."""
    arguments = ["--input", f"{site}/*.jsonl", "--output", str(output), "--engine", "inline"]
    code, said = polysieve("run", "minimal", *arguments, "--quiet", *more)
    assert code == 0, said
    found = {}
    for kind in ("corpus", "removed"):
        for file in (output / kind).rglob("*.parquet"):
            found |= {row["id"]: {"kind": kind, **row} for row in pl.read_parquet(file).to_dicts()}
    return found


def test_lines_of_a_host_are_taken_out_of_what_is_kept(site, tmp_path) -> None:
    rows = run(site, tmp_path / "out", ON)
    for i in range(12):
        row = rows[f"page-{i}"]
        assert row["kind"] == "corpus"
        assert row["text"] == ARTICLES[i]
        assert row["lines_removed"] == 3
    for name in ("other", "nowhere"):
        assert rows[name]["text"].startswith("Home\n")
        assert rows[name]["lines_removed"] == 0
    entry = record(tmp_path / "out")
    assert sum(v["documents"] for v in entry["lines_removed"].values()) == 12
    assert sum(v["lines"] for v in entry["lines_removed"].values()) == 36
    report = (tmp_path / "out" / "report" / "index.html").read_text()
    assert "Lines of hosts taken out" in report


def test_a_page_that_was_crawled_often_is_one_document(site, tmp_path) -> None:
    rows = run(site, tmp_path / "out", ON)
    kept = [row for id, row in rows.items() if id.startswith("copy") and row["kind"] == "corpus"]
    assert [row["text"] for row in kept] == ["Title\n" + ARTICLES[12]]


def test_a_document_of_nothing_else_is_removed_with_a_reason_and_can_be_read(
    site, tmp_path
) -> None:
    rows = run(site, tmp_path / "out", ON)
    assert rows["shell"]["filter_reason"] == "host_lines_only"
    assert rows["shell"]["text"] == HEAD.strip() + FOOT
    assert rows["shell"]["lines_removed"] is None
    whole = record(tmp_path / "out")["accounting"]["total"]
    assert whole["removed"] == {"host_lines_only": 1}
    assert whole["documents_in"] == whole["kept"] + whole["duplicates"] + 1


def test_without_the_section_nothing_is_counted_and_clusters_are_the_same(site, tmp_path) -> None:
    plain = run(site, tmp_path / "plain")
    run(site, tmp_path / "on", ON)
    assert {row["lines_removed"] for row in plain.values()} == {None}
    assert not list((tmp_path / "plain").glob("lines-*"))
    assert "lines_removed" not in record(tmp_path / "plain")
    clusters = [
        pl.read_parquet(tmp_path / name / "clusters-*" / "*.parquet") for name in ("plain", "on")
    ]
    assert clusters[0].equals(clusters[1])


def test_the_share_is_a_rules_metric_and_lines_may_stay(site, tmp_path) -> None:
    on = "--set=host_lines={min_documents: 4, min_share: 0.5, remove: false}"
    rows = run(site, tmp_path / "out", on, "--set=rules.host_repeated_lines=0.9")
    assert rows["shell"]["filter_reason"] == "host_repeated_lines"
    assert rows["page-0"]["text"] == HEAD + ARTICLES[0] + FOOT
    assert rows["page-0"]["lines_removed"] is None
    code, said = polysieve("explain", str(tmp_path / "out"), "--id", "page-0", "--json")
    assert code == 0, said
    share = json.loads(said)[0]["signals"]["host_repeated_line_share"]
    furniture = len((HEAD + FOOT).replace("\n", ""))
    assert share == pytest.approx(furniture / (furniture + len(ARTICLES[0].replace("\n", ""))))


def test_the_rule_without_the_section_is_refused_with_the_cure() -> None:
    with pytest.raises(
        RecipeError, match=r"minimal\.yaml: rules\.host_repeated_lines: .*host_lines"
    ):
        load("minimal", ["rules.host_repeated_lines=0.5"])
    with pytest.raises(RecipeError, match=r"host_lines\.min_document; did you mean min_documents"):
        load("minimal", ["host_lines.min_document=3"])
    with pytest.raises(RecipeError, match="unknown column 'host_repeated_line_share'"):
        load("minimal", ["dedup.kept=[host_repeated_line_share]"])


def test_explain_shows_which_lines_went_and_why(site, tmp_path) -> None:
    run(site, tmp_path / "out", ON)
    _, said = polysieve("explain", str(tmp_path / "out"), "--id", "page-3", "--json")
    life = json.loads(said)[0]
    assert life["text_start"] == ARTICLES[3][:200]
    found = life["host_lines"]
    assert found["host_documents"] == 13
    assert [(line["number"], line["documents"]) for line in found["lines"]][:2] == [
        (0, 13),
        (1, 13),
    ]
    assert found["lines"][1]["line"] == "About this site"
    _, said = polysieve("explain", str(tmp_path / "out"), "--id", "page-3")
    assert "line 2, on 13 documents: About this site" in said
    _, said = polysieve("explain", str(tmp_path / "out"), "--id", "other")
    assert "too few documents" in said


def test_switching_the_removal_off_decides_again_without_counting(site, tmp_path) -> None:
    run(site, tmp_path / "out", ON)
    counted = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("lines-*/**/*.parquet")}
    code, said = polysieve("decide", str(tmp_path / "out"), "--set", "host_lines.remove=false")
    assert code == 0, said
    fresh = run(site, tmp_path / "fresh", ON, "--set=host_lines.remove=false")
    assert digest(tmp_path / "out") == digest(tmp_path / "fresh")
    assert fresh["page-0"]["text"].startswith("Home")
    after = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("lines-*/**/*.parquet")}
    assert {p: t for p, t in after.items() if p.name != segments.PLACES} == {
        p: t for p, t in counted.items() if p.name != segments.PLACES
    }


def test_the_cut_into_ranges_of_keys_and_segments_changes_nothing(
    site, tmp_path, monkeypatch
) -> None:
    whole = run(site, tmp_path / "whole", ON)
    monkeypatch.setattr(lines, "PART_KEYS", 7)
    monkeypatch.setattr(segments, "GROUP", 3)
    run(site, tmp_path / "parts", ON)
    assert len(list((tmp_path / "parts").glob("lines-*/totals/*.parquet"))) > 5
    assert digest(tmp_path / "parts") == digest(tmp_path / "whole")
    monkeypatch.setattr(measure, "BATCH_DOCUMENTS", 2)
    monkeypatch.setattr(units, "UNIT_DOCUMENTS", 4)
    small = run(site, tmp_path / "small", ON, "--set=output.segment_bytes=2000")
    assert len(list((tmp_path / "small").glob("lines-*/keys/*.parquet"))) > 5
    assert small == whole


def test_an_input_without_a_document_ends_well(tmp_path) -> None:
    (tmp_path / "0.jsonl").write_text("")
    run(tmp_path, tmp_path / "out", ON)
    assert record(tmp_path / "out")["accounting"]["total"]["kept"] == 0
