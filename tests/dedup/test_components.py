import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.dedup.components import (
    UnionFind,
    component_ranges,
    components,
    member_counts,
    merged_forest,
)
from polysieve.dedup.edges import (
    agreement,
    band_edges,
    compared_band_edges,
    equal_pairs,
    in_partition,
    verified,
    verified_band_edges,
)

keys_of_bands = st.integers(0, 30).flatmap(
    lambda count: st.lists(
        st.lists(st.integers(0, 12), min_size=count, max_size=count), min_size=1, max_size=4
    )
)


def as_keys(values):
    """Small integers spread over the 64 bits as real keys are, equal where they were equal."""
    return np.array(values, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def by_brute_force(count, pairs):
    """Smallest row of every row's component, by relaxing until nothing changes."""
    smallest = list(range(count))
    changed = True
    while changed:
        changed = False
        for a, b in pairs:
            low = min(smallest[a], smallest[b])
            if smallest[a] != low or smallest[b] != low:
                smallest[a] = smallest[b] = low
                changed = True
    return smallest


def pairs_of_equal(keys):
    return [(a, b) for a, b in itertools.combinations(range(len(keys)), 2) if keys[a] == keys[b]]


@given(keys_of_bands)
def test_edges_connect_exactly_the_rows_of_equal_keys(bands):
    count = len(bands[0])
    pairs = [pair for keys in bands for pair in pairs_of_equal(keys)]
    got = components(count, [band_edges(as_keys(keys)) for keys in bands])
    assert got.tolist() == by_brute_force(count, pairs)


@given(keys_of_bands, st.data())
def test_any_partition_and_any_order_give_the_same_components(bands, data):
    count = len(bands[0])
    expected = components(count, [band_edges(as_keys(keys)) for keys in bands])
    parts = data.draw(st.integers(1, 5))
    pieces = []
    for keys in map(as_keys, bands):
        for part in range(parts):
            rows = np.flatnonzero(in_partition(keys, part, parts))
            a, b = band_edges(keys[rows])
            pieces.append((rows[a], rows[b]))
    a = np.concatenate([piece[0] for piece in pieces])
    b = np.concatenate([piece[1] for piece in pieces])
    order = np.array(data.draw(st.permutations(range(len(a)))), dtype=np.int64)
    a, b = a[order], b[order]
    cut = data.draw(st.integers(0, len(a)))
    assert components(count, [(b[:cut], a[:cut]), (a[cut:], b[cut:])]).tolist() == expected.tolist()


@given(keys_of_bands)
def test_merged_forests_equal_one_union(bands):
    count = len(bands[0])
    edges = [band_edges(as_keys(keys)) for keys in bands]
    forests = []
    for a, b in edges:
        worker = UnionFind(count)
        worker.union_edges(a, b)
        forests.append(worker.forest())
        assert len(forests[-1][0]) <= len(a)
    assert components(count, forests).tolist() == components(count, edges).tolist()


@given(keys_of_bands, st.data())
def test_forests_merged_in_any_groups_give_the_same_forest(bands, data):
    count = len(bands[0])
    edges = [band_edges(as_keys(keys)) for keys in bands]
    expected = components(count, edges)
    while len(edges) > 1:
        cut = data.draw(st.integers(1, len(edges)))
        edges = [*edges[cut:], merged_forest(edges[:cut])]
    roots, rows = merged_forest(edges)
    got = np.arange(count)
    got[rows] = roots
    assert got.tolist() == expected.tolist()
    assert rows.tolist() == np.flatnonzero(expected != np.arange(count)).tolist()


@given(st.lists(st.integers(0, 2**64 - 1)), st.integers(1, 9))
def test_every_key_is_in_one_partition_and_partitions_are_ranges(keys, parts):
    ordered = np.sort(np.array(keys, dtype=np.uint64))
    owner = [
        [p for p in range(parts) if in_partition(ordered, p, parts)[i]] for i in range(len(keys))
    ]
    assert all(len(found) == 1 for found in owner)
    assert owner == sorted(owner)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=30))
