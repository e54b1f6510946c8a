"""The step clusters: exact and near-duplicate clusters of the documents of each label."""

from collections.abc import Iterator

from polysieve.dedup import curve
from polysieve.pipeline.index.versions import Increment, Settings
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.cluster import clusters, explain
from polysieve.pipeline.steps.step import Inputs, Phase, Plan, Step
from polysieve.pipeline.storage.ledger import StepFolder


def phases(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """The parts of units that are too large for one task; then a task for each unit."""
    rows = clusters.first_rows(plan.units, plan.context.inputs.index)
    tasks = [
        clusters.Clustering(plan.context, folder, unit, first)
        for unit, first in zip(plan.units, rows, strict=True)
    ]
    yield from clusters.phases(tasks)
    yield Phase("clusters", clusters.run, tasks)


def settings_of(recipe: Recipe) -> Settings:
    """What the clusters of all runs of an index depend on."""
    settings = recipe.dedup.minhash
    return {
        "exact": recipe.dedup.exact,
        "minhash": settings.model_dump(exclude={"split_over", "threshold"}) if settings else None,
        "kept": recipe.dedup.kept,
    }


def inputs_of(inputs: Inputs) -> dict[str, object]:
    """The inputs, and the version of the index that the run adds to."""
    index = inputs.index
    if not isinstance(index, Increment):
        return {"inputs": inputs.hash}
    return {"inputs": inputs.hash, "index": index.earlier.fingerprint if index.earlier else "new"}


def describe(recipe: Recipe) -> list[str]:
    """Which duplicates the recipe finds."""
    m = recipe.dedup.minhash
    if m is None:
        return []
    points = ", ".join(
        f"{s:.2f}: {curve.probability(s, m.bands, m.rows):.3f}" for s in (0.5, 0.6, 0.7, 0.8, 0.9)
    )
    target = m.threshold or round(curve.threshold(m.bands, m.rows), 2)
    bands, rows = curve.parameters_for(target, m.bands * m.rows)
    return [
        f"near duplicates: {m.bands} bands of {m.rows} rows over {m.ngram}-grams, threshold about "
        f"{curve.threshold(m.bands, m.rows):.2f}; chance of being found at Jaccard {points}",
        f"datasketch's optimiser would divide {m.bands * m.rows} minima into {bands} bands of {rows} rows for a "
        f"threshold of {target}",
    ]


STEP: Step = Step(
    "clusters",
    ("measure", "index"),
    phases,
    clusters.__name__,
    inputs=inputs_of,
    describe=describe,
    explain=explain.explain,
    shows="cluster",
    show=explain.show,
)
