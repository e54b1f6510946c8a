"""Figures that the pages show, derived from a run's plain data.

Every function takes what a report is given (audit/given.py), and any key of that may be missing: a figure that cannot
be derived is None, never a guess.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict

from polysieve.audit.given import (
    Ended,
    LanguageEnded,
    LanguageFigures,
    Languages,
    LinesRemoved,
    Run,
)

UNKNOWN = "und_Zzzz"
"""The label of documents without a language, and of what leaves before identification."""

Count = Literal["documents_in", "kept", "duplicates", "quarantined"]
COUNTS: tuple[Count, ...] = ("documents_in", "kept", "duplicates", "quarantined")


class Counted(TypedDict):
    """How documents ended; None where it is not known."""

    documents_in: int | None
    kept: int | None
    removed: dict[str, int]
    duplicates: int | None
    quarantined: int | None


class CountedRun(Counted):
    """The same with the records behind them."""

    records_read: int | None
    records_skipped: dict[str, int]
    documents_split: int


class Step(TypedDict):
    """A step of the funnel."""

    kind: str
    """in, quarantined, cut, duplicate, rule or kept."""
    reason: str
    documents: int
    share: float | None
    """Of the documents in."""
    left: int | None
    """Documents that remain after it."""


class Outcome(TypedDict):
    """The documents of one kind of outcome."""

    kind: str
    documents: int
    share: float | None


class ClusterBin(TypedDict):
    """Clusters of sizes from first to last; the documents in them, and their share of all that are in clusters."""

    first: int
    last: int
    clusters: int
    documents: int
    share: float | None


class WordsMade(TypedDict):
    """Words of translations in the corpus, and their share of all its words."""

    words: int
    share: float | None


def labels(run: Run, languages: Languages) -> list[str]:
    """Every label that the run or its languages know, the most documents first, then by name."""
    known = set(languages) | set(_of_languages(run))
    return sorted(
        known, key=lambda label: (-(counts(run, languages, label)["documents_in"] or 0), label)
    )


def counts(run: Run, languages: Languages, label: str) -> Counted:
    """documents_in, kept, removed (reason -> count), duplicates, quarantined of one label; translations not counted.

    The run's accounting has the word; what it does not say is taken from the language's own entry.
    """
    own = languages.get(label, {})
    of_label = _of_languages(run).get(label)
    ended: Mapping[str, Any] = of_label or {}
    if of_label and _origin(of_label, "mt"):
        ended = _origin(of_label, "web") or {}
    return _complete({**own, "documents_in": own.get("documents"), **ended})


def totals(run: Run, languages: Languages) -> CountedRun:
    """As `counts` for the whole run, with records_read and records_skipped; the sum over labels where it gives none."""
    whole = (run.get("accounting") or {}).get("total")
    if not whole:
        return _sum_of([counts(run, languages, label) for label in labels(run, languages)])
    counted, made = _complete(whole), translations(run)
    return {
        **(_less(counted, made) if made else counted),
        "records_read": whole.get("records_read"),
        "records_skipped": whole.get("records_skipped") or {},
        "documents_split": whole.get("documents_split") or 0,
    }


def translations(run: Run) -> CountedRun | None:
    """As `counts`, of the translations into all languages; None where the run made none."""
    parts = [_origin(ended, "mt") for ended in _of_languages(run).values()]
    found = [part for part in parts if part]
    return _sum_of([_complete(part) for part in found]) if found else None


def _of_languages(run: Run) -> Mapping[str, LanguageEnded]:
    return (run.get("accounting") or {}).get("languages") or {}


def _origin(ended: LanguageEnded, origin: str) -> Ended | None:
    return (ended.get("origins") or {}).get(origin)


def _sum_of(parts: Sequence[Counted]) -> CountedRun:
    def total(key: Count) -> int | None:
        return sum(part[key] or 0 for part in parts) if parts else None

    reasons = sorted({reason for part in parts for reason in part["removed"]})
    return {
        "documents_in": total("documents_in"),
        "kept": total("kept"),
        "duplicates": total("duplicates"),
        "quarantined": total("quarantined"),
        "removed": {r: sum(part["removed"].get(r, 0) for part in parts) for r in reasons},
        "records_read": None,
        "records_skipped": {},
        "documents_split": 0,
    }


def _less(whole: Counted, made: Counted) -> Counted:
    def rest(key: Count) -> int | None:
        count = whole[key]
        return None if count is None else count - (made[key] or 0)

    removed = {r: n - made["removed"].get(r, 0) for r, n in whole["removed"].items()}
    return {
        "documents_in": rest("documents_in"),
        "kept": rest("kept"),
        "duplicates": rest("duplicates"),
        "quarantined": rest("quarantined"),
        "removed": {reason: n for reason, n in removed.items() if n},
    }


def _complete(known: Mapping[str, Any]) -> Counted:
    """What is known of the counts; a key may be missing, and there may be others."""
    return {
        "documents_in": known.get("documents_in"),
        "kept": known.get("kept"),
        "duplicates": known.get("duplicates"),
        "quarantined": known.get("quarantined"),
        "removed": known.get("removed") or {},
    }


def personal_data(languages: Languages) -> dict[str, int]:
    """Kind -> pieces of personal data found in what is kept of all languages."""
    found: Counter[str] = Counter()
    for language in languages.values():
        found.update(language.get("pii") or {})
    return dict(sorted(found.items()))


def lines_removed(languages: Languages) -> LinesRemoved | None:
    """`documents` that lost lines and `lines`, in what is kept of all languages; None where none are taken out."""
    found = [v["lines_removed"] for v in languages.values() if v.get("lines_removed")]
    if not found:
        return None
    return {
        "documents": sum(lost["documents"] for lost in found),
        "lines": sum(lost["lines"] for lost in found),
    }


def share(part: float | None, whole: float | None) -> float | None:
    """`part / whole`, or None where either is not known or the whole is nothing."""
    return part / whole if part is not None and whole else None


def is_early(reason: str) -> bool:
    """Whether documents leave for `reason` before clustering: their address, no text, or the language score."""
    return reason in ("empty_text", "language_score") or reason.startswith("url")


def rule_order(run: Run, language: LanguageFigures | None = None) -> list[str]:
    """The names of the rules in the order in which they are tried: the recipe's, else the language's thresholds'."""
    return list((run.get("recipe") or {}).get("rules") or (language or {}).get("thresholds") or {})


