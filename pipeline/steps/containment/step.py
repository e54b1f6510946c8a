"""The step containment: documents that another document of their language contains."""

from collections.abc import Iterator
from dataclasses import replace

from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps import segment_passes
from polysieve.pipeline.steps.containment import containment, explain
from polysieve.pipeline.steps.step import Phase, Plan, Step
from polysieve.pipeline.storage.ledger import StepFolder


def phases(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """Sampled shingles of every segment, candidates by ranges of keys, questions and answers of every segment."""
    template = segment_passes.PassTask(plan.context, folder, "sample", 0)
    of_segments = segment_passes.tasks_of(template)
    yield Phase("sampled shingles", containment.sample, of_segments)
    parts = segment_passes.parts_for(folder, [t.name for t in of_segments], containment.PART_KEYS)
    template = replace(template, kind="match", segments=len(of_segments), parts=parts)
    matching = [replace(template, number=number) for number in range(parts)]
    yield Phase("candidates", containment.match, matching)
    asking = [replace(task, kind="ask", parts=parts) for task in of_segments]
    yield Phase("asked shingles", containment.ask, asking)
    answering = [replace(task, kind="answer", segments=len(asking)) for task in of_segments]
    yield Phase("containment", containment.answer, answering)


def describe(recipe: Recipe) -> list[str]:
    """Which of two documents goes."""
    c = containment.settings(recipe)
    return [
        f"containment: of two documents of which the longer has {c.share:.0%} of the other's n-grams, the "
        f"{'shorter' if c.remove == 'contained' else 'longer'} one goes"
    ]


STEP: Step = Step(
    "containment",
    ("measure", "index", "clusters"),
    phases,
    containment.__name__,
    is_asked=lambda recipe: recipe.dedup.containment is not None,
    describe=describe,
    explain=explain.explain,
    shows="containment",
    show=explain.show,
)
