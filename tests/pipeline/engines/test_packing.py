"""Consecutive items, as many as fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.pipeline.engines.packing import even_ranges, packed, ranges


@pytest.mark.parametrize(
    ("sizes", "most", "expected"),
    [
        ([], 5, []),
        ([2, 3, 1], 5, [(0, 2), (2, 3)]),
        ([9, 1, 1, 9], 5, [(0, 1), (1, 3), (3, 4)]),
        ([0, 0, 5, 0, 1], 5, [(0, 4), (4, 5)]),
    ],
)
def test_ranges_are_closed_before_they_grow_too_large(sizes, most, expected) -> None:
    assert list(ranges(np.array(sizes, np.int64), most)) == expected


@given(st.lists(st.integers(0, 9)), st.integers(1, 20))
def test_items_that_come_one_by_one_are_cut_at_the_same_places(sizes, most) -> None:
    found = list(ranges(np.array(sizes, np.int64), most))
    assert list(packed(sizes, int, most)) == [sizes[first:stop] for first, stop in found]
    assert [i for first, stop in found for i in range(first, stop)] == list(range(len(sizes)))
    assert all(sum(sizes[a:b]) <= most or b - a == 1 for a, b in found)


def test_a_range_may_have_to_hold_several_and_a_list_not_more_than_some() -> None:
    assert list(ranges(np.array([9, 9, 9]), 5, least=2)) == [(0, 2), (2, 3)]
    assert list(packed("abcde", len, 100, count=2)) == [["a", "b"], ["c", "d"], ["e"]]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([0, 0], [(0, 2)]),
        ([2, 2, 2, 2, 2], [(0, 2), (2, 4), (4, 5)]),
        ([1, 40, 1], [(0, 1), (1, 3)]),
    ],
)
def test_even_ranges_are_cut_where_the_total_passes_a_multiple(sizes, expected) -> None:
    assert list(even_ranges(np.array(sizes, np.int64), 5)) == expected
