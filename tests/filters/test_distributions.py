"""Distributions: exact to add up, and figures within a bin of the numbers behind them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.filters.distributions import Distribution

VALUES = st.lists(
    st.floats(0, 1e6, width=32, allow_subnormal=False) | st.just(0.0), min_size=1, max_size=200
)
SHARES = st.floats(0, 1)


def same(a: Distribution, b: Distribution) -> bool:
    return a.to_lists() == b.to_lists()


@given(VALUES, VALUES, VALUES)
def test_parts_add_up_to_the_whole_in_any_order(a, b, c) -> None:
    parts = [Distribution.of(np.array(values)) for values in (a, b, c)]
    whole = Distribution.of(np.array(a + b + c))
    assert same(Distribution.total(parts), whole)
    assert same(parts[2] + (parts[0] + parts[1]), whole)


@given(VALUES, SHARES)
def test_a_limit_cuts_no_larger_share_than_was_asked_for(values, share) -> None:
    numbers = np.array(values)
    found = Distribution.of(numbers)
    assert (numbers > found.upper(share)).mean() <= share + 1e-9
    assert (numbers < found.lower(share)).mean() <= share + 1e-9
    # The next stricter bin would cut more.
    assert found.share_above(found.upper(share)) <= share + 1e-9
    assert found.share_below(found.lower(share)) <= share + 1e-9


@given(VALUES)
def test_figures_are_those_of_the_numbers_to_a_bins_width(values) -> None:
    numbers = np.array(values)
    found = Distribution.of(numbers)
    assert found.documents == len(numbers)
    assert found.mean == pytest.approx(numbers.mean(), rel=2e-3, abs=1e-30)
    assert found.std == pytest.approx(numbers.std(), abs=4e-3 * max(numbers.max(), 1e-30))
    lower = np.sort(numbers)[(len(numbers) - 1) // 2]
    assert found.median == pytest.approx(lower, rel=2e-3, abs=1e-37)


def test_undefined_metrics_do_not_count() -> None:
    found = Distribution.of(np.array([np.nan, 0.5, np.nan]))
    assert found.documents == 1
    empty = Distribution.of(np.array([np.nan]))
    assert empty.documents == 0
    assert np.isnan([empty.mean, empty.median, empty.upper(0.1), empty.share_above(0)]).all()


@given(VALUES)
def test_json_lists_give_the_same_distribution_back(values) -> None:
    found = Distribution.of(np.array(values))
    assert same(Distribution.from_lists(*found.to_lists()), found)


def test_a_resample_varies_as_the_mean_of_so_many_documents_does() -> None:
    numbers = np.random.default_rng(1).beta(2, 5, 400)
    drawn = Distribution.of(numbers).resampled(np.random.default_rng(2), 400)
    means = [part.mean for part in drawn]
    assert np.mean(means) == pytest.approx(numbers.mean(), abs=0.003)
    assert np.std(means) == pytest.approx(numbers.std() / 20, rel=0.15)
