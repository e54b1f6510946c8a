"""Which documents stand for their clusters, once those under the language cut have gone.

Clusters over `split_over` members are split around anchors here, not in C: which members there are depends on
the cut and, with an index, on the runs seen so far; the components do not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl
import pyarrow as pa

from polysieve.dedup import split
from polysieve.dedup.components import component_ranges, member_counts
from polysieve.pipeline.index.delta import Ranges
from polysieve.pipeline.index.versions import PUBLISHED, Increment, Revision
from polysieve.pipeline.recipe import Recipe
from polysieve.pipeline.recipe.clustering import Dedup, MinHash
from polysieve.pipeline.steps.cluster.dedup_inputs import fixed_bytes
from polysieve.pipeline.steps.decide.members import Clustered, Slices
from polysieve.pipeline.steps.decide.order import (
    MEMBER_BYTES,
    kept_members,
    members_between,
    order_columns,
    sort_rows,
)
from polysieve.pipeline.steps.units import Rows


@dataclass(frozen=True)
class Standing:
    """Of a unit's n documents."""

    stands: np.ndarray
    """bool[n]: the document remains after the cut, and stands for its cluster. False for all of a cluster for which
    a document of another run stands."""
    exact: np.ndarray
    """bool[n]: the document has the content of one that stands."""
    size: np.ndarray
    """int[n]: members of the document's cluster, those of other runs too; 0 for those that do not remain."""
    cluster: np.ndarray
    """int[n]: clusters after splitting."""
    other_cluster: np.ndarray
    """int64: those of the members of other runs."""


@dataclass(frozen=True)
class Mates:
    """The members of some clusters, whole: m of other runs, then k of the unit."""

    frame: pl.DataFrame
    """m + k rows: cluster, content, published, and the columns by which kept members are chosen."""
    theirs: np.ndarray
    """int64[m]: rows of `Clustered.others`."""
    mine: np.ndarray
    """int64[k]: rows of the unit."""


