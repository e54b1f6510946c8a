"""Fitted thresholds: the formulas on planted distributions, bounds, relatives, intervals."""

import math

import numpy as np
import pytest

from polysieve.filters import fitting, rules
from polysieve.filters.distributions import Distribution
from polysieve.filters.fitting import Settings, fit, value
from polysieve.filters.parameters import LanguageParameters, thresholds, vacuous

GRAM, ALPHA = rules.RULES["gopher_dup_5_gram"], rules.RULES["gopher_below_alpha"]


def normal(mean: float, std: float, n: int = 20_000) -> Distribution:
    return Distribution.of(np.random.default_rng(0).normal(mean, std, n).clip(0))


def language(n: int, seed: int, shift: float = 0.0) -> dict[str, Distribution]:
    """Distributions of n documents whose metrics are all drawn alike."""
    draw = np.random.default_rng(seed)
    found = {rule.metric: Distribution.of(draw.beta(2, 8, n) + shift) for rule in fitting.FITTED}
    return {**found, fitting.SCORE: Distribution.of(draw.uniform(0.6, 1, n))}


def test_each_method_is_its_formula() -> None:
    english, own = normal(0.10, 0.02), normal(0.20, 0.03)
    t = GRAM.default  # 0.15: 2.5 standard deviations above the English mean
    assert value(GRAM, own, english, "english", 0.05) == t
    assert value(GRAM, own, english, "mean_std", 0.05) == pytest.approx(0.275, rel=0.02)
    assert value(GRAM, own, english, "quantile", 0.05) == pytest.approx(0.275, rel=0.02)
    assert value(GRAM, own, english, "tail", 0.05) == pytest.approx(0.20 + 1.645 * 0.03, rel=0.01)
    assert value(GRAM, own, english, "median_ratio", 0.05) == pytest.approx(0.30, rel=0.01)


def test_a_lower_limit_cuts_the_lower_tail() -> None:
    own = normal(0.8, 0.05)
    assert value(ALPHA, own, own, "tail", 0.1) == pytest.approx(0.8 - 1.2816 * 0.05, rel=0.005)
    assert value(ALPHA, own, own, "quantile", 0.1) == pytest.approx(ALPHA.default, rel=0.005)


def test_english_keeps_its_own_thresholds_by_every_relative_method() -> None:
    english = fitting.english()
    for rule in fitting.FITTED:
        own = english[rule.metric]
        for method in ("english", "mean_std", "median_ratio"):
            found = value(rule, own, own, method, 0.05)  # type: ignore[arg-type]
            assert math.isnan(found) or found == pytest.approx(rule.default)


def test_a_method_without_a_value_falls_back_on_english() -> None:
    nothing = {m: Distribution.of(np.zeros(100)) for m in fitting.METRICS}
    found = fit("xxx_Latn", nothing, None, nothing, Settings(method="median_ratio"))
    assert found.fitted is not None
    assert found.fitted.values["gopher_dup_5_gram"].method == "english"
    assert dict(found.dup_n_grams)[5] == GRAM.default


@pytest.mark.parametrize("method", fitting.METHODS)
def test_limits_of_n_grams_are_monotone_and_none_is_above_one(method) -> None:
    for shift in (0.0, 0.5, 3.0):
        found = fit(
            "xxx_Latn", language(300, 3, shift), None, fitting.english(), Settings(method=method)
        )
        for limits in (found.top_n_grams, found.dup_n_grams):
            values = [limit for _, limit in sorted(limits)]
            assert values == sorted(values, reverse=True)
            assert max(values) <= 1


def test_a_reference_without_repetition_does_not_make_every_repetition_fatal() -> None:
    clean = {m: Distribution.of(np.zeros(500)) for m in fitting.METRICS}
    found = fit("xxx_Latn", clean, None, fitting.english(), Settings())
    assert found.dup_line_frac == 0.15
    assert dict(found.dup_n_grams)[10] == 0.05


def test_the_cut_is_median_less_sigma_between_its_bounds() -> None:
    assert fitting.language_cut(normal(0.7, 0.1)) == pytest.approx(0.6, abs=0.005)
    assert fitting.language_cut(normal(0.2, 0.01)) == 0.3
    assert fitting.language_cut(normal(0.99, 0.001)) == 0.9
    assert math.isnan(fitting.language_cut(Distribution.empty()))


def test_a_language_with_few_documents_has_its_relatives_values_and_says_so() -> None:
    kin = language(1000, 1)
    few = language(5, 2, shift=5.0)
    found = fit("xxx_Latn", few, ("Bantu in Latn", kin), fitting.english(), Settings())
    alone = fit("yyy_Latn", kin, None, fitting.english(), Settings())
    assert found.fitted is not None and found.fitted.relatives == "Bantu in Latn"
    assert found.fitted.documents == 5
    assert found.dup_n_grams == alone.dup_n_grams
    assert found.language_score is None


def test_with_more_documents_a_language_leaves_its_relatives() -> None:
    kin = language(1000, 1)
    limits = [
        fit(
            "xxx_Latn", language(n, 2, shift=2.0), ("kin", kin), fitting.english(), Settings()
        ).new_line_ratio
        for n in (20, 100, 5000)
    ]
    own = fit(
        "xxx_Latn", language(5000, 2, 2.0), None, fitting.english(), Settings()
    ).new_line_ratio
    assert limits[2] == pytest.approx(own, rel=0.01)


def test_nothing_to_go_by_gives_the_defaults_unfitted() -> None:
    found = fit("tha_Thai", language(3, 1), None, fitting.english(), Settings())
    assert found.fitted is None
    assert found.line_punct_thr == 0  # Thai lines end without a mark


def test_a_fit_of_as_many_other_documents_lies_in_the_interval() -> None:
    inside = total = 0
    for k in range(12):
        one = fit("xxx_Latn", language(200, 100 + k), None, fitting.english(), Settings())
        other = thresholds(
            fit("xxx_Latn", language(200, 900 + k), None, fitting.english(), Settings())
        )
        assert one.fitted is not None
        for name, entry in one.fitted.values.items():
            inside += entry.low <= (other[name] or 0) <= entry.high
            total += 1
    assert inside / total >= 0.95


def test_the_same_documents_give_the_same_values() -> None:
    one, other = (
        fit("xxx_Latn", language(200, 1), None, fitting.english(), Settings()) for _ in range(2)
    )
    assert one == other


def test_a_fitted_file_reads_back_as_it_was_written() -> None:
    found = fit(
        "swh_Latn", language(200, 1), None, fitting.english(), Settings(), ("ya", "na", "no")
    )
    text = found.to_yaml()
    assert LanguageParameters.from_yaml(text) == found
    assert "  values:\n    gopher_dup_line_frac: {method: tail, low: " in text


def test_documents_under_the_cut_or_of_few_words_do_not_count() -> None:
    scores = np.array([0.9] * 50 + [0.1] * 5)
    plain = np.array([60] * 40 + [10] * 15)
    metrics = {rule.metric: np.linspace(0, 0.1, 55) for rule in fitting.FITTED}
    found = fitting.gather(metrics, scores, plain)
    assert fitting.documents(found) == 40
    assert found[fitting.SCORE].documents == 55


def test_limits_that_can_never_fire_are_named() -> None:
    assert "gopher_top_2_gram" in vacuous(LanguageParameters(top_n_grams=((2, 1.0),)))
