"""Building the output beside the published one: corpus, what was removed, report, parameters, run.json."""

import time
from collections import Counter
from typing import Any

from polysieve.pipeline.engines.engine import Engine
from polysieve.pipeline.run import accounting
from polysieve.pipeline.run.plan import Plan
from polysieve.pipeline.run.publishing import STAGED, label_keys, unchanged_labels
from polysieve.pipeline.run.record import record_of
from polysieve.pipeline.run.tasks import Unfinished, run_pieces
from polysieve.pipeline.run.watch import Watch
from polysieve.pipeline.steps import units
from polysieve.pipeline.steps.embed import embeddings
from polysieve.pipeline.steps.report import report as reporting
from polysieve.pipeline.steps.translate import figures as translating
from polysieve.pipeline.steps.write import corpus as write
from polysieve.pipeline.steps.write import embeddings as write_embeddings
from polysieve.pipeline.steps.write import translations as write_translated
from polysieve.pipeline.steps.write.card import dataset_card


def stage(
    plan: Plan, unit_list: list[units.Unit], engine: Engine, watch: Watch, started: float
) -> None:
    """Write what is left of the output into the folder of the write step, and commit it as STAGED.

    started: time.time() at the run's start. Raises Unfinished where a piece could not be done, or documents are
    not accounted for.
    """
    details = reporting.language_details(plan, unit_list)
    unchanged = unchanged_labels(plan, details)
    writing = _write_tasks(plan, unit_list, unchanged)
    run_pieces("write", write.run, plan.write, writing, engine, watch)
    _add_written(plan, writing, unchanged, details)
    translated = translating.outcomes(plan)

    record = record_of(plan, details, translated)
    wrong = accounting.violations(record["accounting"])
    if wrong:
        raise Unfinished("the accounting does not hold, nothing was published: " + "; ".join(wrong))
    pages = _complete(plan, record, details, unchanged, translated, engine, watch)
    record["seconds"] = {**watch.seconds(), "total": round(time.time() - started, 1)}
    keys = label_keys(plan, details)
    written: dict[str, dict[str, Any]] = {
        k: {"key": keys[k], "pii": v["pii"], "tokens": v["tokens"], **pages[k]}
        for k, v in details.items()
    }
    for label, values in translated.items():
        written.setdefault(label, {"key": ""})["translated"] = values["samples"]
    parallel = plan.store.exists(plan.write.file(write_translated.PARALLEL))
    if parallel:
        record["parallel"] = True
    if plan.recipe.quality and plan.recipe.quality.embeddings:
        record["embeddings"] = _write_embeddings(plan, unit_list, engine, watch)
    plan.write.commit(STAGED, {"record": record, "written": written})


def _write_embeddings(
    plan: Plan, unit_list: list[units.Unit], engine: Engine, watch: Watch
) -> dict[str, Any]:
    """Write the vectors of what is kept; returns what run.json says of them."""
    assert plan.embeddings is not None and plan.recipe.quality is not None
    encoding = embeddings.written(plan.recipe.quality)
    run_pieces("write embeddings", write_embeddings.run, plan.write, [
        write_embeddings.Task(
            plan.write, plan.measure, plan.index_file, plan.decisions, plan.embeddings, unit, encoding,
            plan.recipe,
        )
        for unit in unit_list
    ], engine, watch)  # fmt: skip
    return {"encoder": encoding.encoder, "sha256": encoding.hash, "window": encoding.window}


def _write_tasks(
    plan: Plan, unit_list: list[units.Unit], unchanged: dict[str, dict[str, Any]]
) -> list[write.Task]:
    found: list[write.Task] = []
    for unit in unit_list:
        manifest = plan.decisions.manifest(unit.piece)
        assert manifest is not None
        template = write.Task(
            plan.write,
            plan.measure,
            plan.index_file,
            plan.decisions,
            unit,
            0,
            (),
            plan.recipe,
            unchanged=frozenset(unchanged),
            lines=plan.lines,
        )
        found += write.tasks(template, manifest)
    return found


def _add_written(
    plan: Plan,
    writing: list[write.Task],
    unchanged: dict[str, dict[str, Any]],
    details: dict[str, dict[str, Any]],
) -> None:
    """Add the personal data found in what is kept of each label, and its tokens (None without a tokenizer)."""
    pii: dict[str, Counter[str]] = {label: Counter() for label in details}
    tokens = dict.fromkeys(details, 0)
    for label, entry in unchanged.items():
        pii[label].update(entry["pii"])
        tokens[label] += entry.get("tokens") or 0
    for task in writing:
        manifest = plan.write.manifest(task.piece)
        assert manifest is not None
        for label, found in manifest["pii"].items():
            pii[label].update(found)
        for label, n in manifest["tokens"].items():
            tokens[label] += n
    for label, found in pii.items():
        details[label]["pii"] = dict(sorted(found.items()))
        details[label]["tokens"] = tokens[label] if plan.recipe.output.tokenizer else None


def _complete(
    plan: Plan,
    record: dict[str, Any],
    details: dict[str, dict[str, Any]],
    unchanged: dict[str, dict[str, Any]],
    translated: dict[str, dict[str, Any]],
    engine: Engine,
    watch: Watch,
) -> dict[str, dict[str, Any]]:
    """Add to the staged corpus what goes with it: unchanged labels, quarantine, parameters, report.

    Returns what WRITTEN says of each label's page.
    """
    folder, store = plan.write, plan.store
    for name in write.PUBLISHED:
        store.make_folder(folder.file(name))
    write.write_quarantine(folder, plan.measure, plan.inputs)
    write.copy_parameters(folder, plan.fit, list(details))
    for label in unchanged:
        for kind in ("corpus", "removed"):
            store.link(f"{kind}/{label}", folder.file(f"{kind}/{label}"), "train-")
    languages = record["accounting"]["languages"]
    kept = {label: values["kept"] for label, values in languages.items() if values["kept"]}
    store.write_text(folder.file("corpus/README.md"), dataset_card(record, kept))
    return reporting.stage(
        plan, folder, folder.name + "/", record, details, unchanged, translated, engine, watch
    )
