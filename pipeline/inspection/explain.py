"""One document's life: where it came from, what was measured, and why it was kept or not, as its steps tell it."""

import pyarrow.compute as pc
from rich.console import Console

from polysieve.pipeline.run.dag import STEPS
from polysieve.pipeline.run.walk import asked
from polysieve.pipeline.steps.explained import Documents, Explained, Life
from polysieve.pipeline.steps.step import Plan


def explain_documents(plan: Plan, id: str | None, url: str | None) -> list[Life]:
    """The life of each document of the run with this id, or this url, in the order of the corpus."""
    column, value = ("id", id) if id is not None else ("url", url or "")
    lives = []
    for unit in plan.units:
        for label in plan.context.labels(unit.labels):
            values = label.read("documents", [column])[column]
            matches = pc.indices_nonzero(pc.equal(values, value)).to_pylist()
            documents = Documents(plan.context, unit, label.alone())
            lives += [_life(plan, Explained(documents, row)) for row in matches]
    for step in asked(STEPS, plan.recipe):
        lives += step.lives(plan, column, value)
    return lives


def _life(plan: Plan, document: Explained) -> Life:
    life: Life = {}
    for step in asked(STEPS, plan.recipe):
        step.explain(document, life)
    return life


def show(plan: Plan, life: Life, console: Console) -> None:
    """Print a life: the decision first, then what each step that knows the document says of it."""
    decision = life["decision"]
    console.print(f"{life['id']}  {life['url'] or ''}", style="bold", markup=False)
    reason = f": {decision['reason']}" if decision["reason"] else f", weight {decision['weight']}"
    console.print(
        f"{decision['outcome']}{reason}",
        style="green" if decision["outcome"] == "kept" else "red",
        markup=False,
    )
    for step in asked(STEPS, plan.recipe):
        if step.shows in life:
            step.show(life, console)
