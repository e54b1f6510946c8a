"""The step scores: what models say of what all rules keep, the models that the run trains among them."""

from collections.abc import Iterator
from importlib.metadata import version

from polysieve.filters.quality.fasttext_file import ModelError
from polysieve.filters.quality.fasttext_scorer import read_labels
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps import scorers, windows
from polysieve.pipeline.steps.embed import embeddings, nearest
from polysieve.pipeline.steps.score import scores, trained
from polysieve.pipeline.steps.scorers import LABEL, SCORERS
from polysieve.pipeline.steps.step import Phase, Plan, Step
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.texts import benchmarks
from polysieve.pipeline.texts.reading import TextFileError


def phases(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """Models trained of every unit; neighbours of seeds, unit by unit; then windows, which are asked about."""
    context, units, quality = plan.context, plan.units, plan.recipe.quality
    assert quality is not None
    if trained.asked(quality):
        training = [trained.Training(context, folder, unit) for unit in units]
        yield Phase("train", trained.run, training)
    if nearest.asked(quality):
        encoding = embeddings.written(quality)
        searches = [nearest.Search(context, folder, unit, encoding) for unit in units]
        yield Phase("nearest", nearest.run, searches)
    yield Phase("models", scores.write_models, [scores.Models(context, folder, tuple(units))])
    tasks = [
        scores.Scoring(context, folder, unit, number)
        for unit in units
        for number in windows.windows(unit)
    ]
    yield Phase("scores", scores.run, tasks, scores.pool(plan.recipe))


def hashes(recipe: Recipe) -> dict[str, object]:
    """Hashes of models, benchmarks and encoders, the device if a score depends on it, versions of libraries.

    Raises ModelError.
    """
    quality = recipe.quality
    assert quality is not None
    given = quality.decontaminate
    return {
        "models": scores.models(quality),
        "benchmarks": given and {k: benchmarks.files_hash(v) for k, v in given.benchmarks.items()},
        "device": quality.device if scores.by_device(quality) else None,
        "encoders": scores.beside(quality),
        "libraries": {name: version(name) for name in scores.libraries(quality)},
    }


def problems(recipe: Recipe) -> list[str]:
    """One line for each model, list or benchmark of the recipe that cannot be used."""
    quality = recipe.quality
    if quality is None:
        return []
    found = []
    for name, one in quality.scores.items():
        if one.kind not in SCORERS:
            continue
        try:
            for label in scorers.hashes(one.path, one.kind):
                SCORERS[one.kind].check(one.path.replace(LABEL, label), one, quality.device)
        except (ModelError, OSError) as error:
            found.append(f"quality.scores.{name}.{one.kind}: {error}")
    for name, attribute in quality.attributes.items():
        try:
            for label in scorers.hashes(attribute.fasttext):
                read_labels(attribute.fasttext.replace(LABEL, label))
        except ModelError as error:
            found.append(f"quality.attributes.{name}.fasttext: {error}")
    if quality.decontaminate:
        for name, path in quality.decontaminate.benchmarks.items():
            try:
                benchmarks.items(path)
            except TextFileError as error:
                found.append(f"quality.decontaminate.benchmarks.{name}: {error}")
    return found


STEP: Step = Step(
    "scores",
    ("measure", "index", "survivors", "embeddings"),
    phases,
    scores.__name__,
    is_asked=lambda recipe: recipe.quality is not None,
    hashes=hashes,
    problems=problems,
)
