"""Thresholds of a language from documents that people judged.

Where a document was called good or bad, a threshold can be held against that, instead of against the distribution of
its metric. The measure is balanced accuracy, the mean of the share of bad documents removed and the share of good ones
kept, each document weighted by how many it stands for. With a dozen values to move, any hundred documents can be
divided well, those judged by a coin too. So a language keeps its values unless values fitted to four fifths of its
documents decide the others better, for nearly all samples that could as well have been drawn; and each value keeps its
place unless it matters.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from polysieve.filters import fitting
from polysieve.filters.parameters import Fit, FittedValue, LanguageParameters
from polysieve.filters.rules import Rule, drops

METHOD = "judgements"
SCORE = fitting.SCORE
KEYS: tuple[str, ...] = (
    SCORE,
    *dict.fromkeys(rule.parameter for rule in fitting.FITTED if rule.parameter),
)
"""The keys of LanguageParameters that can be proposed, in the order in which they are tried."""
METRICS: tuple[str, ...] = fitting.METRICS

LEAST = 10
"""Bad documents, and good ones, without which nothing is proposed."""
CONFIDENCE = 0.95
"""The share of resamples in which new values must be better, on documents that they were not fitted to."""
FOLDS = 5
LEAST_GAIN = 0.01
"""In balanced accuracy, for which one value is moved."""
RESAMPLES = 300
_ROUNDS = 20
_CUT = Rule(SCORE, SCORE, "min", 0.3, "FineWeb2", SCORE)  # the language cut, as if it were a rule


@dataclass(frozen=True)
class Judged:
    """n judged documents of one language, in an order that says nothing of them (that of a hash)."""

    metrics: Mapping[str, np.ndarray]
    """Metric of METRICS -> float64[n], NaN where it is undefined."""
    bad: np.ndarray
    """float64[n]: the share of people who called it bad."""
    stratum: np.ndarray
    """int64[n]: the stratum that it was drawn from."""
    weights: np.ndarray
    """float64[n]: how many documents it stands for; equal within a stratum."""
    removed: np.ndarray
    """bool[n]: removed by rules whose thresholds stay as they are."""

    def take(self, rows: np.ndarray) -> "Judged":
        """Some of the documents."""
        return Judged(
            {m: v[rows] for m, v in self.metrics.items()},
            *(v[rows] for v in (self.bad, self.stratum, self.weights, self.removed)),
        )


@dataclass(frozen=True)
class Proposal:
    """What the judgements of a language speak for."""

    parameters: LanguageParameters
    """With `fitted` saying which values come from the judgements."""
    changed: tuple[str, ...]
    """Keys with another value than before; none where there is too little to go by, or nothing better."""
    documents: int
    bad: int
    """Judged documents, and those of them that half of the people or more called bad."""
    before: float
    """Balanced accuracy of the present values on the judged documents; NaN where all are good, or all bad."""
    after: float
    """Of the proposed ones, on the same documents: too good by as much as they were fitted to them."""
    held_out: float
    """Of values that were fitted without the documents that they decide, by the same procedure, where there are enough:
    what decides whether anything is proposed."""


def propose(
    label: str, current: LanguageParameters, judged: Judged, keys: Collection[str] = KEYS
) -> Proposal:
    """Better values for some keys of a language's parameters.

    current: what the judged documents were decided by. keys: those of KEYS that decide in the recipe. Lists of
    n-grams are moved as one, by a factor on all limits. Values stay within what `filters.fitting` allows.
    """
    bad = int((judged.bad >= 0.5).sum())
    scale = _Scale(judged)
    now = _removed(judged, current, keys)
    kept = Proposal(current, (), len(judged.bad), bad, *[scale.accuracy(now)] * 3)
    if min(bad, len(judged.bad) - bad) < LEAST:
        return kept
    held_out = _held_out(current, judged, keys)
    drawn = _resampled(label, judged)
    gains = drawn.per_document @ (held_out.astype(np.float64) - now)
    if not len(gains) or (gains > 0).mean() < CONFIDENCE:
        return replace(kept, held_out=scale.accuracy(held_out))
    dials = _dials(current, judged, keys)
    places = _best(dials, judged)
    changed = [dial for dial in dials if places[dial.key] != dial.present]
    values: dict[str, FittedValue] = dict(current.fitted.values) if current.fitted else {}
    for dial in changed:
        values |= _intervals(dial, places, dials, drawn, judged.removed)
    fit = (current.fitted or Fit(documents=0)).model_copy(
        update={"values": values, "judged": len(judged.bad)}
    )
    found = _with(current, dials, places).model_copy(update={"fitted": fit})
    return Proposal(
        found,
        tuple(dial.key for dial in changed),
        len(judged.bad),
        bad,
        scale.accuracy(now),
        scale.accuracy(_removed(judged, found, keys)),
        scale.accuracy(held_out),
    )


class _Scale:
    """Balanced accuracy as a sum over the removed documents: 1/2 + the sum of `per_document`."""

    def __init__(self, judged: Judged, counts: np.ndarray | None = None) -> None:
        """counts: float64[n] or float64[resamples, n], how often each document was drawn; None: once."""
        weights = judged.weights if counts is None else judged.weights * counts
        bad, good = weights * judged.bad, weights * (1 - judged.bad)
        with np.errstate(invalid="ignore", divide="ignore"):  # a resample may be all good
            self.per_document = bad / bad.sum(-1, keepdims=True) - good / good.sum(
                -1, keepdims=True
            )
        self.per_document /= 2

    def accuracy(self, removed: np.ndarray) -> float:
        """Balanced accuracy; NaN where all documents are good, or all bad."""
        return 0.5 + float(self.per_document @ removed)


def _resampled(label: str, judged: Judged) -> _Scale:
    """As many documents of each stratum, drawn with replacement, RESAMPLES times; none without good or bad ones."""
    generator = np.random.default_rng(fitting.seed(label))
    counts = np.zeros((RESAMPLES, len(judged.bad)))
    for stratum in np.unique(judged.stratum):
        rows = np.flatnonzero(judged.stratum == stratum)
        counts[:, rows] = generator.multinomial(
            len(rows), np.full(len(rows), 1 / len(rows)), RESAMPLES
        )
    scale = _Scale(judged, counts)
    scale.per_document = scale.per_document[~np.isnan(scale.per_document).any(axis=1)]
    return scale


@dataclass(frozen=True)
class _Dial:
    """One key as a single limit on a single figure per document."""

    key: str
    rules: tuple[Rule, ...]
    limits: tuple[float, ...]
    """The present ones; infinite, or minus that, where there is none."""
    figures: np.ndarray
    """float64[n]: the metric, or the largest ratio of an n-gram's metric to its present limit; NaN: undefined."""
    candidates: np.ndarray
    """float64, ascending, distinct: the present place, the most lenient one, and what divides documents."""
    fails: np.ndarray
    """bool[candidates, n]: which documents fail."""

    @classmethod
    def of(cls, key: str, current: LanguageParameters, judged: Judged) -> "_Dial":
        rules = (_CUT,) if key == SCORE else tuple(r for r in fitting.FITTED if r.parameter == key)
        rule = rules[0]
        never = math.inf if rule.direction == "max" else -math.inf
        stored = getattr(current, key)
        limits = [dict(stored).get(r.size) if rule.size else stored for r in rules]
        if rule.zero_disables:
            limits = [limit or None for limit in limits]
        present = tuple(never if limit is None else float(limit) for limit in limits)
        if rule.size:
            shares = [judged.metrics[r.metric] / p for r, p in zip(rules, present, strict=True)]
            figures = np.fmax.reduce(shares)
            least = min(
                1.0, max(fitting.bounds(r)[0] / p for r, p in zip(rules, present, strict=True))
            )
            bounds, at = (least, max(1.0, 1.0 / min(present))), 1.0
        else:
            figures, bounds, at = judged.metrics[rule.metric], fitting.bounds(rule), present[0]
        distinct = np.unique(figures[np.isfinite(figures) & ~judged.removed])
        between = (distinct[1:] + distinct[:-1]) / 2
        ends = distinct[[0, -1]] if len(distinct) else distinct
        places = [p if rule.size else fitting.rounded(rule, p) for p in (*between, *ends)]
        candidates = np.unique([*np.clip(places, *bounds), at])
        column = candidates[:, None]
        fails = figures > column if rule.direction == "max" else figures < column
        return cls(key, rules, present, figures, candidates, fails)

    @property
    def is_max(self) -> bool:
        return self.rules[0].direction == "max"

    @property
    def present(self) -> int:
        """The candidate that is the present limit."""
        at = 1.0 if self.rules[0].size else self.limits[0]
        return int(np.searchsorted(self.candidates, at))

    @property
    def lenient(self) -> int:
        return len(self.candidates) - 1 if self.is_max else 0

    def limit(self, rule: Rule, place: int) -> float:
        """A rule's limit with the dial at a candidate."""
        at = float(self.candidates[place])
        if not rule.size:
            return at
        if place == self.present:
            return self.limits[self.rules.index(rule)]
        return fitting.rounded(rule, min(1.0, self.limits[self.rules.index(rule)] * at))

    def value(self, place: int) -> object:
        """The key's value with the dial at a candidate."""
        if self.rules[0].size:
            return tuple((rule.size, self.limit(rule, place)) for rule in self.rules)
        at = self.limit(self.rules[0], place)
        return at if math.isfinite(at) else None


