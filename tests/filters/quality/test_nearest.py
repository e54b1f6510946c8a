"""The nearest vectors of each seed, against all similarities sorted."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.filters.quality import nearest
from polysieve.filters.quality.nearest import Nearest


def unit(rng: np.random.Generator, n: int, dim: int, levels: int | None = None) -> np.ndarray:
    """float16[n, dim] of unit length; of few levels, so that many are equally near."""
    drawn = (
        rng.normal(size=(n, dim))
        if levels is None
        else rng.integers(-levels, levels + 1, (n, dim)) + 0.25
    )
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float16)


def brute_force(seeds: np.ndarray, vectors: np.ndarray, k: int) -> list[list[int]]:
    """Of each seed its k nearest, exactly: integers in place of floats."""
    scale = 2**24
    a, b = (
        (x.astype(np.float64) * scale).astype(np.int64).astype(object) for x in (seeds, vectors)
    )
    found = []
    for similarities in a @ b.T:
        found.append(sorted(range(len(vectors)), key=lambda i: (-similarities[i], i))[:k])
    return found


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 60),
    seeds=st.integers(0, 5),
    dim=st.integers(1, 12),
    k=st.integers(1, 70),
    levels=st.sampled_from([None, 1, 3]),
    cuts=st.lists(st.integers(0, 60), max_size=4),
    block=st.integers(1, 20),
)
def test_neighbours_are_those_of_brute_force_however_they_are_cut(
    seed, n, seeds, dim, k, levels, cuts, block
) -> None:
    rng = np.random.default_rng(seed)
    given_seeds, vectors = unit(rng, seeds, dim, levels), unit(rng, n, dim, levels)
    search = Nearest(given_seeds, k)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest, "BLOCK", block)
        ends = sorted({0, n, *(cut for cut in cuts if cut < n)})
        for start, stop in pairwise(ends):
            search.add(vectors[start:stop], np.arange(start, stop) * 10)
    expected = brute_force(given_seeds, vectors, k)
    best: dict[int, float] = {}
    for number, rows in enumerate(expected):
        found, similarities = search.neighbours(number)
        assert found.tolist() == [10 * row for row in rows]
        for row, similarity in zip(found.tolist(), similarities.tolist(), strict=True):
            best[row] = max(similarity, best.get(row, -2.0))
    rows, similarities = search.any()
    assert dict(zip(rows.tolist(), similarities.tolist(), strict=True)) == best


def test_planted_neighbours_are_found_among_many() -> None:
    rng = np.random.default_rng(0)
    seeds = unit(rng, 20, 64)
    vectors = unit(rng, 9_000, 64)
    places = rng.permutation(9_000)[:100].reshape(20, 5)
    for seed, own in zip(seeds.astype(np.float64), places, strict=True):
        near = seed + rng.normal(scale=0.02, size=(5, 64))
        vectors[own] = (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float16)
    search = Nearest(seeds, 5)
    search.add(vectors, np.arange(9_000))
    for number, own in enumerate(places):
        assert sorted(search.neighbours(number)[0]) == sorted(own)
    assert sorted(search.any()[0]) == sorted(places.ravel())


def test_similarities_are_exact_in_any_order_of_additions() -> None:
    rng = np.random.default_rng(1)
    a, b = unit(rng, 50, 1024).astype(np.float64), unit(rng, 50, 1024).astype(np.float64)
    order = rng.permutation(1024)
    assert np.array_equal(a @ b.T, a[:, order] @ b[:, order].T)
    assert np.array_equal(a @ b.T, np.stack([[float(np.sum(x * y)) for y in b] for x in a]))
