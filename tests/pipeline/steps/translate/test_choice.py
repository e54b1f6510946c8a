"""Which documents are translated: by host, and by what models say of them."""

import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.filters.quality import fasttext_training
from polysieve.filters.quality.examples import divide
from polysieve.pipeline.steps.translate.choice import are_under, have_attributes
from tests.filters.quality.made_text import many, prose
from tests.pipeline.runs import polysieve, record

CHECKS = "checks: {is_target: false, max_copied: 1, max_flagged: 1, embedding: null}"
names = st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=4).map(".".join)


@given(st.lists(names | st.none(), min_size=1), st.lists(names))
def test_a_host_is_under_itself_and_under_what_it_ends_with_at_a_point(hosts, wanted) -> None:
    found = are_under(pa.chunked_array([hosts], pa.string()), wanted)
    expected = [
        host is not None and any(host == name or host.endswith("." + name) for name in wanted)
        for host in hosts
    ]
    assert found.tolist() == expected


def test_every_attribute_that_is_asked_for_must_have_one_of_its_labels() -> None:
    said = ['{"kind": "news", "tone": "dry"}', '{"kind": "forum"}', '{"tone": "dry"}', None]
    column = pa.chunked_array([said[:1], said[1:]], pa.string())
    assert have_attributes(column, {"kind": ["news", "forum"]}).tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert have_attributes(column, {"kind": ["news"], "tone": ["dry"]}).tolist() == [
        True, False, False, False,
    ]  # fmt: skip
    assert not len(have_attributes(pa.chunked_array([], pa.string()), {"kind": ["news"]}))


@pytest.fixture(scope="module")
def crawl(tmp_path_factory) -> Path:
    """20 good and 20 bad documents, of hosts in turns, the last of none; a classifier and a recipe."""
    pytest.importorskip("sentencex")
    folder = tmp_path_factory.mktemp("choice")
    parts = divide(many("good", 200), many("bad", 200))
    fasttext_training.train(folder / "kind.bin", "eng_Latn", parts, fasttext_training.Training())
    hosts = ["example.org", "de.Example.org", "notexample.org", "other.net:8080"]
    lines = []
    for i in range(40):
        kind = "good" if i < 20 else "bad"
        row = {"id": f"{kind}-{i}", "text": prose(kind, 9000 + i, 12)}
        if i < 39:
            row["url"] = f"https://www.{hosts[i % 4]}/page?at=https://example.org/{i}"
        lines.append(json.dumps(row))
    (folder / "pages.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "recipe.yaml").write_text("""
language: {cut: null}
quality:
  scores: {edu: {fasttext: kind.bin}}
  attributes: {kind: {fasttext: kind.bin}}
  tiers: [0.25, 0.5]
""")
    return folder


def run(crawl: Path, out: Path, target: str, *more: str) -> tuple[int, str]:
    setting = f"translate.targets.por_Latn={{engine: identity, min_words: 10, {target}, {CHECKS}}}"
    return polysieve(
        "run", str(crawl / "recipe.yaml"), "-i", f"{crawl}/*.jsonl", "-o", str(out), "-q",
        "--engine", "inline", "--set", setting, *more,
    )  # fmt: skip


def translated(out: Path) -> pl.DataFrame:
    """The sources of all translations, as the corpus has them."""
    pairs = pl.concat(
        pl.read_parquet(path).select("source_id")
        for path in out.glob("parallel/eng_Latn-por_Latn/documents-*.parquet")
    )
    corpus = pl.read_parquet(out / "corpus" / "eng_Latn" / "*.parquet")
    assert len(pairs) == record(out)["translation"]["por_Latn"]["documents"]
    return corpus.join(pairs, left_on="id", right_on="source_id", how="semi")


@pytest.mark.parametrize(
    ("hosts", "turns"),
    [
        ("{allow: example.org}", {0, 1}),
        ("{allow: [example.org, OTHER.net], block: [de.example.org]}", {0, 3}),
        ("{block: example.org}", {2, 3}),
    ],
)
def test_sources_are_chosen_by_host(crawl, tmp_path, hosts, turns) -> None:
    code, said = run(crawl, tmp_path / "out", f"hosts: {hosts}")
    assert code == 0, said
    expected = {i for i in range(39) if i % 4 in turns}
    if "allow" not in hosts:
        expected.add(39)  # of no host, so not of a blocked one
    assert {int(id.split("-")[1]) for id in translated(tmp_path / "out")["id"]} == expected


def test_sources_are_chosen_by_score_tier_and_attribute(crawl, tmp_path) -> None:
    out = tmp_path / "out"
    for target, chosen in (
        ("min_quality: 0.6", pl.col("quality_score") >= 0.6),
        ("tiers: [mid, low]", pl.col("tier") != "high"),
        ("attributes: {kind: hq}", pl.col("attributes").str.contains('"hq"')),
    ):
        code, said = run(crawl, out, target)
        assert code == 0, said
        corpus = pl.read_parquet(out / "corpus" / "eng_Latn" / "*.parquet")
        expected = set(corpus.filter(chosen)["id"])
        assert 0 < len(expected) < len(corpus)
        assert set(translated(out)["id"]) == expected


@pytest.mark.parametrize(
    ("target", "more", "message"),
    [
        ("hosts: {allow: 'https://example.org/'}", (), "without scheme and path, as in example.org"),
        ("hosts: {deny: example.org}", (), "hosts.deny"),
        ("min_quality: 0.5", ("quality-",), "min_quality: no score of web documents"),
        ("tiers: [high]", ("quality.tiers-",), "add quality.tiers, [0.5, 0.9] say"),
        ("tiers: [best]", (), "'low', 'mid' or 'high'"),
        ("attributes: {topic: sport}", (), "'topic' is no attribute of quality.attributes; known: kind"),
    ],
)  # fmt: skip
def test_a_wrong_choice_is_one_clear_line(crawl, tmp_path, target, more, message) -> None:
    changes = [part for change in more for part in ("--set", change)]
    code, said = run(crawl, tmp_path / "out", target, *changes)
    assert code == 2
    assert message in said
    assert "Traceback" not in said
