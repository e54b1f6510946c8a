"""What models said of a document."""

import json

from rich.console import Console
from rich.table import Table

from polysieve.filters.quality.selection import DIGITS
from polysieve.pipeline.steps import windows
from polysieve.pipeline.steps.decide.manifest import Decided
from polysieve.pipeline.steps.explained import Explained, Life
from polysieve.pipeline.steps.step import manifest_of


def explain(document: Explained, life: Life) -> None:
    """Add `models`: scores, each with its model's hash and its bounds, and what follows from them."""
    context, unit = document.context, document.documents.unit
    label, row = document.label, document.row
    decisions = context.folder("decisions")
    figures = manifest_of(decisions, unit.name, Decided)["labels"][label.name]["models"]
    for own, part in windows.read(context.folder("scores"), unit.name, label):
        if own.start <= row < own.stop:
            said = part.slice(row - own.start, 1).to_pylist()[0]
    file = f"{unit.name}-selected.parquet"
    selected = label.of_unit(decisions, file, None, slice(row, row + 1)).to_pylist()[0]
    life["models"] = {
        "asked": bool(said["asked"]),
        "scores": {
            name: {
                "score": said[f"score.{name}"] and round(said[f"score.{name}"], DIGITS),
                "model": given["model"],
                "sha256": given["sha256"],
                "kind": given["kind"],
                "cut": given["cut"],
                "action": given["action"],
            }
            for name, given in figures["scores"].items()
        },
        **{key: selected[key] for key in ("quality_score", "tier", "flags", "contaminated")},
        "attributes": json.loads(selected["attributes"] or "{}"),
    }


def show(life: Life, console: Console) -> None:
    """Print the scores beside their bounds."""
    models = life["models"]
    if not models["asked"]:
        console.print("models were not asked")
        return
    table = Table("score", "value", "above", "at most", "model", "SHA-256")
    for name, given in models["scores"].items():
        low, high = ("" if bound is None else f"{bound:.4f}" for bound in given["cut"])
        value = "none" if given["score"] is None else f"{given['score']:.4f}"
        table.add_row(name, value, low, high, given["model"], (given["sha256"] or "")[:12])
    console.print(table)
    others = [(key, models[key]) for key in ("tier", "flags", "contaminated") if models[key]]
    others += sorted(models["attributes"].items())
    if others:
        console.print("; ".join(f"{key}: {value}" for key, value in others), markup=False)
