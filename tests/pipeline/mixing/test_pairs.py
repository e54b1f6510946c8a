"""Pairs of `parallel/` as documents in two languages."""

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polysieve.filters.words import segment
from polysieve.pipeline.mixing.spec import MixError, load
from polysieve.pipeline.mixing.templates import backward, interleaved, interlinear
from polysieve.pipeline.recipe.section import RecipeError
from polysieve.pipeline.steps.write.translations import PAIRS, SENTENCE_PAIRS
from tests.pipeline.mixing import corpora
from tests.pipeline.mixing.mixtures import made, shards, spec_at


def pairs_at(folder: Path, label: str, n: int) -> None:
    """n pairs of English and a language: documents, and three sentences each, cut by row groups anywhere."""
    sentence = corpora.SENTENCES[label]
    sides = [[(f"Line {i}.{j}", f"{sentence} {i}.{j}") for j in range(3)] for i in range(n)]
    documents = [
        {"id": f"p{i}", "source_id": f"s{i}", "doc_group_id": f"g{i}", "source_language": "eng_Latn",
         "target_language": label, "source": " ".join(a for a, _ in own), "target": " ".join(b for _, b in own)}
        for i, own in enumerate(sides)
    ]  # fmt: skip
    sentences = [
        {"id": f"p{i}", "source_id": f"s{i}", "source": first, "target": second, "status": "translated"}
        for i, own in enumerate(sides)
        for first, second in own
    ]  # fmt: skip
    target = folder / "run" / "parallel" / f"eng_Latn-{label}"
    target.mkdir(parents=True)
    (folder / "run" / "run.json").write_text("{}")
    for name, rows, schema in (
        ("documents", documents, PAIRS),
        ("sentences", sentences, SENTENCE_PAIRS),
    ):
        pq.write_table(
            pa.Table.from_pylist(rows, schema), target / f"{name}-00000.parquet", row_group_size=7
        )


def mixed(folder: Path, **source) -> pl.DataFrame:
    stages = [{"name": "main", "budget": 10**6}]
    sources = {"pairs": {"path": "run", **source}}
    made(spec_at(folder, sources=sources, stages=stages, max_epochs=1), folder / "out")
    return shards(folder / "out", "main")


@pytest.mark.parametrize("label", ["arb_Arab", "tha_Thai", "amh_Ethi", "cmn_Hans"])
def test_interlinear_documents_hold_every_sentence_of_their_pair_and_no_other(
    tmp_path, label
) -> None:
    pairs_at(tmp_path, label, 25)
    found = mixed(tmp_path, template="interlinear", direction="forward")
    sentence = corpora.SENTENCES[label]
    assert dict(found.select("id", "text").iter_rows()) == {
        f"p{i}": "\n".join(f"Line {i}.{j}\n{sentence} {i}.{j}" for j in range(3)) for i in range(25)
    }
    assert set(found["language"] + "_" + found["language_script"]) == {label}
    assert set(found["origin"]) == {"mt"}


def test_interleaved_documents_stand_half_each_way(tmp_path) -> None:
    pairs_at(tmp_path, "hin_Deva", 100)
    found = mixed(tmp_path, template="interleaved", separator=" [SPLIT] ")
    assert found["id"].n_unique() == len(found) == 100
    first = Counter("Line" in text.split(" [SPLIT] ")[0] for text in found["text"])
    assert set(first) == {True, False} and min(first.values()) > 30
    for text in found["text"]:
        one, other = text.split(" [SPLIT] ")
        assert ("Line" in one) != ("Line" in other)
    assert found["doc_group_id"].n_unique() == 100


def test_words_of_a_pair_are_those_of_both_sides_each_cut_as_its_language_is(tmp_path) -> None:
    pairs_at(tmp_path, "tha_Thai", 3)
    rows = mixed(tmp_path, template="interleaved", direction="backward")
    for text, words in rows.select("text", "word_count").iter_rows():
        thai, english = text.split("\n\n")
        assert thai.startswith(corpora.SENTENCES["tha_Thai"])
        assert words == len(segment([thai, english], ["tha_Thai", "eng_Latn"]).hashes)


def test_directions_and_templates_on_their_own() -> None:
    assert interleaved(["a"], ["b"], np.array([True]), "|") == ["b|a"]
    assert interlinear([[("a", "x"), ("b", "y")]], np.array([False]), " ") == ["a x b y"]
    assert interlinear([[("a", "x"), ("b", "y")]], np.array([True]), " ") == ["x a y b"]
    assert not backward(["a", "b"], "forward", 0).any()
    ids = [str(i) for i in range(1000)]
    assert 400 < backward(ids, "both", 0).sum() < 600
    assert (backward(ids, "both", 0) != backward(ids, "both", 1)).any()


def test_pairs_that_are_not_there_and_filters_that_they_lack_are_told(tmp_path) -> None:
    corpora.languages(tmp_path / "web", fra_Latn=3)
    sources = {"pairs": {"path": "web", "template": "interleaved"}}
    with pytest.raises(MixError, match="<source>-<target>/documents-"):
        made(spec_at(tmp_path, sources=sources), tmp_path / "out")
    for wrong, message in (
        ({"template": "interleaved", "tiers": ["high"]}, "pairs have none"),
        ({"separator": "|"}, "separator is for pairs; add template"),
    ):
        with pytest.raises(RecipeError, match=message):
            load(str(spec_at(tmp_path, sources={"pairs": {"path": "web", **wrong}})))
