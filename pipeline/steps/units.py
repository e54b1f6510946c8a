"""How the work after measuring is cut: by label, never by worker.

The index of a run lists, for every label, the rows that each segment holds of it. A unit is a run of
consecutive labels (in alphabetical order) with at most UNIT_DOCUMENTS documents, or one larger
label. A task takes a unit and thinks of one label at a time (pipeline/steps/labels.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.pipeline.engines.packing import ranges
from polysieve.pipeline.steps.measure.manifest import Measured
from polysieve.pipeline.storage.ledger import StepFolder

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
        found = measure.manifest(key)
        if found is None:
            raise FileNotFoundError(f"input {key} has no manifest in {measure.name}")
        manifest = cast(Measured, found)
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
