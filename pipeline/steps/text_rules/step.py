"""The step text_rules: rules that read text, asked about what the other rules keep."""

from collections.abc import Iterator
from importlib.metadata import version

from polysieve.filters import datatrove
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps import windows
from polysieve.pipeline.steps.step import Phase, Plan, Step
from polysieve.pipeline.steps.text_rules import explain, verdicts
from polysieve.pipeline.storage.ledger import StepFolder


def phases(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """A task for each window of each unit."""
    tasks = [
        verdicts.Judging(plan.context, folder, unit, number)
        for unit in plan.units
        for number in windows.windows(unit)
    ]
    yield Phase("text_rules", verdicts.run, tasks)


def hashes(recipe: Recipe) -> dict[str, object]:
    """The sources behind the rules, in their order. Raises datatrove.BlockError."""
    sources = {
        name: datatrove.source_hash(block.datatrove) for name, block in recipe.text_rules.items()
    }
    return {"rules": list(sources.items()), "datatrove": version("datatrove")}


def problems(recipe: Recipe) -> list[str]:
    """Filters that cannot be used here."""
    asked = {
        name: datatrove.problem(block.datatrove, block.arguments, "filter")
        for name, block in recipe.text_rules.items()
    }
    return [f"rules.{name}: {problem}" for name, problem in asked.items() if problem]


def describe(recipe: Recipe) -> list[str]:
    """Which rules are slow."""
    return [
        f"slow path: {', '.join(recipe.text_rules)} read the text of each document that the other "
        "rules keep, one at a time in Python (the step text_rules)"
    ]


STEP: Step = Step(
    "text_rules",
    ("measure", "index", "screening"),
    phases,
    verdicts.__name__,
    is_asked=lambda recipe: bool(recipe.text_rules),
    hashes=hashes,
    problems=problems,
    describe=describe,
    explain=explain.explain,
    shows="text_rules",
    show=explain.show,
)
