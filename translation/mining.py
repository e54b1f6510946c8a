"""Pairs of sentences that translate each other, between two collections that nobody aligned.

Each sentence has an embedding; the score of a pair is its cosine over the mean of both sentences' similarity to their
K nearest neighbours in the other language (Artetxe and Schwenk 2019, margin "ratio"):

    score(x, y) = cos(x, y) / ((sum of cos(x, z) over x's neighbours + sum of cos(y, z) over y's neighbours) / 2 K)

which takes out how near everything is to some sentences. A pair is kept if each is the other's best candidate.
WikiMatrix takes pairs from 1.04 on, by LASER's embeddings; a threshold is good for one model and must be looked at.
"""

from dataclasses import dataclass

import numpy as np

K = 4
_BLOCK = 2048  # rows of one product of matrices


@dataclass(frozen=True)
class Neighbours:
    """The K nearest of the other side, nearest first."""

    rows: np.ndarray
    """int64[n, k]"""
    cosines: np.ndarray
    """float32[n, k]"""


@dataclass(frozen=True)
class Mined:
    """Pairs by falling score."""

    first: np.ndarray
    """int64[p]: rows of the one side."""
    second: np.ndarray
    """int64[p]: rows of the other."""
    score: np.ndarray
    """float64[p]"""


def mine(first: np.ndarray, second: np.ndarray, k: int = K, threshold: float = 1.0) -> Mined:
    """Pairs between rows of two collections of embeddings (float[n, d] and float[m, d], rows of length 1).

    k: neighbours of the margin, at most n and m. Only pairs with a score of `threshold` or more. The work grows with
    n times m; memory with n + m. Ties go to the lower row.
    """
    if not len(first) or not len(second):
        nothing = np.empty(0, np.int64)
        return Mined(nothing, nothing, np.empty(0))
    forward, backward = neighbours(first, second, k), neighbours(second, first, k)
    own, other = forward.cosines.mean(axis=1), backward.cosines.mean(axis=1)
    best, score = _best(forward, own, other)
    back, _ = _best(backward, other, own)
    rows = np.flatnonzero((back[best] == np.arange(len(first))) & (score >= threshold))
    order = rows[np.lexsort((rows, -score[rows]))]
    return Mined(order, best[order], score[order])


def neighbours(first: np.ndarray, second: np.ndarray, k: int = K) -> Neighbours:
    """The k rows of `second` nearest to each row of `first`, exactly."""
    k = min(k, len(second))
    n = len(first)
    rows, cosines = np.zeros((n, k), np.int64), np.full((n, k), -np.inf, np.float32)
    first, second = (
        np.ascontiguousarray(first, np.float32),
        np.ascontiguousarray(second, np.float32),
    )
    for start in range(0, n, _BLOCK):
        block = first[start : start + _BLOCK]
        own, near = rows[start : start + _BLOCK], cosines[start : start + _BLOCK]
        for base in range(0, len(second), _BLOCK):
            product = block @ second[base : base + _BLOCK].T
            width = min(k, product.shape[1])
            top = np.argpartition(-product, width - 1, axis=1)[:, :width]
            candidates = np.concatenate([own, top + base], axis=1)
            values = np.concatenate([near, np.take_along_axis(product, top, axis=1)], axis=1)
            order = np.lexsort((candidates, -values), axis=1)[:, :k]
            own[:] = np.take_along_axis(candidates, order, axis=1)
            near[:] = np.take_along_axis(values, order, axis=1)
    return Neighbours(rows, cosines)


def _best(found: Neighbours, own: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each row its neighbour of the highest margin, and that margin."""
    margins = found.cosines.astype(np.float64) / ((own[:, None] + other[found.rows]) / 2)
    order = np.lexsort((found.rows, -margins), axis=1)[:, 0]
    place = np.arange(len(order))
    return found.rows[place, order], margins[place, order]
