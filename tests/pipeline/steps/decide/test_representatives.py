"""The representative of each cluster, among a label's documents and the members that an index holds."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from polysieve.pipeline.index.versions import (
    MEMBERS,
    PUBLISHED,
    Earlier,
    Increment,
    Revision,
    version_file,
)
from polysieve.pipeline.recipe.clustering import Dedup
from polysieve.pipeline.steps.cluster.clusters import Numbering
from polysieve.pipeline.steps.cluster.order import representatives
from polysieve.pipeline.steps.decide.members import Clustered, of_clusters, of_index
from polysieve.pipeline.steps.decide.representatives import choose, published_members
from polysieve.pipeline.storage.store import Store
from tests.pipeline.steps.measured import LABEL, MINHASH, clustered, folder, labels, measured

ORDER = Dedup(minhash=None, kept=["-language_score", "id"])


def test_members_are_compared_column_by_column_and_then_by_row():
    frame = pl.DataFrame(
        {
            "cluster": [0, 0, 0, 1, 1, 2, 2],
            "language_score": [0.71, 0.79, 0.9, 0.5, 0.5, None, 0.1],
            "id": ["b", "a", "c", "x", "x", "a", "b"],
        }
    )
    # A tenth makes no difference, a null comes last, and of equals the first row wins.
    assert representatives(frame[:2], ["-language_score", "id"]).tolist() == [False, True]
    found = representatives(frame, ["-language_score", "id"])
    assert np.flatnonzero(found).tolist() == [2, 3, 6]


def test_precedence_comes_before_all_columns():
    frame = pl.DataFrame({"cluster": [0, 0, 0], "precedence": [1, 0, 1], "id": ["c", "a", "b"]})
    assert representatives(frame, ["id"]).tolist() == [False, False, True]


@pytest.mark.parametrize("memory", [2**30, 1])
def test_memory_does_not_change_what_is_chosen(tmp_path, memory):
    (label,) = labels(measured(tmp_path, {"a": [{"id": i} for i in "dcba"]}))
    cluster = np.array([0, 1, 0, 1], np.int32)
    nobody = pl.DataFrame(schema={"language_score": pl.Float64, "cluster": pl.Int64} | {
        name: pl.Int64 for name in ("member", "content")
    } | {"published": pl.Boolean})  # fmt: skip
    found = Clustered(cluster, cluster, 4, np.zeros(4, bool), nobody)
    dedup = ORDER.model_copy(update={"task_memory": memory})
    chosen = choose(label, dedup, found, np.ones(4, bool), None)
    assert chosen.is_representative.tolist() == [False, False, True, True]
    assert chosen.size.tolist() == [2, 2, 2, 2]


Row = tuple[int, int, float, str, bool]
"""Of a member of an index: run, content, language score, id, whether its text is in a corpus."""


def index(root: Path, rows: list[Row], components: list[int]) -> Earlier:
    """A version of an index with the members of one label. components: of each content."""
    store = Store(str(root / "index"))
    columns: dict[str, Any] = {
        "run": [run for run, *_ in rows],
        "content": [content for _, content, *_ in rows],
        "language_score": [score for _, _, score, *_ in rows],
        "id": [id for *_, id, _ in rows],
    }
    table = pa.table(
        {f.name: pa.array(columns.get(f.name, [None] * len(rows)), f.type) for f in MEMBERS}
    )
    store.write_table("members.parquet", table)
    out = [number for number, row in enumerate(rows) if row[-1]]
    store.write_table("published.parquet", pa.table([pa.array(out, pa.int64())], schema=PUBLISHED))
    store.write_table("components.parquet", pa.table({"component": components}))
    tables = {
        "members": [["members.parquet", 0, len(rows)]],
        "published": [["published.parquet", 0, len(out)]],
        "components": [["components.parquet", 0, len(components)]],
        "contents": [["contents.parquet", 0, len(components)]],
    }
    store.write_json(version_file("v"), {"bands": 0, "runs": [], "labels": {LABEL: tables}})
    return Earlier(store, "v")


@pytest.fixture
def grown(tmp_path: Path):
    """Three documents beside an index of two: the first two share the cluster of its first, the third is new."""
    earlier = index(tmp_path, [(0, 0, 0.6, "z", True), (0, 1, 0.9, "y", True)], [0, 1])
    (label,) = labels(measured(tmp_path, {"a": [{"id": i} for i in "abc"]}))
    # Two contents of the index come first; then the documents.
    step = clustered(tmp_path, [0, 0, 4], [0, 3, 4])
    pieces = {"components": [["components.parquet", 0, 2]]}
    step.commit("unit-00000", {"index": {LABEL: pieces}})
    increment = Increment(earlier.store, earlier, 1)
    members = of_clusters(
        step, "unit-00000", label, Numbering(2, 0, 2), np.ones(3, bool), increment
    )
    return label, members, earlier


def test_a_member_that_is_in_a_corpus_represents_its_cluster(grown):
    label, members, version = grown
    chosen = choose(label, ORDER, members, np.ones(3, bool), 0.5, version)
    assert chosen.is_representative.tolist() == [False, False, True]
    assert chosen.exact[:2].tolist() == [True, False]
    assert chosen.size.tolist() == [3, 3, 1]
    assert members.members is not None
    assert members.members.tolist() == [2, 3, 4]
    assert published_members(chosen, members, chosen.is_representative).tolist() == [0, 1, 4]


def test_representatives_may_be_chosen_anew(grown):
    label, members, version = grown
    chosen = choose(label, ORDER, members, np.ones(3, bool), 0.5, version, rekeep=True)
    assert chosen.is_representative.tolist() == [True, False, True]
    # The document takes the place of the member of the other run.
    assert published_members(chosen, members, chosen.is_representative).tolist() == [1, 2, 4]


def test_members_of_other_runs_under_the_cut_do_not_count(grown):
    label, members, version = grown
    chosen = choose(label, ORDER, members, np.ones(3, bool), 0.7, version)
    assert chosen.is_representative.tolist() == [True, False, True]
    assert chosen.size.tolist() == [2, 2, 1]


def test_an_output_that_is_in_an_index_is_decided_by_it(tmp_path):
    rows = [(0, 0, 1.0, "z", False), (1, 0, 1.0, "a", True), (1, 1, 1.0, "b", False)]
    version = index(tmp_path, rows, [0, 0])
    documents = [{"id": "a"}, {"prefilter_reason": "url_word", "id": "x"}, {"id": "b"}]
    (label,) = labels(measured(tmp_path, {"a": documents}))
    members = of_index(Revision(version.store, version, 1), label, np.array([True, False, True]))
    assert members.cluster.tolist() == [0, 3, 0]
    assert members.published.tolist() == [True, False, False]
    assert members.others["member"].to_list() == [0]
    with pytest.raises(ValueError, match="holds 2 documents of this output, which has 3"):
        of_index(Revision(version.store, version, 1), label, np.ones(3, bool))


def test_a_cluster_over_the_limit_is_split_around_anchors(tmp_path):
    # A chain: neighbours agree in one of two bands, the others in none.
    chain = ["aaaabbbb", "aaaacccc", "ddddcccc", "ddddeeee", "ffffeeee"]
    documents = [{"signature": one, "id": str(n)} for n, one in enumerate(chain)]
    (label,) = labels(measured(tmp_path, {"a": documents}))
    step = clustered(tmp_path, [0] * 5, range(5))
    members = of_clusters(step, "unit-00000", label, Numbering(0, 0, 0), np.ones(5, bool), None)
    for limit, sizes, kept in ((5, [5] * 5, [0]), (4, [2, 2, 2, 2, 1], [0, 2, 4])):
        minhash = MINHASH.model_copy(update={"split_over": limit})
        dedup = Dedup(kept=["id"]).model_copy(update={"minhash": minhash})
        chosen = choose(label, dedup, members, np.ones(5, bool), None)
        assert chosen.size.tolist() == sizes
        assert np.flatnonzero(chosen.is_representative).tolist() == kept


def test_the_folder_of_clusters_is_read_where_the_label_begins(tmp_path):
    segments = {"a": [{"label": LABEL}, {"label": "por_Latn"}, {"label": "por_Latn"}]}
    _, por = labels(measured(tmp_path, segments), [LABEL, "por_Latn"])
    step = clustered(tmp_path, [0, 1, 1])
    members = of_clusters(step, "unit-00000", por, Numbering(0, 0, 1), np.ones(2, bool), None)
    assert members.cluster.tolist() == [0, 0]
    assert folder(tmp_path, "clusters").manifest("unit-00000") == {}
