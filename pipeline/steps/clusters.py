"""Step C: exact and near-duplicate clusters of every document of a label, whatever its score.

A row per document, singletons too. Clusters know no thresholds: the language cut, the kept member among those
that remain, and the cluster's size after the cut are D's. With an index, the documents of earlier runs
take part in the components (pipeline/steps/population.py), and what this run adds is written beside.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.index import Earlier
from pipeline.ledger import StepFolder
from pipeline.recipe import Recipe
from pipeline.schema import CLUSTERS
from pipeline.steps import components, layer
from pipeline.steps.population import Population
from pipeline.steps.units import Rows, Unit
from pipeline.store import Store


@dataclass(frozen=True)
class Increment:
    """An index that a run reads and adds to."""

    store: Store
    earlier: Earlier | None
    """The version that the run starts from; None where the index is new."""
    run: int
    """The number that the run has in the index."""


@dataclass(frozen=True)
class Task:
    """One unit to cluster."""

    folder: StepFolder
    measure: StepFolder
    index_file: str
    unit: Unit
    recipe: Recipe
    increment: Increment | None = None

    @property
    def piece(self) -> str:
        return self.unit.piece


def depends_on(recipe: Recipe) -> dict[str, Any]:
    return {
        "exact": recipe.dedup.exact,
        "minhash": recipe.dedup.minhash and recipe.dedup.minhash.model_dump(),
    }


def run(task: Task) -> dict[str, Any]:
    """Cluster one unit and commit it."""
    rows = Rows.of(task.measure, task.index_file, task.unit.labels)
    earlier = task.increment.earlier if task.increment else None
    population = Population(rows, task.unit, task.recipe.dedup.minhash, earlier)
    if components.is_large(task.unit, task.recipe, population.earlier):
        found = components.found_by_parts(_part(task))
    else:
        found = components.find(population, task.recipe)
    documents = rows.read("documents", ["label", "id", "date", "offset", "language_score", "cut"])
    addresses = rows.addresses()
    words = rows.read("signals", ["word_count"])["word_count"].cast(pa.int64())
    cluster = found.component[population.earlier :]
    frame = pl.DataFrame(
        {
            "cluster": cluster,
            "language_score": documents["language_score"].to_numpy(),
            "words": words.to_numpy(),
            "date": pl.from_arrow(documents["date"]),
            "id": pl.from_arrow(documents["id"]),
        }
    )
    first = task.unit.first_document
    table = pa.table(
        [
            documents["id"],
            addresses,
            documents["offset"],
            cluster + first,
            np.bincount(cluster, minlength=population.count)[cluster],
            kept_members(frame),
            documents["label"],
            found.content[population.earlier :] + first,
        ],
        schema=CLUSTERS,
    )
    task.folder.store.write_table(task.folder.file(f"{task.piece}.parquet"), table)
    manifest: dict[str, Any] = {
        "rows": len(table),
        "clusters": len(np.unique(cluster)),
    }
    if task.increment:
        members = documents.append_column("words", words).append_column("file_path", addresses)
        folder = layer_folder(task.folder)
        manifest["index"] = layer.write(
            task.increment.store, folder, population, found, members, task.increment.run
        )
        task.increment.store.sync()
    task.folder.commit(task.piece, manifest)
    return {"documents": len(table), "clusters": manifest["clusters"]}


def layer_folder(clusters: StepFolder) -> str:
    """Where, in the index, a run's own tables are."""
    return f"runs/{clusters.fingerprint}"


def phases(
    tasks: Sequence[Task],
) -> Iterator[tuple[str, Callable[[components.Part], dict[str, Any]], list[components.Part]]]:
    """What is to be done for units too large for one task, before `run` puts each together."""
    for task in tasks:
        earlier = task.increment.earlier if task.increment else None
        known = sum(earlier.contents(label) for label in task.unit.labels) if earlier else 0
        if components.is_large(task.unit, task.recipe, known):
            yield from components.phases(_part(task))


def _part(task: Task) -> components.Part:
    earlier = task.increment.earlier if task.increment else None
    return components.Part(
        task.folder, task.measure, task.index_file, task.unit, task.recipe, "", 0, 1, index=earlier
    )


def kept_members(frame: pl.DataFrame) -> np.ndarray:
    """bool[n]: the member of each cluster that stands for it.

    `frame` has `cluster`, `language_score`, `words`, `date`, `id`, its rows in the order of the keys (input,
    record). The first member by: language score in steps of 0.1, then words, both descending; earliest date;
    id; key. Only columns that every member has, never rule outcomes or model scores.
    """
    ordered = frame.select(
        "cluster",
        pl.int_range(pl.len()).alias("row"),
        (pl.col("language_score") * 10 + 1e-9).floor().alias("step"),
        "words",
        "date",
        "id",
    ).sort(
        "cluster", "step", "words", "date", "id", "row",
        descending=[False, True, True, False, False, False],
        nulls_last=True,
        maintain_order=True,
    )  # fmt: skip
    kept = np.zeros(len(frame), bool)
    if len(frame):
        firsts = ordered.filter(pl.col("cluster") != pl.col("cluster").shift().fill_null(-1))
        kept[firsts["row"].to_numpy()] = True
    return kept
