"""Whether a translation fits another sentence of its document better than its own.

The cosine of a sentence and its translation says little by itself: some languages lie nearer to each other than
others, and some sentences are near everything. Both cancel out where a pair is compared with the pairs beside it
(Artetxe and Schwenk 2019, margin "distance", within the document). With c(i, j) the cosine of source sentence i and
translation j, and means over sentences at most RIVALS places apart, the sentence itself with them:

    fit(i, j) = c(i, j) - (mean over k of c(i, k) + mean over k of c(k, j)) / 2
    lead(i)   = fit(i, i) - the highest fit(i, j) or fit(j, i) of another j

A lead below zero says that translation i belongs to another source, or source i to another translation. No clean pairs
are needed to know that.
"""

from collections.abc import Sequence

import numpy as np

RIVALS = 10


def leads(first: np.ndarray, second: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """float64[n]: of n pairs their lead over the best rival in the same document; NaN without a rival.

    first, second: float[n, d], rows of length 1, of the sentences and of their translations. sizes: the sentences of
    each document, in order; their sum is n.
    """
    found = np.full(len(first), np.nan)
    start = 0
    for size in sizes:
        if size > 1:
            own = slice(start, start + size)
            found[own] = _leads(first[own], second[own])
        start += size
    return found


def _leads(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """`leads` of the two or more sentences of one document."""
    forth, back = _near(first, second), _near(second, first)
    means = np.nanmean(forth, axis=1), np.nanmean(back, axis=1)
    own = forth[:, RIVALS] - (means[0] + means[1]) / 2
    rivals = [_best_rival(forth, *means), _best_rival(back, *reversed(means))]
    return own - np.max(rivals, axis=0)


def _near(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """float64[n, 2 RIVALS + 1]: cosines of each row with the other side's rows from RIVALS places before to RIVALS
    after; NaN beyond the ends."""
    n = len(first)
    found = np.full((n, 2 * RIVALS + 1), np.nan)
    for offset in range(-RIVALS, RIVALS + 1):
        low, high = max(0, -offset), min(n, n - offset)
        if low < high:
            there = slice(low + offset, high + offset)
            found[low:high, RIVALS + offset] = np.einsum("ij,ij->i", first[low:high], second[there])
    return found


def _best_rival(near: np.ndarray, own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The highest fit of each row with another than its own partner; `own` and `other` are the sides' means."""
    n = len(near)
    places = np.arange(n)[:, None] + np.arange(-RIVALS, RIVALS + 1)
    theirs = other[np.clip(places, 0, n - 1)]
    fit = near - (own[:, None] + theirs) / 2
    fit[:, RIVALS] = np.nan
    return np.nanmax(fit, axis=1)