Places = dict[str, int]
"""Key -> candidate of its dial."""


def _dials(current: LanguageParameters, judged: Judged, keys: Collection[str]) -> list[_Dial]:
    return [_Dial.of(key, current, judged) for key in KEYS if key in keys]


def _with(current: LanguageParameters, dials: list[_Dial], at: Places) -> LanguageParameters:
    """The parameters with the dials at these places; those that have not moved stay as they are written."""
    moved = {d.key: d.value(at[d.key]) for d in dials if at[d.key] != d.present}
    return current.model_copy(update=moved)


def _best(dials: list[_Dial], judged: Judged) -> Places:
    """The places that divide judged documents best.

    Looked for from the present values, and from none at all: where two limits remove the same good documents, loosening
    one of them brings nothing back.
    """
    scale = _Scale(judged)
    present = {dial.key: dial.present for dial in dials}
    starts = (present, {dial.key: dial.lenient for dial in dials})
    ends = [_ascend(dials, start, scale, judged.removed) for start in starts]
    best = max(ends, key=lambda end: scale.accuracy(_fails(dials, end, judged.removed)))
    return _simplified(dials, best, present, scale, judged.removed)


def _fails(
    dials: list[_Dial], at: Places, removed: np.ndarray, but: str | None = None
) -> np.ndarray:
    """bool[n]: what is removed with the dials at these places, one of them left out."""
    whole = removed.copy()
    for dial in dials:
        if dial.key != but:
            whole |= dial.fails[at[dial.key]]
    return whole


