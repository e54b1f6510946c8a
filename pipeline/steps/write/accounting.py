"""The accounting of a run, and the identities that it must satisfy (docs/design.md, Invariants).

An entry, for a language and in total, is::

    {"documents_in": 9, "kept": 4, "removed": {"gopher_short_doc": 2}, "duplicates": 2, "quarantined": 1,
     "origins": {"web": {...the same keys...}}}

with documents_in = kept + sum(removed) + duplicates + quarantined. The total has `records_read` and
`records_skipped` (reason -> count) besides, with records_read = sum(records_skipped) + documents_in, and where
documents were split by language `documents_split`, how many came of it beyond one a record, with
records_read + documents_split = sum(records_skipped) + documents_in. Translations came of no record: where there are
any, `documents_translated` says how many, and stands beside `documents_split` in that sum; the language's entry
has their part under the origin `mt`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, TypedDict

Count = Literal["documents_in", "kept", "duplicates", "quarantined"]
COUNTS: tuple[Count, ...] = ("documents_in", "kept", "duplicates", "quarantined")


class Counts(TypedDict):
    """How documents ended."""

    documents_in: int
    kept: int
    removed: dict[str, int]
    """Reason -> documents."""
    duplicates: int
    quarantined: int


class Entry(Counts):
    """A language's counts, and the parts of them that came from the web (`web`) and from translation (`mt`)."""

    origins: dict[str, Counts]


class Added(TypedDict, total=False):
    """Documents that came of no record of their own, where there are any."""

    documents_split: int
    documents_translated: int


class Total(Counts, Added):
    """The counts of all languages, with the records behind them."""

    records_read: int
    records_skipped: dict[str, int]
    """Reason -> records."""


class Accounting(TypedDict):
    """How every document of a run ended."""

    total: Total
    languages: dict[str, Entry]


def entry(
    kept: int = 0, removed: dict[str, int] | None = None, duplicates: int = 0, quarantined: int = 0
) -> Entry:
    """The entry of one language, from web documents alone."""
    removed = dict(sorted((removed or {}).items()))
    values: Counts = {
        "documents_in": kept + sum(removed.values()) + duplicates + quarantined,
        "kept": kept,
        "removed": removed,
        "duplicates": duplicates,
        "quarantined": quarantined,
    }
    return {**values, "origins": {"web": values}}


def with_translations(native: Entry | None, translated: Entry) -> Entry:
    """The entry of a language with translations beside its web documents (None: there are none)."""
    native = native or entry()
    origins = {**native["origins"], "mt": translated["origins"]["web"]}
    return {**_sum(origins.values()), "origins": origins}


def _sum(parts: Iterable[Counts]) -> Counts:
    parts = list(parts)
    removed: Counter[str] = Counter()
    for part in parts:
        removed.update(part["removed"])
    return {
        "documents_in": sum(part["documents_in"] for part in parts),
        "kept": sum(part["kept"] for part in parts),
        "removed": dict(sorted(removed.items())),
        "duplicates": sum(part["duplicates"] for part in parts),
        "quarantined": sum(part["quarantined"] for part in parts),
    }


def total(
    languages: Mapping[str, Entry],
    records_read: int,
    records_skipped: dict[str, int],
    documents_split: int = 0,
) -> Total:
    """The sum over languages, key by key, with the records besides."""
    added: Added = {}
    if documents_split:
        added["documents_split"] = documents_split
    if translated := sum(translations(values) for values in languages.values()):
        added["documents_translated"] = translated
    return {
        "records_read": records_read,
        "records_skipped": dict(sorted(records_skipped.items())),
        **added,
        **_sum(languages.values()),
    }


def violations(accounting: Accounting) -> list[str]:
    """What does not hold, one line each; empty where the accounting is sound."""
    whole = accounting["total"]
    found = list(_unbalanced("total", whole))
    for name, values in accounting["languages"].items():
        found += _unbalanced(name, values)
        for origin, part in values["origins"].items():
            found += _unbalanced(f"{name}, origin {origin}", part)
        for count in COUNTS:
            if sum(part[count] for part in values["origins"].values()) != values[count]:
                found.append(f"{name}: {count} is {values[count]}, not the sum over origins")
    summed = total(accounting["languages"], whole["records_read"], whole["records_skipped"])
    checked: tuple[Literal[Count, "removed"], ...] = (*COUNTS, "removed")
    for key in checked:
        if summed[key] != whole[key]:
            found.append(f"total: {key} is {whole[key]}, but the languages add up to {summed[key]}")
    records = sum(whole["records_skipped"].values()) + whole["documents_in"]
    split, translated = whole.get("documents_split", 0), whole.get("documents_translated", 0)
    if translated != summed.get("documents_translated", 0):
        found.append(f"total: {translated} translations, not the sum over the languages")
    if whole["records_read"] + split + translated != records:
        more = f" and {split} documents split off" if split else ""
        more += f" and {translated} translated" if translated else ""
        found.append(
            f"total: {whole['records_read']} records read{more}, but {records} skipped or taken in"
        )
    return found


def translations(values: Entry) -> int:
    """Documents of a language's entry that the run itself made by translation."""
    made = values["origins"].get("mt")
    return made["documents_in"] if made else 0


def _unbalanced(name: str, values: Counts) -> Iterable[str]:
    out = (
        values["kept"]
        + sum(values["removed"].values())
        + values["duplicates"]
        + values["quarantined"]
    )
    if values["documents_in"] != out:
        yield f"{name}: {values['documents_in']} documents in, but {out} accounted for"
