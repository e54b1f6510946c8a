import numpy as np
import pytest

from polysieve.dedup.curve import parameters_for, probability, threshold


def test_the_default_banding_has_the_published_figures():
    assert threshold(14, 8) == pytest.approx(0.719, abs=5e-4)
    assert probability(0.8, 14, 8) == pytest.approx(0.924, abs=5e-4)


def test_the_curve_rises_from_zero_to_one():
    odds = probability(np.linspace(0, 1, 101), 14, 8)
    assert odds[0] == 0.0
    assert odds[-1] == 1.0
    assert np.all(np.diff(odds) >= 0)


@pytest.mark.parametrize("target", [0.5, 0.7, 0.9])
def test_no_other_parameters_err_less_about_the_target(target):
    grid = np.linspace(0, 1, 2001)

    def error(bands, rows):
        odds = probability(grid, bands, rows)
        return np.where(grid < target, odds, 1 - odds).mean()

    best = error(*parameters_for(target, 48))
    others = [error(b, r) for b in range(1, 49) for r in range(1, 48 // b + 1)]
    assert best <= min(others) + 1e-3


@pytest.mark.parametrize("arguments", [(0.0, 112), (1.0, 112), (0.5, 1)])
def test_an_impossible_target_is_named(arguments):
    with pytest.raises(ValueError, match="minhash"):
        parameters_for(*arguments)
