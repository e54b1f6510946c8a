"""The distribution of a metric, as counts of documents in bins: exact to add up, in any order, on any machine.

A bin holds the numbers that share sign, exponent and the first nine bits after the point of a 32-bit float: it is
0.2 % wide at most, at any size, and zero (with what is below 1e-38) has a bin of its own. Counts are integers, so the
distribution of a corpus does not depend on how it was cut, and every figure here is computed from the counts alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

_DROPPED_BITS = 14  # of a float32's 23 after the point


def _edge(bins: np.ndarray) -> np.ndarray:
    """float64: the smallest number of each bin."""
    return (bins.astype(np.int32) << _DROPPED_BITS).view(np.float32).astype(np.float64)


@dataclass(frozen=True)
class Distribution:
    """How many of n documents have a metric in each bin. Immutable; `+` adds the documents of another."""

    bins: np.ndarray
    """int32, ascending, distinct: all bins that are not empty."""
    counts: np.ndarray
    """float64, not negative: documents in each; whole numbers, unless `scaled`."""

    @classmethod
    def empty(cls) -> "Distribution":
        return cls(np.empty(0, np.int32), np.empty(0))

    @classmethod
    def of(cls, values: np.ndarray) -> "Distribution":
        """From a metric of documents, any numeric dtype; NaN (undefined) does not count, nor does a sign."""
        values = np.abs(np.asarray(values, np.float32))
        values = values[~np.isnan(values)]
        bins, counts = np.unique(values.view(np.int32) >> _DROPPED_BITS, return_counts=True)
        return cls(bins.astype(np.int32), counts.astype(np.float64))

    @classmethod
    def total(cls, parts: Iterable["Distribution"]) -> "Distribution":
        """The documents of all parts."""
        parts = [part for part in parts if len(part.bins)]
        if not parts:
            return cls.empty()
        bins, place = np.unique(np.concatenate([p.bins for p in parts]), return_inverse=True)
        return cls(bins, np.bincount(place, np.concatenate([p.counts for p in parts])))

    def __add__(self, other: "Distribution") -> "Distribution":
        return Distribution.total((self, other))

    def scaled(self, documents: float) -> "Distribution":
        """The same shape as if of this many documents."""
        n = self.documents
        return Distribution(self.bins, self.counts * (documents / n)) if n else self

    @cached_property
    def documents(self) -> float:
        """n."""
        return float(self.counts.sum())

    @cached_property
    def _low(self) -> np.ndarray:
        return _edge(self.bins)

    @cached_property
    def _high(self) -> np.ndarray:
        return np.where(self.bins == 0, 0.0, _edge(self.bins + 1))

    @cached_property
    def _middle(self) -> np.ndarray:
        return (self._low + self._high) / 2

    @cached_property
    def _until(self) -> np.ndarray:
        """Documents in each bin and those below."""
        return np.cumsum(self.counts)

    def share_above(self, value: float) -> float:
        """The share of documents above `value`, those in its own bin not counted. NaN where n = 0."""
        return self._share(self._low >= value if value > 0 else self.bins > 0)

    def share_below(self, value: float) -> float:
        """The share of documents below `value`, those in its own bin not counted. NaN where n = 0."""
        return self._share(self._high <= value if value > 0 else np.zeros(len(self.bins), bool))

    def _share(self, chosen: np.ndarray) -> float:
        return float(self.counts[chosen].sum() / self.documents) if self.documents else np.nan

    def upper(self, share: float) -> float:
        """The least bin's end above which at most this share of documents lies. NaN where n = 0."""
        if not self.documents:
            return np.nan
        return float(self._high[self._reach(self.documents * (1 - share))])

    def lower(self, share: float) -> float:
        """The greatest bin's start below which at most this share of documents lies. NaN where n = 0."""
        if not self.documents:
            return np.nan
        before = self._until - self.counts
        place = np.searchsorted(before, self.documents * share * (1 + 1e-12), "right") - 1
        return float(self._low[place])

    def _reach(self, documents: float) -> int:
        place = np.searchsorted(self._until, documents * (1 - 1e-12))
        return min(int(place), len(self.bins) - 1)

    @property
    def median(self) -> float:
        """The middle of the bin that holds the median document. NaN where n = 0."""
        return float(self._middle[self._reach(self.documents / 2)]) if self.documents else np.nan

    @property
    def mean(self) -> float:
        """NaN where n = 0."""
        return float(self._middle @ self.counts / self.documents) if self.documents else np.nan

    @property
    def std(self) -> float:
        """The standard deviation of the population. NaN where n = 0."""
        if not self.documents:
            return np.nan
        return float(np.sqrt((self._middle - self.mean) ** 2 @ self.counts / self.documents))

    def resampled(self, generator: np.random.Generator, times: int) -> "list[Distribution]":
        """`times` times as many documents, drawn from these with replacement (bootstrap, by Poisson counts)."""
        drawn = generator.poisson(self.counts, (times, len(self.counts))).astype(np.float64)
        return [Distribution(self.bins, counts) for counts in drawn]

    def to_lists(self) -> tuple[list[int], list[int]]:
        """(bins, counts) of whole documents, for JSON."""
        return self.bins.tolist(), self.counts.astype(np.int64).tolist()

    @classmethod
    def from_lists(cls, bins: list[int], counts: list[int]) -> "Distribution":
        """What `to_lists` gave."""
        return cls(np.array(bins, np.int32), np.array(counts, np.float64))
