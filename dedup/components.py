"""From edges to clusters: connected components, their sizes, ranges of them.

Edges may come from any partition of the keys, in any order, from any number of workers: the
components are those of the union of all edges, and each is named by its smallest row, so the result
is the same.
"""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from polysieve.compiling import kernel, leaf


@leaf(inline="always")
def _find(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@kernel
def _union(parent, a, b):
    for e in range(a.shape[0]):
        x = _find(parent, a[e])
        y = _find(parent, b[e])
        if x < y:
            parent[y] = x
        elif y < x:
            parent[x] = y


@kernel
def _flatten(parent):
    # A parent is never larger than its child, so one ascending pass meets flat parents only.
    for i in range(parent.shape[0]):
        parent[i] = parent[parent[i]]


class UnionFind:
    """Disjoint sets over the rows 0 … n - 1 in one array: 4 bytes a row below 2**31 rows, else 8.

    The root of a set is its smallest row whatever the order of the edges.
    """

    def __init__(self, count: int) -> None:
        self.parent = np.arange(count, dtype=narrow(count))

    def union_edges(self, a: np.ndarray, b: np.ndarray) -> None:
        """Join the sets of a[e] and b[e] for every edge; raises ValueError for rows outside."""
        if len(a) != len(b):
            raise ValueError(
                f"union: {len(a)} rows on one side of the edges, {len(b)} on the other"
            )
        if len(a) and not (min(a.min(), b.min()) >= 0 and max(a.max(), b.max()) < len(self.parent)):
            raise ValueError(f"union: an edge names a row outside 0 … {len(self.parent) - 1}")
        _union(self.parent, a, b)

    def roots(self) -> np.ndarray:
        """The smallest row of every row's set; the array itself (int32 or int64), do not write."""
        _flatten(self.parent)
        return self.parent

    def forest(self) -> tuple[np.ndarray, np.ndarray]:
        """The fewest edges that give the same sets, sorted: what a worker hands to a merge."""
        roots = self.roots()
        b = np.flatnonzero(roots != np.arange(len(roots), dtype=roots.dtype))
        return roots[b].astype(np.int64), b


def merged_forest(
    edges: Iterable[tuple[np.ndarray, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray]:
    """The forest of the union of edges, in memory of the rows that they name, however many rows there are.

    Where an array over all rows is too large, parts of the edges are merged into forests, and
    those with one another: the last one is the same whatever the parts were.

    Args:
        edges: pairs of arrays (a, b) of row numbers.

    Returns:
        (root, row), int64[e] each, sorted by row: every named row that is not the smallest of its set.
    """
    pairs = list(edges)
    a = np.concatenate([np.empty(0, np.int64), *(pair[0] for pair in pairs)])
    b = np.concatenate([np.empty(0, np.int64), *(pair[1] for pair in pairs)])
    named = np.unique(np.concatenate([a, b]))
    sets = UnionFind(len(named))
    sets.union_edges(np.searchsorted(named, a), np.searchsorted(named, b))
    roots, rows = sets.forest()
    return named[roots], named[rows]


def components(count: int, edges: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Connected components: int64[count], the smallest row of each row's component.

    Args:
        count: number of rows.
        edges: pairs of arrays (a, b), e.g. one per band and partition, in any order.
    """
    sets = UnionFind(count)
    for a, b in edges:
        sets.union_edges(a, b)
    return sets.roots().astype(np.int64)


@kernel
def _count_members(component, counts):
    for i in range(component.shape[0]):
        counts[component[i]] += 1


def member_counts(component: np.ndarray, count: int) -> np.ndarray:
    """The number of members of each component (int[n], numbers below `count`): int32 or int64[count], by its number."""
    counts = np.zeros(count, narrow(count))
    _count_members(component, counts)
    return counts


def narrow(count: int) -> type[np.signedinteger]:
    """The type of numbers below `count`: int32 below 2**31, else int64."""
    return np.int32 if count < 2**31 else np.int64


@kernel
def _cut(counts, most):
    ends = np.empty(16, dtype=np.int64)
    cuts = 0
    held = 0
    last = 0  # after the last component of several members
    for i in range(counts.shape[0]):
        if counts[i] < 2:
            continue
        if held > 0 and held + counts[i] > most:
            if cuts == ends.shape[0]:
                grown = np.empty(2 * cuts, dtype=np.int64)
                for k in range(cuts):
                    grown[k] = ends[k]
                ends = grown
            ends[cuts] = last
            cuts += 1
            held = 0
        held += counts[i]
        last = i + 1
    return ends[:cuts].copy(), last


def component_ranges(counts: np.ndarray, most: int) -> list[tuple[int, int]]:
    """(first, stop) of consecutive ranges of components that hold those of several members: together at most
    `most` members in each range, or one larger component.

    Args:
        counts: int[k], members of each component, by its number; those of one member do not count.
    """
    ends, last = _cut(counts, most)
    if not last:
        return []
    bounds = [0, *ends.tolist(), int(last)]
    return list(pairwise(bounds))
