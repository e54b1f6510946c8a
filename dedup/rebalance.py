"""How often a kept document should be seen, from the size of its cluster of copies.

FineWeb2's finding: what was copied a few times tends to be better than what was never copied or
copied a thousand times, and how much better can be read off a language's own data: the share r(s)
of clusters of size s whose representative the quality rules remove, against the share g over all
clusters (Penedo et al.: FineWeb2, 2025, section on rehydration). Sizes that do better than
average are repeated, the best of them `max_repetitions` times.

All rates are in percent, as published.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# FineWeb2's older table for every language: cluster size where a step starts → weight.
FIXED_WEIGHTS: dict[int, int] = {1: 1, 2: 2, 3: 3, 5: 5, 100: 8, 1000: 1}

_WINDOW = 5
_BLOCK = 1 << 20  # clusters that are counted at a time


@dataclass(frozen=True)
class RemovalRates:
    """Removal by cluster size, in percent.

    sizes: int64[k], ascending; the last is `tail_start` where sizes were pooled. rates: float64[k].
    kept, clusters: int64[k], clusters whose representative the rules leave, and all clusters.
    tail_start: the first size of the pooled tail, None where nothing was pooled.
    global_rate: over all sizes.
    """

    sizes: np.ndarray
    rates: np.ndarray
    kept: np.ndarray
    clusters: np.ndarray
    tail_start: int | None
    global_rate: float


@dataclass(frozen=True)
class Weights:
    """steps: cluster size where a step starts → weight. note: why the weights are all 1 although
    the formula was asked for, None where they follow from the formula."""

    steps: dict[int, int]
    note: str | None = None


def rehydration_weights(
    cluster_sizes: Sequence[int] | np.ndarray,
    removal_rates: Sequence[float] | np.ndarray,
    global_removal_rate: float,
    max_repetitions: int,
) -> dict[int, int]:
    """FineWeb2's weight for every cluster size, as steps.

    The raw weight is 1 where r >= g, else 1 + (R - 1) (r - g) / (r_min - g). It is smoothed by the
    mean of five neighbouring sizes, but for the first two and last two, which stay raw, and
    rounded half to even. With three or four sizes the published tables follow from taking the third
    as the sum of all raw weights over five, and the fourth (if any) as the raw third.

    Args:
        cluster_sizes: ascending; the last stands for itself and all larger ones (the tail).
        removal_rates: r in percent, one per size.
        global_removal_rate: g in percent.
        max_repetitions: R, 1 or more.

    Returns:
        The size where a step starts → weight; it holds up to the next key. Empty without sizes.

    Raises:
        ValueError: lengths differ, sizes do not ascend, rates outside 0 … 100, R below 1.
    """
    sizes = np.asarray(cluster_sizes, dtype=np.int64)
    rates = np.asarray(removal_rates, dtype=np.float64)
    if sizes.shape != rates.shape or sizes.ndim != 1:
        raise ValueError(f"rehydration: {sizes.shape} cluster sizes but {rates.shape} rates")
    if np.any(sizes[1:] <= sizes[:-1]):
        raise ValueError("rehydration: cluster sizes must ascend")
    if not np.all((rates >= 0) & (rates <= 100)) or not 0 <= global_removal_rate <= 100:
        raise ValueError("rehydration: removal rates must be percentages from 0 to 100")
    if max_repetitions < 1:
        raise ValueError(f"rehydration: max_repetitions is {max_repetitions}, must be 1 or more")
    if len(sizes) == 0:
        return {}
    repetitions = np.rint(_smoothed(_raw(rates, global_removal_rate, max_repetitions)))
    return _steps(sizes, repetitions.astype(np.int64))


def _raw(rates: np.ndarray, global_rate: float, max_repetitions: int) -> np.ndarray:
    lowest = rates.min()
    if lowest >= global_rate:
        return np.ones(len(rates))
    # This order of operations (share first, 1/5 as a factor below) is the one whose rounding of
    # exact halves agrees with every published table.
    scaled = 1 + (max_repetitions - 1) * ((rates - global_rate) / (lowest - global_rate))
    return np.where(rates >= global_rate, 1.0, scaled)


def _smoothed(raw: np.ndarray) -> np.ndarray:
    count = len(raw)
    width = max(count, _WINDOW)
    padded = np.zeros(width + _WINDOW - 1)
    padded[2 : 2 + count] = raw
    mean = np.zeros(width)
    for shift in range(_WINDOW):  # a fixed order of additions: the same bits on every machine
        mean += padded[shift : shift + width] * (1.0 / _WINDOW)
    mean[:2] = padded[2:4]
    # Below five sizes the mean is as wide as the window, and the raw end falls inside or after it.
    ends = raw[-2:]
    mean[width - 2 : width - 2 + len(ends)] = ends
    return mean[:count]


def _steps(sizes: np.ndarray, weights: np.ndarray) -> dict[int, int]:
    starts = np.r_[True, weights[1:] != weights[:-1]]
    return dict(zip(sizes[starts].tolist(), weights[starts].tolist(), strict=True))


def weights_for(sizes: np.ndarray, weights: Mapping[int, int]) -> np.ndarray:
    """int32[n]: the weight of each cluster size (int64[n]) by the steps `weights`.

    A size below the first step has weight 1: nothing is known of it.
    """
    starts = np.array([0, *sorted(weights)], dtype=np.int64)
    values = np.array([1, *(weights[start] for start in sorted(weights))], dtype=np.int32)
    return values[np.searchsorted(starts, sizes, side="right") - 1]


def removal_rates(
    cluster_sizes: np.ndarray, removed: np.ndarray, min_docs: int = 1000
) -> RemovalRates:
    """Removal rate per cluster size of one language.

    Args:
        cluster_sizes: int64[k], a cluster's number of members, one entry per cluster.
        removed: bool[k], whether a heuristic rule removes its representative; or float64[k] from 0 to 1,
            how much of it is lost (`quality_loss`).
        min_docs: the tail starts at the smallest size that has fewer clusters than this, and takes
            in all larger sizes: no rate rests on less, but the tail's own where data are few.
    """
    if len(cluster_sizes) != len(removed):
        raise ValueError(f"rehydration: {len(cluster_sizes)} sizes but {len(removed)} outcomes")
    sizes, clusters = size_counts(cluster_sizes)
    lost, gone = np.zeros(len(sizes)), np.zeros(len(sizes))
    for start in range(0, len(cluster_sizes), _BLOCK):
        position = np.searchsorted(sizes, cluster_sizes[start : start + _BLOCK])
        loss = np.asarray(removed[start : start + _BLOCK], dtype=np.float64)
        lost += np.bincount(position, weights=loss, minlength=len(sizes))
        gone += np.bincount(position, weights=loss == 1, minlength=len(sizes))
    kept = clusters - gone.astype(np.int64)
    total = int(clusters.sum())
    global_rate = 100.0 * float(lost.sum()) / total if total else 0.0
    few = np.flatnonzero(clusters < min_docs)
    tail_start = None
    if len(few):
        start = int(few[0])
        tail_start = int(sizes[start])
        sizes = sizes[: start + 1]
        clusters = np.r_[clusters[:start], clusters[start:].sum()]
        lost = np.r_[lost[:start], lost[start:].sum()]
        kept = np.r_[kept[:start], kept[start:].sum()]
    return RemovalRates(sizes, 100.0 * lost / clusters, kept, clusters, tail_start, global_rate)


def size_counts(cluster_sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(sizes, clusters), int64[s] each: the sizes that occur among those of k clusters, ascending, and how often."""
    blocks = [cluster_sizes[i : i + _BLOCK] for i in range(0, len(cluster_sizes), _BLOCK)]
    found = [np.unique(block, return_counts=True) for block in blocks]
    sizes = np.unique(np.concatenate([np.empty(0, np.int64), *(own for own, _ in found)]))
    clusters = np.zeros(len(sizes), np.int64)
    for own, counts in found:
        clusters[np.searchsorted(sizes, own)] += counts
    return sizes, clusters


