"""Thresholds of a language from the distributions of its metrics.

FineWeb2 names five ways to carry a threshold over from English (Penedo et al. 2025, section 4; its code was never
published): keep it, keep its distance from the mean in standard deviations, keep the share of documents that it cuts,
cut a fixed share, keep its ratio to the median. Here each value also says from how many documents it came and how
far it would move on other ones.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

import numpy as np

from polysieve.filters.distributions import Distribution
from polysieve.filters.parameters import Fit, FittedValue, LanguageParameters, defaults
from polysieve.filters.rules import RULES, Rule

Method = Literal["english", "mean_std", "quantile", "tail", "median_ratio"]
METHODS: tuple[Method, ...] = get_args(Method)

FITTED: tuple[Rule, ...] = tuple(
    rule for rule in RULES.values() if rule.parameter and rule.parameter != "stopwords"
)
"""The rules whose threshold a language can have of its own, in the order of RULES."""

SCORE = "language_score"
METRICS: tuple[str, ...] = (*dict.fromkeys(rule.metric for rule in FITTED), SCORE)
"""The columns whose distributions a fit needs."""

LEAST_WORDS = 50
"""Documents with fewer plain words do not count: they fail `gopher_short_doc`, and their ratios are noise."""

_STRICTEST = 0.5  # of the English limit: a reference without any repetition allows no limit of zero
_LOWEST_CUT, _HIGHEST_CUT = 0.3, 0.9
_CAPPED = frozenset({"top_n_grams", "dup_n_grams", "dup_line_frac"})
_SHARES = frozenset({"line_punct_thr", "max_non_alpha_words_ratio", "language_score"})

Distributions = Mapping[str, Distribution]
"""Metric -> its distribution over the documents of one language."""


@dataclass(frozen=True)
class Settings:
    """How values are fitted."""

    method: Method = "tail"
    """For every value that `methods` does not name."""
    methods: Mapping[str, Method] = field(default_factory=dict)
    """Key of LanguageParameters -> method."""
    share: float = 0.05
    """What `tail` cuts: the worst share of a language's documents, for each rule by itself."""
    min_documents: int = 20
    """A language with fewer inherits its values from its relatives."""
    pooled_documents: int = 50
    """The weight of its relatives in a language's distribution, in documents."""
    resamples: int = 300
    """Of the bootstrap behind the intervals."""
    confidence: float = 0.99
    """That a fit on as many other documents gives a value inside the interval."""

    def of(self, rule: Rule) -> Method:
        """The method for a rule."""
        return self.methods.get(rule.parameter or "", self.method)


@cache
def english() -> dict[str, Distribution]:
    """The reference figures of English web pages that come with the package; see docs/fitting.md."""
    text = (resources.files("polysieve.filters") / "assets" / "english.json").read_text("utf-8")
    return {m: Distribution.from_lists(*d) for m, d in json.loads(text)["metrics"].items()}


def value(
    rule: Rule, own: Distribution, english: Distribution, method: Method, share: float
) -> float:
    """A rule's threshold for a language by one method; NaN where the method is not defined.

    own, english: distributions of the rule's metric in the language and in English. `share`: what `tail` cuts.
    Formulas with t the English threshold (methods.md names them after FineWeb2):
    english t; mean_std mu + (t - mu_en) / sigma_en * sigma; quantile: what cuts the share that t cuts in
    English; tail: what cuts `share`; median_ratio t * median / median_en.
    """
    t = rule.default
    if method == "english":
        return t
    if method == "mean_std":
        return own.mean + (t - english.mean) / english.std * own.std if english.std else math.nan
    if method == "median_ratio":
        return t * own.median / english.median if english.median else math.nan
    if method == "quantile":
        share = english.share_above(t) if rule.direction == "max" else english.share_below(t)
    if math.isnan(share):
        return math.nan
    return own.upper(share) if rule.direction == "max" else own.lower(share)


def language_cut(scores: Distribution) -> float:
    """The lowest score of language identification that stays: clip(median - sigma, 0.3, 0.9) (FineWeb2, section 4.2).

    scores: of all documents with the label. NaN where there is none.
    """
    cut = scores.median - scores.std
    return math.nan if math.isnan(cut) else min(max(cut, _LOWEST_CUT), _HIGHEST_CUT)


def eligible(
    score_distribution: Distribution, scores: np.ndarray, plain_words: np.ndarray
) -> np.ndarray:
    """bool[n]: which documents of a language count: those at or above the cut that follows from the distribution
    of its scores, of LEAST_WORDS plain words or more."""
    chosen = plain_words >= LEAST_WORDS
    cut = language_cut(score_distribution)
    return chosen if math.isnan(cut) else chosen & (scores >= cut)


def gather(
    metrics: Mapping[str, np.ndarray], scores: np.ndarray, plain_words: np.ndarray
) -> dict[str, Distribution]:
    """The distributions that a fit needs, from the columns of one language's documents.

    metrics: metric -> float64[n], NaN where undefined. scores float64[n]; plain_words int64[n]. Scores count for
    every document, metrics for those that are `eligible`.
    """
    found = {SCORE: Distribution.of(scores)}
    chosen = eligible(found[SCORE], scores, plain_words)
    for rule in FITTED:
        found[rule.metric] = Distribution.of(np.asarray(metrics[rule.metric])[chosen])
    return found


