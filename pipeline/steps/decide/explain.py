"""Why a document was kept or not: its language score, every rule beside its threshold, and the decision."""

import json
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.table import Table

from polysieve.filters import rules
from polysieve.pipeline.steps.decide import explain_models, reasons
from polysieve.pipeline.steps.explained import Explained, Life
from polysieve.pipeline.steps.fit import fit


def explain(document: Explained, life: Life) -> None:
    """Add `language`, `rules`, `decision` and, where models are asked, `models`; `signals` are there."""
    recipe, label = document.recipe, document.label.name
    parameters = fit.read(document.context.folder("fit"))[label].parameters
    limits = reasons.rule_thresholds(recipe, label, parameters)
    life["language"] = {
        "label": label,
        "score": document.measured["language_score"],
        "cut": reasons.language_cut(recipe, parameters),
        "candidates": json.loads(document.measured["top_langs"] or "{}"),
    }
    life["rules"] = [_compared(name, limit, life["signals"]) for name, limit in limits.items()]
    if document.context.get("scores"):
        explain_models.explain(document, life)
    life["decision"] = {key: document.decision[key] for key in ("outcome", "reason", "weight")}


def _compared(name: str, threshold: float | None, signals: dict[str, Any]) -> dict[str, Any]:
    rule = rules.RULES[name]
    value = signals[rule.metric]
    fails = False
    if threshold is not None:
        column = pa.array([value], pa.float64()).to_numpy(zero_copy_only=False)
        fails = bool(rules.drops(rule, column, threshold)[0])
    return {
        "rule": name,
        "metric": rule.metric,
        "value": value,
        "threshold": threshold,
        "drops_if": rule.direction,
        "fails": fails,
    }


def show(life: Life, console: Console) -> None:
    """Print the language and every rule beside its threshold."""
    language = life["language"]
    candidates = ", ".join(f"{k} {v:.4g}" for k, v in language["candidates"].items())
    cut = "no cut" if language["cut"] is None else f"cut {language['cut']}"
    console.print(
        f"language {language['label']} {language['score']:.4f} ({cut}); candidates: {candidates or 'none'}"
    )
    table = Table("rule", "metric", "value", "drops if", "threshold", "")
    for r in life["rules"]:
        value = "none" if r["value"] is None else f"{r['value']:.6g}"
        threshold = "does not apply" if r["threshold"] is None else f"{r['threshold']:.6g}"
        table.add_row(
            r["rule"], r["metric"], value, r["drops_if"], threshold, "FAILS" if r["fails"] else ""
        )
    console.print(table)
    if "models" in life:
        explain_models.show(life, console)
