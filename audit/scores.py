"""What judgements say of languages and filters, each share with the interval that its sample allows.

The protocol is that of "Quality at a Glance" (Kreutzer et al. 2022, TACL 10): shares of the codes per language, C for
CC, CB and CS together, macro averages in which each language counts the same and micro averages in which each
document does. Nothing judged gives no share and the interval from 0 to 1, never an error.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from polysieve.audit.judging.codes import CODES, CORRECT, FLAGS

Z = 1.959963984540054  # of an interval that holds the truth 19 times of 20


@dataclass(frozen=True)
class Share:
    """A share of documents, estimated from `judged` of them."""

    share: float | None
    """None where nothing was judged."""
    low: float
    high: float
    judged: float


NOTHING = Share(None, 0.0, 1.0, 0)


def wilson(successes: float, n: float) -> Share:
    """successes of n with Wilson's interval (1927): the p with |successes/n - p| <= z sqrt(p (1 - p) / n)."""
    if not n:
        return NOTHING
    p = successes / n
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    # In floating point, an end that is 0 or 1 by the formula may miss it.
    low = 0.0 if successes <= 0 else max(0.0, middle - half)
    high = 1.0 if successes >= n else min(1.0, middle + half)
    return Share(p, low, high, n)


def combined(parts: Iterable[tuple[float, Share]]) -> Share:
    """The share over several strata, each with its weight: how many documents it has.

    The interval is from the strata's own by the method of variance estimates recovery (Zou and Donner 2008): at a
    distance of sqrt(sum of (w d)^2), d the distance of each stratum's end. A stratum in which nothing was judged may
    hold anything from 0 to 1, and does not count in the share.
    """
    known, unknown = [], 0.0
    for weight, part in parts:
        if part.share is not None:
            known.append((weight, part.share, part))
        else:
            unknown += weight
    whole = sum(weight for weight, _, _ in known)
    if not whole:
        return NOTHING
    sum_of = sum(weight * share for weight, share, _ in known)
    below = math.sqrt(sum((weight * (share - part.low)) ** 2 for weight, share, part in known))
    above = math.sqrt(sum((weight * (part.high - share)) ** 2 for weight, share, part in known))
    total = whole + unknown
    return Share(
        sum_of / whole,
        max(0.0, (sum_of - below) / total),
        min(1.0, (sum_of + above + unknown) / total),
        sum(part.judged for _, _, part in known),
    )


@dataclass(frozen=True)
class Stratum:
    """The documents of a language with one outcome, and what was said of those judged."""

    label: str
    stage: str
    reason: str
    population: int
    judged: float = 0
    """Documents, each counted once however many people judged it."""
    said: Mapping[str, float] | None = None
    """Code or flag -> documents; where m people judged a document, each is worth 1/m."""

    def share(self, names: Iterable[str]) -> Share:
        """The share of documents with one of these codes, or one flag."""
        return wilson(sum((self.said or {}).get(name, 0.0) for name in names), self.judged)


def strata(
    drawn: Iterable[Mapping[str, Any]], judged: Iterable[Mapping[str, Any]]
) -> list[Stratum]:
    """Strata with their judgements.

    drawn: label, stage, reason, population of each stratum; those that only `judged` has are added. judged: a row
    per document and rater with the same keys, document, code and the flags; rows without a stage are left out.
    """
    sizes = {(s["label"], s["stage"], s["reason"]): s["population"] for s in drawn}
    votes: dict[tuple[str, str, str], dict[str, list[Mapping[str, Any]]]] = {}
    for row in judged:
        if row["stage"]:
            key = (row["label"], row["stage"], row["reason"])
            sizes.setdefault(key, row["population"])
            votes.setdefault(key, defaultdict(list))[row["document"]].append(row)
    found = []
    for (label, stage, reason), population in sorted(sizes.items()):
        said = dict.fromkeys((*CODES, *FLAGS), 0.0)
        documents = votes.get((label, stage, reason), {})
        for rows in documents.values():
            for row in rows:
                said[row["code"]] += 1 / len(rows)
                for flag in FLAGS:
                    said[flag] += bool(row[flag]) / len(rows)
        said = {name: round(value, 12) for name, value in said.items()}  # three thirds are one
        found.append(Stratum(label, stage, reason, population, len(documents), said))
    return found


SHARES: dict[str, tuple[str, ...]] = {
    "C": CORRECT,
    **{code: (code,) for code in CODES},
    **{flag: (flag,) for flag in FLAGS},
}
"""What is told of a language: C, each code, each flag."""


@dataclass(frozen=True)
class LanguageScore:
    """What was said of one stage of a language."""

    label: str
    stage: str
    documents: int
    """How many the stage has; of `removed`, those that can be judged."""
    shares: dict[str, Share]
    """As in SHARES."""


def languages(found: Sequence[Stratum]) -> list[LanguageScore]:
    """A score for each language and stage, in that order; reasons weigh as many documents as they removed."""
    groups: dict[tuple[str, str], list[Stratum]] = defaultdict(list)
    for stratum in found:
        groups[stratum.label, stratum.stage].append(stratum)
    return [
        LanguageScore(
            label,
            stage,
            sum(s.population for s in own),
            {
                name: combined((s.population, s.share(codes)) for s in own)
                for name, codes in SHARES.items()
            },
        )
        for (label, stage), own in sorted(groups.items())
    ]


