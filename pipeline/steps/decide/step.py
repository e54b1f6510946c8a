"""The steps that decide: by columns alone, then with what rules said that read text, then with what models said.

Rules that read text and models are dear, so they are asked only about what the decision before them keeps. `screening`
is there where rules read text, `survivors` where models are asked; `decisions` is the last word, and always there.
"""

from collections.abc import Iterator
from functools import partial

from polysieve.pipeline.index.versions import Increment, Revision
from polysieve.pipeline.steps.cluster.clusters import first_rows
from polysieve.pipeline.steps.decide import decisions, explain
from polysieve.pipeline.steps.step import Inputs, Phase, Plan, Step
from polysieve.pipeline.storage.ledger import StepFolder


def phases(
    plan: Plan, folder: StepFolder, *, verdicts: str = "", scores: str = ""
) -> Iterator[Phase]:
    """A task for each unit. verdicts, scores: the steps whose answers are decided with, where the recipe has them."""
    context = plan.context
    rows = first_rows(plan.units, context.inputs.index)
    tasks = [
        decisions.Deciding(context, folder, unit, first, context.get(verdicts), context.get(scores))
        for unit, first in zip(plan.units, rows, strict=True)
    ]
    yield Phase(folder.step, decisions.run, tasks)


def inputs_of(inputs: Inputs) -> dict[str, object]:
    """The inputs, the version of an index by whose members is decided, and whether all are chosen anew."""
    found: dict[str, object] = {"inputs": inputs.hash, "rekeep": inputs.rekeep}
    if isinstance(inputs.index, Increment):
        earlier = inputs.index.earlier
        found["index"] = earlier.fingerprint if earlier else "new"
    if isinstance(inputs.index, Revision):
        found["index"] = inputs.index.version.fingerprint
    return found


COLUMNS = ("measure", "index", "fit", "clusters", "lines", "containment")

SCREENING: Step = Step(
    "screening",
    COLUMNS,
    phases,
    decisions.__name__,
    is_asked=lambda recipe: bool(recipe.text_rules),
    keys=("decide",),
    inputs=inputs_of,
)
SURVIVORS: Step = Step(
    "survivors",
    (*COLUMNS, "text_rules"),
    partial(phases, verdicts="text_rules"),
    decisions.__name__,
    is_asked=lambda recipe: recipe.quality is not None,
    keys=("decide",),
    inputs=inputs_of,
)
DECISIONS: Step = Step(
    "decisions",
    (*COLUMNS, "text_rules", "scores"),
    partial(phases, verdicts="text_rules", scores="scores"),
    decisions.__name__,
    keys=("decide", "select"),
    inputs=inputs_of,
    explain=explain.explain,
    shows="rules",
    show=explain.show,
)