def funnel(
    counted: Counted, rules: Sequence[str] = (), exact_duplicates: int | None = None
) -> list[Step]:
    """The steps by which documents left, in the order of precedence of the outcomes.

    `counted` is from `counts` or `totals`. Each step has `kind` (in, quarantined, cut, duplicate, rule,
    kept), `reason`, `documents`, `share` of the documents in, and `left`, the documents that remain after
    it. Steps that took nothing are left out. Reasons that `rules` does not name come last, by name.
    """
    whole = counted["documents_in"]
    steps: list[tuple[str, str, int | None]] = [
        ("quarantined", "quarantined", counted["quarantined"])
    ]
    place = {rule: number for number, rule in enumerate(rules)}
    ordered = sorted(
        counted["removed"].items(), key=lambda item: (place.get(item[0], len(place)), item[0])
    )
    early = [item for item in ordered if is_early(item[0])]
    # addresses come first; "empty_text" sorts before "language_score", as it comes before it
    early.sort(key=lambda item: (not item[0].startswith("url"), item[0]))
    steps += [("cut", reason, n) for reason, n in early]
    if exact_duplicates is None or counted["duplicates"] is None:
        steps.append(("duplicate", "duplicates", counted["duplicates"]))
    else:
        steps.append(("duplicate", "exact_duplicate", exact_duplicates))
        steps.append(("duplicate", "near_duplicate", counted["duplicates"] - exact_duplicates))
    steps += [("rule", reason, n) for reason, n in ordered if not is_early(reason)]

    left = whole
    found = [_step("in", "documents in", whole, whole, left)] if whole is not None else []
    for kind, reason, documents in steps:
        if documents:
            left = None if left is None else left - documents
            found.append(_step(kind, reason, documents, whole, left))
    if counted["kept"] is not None:
        found.append(_step("kept", "kept", counted["kept"], whole, counted["kept"]))
    return found


def _step(kind: str, reason: str, documents: int, whole: int | None, left: int | None) -> Step:
    return {
        "kind": kind,
        "reason": reason,
        "documents": documents,
        "share": share(documents, whole),
        "left": left,
    }


def outcomes(counted: Counted) -> list[Outcome]:
    """Documents and share of each kind of outcome: kept, duplicate, rule, cut, quarantined; zeros stay."""
    removed = counted["removed"]
    known: list[tuple[str, int | None]] = [
        ("kept", counted["kept"]),
        ("duplicate", counted["duplicates"]),
        ("rule", sum(n for reason, n in removed.items() if not is_early(reason))),
        ("cut", sum(n for reason, n in removed.items() if is_early(reason))),
        ("quarantined", counted["quarantined"]),
    ]
    whole = counted["documents_in"]
    return [
        {"kind": kind, "documents": documents, "share": share(documents, whole)}
        for kind, documents in known
        if documents is not None
    ]


