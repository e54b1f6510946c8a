"""The components of a label's documents: equal contents, near duplicates, and what an index knows."""

import numpy as np
import pytest

from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.cluster import components
from polysieve.pipeline.steps.cluster.clusters import Numbering, cluster_tables, numberings
from polysieve.pipeline.steps.cluster.dedup_inputs import DedupInputs
from tests.pipeline.steps.measured import LABEL, MINHASH, labels, measured

NEAR = Recipe.model_validate({"dedup": {"minhash": MINHASH.model_dump(), "kept": ["id"]}})
EXACT = Recipe.model_validate({"dedup": {"minhash": None, "kept": ["id"]}})


def component(root, documents, recipe=NEAR) -> list[int]:
    (label,) = labels(measured(root, {"a": documents}))
    return components.find(DedupInputs(label, recipe.dedup.minhash), recipe).component.tolist()


def test_equal_contents_are_one_component_named_by_the_first(tmp_path):
    documents = [{"content": c} for c in (7, 8, 7, 9, 8)]
    assert component(tmp_path, documents, EXACT) == [0, 1, 0, 3, 1]


def test_what_went_before_clustering_is_alone(tmp_path):
    documents = [{"content": 7, "prefilter_reason": "empty_text"}, {"content": 7}, {"content": 7}]
    assert component(tmp_path, documents, EXACT) == [0, 1, 1]


def test_documents_that_share_a_band_are_compared(tmp_path):
    # The second shares the first band of the first and half of its signature; the third shares a band with none.
    documents = [{"signature": s} for s in ("aaaabbbb", "aaaacccc", "ddddeeee")]
    assert component(tmp_path, documents) == [0, 0, 2]
    strict = NEAR.dedup.model_copy(update={"minhash": MINHASH.model_copy(update={"verify": 0.9})})
    assert component(tmp_path, documents, NEAR.model_copy(update={"dedup": strict})) == [0, 1, 2]


def test_documents_without_shingles_are_near_to_none(tmp_path):
    assert component(tmp_path, [{}, {}, {"signature": "aaaabbbb"}]) == [0, 1, 2]


def test_an_exact_duplicate_is_in_the_component_of_its_content(tmp_path):
    documents = [
        {"signature": "aaaabbbb", "content": 1},
        {"signature": "aaaacccc", "content": 2},
        {"signature": "aaaacccc", "content": 2},
    ]
    assert component(tmp_path, documents) == [0, 0, 0]


def test_labels_of_a_unit_have_nothing_to_do_with_one_another(tmp_path):
    alike = {"content": 7, "signature": "aaaabbbb"}
    segments = {
        "a": [{**alike, "label": LABEL}, {**alike, "label": "por_Latn"}],
        "b": [{**alike, "label": "por_Latn"}],
    }
    of_unit = labels(measured(tmp_path, segments), [LABEL, "por_Latn"])
    found = [components.find(DedupInputs(one, MINHASH), NEAR) for one in of_unit]
    assert [one.component.tolist() for one in found] == [[0], [0, 0]]
    tables = [
        table
        for label, one, numbering in zip(
            of_unit, found, numberings(of_unit, None, 100), strict=True
        )
        for table in cluster_tables(
            DedupInputs(label, MINHASH), one, np.bincount(one.component), numbering, NEAR
        )
    ]
    rows = [row for table in tables for row in table.to_pylist()]
    assert [row["cluster_id"] for row in rows] == [100, 101, 101]
    assert [row["cluster_size"] for row in rows] == [1, 2, 2]
    assert [row["kept"] for row in rows] == [True, True, False]
    assert [row["file_path"] for row in rows] == ["a.warc", "a.warc", "b.warc"]


@pytest.mark.parametrize("number", range(6))
def test_numbers_within_a_label_and_in_a_run_lead_to_one_another(number):
    # Two contents in the index from 10 on, documents from 40 on.
    numbering = Numbering(2, 10, 40)
    in_run = numbering.of_run(np.array([number]))
    assert in_run.tolist() == [10 + number if number < 2 else 38 + number]
    assert numbering.of_label(in_run).tolist() == [number]
