"""Which documents stand for their clusters, once those under the language cut have gone.

Clusters over `split_over` members are split around anchors here, not in C: which members there are depends on
the cut and, with an index, on the runs seen so far; the components do not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from dedup import split
from pipeline.index import PUBLISHED
from pipeline.recipe import Recipe
from pipeline.steps.clusters import Increment
from pipeline.steps.kept import kept_members, order_columns, sort_rows
from pipeline.steps.layer import Ranges
from pipeline.steps.members import Clustered, Revision
from pipeline.steps.population import fixed_bytes
from pipeline.steps.units import Rows


@dataclass(frozen=True)
class Standing:
    """Of a unit's n documents, of which r remain after the cut."""

    stands: np.ndarray
    """bool[r]: the document stands for its cluster. False for all of a cluster for which a document of another run
    stands."""
    exact: np.ndarray
    """bool[r]: the document has the content of one that stands."""
    size: np.ndarray
    """int64[n]: members of the document's cluster, those of other runs too; 0 for those that do not remain."""
    cluster: np.ndarray
    """int64[n]: clusters after splitting."""
    others: pl.DataFrame
    """The members of other runs, `cluster` after splitting; see Clustered."""


def choose(
    rows: Rows,
    recipe: Recipe,
    clustered: Clustered,
    remaining: np.ndarray,
    slices: list[tuple[str, int, int]],
    cuts: Mapping[str, float | None],
    index: Increment | Revision | None = None,
    rekeep: bool = False,
) -> Standing:
    """Choose a member of each cluster; `remaining` are the unit's rows that no cut has taken."""
    order = recipe.dedup.kept
    labels = [label for label, _, _ in slices]
    others = clustered.others.with_row_index("other")
    lowest = pl.Series([cuts[label] for label in labels], dtype=pl.Float64).fill_null(-1.0)
    there = others.filter(pl.col("language_score") >= lowest.gather(others["label"]))
    # Most documents are alone, and stand for themselves: only the others' columns are read.
    several = in_several(
        np.concatenate([there["cluster"].to_numpy(), clustered.cluster[remaining]])
    )
    there = there.filter(pl.Series(several[: len(there)], dtype=pl.Boolean))
    mates = np.flatnonzero(several[len(several) - len(remaining) :])
    numbers = remaining[mates]
    frame = pl.DataFrame(order_columns(rows, order, numbers)).with_columns(
        cluster=pl.Series(clustered.cluster[numbers]),
        content=pl.Series(clustered.content[numbers]),
        published=pl.Series(clustered.published[numbers]),
    )
    if len(there):
        frame = pl.concat([there.select(frame.columns).cast(frame.schema), frame])
    settings = recipe.dedup.minhash
    if settings and settings.verify is not None and settings.split_over is not None:
        split_up = _split(rows, recipe, frame, there, numbers, labels, index, rekeep)
        frame = frame.with_columns(cluster=pl.Series(split_up))
    chosen = kept_members(frame, order, rekeep=rekeep)
    cluster, content = frame["cluster"].to_numpy(), frame["content"].to_numpy()
    _, inverse, counts = np.unique(cluster, return_inverse=True, return_counts=True)
    first = len(there)
    stands, exact = np.ones(len(remaining), bool), np.zeros(len(remaining), bool)
    stands[mates] = chosen[first:]
    exact[mates] = np.isin(content, content[chosen])[first:]
    size = np.zeros(len(clustered.cluster), np.int64)
    size[remaining] = 1
    size[numbers] = counts[inverse][first:]
    own_cluster = clustered.cluster.copy()
    own_cluster[numbers] = cluster[first:]
    other_cluster = others["cluster"].to_numpy().copy()
    other_cluster[there["other"].to_numpy()] = cluster[:first]
    return Standing(
        stands, exact, size, own_cluster, others.with_columns(cluster=pl.Series(other_cluster))
    )


