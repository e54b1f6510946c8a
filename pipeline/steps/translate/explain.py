"""The lives of translations."""

import json

import pyarrow.compute as pc
from rich.console import Console

from polysieve.pipeline.steps.explained import Life
from polysieve.pipeline.steps.step import Plan
from polysieve.pipeline.steps.translate import checking
from polysieve.pipeline.steps.translate.places import sizes
from polysieve.pipeline.steps.translate.translations import TRANSLATED, name_of
from polysieve.translation.checks import CHECKS


def translated(plan: Plan, column: str, value: str) -> list[Life]:
    """The translations with this id or url: where they came from, what the checks say, and the decision."""
    assert plan.recipe.translate is not None
    translate, admit = plan.context.folder("translate"), plan.context.folder("admit")
    lives = []
    for label in plan.recipe.translate.targets:
        limits = checking.bounds(plan.recipe.translate.targets[label].checks)
        first = 0
        for number, size in sizes(plan.context, label):
            name = translate.file(f"documents/{name_of(label, number)}.parquet")
            documents = plan.store.read_columns(name, [c for c in TRANSLATED.names if c != "text"])
            for row in pc.indices_nonzero(pc.equal(documents[column], value)).to_pylist():
                one = documents.slice(row, 1).to_pylist()[0]
                decided = plan.store.read_columns(
                    admit.file(f"{label}.parquet"), None, first + row, first + row + 1
                ).to_pylist()[0]
                lives.append(
                    {
                        "id": one["id"],
                        "url": one["url"],
                        "source": {
                            k: one[k] for k in ("file_path", "offset", "record", "dump", "date")
                        },
                        "translation": {
                            "source_id": one["source_id"],
                            "source_language": one["source_language"],
                            "language": label,
                            "language_score": one["language_score"],
                            "engine": json.loads(one["engine"]),
                            "segments": json.loads(one["segment_status"]),
                            "checks": {name: one[name] for name in CHECKS.names},
                            "limits": limits,
                            "failed_checks": (one["failed_checks"] or "").split(",")
                            if one["failed_checks"]
                            else [],
                        },
                        "decision": {k: decided[k] for k in ("outcome", "reason", "weight")},
                    }
                )
            first += size
    return lives


def show(life: Life, console: Console) -> None:
    """Print where a translation comes from, and what was measured of it."""
    made = life["translation"]
    hops = ", then ".join(hop["engine"] for hop in made["engine"])
    console.print(
        f"translated from {made['source_language']} {made['source_id']} into {made['language']} "
        f"(score {made['language_score']:.4f}) by {hops}",
        markup=False,
        soft_wrap=True,
    )
    segments = ", ".join(f"{status} {count}" for status, count in made["segments"].items())
    console.print(f"segments: {segments}")
    for name, figure in made["checks"].items():
        if figure is not None:
            fails = "  FAILS" if name in made["failed_checks"] else ""
            console.print(
                f"  {name} {figure:.4g}{_limits(*made['limits'].get(name, (None, None)))}{fails}"
            )
    if "language" in made["failed_checks"]:
        console.print("  another language is identified in it  FAILS")


def _limits(low: float | None, high: float | None) -> str:
    """What a figure must keep to, in words; nothing where any will do."""
    if low is None:
        return "" if high is None else f" (at most {high:g})"
    return f" (at least {low:g})" if high is None else f" ({low:g} to {high:g})"