def _ascend(dials: list[_Dial], start: Places, scale: _Scale, removed: np.ndarray) -> Places:
    """Move one dial after the other to its best place, until none brings LEAST_GAIN."""
    at = dict(start)
    for _ in range(_ROUNDS):
        moved = False
        for dial in dials:
            open_ = ~_fails(dials, at, removed, dial.key)
            gains = dial.fails[:, open_] @ scale.per_document[open_]
            place = _middle(gains)
            if gains[place] > gains[at[dial.key]] + LEAST_GAIN:
                at[dial.key], moved = place, True
        if not moved:
            break
    return at


def _middle(gains: np.ndarray) -> int:
    """The place with the largest gain; of several the one in the middle, farthest from documents on either side."""
    best = np.flatnonzero(gains >= gains.max() - 1e-12)
    return int(best[len(best) // 2])


def _simplified(
    dials: list[_Dial], at: Places, present: Places, scale: _Scale, removed: np.ndarray
) -> Places:
    """The places with each dial back where it was, if that does not cost LEAST_GAIN."""
    at = dict(at)
    for dial in dials:
        back = {**at, dial.key: present[dial.key]}
        now, then = (scale.accuracy(_fails(dials, places, removed)) for places in (at, back))
        if then >= now - LEAST_GAIN:
            at = back
    return at


def _intervals(
    dial: _Dial, at: Places, dials: list[_Dial], drawn: _Scale, removed: np.ndarray
) -> dict[str, FittedValue]:
    """Where the best place of one dial lies in the resamples, the others as they are."""
    open_ = ~_fails(dials, at, removed, dial.key)
    gains = dial.fails[:, open_].astype(np.float64) @ drawn.per_document[:, open_].T
    places = np.array([_middle(column) for column in gains.T])
    found = {}
    for rule in dial.rules:
        limits = np.array([dial.limit(rule, int(place)) for place in np.unique(places)])
        limits = limits[np.searchsorted(np.unique(places), places)]
        point = dial.limit(rule, at[dial.key])
        finite = limits[np.isfinite(limits)]
        low, high = fitting.interval(point, finite, fitting.Settings().confidence)
        least, most = fitting.bounds(rule)
        found[rule.name] = FittedValue(
            method=METHOD, low=round(max(low, least), 3), high=round(min(high, most), 3)
        )
    return found


def _removed(judged: Judged, parameters: LanguageParameters, keys: Collection[str]) -> np.ndarray:
    """bool[n]: what parameters remove."""
    whole = judged.removed.copy()
    for key in keys:
        dial = _Dial.of(key, parameters, judged)
        for rule, limit in zip(dial.rules, dial.limits, strict=True):
            whole |= drops(rule, judged.metrics[rule.metric], limit)
    return whole


def _held_out(current: LanguageParameters, judged: Judged, keys: Collection[str]) -> np.ndarray:
    """bool[n]: what is removed when each fold is decided by values fitted to the others."""
    removed = np.zeros(len(judged.bad), bool)
    folds = np.arange(len(judged.bad)) % FOLDS
    for fold in range(FOLDS):
        rows, others = np.flatnonzero(folds == fold), judged.take(np.flatnonzero(folds != fold))
        dials = _dials(current, others, keys)
        values = _with(current, dials, _best(dials, others))
        removed[rows] = _removed(judged.take(rows), values, keys)
    return removed
