"""Work on the texts of what is kept so far: a unit is cut into windows of rows, in its own order.

The cut follows from the input alone. A window's file has a row for each of its documents, nulls where a document was
not asked about.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.units import Unit
from polysieve.pipeline.storage.ledger import StepFolder

WINDOW_DOCUMENTS = 10_000


def windows(unit: Unit, size: int | None = None) -> range:
    """The numbers of a unit's windows, of WINDOW_DOCUMENTS documents unless another size is given."""
    return range(-(-unit.documents // (size or WINDOW_DOCUMENTS)))


def name_of(unit_name: str, number: int) -> str:
    """The name of a window's task and file."""
    return f"{unit_name}-{number:05d}"


def bounds(unit: Unit, number: int, size: int | None = None) -> tuple[int, int]:
    """A window's first row and the row after its last, of the unit."""
    size = size or WINDOW_DOCUMENTS
    start = number * size
    return start, min(start + size, unit.documents)


def kept(decided: StepFolder, unit_name: str, label: Label) -> np.ndarray:
    """bool[n]: what was decided to be kept of a label."""
    outcome = label.of_unit(decided, f"{unit_name}.parquet", ["outcome"])["outcome"]
    return pc.equal(outcome, "kept").to_numpy()


def read(
    folder: StepFolder,
    unit_name: str,
    label: Label,
    columns: list[str] | None = None,
) -> Iterator[tuple[slice, pa.Table]]:
    """(rows, columns) of a label, a window at a time. Of every window that the label has rows in."""
    stop = label.first + label.documents
    for number in range(label.first // WINDOW_DOCUMENTS, -(-stop // WINDOW_DOCUMENTS)):
        first = number * WINDOW_DOCUMENTS
        low, high = max(label.first, first), min(stop, first + WINDOW_DOCUMENTS)
        file = f"{name_of(unit_name, number)}.parquet"
        part = label.of_file(folder, file, columns, low - first, high - first)
        yield slice(low - label.first, high - label.first), part


def in_place(found: pa.Table, rows: np.ndarray, n: int) -> pa.Table:
    """A table of n rows that has `found` at `rows` and nulls elsewhere."""
    source = np.full(n, -1)
    source[rows] = np.arange(len(rows))
    return found.take(pa.array(source, mask=source < 0))
