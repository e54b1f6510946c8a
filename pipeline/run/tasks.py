"""Running the pieces of a step that are not done."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from polysieve.pipeline.engines.engine import Engine, Pool
from polysieve.pipeline.mixing.steps import draw, shuffle
from polysieve.pipeline.run.watch import Watch
from polysieve.pipeline.steps.cluster import clusters
from polysieve.pipeline.steps.cluster import partitions as parts
from polysieve.pipeline.steps.decide import decisions
from polysieve.pipeline.steps.embed import embeddings, nearest
from polysieve.pipeline.steps.measure import inputs as measure
from polysieve.pipeline.steps.score import scores, trained
from polysieve.pipeline.steps.text_rules import verdicts as judgements
from polysieve.pipeline.steps.translate import checking
from polysieve.pipeline.steps.translate import translations as translate
from polysieve.pipeline.storage.ledger import StepFolder

TASK_MEMORY = 1 * 2**30
NARROW_BYTES = 32  # that the last task of step C, and step D, hold of each document of a unit


class Unfinished(RuntimeError):
    """Pieces of a step failed; the same command tries them again."""


def run_pieces(
    step: str,
    function: Callable[[Any], dict[str, Any]],
    folder: StepFolder,
    tasks: Sequence[Any],
    engine: Engine,
    watch: Watch,
    pool: Pool | None = None,
) -> None:
    """Run the tasks of a step that are not done, on a pool of workers where one is given, and commit to `folder`.

    Raises Unfinished where one fails.
    """
    todo = [task for task in tasks if folder.manifest(task.piece) is None]
    failed: list[str] = []
    with watch.step(step, len(tasks), len(tasks) - len(todo)) as advance:
        careful = []
        for outcome in engine.run(function, todo, _memory(todo), pool):
            if outcome.result is not None:
                advance(outcome.result)
            elif outcome.crashed and isinstance(outcome.task, measure.Task | judgements.Task):
                careful.append(replace(outcome.task, careful=True))
                watch.say(
                    f"{step}: {_name(outcome.task)}: {outcome.error}; looking for the record that did it"
                )
            else:
                failed.append(_name(outcome.task))
                watch.failure(step, _name(outcome.task), outcome.error or "")
        for outcome in engine.run(function, careful, TASK_MEMORY):
            if outcome.result is not None:
                advance(outcome.result)
            else:
                failed.append(_name(outcome.task))
                watch.failure(step, _name(outcome.task), outcome.error or "")
    if failed:
        raise Unfinished(
            f"{step}: {len(failed)} of {len(tasks)} pieces failed, {failed[0]} first; "
            "the others are done, and the same command tries these again"
        )


def _memory(tasks: Sequence[Any]) -> int:
    """The bytes that any of these tasks may need."""
    of_labels = [t for t in tasks if isinstance(t, clusters.Task | decisions.Task | parts.Part)]
    needed = [t.recipe.dedup.task_memory + NARROW_BYTES * t.unit.documents for t in of_labels]
    needed += [scores.memory(t.recipe) for t in tasks[:1] if isinstance(t, scores.Task)]
    needed += [embeddings.memory(t) for t in tasks[:1] if isinstance(t, embeddings.Task)]
    needed.append(nearest.memory([t for t in tasks if isinstance(t, nearest.Task)]))
    needed += [checking.memory(t.recipe) for t in tasks[:1] if isinstance(t, translate.Task)]
    needed += [trained.memory(t) for t in tasks[:1] if isinstance(t, trained.Task)]
    needed += [t.memory for t in tasks[:1] if isinstance(t, draw.Task | shuffle.Task)]
    return max([TASK_MEMORY, *needed])


def _name(task: Any) -> str:
    return task.source.address if isinstance(task, measure.Task) else task.piece
