"""A mixture: the steps of its DAG one after the other, published at the end, ledger last of all."""

from polysieve.pipeline.engines.engine import Engine
from polysieve.pipeline.engines.watch import Watch
from polysieve.pipeline.mixing.dag import KEPT, STEPS, Plan
from polysieve.pipeline.mixing.record import RECORD, STAGED, Record, published
from polysieve.pipeline.mixing.steps import shuffle
from polysieve.pipeline.run import walk
from polysieve.pipeline.steps.step import manifest_of
from polysieve.pipeline.storage.store import TEMPORARY


def execute(plan: Plan, engine: Engine, watch: Watch) -> tuple[Record, str]:
    """Bring the output up to date; returns mix.json and what was done. The caller holds the output's lock.

    Raises Unfinished where a task could not be done, MixError where the spec asks for what is not there.
    """
    store = plan.store
    store.remove(TEMPORARY)
    # First of all: what another spec left staged may have been swapped in before a kill, and is no longer whole.
    walk.collect_garbage(STEPS, plan, plan.folders, store)
    record, message = published(store), "nothing to do: the mixture is up to date"
    if record is None or record["steps"] != plan.steps:
        if plan.folders["shuffle"].manifest(STAGED) is None:
            for step in walk.asked(STEPS, plan.spec):
                walk.run_step(step, plan, plan.folders[step.name], engine, watch)
        record, message = _publish(plan), "done"
    kept = {name: folder for name, folder in plan.folders.items() if name in KEPT}
    walk.collect_garbage(STEPS, plan, kept, store)
    return record, message


def render_pairs(plan: Plan, engine: Engine, watch: Watch) -> None:
    """Make documents of the pairs, where the mixture has any."""
    for step in STEPS[:1]:
        if step.name in plan.folders:
            walk.run_step(step, plan, plan.folders[step.name], engine, watch)


def _publish(plan: Plan) -> Record:
    """Swap in what is staged. mix.json goes first and comes last: where it is there, it tells of what is beside it."""
    folder = plan.folders["shuffle"]
    record = manifest_of(folder, STAGED, Record)
    plan.store.remove(RECORD)
    plan.store.publish(folder.file(shuffle.PUBLISHED), shuffle.PUBLISHED)
    plan.store.write_json(RECORD, record)
    return record
