"""The report of a run: its pages by step F, and the index of them all."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from polysieve.audit.pages import appearance
from polysieve.audit.report import page_name, write_index, write_language
from polysieve.pipeline.engines.engine import Engine
from polysieve.pipeline.run.plan import Plan
from polysieve.pipeline.run.tasks import run_pieces
from polysieve.pipeline.run.watch import Watch
from polysieve.pipeline.steps import units
from polysieve.pipeline.steps.report import pages as audit
from polysieve.pipeline.steps.translate import figures as translating
from polysieve.pipeline.steps.units import Unit
from polysieve.pipeline.storage.ledger import VERSIONS, StepFolder

REPORT = "report"
WRITTEN = "written.json"
"""Label -> key and personal data of its published files, key and brief of its page, samples of translations."""


def language_details(plan: Plan, unit_list: Sequence[Unit]) -> dict[str, dict[str, Any]]:
    """What was decided of each language, in alphabetical order. Raises FileNotFoundError where decisions are gone."""
    details: dict[str, dict[str, Any]] = {}
    for unit in unit_list:
        manifest = plan.decisions.manifest(unit.piece)
        if manifest is None:
            raise FileNotFoundError(plan.decisions.name)
        details |= manifest["labels"]
    return details


def render_again(plan: Plan, record: dict[str, Any], engine: Engine, watch: Watch) -> None:
    """Make the report of a finished run anew and put it in the place of the old one. The caller holds the lock.

    record: run.json. Raises pieces.Unfinished where a page could not be made.
    """
    folder = StepFolder(plan.store, "audit", plan.write.fingerprint)
    plan.store.remove(folder.name)
    unit_list = units.units(plan.store.read_columns(plan.index_file, None))
    details = language_details(plan, unit_list)
    for label, values in details.items():
        values["pii"] = record["pii"].get(label, {})
        values["tokens"] = record.get("tokens", {}).get(label)
    translated = translating.outcomes(plan, _published_samples(plan))
    stage(plan, folder, "", record, details, {}, translated, engine, watch)
    plan.store.publish(folder.file(REPORT), REPORT)
    plan.store.remove(folder.name)


def stage(
    plan: Plan,
    folder: StepFolder,
    written: str,
    record: dict[str, Any],
    details: dict[str, dict[str, Any]],
    unchanged: dict[str, dict[str, Any]],
    translated: dict[str, dict[str, Any]],
    engine: Engine,
    watch: Watch,
) -> dict[str, dict[str, Any]]:
    """Write the whole report into `folder`.

    written: what stands before `corpus/` and `removed/`; record: run.json; details: of each language, from its
    decisions, with `pii` and `tokens`; unchanged: labels whose corpus is the published one, with what this function
    returned of them; translated: what became of translations. Returns for each label of `details` its
    page's key and `brief`, what the index shows of its columns.
    """
    accounting = record["accounting"]
    described = translating.described(details, translated, record.get("synthetic", {}))
    index = plan.store.read_columns(plan.index_file, None)
    unit_list = units.units(index)
    keys = {label: _key(plan, label, described[label], accounting) for label in details}
    same = {
        label: entry["brief"]
        for label, entry in unchanged.items()
        if entry.get("page") == keys[label] and _take_over(folder, label)
    }
    tasks = [
        task
        for unit in unit_list
        for task in audit.tasks(
            audit.Task(
                folder,
                written,
                plan.measure,
                plan.index_file,
                plan.fit,
                plan.decisions,
                unit,
                plan.recipe,
                described,
                accounting["languages"],
                frozenset(same),
                plan.lines,
            ),
            index,
        )
    ]
    run_pieces("audit", audit.run, folder, tasks, engine, watch)
    briefs = dict(same)
    for task in tasks:
        manifest = folder.manifest(task.piece)
        assert manifest is not None
        briefs |= manifest["languages"]
    _write_index(plan, folder, written, record, described, briefs)
    return {label: {"page": keys[label], "brief": briefs[label]} for label in details}


def _write_index(
    plan: Plan,
    folder: StepFolder,
    written: str,
    record: dict[str, Any],
    details: dict[str, dict[str, Any]],
    briefs: dict[str, dict[str, Any]],
) -> None:
    store = folder.store
    quarantine = store.read_columns(
        f"{written}quarantine/train-00000.parquet", ["file_path", "offset", "is_document", "cause"]
    )
    run = {
        "recipe_name": plan.recipe.name,
        "recipe": record["recipe"],
        "inputs": {"count": len(plan.sources), "bytes": sum(max(s.size, 0) for s in plan.sources)},
        "accounting": record["accounting"],
        "synthetic": record.get("synthetic"),
        "quarantine_rows": quarantine.slice(0, 50).to_pylist(),
        "quarantine_total": quarantine.num_rows,
    }

    def put(name: str, text: str) -> None:
        store.write_text(folder.file(f"{REPORT}/{name}"), text)

    write_index(run, {k: {**v, "columns": briefs.get(k, {})} for k, v in details.items()}, put)
    for label in record["accounting"]["languages"]:
        if label not in briefs:  # nothing but quarantined documents, or translations
            write_language(run, details, label, put)


def _published_samples(plan: Plan) -> dict[str, dict[str, Any]]:
    written = plan.store.read_json(WRITTEN)
    return {label: entry["translated"] for label, entry in written.items() if "translated" in entry}


def _key(plan: Plan, label: str, values: dict[str, Any], accounting: dict[str, Any]) -> str:
    """What a language's page depends on, its texts apart: `unchanged` says that those are the same."""
    data = [
        VERSIONS["audit"],
        appearance(),
        plan.recipe.name,
        plan.recipe.seed,
        list(plan.recipe.rules),
        plan.fit.fingerprint,
        plan.lines.fingerprint if plan.lines else None,
        values,
        accounting["languages"][label],
    ]
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def _take_over(folder: StepFolder, label: str) -> bool:
    """Take a language's page over from the published report; False where it is not there."""
    names = [f"{REPORT}/{page_name(label)}.{kind}" for kind in ("html", "json")]
    if not all(folder.store.exists(name) for name in names):
        return False
    for name in names:
        folder.store.link_file(name, folder.file(name))
    return True
