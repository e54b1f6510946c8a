"""Plans, progress and results, printed for a person."""

from rich.console import Console
from rich.table import Table

from polysieve.pipeline.engines.watch import PROGRESS, RunProgress
from polysieve.pipeline.run import walk
from polysieve.pipeline.run.dag import STEPS
from polysieve.pipeline.run.disk import disk_estimate, disk_free
from polysieve.pipeline.run.plan import RUN, published_steps
from polysieve.pipeline.steps.step import Plan
from polysieve.pipeline.steps.write import accounting
from polysieve.pipeline.steps.write.record import Record
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.lock import is_held
from polysieve.pipeline.storage.store import Store

SHOWN_INPUTS = 20


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
    for asked in walk.asked(STEPS, plan.recipe):
        for line in asked.describe(plan.recipe):
            console.print(line)
    free = disk_free(plan.store)
    available = "" if free is None else f", {human_bytes(free)} free"
    console.print(
        f"disk: about {human_bytes(disk_estimate(plan.sources))} in {plan.store}{available}"
    )


def step_states(plan: Plan) -> dict[str, str]:
    """Folder name -> `done`, `to run`, or how much of it is done."""
    folders = plan.context.folders.values()
    if published_steps(plan.store) == plan.steps:
        return {folder.name: "done" for folder in folders}
    return {folder.name: _state(plan, folder) for folder in folders}


def _state(plan: Plan, folder: StepFolder) -> str:
    done = f"{folder.name}/done"
    found = len(plan.store.files(done)) if plan.store.exists(done) else 0
    return f"{found} tasks found done" if found else "to run"


def print_status(store: Store, console: Console) -> bool:
    """Progress and counts of the run in a folder; False where there is none."""
    try:
        progress: RunProgress = store.read_json(PROGRESS)
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
        skipped = step["counts"].get("records_skipped")
        if isinstance(skipped, dict) and skipped and not store.exists(RUN):
            console.print(
                "records skipped so far: "
                + ", ".join(f"{k} {v:,}" for k, v in sorted(skipped.items()))
            )
    for failure in progress.get("failures", []):
        console.print(
            f"failed: {failure['step']} {failure['task']}: {failure['error']}",
            style="red",
            markup=False,
        )
    if store.exists(RUN):
        print_summary(store.read_json(RUN), store, console)
    return True


def print_summary(record: Record, store: Store, console: Console) -> None:
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
