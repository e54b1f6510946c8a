"""Which documents of a cell are taken, and in what order they are seen: integers and hashes, no random numbers.

A cell is a set of documents that the mixture does not tell apart. A document of weight w is w copies. The copies of
a cell have an order, by a hash of the document's id, the seed and the copy's number; it is repeated without end. A
stage takes its amount from where the stage before it stopped. So no copy is seen a second time before every copy
was seen once, over all stages, and what is taken is within one document of what was asked for.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_PLACE = np.uint64(0xD1B54A32D192ED03)
_BIN_BITS = 16  # bins of ranks; the copies of the bins where a cut lies are held and sorted
_BINS = 1 << _BIN_BITS
_SHIFT = np.uint64(64 - _BIN_BITS)


def mixed(values: np.ndarray) -> np.ndarray:
    """uint64[n] in which every bit depends on every bit of the value: SplitMix64's finaliser, a bijection."""
    x = values.astype(np.uint64, copy=True)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


@dataclass(frozen=True)
class Copies:
    """Copies of documents: row of the document, number of the copy, rank; all of one length."""

    rows: np.ndarray
    numbers: np.ndarray
    ranks: np.ndarray

    @classmethod
    def of(cls, ranks: np.ndarray, weights: np.ndarray) -> "Copies":
        """weights[i] copies of document i; ranks (uint64[n]) are the documents' own."""
        rows = np.repeat(np.arange(len(ranks)), weights)
        numbers = _counted(weights)
        return cls(rows, numbers, mixed(ranks[rows] + numbers.astype(np.uint64) * _GOLDEN))


@dataclass(frozen=True, order=True)
class Cut:
    """A place in the endless order of a cell's copies: after so many passes, before the copy of this key."""

    passes: int = 0
    rank: int = 0
    file: int = 0
    row: int = 0

    def before(self, ranks: np.ndarray, file: int, rows: np.ndarray) -> np.ndarray:
        """int64[n]: how often each copy of a file's documents comes before the cut."""
        rank = np.uint64(self.rank)
        inside = ranks < rank
        if file < self.file:
            inside |= ranks == rank
        elif file == self.file:
            inside |= (ranks == rank) & (rows < self.row)
        return self.passes + inside.astype(np.int64)


@dataclass(frozen=True)
class Chunk:
    """Copies of one file: ranks (uint64[n]), what each counts in words or tokens (int64[n]), and document rows."""

    ranks: np.ndarray
    amounts: np.ndarray
    rows: np.ndarray
    file: int


def cuts(
    chunks: Callable[[], Iterable[Chunk]], total: int, targets: Sequence[int], most: Sequence[float]
) -> list[Cut]:
    """Where each stage ends in a cell whose copies count `total` in all.

    chunks: gives the cell's copies, in parts; called twice. targets: what is to be taken up to the end of each stage,
    ascending. most: what must not be exceeded by then. The cut lies before the copy at which the sum is next to the
    target. Memory: 65,536 sums, and the copies whose ranks share their first 16 bits with a cut's.
    """
    passes = [target // total if total else 0 for target in targets]
    rests = [target - p * total for target, p in zip(targets, passes, strict=True)]
    if not any(rests) or not total:
        return _ascending([Cut(p) for p in passes], targets)
    sums = np.zeros(_BINS, np.int64)
    for chunk in chunks():
        np.add.at(sums, (chunk.ranks >> _SHIFT).astype(np.int64), chunk.amounts)
    through = np.cumsum(sums)
    bins = np.searchsorted(through, rests, side="right")
    wanted = {int(b) for b, rest in zip(bins, rests, strict=True) if rest}
    held = _held(chunks, np.array(sorted(wanted), np.int64))
    found = []
    for target, rest, p, most_here, b in zip(targets, rests, passes, most, bins, strict=True):
        if not rest:
            found.append(Cut(p))
            continue
        room = most_here - (target - rest)
        ranks, files, rows, amounts = (part[held[-1] == b] for part in held[:-1])
        sums_within = int(through[b] - sums[b]) + np.cumsum(amounts)
        i = int(np.searchsorted(sums_within, rest, side="right"))
        under = int(sums_within[i - 1]) if i else int(through[b] - sums[b])
        if sums_within[i] - rest < rest - under and sums_within[i] <= room:
            i += 1
        if i < len(ranks):
            found.append(Cut(p, int(ranks[i]), int(files[i]), int(rows[i])))
        else:  # after the bin's last copy
            end = (int(b) + 1) << (64 - _BIN_BITS)
            found.append(Cut(p, end) if b + 1 < _BINS else Cut(p + 1))
    return _ascending(found, targets)


def _held(chunks: Callable[[], Iterable[Chunk]], wanted: np.ndarray) -> tuple[np.ndarray, ...]:
    """(ranks, files, rows, amounts, bins) of the copies in some bins, in their order."""
    parts: list[tuple[np.ndarray, ...]] = []
    for chunk in chunks():
        own = (chunk.ranks >> _SHIFT).astype(np.int64)
        chosen = np.isin(own, wanted)
        files = np.full(int(chosen.sum()), chunk.file, np.int64)
        columns = (chunk.ranks, chunk.rows, chunk.amounts, own)
        ranks, rows, amounts, own = (c[chosen] for c in columns)
        parts.append((ranks, files, rows, amounts, own))
    ranks, files, rows, amounts, own = (np.concatenate(c) for c in zip(*parts, strict=True))
    order = np.lexsort((rows, files, ranks))
    return ranks[order], files[order], rows[order], amounts[order], own[order]


def _ascending(found: list[Cut], targets: Sequence[int]) -> list[Cut]:
    """A stage that takes nothing ends where it began, and none before it began."""
    result: list[Cut] = []
    before, target_before = Cut(), 0
    for cut, target in zip(found, targets, strict=True):
        before = before if target == target_before else max(before, cut)
        target_before = target
        result.append(before)
    return result


@dataclass(frozen=True)
class Exposures:
    """Documents as a stage shows them; arrays of one length."""

    rows: np.ndarray
    repetitions: np.ndarray
    """How often the document is shown before, in this stage and those before it."""
    places: np.ndarray
    """uint64: a hash of the document's rank and of which exposure it is; a stage is in this order."""


def exposures(
    copies: Copies, ranks: np.ndarray, weights: np.ndarray, before: np.ndarray, through: np.ndarray
) -> Exposures:
    """What a stage shows of some documents.

    ranks, weights: the documents'. before, through (int64[copies]): how often each copy comes up to the stage's
    begin and to its end.
    """
    times = through - before
    of_copy = np.repeat(np.arange(len(times)), times)
    passes = before[of_copy] + _counted(times)
    rows = copies.rows[of_copy]
    serial = (passes * weights[rows] + copies.numbers[of_copy]).astype(np.uint64)
    places = mixed(mixed(ranks[rows] ^ _PLACE) + serial * _GOLDEN)
    order = np.lexsort((places, rows))
    rows, places = rows[order], places[order]
    shown = np.bincount(rows, minlength=len(ranks))
    earlier = np.bincount(copies.rows, before, minlength=len(ranks)).astype(np.int64)
    return Exposures(rows, earlier[rows] + _counted(shown), places)


def _counted(times: np.ndarray) -> np.ndarray:
    """0, 1, … times[0] - 1, 0, 1, … times[1] - 1, and so on."""
    ends = np.cumsum(times)
    return np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - times, times)
