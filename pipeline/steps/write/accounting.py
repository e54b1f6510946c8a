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
from collections.abc import Iterable
from typing import Any

COUNTS = ("documents_in", "kept", "duplicates", "quarantined")


def entry(
    kept: int = 0, removed: dict[str, int] | None = None, duplicates: int = 0, quarantined: int = 0
) -> dict[str, Any]:
    """The entry of one language, from web documents alone."""
    removed = dict(sorted((removed or {}).items()))
    values: dict[str, Any] = {
        "documents_in": kept + sum(removed.values()) + duplicates + quarantined,
        "kept": kept,
        "removed": removed,
        "duplicates": duplicates,
        "quarantined": quarantined,
    }
    return {**values, "origins": {"web": values}}


def with_translations(native: dict[str, Any] | None, translated: dict[str, Any]) -> dict[str, Any]:
    """The entry of a language with translations beside its web documents (None: there are none)."""
    native = native or entry()
    origins = {**native["origins"], "mt": translated["origins"]["web"]}
    removed: Counter[str] = Counter()
    for part in origins.values():
        removed.update(part["removed"])
    sums = {key: sum(part[key] for part in origins.values()) for key in COUNTS}
    return {**native, **sums, "removed": dict(sorted(removed.items())), "origins": origins}


def total(
    languages: dict[str, dict[str, Any]],
    records_read: int,
    records_skipped: dict[str, int],
    documents_split: int = 0,
) -> dict[str, Any]:
    """The sum over languages, key by key, with the records besides."""
    removed: Counter[str] = Counter()
    for values in languages.values():
        removed.update(values["removed"])
    result: dict[str, Any] = {key: sum(v[key] for v in languages.values()) for key in COUNTS}
    translated = sum(translations(values) for values in languages.values())
    return {
        "records_read": records_read,
        "records_skipped": dict(sorted(records_skipped.items())),
        **({"documents_split": documents_split} if documents_split else {}),
        **({"documents_translated": translated} if translated else {}),
        "documents_in": result["documents_in"],
        "kept": result["kept"],
        "removed": dict(sorted(removed.items())),
        "duplicates": result["duplicates"],
        "quarantined": result["quarantined"],
    }


def violations(accounting: dict[str, Any]) -> list[str]:
    """What does not hold, one line each; empty where the accounting is sound."""
    found: list[str] = []
    whole = accounting["total"]
    for name, values in [("total", whole), *accounting["languages"].items()]:
        found += _unbalanced(name, values)
        origins = values.get("origins")
        if origins:
            for origin, part in origins.items():
                found += _unbalanced(f"{name}, origin {origin}", part)
            for key in COUNTS:
                if sum(part[key] for part in origins.values()) != values[key]:
                    found.append(f"{name}: {key} is {values[key]}, not the sum over origins")
    summed = total(accounting["languages"], whole["records_read"], whole["records_skipped"])
    for key in (*COUNTS, "removed"):
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


def translations(values: dict[str, Any]) -> int:
    """Documents of a language's entry that the run itself made by translation."""
    return values.get("origins", {}).get("mt", {}).get("documents_in", 0)


def _unbalanced(name: str, values: dict[str, Any]) -> Iterable[str]:
    out = (
        values["kept"]
        + sum(values["removed"].values())
        + values["duplicates"]
        + values["quarantined"]
    )
    if values["documents_in"] != out:
        yield f"{name}: {values['documents_in']} documents in, but {out} accounted for"
