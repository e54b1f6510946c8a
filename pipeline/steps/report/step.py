"""The step report: a page per language and the index of them all, from what was measured, decided and written."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypedDict, cast

from polysieve import closure
from polysieve.audit.given import LanguageFigures, Languages, Run
from polysieve.audit.pages import appearance
from polysieve.audit.report import page_name, write_index, write_language
from polysieve.audit.tally import ColumnFigures
from polysieve.pipeline.steps.decide.decisions import decided_labels
from polysieve.pipeline.steps.report import pages
from polysieve.pipeline.steps.report.described import described
from polysieve.pipeline.steps.step import Phase, Plan, Step, manifest_of
from polysieve.pipeline.steps.write import figures
from polysieve.pipeline.steps.write.figures import Samples
from polysieve.pipeline.steps.write.manifest import WrittenLabel
from polysieve.pipeline.steps.write.record import Record
from polysieve.pipeline.steps.write.step import RECORD, Recorded
from polysieve.pipeline.steps.write.unchanged import (
    WRITTEN,
    PublishedLabel,
    label_keys,
    unchanged_labels,
)
from polysieve.pipeline.storage.ledger import StepFolder

REPORT = "report"
Details = Mapping[str, WrittenLabel]
"""Label -> what was decided and written of it."""


class Reported(TypedDict):
    """The manifest REPORT."""

    written: dict[str, PublishedLabel]
    """What WRITTEN will be."""


@dataclass(frozen=True)
class Output:
    """A corpus that is reported on."""

    written: str
    """What stands before `corpus/` and `removed/`."""
    record: Record
    samples: Samples
    """Of the translations into each target."""
    unchanged: Mapping[str, PublishedLabel]
    """Labels whose corpus is the published one, with their entries in WRITTEN."""


def phases(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """Pages of the staged corpus; the manifest REPORT says what WRITTEN will."""
    write = plan.context.folder("write")
    staged = manifest_of(write, RECORD, Recorded)
    unchanged = unchanged_labels(plan.context, decided_labels(plan.context, plan.units))
    output = Output(f"{write.name}/", staged["record"], staged["samples"], unchanged)
    details = details_of(plan, output.record)
    outcomes = figures.outcomes(plan.context, output.samples)
    languages = described(details, outcomes, output.record.get("synthetic"))
    yield from written_pages(plan, folder, output, details, languages)
    if folder.manifest(REPORT) is None:
        reported: Reported = {"written": _written(plan, folder, output, details, languages)}
        folder.commit(REPORT, reported)


def published_pages(plan: Plan, folder: StepFolder, record: Record) -> Iterator[Phase]:
    """Pages of a finished run's corpus. record: run.json."""
    entries: dict[str, PublishedLabel] = plan.store.read_json(WRITTEN)
    samples = {k: entry["translated"] for k, entry in entries.items() if "translated" in entry}
    output = Output("", record, samples, {})
    details = details_of(plan, record)
    outcomes = figures.outcomes(plan.context, samples)
    languages = described(details, outcomes, record.get("synthetic"))
    yield from written_pages(plan, folder, output, details, languages)


def details_of(plan: Plan, record: Record) -> Details:
    """What was decided of each language, with `pii` and `tokens` of what is written."""
    details = decided_labels(plan.context, plan.units)
    none = 0 if plan.recipe.output.tokenizer else None
    return {
        label: {
            **values,
            "pii": record["pii"].get(label, {}),
            "tokens": record.get("tokens", {}).get(label, none),
        }
        for label, values in details.items()
    }


def written_pages(
    plan: Plan, folder: StepFolder, output: Output, details: Details, languages: Languages
) -> Iterator[Phase]:
    """Write the whole report into `folder`.

    languages: what is said of each, as `described` has it.
    """
    accounting = output.record["accounting"]
    index = plan.store.read_columns(plan.context.index_file, None)
    same = _taken_over(plan, folder, output, details, languages)
    tasks = [
        task
        for unit in plan.units
        for task in pages.tasks(
            pages.Pages(
                plan.context,
                folder,
                unit,
                output.written,
                languages,
                accounting["languages"],
                frozenset(same),
            ),
            index,
        )
    ]
    yield Phase("audit", pages.run, tasks)
    briefs = same | {
        label: brief
        for task in tasks
        for label, brief in manifest_of(folder, task.name, pages.Written)["languages"].items()
    }
    _write_index(plan, folder, output, languages, briefs)


