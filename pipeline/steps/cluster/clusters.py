"""Exact and near-duplicate clusters of every document of a label, whatever its score.

A row per document, singletons too. Clusters know no thresholds: the language cut, the kept member among those
that remain, and the cluster's size after the cut are D's. With an index, the documents of earlier runs
take part in the components (pipeline/steps/population.py), and what this run adds is written beside.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from polysieve.dedup.components import member_counts
from polysieve.pipeline.index import delta as layer
from polysieve.pipeline.index.versions import Earlier, Increment, Revision
from polysieve.pipeline.steps.cluster import components
from polysieve.pipeline.steps.cluster import partitions as parts
from polysieve.pipeline.steps.cluster.dedup_inputs import Population
from polysieve.pipeline.steps.cluster.partitions import NARROW_BYTES
from polysieve.pipeline.steps.decide.order import kept_by_cluster
from polysieve.pipeline.steps.step import Phase, UnitTask
from polysieve.pipeline.steps.units import Rows, Unit
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.schema import CLUSTERS
from polysieve.pipeline.storage.store import parquet_writer


@dataclass(frozen=True)
class Clustering(UnitTask):
    """One unit to cluster."""

    first_row: int
    """Rows of the units before this one, earlier contents of an index among them."""

    @property
    def earlier(self) -> Earlier | None:
        """The version of an index that the run adds to."""
        index = self.context.inputs.index
        return index.earlier if isinstance(index, Increment) else None

    @property
    def memory(self) -> int:
        return self.recipe.dedup.task_memory + NARROW_BYTES * self.unit.documents


def first_rows(units: Sequence[Unit], index: Increment | Revision | None) -> list[int]:
    """The number of the first row of each unit, so that no two units share a number."""
    earlier = index.earlier if isinstance(index, Increment) else None
    first, found = 0, []
    for unit in units:
        found.append(first)
        known = sum(earlier.contents(label) for label in unit.labels) if earlier else 0
        first += known + unit.documents
    return found


def run(task: Clustering) -> dict[str, Any]:
    """Cluster one unit and commit it."""
    rows, index = task.rows(), task.context.inputs.index
    increment = index if isinstance(index, Increment) else None
    population = Population(rows, task.unit, task.recipe.dedup.minhash, task.earlier)
    if parts.is_large(task.unit, task.recipe, population.earlier):
        found = parts.found_by_parts(_part(task), indexed=increment is not None)
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
    if increment:
        folder = delta_folder(task.folder)
        manifest["index"] = layer.write(
            increment.store,
            folder,
            population,
            found,
            increment.run,
            task.recipe.dedup.kept,
        )
        manifest["dumps"] = (
            rows.read("documents", ["dump"])["dump"].unique().drop_null().to_pylist()
        )
        increment.store.sync()
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


def delta_folder(clusters: StepFolder) -> str:
    """Where, in the index, a run's own tables are."""
    return f"runs/{clusters.fingerprint}"


def phases(tasks: Sequence[Clustering]) -> Iterator[Phase]:
    """What is to be done for units too large for one task, before `run` puts each together."""
    for task in tasks:
        earlier = task.earlier
        known = sum(earlier.contents(label) for label in task.unit.labels) if earlier else 0
        if parts.is_large(task.unit, task.recipe, known):
            yield from parts.phases(_part(task))


def _part(task: Clustering) -> parts.Part:
    return parts.Part(task.context, task.folder, task.unit, "", 0, 1, index=task.earlier)
