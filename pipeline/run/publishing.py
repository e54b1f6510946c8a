"""Publishing: swapping in what was built beside the published output.

The manifest STAGED says that all is ready. From the first folder to the last the marker SWAP is there, so that whoever
comes next finishes the swap before anything else. run.json is written last: a run is finished when it names the run's
steps.
"""

from typing import TypedDict

from polysieve.pipeline.engines.engine import Engine
from polysieve.pipeline.engines.watch import Watch
from polysieve.pipeline.run import walk
from polysieve.pipeline.run.dag import STEPS
from polysieve.pipeline.run.plan import RUN, has_published
from polysieve.pipeline.steps.report import step as report
from polysieve.pipeline.steps.report.step import REPORT, Reported
from polysieve.pipeline.steps.step import Context, Plan, manifest_of
from polysieve.pipeline.steps.write.record import Record
from polysieve.pipeline.steps.write.step import RECORD, Recorded
from polysieve.pipeline.steps.write.unchanged import WRITTEN, PublishedLabel
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import Store

STAGED = "staged"
SWAP = "swap.json"


class Staged(TypedDict):
    """The manifest STAGED: what run.json and WRITTEN will be."""

    record: Record
    written: dict[str, PublishedLabel]


class Swap(TypedDict):
    """The marker SWAP."""

    folders: dict[str, str]
    """Step that publishes -> its fingerprint."""
    staged: str
    """The name of the folder with STAGED."""


def stage(context: Context, seconds: dict[str, float]) -> None:
    """Say that all steps are done and what will be said of them. seconds: of each step of this run, and in total."""
    record = manifest_of(context.folder("write"), RECORD, Recorded)["record"]
    written = manifest_of(context.folder("report"), REPORT, Reported)["written"]
    whole: Record = {**record, "steps": steps_of(context), "seconds": seconds}
    staged: Staged = {"record": whole, "written": written}
    last(context).commit(STAGED, staged)


def steps_of(context: Context) -> dict[str, str]:
    """The fingerprints of the steps by name, as they are now: the record may have been made before one changed."""
    return {name: folder.fingerprint for name, folder in context.folders.items()}


def is_staged(context: Context) -> bool:
    """Whether all steps are done, and nothing but the swap is left."""
    return last(context).manifest(STAGED) is not None


def last(context: Context) -> StepFolder:
    """The folder of the last step."""
    return list(context.folders.values())[-1]


def swap(context: Context) -> Record:
    """Make what is staged the output; returns run.json.

    Only what the marker and the manifest hold is used here: the labels that were taken over from the published output
    cannot be told any more once the swap has begun.
    """
    publishing = [step.name for step in STEPS if step.publishes and context.get(step.name)]
    folders = {name: context.folder(name).fingerprint for name in publishing}
    marker: Swap = {"folders": folders, "staged": last(context).name}
    context.store.write_json(SWAP, marker)
    return _finish(context.store, folders, last(context).name)


def render_again(plan: Plan, record: Record, engine: Engine, watch: Watch) -> None:
    """Make the report of a finished run anew and put it in the place of the old one. The caller holds the lock.

    record: run.json. Raises Unfinished where a page could not be made.
    """
    folder = plan.context.folder(report.STEP.name)
    plan.store.remove(folder.name)
    for phase in report.published_pages(plan, folder, record):
        walk.run_phase(phase, engine, watch)
    plan.store.publish(folder.file(REPORT), REPORT)
    plan.store.remove(folder.name)


def finish_swap(store: Store) -> None:
    """Finish a swap that was cut short. The caller holds the output's lock."""
    try:
        marker: Swap = store.read_json(SWAP)
    except FileNotFoundError:
        return
    if (
        "folders" not in marker
    ):  # of a version that staged everything in one folder: the run makes it anew
        store.remove(SWAP)
        return
    _finish(store, marker["folders"], marker["staged"])


def _finish(store: Store, folders: dict[str, str], staged_in: str) -> Record:
    step, _, digits = staged_in.rpartition("-")
    staged = manifest_of(StepFolder(store, step, digits), STAGED, Staged)
    store.remove(WRITTEN)
    for step_value in STEPS:
        if step_value.name not in folders:
            continue
        folder = StepFolder(store, step_value.name, folders[step_value.name])
        for name in step_value.publishes:
            store.publish(folder.file(name), name)
        for name in step_value.optional:
            if staged["record"].get(name):
                store.publish(folder.file(name), name)
            elif has_published(store, name):
                store.remove(name)
    store.write_json(WRITTEN, staged["written"])
    store.write_json(RUN, staged["record"])
    store.remove(SWAP)
    for name, digits in folders.items():
        store.remove(f"{name}-{digits}")
    return staged["record"]
