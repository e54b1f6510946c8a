"""The documents of a label as a step sees them: rows of segments' tables, and of files that steps write per unit.

A label's rows are counted from 0, by input and segment, then by row. Files of a unit (clusters-*/, decisions-*/, …)
have the labels of the unit one after the other, each with its rows in that order. Where several labels share a task,
each has few rows: a table that one of them asks for is read for all, each segment once, and kept for the others. A
label that has a task of its own, however large, is read a segment at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import rows_of


class Slice(NamedTuple):
    """Rows `start` to before `stop` of a segment's tables."""

    segment: str
    address: str
    """Of the segment's input."""
    start: int
    stop: int


@dataclass(frozen=True)
class Label:
    """The documents of one label, or some consecutive ones of them."""

    name: str
    measure: StepFolder
    slices: tuple[Slice, ...]
    """Where the rows are, in their order."""
    first: int = 0
    """The place of row 0 in the files of the unit."""
    shared: "Shared | None" = None
    """What is read for all labels of a task together; None where there is only this one."""

    @property
    def documents(self) -> int:
        return sum(one.stop - one.start for one in self.slices)

    def window(self, start: int, stop: int) -> "Label":
        """The rows from `start` to before `stop`."""
        slices, row = [], 0
        for one in self.slices:
            low, high = max(start, row), min(stop, row + one.stop - one.start)
            if low < high:
                slices.append(
                    one._replace(start=one.start + low - row, stop=one.start + high - row)
                )
            row += one.stop - one.start
        return replace(self, slices=tuple(slices), first=self.first + start)

    def alone(self) -> "Label":
        """The label read by itself, a segment at a time: what is asked of few labels, or of texts, is not kept."""
        return replace(self, shared=None)

    def parts(
        self, table: str, columns: list[str] | None, folder: StepFolder | None = None
    ) -> Iterator[pa.Table]:
        """Columns of a table, part by part. folder: that of measuring, or one whose tables have the same rows."""
        folder = folder or self.measure
        if self.shared:
            yield self.shared.segments(folder, table, columns).slice(
                self.first - self.shared.first, self.documents
            )
            return
        for segment, _, start, stop in self.slices:
            file = folder.file(f"{table}/{segment}.parquet")
            yield folder.store.read_columns(file, columns, start, stop)

    def stretches(
        self, tables: Mapping[str, list[str]]
    ) -> Iterator[tuple[slice, dict[str, pa.Table]]]:
        """(rows, columns by table) of all rows, as `parts` has them: some at a time where they may be many."""
        first = 0
        whole = [self.parts(name, columns) for name, columns in tables.items()]
        for parts in zip(*whole, strict=True):
            stop = first + len(parts[0])
            yield slice(first, stop), dict(zip(tables, parts, strict=True))
            first = stop

    def read(self, table: str, columns: list[str]) -> pa.Table:
        """Columns of all rows."""
        return pa.concat_tables(self.parts(table, columns))

    def take(self, table: str, columns: list[str], numbers: np.ndarray) -> pa.Table:
        """Columns of some rows, given by ascending numbers."""
        return rows_of(self.parts(table, columns), numbers)

    def of_unit(
        self,
        folder: StepFolder,
        file: str,
        columns: list[str] | None,
        rows: slice | None = None,
    ) -> pa.Table:
        """Columns of a file of the unit, of all rows or of some."""
        start, stop = (rows.start, rows.stop) if rows else (0, self.documents)
        return self.of_file(folder, file, columns, self.first + start, self.first + stop)

    def file(self, folder: StepFolder, file: str, columns: list[str] | None = None) -> pa.Table:
        """Columns of a whole file, a small one."""
        if self.shared:
            return self.shared.file(folder, file, columns)
        return folder.store.read_columns(folder.file(file), columns)

    def of_file(
        self, folder: StepFolder, file: str, columns: list[str] | None, start: int, stop: int
    ) -> pa.Table:
        """Columns of the rows from `start` to before `stop` of a file that has rows of this label."""
        if self.shared:
            return self.shared.file(folder, file, columns).slice(start, stop - start)
        return folder.store.read_columns(folder.file(file), columns, start, stop)

    def addresses(self, rows: slice | None = None) -> pa.Array:
        """The address of the input of each row, or of some."""
        label = self.window(rows.start, rows.stop) if rows else self
        each = [
            pa.repeat(pa.scalar(a, pa.string()), stop - start) for _, a, start, stop in label.slices
        ]
        return pa.concat_arrays(each or [pa.array([], pa.string())])


