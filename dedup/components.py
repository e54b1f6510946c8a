"""From equal band keys to clusters: edges, their verification, connected components, kept members.

Rows number the documents of one language. A run is the set of rows with the same key of one band.
Edges may come from any partition of the keys, in any order, from any number of workers: the
components are those of the union of all edges, and each is named by its smallest row, so the result
is the same. What must stay together is a run (all rows of one key), and rows must be
numbered before; both hold where keys are partitioned by their value.
"""

from collections.abc import Iterable

import numpy as np
from numba import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_CHANCE = 1.0 / 256.0  # two different minima share their byte by chance
_PART_ROWS = 1 << 13  # keys per hash table: it stays in the second-level cache
_FIRST = 64  # members of a run that every later one is compared with
_LATEST = 64  # of the members beyond them that matched nothing, how many are remembered


@njit(cache=True, nogil=True)
def _first_of_run(keys, valid, parts_bits, first):
    """first[i] = smallest row with the key of row i; -1 where not valid.

    The rows are dealt, in order, to 2 ** parts_bits parts by the key, so that the hash table of a
    part stays in the processor's cache; the first row that a table meets of a key is the smallest.
    """
    parts = 1 << parts_bits
    # The keys of a partition may share bits; multiplying brings all the others to the top.
    part_shift = np.uint64(64 - parts_bits)
    part_bits = np.uint64(parts_bits)
    starts = np.zeros(parts + 1, dtype=np.int64)
    for i in range(keys.shape[0]):
        if valid[i]:
            starts[np.int64((keys[i] * _GOLDEN) >> part_shift) + 1] += 1
    largest = 0
    for p in range(parts):
        largest = max(largest, starts[p + 1])
        starts[p + 1] += starts[p]
    dealt_keys = np.empty(starts[parts], dtype=np.uint64)
    dealt_rows = np.empty(starts[parts], dtype=first.dtype)
    free = starts[:parts].copy()
    for i in range(keys.shape[0]):
        if valid[i]:
            p = np.int64((keys[i] * _GOLDEN) >> part_shift)
            dealt_keys[free[p]] = keys[i]
            dealt_rows[free[p]] = i
            free[p] += 1
        else:
            first[i] = -1
    bits = _table_bits(largest)
    table_keys = np.empty(1 << bits, dtype=np.uint64)
    table_rows = np.empty(1 << bits, dtype=first.dtype)
    for p in range(parts):
        bits = _table_bits(starts[p + 1] - starts[p])
        slots = 1 << bits
        shift = np.uint64(64 - bits)
        table_rows[:slots] = -1
        for k in range(starts[p], starts[p + 1]):
            key = dealt_keys[k]
            row = dealt_rows[k]
            slot = np.int64(((key * _GOLDEN) << part_bits) >> shift)
            while table_rows[slot] >= 0 and table_keys[slot] != key:
                slot = (slot + 1) & (slots - 1)
            if table_rows[slot] < 0:
                table_rows[slot] = row
                table_keys[slot] = key
            first[row] = table_rows[slot]


@njit(cache=True, nogil=True)
def _table_bits(count):
    bits = 1
    while (1 << bits) < 2 * count:
        bits += 1
    return bits


