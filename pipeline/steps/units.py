"""How the work after measuring is cut: by label, never by worker.

The index of a run lists, for every label, the rows that each segment holds of it. A unit is a run of
consecutive labels (in alphabetical order) with at most UNIT_DOCUMENTS documents, or one larger
label. A task takes a unit and thinks of one label at a time (pipeline/steps/labels.py).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.pipeline.engines.packing import ranges

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
    def name(self) -> str:
        return f"unit-{self.number:05d}"


def units(index: pa.Table) -> list[Unit]:
    """The units of a run."""
    rows = index["rows"].to_numpy()
    slices = label_slices(index["label"])
    labels = [label for label, _, _ in slices]
    sizes = np.array([rows[start:stop].sum() for _, start, stop in slices], np.int64)
    return [
        Unit(number, tuple(labels[first:stop]), int(sizes[first:stop].sum()))
        for number, (first, stop) in enumerate(ranges(sizes, UNIT_DOCUMENTS))
    ]


def label_slices(labels: pa.ChunkedArray) -> list[tuple[str, int, int]]:
    """(label, start, stop) for each run of equal labels."""
    if not len(labels):
        return []
    encoded = pc.run_end_encode(
        labels.combine_chunks() if isinstance(labels, pa.ChunkedArray) else labels
    )
    ends: list[Any] = encoded.run_ends.to_pylist()
    return list(zip(encoded.values.to_pylist(), [0, *ends[:-1]], ends, strict=True))
