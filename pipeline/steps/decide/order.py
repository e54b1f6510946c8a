"""Which member of a cluster stands for it."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from polysieve.dedup.components import component_ranges
from polysieve.pipeline.recipe.clustering import KEPT_COLUMNS, Dedup
from polysieve.pipeline.steps.units import Rows

STEPS_PER_UNIT = 10  # language scores that differ by less than a tenth do not decide
MEMBER_BYTES = 750  # that choosing takes for each member at most
BLOCK = 1 << 20  # rows that are looked through at a time


def order_columns(rows: Rows, order: Sequence[str], numbers: np.ndarray) -> dict[str, pl.Series]:
    """The columns that `order` names (each with a `-` before it where the largest comes first), of the rows of a unit
    with these ascending numbers."""
    names = [name.removeprefix("-") for name in order]
    tables = {
        "documents": [name for name in names if name in KEPT_COLUMNS],
        "signals": [name for name in names if name not in KEPT_COLUMNS],
    }
    found: dict[str, pl.Series] = {}
    for table, columns in tables.items():
        if columns:
            read = rows.take(table, columns, numbers)
            found |= {name: pl.Series(name, pl.from_arrow(read[name])) for name in columns}
    return found


def sort_rows(frame: pl.DataFrame, order: Sequence[str], *, rekeep: bool = True) -> np.ndarray:
    """int64[n]: the rows of `frame` by cluster, and within a cluster by preference.

    `frame` has `cluster` and the columns that `order` names, its rows in the order of the keys (input, record): by
    `order`, nulls last, then by row. `rekeep`: False where a member that is already `published` comes
    before all others.
    """
    keys = [pl.col("cluster").alias("cluster")]
    descending = [False]
    if not rekeep:
        keys.append(pl.col("published").alias("key"))
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


def kept_members(frame: pl.DataFrame, order: Sequence[str], *, rekeep: bool = True) -> np.ndarray:
    """bool[n]: the member of each cluster that stands for it, the first by `sort_rows`."""
    rows = sort_rows(frame, order, rekeep=rekeep)
    cluster = frame["cluster"].to_numpy()[rows]
    kept = np.zeros(len(frame), bool)
    if len(rows):
        kept[rows[np.r_[True, cluster[1:] != cluster[:-1]]]] = True
    return kept


def kept_by_cluster(rows: Rows, dedup: Dedup, cluster: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """bool[n]: `kept_members` of a unit's n rows, some clusters at a time, as many as `task_memory` holds.

    cluster: int[n], the number of each row's cluster; sizes: int[k], members by that number.
    """
    kept = np.ones(len(cluster), bool)
    for first, stop in component_ranges(sizes, dedup.task_memory // MEMBER_BYTES):
        numbers = members_between(cluster, sizes, first, stop)
        own = cluster[numbers].astype(np.int64)
        mates = pl.DataFrame({"cluster": own, **order_columns(rows, dedup.kept, numbers)})
        kept[numbers] = kept_members(mates, dedup.kept)
    return kept


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
