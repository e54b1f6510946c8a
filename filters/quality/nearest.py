"""The k nearest of many vectors to each seed, exactly, in bounded memory (TAPT's selection, Gururangan et al. 2020).

Vectors are of unit length, in float16. A product of two such numbers is a multiple of 2^-48, and no sum of products of
two vectors exceeds 1 by much, so float64 holds similarities exactly: no order of additions, block, processor or library
changes a neighbour, and only what is equally near ties.
"""

import numpy as np

BLOCK = 4_096  # vectors that are compared with all seeds at a time
MOST = 20_000_000
"""Neighbours of all seeds together, 16 bytes each."""


class Nearest:
    """The nearest vectors of those that were added, to each seed."""

    def __init__(self, seeds: np.ndarray, k: int) -> None:
        """seeds: float16[s, dim], of unit length; k: the neighbours of each."""
        self._seeds = seeds.astype(np.float64)
        self._k = k
        self._similarities = [np.zeros(0)] * len(seeds)
        self._rows = [np.zeros(0, np.int64)] * len(seeds)  # ascending
        self._least = np.full(len(seeds), -np.inf)  # what a vector must exceed

    def add(self, vectors: np.ndarray, rows: np.ndarray) -> None:
        """Add float16[n, dim], of unit length, by row numbers, which ascend from call to call."""
        for start in range(0, len(vectors), BLOCK):
            block = vectors[start : start + BLOCK].astype(np.float64)
            similarities = self._seeds @ block.T
            nearer = similarities > self._least[:, None]
            for seed in np.flatnonzero(nearer.any(1)).tolist():
                own = np.flatnonzero(nearer[seed])
                self._merge(seed, similarities[seed, own], rows[start + own])

    def _merge(self, seed: int, similarities: np.ndarray, rows: np.ndarray) -> None:
        similarities = np.concatenate([self._similarities[seed], similarities])
        rows = np.concatenate([self._rows[seed], rows])
        if len(rows) >= self._k:
            least = np.partition(similarities, len(rows) - self._k)[len(rows) - self._k]
            keep = similarities > least
            equal = np.flatnonzero(similarities == least)  # the first of them in the order of rows
            keep[equal[: self._k - np.count_nonzero(keep)]] = True
            similarities, rows = similarities[keep], rows[keep]
            self._least[seed] = least
        self._similarities[seed], self._rows[seed] = similarities, rows

    def neighbours(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """(int64[m] rows, float64[m] similarities) of a seed's neighbours, the nearest first; of equally near ones the
        first row. m is k, or how many were added."""
        order = np.lexsort((self._rows[seed], -self._similarities[seed]))
        return self._rows[seed][order], self._similarities[seed][order]

    def any(self) -> tuple[np.ndarray, np.ndarray]:
        """(int64[m] rows, ascending, float64[m]) of all seeds' neighbours, with the similarity to the nearest seed that
        has it among its own."""
        if not self._rows:
            return np.zeros(0, np.int64), np.zeros(0)
        rows, place = np.unique(np.concatenate(self._rows), return_inverse=True)
        found = np.full(len(rows), -np.inf)
        np.maximum.at(found, place, np.concatenate(self._similarities))
        return rows, found
