"""One document's life: where it came from, what was measured, and why it was kept or not."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.dedup import edges, host_lines
from polysieve.filters import rules
from polysieve.filters.quality.selection import DIGITS
from polysieve.pipeline.inspection.explain_translated import translated_lives
from polysieve.pipeline.steps import units, windows
from polysieve.pipeline.steps.cluster.dedup_inputs import DedupInputs
from polysieve.pipeline.steps.containment import containment
from polysieve.pipeline.steps.decide import reasons
from polysieve.pipeline.steps.decide.cascade import DUPLICATE, KEPT, OUTCOMES
from polysieve.pipeline.steps.fit import fit
from polysieve.pipeline.steps.host_lines import lines
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.step import Plan
from polysieve.pipeline.steps.units import Unit
from polysieve.pipeline.texts import cleaning

SHOWN_MATES = 20
CHAINED = 5_000  # members of the largest cluster in which a chain is looked for


def explain_documents(plan: Plan, id: str | None, url: str | None) -> list[dict[str, Any]]:
    """A dictionary for each document of the run with this id, or this url, in the order of the corpus."""
    column, value = ("id", id) if id is not None else ("url", url)
    index = plan.store.read_columns(plan.context.index_file, None)
    lives = []
    for unit in units.units(index):
        for label in plan.context.labels(unit.labels):
            values = label.read("documents", [column])[column]
            matches = pc.indices_nonzero(pc.equal(values, value)).to_pylist()
            if matches:
                lives += _lives(plan, unit, label.alone(), matches)
    lives += translated_lives(plan, column, value)
    lives += _quarantined(plan, column, value)
    return lives


def _lives(plan: Plan, unit: Unit, label: Label, matches: list[int]) -> list[dict[str, Any]]:
    columns = [
        "id",
        "url",
        "date",
        "dump",
        "title",
        "label",
        "language_score",
        "top_langs",
        "offset",
        "record",
        "cut",
        "text",
    ]
    context = plan.context
    documents = label.read("documents", columns)
    metrics = next(label.parts("signals", None)).column_names
    parts = fit.signals_of(context.folder("fit"), unit.piece, label, metrics)
    signals = pa.concat_tables(part for _, part, _ in parts)
    clusters = label.of_unit(context.folder("clusters"), f"{unit.piece}.parquet", None)
    decided = label.of_unit(context.folder("decisions"), f"{unit.piece}.parquet", None)
    recurring, verdicts = context.get("lines"), context.get("judgements")
    containing = context.get("containment")
    marks = lines.read(recurring, label, lines.MARKS.names) if recurring else None
    if marks:
        signals = lines.with_share(signals, marks)
    judged = None
    if verdicts:
        judged = pa.concat_tables(p for _, p in windows.read(verdicts, unit.piece, label))
    pairs = containment.pairs(containing, label) if containing else None
    parameters = fit.read(context.folder("fit"))[label.name].parameters
    limits = reasons.rule_thresholds(plan.recipe, label.name, parameters)
    lives = []
    texts = documents["text"].take(matches).combine_chunks()
    if marks and plan.recipe.host_lines and plan.recipe.host_lines.remove:
        kept = pc.equal(decided["outcome"].take(matches), OUTCOMES[KEPT])
        numbers = marks["numbers"].take(matches)
        texts = host_lines.without_lines(texts, pc.if_else(kept, numbers, None).combine_chunks())
    written = cleaning.of_written(
        texts,
        documents["label"].take(matches).combine_chunks(),
        plan.recipe.clean,
    )
    for number, row in enumerate(matches):
        document = {
            k: v[0].as_py() for k, v in zip(columns, documents.slice(row, 1).columns, strict=True)
        }
        measured = signals.slice(row, 1).to_pylist()[0]
        cluster = clusters["cluster_id"][row].as_py()
        mates = pc.indices_nonzero(pc.equal(clusters["cluster_id"], cluster)).to_pylist()
        lives.append(
            {
                "id": document["id"],
                "url": document["url"],
                "source": {
                    "file_path": clusters["file_path"][row].as_py(),
                    "offset": document["offset"],
                    "record": document["record"],
                    "dump": document["dump"],
                    "date": document["date"],
                },
                "title": document["title"],
                "text_start": (written.texts[number].as_py() or "")[:200],
                "containment": _containment(pairs, row, clusters, documents, decided),
                "host_lines": _host_lines(plan, marks, row, documents),
                "pii": dict(sorted(written.counts.get(number, {}).items())),
                "language": {
                    "label": label.name,
                    "score": document["language_score"],
                    "cut": reasons.language_cut(plan.recipe, parameters),
                    "candidates": json.loads(document["top_langs"] or "{}"),
                },
                "signals": measured,
                "rules": [_judged(name, limit, measured) for name, limit in limits.items()],
                "judgements": [
                    _judgement(name, block.datatrove, judged, row)
                    for name, block in plan.recipe.text_rules.items()
                ],
                "models": _models(plan, unit, label, row),
                "cluster": {
                    "cluster_id": cluster,
                    "size": decided["minhash_cluster_size"][row].as_py(),
                    "size_before_cut": len(mates),
                    "chain": _chain(plan, label, row, mates, documents, decided),
                    "mates": [
                        _mate(clusters, documents, decided, mate)
                        for mate in mates[:SHOWN_MATES]
                        if mate != row
                    ],
                },
                "decision": {
                    "outcome": decided["outcome"][row].as_py(),
                    "reason": decided["reason"][row].as_py(),
                    "weight": decided["weight"][row].as_py(),
                },
            }
        )
    return lives


def _containment(
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray] | None,
    row: int,
    clusters: pa.Table,
    documents: pa.Table,
    decided: pa.Table,
) -> dict[str, list[dict[str, Any]]] | None:
    """The documents that contain this one, and those that it contains, with the share of the contained one's n-grams.
    None where the recipe does not ask."""
    if pairs is None:
        return None
    inner, outer, share = pairs

    def others(own: np.ndarray, other: np.ndarray) -> list[dict[str, Any]]:
        places = np.flatnonzero(own == row)[:SHOWN_MATES].tolist()
        return [
            {**_mate(clusters, documents, decided, int(other[place])), "share": float(share[place])}
            for place in places
        ]

    return {"contained_in": others(inner, outer), "contains": others(outer, inner)}


def _host_lines(
    plan: Plan, marks: pa.Table | None, row: int, documents: pa.Table
) -> dict[str, Any] | None:
    """Of how many documents the host is (None: fewer than min_documents), and the document's lines that recur on it,
    each with its number and the documents of the host that have it. None where the recipe does not ask."""
    if marks is None or plan.recipe.host_lines is None:
        return None
    found = marks.slice(row, 1).to_pylist()[0]
    text = (documents["text"][row].as_py() or "").split("\n")
    return {
        "removed": plan.recipe.host_lines.remove,
        "host_documents": found["host_documents"] or None,
        "lines": [
            {"number": number, "documents": seen, "line": text[number].strip()}
            for number, seen in zip(found["numbers"], found["documents"], strict=True)
        ],
    }


def _models(plan: Plan, unit: Unit, label: Label, row: int) -> dict[str, Any]:
    """What models said of a document, each with its hash and the bounds of its score; empty where none was asked."""
    scores = plan.context.get("scores")
    if scores is None:
        return {}
    manifest = plan.context.folder("decisions").manifest(unit.piece)
    assert manifest is not None
    figures = manifest["labels"][label.name]["models"]
    said = selected = None
    for own, part in windows.read(scores, unit.piece, label):
        if own.start <= row < own.stop:
            said = part.slice(row - own.start, 1).to_pylist()[0]
    decisions, file = plan.context.folder("decisions"), f"{unit.piece}-selected.parquet"
    selected = label.of_unit(decisions, file, None, slice(row, row + 1)).to_pylist()[0]
    assert said is not None
    return {
        "asked": bool(said["asked"]),
        "scores": {
            name: {
                "score": said[f"score.{name}"] and round(said[f"score.{name}"], DIGITS),
                **{key: given[key] for key in ("model", "sha256", "kind", "cut", "action")},
            }
            for name, given in figures["scores"].items()
        },
        **{key: selected[key] for key in ("quality_score", "tier", "flags", "contaminated")},
        "attributes": json.loads(selected["attributes"] or "{}"),
    }


def _judged(name: str, threshold: float | None, measured: dict[str, Any]) -> dict[str, Any]:
    rule = rules.RULES[name]
    value = measured[rule.metric]
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


def _judgement(name: str, path: str, judged: pa.Table | None, row: int) -> dict[str, Any]:
    """What a rule that reads text said of a document; `passed` is None where it was not asked."""
    passed, reason = (
        None if judged is None else judged[f"{name}.{column}"][row].as_py()
        for column in ("passed", "reason")
    )
    return {"rule": name, "datatrove": path, "passed": passed, "reason": reason}


def _chain(
    plan: Plan,
    label: Label,
    row: int,
    mates: list[int],
    documents: pa.Table,
    decided: pa.Table,
) -> list[dict[str, Any]]:
    """How a duplicate hangs together with the representative of its cluster: documents from the one to the other, each
    with its estimated similarity to the one before. Empty where there is nothing to show: for a
    representative, a cluster of another run's, or one of more than CHAINED members."""
    settings = plan.recipe.dedup.minhash
    outcomes = pc.take(decided["outcome"].cast(pa.string()), pa.array(mates)).to_pylist()
    sizes = pc.take(decided["minhash_cluster_size"], pa.array(mates)).to_pylist()
    representatives = [
        place
        for place, (outcome, size) in enumerate(zip(outcomes, sizes, strict=True))
        if outcome != OUTCOMES[DUPLICATE] and size is not None
    ]
    start = mates.index(row)
    if settings is None or len(mates) > CHAINED or not representatives or start in representatives:
        return []
    keys, low = DedupInputs(label, settings).take(np.array(mates))
    near = edges.agreement(low, np.full(len(representatives), start), np.array(representatives))
    end = representatives[int(np.argmax(near))]
    path = edges.chain(keys, low, start, end, settings.verify)
    steps = []
    for before, place in zip([path[0], *path] if path else [], path, strict=False):
        similarity = edges.agreement(low, np.array([before]), np.array([place]))[0]
        steps.append(
            {
                "id": documents["id"][mates[place]].as_py(),
                "url": documents["url"][mates[place]].as_py(),
                "similarity": None if before == place else round(float(similarity), 4),
            }
        )
    return steps


def _mate(clusters: pa.Table, documents: pa.Table, decided: pa.Table, row: int) -> dict[str, Any]:
    return {
        "id": documents["id"][row].as_py(),
        "url": documents["url"][row].as_py(),
        "file_path": clusters["file_path"][row].as_py(),
        "outcome": decided["outcome"][row].as_py(),
        "reason": decided["reason"][row].as_py(),
    }


def _quarantined(plan: Plan, column: str, value: str | None) -> list[dict[str, Any]]:
    table = plan.store.read_columns("quarantine/train-00000.parquet", None)
    found = table.filter(pc.equal(table[column], value)).to_pylist()
    return [
        {
            "id": row["id"],
            "url": row["url"],
            "source": {key: row[key] for key in ("file_path", "offset", "record")},
            "decision": {"outcome": "quarantined", "reason": row["cause"], "weight": 0},
        }
        for row in found
    ]
