"""What differs between two runs, by the figures of their reports."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict, TypeGuard

from rich.console import Console
from rich.table import Table

from polysieve.audit.figures import COUNTS, CountedRun
from polysieve.audit.report import Index

OF_LANGUAGE = ("documents", "kept", "kept_words", "kept_share", "duplicates_share", "contamination")
SHOWN = 40
OWN = "each language's own"
"""A rule's threshold that the recipe does not give."""


class Change(TypedDict):
    """A figure's or a setting's two values, None where there is nothing; for numbers the difference."""

    before: object
    after: object
    change: NotRequired[float | None]


class Differences(TypedDict):
    """What differs between two reports."""

    total: dict[str, Change]
    """Counts that changed, reasons of removal among them."""
    rules: dict[str, Change]
    """Of the recipes."""
    recipe: dict[str, Change]
    """Other keys of the recipes."""
    languages: dict[str, dict[str, Change]]
    """Label -> figures that changed."""


def compare(before: Index, after: Index) -> Differences:
    """The differences between two reports' `index.json`."""
    totals = [_counts(report["total"]) for report in (before, after)]
    recipes = [dict(report["run"].get("recipe") or {}) for report in (before, after)]
    for section in set(recipes[0]) | set(recipes[1]):
        is_given = [isinstance(recipe.get(section), dict) for recipe in recipes]
        if is_given[0] != is_given[1]:  # its keys differ from nothing
            for recipe, given in zip(recipes, is_given, strict=True):
                recipe[section] = "given" if given else "absent"
    recipe = _changes(*map(_flat, recipes))
    rows: list[dict[str, Mapping[str, object]]] = [
        {row["label"]: row for row in report["languages"]} for report in (before, after)
    ]
    languages = {}
    for label in sorted(set(rows[0]) | set(rows[1])):
        own = [
            {key: row.get(key) for key in OF_LANGUAGE}
            for row in (one.get(label) or {} for one in rows)
        ]
        if changed := _changes(*own):
            languages[label] = changed
    return {
        "total": _changes(*totals),
        "rules": {k.removeprefix("rules."): v for k, v in recipe.items() if k.startswith("rules.")},
        "recipe": {k: v for k, v in recipe.items() if not k.startswith("rules.")},
        "languages": languages,
    }


def _counts(total: CountedRun) -> dict[str, int]:
    counts: dict[str, int | None] = {key: total.get(key) for key in COUNTS}
    reasons = {f"removed: {reason}": n for reason, n in (total.get("removed") or {}).items()}
    return {key: n for key, n in {**counts, **reasons}.items() if n is not None}


def _flat(value: Mapping[str, object], before: str = "") -> dict[str, object]:
    """Nested keys as one dotted key each."""
    found: dict[str, object] = {}
    for key, one in value.items():
        found |= (
            _flat(one, f"{before}{key}.")
            if isinstance(one, dict) and one
            else {f"{before}{key}": one}
        )
    return found


def _changes(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, Change]:
    """Key -> change, of the keys whose values differ, in the order of `before`, then of `after`."""
    found: dict[str, Change] = {}
    for key in dict.fromkeys([*before, *after]):
        one, other = before.get(key), after.get(key)
        if one == other and (key in before) == (key in after):
            continue
        found[key] = {"before": one, "after": other}
        if _is_number(one) or _is_number(other):
            left, right = one or 0, other or 0
            found[key]["change"] = right - left if _is_number(right) and _is_number(left) else None
    return found


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def print_comparison(found: Differences, console: Console) -> None:
    """The differences for a person: the languages in which the most documents changed sides first."""
    if not any(found.values()):
        console.print("no figure of the two reports differs")
        return
    for key, change in found["recipe"].items():
        console.print(f"recipe {key}: {change['before']} → {change['after']}")
    for key, change in found["rules"].items():
        sides = (OWN if side is None else side for side in (change["before"], change["after"]))
        console.print(f"rule {key}: {' → '.join(map(str, sides))}")
    if not found["total"] and not found["languages"]:
        console.print("no figure of the two reports differs")
    if found["total"]:
        table = Table("in total", "before", "after", "change")
        for key, change in found["total"].items():
            table.add_row(key, _shown(change["before"]), _shown(change["after"]), _signed(change))
        console.print(table)
    languages = found["languages"]
    ranked = sorted(languages, key=lambda label: (-_moved(languages[label]), label))
    if ranked:
        table = Table("language", "documents", "kept", "change", "words kept", "change")
        for label in ranked[:SHOWN]:
            own = languages[label]
            kept, words = own.get("kept"), own.get("kept_words")
            table.add_row(
                label,
                _signed(own.get("documents")),
                _shown(kept["after"] if kept else None),
                _signed(kept),
                _shown(words["after"] if words else None),
                _signed(words),
            )
        console.print(table)
        more = len(ranked) - SHOWN
        console.print(
            f"{len(ranked)} languages differ"
            + (f", {more} more than shown; --json has all" if more > 0 else "")
        )


def _moved(changes: dict[str, Change]) -> float:
    return max(
        (abs(changes[k].get("change") or 0) for k in ("documents", "kept") if k in changes),
        default=0,
    )


def _shown(value: object) -> str:
    return "" if value is None else f"{value:,}" if _is_number(value) else str(value)


def _signed(change: Change | None) -> str:
    value = change.get("change") if change else None
    return "" if not value else f"{value:+,}" if isinstance(value, int) else f"{value:+.4g}"
