"""From equal band keys to edges: stars over runs of equal keys, and pairs that are verified.

Rows number the documents of one language. A run is the set of rows with the same key of one band.
Keys may be partitioned by value in any way (`in_partition`): what must stay together is a run, and
rows must be numbered before.
"""

import numpy as np

from polysieve.compiling import kernel, leaf

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_CHANCE = 1.0 / 256.0  # two different minima share their byte by chance
_PART_ROWS = 1 << 13  # keys per hash table: it stays in the second-level cache
_FIRST = 4096  # members of a run that every later one may be compared with
_LATEST = 64  # of the members beyond them that matched nothing, how many are remembered


def in_partition(keys: np.ndarray, part: int, parts: int) -> np.ndarray:
    """bool[n]: which keys (uint64) lie in range `part` of `parts` equal ranges of the 64 bits.

    A range, so that the partitions of sorted keys are slices of them.
    """
    return (keys >> np.uint64(32)) * np.uint64(parts) >> np.uint64(32) == np.uint64(part)


@kernel
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


@kernel
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


def equal_pairs(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Star edges of rows with equal 128-bit keys, given as two halves (uint64[n] each): as `band_edges`."""
    a, b = band_edges(first)
    if np.array_equal(second[a], second[b]):
        return a, b
    # Equal halves of unequal keys: never by chance, but a crafted one must not join what differs.
    order = np.lexsort((np.arange(len(first)), second, first))
    start = np.r_[
        True, (first[order][1:] != first[order][:-1]) | (second[order][1:] != second[order][:-1])
    ]
    star = order[np.flatnonzero(start)[np.cumsum(start) - 1]]
    later = np.flatnonzero(star != order)
    by_row = later[np.argsort(order[later])]
    return star[by_row], order[by_row]


@leaf(inline="always")
def matching_bytes(low_bytes, a, b):
    """The number of equal bytes of rows a and b."""
    same = 0
    for j in range(low_bytes.shape[1]):
        same += low_bytes[a, j] == low_bytes[b, j]
    return same


@kernel
def _count_matches(low_bytes, a, b):
    out = np.empty(a.shape[0], dtype=np.int32)
    for e in range(a.shape[0]):
        out[e] = matching_bytes(low_bytes, a[e], b[e])
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
    return _count_matches(low_bytes, a, b) >= needed_bytes(low_bytes.shape[1], minimum)


def needed_bytes(lanes: int, minimum: float) -> int:
    """The smallest number of equal bytes whose estimate reaches `minimum`."""
    estimates = (np.arange(lanes + 1) / lanes - _CHANCE) / (1.0 - _CHANCE)
    return int(np.searchsorted(estimates, minimum))


@leaf(inline="always")
def _shared(shingles, offsets, a, b):
    """Jaccard similarity of two sets of sorted shingles."""
    i, end = offsets[a], offsets[a + 1]
    j, stop = offsets[b], offsets[b + 1]
    size = (end - i) + (stop - j)
    both = 0
    while i < end and j < stop:
        x, y = shingles[i], shingles[j]
        both += x == y
        i += x <= y
        j += y <= x
    return both / max(size - both, 1)


@kernel
def _verified_edges(rows, starts, low_bytes, needed, shingles, offsets, minimum):
    """Edges within runs (rows ascending). Pairs are judged by their shingles where there are any.

    The members of a run that later ones are compared with form groups, one per set of connected
    members: a linked list each, all in arrays that every run uses anew.
    """
    exact = offsets.shape[0] > 1
    candidate = np.empty(_FIRST, dtype=np.int64)
    following = np.empty(_FIRST, dtype=np.int64)
    head = np.empty(_FIRST, dtype=np.int64)
    tail = np.empty(_FIRST, dtype=np.int64)
    latest = np.empty(_LATEST, dtype=np.int64)
    capacity = 1024
    out_a = np.empty(capacity, dtype=np.int64)
    out_b = np.empty(capacity, dtype=np.int64)
    written = 0
    for r in range(starts.shape[0] - 1):
        known = groups = unmatched = 0
        for m in range(starts[r], starts[r + 1]):
            row = rows[m]
            if written + groups + _LATEST > capacity:
                capacity = 2 * capacity + _FIRST
                grown_a = np.empty(capacity, dtype=np.int64)
                grown_b = np.empty(capacity, dtype=np.int64)
                for k in range(written):
                    grown_a[k] = out_a[k]
                    grown_b[k] = out_b[k]
                out_a = grown_a
                out_b = grown_b
            mine = -1  # the group this row has joined
            g = 0
            while g < groups:
                c = head[g]
                while c >= 0:
                    other = candidate[c]
                    if exact:
                        alike = _shared(shingles, offsets, other, row) >= minimum
                    else:
                        alike = matching_bytes(low_bytes, other, row) >= needed
                    if alike:
                        break
                    c = following[c]
                if c < 0:
                    g += 1
                    continue
                out_a[written] = candidate[c]
                out_b[written] = row
                written += 1
                if mine < 0:
                    mine = g
                    g += 1
                else:
                    following[tail[mine]] = head[g]
                    tail[mine] = tail[g]
                    groups -= 1
                    for later in range(g, groups):
                        head[later] = head[later + 1]
                        tail[later] = tail[later + 1]
            found = mine >= 0
            for k in range(min(unmatched, _LATEST)):
                if exact:
                    alike = _shared(shingles, offsets, latest[k], row) >= minimum
                else:
                    alike = matching_bytes(low_bytes, latest[k], row) >= needed
                if alike:
                    out_a[written] = latest[k]
                    out_b[written] = row
                    written += 1
                    found = True
            if known < _FIRST:
                candidate[known] = row
                following[known] = -1
                if mine < 0:
                    head[groups] = known
                    tail[groups] = known
                    groups += 1
                else:
                    following[tail[mine]] = known
                    tail[mine] = known
                known += 1
            elif not found:
                latest[unmatched % _LATEST] = row
                unmatched += 1
    return out_a[:written].copy(), out_b[:written].copy()


def runs(keys: np.ndarray, valid: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The runs of two rows or more: (rows, starts).

    rows: int64[m], ascending within a run; runs in the order of their smallest rows. starts:
    int64[r + 1]; run i is rows[starts[i]:starts[i + 1]].
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
    return rows, np.r_[starts, len(rows)].astype(np.int64)


_NO_SHINGLES = np.empty(0, dtype=np.uint64)
_NO_OFFSETS = np.zeros(1, dtype=np.int64)
_NO_BYTES = np.empty((0, 0), dtype=np.uint8)


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
    bounded: a row is compared with the first 4,096 of its run and the latest 64 later ones that had
    matched nothing. In a run of at most 4,096 rows the edges therefore connect exactly what all
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
    rows, starts = runs(keys, valid)
    needed = needed_bytes(low_bytes.shape[1], minimum)
    return _verified_edges(rows, starts, low_bytes, needed, _NO_SHINGLES, _NO_OFFSETS, minimum)


def compared_band_edges(
    keys: np.ndarray,
    shingles: np.ndarray,
    offsets: np.ndarray,
    minimum: float,
    valid: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """`verified_band_edges` by the true Jaccard similarity of the documents' shingles.

    Args:
        shingles: uint64[m], each document's sorted and without repetition
            (`dedup.minhash.shingle_sets`).
        offsets: int64[n + 1]; document i has `shingles[offsets[i]:offsets[i + 1]]`.
    """
    rows, starts = runs(keys, valid)
    return _verified_edges(rows, starts, _NO_BYTES, 0, shingles, offsets, minimum)


def chain(
    keys: np.ndarray, low_bytes: np.ndarray, start: int, end: int, minimum: float | None
) -> list[int]:
    """A shortest chain of rows from `start` to `end`, each an edge from the next; empty where there is none.

    Args:
        keys: uint64[n, bands], band keys of the rows.
        low_bytes: uint8[n, k]; minimum: an edge's least estimated similarity, None: shared keys suffice.
    """
    before = np.full(len(keys), -1)
    before[start] = start
    frontier = [start]
    while frontier and before[end] < 0:
        following: list[int] = []
        for row in frontier:
            near = np.flatnonzero((before < 0) & (keys == keys[row]).any(axis=1))
            if minimum is not None:
                near = near[verified(low_bytes, np.full(len(near), row), near, minimum)]
            before[near] = row
            following += near.tolist()
        frontier = following
    if before[end] < 0:
        return []
    path = [end]
    while path[-1] != start:
        path.append(int(before[path[-1]]))
    return path[::-1]
