"""Step C: exact and near-duplicate clusters of every document of a label, whatever its score.

A row per document, singletons too. Clusters know no thresholds: the language cut, the kept member among those
that remain, and the cluster's size after the cut are D's. With an index, the documents of earlier runs
take part in the components (pipeline/steps/population.py), and what this run adds is written beside.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from polysieve.dedup.components import member_counts
from polysieve.pipeline.index import delta as layer
from polysieve.pipeline.index.versions import Earlier
from polysieve.pipeline.recipe import Recipe
from polysieve.pipeline.steps.cluster import components
from polysieve.pipeline.steps.cluster import partitions as parts
from polysieve.pipeline.steps.cluster.dedup_inputs import Population
from polysieve.pipeline.steps.decide.order import kept_by_cluster
from polysieve.pipeline.steps.units import Rows, Unit
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.schema import CLUSTERS
from polysieve.pipeline.storage.store import Store, parquet_writer


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
    first_row: int
    """Rows of the units before this one, earlier contents of an index among them."""
    increment: Increment | None = None

    @property
    def piece(self) -> str:
        return self.unit.piece


def depends_on(recipe: Recipe) -> dict[str, Any]:
    settings = recipe.dedup.minhash
    return {
        "exact": recipe.dedup.exact,
        "minhash": settings and settings.model_dump(exclude={"split_over", "threshold"}),
        "kept": recipe.dedup.kept,
    }


def first_rows(units: Sequence[Unit], increment: Increment | None) -> list[int]:
    """The number of the first row of each unit, so that no two units share a number."""
    earlier = increment.earlier if increment else None
    first, found = 0, []
    for unit in units:
        found.append(first)
        known = sum(earlier.contents(label) for label in unit.labels) if earlier else 0
        first += known + unit.documents
    return found


def run(task: Task) -> dict[str, Any]:
    """Cluster one unit and commit it."""
    rows = Rows.of(task.measure, task.index_file, task.unit.labels)
    earlier = task.increment.earlier if task.increment else None
    population = Population(rows, task.unit, task.recipe.dedup.minhash, earlier)
    if parts.is_large(task.unit, task.recipe, population.earlier):
        found = parts.found_by_parts(_part(task), indexed=task.increment is not None)
    else:
        found = components.find(population, task.recipe)
    cluster = found.component[population.earlier :]
    sizes = member_counts(cluster, population.count)
    kept = kept_by_cluster(rows, task.recipe.dedup, cluster, sizes)
    content = found.content[population.earlier :]
    file = task.folder.file(f"{task.piece}.parquet")
    with task.folder.store.create(file) as handle, parquet_writer(handle, CLUSTERS) as writer:
        for own, documents, addresses in _documents(rows):
            columns = [
                documents["id"],
                addresses,
                documents["offset"],
                cluster[own].astype(np.int64) + task.first_row,
                sizes[cluster[own]].astype(np.int64),
                kept[own],
                documents["label"],
                content[own].astype(np.int64) + task.first_row,
            ]
            writer.write_table(pa.table(columns, schema=CLUSTERS), row_group_size=10_000)
    manifest: dict[str, Any] = {
        "rows": len(cluster),
        "clusters": int(np.count_nonzero(sizes)),
    }
    if task.increment:
        folder = layer_folder(task.folder)
        manifest["index"] = layer.write(
            task.increment.store,
            folder,
            population,
            found,
            task.increment.run,
            task.recipe.dedup.kept,
        )
        manifest["dumps"] = (
            rows.read("documents", ["dump"])["dump"].unique().drop_null().to_pylist()
        )
        task.increment.store.sync()
    task.folder.commit(task.piece, manifest)
    return {"documents": len(cluster), "clusters": manifest["clusters"]}


def _documents(rows: Rows) -> Iterator[tuple[slice, pa.Table, pa.Array]]:
    """(rows, columns of documents/, addresses of their inputs); see `Rows.stretches`."""
    sources = iter(rows.slices)
    for own, read in rows.stretches({"documents": ["id", "offset", "label"]}):
        if rows.several_labels:
            addresses = rows.addresses()
        else:
            addresses = pa.repeat(pa.scalar(next(sources)[1], pa.string()), own.stop - own.start)
        yield own, read["documents"], addresses


def layer_folder(clusters: StepFolder) -> str:
    """Where, in the index, a run's own tables are."""
    return f"runs/{clusters.fingerprint}"


def phases(
    tasks: Sequence[Task],
) -> Iterator[tuple[str, Callable[[parts.Part], dict[str, Any]], list[parts.Part]]]:
    """What is to be done for units too large for one task, before `run` puts each together."""
    for task in tasks:
        earlier = task.increment.earlier if task.increment else None
        known = sum(earlier.contents(label) for label in task.unit.labels) if earlier else 0
        if parts.is_large(task.unit, task.recipe, known):
            yield from parts.phases(_part(task))


def _part(task: Task) -> parts.Part:
    earlier = task.increment.earlier if task.increment else None
    return parts.Part(
        task.folder, task.measure, task.index_file, task.unit, task.recipe, "", 0, 1, index=earlier
    )
