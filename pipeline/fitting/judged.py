"""`polysieve fit --from-judgements`: thresholds from what people said of a run's documents."""

import json
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters import judged as proposals
from polysieve.filters.judged import KEYS, SCORE, Judged, Proposal
from polysieve.filters.parameters import LanguageParameters
from polysieve.filters.rules import RULES, drops
from polysieve.pipeline.fitting.fitting import SUMMARY
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.decide.reasons import language_cut, rule_thresholds
from polysieve.pipeline.steps.fit import fit
from polysieve.pipeline.steps.step import Plan
from polysieve.pipeline.steps.units import Unit

Key = tuple[str, str | None, int | None]
"""id, file_path and offset of a document."""


@dataclass(frozen=True)
class Document:
    """One judged document."""

    key: Key
    reason: str
    stands_for: float
    """Documents of its stratum, divided by those of them that were judged."""
    bad: float
    """Share of the people who judged it."""


def documents(
    rows: Iterable[Mapping[str, Any]], good: Collection[str]
) -> dict[str, list[Document]]:
    """Label -> its judged documents, in the order of a hash. rows: of `Database.judged`; good: codes to be kept."""
    said: dict[str, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["stage"]:
            said[row["label"]][row["document"]].append(row)
    found: dict[str, list[Document]] = {}
    for label, own in sorted(said.items()):
        first = {name: rows_of[0] for name, rows_of in sorted(own.items())}
        strata = [(row["stage"], row["reason"]) for row in first.values()]
        found[label] = [
            Document(
                (row["id"], row["file_path"], row["offset"]),
                row["reason"],
                row["population"] / strata.count((row["stage"], row["reason"])),
                sum(r["code"] not in good for r in own[name]) / len(own[name]),
            )
            for name, row in first.items()
        ]
    return found


def keys_of(recipe: Recipe, label: str) -> list[str]:
    """The keys of a language's parameters that decide in a recipe: those that it does not set a value for itself."""
    found = [SCORE] if recipe.language.cut == "parameters" else []
    own = {
        name
        for name, value in recipe.column_rules.items()
        if value is None or (isinstance(value, dict) and value.get(label) is None)
    }
    for key in KEYS:
        rules = {name for name, rule in RULES.items() if rule.parameter == key}
        if rules and rules <= own:
            found.append(key)
    return found


def propose(plan: Plan, said: Mapping[str, list[Document]]) -> dict[str, Proposal]:
    """Label -> what the judgements speak for, of the languages of a finished run that have some.

    Documents that the run does not hold any more are left out.
    """
    fitted = fit.read(plan.context.folder("fit"))
    found: dict[str, Proposal] = {}
    for unit in plan.units:
        here = {label: said[label] for label in unit.labels if label in said}
        if not here:
            continue
        measured = _measured(plan, unit, [d.key for own in here.values() for d in own])
        for label, own in here.items():
            own = [d for d in own if d.key in measured]
            found[label] = _proposal(plan.recipe, label, fitted[label].parameters, own, measured)
    return found


def _measured(plan: Plan, unit: Unit, keys: Sequence[Key]) -> dict[Key, dict[str, float | None]]:
    """Columns of a unit's documents with these keys; of several that are alike the first."""
    rules = [RULES[name].metric for name in plan.recipe.column_rules]
    metrics = sorted({*rules, *proposals.METRICS} - {SCORE})
    wanted, ids = set(keys), pa.array(sorted({id for id, _, _ in keys}), pa.string())
    found: dict[Key, dict[str, float | None]] = {}
    documents, fitting = (
        {"documents": ["id", "offset", "language_score"]},
        plan.context.folder("fit"),
    )
    for label in plan.context.labels(unit.labels):
        for own, signals, read in fit.signals_of(fitting, unit.name, label, metrics, documents):
            table, addresses = read["documents"], label.addresses(own)
            for place in pc.indices_nonzero(pc.is_in(table["id"], ids)).to_pylist():
                id, offset, score = (table[name][place].as_py() for name in table.column_names)
                key = (id, addresses[place].as_py(), offset)
                if key in wanted:
                    wanted.remove(key)
                    found[key] = {m: signals[m][place].as_py() for m in metrics} | {SCORE: score}
    return found


def _proposal(
    recipe: Recipe,
    label: str,
    parameters: LanguageParameters,
    said: list[Document],
    measured: Mapping[Key, dict[str, float | None]],
) -> Proposal:
    keys = keys_of(recipe, label)
    if SCORE not in keys:  # what the recipe's own cut removed never met a rule
        said = [d for d in said if d.reason != SCORE]
    metrics = {
        name: np.array([_number(measured[d.key][name]) for d in said], np.float64)
        for name in (*proposals.METRICS, *(RULES[n].metric for n in recipe.column_rules))
    }
    removed = np.array([d.reason not in ("kept", SCORE, *recipe.column_rules) for d in said], bool)
    for name, limit in rule_thresholds(recipe, label, parameters).items():
        if RULES[name].parameter not in keys and limit is not None:
            removed |= drops(RULES[name], metrics[RULES[name].metric], limit)
    reasons = sorted({d.reason for d in said})
    judged = Judged(
        metrics,
        np.array([d.bad for d in said], np.float64),
        np.array([reasons.index(d.reason) for d in said], np.int64),
        np.array([d.stands_for for d in said], np.float64),
        removed,
    )
    cut = language_cut(recipe, parameters)  # a default where the language has none
    present = parameters.model_copy(update={SCORE: cut}) if SCORE in keys else parameters
    found = proposals.propose(label, present, judged, keys)
    if SCORE in keys and SCORE not in found.changed:
        own = found.parameters.model_copy(update={SCORE: parameters.language_score})
        found = Proposal(**{**vars(found), "parameters": own})
    return found


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def write(
    plan: Plan, found: Mapping[str, Proposal], output: Path, origin: Mapping[str, object]
) -> None:
    """Write a file for each language of the run, as it was decided but for what was proposed, and a summary."""
    output.mkdir(parents=True, exist_ok=True)
    for label, fitted in fit.read(plan.context.folder("fit")).items():
        values = found[label].parameters if label in found else fitted.parameters
        (output / f"{label}.yaml").write_text(values.to_yaml(), "utf-8")
    languages = {
        label: {
            "documents": p.documents,
            "bad": p.bad,
            "changed": list(p.changed),
            "balanced_accuracy": {
                name: None if math.isnan(value) else round(value, 4)
                for name, value in (
                    ("before", p.before),
                    ("after", p.after),
                    ("held_out", p.held_out),
                )
            },
        }
        for label, p in found.items()
    }
    (output / SUMMARY).write_text(json.dumps({**origin, "judged": languages}, indent=1) + "\n")
