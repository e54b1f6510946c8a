"""The members of clusters, as D sees them: a unit's documents, and those of other runs that an index holds.

The kept member of a cluster is the first by columns that every member has, never rule outcomes or model
scores. A member whose text an earlier run published comes first, unless the run was told to choose anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa

from polysieve.dedup.components import narrow
from polysieve.pipeline.index.versions import MEMBERS, PUBLISHED, Earlier, Increment, Revision
from polysieve.pipeline.steps.units import Unit
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import Store

NUMBERED = pa.schema([("component", pa.int64())])
OTHERS = pl.Schema(
    {
        "label": pl.Int16(),
        "member": pl.Int64(),
        "cluster": pl.Int64(),
        "content": pl.Int64(),
        "language_score": pl.Float64(),
        "published": pl.Boolean(),
    }
)
BLOCK = 1 << 20  # rows that are read at a time
Slices: TypeAlias = Sequence[tuple[str, int, int]]
"""(label, first row, row after the last) of a unit's labels."""


@dataclass(frozen=True)
class Clustered:
    """The clusters of a unit's n documents, and the members that other runs gave them."""

    cluster: np.ndarray
    """int[n], below `span`; numbers that no two labels of the unit share."""
    content: np.ndarray
    """int[n], below `span`: equal where documents have the same content. A cluster of several contents has the number
    of one of them."""
    span: int
    published: np.ndarray
    """bool[n]: whether the index says that the document's text is in a corpus."""
    others: pl.DataFrame
    """A row per document of other runs: label (its position in the unit), member (its number in the index),
    cluster, content, language_score, published."""
    bases: list[int]
    """For each label, the number that the first content of the index has here."""
    members: np.ndarray | None = None
    """int64[n]: each document's number among the label's members in the index, -1 for one that is not in it."""


def of_clusters(
    clusters: StepFolder,
    unit: Unit,
    slices: Slices,
    first_row: int,
    uncut: np.ndarray,
    increment: Increment | None,
) -> Clustered:
    """What C found, with the members of an index that it started from. uncut: bool[n], the documents that no cut
    before identification has taken."""
    earlier = increment.earlier if increment else None
    bases = _bases(earlier, slices)
    n = unit.documents
    span = bases[-1] + n
    cluster, content = np.empty(n, narrow(span)), np.empty(n, narrow(span))
    file = clusters.file(f"{unit.piece}.parquet")
    for start in range(0, n, BLOCK):
        part = clusters.store.read_columns(
            file, ["cluster_id", "content_id"], start, min(start + BLOCK, n)
        )
        cluster[start : start + len(part)] = part["cluster_id"].to_numpy() - first_row
        content[start : start + len(part)] = part["content_id"].to_numpy() - first_row
    published, others = np.zeros(n, bool), [_no_others()]
    if increment is None:
        return Clustered(cluster, content, span, published, others[0], bases)
    manifest = clusters.manifest(unit.piece)
    assert manifest is not None
    members = np.full(n, -1)
    for number, (label, start, stop) in enumerate(slices):
        own = start + np.flatnonzero(uncut[start:stop])
        known = earlier.documents(label) if earlier else 0
        members[own] = known + np.arange(len(own))
        if earlier and known:
            pieces = manifest["index"][label]["components"]
            component = _components(increment.store, pieces, earlier.contents(label))
            others.append(_members(earlier, label, number, bases[number], component))
    return Clustered(cluster, content, span, published, pl.concat(others), bases, members)


def of_index(revision: Revision, slices: Slices, uncut: np.ndarray) -> Clustered:
    """What a version of the index holds of an output's documents, in their order, and of those of other runs."""
    version = revision.version
    bases = _bases(version, slices)
    n = len(uncut)
    cluster = bases[-1] + np.arange(n)
    content = cluster.copy()
    published, members = np.zeros(n, bool), np.full(n, -1)
    others = [_no_others()]
    for number, (label, start, stop) in enumerate(slices):
        contents, pieces = version.contents(label), version.pieces(label, "components")
        component = _components(revision.store, pieces, contents)
        found = _members(version, label, number, bases[number], component)
        run = version.table(label, "members", MEMBERS, ["run"])["run"].to_numpy()
        own = start + np.flatnonzero(uncut[start:stop])
        here = found.filter(run == revision.run)
        if len(own) != len(here):
            raise ValueError(
                f"{label}: the index holds {len(here)} documents of this output, which has {len(own)}"
            )
        cluster[own], content[own] = here["cluster"].to_numpy(), here["content"].to_numpy()
        published[own], members[own] = here["published"].to_numpy(), here["member"].to_numpy()
        others.append(found.filter(run != revision.run))
    span = bases[-1] + n
    return Clustered(cluster, content, span, published, pl.concat(others), bases, members)


def _bases(index: Earlier | None, slices: Slices) -> list[int]:
    """As `Clustered.bases`, and the number of contents after the last."""
    counts = [index.contents(label) if index else 0 for label, _, _ in slices]
    return [0, *accumulate(counts)]


def _components(store: Store, pieces: Sequence[Sequence], contents: int) -> np.ndarray:
    """int64[contents]: the component of each of the first contents of a label."""
    parts = [NUMBERED.empty_table()]
    for file, start, rows in pieces:
        take = min(rows, contents)
        parts.append(store.read_columns(file, ["component"], start, start + take))
        contents -= take
    return pa.concat_tables(parts)["component"].to_numpy()


def _members(
    index: Earlier, label: str, number: int, base: int, component: np.ndarray
) -> pl.DataFrame:
    """A label's members in the index; clusters and contents are numbered from `base`."""
    table = index.table(label, "members", MEMBERS, ["content", "language_score"])
    out = np.zeros(len(table), bool)
    out[index.table(label, "published", PUBLISHED, ["member"])["member"].to_numpy()] = True
    content = table["content"].to_numpy()
    columns = {
        "label": np.full(len(table), number, np.int16),
        "member": np.arange(len(table)),
        "cluster": component[content] + base,
        "content": content + base,
        "language_score": table["language_score"].to_numpy(),
        "published": out,
    }
    return pl.DataFrame(columns, schema=OTHERS)


def _no_others() -> pl.DataFrame:
    return pl.DataFrame(schema=OTHERS)