def choose(
    rows: Rows,
    recipe: Recipe,
    clustered: Clustered,
    remain: np.ndarray,
    slices: Slices,
    cuts: Mapping[str, float | None],
    index: Increment | Revision | None = None,
    rekeep: bool = False,
) -> Standing:
    """Choose a member of each cluster, of some clusters at a time, as many as `dedup.task_memory` holds.

    remain: bool[n], the unit's rows that no cut has taken.
    """
    dedup, others = recipe.dedup, clustered.others
    labels = [label for label, _, _ in slices]
    lowest = pl.Series([cuts[label] for label in labels], dtype=pl.Float64).fill_null(-1.0)
    there = (others["language_score"] >= lowest.gather(others["label"])).to_numpy()
    other_cluster = others["cluster"].to_numpy().copy()
    # Most documents are alone, and stand for themselves: only the others' columns are read.
    sizes = member_counts(clustered.cluster[remain], clustered.span)
    sizes += member_counts(other_cluster[there], clustered.span)
    found = Standing(
        remain.copy(),
        np.zeros(len(remain), bool),
        remain.astype(sizes.dtype),
        clustered.cluster.copy(),
        other_cluster,
    )
    for first, stop in component_ranges(sizes, dedup.task_memory // MEMBER_BYTES):
        mine = members_between(clustered.cluster, sizes, first, stop, remain)
        theirs = members_between(others["cluster"].to_numpy(), sizes, first, stop, there)
        mates = _mates(rows, dedup, clustered, labels, index, theirs, mine)
        settings = dedup.minhash
        if settings and settings.verify is not None and settings.split_over is not None:
            split_up = _split(rows, settings, dedup.kept, clustered, mates, labels, index, rekeep)
            mates = replace(mates, frame=mates.frame.with_columns(cluster=pl.Series(split_up)))
        _settle(found, mates, kept_members(mates.frame, dedup.kept, rekeep=rekeep))
    return found


def _mates(
    rows: Rows,
    dedup: Dedup,
    clustered: Clustered,
    labels: Sequence[str],
    index: Increment | Revision | None,
    theirs: np.ndarray,
    mine: np.ndarray,
) -> Mates:
    frame = pl.DataFrame(order_columns(rows, dedup.kept, mine)).with_columns(
        cluster=pl.Series(clustered.cluster[mine].astype(np.int64)),
        content=pl.Series(clustered.content[mine].astype(np.int64)),
        published=pl.Series(clustered.published[mine]),
    )
    if len(theirs):
        others = clustered.others[theirs]
        names = [n for n in frame.columns if n not in ("cluster", "content", "published")]
        order = pl.concat(
            pl.DataFrame(part)
            for _, part in _of_index(index, labels, others, "member", "members", names)
        )
        others = others.select("cluster", "content", "published").hstack(order)
        frame = pl.concat([others.select(frame.columns).cast(frame.schema), frame])
    return Mates(frame, theirs, mine)


def _of_index(
    index: Increment | Revision | None,
    labels: Sequence[str],
    others: pl.DataFrame,
    number: str,
    table: str,
    columns: list[str],
) -> Iterator[tuple[np.ndarray, pa.Table]]:
    """(rows of `others`, columns of a table of the index), label by label; `number` names the column that tells
    each row's number in the table, ascending within a label."""
    version = index.version if isinstance(index, Revision) else index.earlier if index else None
    assert version is not None
    label, numbers = others["label"].to_numpy(), others[number].to_numpy()
    for position in np.unique(label).tolist():
        own = np.flatnonzero(label == position)
        yield own, version.take(labels[position], table, columns, numbers[own])


def _settle(found: Standing, mates: Mates, chosen: np.ndarray) -> None:
    """Enter what was chosen among some mates."""
    cluster, content = mates.frame["cluster"].to_numpy(), mates.frame["content"].to_numpy()
    _, inverse, counts = np.unique(cluster, return_inverse=True, return_counts=True)
    first, mine = len(mates.theirs), mates.mine
    found.stands[mine] = chosen[first:]
    found.exact[mine] = np.isin(content, content[chosen])[first:]
    found.size[mine] = counts[inverse][first:]
    found.cluster[mine] = cluster[first:]
    found.other_cluster[mates.theirs] = cluster[:first]


def _split(
    rows: Rows,
    settings: MinHash,
    order: Sequence[str],
    clustered: Clustered,
    mates: Mates,
    labels: Sequence[str],
    index: Increment | Revision | None,
    rekeep: bool,
) -> np.ndarray:
    """int64: the clusters of mates, those over `split_over` members split; a part has its anchor's content number."""
    assert settings.verify is not None and settings.split_over is not None
    cluster = mates.frame["cluster"].to_numpy().copy()
    content = mates.frame["content"].to_numpy()
    _, inverse, counts = np.unique(cluster, return_inverse=True, return_counts=True)
    large = np.flatnonzero(counts[inverse] > settings.split_over)
    if not len(large):
        return cluster
    large = large[sort_rows(mates.frame[large], order, rekeep=rekeep)]
    # One row per content, the first by preference: rows of one content are alike.
    _, firsts = np.unique(content[large], return_index=True)
    chosen = large[np.sort(firsts)]
    low = _signatures(rows, settings.bands * settings.rows, clustered, mates, labels, index, chosen)
    part = np.empty(len(chosen), np.int64)
    starts = np.flatnonzero(np.r_[True, cluster[chosen][1:] != cluster[chosen][:-1]])
    for start, stop in pairwise([*starts, len(chosen)]):
        anchor = split.anchors(low[start:stop], settings.verify)
        part[start:stop] = content[chosen[start:stop]][anchor]
    known = np.argsort(content[chosen])
    cluster[large] = part[known[np.searchsorted(content[chosen][known], content[large])]]
    return cluster


def _signatures(
    rows: Rows,
    lanes: int,
    clustered: Clustered,
    mates: Mates,
    labels: Sequence[str],
    index: Increment | Revision | None,
    chosen: np.ndarray,
) -> np.ndarray:
    """uint8[c, lanes]: the bytes to verify by of the chosen rows of `mates.frame`."""
    low = np.zeros((len(chosen), lanes), np.uint8)
    of_unit = np.flatnonzero(chosen >= len(mates.theirs))
    numbers = mates.mine[chosen[of_unit] - len(mates.theirs)]
    order = np.argsort(numbers)
    table = rows.take("bands", ["signature"], numbers[order])
    low[of_unit[order]] = fixed_bytes(table["signature"], lanes)
    of_others = np.flatnonzero(chosen < len(mates.theirs))
    if len(of_others):
        others = clustered.others[mates.theirs[chosen[of_others]]].select("label", "content")
        bases = pl.Series(clustered.bases, dtype=pl.Int64).gather(others["label"])
        others = others.with_columns(content=others["content"] - bases, place=of_others)
        others = others.sort("label", "content")
        for own, part in _of_index(index, labels, others, "content", "contents", ["signature"]):
            low[others["place"].to_numpy()[own]] = fixed_bytes(part["signature"], lanes)
    return low


def write_published(
    folder: str,
    piece: str,
    found: Standing,
    clustered: Clustered,
    kept: np.ndarray,
    slices: Slices,
    index: Increment | Revision,
) -> Ranges:
    """Write which members of the unit's labels are in a corpus now; returns where each label's are.

    kept: bool[n]. A document that is kept takes the place of the one that stood for its cluster before.
    """
    assert clustered.members is not None
    replaced = np.zeros(clustered.span, bool)
    replaced[found.cluster[kept]] = True
    still = clustered.others["published"].to_numpy() & ~replaced[found.other_cluster]
    others = clustered.others.select("label", "member").filter(still)
    file = f"{folder}/{piece}-published.parquet"
    parts: list[np.ndarray] = []
    ranges: Ranges = {}
    row = 0
    for number, (label, start, stop) in enumerate(slices):
        mine = clustered.members[start:stop][kept[start:stop]]
        theirs = others.filter(pl.col("label") == number)["member"].to_numpy()
        parts.append(np.sort(np.concatenate([mine, theirs])))
        ranges[label] = {"published": [(file, row, len(parts[-1]))]}
        row += len(parts[-1])
    index.store.write_table(file, pa.table([np.concatenate(parts)], schema=PUBLISHED))
    index.store.sync()
    return ranges
