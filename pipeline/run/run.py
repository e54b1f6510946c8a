"""Executing a plan: each step that is not done, publishing at the end, and how it ended."""

import time
from dataclasses import dataclass

from polysieve.pipeline.engines.engine import Engine
from polysieve.pipeline.engines.watch import Watch
from polysieve.pipeline.run import increment, walk
from polysieve.pipeline.run.dag import STEPS
from polysieve.pipeline.run.plan import RUN, published_steps
from polysieve.pipeline.run.publishing import finish_swap, is_staged, stage, swap
from polysieve.pipeline.steps.step import Plan
from polysieve.pipeline.steps.write.record import Record
from polysieve.pipeline.storage.ledger import step_folders
from polysieve.pipeline.storage.store import TEMPORARY

OK, FAILED, QUARANTINED = 0, 1, 3


@dataclass(frozen=True)
class Result:
    exit_code: int
    message: str
    record: Record | None = None


def execute(plan: Plan, engine: Engine, watch: Watch, keep_steps: bool = False) -> Result:
    """Bring the output up to date with the plan. The caller holds the output's lock.

    Raises Unfinished where a task could not be done.
    """
    started = time.time()
    store, context = plan.store, plan.context
    store.remove(TEMPORARY)
    finish_swap(store)
    _remove_unpublished(plan)
    if published_steps(store) == plan.steps:
        record, message = store.read_json(RUN), "nothing to do: the output is up to date"
    else:
        if not is_staged(context):
            for step in walk.asked(STEPS, plan.recipe):
                walk.run_step(step, plan, context.folder(step.name), engine, watch)
            total = round(time.time() - started, 1)
            stage(context, {**watch.seconds(), "total": total})
        record, message = swap(context), "done"
    if context.inputs.index is not None:
        increment.finish(plan)
    if not keep_steps:
        collect_garbage(plan)
    return _result(plan, record, message)


def _remove_unpublished(plan: Plan) -> None:
    """Remove what an earlier run built to be published, and did not publish or did not clear away."""
    publishing = [step.name for step in STEPS if step.publishes]
    published = published_steps(plan.store) or {}
    current = {folder.name for folder in plan.context.folders.values()}
    for folder in step_folders(plan.store, *publishing):
        # What was published is hollow: its folders were moved out.
        if folder.name not in current or published.get(folder.step) == folder.fingerprint:
            plan.store.remove(folder.name)


def collect_garbage(plan: Plan) -> list[str]:
    """Remove step folders, and files of inputs, that the plan does not use; returns what went."""
    return walk.collect_garbage(STEPS, plan, plan.context.folders, plan.store)


def _result(plan: Plan, record: Record, message: str) -> Result:
    """The exit code that the record calls for."""
    whole = record["accounting"]["total"]
    limits = plan.recipe.quarantine
    files = record["quarantined_files"]
    damage = []
    if whole["quarantined"] / max(1, whole["documents_in"]) > limits.max_share:
        damage.append(
            f"{whole['quarantined']} of {whole['documents_in']} documents are quarantined, more than "
            f"quarantine.max_share = {limits.max_share} allows"
        )
    if limits.max_files is not None and files > limits.max_files:
        damage.append(
            f"{files} files could not be read, more than quarantine.max_files = {limits.max_files} allows"
        )
    elif files and files == len(record["inputs"]):
        damage.append("no file could be read")
    if not damage:
        return Result(OK, message, record)
    why = f"{message}, but {' and '.join(damage)}; see {plan.store}/quarantine"
    return Result(QUARANTINED, why, record)