@dataclass(frozen=True)
class Averages:
    """The averages over the languages of a stage of which something was judged."""

    languages: int
    unjudged: int
    """Languages left out, nothing of them having been judged."""
    macro: dict[str, Share]
    """Each language counts the same. As in SHARES."""
    micro: dict[str, Share]
    """Each document counts the same."""
    none_correct: int
    """Languages in which no judged document is correct …"""
    half_correct: int
    """… fewer than half are …"""
    half_not_language: int
    """… more than half are NL …"""
    half_wrong: int
    """… more than half are WL."""


def averages(scores: Sequence[LanguageScore]) -> Averages:
    """Macro and micro averages and the four counts of Quality at a Glance's table 3, over scores of one stage."""
    judged = [score for score in scores if score.shares["C"].share is not None]

    def count(name: str, test: Any) -> int:
        return sum(bool(test(score.shares[name].share)) for score in judged)

    return Averages(
        len(judged),
        len(scores) - len(judged),
        {name: combined((1, s.shares[name]) for s in judged) for name in SHARES},
        {name: combined((s.documents, s.shares[name]) for s in judged) for name in SHARES},
        count("C", lambda share: share == 0),
        count("C", lambda share: share < 0.5),
        count("NL", lambda share: share > 0.5),
        count("WL", lambda share: share > 0.5),
    )


@dataclass(frozen=True)
class FilterScore:
    """How well one reason, or all together, tells bad documents from good ones."""

    reason: str
    removed: int
    """Documents that can be judged."""
    precision: Share
    """Of what it removed, the share that is bad."""
    recall: Share
    """Of all bad documents, the share that it removed."""
    good_lost: Share
    """Of all good documents, the share that it removed."""


ALL = "all"


def filters(found: Sequence[Stratum], good: Sequence[str] = CORRECT) -> list[FilterScore]:
    """A score for each reason of some strata, and one for ALL together, first.

    found: of one language or of several; each stratum counts as many documents as it has, so that a sample of equal
    parts of unequal strata gives unbiased shares. good: the codes of documents that should stay. A document counts for
    the first rule that it fails: a reason's recall is what it removed itself, not what it would have removed.
    """
    bad = tuple(code for code in CODES if code not in good)
    reasons = sorted({s.reason for s in found if s.stage == "removed"})
    scores = []
    for reason in [ALL, *reasons] if reasons else []:
        own: list[Stratum] = []
        rest: list[Stratum] = []
        for s in found:
            (own if s.stage == "removed" and reason in (ALL, s.reason) else rest).append(s)
        scores.append(
            FilterScore(
                reason,
                sum(s.population for s in own),
                combined((s.population, s.share(bad)) for s in own),
                _part(own, rest, bad),
                _part(own, rest, good),
            )
        )
    return scores


def _part(own: Sequence[Stratum], rest: Sequence[Stratum], codes: Iterable[str]) -> Share:
    """Of all documents with these codes, the share that lies in `own` strata.

    The share is a / (a + b), a and b the numbers of such documents in both; its ends are those of a and b at their
    worst, so the interval is rather too wide than too narrow.
    """
    codes = tuple(codes)
    sizes = [sum(s.population for s in part) for part in (own, rest)]
    a, b = (combined((s.population, s.share(codes)) for s in part) for part in (own, rest))

    def ratio(one: float | None, other: float | None) -> float | None:
        if one is None or (other is None and sizes[1]):
            return None
        mine, theirs = one * sizes[0], (other or 0.0) * sizes[1]
        return mine / (mine + theirs) if mine + theirs else None

    low, high = ratio(a.low, b.high), ratio(a.high, b.low)
    return Share(
        ratio(a.share, b.share),
        0.0 if low is None else low,
        1.0 if high is None else high,
        a.judged + b.judged,
    )


@dataclass(frozen=True)
class Agreement:
    """How two people agree on the documents that both judged."""

    raters: tuple[str, str]
    documents: int
    agreed: float
    """Share with the same code."""
    kappa: float | None
    """Cohen's kappa over the codes; None where chance alone would make them agree."""
    kappa_correct: float | None
    """The same over correct and not correct."""


def agreements(judged: Iterable[Mapping[str, Any]]) -> list[Agreement]:
    """The agreement of each pair of people with documents in common, in order of their names."""
    by_rater: dict[str, dict[str, str]] = defaultdict(dict)
    for row in judged:
        by_rater[row["rater"]][row["document"]] = row["code"]
    found = []
    for one, other in combinations(sorted(by_rater), 2):
        common = sorted(by_rater[one].keys() & by_rater[other].keys())
        if common:
            pairs = [(by_rater[one][d], by_rater[other][d]) for d in common]
            binary = [(a in CORRECT, b in CORRECT) for a, b in pairs]
            agreed = sum(a == b for a, b in pairs) / len(pairs)
            found.append(Agreement((one, other), len(pairs), agreed, kappa(pairs), kappa(binary)))
    return found


def kappa(pairs: Sequence[tuple[Any, Any]]) -> float | None:
    """Cohen's kappa (1960): (p_o - p_e) / (1 - p_e), p_o the share of pairs that agree, p_e what independent raters
    with the same shares of each category would reach. None where p_e is 1, or without pairs."""
    n = len(pairs)
    counts: list[dict[Any, int]] = [defaultdict(int), defaultdict(int)]
    for pair in pairs:
        for side, category in zip(counts, pair, strict=True):
            side[category] += 1
    by_chance = sum(counts[0][c] * counts[1].get(c, 0) for c in list(counts[0]))
    if by_chance == n * n:  # in whole numbers: all said the same of everything; without pairs too
        return None
    agreed = sum(a == b for a, b in pairs)
    return (agreed * n - by_chance) / (n * n - by_chance)
