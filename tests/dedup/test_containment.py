"""Documents that others contain: the sample, candidates, shares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.dedup import containment


def sets(*documents) -> tuple[np.ndarray, np.ndarray]:
    """(shingles, offsets) of sets of numbers."""
    ordered = [np.array(sorted(d), np.uint64) for d in documents]
    shingles = np.concatenate([np.empty(0, np.uint64), *ordered])
    return shingles, np.cumsum([0, *(len(d) for d in documents)])


def found(documents, salts=None) -> set[tuple[int, int]]:
    """(inner, outer) of all candidates with enough anchors."""
    shingles, offsets = sets(*documents)
    salts = np.zeros(len(documents), np.uint64) if salts is None else np.array(salts, np.uint64)
    keys, owners, anchors = containment.sampled(shingles, offsets, salts)
    inner, outer = containment.candidates(keys, owners, np.diff(offsets)[owners], anchors)
    pairs, counts = np.unique(np.c_[inner, outer], axis=0, return_counts=True)
    need = containment.enough_anchors(np.bincount(owners[anchors], minlength=len(documents)))
    return {(a, b) for (a, b), n in zip(pairs.tolist(), counts, strict=True) if n >= need[a]}


RANDOM = np.random.default_rng(7)
POOL = RANDOM.integers(0, 2**63, 40_000).tolist()


def test_halves_are_found_and_strangers_are_not() -> None:
    wholes = [set(POOL[i : i + 400]) for i in range(0, 20_000, 400)]
    halves = [set(POOL[i : i + 200]) for i in range(0, 20_000, 400)]
    expected = {(50 + i, i) for i in range(50)}
    assert found([*wholes, *halves]) == expected


@pytest.mark.parametrize(("share", "least"), [(0.9, 0.97), (0.95, 0.99)])
def test_most_documents_of_which_a_part_is_missing_are_found(share: float, least: float) -> None:
    documents, expected = [], set()
    for i in range(300):
        whole = POOL[i * 130 : i * 130 + 390]
        inner = (
            whole[: int(150 * share)] + RANDOM.integers(0, 2**63, int(150 * (1 - share))).tolist()
        )
        expected.add((2 * i, 2 * i + 1))
        documents += [set(inner), set(whole)]
    assert len(found(documents) & expected) / 300 >= least


def test_documents_of_other_languages_are_not_compared() -> None:
    whole, half = set(POOL[:400]), set(POOL[:200])
    assert found([whole, half], salts=[5, 5]) == {(1, 0)}
    assert found([whole, half], salts=[5, 6]) == set()


def test_of_two_equal_documents_the_later_is_contained() -> None:
    assert found([set(POOL[:400]), set(POOL[:400])]) == {(1, 0)}


def test_an_anchor_that_very_many_have_is_looked_up_in_the_largest() -> None:
    documents = [set(POOL[:200]) | set(POOL[300 + i : 300 + 4 * i]) for i in range(200)]
    pairs = found(documents)
    assert all(sum(inner == i for inner, _ in pairs) <= 8 * containment.MOST for i in range(200))
    assert {outer for inner, outer in pairs if inner == 0} == set(range(136, 200))


@settings(deadline=None, max_examples=80)
@given(st.lists(st.sets(st.integers(0, 300), min_size=1), min_size=2, max_size=8), st.randoms())
def test_shares_are_those_of_sets_and_candidates_do_not_depend_on_the_cut(
    documents, random
) -> None:
    first, second = documents[: len(documents) // 2], documents[len(documents) // 2 :]
    rows = np.array([random.randrange(len(second)) for _ in first], np.int64)
    shares = containment.shares(sets(*first), sets(*second), rows)
    assert shares.tolist() == [
        len(a & second[r]) / len(a) for a, r in zip(first, rows.tolist(), strict=True)
    ]

    shingles, offsets = sets(*documents)
    keys, owners, anchors = containment.sampled(
        shingles, offsets, np.zeros(len(documents), np.uint64)
    )
    sizes = np.diff(offsets)[owners]
    whole = np.c_[containment.candidates(keys, owners, sizes, anchors)]
    cut = np.uint64(random.randrange(2**64))
    parts = []
    for chosen in (keys < cut, keys >= cut):
        order = random.sample(np.flatnonzero(chosen).tolist(), int(chosen.sum()))
        order = np.array(order, np.int64)
        parts.append(
            np.c_[containment.candidates(keys[order], owners[order], sizes[order], anchors[order])]
        )
    assert sorted(np.concatenate(parts).tolist()) == sorted(whole.tolist())
