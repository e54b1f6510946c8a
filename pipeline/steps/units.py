"""How the work after A is cut: by label, never by worker.

The index of a run lists, for every label, the rows that each segment holds of it. A unit is a run of
consecutive labels (in alphabetical order) with at most UNIT_DOCUMENTS documents, or one larger
label. Within a unit, rows are ordered by label, then by input and segment, then by row: the order of
clusters-*/ and decisions-*/, and the one in which the corpus is written.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import rows_of

UNIT_DOCUMENTS = 200_000

INDEX = pa.schema(
    [
        ("label", pa.string()),
        ("order", pa.int64()),
        ("segment", pa.string()),
        ("address", pa.string()),
        ("start", pa.int64()),
        ("rows", pa.int64()),
        ("text_bytes", pa.int64()),
        ("stop_list", pa.string()),
    ]
)


@dataclass(frozen=True)
class Unit:
    """Consecutive labels that are clustered and decided by one task."""

    number: int
    labels: tuple[str, ...]
    documents: int

    @property
    def piece(self) -> str:
        return f"unit-{self.number:05d}"


def build_index(measure: StepFolder, inputs: Sequence[str]) -> pa.Table:
    """The index of the inputs with these keys, in this order, from their manifests."""
    rows = []
    order = 0
    for key in inputs:
        manifest = measure.manifest(key)
        if manifest is None:
            raise FileNotFoundError(f"input {key} has no manifest in {measure.name}")
        for segment in manifest["segments"]:
            for entry in segment["labels"]:
                rows.append(
                    (
                        entry["label"],
                        order,
                        segment["name"],
                        manifest["address"],
                        entry["start"],
                        entry["rows"],
                        entry["text_bytes"],
                        entry["stop_list"],
                    )
                )
            order += 1
    rows.sort(key=lambda r: (r[0], r[1]))
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [[]] * len(INDEX)
    return pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, INDEX, strict=True)], schema=INDEX
    )


def units(index: pa.Table) -> list[Unit]:
    """The units of a run."""
    found: list[Unit] = []
    labels: list[str] = []
    documents = 0

    def close() -> None:
        nonlocal labels, documents
        if labels:
            found.append(Unit(len(found), tuple(labels), documents))
        labels, documents = [], 0

    sizes = index["rows"].to_numpy()
    for label, start, stop in label_slices(index["label"]):
        rows = int(sizes[start:stop].sum())
        if documents + rows > UNIT_DOCUMENTS:
            close()
        labels.append(label)
        documents += rows
    close()
    return found


@dataclass(frozen=True)
class Rows:
    """The rows of a unit in the segments' tables."""

    measure: StepFolder
    slices: list[tuple[str, str, int, int]]
    """Segment, address of its input, first row, row after the last; in the order of the inputs."""
    several_labels: bool

    @classmethod
    def of(cls, measure: StepFolder, index_file: str, labels: Sequence[str]) -> "Rows":
        index = pl.DataFrame(_read_index(measure, index_file, labels)).sort("order", "label")
        slices = []
        for _, entries in groupby(index.iter_rows(named=True), key=lambda r: r["order"]):
            run = list(entries)
            first, last = run[0], run[-1]
            slices.append(
                (first["segment"], first["address"], first["start"], last["start"] + last["rows"])
            )
        return cls(measure, slices, len(labels) > 1)

    def window(self, start: int, stop: int) -> "Rows":
        """The rows start:stop, counted in the segments' own order."""
        slices, row = [], 0
        for segment, address, first, last in self.slices:
            low, high = max(start, row), min(stop, row + last - first)
            if low < high:
                slices.append((segment, address, first + low - row, first + high - row))
            row += last - first
        return Rows(self.measure, slices, False)

    def read(self, table: str, columns: list[str]) -> pa.Table:
        """Columns of all the unit's rows, in the unit's order."""
        parts = list(self.parts(table, columns))
        whole = pa.concat_tables(parts)
        return whole.take(self.order()) if self.several_labels else whole

    def take(self, table: str, columns: list[str], numbers: np.ndarray) -> pa.Table:
        """Columns of some of the unit's rows, given by ascending numbers; a segment is read at a time."""
        if self.several_labels:
            return self.read(table, columns).take(pa.array(numbers))
        return rows_of(self.parts(table, columns), numbers)

    def parts(self, table: str, columns: list[str] | None) -> Iterator[pa.Table]:
        """Columns segment by segment, in the segments' own order."""
        for segment, _, start, stop in self.slices:
            yield self.measure.store.read_columns(
                self.measure.file(f"{table}/{segment}.parquet"), columns, start, stop
            )

    def stretches(
        self, tables: Mapping[str, list[str]]
    ) -> Iterator[tuple[slice, dict[str, pa.Table]]]:
        """(rows, columns by table) of all the unit's rows, in the unit's order: a segment at a time where the unit
        has one label, however large; all at once where it has several, which are never many rows."""
        if self.several_labels:
            read = {name: self.read(name, columns) for name, columns in tables.items()}
            yield slice(0, sum(stop - start for _, _, start, stop in self.slices)), read
            return
        first = 0
        whole = [self.parts(name, columns) for name, columns in tables.items()]
        for parts in zip(*whole, strict=True):
            stop = first + len(parts[0])
            yield slice(first, stop), dict(zip(tables, parts, strict=True))
            first = stop

    def labels(self, unit: Unit) -> list[tuple[str, int, int]]:
        """(label, first row, row after the last) of the unit, in the unit's order."""
        if not self.several_labels:
            return [(label, 0, unit.documents) for label in unit.labels]
        return label_slices(self.read("documents", ["label"])["label"])

    def order(self) -> pa.Array:
        """Positions, in segment order, of the unit's rows in the unit's order."""
        labels = pl.concat([pl.DataFrame(part) for part in self.parts("documents", ["label"])])
        return labels.with_row_index("row").sort("label", maintain_order=True)["row"].to_arrow()

    def addresses(self) -> pa.Array:
        """The address of each row's input, in the unit's order."""
        arrays = [
            pa.repeat(pa.scalar(a, pa.string()), stop - start) for _, a, start, stop in self.slices
        ]
        whole = pa.concat_arrays(arrays)
        return whole.take(self.order()) if self.several_labels else whole


def _read_index(measure: StepFolder, index_file: str, labels: Sequence[str]) -> pa.Table:
    index = measure.store.read_columns(index_file, None)
    return index.filter(pc.is_in(index["label"], pa.array(labels)))


def label_slices(labels: pa.ChunkedArray) -> list[tuple[str, int, int]]:
    """(label, start, stop) for each run of equal labels."""
    if not len(labels):
        return []
    encoded = pc.run_end_encode(
        labels.combine_chunks() if isinstance(labels, pa.ChunkedArray) else labels
    )
    ends: list[Any] = encoded.run_ends.to_pylist()
    return list(zip(encoded.values.to_pylist(), [0, *ends[:-1]], ends, strict=True))