def quality_loss(removed: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """float64[k]: how much of each cluster's representative is lost, from 0 (the best that stays) to 1 (removed).

    What a rule removes is lost whole. What stays is lost by its rank: the share of the representatives that are
    better, ties at their middle. Where `removal_rates` is given this instead of `removed`, r(s) falls with
    the mean quality of what is kept of clusters of size s, and the formula repeats the sizes
    whose representatives are both likely to stay and good. Ours, not FineWeb2's.

    Args:
        removed: bool[k], whether a rule removes the representative.
        quality: float64[k], the larger the better, on any scale; NaN counts as the middle.
    """
    loss = np.ones(len(removed))
    kept = np.flatnonzero(~np.asarray(removed, dtype=np.bool_))
    values = np.asarray(quality, dtype=np.float64)[kept]
    known = ~np.isnan(values)
    ordered = np.sort(values[known])
    below = np.searchsorted(ordered, values[known], side="left")
    above = len(ordered) - np.searchsorted(ordered, values[known], side="right")
    rank = np.full(len(kept), 0.5)
    rank[known] = (above + (len(ordered) - below - above) / 2) / max(len(ordered), 1)
    loss[kept] = rank
    return loss


def language_weights(
    rates: RemovalRates,
    max_repetitions: int = 10,
    *,
    min_clusters: int = 10_000,
    guard_singletons: bool = False,
) -> Weights:
    """The steps of one language from its own rates.

    Args:
        rates: of `removal_rates`.
        max_repetitions: R of the formula.
        min_clusters: a language with fewer clusters gets weight 1 and a note.
        guard_singletons: g is the average over clusters, so where a mass of copied spam is removed
            whole, pages that nobody copied stand out as better than average and the formula repeats
            them, noise and all (in 96 of 894 published tables at R = 10, most of small languages).
            With the guard, g is at most r(1): only sizes that do better than pages without a copy
            are repeated.
    """
    clusters = int(rates.clusters.sum())
    if clusters < min_clusters:
        return Weights({1: 1}, f"{clusters} clusters, fewer than {min_clusters}: all weights are 1")
    global_rate = rates.global_rate
    if guard_singletons and rates.sizes[0] == 1:
        global_rate = min(global_rate, float(rates.rates[0]))
    return Weights(rehydration_weights(rates.sizes, rates.rates, global_rate, max_repetitions))
