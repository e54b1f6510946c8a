"""The members of clusters, as D sees them: a unit's documents, and those of other runs that an index holds.

The kept member of a cluster is the first by columns that every member has, never rule outcomes or model
scores. A member whose text an earlier run published comes first, unless the run was told to choose anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.index import MEMBERS, PUBLISHED, Earlier
from pipeline.ledger import StepFolder
from pipeline.steps.clusters import Increment
from pipeline.steps.units import Unit, label_slices
from pipeline.store import Store

NUMBERED = pa.schema([("component", pa.int64())])


@dataclass(frozen=True)
class Revision:
    """A version of an index by which an output that is in it is decided again."""

    store: Store
    version: Earlier
    run: int
    """The output's number among the index's runs."""


@dataclass(frozen=True)
class Clustered:
    """The clusters of a unit's n documents, and the members that other runs gave them."""

    cluster: np.ndarray
    """int64[n]; numbers that no two labels of the unit share."""
    content: np.ndarray
    """int64[n]: equal where documents have the same content; numbers as of clusters."""
    published: np.ndarray
    """bool[n]: whether the index says that the document's text is in a corpus."""
    others: pl.DataFrame
    """A row per document of other runs: label (its position in the unit), member and number (its own and its
    content's numbers in the index), cluster, content, published, and the columns by which kept members are chosen."""
    members: np.ndarray
    """int64[n]: each document's number among the label's members in the index, -1 for one that is not in it."""


def of_clusters(
    clusters: StepFolder,
    unit: Unit,
    first_row: int,
    cut: pa.ChunkedArray,
    increment: Increment | None,
) -> Clustered:
    """What C found, with the members of an index that it started from."""
    table = clusters.store.read_columns(
        clusters.file(f"{unit.piece}.parquet"), ["label", "cluster_id", "content_id"]
    )
    n = len(table)
    uncut = cut.is_null().to_numpy()
    members = np.full(n, -1)
    others = [_no_others()]
    if increment:
        manifest = clusters.manifest(unit.piece)
        assert manifest is not None
        base = first_row
        for number, (label, start, stop) in enumerate(label_slices(table["label"])):
            own = start + np.flatnonzero(uncut[start:stop])
            earlier = increment.earlier
            known = earlier.documents(label) if earlier else 0
            members[own] = known + np.arange(len(own))
            if earlier and known:
                contents = earlier.contents(label)
                component = _components(
                    increment.store, manifest["index"][label]["components"], contents
                )
                found = _members(earlier, label, number, base, component)
                others.append(found)
                base += contents
    return Clustered(
        table["cluster_id"].to_numpy(),
        table["content_id"].to_numpy(),
        np.zeros(n, bool),
        pl.concat(others),
        members,
    )


def of_index(revision: Revision, labels: pa.ChunkedArray, cut: pa.ChunkedArray) -> Clustered:
    """What a version of the index holds of an output's documents, in their order, and of those of other runs."""
    version = revision.version
    n = len(labels)
    uncut = cut.is_null().to_numpy()
    cluster, content = -1 - np.arange(n), -1 - np.arange(n)
    published, members = np.zeros(n, bool), np.full(n, -1)
    others = [_no_others()]
    base = 0
    for number, (label, start, stop) in enumerate(label_slices(labels)):
        contents = version.contents(label)
        component = _components(revision.store, version.pieces(label, "components"), contents)
        found = _members(version, label, number, base, component)
        mine = (found["run"] == revision.run).to_numpy()
        own = start + np.flatnonzero(uncut[start:stop])
        here = found.filter(mine)
        if len(own) != len(here):
            raise ValueError(
                f"{label}: the index holds {len(here)} documents of this output, which has {len(own)}"
            )
        cluster[own], content[own] = here["cluster"].to_numpy(), here["content"].to_numpy()
        published[own], members[own] = here["published"].to_numpy(), here["member"].to_numpy()
        others.append(found.filter(~mine))
        base += contents
    return Clustered(cluster, content, published, pl.concat(others), members)


def _components(store: Store, pieces: Sequence[Sequence], contents: int) -> np.ndarray:
    """int64[contents]: the component of each of the first contents of a label."""
    parts = [NUMBERED.empty_table()]
    for file, start, rows in pieces:
        take = min(rows, contents)
        parts.append(store.read_columns(file, ["component"], start, start + take))
        contents -= take
    return pa.concat_tables(parts)["component"].to_numpy()


_COLUMNS = ["content", "run", "language_score", "word_count", "date", "id"]


def _members(
    index: Earlier, label: str, number: int, base: int, component: np.ndarray
) -> pl.DataFrame:
    """A label's members in the index; clusters and contents are numbered from `base`."""
    table = index.table(label, "members", MEMBERS, _COLUMNS)
    out = np.zeros(len(table), bool)
    out[index.table(label, "published", PUBLISHED, ["member"])["member"].to_numpy()] = True
    frame: pl.DataFrame = pl.DataFrame(table)
    content = table["content"].to_numpy()
    return frame.with_columns(
        label=pl.lit(number, pl.Int64),
        member=pl.int_range(pl.len(), dtype=pl.Int64),
        number=pl.col("content"),
        cluster=pl.Series(component[content] + base, dtype=pl.Int64),
        content=pl.Series(content + base, dtype=pl.Int64),
        published=pl.Series(out, dtype=pl.Boolean),
    )


def _no_others() -> pl.DataFrame:
    empty: pl.DataFrame = pl.DataFrame(
        pa.schema([MEMBERS.field(name) for name in _COLUMNS]).empty_table()
    )
    integers = ("label", "member", "number", "cluster")
    return empty.with_columns(
        *(pl.lit(None, pl.Int64).alias(name) for name in integers),
        published=pl.lit(None, pl.Boolean),
    )
