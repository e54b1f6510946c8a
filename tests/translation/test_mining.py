"""Bitext mining by margins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.translation import mining
from polysieve.translation.mining import mine, neighbours


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def by_hand(first: np.ndarray, second: np.ndarray, k: int) -> np.ndarray:
    """float64[n, m]: the margin of every pair."""
    cosines = (first @ second.T).astype(np.float32)
    own = -np.sort(-cosines, axis=1)[:, :k].mean(axis=1, keepdims=True)
    other = -np.sort(-cosines, axis=0)[:k].mean(axis=0, keepdims=True)
    return cosines.astype(np.float64) / ((own + other) / 2)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(4, 40),
    st.integers(4, 40),
    st.integers(1, 4),
    st.integers(3, 17),
)
def test_scores_are_those_of_every_pair_computed_by_hand(seed, n, m, k, block) -> None:
    chooser = np.random.default_rng(seed)
    first, second = (unit(chooser.normal(size=(rows, 6)) + 1) for rows in (n, m))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mining, "_BLOCK", block)
        found = mine(first, second, k, threshold=0)
    margins = by_hand(first, second, k)
    for a, b, score in zip(found.first, found.second, found.score, strict=True):
        assert score == pytest.approx(margins[a, b], rel=1e-5)
    assert (np.diff(found.score) <= 0).all()
    assert len(set(found.first)) == len(set(found.second)) == len(found.first)


def test_planted_pairs_are_found_and_what_has_no_partner_is_left() -> None:
    chooser = np.random.default_rng(5)
    meanings = chooser.normal(size=(300, 64))
    first = unit(np.concatenate([meanings, chooser.normal(size=(200, 64))]) + 1.5)
    second = unit(
        np.concatenate(
            [meanings + chooser.normal(size=(300, 64)) / 3, chooser.normal(size=(400, 64))]
        )
        + 1.5
    )
    found = mine(first, second, threshold=1.06)
    right = found.first == found.second
    assert right.sum() >= 295
    assert right.mean() >= 0.98


def test_neighbours_of_equal_nearness_are_the_first_ones() -> None:
    same = unit(np.ones((9, 3)))
    assert neighbours(same[:1], same, 4).rows.tolist() == [[0, 1, 2, 3]]


def test_fewer_sentences_than_neighbours_are_no_fault() -> None:
    rows = unit(np.eye(3) + 0.1)
    found = mine(rows, rows[:2], k=4)
    assert sorted(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [(0, 0), (1, 1)]
    assert len(mine(rows[:0], rows).first) == 0
