"""How much is translated, with all renderings of one source counted as one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polysieve.pipeline.steps.translate.synthetic import longest


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50))))
def test_of_each_source_the_longest_rendering_counts(renderings) -> None:
    most: dict[int, int] = {}
    for key, words in renderings:
        most[key] = max(words, most.get(key, 0))
    keys = np.array([key for key, _ in renderings], np.uint64)
    words = np.array([count for _, count in renderings], np.int64)
    assert longest(keys, words) == (len(most), sum(most.values()))
