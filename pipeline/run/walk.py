"""Walking a list of steps: their fingerprints, their work, and what of earlier work goes. No step is known by name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from polysieve import closure
from polysieve.pipeline.engines.engine import Engine
from polysieve.pipeline.engines.watch import Watch
from polysieve.pipeline.recipe.owners import keys_of
from polysieve.pipeline.steps.step import Inputs, Phase, Step, Unfinished
from polysieve.pipeline.storage.ledger import StepFolder, fingerprint, step_folders
from polysieve.pipeline.storage.store import Store


def asked(steps: Iterable[Step], settings: Any) -> list[Step]:
    """The steps that the settings ask for."""
    return [step for step in steps if step.is_asked(settings)]


def fingerprint_of(
    step: Step, settings: Any, inputs: Inputs, before: Mapping[str, StepFolder]
) -> str:
    """The fingerprint of a step. before: the folders of the steps before it that the settings ask for.

    Model files and lists that the settings name are hashed. Raises what `Step.hashes` raises.
    """
    return fingerprint(
        step.name,
        source=closure.source_hash(step.module),
        keys=[keys_of(settings, owner) for owner in step.keys or (step.name,)],
        hashes=step.hashes(settings),
        inputs=step.inputs(inputs),
        needs={name: before[name].fingerprint for name in step.needs if name in before},
    )


def run_step(step: Step, plan: Any, folder: StepFolder, engine: Engine, watch: Watch) -> None:
    """Do what is left of a step, phase by phase. Raises Unfinished where a task fails."""
    done = 0
    for phase in step.phases(plan, folder):
        done += run_phase(phase, engine, watch)
    if done:
        step.after(plan, folder, watch)


def run_phase(phase: Phase, engine: Engine, watch: Watch) -> int:
    """Run the tasks of a phase that are not done; returns how many these were. Raises Unfinished where one fails."""
    todo = [task for task in phase.tasks if task.folder.manifest(task.name) is None]
    failed: list[str] = []
    with watch.step(phase.name, len(phase.tasks), len(phase.tasks) - len(todo)) as advance:
        careful = []
        for outcome in engine.run(phase.run, todo, phase.pool, watch.say):
            again = outcome.task.with_care() if outcome.crashed else None
            if outcome.result is not None:
                advance(outcome.result)
            elif again is not None:
                careful.append(again)
                watch.say(
                    f"{phase.name}: {again.title}: {outcome.error}; looking for the record that did it"
                )
            else:
                failed.append(outcome.task.title)
                watch.failure(phase.name, outcome.task.title, outcome.error or "")
        for outcome in engine.run(phase.run, careful, None, watch.say):
            if outcome.result is not None:
                advance(outcome.result)
            else:
                failed.append(outcome.task.title)
                watch.failure(phase.name, outcome.task.title, outcome.error or "")
    if failed:
        raise Unfinished(
            f"{phase.name}: {len(failed)} of {len(phase.tasks)} tasks failed, {failed[0]} first; "
            "the others are done, and the same command tries these again"
        )
    return len(todo)


def collect_garbage(
    steps: Sequence[Step], plan: Any, folders: Mapping[str, StepFolder], store: Store
) -> list[str]:
    """Remove the folders of steps that the plan does not use, and what it does not use in those of its own; returns
    what went."""
    current = {folder.name for folder in folders.values()}
    gone = [f.name for f in step_folders(store, *(s.name for s in steps)) if f.name not in current]
    for step in steps:
        if step.name in folders:
            gone += step.stale(plan, folders[step.name])
    for name in gone:
        store.remove(name)
    return gone


def folder_of(step: Step, store: Store, digits: str) -> StepFolder:
    """The folder of a step under a fingerprint."""
    return StepFolder(store, step.name, digits, step.is_durable)