def exact_duplicates(run: Run, languages: Languages) -> int | None:
    """Exact duplicates in all languages; None where one that has duplicates does not say how many are exact."""
    found = [
        languages.get(label, {}).get("exact_duplicates")
        for label in labels(run, languages)
        if counts(run, languages, label)["duplicates"]
    ]
    return None if None in found else sum(n for n in found if n is not None)


def biggest_reason(counted: Counted) -> tuple[str, int] | None:
    """The reason that removed the most documents and their number; the first by name of equals."""
    removed = {reason: n for reason, n in counted["removed"].items() if n}
    return min(removed.items(), key=lambda item: (-item[1], item[0])) if removed else None


def cluster_bins(sizes: dict[str, int]) -> list[ClusterBin]:
    """Clusters by size in bins that double: 1, 2, 3-4, 5-8, 9-16, …, up to the largest size.

    `sizes` maps a cluster size to the number of clusters. Each bin has `first` and `last` size,
    `clusters`, `documents` (the members of those clusters) and `share` of all those documents.
    """
    bins: dict[int, ClusterBin] = {}
    for size, clusters in sorted((int(size), clusters) for size, clusters in sizes.items()):
        last = 1 << (size - 1).bit_length() if size > 0 else 0
        entry = bins.setdefault(
            last,
            {"first": last // 2 + 1, "last": last, "clusters": 0, "documents": 0, "share": None},
        )
        entry["clusters"] += clusters
        entry["documents"] += size * clusters
    whole = sum(entry["documents"] for entry in bins.values())
    return [{**entry, "share": share(entry["documents"], whole)} for entry in bins.values()]


def flags(label: str, language: LanguageFigures, counted: Counted) -> list[str]:
    """Short words for what a reader of the table should know of a language."""
    found = []
    if lacks_parameters(label, language):
        found.append("defaults")
    if inherits(language):
        found.append("inherited")
    if language.get("vacuous"):
        found.append("idle rule")
    if counted["quarantined"]:
        found.append("quarantine")
    if ((language.get("translated") or {}).get("share_of_words") or 0) > 0.5:
        found.append("mostly translated")
    return found


def translated_words(languages: Languages) -> WordsMade | None:
    """`words` of translations in the corpus and their `share` of all its words; None where nothing was translated."""
    parts = [one["translated"] for one in languages.values() if one.get("translated")]
    if not parts:
        return None
    words = sum(part.get("kept_words") or 0 for part in parts)
    native = sum(one.get("kept_words") or 0 for one in languages.values())
    return {"words": words, "share": share(words, words + native)}


def lacks_parameters(label: str, language: LanguageFigures) -> bool:
    """Whether rules ran on a language that has no parameters of its own."""
    return (
        language.get("has_own_parameters") is False
        and not inherits(language)
        and language.get("thresholds") != {}
        and label != UNKNOWN
    )


def inherits(language: LanguageFigures) -> bool:
    """Whether a language has its relatives' parameters, having too few documents of its own."""
    return (language.get("parameters") or {}).get("origin") == "relatives"


def imbalances(run: Run, languages: Languages) -> list[str]:
    """One sentence for every identity that the counts do not satisfy: documents in = the sum of their outcomes."""
    whole = totals(run, languages)
    found = []
    if whole["records_read"] is not None and whole["documents_in"] is not None:
        records = sum(whole["records_skipped"].values()) + whole["documents_in"]
        if records != whole["records_read"] + whole["documents_split"]:
            found.append(
                f"{whole['records_read']:,} records were read, but {records:,} were skipped or became documents."
            )
    made = translations(run)
    named = [
        ("The run", whole),
        *([("The translations", made)] if made else []),
        *((label, counts(run, languages, label)) for label in labels(run, languages)),
    ]
    for name, counted in named:
        parts: Iterable[int | None] = (
            counted["kept"],
            counted["duplicates"],
            counted["quarantined"] or 0,
        )
        if counted["documents_in"] is None or None in parts:
            continue
        accounted = sum(n or 0 for n in parts) + sum(counted["removed"].values())
        if accounted != counted["documents_in"]:
            found.append(
                f"{name}: {counted['documents_in']:,} documents came in, but {accounted:,} are accounted for."
            )
    return found
