"""Which documents of a label are the representatives of their clusters, once those under the language cut have gone.

Clusters over `split_over` members are split around anchors here, not when they are found: which members there are
depends on the cut and, with an index, on the runs seen so far; the components do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl
import pyarrow as pa

from polysieve.dedup import split
from polysieve.dedup.components import component_ranges, member_counts
from polysieve.pipeline.index.versions import PUBLISHED, Earlier, Extent
from polysieve.pipeline.recipe.clustering import Dedup, MinHash
from polysieve.pipeline.steps.cluster.dedup_inputs import fixed_bytes
from polysieve.pipeline.steps.cluster.order import (
    MEMBER_BYTES,
    members_between,
    order_columns,
    representatives,
    sort_rows,
)
from polysieve.pipeline.steps.decide.members import Clustered
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.storage.store import Store


@dataclass(frozen=True)
class Representatives:
    """Of a label's n documents."""

    is_representative: np.ndarray
    """bool[n]: the document remains after the cut and represents its cluster. False for all of a cluster that a
    document of another run represents."""
    exact: np.ndarray
    """bool[n]: the document has the content of a representative."""
    size: np.ndarray
    """int[n]: members of the document's cluster, those of other runs too; 0 for those that do not remain."""
    cluster: np.ndarray
    """int[n]: clusters after splitting."""
    other_cluster: np.ndarray
    """int64: those of the members of other runs."""


@dataclass(frozen=True)
class ClusterMembers:
    """The members of some clusters, whole: m of other runs, then k of the label."""

    frame: pl.DataFrame
    """m + k rows: cluster, content, precedence, and the columns by which representatives are chosen."""
    theirs: np.ndarray
    """int64[m]: rows of `Clustered.others`."""
    mine: np.ndarray
    """int64[k]: rows of the label."""


