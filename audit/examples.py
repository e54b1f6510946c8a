"""Which documents a report shows: those nearest to a threshold first, on both sides of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from polysieve.filters.sampling import least, ranks

PER_SIDE = 10
CANDIDATES = 500
"""Documents of a side that are looked at where none is nearer to a threshold than another."""


@dataclass
class Side:
    """Rows of a language's kept or removed documents, nearest to a threshold first."""

    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    values: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """float64: what was measured of each, NaN where nothing was."""


def nearest(
    values: np.ndarray,
    threshold: float,
    rows: np.ndarray,
    readable: np.ndarray,
    most: int = PER_SIDE,
) -> Side:
    """The `most` documents whose value is nearest to the threshold, the first row of equals.

    values: float64[n], NaN is never chosen; rows: int64[n], ascending; readable: bool[n], which may be chosen.
    """
    chosen = np.flatnonzero(readable & ~np.isnan(values))
    distance = np.abs(values[chosen] - threshold)
    if len(chosen) > most:
        limit = np.partition(distance, most - 1)[most - 1]
        within = distance <= limit
        chosen, distance = chosen[within], distance[within]
    order = np.argsort(distance, kind="stable")[:most]
    return Side(rows[chosen[order]], values[chosen[order]])


def hashed(
    ids: Sequence[str | None], rows: np.ndarray, seed: int, most: int = PER_SIDE
) -> np.ndarray:
    """The rows of the `most` documents whose ids have the least hashes.

    ids: n ids; rows: int64[n]. Of more than CANDIDATES, as many are looked at, evenly spread.
    """
    places = list(range(len(rows)))
    if len(rows) > CANDIDATES:
        places = [i * len(rows) // CANDIDATES for i in range(CANDIDATES)]
    chosen = least(ranks([ids[i] for i in places], seed), most)
    return rows[np.array(places, np.int64)[chosen]].astype(np.int64)


def merge(sides: Sequence[Side], threshold: float, most: int = PER_SIDE) -> Side:
    """The nearest of several parts, given in the order of their rows."""
    rows = np.concatenate([side.rows for side in sides])
    values = np.concatenate([side.values for side in sides])
    order = np.lexsort((rows, np.abs(values - threshold)))[:most]
    return Side(rows[order], values[order])


def within(rows: np.ndarray, ranges: Sequence[tuple[int, int]]) -> np.ndarray:
    """bool[n]: which rows lie in one of the ranges (first, last + 1), which are ascending and apart."""
    if not ranges:
        return np.zeros(len(rows), bool)
    starts, stops = np.array(ranges, np.int64).T
    place = np.searchsorted(starts, rows, side="right") - 1
    return (place >= 0) & (rows < stops[np.maximum(place, 0)])


def is_near(thresholds: Mapping[str, float | None], reason: str) -> bool:
    """Whether documents that went for a reason can be ordered by how near they are to a threshold."""
    return thresholds.get(reason) is not None or reason == "language_score"
