"""Clusters that hang together by chains: shown as chains, and split around anchors."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polysieve.dedup.components import components
from polysieve.dedup.edges import chain, verified, verified_band_edges
from polysieve.dedup.split import anchors

LANES = 112


def steps(count, changed):
    """A text rewritten step by step: each row has `changed` bytes of the one before replaced."""
    random = np.random.default_rng(5)
    rows = [random.integers(0, 256, LANES, dtype=np.uint8)]
    for _ in range(count - 1):
        row = rows[-1].copy()
        places = random.choice(LANES, changed, replace=False)
        row[places] = random.integers(0, 256, changed, dtype=np.uint8)
        rows.append(row)
    return np.array(rows)


def near(rows, a, b, minimum=0.55):
    return bool(verified(rows, np.array([a]), np.array([b]), minimum)[0])


def test_a_text_rewritten_step_by_step_is_one_cluster_and_several_anchors():
    rows = steps(40, 15)
    cluster = components(40, [verified_band_edges(np.zeros(40, np.uint64), rows)])
    assert len(set(cluster.tolist())) == 1
    anchor = anchors(rows, 0.55)
    assert len(set(anchor.tolist())) > 4
    assert all(near(rows, a, row) for row, a in enumerate(anchor.tolist()))


def test_copies_of_one_text_have_one_anchor():
    rows = np.repeat(steps(1, 0), 500, axis=0)
    random = np.random.default_rng(6)
    rows[random.random(rows.shape) < 0.15] = 7  # 0.7 and more alike
    assert set(anchors(rows, 0.55).tolist()) == {0}


def test_pages_that_have_nothing_in_common_are_anchors_all():
    rows = np.random.default_rng(7).integers(0, 256, (3000, LANES), dtype=np.uint8)
    assert anchors(rows, 0.55).tolist() == list(range(3000))


@given(st.integers(0, 2**32 - 1), st.integers(0, 60))
def test_every_row_is_near_its_anchor_and_an_anchor_is_its_own(seed, count):
    random = np.random.default_rng(seed)
    rows = steps(3, 30)[random.integers(0, 3, count)]
    noise = random.random(rows.shape) < random.choice([0.1, 0.3, 0.5])
    rows[noise] = random.integers(0, 256, rows.shape, dtype=np.uint8)[noise]
    anchor = anchors(rows, 0.55)
    for row, a in enumerate(anchor.tolist()):
        assert anchor[a] == a <= row
        assert a == row or near(rows, a, row)
    # What comes later changes no anchor of what was before.
    half = count // 2
    assert anchors(rows[:half], 0.55).tolist() == anchor[:half].tolist()


def test_a_chain_is_a_shortest_one_and_each_step_of_it_an_edge():
    rows = steps(12, 15)
    keys = np.zeros((12, 1), np.uint64)
    found = chain(keys, rows, 0, 11, 0.55)
    assert (found[0], found[-1]) == (0, 11)
    assert all(near(rows, a, b) for a, b in itertools.pairwise(found))
    assert len(found) < 12
    keys[11] = 1
    assert chain(keys, rows, 0, 11, 0.55) == []
    assert chain(np.zeros((12, 1), np.uint64), rows, 0, 11, None) == [0, 11]
