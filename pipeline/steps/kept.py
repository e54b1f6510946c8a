"""Which member of a cluster stands for it."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from pipeline.recipe.clustering import KEPT_COLUMNS
from pipeline.steps.units import Rows

STEPS_PER_UNIT = 10  # language scores that differ by less than a tenth do not decide


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
