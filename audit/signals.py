"""Distributions of signals, what each threshold cuts of them, and what another threshold would change.

Everything is a count over documents, by language: counts of parts of a run add up to those of the whole.
"""

import functools
from collections.abc import Mapping, Sequence

import numpy as np

from polysieve.filters.rules import RULES, drops
from polysieve.filters.signals import METRICS

SHARE_BINS = 50
MOVED = 0.1
"""The part of itself by which a threshold is moved to say what that would change."""
EFFECTS = ("fails", "only", "back", "more")


@functools.cache
def edges(metric: str) -> np.ndarray:
    """float64[k+1]: the edges of a signal's k bins, from the least up.

    They are the same for every language and run, so that distributions can be laid beside each other: fifty bins
    from 0 to 1 for shares and rates, steps of about a half of the power of two for counts and lengths. A bin holds
    its lower edge; the last one also holds what lies above. `language_score` counts as a share.
    """
    if metric == "mean_word_length":
        return np.arange(0, 25.5, 0.5)
    unit = METRICS[metric].unit if metric in METRICS else "share"
    if unit.startswith("share") or "per token" in unit:
        return np.arange(SHARE_BINS + 1) / SHARE_BINS
    powers = 2.0 ** np.arange(1, 24)
    return np.concatenate([[0, 1], np.sort(np.concatenate([powers, powers[1:] * 0.75])), [2.0**24]])


@functools.cache
def shown_edges(metric: str) -> list[float]:
    """The edges of a signal's bins as the report has them, to six places. Not to be changed by the caller."""
    return [round(float(edge), 6) for edge in edges(metric)]


def histogram(values: np.ndarray, group: np.ndarray, groups: int, bins: np.ndarray) -> np.ndarray:
    """int64[groups, k+1]: documents by group and bin; the last column counts those without a value.

    values: float64[n], NaN where there is none; group: int[n] below `groups`; bins: float64[k+1], ascending.
    """
    k = len(bins) - 1
    place = np.clip(np.searchsorted(bins, values, side="right") - 1, 0, k - 1)
    place[np.isnan(values)] = k
    counts = np.bincount(group * (k + 1) + place, minlength=groups * (k + 1))
    return counts.reshape(groups, k + 1)


def moved(rule: str, threshold: float) -> tuple[float, float]:
    """The threshold by MOVED looser, so that fewer documents fail, and as much tighter; 12 digits of each."""
    step = MOVED * abs(threshold) * (1 if RULES[rule].direction == "max" else -1)
    return float(f"{threshold + step:.12g}"), float(f"{threshold - step:.12g}")


def effects(
    signals: Mapping[str, np.ndarray],
    is_kept: np.ndarray,
    group: np.ndarray,
    thresholds: Mapping[str, Sequence[float | None]],
) -> dict[str, np.ndarray]:
    """What each rule does to n documents, all of which are asked of every rule, by group.

    signals: float64[n] of each rule's metric, NaN where undefined; is_kept: bool[n]; group: int[n];
    thresholds: rule -> the threshold of each group, None where the rule does not apply.

    Returns rule -> int64[groups, 4], the columns of EFFECTS: documents that fail the rule; that fail no other
    (what would come back without the rule); of these, those that pass the threshold moved to the loose side (what
    would come back with it); and kept ones that fail the threshold moved to the tight side. A document that comes
    back may still fall to a rule that reads text or to a model's score.
    """
    groups = len(next(iter(thresholds.values()))) if thresholds else 0
    failed = np.zeros(len(group), np.int16)
    failing = {}
    for rule, limits in thresholds.items():
        limit = np.array([np.nan if v is None else v for v in limits], np.float64)
        failing[rule] = drops(RULES[rule], signals[RULES[rule].metric], limit[group])
        failed += failing[rule]
    found = {}
    for rule, limits in thresholds.items():
        values = signals[RULES[rule].metric]
        pairs = [(np.nan, np.nan) if v is None else moved(rule, v) for v in limits]
        loose, tight = np.array(pairs, np.float64).reshape(-1, 2).T
        only = failing[rule] & (failed == 1)
        chosen = (
            failing[rule],
            only,
            only & ~drops(RULES[rule], values, loose[group]),
            is_kept & drops(RULES[rule], values, tight[group]),
        )
        counts = [np.bincount(group[rows], minlength=groups) for rows in chosen]
        found[rule] = np.stack(counts, axis=1)
    return found
