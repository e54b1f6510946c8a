"""The members of a label's clusters when it is decided: its documents, and those of other runs that an index holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa

from polysieve.dedup.components import narrow
from polysieve.pipeline.index.versions import MEMBERS, PUBLISHED, Earlier, Increment, Revision
from polysieve.pipeline.steps.cluster.clusters import Numbering
from polysieve.pipeline.steps.cluster.manifest import Clusters
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.step import manifest_of
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import Store

NUMBERED = pa.schema([("component", pa.int64())])
OTHERS = pl.Schema(
    {
        "member": pl.Int64(),
        "cluster": pl.Int64(),
        "content": pl.Int64(),
        "language_score": pl.Float64(),
        "published": pl.Boolean(),
    }
)
BLOCK = 1 << 20  # rows that are read at a time


Index: TypeAlias = Increment | Revision


def version_of(index: Index | None) -> Earlier | None:
    """The version that holds the documents of other runs."""
    return index.version if isinstance(index, Revision) else index.earlier if index else None


@dataclass(frozen=True)
class Clustered:
    """The clusters of a label's n documents, and the members that other runs gave them."""

    cluster: np.ndarray
    """int[n], below `span`."""
    content: np.ndarray
    """int[n], below `span`: equal where documents have the same content; those of an index come first, as it numbers
    them. A cluster of several contents has the number of one of them."""
    span: int
    published: np.ndarray
    """bool[n]: whether the index says that the document's text is in a corpus."""
    others: pl.DataFrame
    """A row per document of other runs: member (its number in the index), cluster, content, language_score,
    published."""
    members: np.ndarray | None = None
    """int64[n]: each document's number among the label's members in the index, -1 for one that is not in it."""


def of_clusters(
    clusters: StepFolder,
    unit_name: str,
    label: Label,
    numbering: Numbering,
    uncut: np.ndarray,
    increment: Increment | None,
) -> Clustered:
    """What was clustered, with the members of an index that clustering started from. uncut: bool[n], the documents
    that no prefilter has taken."""
    earlier = increment.earlier if increment else None
    n = label.documents
    span = numbering.known + n
    cluster, content = np.empty(n, narrow(span)), np.empty(n, narrow(span))
    file = f"{unit_name}.parquet"
    for start in range(0, n, BLOCK):
        own = slice(start, min(start + BLOCK, n))
        part = label.of_unit(clusters, file, ["cluster_id", "content_id"], own)
        cluster[own] = numbering.of_label(part["cluster_id"].to_numpy())
        content[own] = numbering.of_label(part["content_id"].to_numpy())
    published, others = np.zeros(n, bool), pl.DataFrame(schema=OTHERS)
    if increment is None:
        return Clustered(cluster, content, span, published, others)
    known = earlier.documents(label.name) if earlier else 0
    members = np.full(n, -1)
    members[uncut] = known + np.arange(np.count_nonzero(uncut))
    if earlier and known:
        extents = manifest_of(clusters, unit_name, Clusters)["index"][label.name]["components"]
        component = _components(increment.store, extents, earlier.contents(label.name))
        others = _members(earlier, label.name, component)
    return Clustered(cluster, content, span, published, others, members)


def of_index(revision: Revision, label: Label, uncut: np.ndarray) -> Clustered:
    """What a version of the index holds of an output's documents, in their order, and of those of other runs. Raises
    ValueError where it holds other documents of the output."""
    version, n = revision.version, label.documents
    contents = version.contents(label.name)
    component = _components(revision.store, version.extents(label.name, "components"), contents)
    found = _members(version, label.name, component)
    run = version.table(label.name, "members", MEMBERS, ["run"])["run"].to_numpy()
    here, own = found.filter(run == revision.run), np.flatnonzero(uncut)
    if len(own) != len(here):
        raise ValueError(
            f"{label.name}: the index holds {len(here)} documents of this output, which has {len(own)}"
        )
    cluster = contents + np.arange(n)
    content = cluster.copy()
    published, members = np.zeros(n, bool), np.full(n, -1)
    cluster[own], content[own] = here["cluster"].to_numpy(), here["content"].to_numpy()
    published[own], members[own] = here["published"].to_numpy(), here["member"].to_numpy()
    others = found.filter(run != revision.run)
    return Clustered(cluster, content, contents + n, published, others, members)


def _components(store: Store, extents: Sequence[Sequence], contents: int) -> np.ndarray:
    """int64[contents]: the component of each of the first contents of a label."""
    parts = [NUMBERED.empty_table()]
    for file, start, rows in extents:
        take = min(rows, contents)
        parts.append(store.read_columns(file, ["component"], start, start + take))
        contents -= take
    return pa.concat_tables(parts)["component"].to_numpy()


def _members(index: Earlier, label: str, component: np.ndarray) -> pl.DataFrame:
    """OTHERS: a label's members in the index."""
    table = index.table(label, "members", MEMBERS, ["content", "language_score"])
    out = np.zeros(len(table), bool)
    out[index.table(label, "published", PUBLISHED, ["member"])["member"].to_numpy()] = True
    content = table["content"].to_numpy()
    columns = {
        "member": np.arange(len(table)),
        "cluster": component[content],
        "content": content,
        "language_score": table["language_score"].to_numpy(),
        "published": out,
    }
    return pl.DataFrame(columns, schema=OTHERS)