class Shared:
    """Tables that the labels of a task share, each read once. `first` is the unit's row that all begin with."""

    def __init__(self, labels: Sequence[Label]) -> None:
        self.first = labels[0].first
        self.rows = sum(label.documents for label in labels)
        slices = [one for label in labels for one in label.slices]
        self.ranges: dict[str, tuple[int, int]] = {}
        """Segment → its first row and the row after the last, in the order of the inputs."""
        for one in slices:
            low, high = self.ranges.get(one.segment, (one.start, one.stop))
            self.ranges[one.segment] = min(low, one.start), max(high, one.stop)
        base, before = {}, 0
        for segment, (low, high) in self.ranges.items():
            base[segment] = before - low
            before += high - low
        each = [np.arange(one.start, one.stop) + base[one.segment] for one in slices]
        self.order = pa.array(np.concatenate([np.empty(0, np.int64), *each]))
        """For each row its place among the segments' ranges, one range after the other."""
        self.read: dict[tuple[str, str, tuple[str, ...] | None], pa.Table] = {}

    def segments(self, folder: StepFolder, table: str, columns: list[str] | None) -> pa.Table:
        """Columns of a table of segments, of all labels' rows one after the other."""
        key = folder.name, table, None if columns is None else tuple(columns)
        if key not in self.read:
            parts = [
                folder.store.read_columns(folder.file(f"{table}/{segment}.parquet"), columns, *rows)
                for segment, rows in self.ranges.items()
            ]
            self.read[key] = pa.concat_tables(parts).take(self.order)
        return self.read[key]

    def file(self, folder: StepFolder, file: str, columns: list[str] | None) -> pa.Table:
        """Columns of a file of the unit, or of a part of it."""
        key = folder.name, file, None if columns is None else tuple(columns)
        if key not in self.read:
            self.read[key] = folder.store.read_columns(folder.file(file), columns)
        return self.read[key]


def labels_of(
    measure: StepFolder, index_file: str, names: Sequence[str], first: int = 0
) -> list[Label]:
    """Consecutive labels of a unit; `first` is the place of their first row in the unit's files."""
    index = measure.store.read_columns(index_file, None)
    index = index.filter(pc.is_in(index["label"], pa.array(names)))
    frame = pl.DataFrame(index).sort("label", "order")
    found = []
    for (name,), entries in frame.group_by("label", maintain_order=True):
        slices = tuple(
            Slice(segment, address, start, start + rows)
            for segment, address, start, rows in entries.select(
                "segment", "address", "start", "rows"
            ).iter_rows()
        )
        found.append(Label(str(name), measure, slices, first))
        first += found[-1].documents
    return _sharing(found)


def window_of(labels: Sequence[Label], start: int, stop: int) -> list[Label]:
    """What the rows from `start` to before `stop` of some labels, one after the other, hold of each label."""
    found = []
    row = 0
    for label in labels:
        low, high = max(start - row, 0), min(stop - row, label.documents)
        if low < high:
            found.append(replace(label.window(low, high), shared=None))
        row += label.documents
    return _sharing(found)


def _sharing(labels: list[Label]) -> list[Label]:
    if len(labels) < 2:
        return labels
    shared = Shared(labels)
    return [replace(label, shared=shared) for label in labels]
