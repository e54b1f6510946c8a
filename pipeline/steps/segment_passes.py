"""What passes over the segments of `measure` share: tasks, which rows of a segment represent clusters, files cut by
keys."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NotRequired, TypedDict

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from polysieve.pipeline.steps.step import Context, Task, manifest_of
from polysieve.pipeline.steps.units import Unit
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import parquet_writer

PLACES = "places.parquet"
GROUP = (
    1 << 16
)  # rows of a row group of keys: of a file a range's share is read, and little besides


class Keys(TypedDict):
    """The manifest of a segment whose keys were written."""

    keys: int
    documents: NotRequired[int]


@dataclass(frozen=True)
class PassTask(Task):
    """A segment, or a range of keys, in one phase of a pass."""

    kind: str
    """The phase, as the names of its names have it."""
    number: int
    """Of the segment, or of the range."""
    segment: str = ""
    places: tuple[int, int] = (0, 0)
    """The segment's rows in PLACES."""
    segments: int = 0
    parts: int = 1

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.number:06d}"

    def file(self, table: str, number: int | None = None) -> str:
        """The name of a table of the pass: the task's own, or that of another segment or range."""
        return self.folder.file(f"{table}/{self.number if number is None else number:06d}.parquet")


def places(index: pa.Table, units: Sequence[Unit]) -> pa.Table:
    """Where each segment's labels are: its rows `start` to `start + rows` are rows from `unit_row` on of a unit's
    clusters. Sorted by segment; a step writes it as PLACES."""
    unit_of = {label: unit.name for unit in units for label in unit.labels}
    frame = pl.DataFrame(index).sort("label", "order")
    frame = frame.with_columns(unit=pl.col("label").replace_strict(unit_of, return_dtype=pl.String))
    before = pl.col("rows").cum_sum() - pl.col("rows")
    frame = frame.with_columns(unit_row=before.over("unit"))
    chosen = frame.select("segment", "start", "rows", "unit", "unit_row").sort("segment", "start")
    return chosen.to_arrow()


def places_of(context: Context) -> str:
    """The file that the step index wrote of `places`."""
    return context.folder("index").file(PLACES)


def tasks_of(template: PassTask) -> list[PassTask]:
    """A task for each segment, by name."""
    places = template.context.store.read_columns(places_of(template.context), ["segment"])
    frame = pl.DataFrame(places).with_row_index("row")
    ranges = frame.group_by("segment").agg(pl.col("row").min(), pl.len()).sort("segment")
    return [
        replace(template, number=number, segment=segment, places=(first, first + rows))
        for number, (segment, first, rows) in enumerate(ranges.iter_rows())
    ]


def representatives(context: Context, rows: tuple[int, int], n: int) -> np.ndarray:
    """bool[n]: the rows of a segment that the step clusters keeps of their clusters. rows: the segment's in PLACES."""
    clusters = context.folder("clusters")
    found = np.zeros(n, bool)
    table = context.store.read_columns(places_of(context), None, *rows)
    for (unit,), entries in pl.DataFrame(table).group_by("unit", maintain_order=True):
        first = entries["unit_row"].to_numpy()
        sizes = entries["rows"].to_numpy()
        low, high = int(first.min()), int((first + sizes).max())
        file = clusters.file(f"{unit}.parquet")
        kept = clusters.store.read_columns(file, ["kept"], low, high)["kept"].to_numpy()
        for start, row, size in zip(entries["start"], first - low, sizes, strict=True):
            found[start : start + size] = kept[row : row + size]
    return found


def parts_for(folder: StepFolder, names: Sequence[str], each: int) -> int:
    """How many ranges the keys of finished names are cut into, of about `each` keys."""
    keys = sum(manifest_of(folder, name, Keys)["keys"] for name in names)
    return max(1, -(-keys // each))


def key_range(part: int, parts: int) -> tuple[int, int]:
    """The least and the largest of the 64-bit keys of a part."""
    return -(-(part << 64) // parts), -(-((part + 1) << 64) // parts) - 1


def write(task: PassTask, name: str, table: pa.Table) -> None:
    """Write the task's own table of a name, sorted by the column by which `between` will read it."""
    with (
        task.folder.store.create(task.file(name)) as handle,
        parquet_writer(handle, table.schema) as writer,
    ):
        writer.write_table(table, row_group_size=GROUP)


def between(folder: StepFolder, name: str, column: str, low: int, high: int) -> pa.Table:
    """The rows of a file, sorted by a column, whose values are from `low` to `high`; the row groups that cannot hold
    any are not read."""
    with folder.store.open(name) as file:
        parquet = pq.ParquetFile(file)
        place = parquet.schema_arrow.get_field_index(column)
        groups = []
        for group in range(parquet.num_row_groups):
            bounds = parquet.metadata.row_group(group).column(place).statistics
            if not bounds or not bounds.has_min_max or (bounds.min <= high and bounds.max >= low):
                groups.append(group)
        table = parquet.read_row_groups(groups, use_threads=False)
    values = table[column].to_numpy()
    kind = values.dtype.type
    start = np.searchsorted(values, kind(low), side="left")
    return table.slice(start, np.searchsorted(values, kind(high), side="right") - start)
