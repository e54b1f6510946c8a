"""Step C: exact and near-duplicate clusters of every document of a label, whatever its score.

A row per document, singletons too. Clusters know no thresholds: the language cut, the kept member among those
that remain, and the cluster's size after the cut are D's.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from dedup import components
from pipeline.ledger import StepFolder
from pipeline.recipe import Recipe
from pipeline.schema import CLUSTERS
from pipeline.steps.units import Rows, Unit, label_slices


@dataclass(frozen=True)
class Task:
    """One unit to cluster."""

    folder: StepFolder
    measure: StepFolder
    index_file: str
    unit: Unit
    recipe: Recipe

    @property
    def piece(self) -> str:
        return self.unit.piece


def depends_on(recipe: Recipe) -> dict[str, Any]:
    return {
        "exact": recipe.dedup.exact,
        "minhash": recipe.dedup.minhash and recipe.dedup.minhash.model_dump(),
    }


def run(task: Task) -> dict[str, Any]:
    """Cluster one unit and commit it."""
    rows = Rows.of(task.measure, task.index_file, task.unit.labels)
    documents = rows.read("documents", ["label", "id", "date", "offset", "language_score", "cut"])
    words = rows.read("signals", ["word_count"])["word_count"].to_numpy()
    content = rows.read("bands", ["content_0", "content_1"])
    uncut = documents["cut"].is_null().to_numpy()

    n = documents.num_rows
    content_id = np.arange(n)
    cluster = np.arange(n)
    slices = label_slices(documents["label"])
    if task.recipe.dedup.exact:
        for _, start, stop in slices:
            content_id[start:stop] = start + _equal_content(
                content.slice(start, stop - start), uncut[start:stop]
            )
        cluster = content_id.copy()
    if task.recipe.dedup.minhash:
        near = _near_duplicates(rows, task.recipe, slices, uncut & (content_id == np.arange(n)))
        # A document joins the cluster of the first document with its content.
        cluster = near[content_id]

    frame = pl.DataFrame(
        {
            "cluster": cluster,
            "language_score": documents["language_score"].to_numpy(),
            "words": words,
            "date": pl.from_arrow(documents["date"]),
            "id": pl.from_arrow(documents["id"]),
        }
    )
    first = task.unit.first_document
    table = pa.table(
        [
            documents["id"],
            rows.addresses(),
            documents["offset"],
            cluster + first,
            components.cluster_sizes(cluster),
            kept_members(frame),
            documents["label"],
            content_id + first,
        ],
        schema=CLUSTERS,
    )
    task.folder.store.write_table(task.folder.file(f"{task.piece}.parquet"), table)
    clusters = int((cluster == np.arange(n)).sum())
    task.folder.commit(task.piece, {"rows": n, "clusters": clusters})
    return {"documents": n, "clusters": clusters}


def kept_members(frame: pl.DataFrame) -> np.ndarray:
    """bool[n]: the member of each cluster that stands for it.

    `frame` has `cluster`, `language_score`, `words`, `date`, `id`, its rows in the order of the keys (input,
    record). The first member by: language score in steps of 0.1, then words, both descending; earliest date;
    id; key. Only columns that every member has, never rule outcomes or model scores.
    """
    ordered = frame.select(
        "cluster",
        pl.int_range(pl.len()).alias("row"),
        (pl.col("language_score") * 10 + 1e-9).floor().alias("step"),
        "words",
        "date",
        "id",
    ).sort(
        "cluster", "step", "words", "date", "id", "row",
        descending=[False, True, True, False, False, False],
        nulls_last=True,
        maintain_order=True,
    )  # fmt: skip
    kept = np.zeros(len(frame), bool)
    if len(frame):
        firsts = ordered.filter(pl.col("cluster") != pl.col("cluster").shift().fill_null(-1))
        kept[firsts["row"].to_numpy()] = True
    return kept


def _equal_content(content: pa.Table, uncut: np.ndarray) -> np.ndarray:
    """For each row the first row with the same content; rows that were cut are equal to themselves alone."""
    frame = pl.DataFrame(content).with_row_index("row").with_columns(own=pl.Series(uncut))
    key = pl.when("own").then(pl.lit(-1)).otherwise(pl.col("row").cast(pl.Int64))
    return (
        frame.select(pl.col("row").min().over("content_0", "content_1", key))["row"]
        .cast(pl.Int64)
        .to_numpy()
    )


def _near_duplicates(
    rows: Rows, recipe: Recipe, slices: list[tuple[str, int, int]], member: np.ndarray
) -> np.ndarray:
    """For each row the first row of its near-duplicate component, among rows where `member`, per label."""
    settings = recipe.dedup.minhash
    assert settings is not None
    valid = member & rows.read("bands", ["has_shingles"])["has_shingles"].to_numpy()
    signatures = None
    if settings.verify is not None:
        column = rows.read("bands", ["signature"])["signature"].combine_chunks()
        width = column.type.byte_width
        start = column.offset * width
        flat = np.frombuffer(column.buffers()[1], np.uint8)[start : start + len(column) * width]
        signatures = flat.reshape(-1, width)
    forest = components.UnionFind(len(member))
    for band in range(settings.bands):
        name = f"band_{band}"
        keys = rows.read("bands", [name])[name].to_numpy()
        for _, first, last in slices:
            a, b = _edges(keys[first:last], valid[first:last], signatures, first, settings.verify)
            forest.union_edges(a + first, b + first)
    return forest.roots()


def _edges(
    keys: np.ndarray,
    valid: np.ndarray,
    signatures: np.ndarray | None,
    first: int,
    verify: float | None,
) -> tuple[np.ndarray, np.ndarray]:
    if signatures is None or verify is None:
        return components.band_edges(keys, valid)
    return components.verified_band_edges(
        keys, signatures[first : first + len(keys)], verify, valid
    )
