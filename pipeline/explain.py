"""One document's life: where it came from, what was measured, and why it was kept or not."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from dedup import edges, host_lines
from filters import rules
from filters.quality.selection import DIGITS
from pipeline import cleaning
from pipeline.explain_translated import print_translation, translated_lives
from pipeline.plan import Plan
from pipeline.steps import containment, decisions, fit, lines, units, windows
from pipeline.steps.population import Population
from pipeline.steps.units import Rows, Unit

SHOWN_MATES = 20
CHAINED = 5_000  # members of the largest cluster in which a chain is looked for


def explain_documents(plan: Plan, id: str | None, url: str | None) -> list[dict[str, Any]]:
    """A dictionary for each document of the run with this id, or this url, in the order of the corpus."""
    column, value = ("id", id) if id is not None else ("url", url)
    index = plan.store.read_columns(plan.index_file, None)
    lives = []
    for unit in units.units(index):
        rows = Rows.of(plan.measure, plan.index_file, unit.labels)
        matches = pc.indices_nonzero(
            pc.equal(rows.read("documents", [column])[column], value)
        ).to_pylist()
        if matches:
            lives += _lives(plan, unit, rows, matches)
    lives += translated_lives(plan, column, value)
    lives += _quarantined(plan, column, value)
    return lives


def _lives(plan: Plan, unit: Unit, rows: Rows, matches: list[int]) -> list[dict[str, Any]]:
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
    documents = rows.read("documents", columns)
    first = next(rows.parts("signals", None)).column_names
    parts = fit.signals_of(plan.fit, unit, rows, first)
    signals = pa.concat_tables(part for _, part in parts)
    clusters = plan.store.read_columns(plan.clusters.file(f"{unit.piece}.parquet"), None)
    decided = plan.store.read_columns(plan.decisions.file(f"{unit.piece}.parquet"), None)
    marks = lines.read(plan.lines, rows, lines.MARKS.names) if plan.lines else None
    if marks:
        signals = lines.with_share(signals, marks)
    judged = None
    if plan.judgements:
        judged = pa.concat_tables(p for _, p in windows.read(plan.judgements, unit, rows))
    pairs = containment.pairs(plan.containment, rows) if plan.containment else None
    fitted = fit.read(plan.fit)
    lives = []
    texts = documents["text"].take(matches).combine_chunks()
    if marks and plan.recipe.host_lines and plan.recipe.host_lines.remove:
        kept = pc.equal(decided["outcome"].take(matches), decisions.OUTCOMES[decisions.KEPT])
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
        label = document["label"]
        measured = signals.slice(row, 1).to_pylist()[0]
        parameters = fitted[label].parameters
        limits = decisions.rule_thresholds(plan.recipe, label, parameters)
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
                    "label": label,
                    "score": document["language_score"],
                    "cut": decisions.language_cut(plan.recipe, parameters),
                    "candidates": json.loads(document["top_langs"] or "{}"),
                },
                "signals": measured,
                "rules": [_judged(name, limit, measured) for name, limit in limits.items()],
                "judgements": [
                    _judgement(name, block.datatrove, judged, row)
                    for name, block in plan.recipe.text_rules.items()
                ],
                "models": _models(plan, unit, rows, row, label),
                "cluster": {
                    "cluster_id": cluster,
                    "size": decided["minhash_cluster_size"][row].as_py(),
                    "size_before_cut": len(mates),
                    "chain": _chain(plan, unit, rows, row, mates, documents, decided),
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


def _models(plan: Plan, unit: Unit, rows: Rows, row: int, label: str) -> dict[str, Any]:
    """What models said of a document, each with its hash and the bounds of its score; empty where none was asked."""
    if plan.scores is None:
        return {}
    manifest = plan.decisions.manifest(unit.piece)
    assert manifest is not None
    figures = manifest["labels"][label]["models"]
    said = selected = None
    for own, part in windows.read(plan.scores, unit, rows):
        if own.start <= row < own.stop:
            said = part.slice(row - own.start, 1).to_pylist()[0]
    file = plan.decisions.file(f"{unit.piece}-selected.parquet")
    selected = plan.store.read_columns(file, None, row, row + 1).to_pylist()[0]
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
    unit: Unit,
    rows: Rows,
    row: int,
    mates: list[int],
    documents: pa.Table,
    decided: pa.Table,
) -> list[dict[str, Any]]:
    """How a duplicate hangs together with the member that stands for it: documents from the one to the other, each
    with its estimated similarity to the one before. Empty where there is nothing to show: for a
    member that stands itself, a cluster of another run's, or one of more than CHAINED members."""
    settings = plan.recipe.dedup.minhash
    outcomes = pc.take(decided["outcome"].cast(pa.string()), pa.array(mates)).to_pylist()
    sizes = pc.take(decided["minhash_cluster_size"], pa.array(mates)).to_pylist()
    standing = [
        place
        for place, (outcome, size) in enumerate(zip(outcomes, sizes, strict=True))
        if outcome != decisions.OUTCOMES[decisions.DUPLICATE] and size is not None
    ]
    start = mates.index(row)
    if settings is None or len(mates) > CHAINED or not standing or start in standing:
        return []
    keys, low = Population(rows, unit, settings).take(np.array(mates))
    near = edges.agreement(low, np.full(len(standing), start), np.array(standing))
    end = standing[int(np.argmax(near))]
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