def test_pairs_of_halves_are_equal_where_both_are(halves):
    first, second = (as_keys([half[k] for half in halves]) for k in (0, 1))
    a, b = equal_pairs(first, second)
    assert b.tolist() == sorted(b.tolist())
    pairs = [
        p for p in itertools.combinations(range(len(halves)), 2) if halves[p[0]] == halves[p[1]]
    ]
    assert components(len(halves), [(a, b)]).tolist() == by_brute_force(len(halves), pairs)


def test_edges_are_stars_to_the_smallest_row():
    a, b = band_edges(as_keys([7, 3, 7, 3, 1, 7]))
    assert a.tolist() == [0, 1, 0]
    assert b.tolist() == [2, 3, 5]


def test_rows_that_are_not_valid_take_no_part():
    valid = np.array([False, True, True, True])
    a, b = band_edges(as_keys([1, 1, 1, 2]), valid)
    assert (a.tolist(), b.tolist()) == ([1], [2])


def test_no_rows_give_no_edges():
    a, b = band_edges(np.array([], dtype=np.uint64))
    assert len(a) == len(b) == 0
    assert components(0, [(a, b)]).tolist() == []


def test_edges_outside_the_rows_are_refused():
    with pytest.raises(ValueError, match="outside 0"):
        components(2, [(np.array([0]), np.array([2]))])
    with pytest.raises(ValueError, match="on one side"):
        components(2, [(np.array([0]), np.array([1, 1]))])


# Verification: rows are points whose bytes say how similar they are.


def bytes_of(groups, lanes=112):
    """Rows of bytes: rows of one group are equal, those of different groups agree nowhere."""
    return np.repeat(np.array(groups, dtype=np.uint8)[:, None], lanes, axis=1)


def test_agreement_is_corrected_for_chance():
    random = np.random.default_rng(1)
    rows = random.integers(0, 256, size=(4001, 112), dtype=np.uint8)
    a = np.zeros(4000, dtype=np.int64)
    b = np.arange(1, 4001)
    assert agreement(rows, a, b).mean() == pytest.approx(0.0, abs=0.001)
    assert agreement(rows, b, b).tolist() == [1.0] * 4000
    shared = random.random(rows.shape) < 0.7
    rows = np.where(shared, rows[:1], rows)
    assert agreement(rows, a, b).mean() == pytest.approx(0.7, abs=0.002)


@given(st.integers(1, 112), st.floats(0, 1))
def test_verified_is_agreement_of_at_least_the_minimum(equal, minimum):
    rows = np.zeros((2, 112), dtype=np.uint8)
    rows[1, equal:] = 1
    pair = np.array([0]), np.array([1])
    assert (verified(rows, *pair, minimum) == (agreement(rows, *pair) >= minimum)).all()


def test_a_failed_star_does_not_lose_the_pair_of_its_points():
    # All share a key, rows 1 and 3 are copies, row 0 is something else: a star to 0 loses them.
    rows = bytes_of([0, 1, 2, 1])
    a, b = verified_band_edges(as_keys([5, 5, 5, 5]), rows)
    assert (a.tolist(), b.tolist()) == ([1], [3])


def test_a_row_that_is_near_two_groups_joins_them():
    rows = bytes_of([0, 1, 0, 0])
    rows[2, 70:] = rows[1, 70:]  # 0.62 with row 0
    rows[3, :66] = rows[1, :66]  # row 3: 0.59 with row 1, 0.41 with row 0 ...
    rows[3, 66:] = rows[2, 66:]  # ... and next to none with row 2 but for its tail
    pairs = [
        (a, b)
        for a, b in itertools.combinations(range(4), 2)
        if agreement(rows, np.array([a]), np.array([b]))[0] >= 0.55
    ]
    got = components(4, [verified_band_edges(as_keys([5] * 4), rows)])
    assert got.tolist() == by_brute_force(4, pairs)


@given(st.integers(0, 2**32 - 1), st.integers(0, 200), st.integers(1, 4))
@settings(max_examples=60)
def test_in_runs_up_to_4096_rows_no_matching_pair_is_lost(seed, count, keys):
    random = np.random.default_rng(seed)
    values = as_keys(random.integers(0, keys, size=count))
    rows = random.integers(0, 3, size=(count, 16), dtype=np.uint8)
    pairs = [
        (a, b)
        for a, b in pairs_of_equal(values)
        if verified(rows, np.array([a]), np.array([b]), 0.5)[0]
    ]
    a, b = verified_band_edges(values, rows, 0.5)
    assert set(zip(a.tolist(), b.tolist(), strict=True)) <= set(pairs)
    assert components(count, [(a, b)]).tolist() == by_brute_force(count, pairs)