def _first(keys: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
    count = len(keys)
    first = np.empty(count, dtype=np.int32 if count < 2**31 else np.int64)
    if valid is None:
        valid = np.ones(count, dtype=np.bool_)
    parts_bits = min(max((count // _PART_ROWS).bit_length(), 1), 10)
    _first_of_run(np.ascontiguousarray(keys, dtype=np.uint64), valid, parts_bits, first)
    return first


def _later(first: np.ndarray) -> np.ndarray:
    """int64: the rows that are not the first of their run."""
    return np.flatnonzero((first >= 0) & (first != np.arange(len(first), dtype=first.dtype)))


def band_edges(keys: np.ndarray, valid: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Star edges of every run of equal keys: each row to the smallest row of its run.

    Args:
        keys: uint64[n], one band's keys.
        valid: bool[n], False for rows that take no part (no shingles); None: all do.

    Returns:
        (a, b), int64[e] each, a < b, sorted by b. To verify edges, use `verified_band_edges`: a
        star that is filtered afterwards loses the pairs between two of its points.
    """
    first = _first(keys, valid)
    b = _later(first)
    return first[b].astype(np.int64), b


@njit(cache=True, nogil=True, inline="always")
def _matches(low_bytes, a, b):
    same = 0
    for j in range(low_bytes.shape[1]):
        same += low_bytes[a, j] == low_bytes[b, j]
    return same


@njit(cache=True, nogil=True)
def _count_matches(low_bytes, a, b):
    out = np.empty(a.shape[0], dtype=np.int32)
    for e in range(a.shape[0]):
        out[e] = _matches(low_bytes, a[e], b[e])
    return out


def agreement(low_bytes: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Estimated Jaccard similarity of the pairs (a, b): float64[e].

    With m of k bytes equal, (m / k - c) / (1 - c), c = 1/256: unbiased for b-bit minima (Li, König,
    WWW 2010, theorem 1 for sets much smaller than the universe); below 0 for pairs that agree
    less than by chance. Its standard error is about sqrt(J (1 - J) / k).

    Args:
        low_bytes: uint8[n, k] of `dedup.minhash.low_bytes`.
    """
    share = _count_matches(low_bytes, a, b) / low_bytes.shape[1]
    return (share - _CHANCE) / (1.0 - _CHANCE)


def verified(
    low_bytes: np.ndarray, a: np.ndarray, b: np.ndarray, minimum: float = 0.55
) -> np.ndarray:
    """bool[e]: which pairs have an estimated Jaccard similarity of `minimum` or more."""
    return _count_matches(low_bytes, a, b) >= _needed(low_bytes.shape[1], minimum)


def _needed(lanes: int, minimum: float) -> int:
    """The smallest number of equal bytes whose estimate reaches `minimum`."""
    estimates = (np.arange(lanes + 1) / lanes - _CHANCE) / (1.0 - _CHANCE)
    return int(np.searchsorted(estimates, minimum))


@njit(cache=True, nogil=True)
def _verified_run(members, low_bytes, needed, out_a, out_b, written):
    """Edges within one run (rows ascending); returns the new number of edges written."""
    candidates = np.empty(_FIRST + _LATEST, dtype=np.int64)
    group = np.empty(_FIRST + _LATEST, dtype=np.int64)
    known = 0
    oldest = _FIRST
    for j in range(members.shape[0]):
        row = members[j]
        mine = -1  # the group this row has joined
        for c in range(known):
            if mine >= 0 and group[c] == mine:
                continue
            if _matches(low_bytes, candidates[c], row) < needed:
                continue
            out_a[written] = candidates[c]
            out_b[written] = row
            written += 1
            if mine < 0:
                mine = group[c]
            else:
                joined = group[c]
                for other in range(known):
                    if group[other] == joined:
                        group[other] = mine
        if known < _FIRST:
            slot = known
            known += 1
        elif mine < 0:
            if known < _FIRST + _LATEST:
                slot = known
                known += 1
            else:
                slot = oldest
                oldest += 1
                if oldest == _FIRST + _LATEST:
                    oldest = _FIRST
        else:
            continue
        candidates[slot] = row
        group[slot] = mine if mine >= 0 else row
    return written


@njit(cache=True, nogil=True)
def _verified_edges(rows, starts, low_bytes, needed):
    capacity = 1024
    out_a = np.empty(capacity, dtype=np.int64)
    out_b = np.empty(capacity, dtype=np.int64)
    written = 0
    for r in range(starts.shape[0] - 1):
        members = rows[starts[r] : starts[r + 1]]
        bound = written + members.shape[0]  # each edge joins two groups that were apart
        if bound > capacity:
            while capacity < bound:
                capacity *= 2
            grown_a = np.empty(capacity, dtype=np.int64)
            grown_b = np.empty(capacity, dtype=np.int64)
            grown_a[:written] = out_a[:written]
            grown_b[:written] = out_b[:written]
            out_a = grown_a
            out_b = grown_b
        written = _verified_run(members, low_bytes, needed, out_a, out_b, written)
    return out_a[:written].copy(), out_b[:written].copy()


def verified_band_edges(
    keys: np.ndarray,
    low_bytes: np.ndarray,
    minimum: float = 0.55,
    valid: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Edges between rows of equal key whose estimated Jaccard similarity is `minimum` or more.

    A star alone would lose pairs: where a row differs from the smallest one it may still be a true
    copy of a third. So each row of a run is compared with the earlier ones, but with none that
    it is already connected to: one comparison a row where a run holds copies of one text. Work is
    bounded: a row is compared with the first 64 of its run and the latest 64 later ones that had
    matched nothing. In a run of at most 64 rows the edges therefore connect exactly what all
    matching pairs would. Edges among earlier rows never depend on later ones: rows that
    are appended change nothing that was found.

    Args:
        keys: uint64[n], one band's keys.
        low_bytes: uint8[n, k], bytes to verify by (`dedup.minhash.low_bytes`).
        minimum: estimated Jaccard similarity from 0 to 1.
        valid: bool[n], False for rows that take no part; None: all do.

    Returns:
        (a, b), int64[e] each, a < b, in the order of runs (by smallest row), then of b.
    """
    first = _first(keys, valid)
    shared = np.zeros(len(first), dtype=np.bool_)
    later = _later(first)
    shared[first[later]] = True
    shared[later] = True
    rows = np.flatnonzero(shared)
    rows = rows[np.argsort(first[rows], kind="stable")]
    run = first[rows]
    starts = np.flatnonzero(np.r_[True, run[1:] != run[:-1]]) if len(rows) else rows
    starts = np.r_[starts, len(rows)].astype(np.int64)
    return _verified_edges(rows, starts, low_bytes, _needed(low_bytes.shape[1], minimum))


@njit(cache=True, nogil=True, inline="always")
def _find(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True, nogil=True)
def _union(parent, a, b):
    for e in range(a.shape[0]):
        x = _find(parent, a[e])
        y = _find(parent, b[e])
        if x < y:
            parent[y] = x
        elif y < x:
            parent[x] = y


@njit(cache=True, nogil=True)
def _flatten(parent):
    # A parent is never larger than its child, so one ascending pass meets flat parents only.
    for i in range(parent.shape[0]):
        parent[i] = parent[parent[i]]


class UnionFind:
    """Disjoint sets over the rows 0 … n - 1 in one array: 4 bytes a row below 2**31 rows, else 8.

    The root of a set is its smallest row whatever the order of the edges.
    """

    def __init__(self, count: int) -> None:
        self.parent = np.arange(count, dtype=np.int32 if count < 2**31 else np.int64)

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


def cluster_sizes(component: np.ndarray) -> np.ndarray:
    """int64[n]: the number of members of each row's component (components named by a row)."""
    counts = np.bincount(component, minlength=len(component))
    return counts[component]


def kept_members(component: np.ndarray, *order: np.ndarray) -> np.ndarray:
    """bool[n]: True for exactly one member of each component, the first by the keys in `order`.

    Args:
        component: int64[n], components named by a row, as `components` gives them.
        order: arrays of n, the most important first, ascending (negate what should be descending);
            the row number decides what is left.
    """
    clustered = np.flatnonzero(cluster_sizes(component) > 1)
    kept = np.ones(len(component), dtype=np.bool_)
    kept[clustered] = False
    keys = [clustered, *(np.asarray(key)[clustered] for key in reversed(order))]
    ranked = clustered[np.lexsort((*keys, component[clustered]))]
    if len(ranked):
        of = component[ranked]
        kept[ranked[np.r_[True, of[1:] != of[:-1]]]] = True
    return kept