def _taken_over(
    plan: Plan, folder: StepFolder, output: Output, details: Details, languages: Languages
) -> dict[str, ColumnFigures]:
    """Label -> brief, of those whose pages are taken over from the published report."""
    keys = _page_keys(plan, output, details, languages)
    return {
        label: cast(ColumnFigures, entry["brief"])
        for label, entry in output.unchanged.items()
        if entry.get("page") == keys[label] and _take_over(folder, label)
    }


def _take_over(folder: StepFolder, label: str) -> bool:
    """Take a language's page over from the published report; False where it is not there."""
    names = [f"{REPORT}/{page_name(label)}.{kind}" for kind in ("html", "json")]
    if not all(folder.store.exists(name) for name in names):
        return False
    for name in names:
        folder.store.link_file(name, folder.file(name))
    return True


def _write_index(
    plan: Plan,
    folder: StepFolder,
    output: Output,
    languages: Languages,
    briefs: Mapping[str, ColumnFigures],
) -> None:
    store, record = folder.store, output.record
    quarantine = store.read_columns(
        f"{output.written}quarantine/train-00000.parquet",
        ["file_path", "offset", "is_document", "cause"],
    )
    run: Run = {
        "recipe_name": plan.recipe.name,
        "recipe": record["recipe"],
        "inputs": {"count": len(plan.sources), "bytes": sum(max(s.size, 0) for s in plan.sources)},
        "accounting": {**record["accounting"]},
        "synthetic": record.get("synthetic"),
        "quarantine_rows": quarantine.slice(0, 50).to_pylist(),
        "quarantine_total": quarantine.num_rows,
    }

    def put(name: str, text: str) -> None:
        store.write_text(folder.file(f"{REPORT}/{name}"), text)

    shown: dict[str, LanguageFigures] = {
        label: {**values, "columns": briefs.get(label, {})} for label, values in languages.items()
    }
    write_index(run, shown, put)
    for label in record["accounting"]["languages"]:
        if label not in briefs:  # nothing but quarantined documents, or translations
            write_language(run, languages, label, put)


def _page_keys(
    plan: Plan, output: Output, details: Details, languages: Languages
) -> dict[str, str]:
    """Label -> what its page depends on, its texts apart: `unchanged` says that those are the same."""
    lines = plan.context.get("lines")
    common = [
        closure.source_hash(pages.__name__),
        appearance(),
        plan.recipe.name,
        plan.recipe.seed,
        list(plan.recipe.rules),
        plan.context.folder("fit").fingerprint,
        lines.fingerprint if lines else None,
    ]
    accounting = output.record["accounting"]["languages"]
    return {
        label: hashlib.sha256(
            json.dumps([*common, languages[label], accounting[label]], sort_keys=True).encode()
        ).hexdigest()[:16]
        for label in details
    }


def _written(
    plan: Plan, folder: StepFolder, output: Output, details: Details, languages: Languages
) -> dict[str, PublishedLabel]:
    """WRITTEN: what the next run needs to know in order to take over files of labels and pages."""
    keys, page_keys = (
        label_keys(plan.context, details), _page_keys(plan, output, details, languages)
    )  # fmt: skip
    briefs: dict[str, Mapping[str, object]] = {
        label: entry["brief"] for label, entry in output.unchanged.items()
    }
    for unit in plan.units:
        for number in range(-(-len(unit.labels) // pages.PAGES)):
            briefs |= manifest_of(folder, f"audit-{unit.name}-{number:04d}", pages.Written)[
                "languages"
            ]
    found: dict[str, PublishedLabel] = {
        label: {
            "key": keys[label],
            "pii": values["pii"],
            "tokens": values["tokens"],
            "page": page_keys[label],
            "brief": briefs[label],
        }
        for label, values in details.items()
    }
    for label, samples in output.samples.items():
        found.setdefault(label, {"key": ""})["translated"] = samples
    return found


STEP: Step = Step(
    "report",
    ("measure", "index", "fit", "lines", "decisions", "translate", "admit", "write"),
    phases,
    __name__,
    is_durable=False,
    publishes=(REPORT,),
)
