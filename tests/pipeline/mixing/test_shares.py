"""Shares and budgets: the published formulas, sums, caps and floors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.pipeline.mixing.shares import apportioned, fill, power_shares, raised_to_floors

sizes = st.lists(st.integers(1, 10**9), min_size=1, max_size=30).map(np.array)
UNBOUNDED = np.inf


@given(sizes, st.floats(0, 1.5))
def test_shares_are_powers_of_sizes(n, alpha) -> None:
    shares = power_shares(n, alpha)
    assert shares.sum() == pytest.approx(1)
    assert shares / shares[0] == pytest.approx((n / n[0]) ** alpha)


def test_a_language_a_thousand_times_smaller_has_126_times_the_epochs_at_alpha_03() -> None:
    n = np.array([10**9, 10**6])
    epochs = 10**8 * power_shares(n, 0.3) / n
    assert epochs[1] / epochs[0] == pytest.approx(1000**0.7)


@given(sizes, st.floats(0.1, 8), st.floats(0.01, 20))
def test_equal_shares_under_a_cap_of_epochs_are_unimax(n, epochs, times) -> None:
    """UniMax as its authors write it: in ascending order, an equal part of what remains, at most N epochs."""
    budget = times * n.sum()
    remaining, expected = budget, np.zeros(len(n))
    for i, language in enumerate(np.argsort(n, kind="stable")):
        expected[language] = min(remaining / (len(n) - i), epochs * n[language])
        remaining -= expected[language]
    assert fill(budget, power_shares(n, 0), epochs * n) == pytest.approx(expected)


@given(
    sizes,
    st.floats(0, 1),
    st.lists(st.floats(0.1, 5), min_size=30, max_size=30),
    st.floats(0.01, 4),
)
def test_a_budget_is_spent_in_proportion_up_to_the_caps(n, alpha, caps, times) -> None:
    shares, most = power_shares(n, alpha), np.array(caps[: len(n)]) * n
    budget = times * n.sum()
    amounts = fill(budget, shares, most)
    assert (amounts <= most * (1 + 1e-12)).all()
    assert amounts.sum() == pytest.approx(min(budget, most.sum()))
    free = amounts < most * (1 - 1e-9)
    if free.any():
        levels = amounts[free] / shares[free]
        assert levels == pytest.approx(levels[0])
        assert (amounts[~free] / shares[~free] <= levels[0] * (1 + 1e-6)).all()


@given(sizes, st.floats(0, 1), st.floats(1, 10**9), st.floats(1, 10**9))
def test_more_budget_takes_from_nobody(n, alpha, one, other) -> None:
    shares, most = power_shares(n, alpha), 2.0 * n
    less, more = (fill(b, shares, most) for b in sorted((one, other)))
    assert (less <= more + 1e-6 * more).all()


@given(sizes, st.floats(0, 1), st.floats(0, 1))
def test_floors_raise_the_small_and_keep_the_order_of_the_others(n, alpha, part) -> None:
    shares, floor = power_shares(n, alpha), part / len(n)
    raised = raised_to_floors(shares, np.full(len(n), floor))
    assert raised.sum() == pytest.approx(1)
    assert (raised >= floor - 1e-12).all()
    above = raised > floor + 1e-9
    if above.any():
        ratios = raised[above] / shares[above]
        assert ratios == pytest.approx(ratios[0])


def test_floors_over_one_are_refused() -> None:
    with pytest.raises(ValueError, match=r"add up to 1\.200, over 1"):
        raised_to_floors(np.array([0.5, 0.5]), np.array([0.6, 0.6]))


def test_a_group_without_a_share_takes_nothing_even_where_others_are_full() -> None:
    assert fill(100, np.array([0.0, 1.0]), np.array([50.0, 30.0])).tolist() == [0, 30]


@given(st.lists(st.floats(0, 10**6), min_size=1, max_size=40).map(np.array))
def test_whole_numbers_add_up_and_stay_next_to_the_amounts(amounts) -> None:
    whole = apportioned(amounts, np.full(len(amounts), UNBOUNDED))
    assert whole.sum() == int(np.floor(amounts.sum() + 1e-6))
    assert (np.abs(whole - amounts) < 1 + 1e-5).all()


def test_a_rounded_amount_stays_under_its_cap() -> None:
    assert apportioned(np.array([2.6, 2.4]), np.array([2.6, 9.0])).tolist() == [2, 3]


def test_croissantllm_s_epochs() -> None:
    """Table 1 of Faysse et al. 2024: unique tokens (B) x epochs = tokens of each source."""
    unique = np.array([303.51, 655.64, 141.43, 35.78]) * 1e9
    trained = np.array([1240, 1240, 289, 219]) * 1e9
    amounts = fill(trained.sum(), trained / trained.sum(), np.full(4, UNBOUNDED))
    assert amounts / unique == pytest.approx([4.09, 1.89, 2.04, 6.13], abs=0.01)
