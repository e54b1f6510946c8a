"""Exact and near-duplicate clusters of every document of a label, whatever its score.

A row per document, singletons too. Clusters know no thresholds: the language cut, the representative among the members
that remain, and the cluster's size after the cut are found when documents are decided. With an index, the documents of
earlier runs take part in the components (pipeline/steps/cluster/dedup_inputs.py), and what this run adds is written
beside.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.dedup.components import member_counts
from polysieve.pipeline.engines.engine import Counts
from polysieve.pipeline.index.versions import Earlier, Increment, Revision
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.cluster import components, partitions
from polysieve.pipeline.steps.cluster import index_delta as delta
from polysieve.pipeline.steps.cluster.components import Found
from polysieve.pipeline.steps.cluster.dedup_inputs import DedupInputs
from polysieve.pipeline.steps.cluster.manifest import Clusters
from polysieve.pipeline.steps.cluster.order import representatives_by_cluster
from polysieve.pipeline.steps.cluster.partitions import NARROW_BYTES
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.step import Phase, UnitTask
from polysieve.pipeline.steps.units import Unit
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


@dataclass(frozen=True)
class Numbering:
    """How the files of a run number a label's clusters and contents (`cluster_id`, `content_id`).

    Within a label, the contents that an index holds of it come first, then its documents. In a run, each unit has the
    contents of all its labels first, then their documents, so that no two units share a number.
    """

    known: int
    """Contents of the label in the index."""
    contents_from: int
    """The run's number of the first of them."""
    documents_from: int
    """The run's number of the label's first document."""

    def of_run(self, numbers: np.ndarray) -> np.ndarray:
        """int64[n]: the run's numbers for numbers within the label."""
        wide = numbers.astype(np.int64)
        documents = wide + (self.documents_from - self.known)
        return np.where(wide < self.known, wide + self.contents_from, documents)

    def of_label(self, numbers: np.ndarray) -> np.ndarray:
        """int64[n]: the numbers within the label for a run's."""
        documents = numbers - (self.documents_from - self.known)
        return np.where(numbers < self.documents_from, numbers - self.contents_from, documents)


def numberings(labels: Sequence[Label], earlier: Earlier | None, first_row: int) -> list[Numbering]:
    """The numbering of each label of a unit. first_row: the unit's, see `first_rows`."""
    known = [earlier.contents(label.name) if earlier else 0 for label in labels]
    content, document = first_row, first_row + sum(known)
    found = []
    for label, contents in zip(labels, known, strict=True):
        found.append(Numbering(contents, content, document))
        content, document = content + contents, document + label.documents
    return found


def first_rows(units: Sequence[Unit], index: Increment | Revision | None) -> list[int]:
    """The number of the first row of each unit, so that no two units share a number."""
    earlier = index.earlier if isinstance(index, Increment) else None
    first, found = 0, []
    for unit in units:
        found.append(first)
        known = sum(earlier.contents(label) for label in unit.labels) if earlier else 0
        first += known + unit.documents
    return found


def run(task: Clustering) -> Counts:
    """Cluster one unit and commit it."""
    labels, recipe, index = task.unit_labels(), task.recipe, task.context.inputs.index
    increment, earlier = index if isinstance(index, Increment) else None, task.earlier
    clusters = 0
    dumps: dict[str, None] = {}
    waiting: list[pa.Table] = []
    with ExitStack() as files:
        handle = files.enter_context(
            task.folder.store.create(task.folder.file(f"{task.name}.parquet"))
        )
        writer = files.enter_context(parquet_writer(handle, CLUSTERS))
        added = None
        if increment:
            folder = delta_folder(task.folder)
            added = delta.Delta(
                increment.store, f"{folder}/{task.name}", increment.run, recipe.dedup
            )
            files.enter_context(added)
        for label, numbering in zip(
            labels, numberings(labels, earlier, task.first_row), strict=True
        ):
            inputs = DedupInputs(label, recipe.dedup.minhash, earlier)
            found = _components(task, inputs)
            sizes = member_counts(found.component[inputs.earlier :], inputs.count)
            clusters += int(np.count_nonzero(sizes))
            for table in cluster_tables(inputs, found, sizes, numbering, recipe):
                if len(labels) == 1:
                    writer.write_table(table, row_group_size=10_000)
                else:  # small labels share row groups
                    waiting.append(table)
            if added:
                added.add(inputs, found)
                for part in label.parts("documents", ["dump"]):
                    dumps |= dict.fromkeys(pc.unique(part["dump"].drop_null()).to_pylist())
        if waiting:
            writer.write_table(pa.concat_tables(waiting).combine_chunks(), row_group_size=10_000)
    manifest: Clusters = {"rows": task.unit.documents, "clusters": clusters}
    if increment and added:
        increment.store.sync()
        manifest["index"], manifest["dumps"] = added.ranges, list(dumps)
    task.folder.commit(task.name, manifest)
    return {"documents": task.unit.documents, "clusters": clusters}


def cluster_tables(
    inputs: DedupInputs, found: Found, sizes: np.ndarray, numbering: Numbering, recipe: Recipe
) -> Iterator[pa.Table]:
    """CLUSTERS of a label, some rows at a time. sizes: int[count], documents by number of their component."""
    label = inputs.label
    cluster = found.component[inputs.earlier :]
    content = found.content[inputs.earlier :]
    is_representative = representatives_by_cluster(label, recipe.dedup, cluster, sizes)
    for own, read in label.stretches({"documents": ["id", "offset", "label"]}):
        documents = read["documents"]
        columns = [
            documents["id"],
            label.addresses(own),
            documents["offset"],
            numbering.of_run(cluster[own]),
            sizes[cluster[own]].astype(np.int64),
            is_representative[own],
            documents["label"],
            numbering.of_run(content[own]),
        ]
        yield pa.table(columns, schema=CLUSTERS)


def delta_folder(clusters: StepFolder) -> str:
    """Where, in the index, a run's own tables are."""
    return f"runs/{clusters.fingerprint}"


def _components(task: Clustering, inputs: DedupInputs) -> Found:
    if partitions.is_large(inputs.label.documents, task.recipe, inputs.earlier):
        indexed = isinstance(task.context.inputs.index, Increment)
        return partitions.found_by_parts(_part(task, inputs.label), indexed=indexed)
    return components.find(inputs, task.recipe)


def phases(tasks: Sequence[Clustering]) -> Iterator[Phase]:
    """What is to be done for labels too large for one task, before `run` puts each together."""
    for task in tasks:
        earlier = task.earlier
        known = {label: earlier.contents(label) if earlier else 0 for label in task.unit.labels}
        if not partitions.is_large(task.unit.documents, task.recipe, sum(known.values())):
            continue
        for label in task.unit_labels():
            if partitions.is_large(label.documents, task.recipe, known[label.name]):
                yield from partitions.phases(_part(task, label))


def _part(task: Clustering, label: Label) -> partitions.Part:
    unit = replace(task.unit, labels=(label.name,), documents=label.documents)
    return partitions.Part(task.context, task.folder, unit, "", 0, 1, index=task.earlier)