def print_explanation(life: dict[str, Any], console: Console) -> None:
    """A document's life for a person."""
    source, decision = life["source"], life["decision"]
    console.print(f"{life['id']}  {life['url'] or ''}", style="bold", markup=False)
    where = f"{source['file_path']}, offset {source['offset']}, record {source['record']}"
    when = f"  ({source.get('dump') or 'no dump'}, {source.get('date') or 'no date'})"
    console.print(where + when, markup=False, soft_wrap=True)
    reason = f": {decision['reason']}" if decision["reason"] else f", weight {decision['weight']}"
    console.print(
        f"{decision['outcome']}{reason}",
        style="green" if decision["outcome"] == "kept" else "red",
        markup=False,
    )
    if "translation" in life:
        print_translation(life["translation"], console)
    if "language" not in life:
        return
    language = life["language"]
    candidates = ", ".join(f"{k} {v:.4g}" for k, v in language["candidates"].items())
    cut = "no cut" if language["cut"] is None else f"cut {language['cut']}"
    console.print(
        f"language {language['label']} {language['score']:.4f} ({cut}); candidates: {candidates or 'none'}"
    )
    console.print(f"text as written: {' '.join(life['text_start'].split())}…", markup=False)
    if life["pii"]:
        found = ", ".join(f"{kind} {count}" for kind, count in life["pii"].items())
        console.print(f"personal data: {found}", markup=False)
    if life["host_lines"]:
        _print_host_lines(life["host_lines"], decision["outcome"], console)
    cluster = life["cluster"]
    console.print(
        f"cluster {cluster['cluster_id']}: {cluster['size_before_cut']} members, "
        f"{cluster['size'] or 0} after the language cut"
    )
    for mate in cluster["mates"]:
        console.print(
            f"  {mate['id']} {mate['url'] or ''} ({mate['outcome']} {mate['reason'] or ''})",
            markup=False,
            soft_wrap=True,
        )
    if cluster["chain"]:
        console.print(
            "chain to the member that stands for it (estimated similarity to the one before):"
        )
    for step in cluster["chain"]:
        similarity = "" if step["similarity"] is None else f"  {step['similarity']:.2f}"
        console.print(
            f"  {step['id']} {step['url'] or ''}{similarity}", markup=False, soft_wrap=True
        )
    for how, others in (life["containment"] or {}).items():
        for other in others:
            console.print(
                f"{how.replace('_', ' ')} {other['id']} {other['url'] or ''}: {other['share']:.0%} "
                f"({other['outcome']} {other['reason'] or ''})",
                markup=False,
                soft_wrap=True,
            )
    table = Table("rule", "metric", "value", "drops if", "threshold", "")
    for r in life["rules"]:
        value = "none" if r["value"] is None else f"{r['value']:.6g}"
        threshold = "does not apply" if r["threshold"] is None else f"{r['threshold']:.6g}"
        table.add_row(
            r["rule"], r["metric"], value, r["drops_if"], threshold, "FAILS" if r["fails"] else ""
        )
    console.print(table)
    for j in life["judgements"]:
        verdict = {None: "was not asked", True: "passes", False: "FAILS"}[j["passed"]]
        reason = f": {j['reason']}" if j["reason"] else ""
        console.print(f"{j['rule']} ({j['datatrove']}) {verdict}{reason}", markup=False)
    _print_models(life["models"], console)
    judged = {r["metric"] for r in life["rules"]}
    others = {k: v for k, v in life["signals"].items() if k not in judged and v is not None}
    console.print(
        "other signals: "
        + ", ".join(
            f"{k} {v:.6g}" if isinstance(v, int | float) else f"{k} {v}" for k, v in others.items()
        ),
        markup=False,
        soft_wrap=True,
    )


def _print_host_lines(found: dict[str, Any], outcome: str, console: Console) -> None:
    if not found["lines"]:
        why = "too few documents of it" if found["host_documents"] is None else "none recurs"
        console.print(f"lines of the host: {why}")
        return
    taken = "taken out" if found["removed"] and outcome == "kept" else "not taken out"
    console.print(f"lines that recur on the host ({found['host_documents']:,} documents), {taken}:")
    for line in found["lines"]:
        console.print(
            f"  line {line['number'] + 1}, on {line['documents']:,} documents: {line['line'][:120]}",
            markup=False,
            soft_wrap=True,
        )


def _print_models(models: dict[str, Any], console: Console) -> None:
    if not models:
        return
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
