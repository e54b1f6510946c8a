"""What is kept by a score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.filters.quality import selection

SCORES = st.lists(st.floats(-50, 50) | st.just(float("nan")), min_size=1, max_size=60)


@given(SCORES, st.floats(0.01, 0.99))
def test_no_more_than_asked_is_kept(scores: list[float], keep: float) -> None:
    found = selection.rounded(np.array(scores))
    known = found[~np.isnan(found)]
    kept = selection.is_above(known, selection.quantile(found, 1 - keep))
    # A quantile lies between two documents, so one more than the share may be above it.
    assert kept.sum() <= keep * len(known) + 1


@given(SCORES, st.floats(0.01, 0.98))
def test_tiers_are_disjoint_and_complete(scores: list[float], lower: float) -> None:
    found = selection.rounded(np.array(scores))
    cuts = selection.quantile(found, lower), selection.quantile(found, lower + 0.01)
    tier = selection.tiers(found, cuts)
    assert set(tier[~np.isnan(found)].tolist()) <= {0, 1, 2}
    assert (tier[np.isnan(found)] == -1).all()
    order = np.argsort(found)
    assert (np.diff(tier[order][~np.isnan(found[order])]) >= 0).all(), (
        "a better score is in no lower tier"
    )


def test_a_tie_with_the_cut_is_not_kept() -> None:
    scores = np.array([0.1, 0.5, 0.5, 0.5, 0.9])
    assert selection.is_above(scores, selection.quantile(scores, 0.5)).tolist() == [False] * 4 + [
        True
    ]


def test_what_has_no_score_is_never_cut() -> None:
    assert selection.is_above(np.array([np.nan, 0.2]), 0.3).tolist() == [True, False]
    assert selection.quantile(np.array([np.nan]), 0.5) is None
    assert selection.is_above(np.array([0.2]), None).tolist() == [True]


def test_last_bits_decide_nothing() -> None:
    a, b = selection.rounded(np.array([0.30000001, 0.1 + 0.2]))
    assert a == b == 0.3
    assert str(selection.rounded(np.array([-1e-9]))[0]) == "0.0"


def test_log_odds_keep_the_order_and_the_middle() -> None:
    chances = np.array([0.0, 1e-9, 0.2, 0.5, 0.8, 1 - 1e-9, 1.0])
    odds = selection.log_odds(chances)
    assert (np.diff(odds) > 0).all()
    assert odds[2:5] == pytest.approx([-np.log(4), 0, np.log(4)])
    assert np.isfinite(odds).all()
    assert np.isnan(selection.log_odds(np.array([np.nan]))).all()
