"""The step lines: lines that recur over the documents of a host."""

from collections.abc import Iterator
from dataclasses import replace

from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps import segment_passes
from polysieve.pipeline.steps.host_lines import explain, lines
from polysieve.pipeline.steps.step import Phase, Plan, Step
from polysieve.pipeline.storage.ledger import StepFolder


def phases(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """Keys of every segment, their totals by ranges of keys, marks of every segment."""
    template = segment_passes.PassTask(plan.context, folder, "keys", 0)
    of_segments = segment_passes.tasks_of(template)
    yield Phase("line keys", lines.count, of_segments)
    parts = segment_passes.parts_for(folder, [t.name for t in of_segments], lines.PART_KEYS)
    template = replace(template, kind="totals", segments=len(of_segments), parts=parts)
    yield Phase("line totals", lines.total, [replace(template, number=n) for n in range(parts)])
    marking = [replace(task, kind="marks", parts=parts) for task in of_segments]
    yield Phase("line marks", lines.mark, marking)


def describe(recipe: Recipe) -> list[str]:
    """Which lines are counted as recurring, and what becomes of them."""
    h = lines.settings(recipe)
    return [
        f"lines of hosts: on at least {h.min_documents} documents and {h.min_share:.0%} of a host's, "
        + ("taken out of what is kept" if h.remove else "measured, not taken out")
    ]


STEP: Step = Step(
    "lines",
    ("measure", "index", "clusters"),
    phases,
    lines.__name__,
    is_asked=lambda recipe: recipe.host_lines is not None,
    describe=describe,
    explain=explain.explain,
    shows="host_lines",
    show=explain.show,
)