def in_several(cluster: np.ndarray) -> np.ndarray:
    """bool[n]: whether another row has the same number (numbers that lie close together)."""
    if not len(cluster):
        return np.zeros(0, bool)
    own = cluster - cluster.min()
    return np.bincount(own)[own] > 1


def _split(
    rows: Rows,
    recipe: Recipe,
    frame: pl.DataFrame,
    there: pl.DataFrame,
    remaining: np.ndarray,
    labels: list[str],
    index: Increment | Revision | None,
    rekeep: bool,
) -> np.ndarray:
    """int64: the clusters of `frame`, those over `split_over` members split; a part has its anchor's content number."""
    settings = recipe.dedup.minhash
    assert settings is not None and settings.verify is not None
    assert settings.split_over is not None
    cluster = frame["cluster"].to_numpy().copy()
    content = frame["content"].to_numpy()
    _, inverse, counts = np.unique(cluster, return_inverse=True, return_counts=True)
    large = np.flatnonzero(counts[inverse] > settings.split_over)
    if not len(large):
        return cluster
    large = large[sort_rows(frame[large], recipe.dedup.kept, rekeep=rekeep)]
    # One row per content, the first by preference: rows of one content are alike.
    _, firsts = np.unique(content[large], return_index=True)
    chosen = large[np.sort(firsts)]
    low = _signatures(rows, settings.bands * settings.rows, there, remaining, labels, index, chosen)
    part = np.empty(len(chosen), np.int64)
    starts = np.flatnonzero(np.r_[True, cluster[chosen][1:] != cluster[chosen][:-1]])
    for start, stop in zip(starts, [*starts[1:], len(chosen)], strict=True):
        anchor = split.anchors(low[start:stop], settings.verify)
        part[start:stop] = content[chosen[start:stop]][anchor]
    known = np.argsort(content[chosen])
    cluster[large] = part[known[np.searchsorted(content[chosen][known], content[large])]]
    return cluster


def _signatures(
    rows: Rows,
    lanes: int,
    there: pl.DataFrame,
    remaining: np.ndarray,
    labels: list[str],
    index: Increment | Revision | None,
    chosen: np.ndarray,
) -> np.ndarray:
    """uint8[k, lanes]: the bytes to verify by of chosen rows: of `there`, and after them of the remaining rows."""
    low = np.zeros((len(chosen), lanes), np.uint8)
    own = np.flatnonzero(chosen >= len(there))
    numbers = remaining[chosen[own] - len(there)]
    order = np.argsort(numbers)
    table = rows.take("bands", ["signature"], numbers[order])
    low[own[order]] = fixed_bytes(table["signature"], lanes)
    earlier = index.version if isinstance(index, Revision) else index.earlier if index else None
    theirs = np.flatnonzero(chosen < len(there))
    if earlier and len(theirs):
        label = there["label"].to_numpy()[chosen[theirs]]
        number = there["number"].to_numpy()[chosen[theirs]]
        for position in np.unique(label).tolist():
            mine = theirs[label == position]
            wanted = number[label == position]
            first = 0
            for part in earlier.parts(labels[position], "contents", ["signature"]):
                inside = (wanted >= first) & (wanted < first + len(part))
                found = part["signature"].take(pa.array(wanted[inside] - first))
                low[mine[inside]] = fixed_bytes(found, lanes)
                first += len(part)
    return low


def write_published(
    folder: str,
    piece: str,
    found: Standing,
    clustered: Clustered,
    kept: np.ndarray,
    slices: list[tuple[str, int, int]],
    index: Increment | Revision,
) -> Ranges:
    """Write which members of the unit's labels are in a corpus now; returns where each label's are.

    kept: bool[n]. A document that is kept takes the place of the one that stood for its cluster before.
    """
    replaced = np.unique(found.cluster[kept])
    others = found.others.filter(pl.col("published")).select("label", "member", "cluster")
    others = others.filter(~pl.Series(np.isin(others["cluster"].to_numpy(), replaced)))
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
