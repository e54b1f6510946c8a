"""Work on the texts of what is kept so far: a unit is cut into windows of rows in the order of its segments.

The cut follows from the input alone. A window's file has a row for each of its documents, nulls where a document was
not asked about.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.pipeline.steps.units import Rows, Unit
from polysieve.pipeline.storage.ledger import StepFolder

WINDOW_DOCUMENTS = 10_000


def windows(unit: Unit, size: int | None = None) -> range:
    """The numbers of a unit's windows, of WINDOW_DOCUMENTS rows unless another size is given."""
    return range(-(-unit.documents // (size or WINDOW_DOCUMENTS)))


def piece(unit: Unit, number: int) -> str:
    """The name of a window's piece and file."""
    return f"{unit.piece}-{number:05d}"


def bounds(unit: Unit, number: int, size: int | None = None) -> tuple[int, int]:
    """A window's first row and the row after its last, in the order of the segments."""
    size = size or WINDOW_DOCUMENTS
    start = number * size
    return start, min(start + size, unit.documents)


def kept(
    decided: StepFolder, unit: Unit, number: int, rows: Rows, size: int | None = None
) -> np.ndarray:
    """bool: what `decided` keeps of a window, in the order of the segments."""
    start, stop = bounds(unit, number, size)
    whole = (0, None) if rows.several_labels else (start, stop)
    outcome = decided.store.read_columns(
        decided.file(f"{unit.piece}.parquet"), ["outcome"], *whole
    )["outcome"]
    found = pc.equal(outcome, "kept").to_numpy()
    if rows.several_labels:
        found[rows.order().to_numpy()] = found.copy()
        return found[start:stop]
    return found


def read(
    folder: StepFolder, unit: Unit, rows: Rows, columns: list[str] | None = None
) -> Iterator[tuple[slice, pa.Table]]:
    """(rows, columns) of a unit, in its order: a window at a time where it has one label, else all at once."""

    def window(number: int) -> pa.Table:
        return folder.store.read_columns(folder.file(f"{piece(unit, number)}.parquet"), columns)

    if rows.several_labels:
        whole = pa.concat_tables(map(window, windows(unit)))
        yield slice(0, len(whole)), whole.take(rows.order())
        return
    first = 0
    for part in map(window, windows(unit)):
        yield slice(first, first + len(part)), part
        first += len(part)


def in_place(found: pa.Table, rows: np.ndarray, n: int) -> pa.Table:
    """A table of n rows that has `found` at `rows` and nulls elsewhere."""
    source = np.full(n, -1)
    source[rows] = np.arange(len(rows))
    return found.take(pa.array(source, mask=source < 0))