def choose(
    label: Label,
    dedup: Dedup,
    clustered: Clustered,
    remain: np.ndarray,
    cut: float | None,
    version: Earlier | None = None,
    rekeep: bool = False,
) -> Representatives:
    """Choose the representative of each cluster, of some clusters at a time, as many as `dedup.task_memory` holds.

    remain: bool[n], the label's rows that no cut has taken. A member that is published comes before all others, unless
    `rekeep` says to choose anew.
    """
    others = clustered.others
    there = (others["language_score"] >= (-1.0 if cut is None else cut)).to_numpy()
    other_cluster = others["cluster"].to_numpy().copy()
    # Most documents are alone and represent themselves: only the others' columns are read.
    sizes = member_counts(clustered.cluster[remain], clustered.span)
    sizes += member_counts(other_cluster[there], clustered.span)
    found = Representatives(
        remain.copy(),
        np.zeros(len(remain), bool),
        remain.astype(sizes.dtype),
        clustered.cluster.copy(),
        other_cluster,
    )
    for first, stop in component_ranges(sizes, dedup.task_memory // MEMBER_BYTES):
        mine = members_between(clustered.cluster, sizes, first, stop, remain)
        theirs = members_between(others["cluster"].to_numpy(), sizes, first, stop, there)
        members = _members(label, dedup, clustered, version, theirs, mine, rekeep)
        settings = dedup.minhash
        if settings and settings.verify is not None and settings.split_over is not None:
            cluster = pl.Series(_split(label, settings, dedup.kept, clustered, members, version))
            members = replace(members, frame=members.frame.with_columns(cluster=cluster))
        _enter(found, members, representatives(members.frame, dedup.kept))
    return found


def _members(
    label: Label,
    dedup: Dedup,
    clustered: Clustered,
    version: Earlier | None,
    theirs: np.ndarray,
    mine: np.ndarray,
    rekeep: bool,
) -> ClusterMembers:
    columns = order_columns(label, dedup.kept, mine)
    others = clustered.others[theirs]
    published = np.concatenate([others["published"].to_numpy(), clustered.published[mine]])
    frame = pl.DataFrame(columns).with_columns(
        cluster=pl.Series(clustered.cluster[mine].astype(np.int64)),
        content=pl.Series(clustered.content[mine].astype(np.int64)),
    )
    if len(theirs):
        assert version is not None
        numbers = others["member"].to_numpy()
        order = pl.DataFrame(version.take(label.name, "members", list(columns), numbers))
        others = others.select("cluster", "content").hstack(order)
        frame = pl.concat([others.select(frame.columns).cast(frame.schema), frame])
    frame = frame.with_columns(precedence=pl.Series(published & (not rekeep)))
    return ClusterMembers(frame, theirs, mine)


def _enter(found: Representatives, members: ClusterMembers, chosen: np.ndarray) -> None:
    """Enter which members were chosen."""
    cluster, content = members.frame["cluster"].to_numpy(), members.frame["content"].to_numpy()
    _, inverse, counts = np.unique(cluster, return_inverse=True, return_counts=True)
    first, mine = len(members.theirs), members.mine
    found.is_representative[mine] = chosen[first:]
    found.exact[mine] = np.isin(content, content[chosen])[first:]
    found.size[mine] = counts[inverse][first:]
    found.cluster[mine] = cluster[first:]
    found.other_cluster[members.theirs] = cluster[:first]


def _split(
    label: Label,
    settings: MinHash,
    order: Sequence[str],
    clustered: Clustered,
    members: ClusterMembers,
    version: Earlier | None,
) -> np.ndarray:
    """int64: the members' clusters, those over `split_over` members split; a part has its anchor's content number."""
    assert settings.verify is not None and settings.split_over is not None
    cluster = members.frame["cluster"].to_numpy().copy()
    content = members.frame["content"].to_numpy()
    _, inverse, counts = np.unique(cluster, return_inverse=True, return_counts=True)
    large = np.flatnonzero(counts[inverse] > settings.split_over)
    if not len(large):
        return cluster
    large = large[sort_rows(members.frame[large], order)]
    # One row per content, the first by preference: rows of one content are alike.
    _, firsts = np.unique(content[large], return_index=True)
    chosen = large[np.sort(firsts)]
    lanes = settings.bands * settings.rows
    low = _signatures(label, lanes, clustered, members, version, chosen)
    part = np.empty(len(chosen), np.int64)
    starts = np.flatnonzero(np.r_[True, cluster[chosen][1:] != cluster[chosen][:-1]])
    for start, stop in pairwise([*starts, len(chosen)]):
        anchor = split.anchors(low[start:stop], settings.verify)
        part[start:stop] = content[chosen[start:stop]][anchor]
    known = np.argsort(content[chosen])
    cluster[large] = part[known[np.searchsorted(content[chosen][known], content[large])]]
    return cluster


def _signatures(
    label: Label,
    lanes: int,
    clustered: Clustered,
    members: ClusterMembers,
    version: Earlier | None,
    chosen: np.ndarray,
) -> np.ndarray:
    """uint8[c, lanes]: the bytes to verify by of the chosen rows of `members.frame`."""
    low = np.zeros((len(chosen), lanes), np.uint8)
    of_label = np.flatnonzero(chosen >= len(members.theirs))
    numbers = members.mine[chosen[of_label] - len(members.theirs)]
    order = np.argsort(numbers)
    table = label.take("bands", ["signature"], numbers[order])
    low[of_label[order]] = fixed_bytes(table["signature"], lanes)
    of_others = np.flatnonzero(chosen < len(members.theirs))
    if len(of_others):
        assert version is not None
        contents = clustered.others["content"].to_numpy()[members.theirs[chosen[of_others]]]
        order = np.argsort(contents)
        table = version.take(label.name, "contents", ["signature"], contents[order])
        low[of_others[order]] = fixed_bytes(table["signature"], lanes)
    return low


def published_members(found: Representatives, clustered: Clustered, kept: np.ndarray) -> np.ndarray:
    """int64, ascending: the numbers of the label's members in the index that are in a corpus now.

    kept: bool[n]. A document that is kept takes the place of the one that represented its cluster before.
    """
    assert clustered.members is not None
    replaced = np.zeros(clustered.span, bool)
    replaced[found.cluster[kept]] = True
    still = clustered.others["published"].to_numpy() & ~replaced[found.other_cluster]
    theirs = clustered.others["member"].to_numpy()[still]
    return np.sort(np.concatenate([clustered.members[kept], theirs]))


def write_published(
    store: Store, file: str, members: dict[str, np.ndarray]
) -> dict[str, dict[str, list[Extent]]]:
    """Write the published members of each label into a file of an index; returns where each label's are."""
    ranges: dict[str, dict[str, list[Extent]]] = {}
    row = 0
    for label, numbers in members.items():
        ranges[label] = {"published": [(file, row, len(numbers))]}
        row += len(numbers)
    every = np.concatenate(list(members.values()))
    store.write_table(file, pa.table([every], schema=PUBLISHED))
    store.sync()
    return ranges
