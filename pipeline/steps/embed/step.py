"""The step embeddings: vectors of what all rules keep, where heads, seeds or the output want them."""

from collections.abc import Iterator

from polysieve.filters.quality.fasttext_file import ModelError
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps import windows
from polysieve.pipeline.steps.embed import embeddings, nearest
from polysieve.pipeline.steps.step import Phase, Plan, Step
from polysieve.pipeline.storage.ledger import StepFolder


def phases(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """A task for each window of each unit, on workers that keep the encoder; then the seeds."""
    context, quality = plan.context, plan.recipe.quality
    assert quality is not None
    pool = embeddings.pool(plan.recipe)
    earlier = embeddings.earlier_folders(context, folder)
    encodings = embeddings.asked(quality)
    tasks = [
        embeddings.Encode(context, folder, unit, number, encodings, earlier)
        for unit in plan.units
        for number in windows.windows(unit, embeddings.WINDOW_DOCUMENTS)
    ]
    yield Phase("embeddings", embeddings.run, tasks, pool)
    if nearest.asked(quality):
        seeds = nearest.seeds_tasks(context, folder, earlier)
        yield Phase("seeds", nearest.encode_seeds, seeds, pool)


def hashes(recipe: Recipe) -> dict[str, object]:
    """What is encoded for which labels, by which encoders and libraries. Raises ModelError."""
    assert recipe.quality is not None
    encodings = embeddings.asked(recipe.quality)
    return {
        "encodings": [[e.hash, e.window, e.unit, labels] for e, labels in encodings.items()],
        "libraries": embeddings.libraries(encodings),
    }


def problems(recipe: Recipe) -> list[str]:
    """The encoder, if it cannot be used here."""
    if recipe.quality is None or recipe.quality.embeddings is None:
        return []
    try:
        embeddings.written(recipe.quality)
    except ModelError as error:
        return [f"quality.embeddings.encoder: {error}"]
    return []


STEP: Step = Step(
    "embeddings",
    ("measure", "index", "survivors"),
    phases,
    embeddings.__name__,
    is_asked=lambda recipe: embeddings.is_asked(recipe.quality),
    hashes=hashes,
    problems=problems,
)
