"""Where the shards of a label end, however its documents come."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polysieve.pipeline.steps.decide.totals import ShardEnds

DOCUMENTS = st.lists(st.tuples(st.booleans(), st.integers(0, 50)), max_size=60)


def ends(documents, limit, parts=1):
    shards = ShardEnds(limit)
    for part in np.array_split(np.arange(len(documents)), parts):
        chosen = np.array([documents[i][0] for i in part], bool)
        shards.add(chosen, np.array([documents[i][1] for i in part], np.int64))
    return shards.all()


def test_a_shard_closes_with_the_row_that_brings_it_to_the_limit():
    documents = [(True, 60), (True, 40), (False, 500), (True, 99), (True, 1), (True, 1)]
    assert ends(documents, 100) == [2, 5, 6]


def test_the_last_shard_takes_in_the_rows_after_it():
    assert ends([(True, 100), (True, 100), (False, 1), (False, 1)], 100) == [1, 4]


def test_without_a_chosen_row_there_is_no_shard():
    assert ends([(False, 100)] * 3, 100) == []


@given(DOCUMENTS, st.integers(1, 200), st.integers(1, 7))
def test_shards_do_not_depend_on_how_the_rows_come(documents, limit, parts):
    assert ends(documents, limit, parts) == ends(documents, limit)


@given(DOCUMENTS, st.integers(1, 200))
def test_every_shard_has_a_chosen_row_and_all_but_the_last_reach_the_limit(documents, limit):
    found = ends(documents, limit)
    for number, (start, stop) in enumerate(zip([0, *found], found, strict=False)):
        sizes = [size for chosen, size in documents[start:stop] if chosen]
        assert sizes
        assert number == len(found) - 1 or sum(sizes) >= limit
    assert found[-1:] == ([len(documents)] if any(chosen for chosen, _ in documents) else [])
