"""One document's life, as `explain` prints it."""

from typing import Any

from rich.console import Console
from rich.table import Table

from polysieve.pipeline.inspection.explain_translated import print_translation


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
