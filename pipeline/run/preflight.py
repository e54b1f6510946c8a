"""What can be known to be wrong before anything starts."""

from collections.abc import Sequence

from polysieve.pipeline.engines.watch import PROGRESS
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.run import walk
from polysieve.pipeline.run.dag import STEPS
from polysieve.pipeline.run.plan import has_published
from polysieve.pipeline.sources import Source
from polysieve.pipeline.storage.store import Store


def problems(recipe: Recipe, is_measured: bool = False) -> list[str]:
    """One line for each thing that is missing or unusable; empty where the recipe can run.

    is_measured: the first step's results are there, so what it needs is not looked at.
    """
    steps = walk.asked(STEPS, recipe)[int(is_measured) :]
    return [problem for step in steps for problem in step.problems(recipe)]


def foreign_files(store: Store, sources: Sequence[Source], recipe: Recipe) -> str | None:
    """Why an output folder is not this program's to write; None where it is.

    The folders that a run publishes replace what is there. So they must be a run's, or not be there
    yet; and no input may lie in the output.
    """
    inside = [s.address for s in sources if s.address.startswith(f"{store.root}/")]
    if inside:
        return f"{store}: the input {inside[0]} lies in the output; name another --output"
    steps = walk.asked(STEPS, recipe)
    always = [name for step in steps for name in step.publishes]
    taken = [] if store.exists(PROGRESS) else [name for name in always if store.exists(name)]
    more = [name for step in steps for name in step.may_publish(recipe)]
    taken += [name for name in more if store.exists(name) and not has_published(store, name)]
    if taken:
        return f"{store}: {taken[0]}/ is there and no run made it; name another --output"
    return None