def documents(own: Distributions) -> int:
    """Of how many documents a language's distributions are: those whose metrics count."""
    return round(max((own[rule.metric].documents for rule in FITTED), default=0))


def add(*parts: Distributions) -> dict[str, Distribution]:
    """The distributions of all parts' documents."""
    return {m: Distribution.total(part[m] for part in parts if m in part) for m in METRICS}


def pooled(relatives: Iterable[Distributions], most: int = 200) -> dict[str, Distribution]:
    """Distributions of several languages together, none counted as more than `most` documents."""
    return add(
        *({m: d.scaled(min(d.documents, most)) for m, d in one.items()} for one in relatives)
    )


def fit(
    label: str,
    own: Distributions,
    parent: tuple[str, Distributions] | None,
    english: Distributions,
    settings: Settings,
    stopwords: Sequence[str] = (),
) -> LanguageParameters:
    """A language's parameters, each with method, documents and interval.

    own: its distributions. parent: the name and distributions of its relatives, None without any; they weigh
    `pooled_documents`, or all where the language has fewer than `min_documents`. english: the
    reference figures. Without documents of its own or a parent's: the defaults, unfitted.
    """
    n = documents(own)
    few = n < settings.min_documents
    if few and parent is None:
        return defaults(label).model_copy(update={"stopwords": tuple(stopwords)})
    generator = np.random.default_rng(seed(label))
    methods: dict[str, Method] = {}
    limits: dict[Rule, np.ndarray] = {}  # the value, then those of the resamples
    for rule in FITTED:
        base = Distribution.empty() if few else own[rule.metric]
        if parent is not None:
            theirs = parent[1][rule.metric]
            base += theirs if few else theirs.scaled(settings.pooled_documents)
        drawn = [] if few else base.resampled(generator, settings.resamples)
        methods[rule.name] = settings.of(rule)
        found = _values(rule, [base, *drawn], english, methods[rule.name], settings.share)
        if math.isnan(found[0]):
            methods[rule.name] = "english"
            found = _values(rule, [base, *drawn], english, "english", settings.share)
        limits[rule] = found
    _monotone(limits)
    values = {}
    for rule, found in limits.items():
        low, high = interval(found[0], found[1:], settings.confidence)
        values[rule.name] = FittedValue(
            method=methods[rule.name], low=_down(rule, low), high=_up(rule, high)
        )
    keys: dict[str, Any] = {
        key: _parameter(key, limits) for key in dict.fromkeys(r.parameter for r in FITTED) if key
    }
    cut = language_cut(own[SCORE]) if own[SCORE].documents >= settings.min_documents else math.nan
    return LanguageParameters(
        **keys,
        language_score=None if math.isnan(cut) else math.floor(cut * 1000) / 1000,
        stopwords=tuple(stopwords),
        fitted=Fit(
            documents=n,
            relatives=parent[0] if parent else None,
            share=settings.share if "tail" in {v.method for v in values.values()} else None,
            values=values,
        ),
    )


def seed(label: str) -> int:
    """Of what is drawn at random for a language."""
    return int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "big")


def _values(
    rule: Rule, parts: list[Distribution], english: Distributions, method: Method, share: float
) -> np.ndarray:
    """float64: the threshold by each distribution, within what is allowed."""
    found = [value(rule, part, english[rule.metric], method, share) for part in parts]
    return np.clip(np.array(found), *bounds(rule))


def bounds(rule: Rule) -> tuple[float, float]:
    """The lowest and the highest threshold that a rule may be given."""
    if rule.parameter in _CAPPED:  # no limit on repetition far below the English one
        return _STRICTEST * rule.default, 1.0
    return 0.0, 1.0 if rule.parameter in _SHARES else math.inf


def interval(point: float, drawn: np.ndarray, confidence: float) -> tuple[float, float]:
    """Where a fit on as many other documents gives a value with `confidence`.

    The bootstrap's quantiles tell how one fit varies about the truth; two fits differ by the root of two more.
    """
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return point, point
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    wider = math.sqrt(2)
    return min(point, point - wider * (point - low)), max(point, point + wider * (high - point))


def _monotone(limits: dict[Rule, np.ndarray]) -> None:
    """Longer n-grams get no larger limit than shorter ones of their kind, whose repetitions are theirs too."""
    for parameter in ("top_n_grams", "dup_n_grams"):
        least = np.array(math.inf)
        for rule in limits:  # RULES has them in the order of their sizes
            if rule.parameter == parameter:
                least = limits[rule] = np.minimum(least, limits[rule])


def _decimals(rule: Rule) -> int:
    return 1 if "word_length" in (rule.parameter or "") else 3


def _up(rule: Rule, limit: float) -> float:
    power = 10 ** _decimals(rule)
    return math.ceil(limit * power - 1e-9) / power


def _down(rule: Rule, limit: float) -> float:
    power = 10 ** _decimals(rule)
    return max(0.0, math.floor(limit * power + 1e-9) / power)


def rounded(rule: Rule, limit: float) -> float:
    """A threshold, rounded to the side on which fewer documents fail."""
    return _up(rule, limit) if rule.direction == "max" else _down(rule, limit)


def _parameter(key: str, limits: dict[Rule, np.ndarray]) -> float | tuple[tuple[int, float], ...]:
    found = [
        (rule.size or 0, rounded(rule, float(limits[rule][0])))
        for rule in limits
        if rule.parameter == key
    ]
    return tuple(found) if found[0][0] else found[0][1]
