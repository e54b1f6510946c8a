"""Which member of a cluster is its representative: the first by columns that every member has."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from polysieve.dedup.components import component_ranges
from polysieve.pipeline.recipe.clustering import KEPT_COLUMNS, Dedup
from polysieve.pipeline.steps.labels import Label

STEPS_PER_UNIT = 10  # language scores that differ by less than a tenth do not decide
MEMBER_BYTES = 750  # that choosing takes for each member at most
BLOCK = 1 << 20  # rows that are looked through at a time


def order_columns(label: Label, order: Sequence[str], numbers: np.ndarray) -> dict[str, pl.Series]:
    """The columns that `order` names (each with a `-` before it where the largest comes first), of the documents
    of a label with these ascending numbers."""
    names = [name.removeprefix("-") for name in order]
    tables = {
        "documents": [name for name in names if name in KEPT_COLUMNS],
        "signals": [name for name in names if name not in KEPT_COLUMNS],
    }
    found: dict[str, pl.Series] = {}
    for table, columns in tables.items():
        if columns:
            read = label.take(table, columns, numbers)
            found |= {name: pl.Series(name, pl.from_arrow(read[name])) for name in columns}
    return found


def sort_rows(frame: pl.DataFrame, order: Sequence[str]) -> np.ndarray:
    """int64[n]: the rows of `frame` by cluster, and within a cluster by preference.

    `frame` has `cluster` and the columns that `order` names, its rows in the order of the keys (input, record): by
    `order`, nulls last, then by row. Where it has `precedence` too, members with the largest come before all others.
    """
    keys = [pl.col("cluster").alias("cluster")]
    descending = [False]
    if "precedence" in frame.columns:
        keys.append(pl.col("precedence").alias("key"))
        descending.append(True)
    for number, named in enumerate(order):
        column = pl.col(named.removeprefix("-"))
        if column.meta.output_name() == "language_score":
            column = (column * STEPS_PER_UNIT + 1e-9).floor()
        keys.append(column.alias(f"key_{number}"))
        descending.append(named.startswith("-"))
    columns = frame.select(keys).with_row_index("row")
    by = [*(key.meta.output_name() for key in keys), "row"]
    ordered = columns.sort(by, descending=[*descending, False], nulls_last=True)
    return ordered["row"].cast(pl.Int64).to_numpy()


def representatives(frame: pl.DataFrame, order: Sequence[str]) -> np.ndarray:
    """bool[n]: the representative of each cluster, its first member by `sort_rows`."""
    rows = sort_rows(frame, order)
    cluster = frame["cluster"].to_numpy()[rows]
    found = np.zeros(len(frame), bool)
    if len(rows):
        found[rows[np.r_[True, cluster[1:] != cluster[:-1]]]] = True
    return found


def representatives_by_cluster(
    label: Label, dedup: Dedup, cluster: np.ndarray, sizes: np.ndarray
) -> np.ndarray:
    """bool[n]: `representatives` of n documents, some clusters at a time, as many as `task_memory` holds.

    cluster: int[n], the number of each row's cluster; sizes: int[k], members by that number.
    """
    found = np.ones(len(cluster), bool)
    for first, stop in component_ranges(sizes, dedup.task_memory // MEMBER_BYTES):
        numbers = members_between(cluster, sizes, first, stop)
        own = cluster[numbers].astype(np.int64)
        members = pl.DataFrame({"cluster": own, **order_columns(label, dedup.kept, numbers)})
        found[numbers] = representatives(members, dedup.kept)
    return found


def members_between(
    cluster: np.ndarray, sizes: np.ndarray, first: int, stop: int, among: np.ndarray | None = None
) -> np.ndarray:
    """int64: the rows, ascending, in clusters of several members with numbers from `first` to before `stop`;
    of the rows `among` (bool[n]) only where it is given."""
    found = [np.empty(0, np.int64)]
    for start in range(0, len(cluster), BLOCK):
        own = cluster[start : start + BLOCK]
        inside = (own >= first) & (own < stop) & (sizes[own] > 1)
        if among is not None:
            inside &= among[start : start + BLOCK]
        found.append(start + np.flatnonzero(inside))
    return np.concatenate(found)
