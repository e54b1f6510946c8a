"""Work cut into tasks and batches of a size: consecutive items, as many as fit."""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def ranges(sizes: np.ndarray, most: int, least: int = 1) -> Iterator[tuple[int, int]]:
    """(first, stop) of consecutive items with at most `most` together, or with `least` items where these are more.

    Args:
        sizes: int[n], of each item.
    """
    totals = np.cumsum(sizes, dtype=np.int64)
    start, before = 0, 0
    while start < len(totals):
        stop = int(np.searchsorted(totals, before + most, side="right"))
        stop = min(max(stop, start + least), len(totals))
        yield start, stop
        start, before = stop, int(totals[stop - 1])


def packed(
    items: Iterable[Item], size: Callable[[Item], int], most: int, count: int | None = None
) -> Iterator[list[Item]]:
    """`ranges` of items that come one after the other: lists of them, of at most `count` items where it is given."""
    held: list[Item] = []
    total = 0
    for item in items:
        own = size(item)
        if held and (total + own > most or len(held) == count):
            yield held
            held, total = [], 0
        held.append(item)
        total += own
    if held:
        yield held


def even_ranges(sizes: np.ndarray, each: int) -> Iterator[tuple[int, int]]:
    """(first, stop) of consecutive items, cut where their total passes a multiple of `each`.

    A range holds less than `each` beyond its first item; no cut depends on the one before.

    Args:
        sizes: int[n], of each item.
    """
    numbers = np.cumsum(sizes, dtype=np.int64) // each
    if len(numbers):
        yield from pairwise([0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)])