@given(st.integers(0, 2**32 - 1), st.integers(1, 400))
@settings(max_examples=20)
def test_rows_appended_to_a_run_change_no_earlier_edge(seed, count):
    random = np.random.default_rng(seed)
    rows = random.integers(0, 3, size=(count, 8), dtype=np.uint8)
    values = as_keys([1] * count)
    a, b = verified_band_edges(values, rows, 0.7)
    early = count // 2
    first_a, first_b = verified_band_edges(values[:early], rows[:early], 0.7)
    assert (a[b < early].tolist(), b[b < early].tolist()) == (first_a.tolist(), first_b.tolist())


def test_a_run_of_nothing_alike_costs_bounded_work_and_gives_no_edge():
    random = np.random.default_rng(3)
    rows = random.integers(0, 256, size=(10_000, 112), dtype=np.uint8)
    a, _ = verified_band_edges(as_keys([1] * 10_000), rows)
    assert len(a) == 0


def test_copies_next_to_each_other_are_found_in_a_run_of_any_length():
    random = np.random.default_rng(4)
    rows = np.repeat(random.integers(0, 256, size=(5000, 112), dtype=np.uint8), 2, axis=0)
    got = components(10_000, [verified_band_edges(as_keys([1] * 10_000), rows)])
    assert got.tolist() == (np.arange(10_000) // 2 * 2).tolist()


@given(st.lists(st.sets(st.integers(0, 9), max_size=6), max_size=25), st.floats(0.05, 1))
@settings(max_examples=60)
def test_texts_are_compared_by_their_true_similarity(sets, minimum):
    shingles = np.array([value for one in sets for value in sorted(one)], dtype=np.uint64)
    offsets = np.cumsum([0, *map(len, sets)])
    pairs = [
        (a, b)
        for a, b in itertools.combinations(range(len(sets)), 2)
        if len(sets[a] & sets[b]) >= minimum * max(len(sets[a] | sets[b]), 1)
    ]
    found = compared_band_edges(as_keys([1] * len(sets)), shingles, offsets, minimum)
    assert components(len(sets), [found]).tolist() == by_brute_force(len(sets), pairs)


@given(keys_of_bands, st.data())
@settings(max_examples=50)
def test_verified_edges_do_not_depend_on_the_partition(bands, data):
    count = len(bands[0])
    seed = data.draw(st.integers(0, 1000))
    rows = np.random.default_rng(seed).integers(0, 2, size=(count, 8), dtype=np.uint8)
    parts = data.draw(st.integers(1, 4))
    whole, pieces = [], []
    for keys in map(as_keys, bands):
        whole.append(verified_band_edges(keys, rows, 0.6))
        owner = (keys >> np.uint64(40)) % np.uint64(parts)
        for part in range(parts):
            members = np.flatnonzero(owner == part)
            a, b = verified_band_edges(keys[members], rows[members], 0.6)
            pieces.append((members[a], members[b]))
    expected = components(count, whole).tolist()
    assert components(count, pieces[::-1]).tolist() == expected


# Clusters


@given(st.lists(st.integers(0, 6), max_size=60), st.integers(1, 12))
def test_ranges_hold_every_component_of_several_members_once_and_few_members_each(sizes, most):
    counts = np.array(sizes, np.int32)
    ranges = component_ranges(counts, most)
    covered = [number for first, stop in ranges for number in range(first, stop)]
    assert covered == sorted(set(covered))
    assert set(np.flatnonzero(counts > 1).tolist()) <= set(covered)
    for first, stop in ranges:
        several = [size for size in sizes[first:stop] if size > 1]
        assert several
        assert sum(several) <= most or len(several) == 1


@given(st.lists(st.integers(0, 9), max_size=50))
def test_members_are_counted_by_the_components_number(component):
    expected = [component.count(number) for number in range(10)]
    assert member_counts(np.array(component, np.int64), 10).tolist() == expected
