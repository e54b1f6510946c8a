"""Thresholds proposed from judgements: planted limits are found, noise and small samples change nothing."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.filters import fitting, judged
from polysieve.filters.judged import Judged, propose
from polysieve.filters.parameters import LanguageParameters, thresholds


def documents(n, seed=0, **metrics):
    """n documents whose metrics pass every rule, but for those that are given; bad where `bad` says so."""
    generator = np.random.default_rng(seed)
    own = {}
    for rule in fitting.FITTED:
        low, high = (0.0, 0.05) if rule.direction == "max" else (0.9, 1.0)
        if "word_length" in (rule.parameter or ""):
            low, high = 4.0, 6.0
        own[rule.metric] = generator.uniform(low, high, n)
    own[judged.SCORE] = np.full(n, 0.95)
    bad = np.asarray(metrics.pop("bad"), float)
    return Judged({**own, **metrics}, bad, np.zeros(n, int), np.ones(n), np.zeros(n, bool))


def planted(n=200, limit=0.4, seed=0):
    """Documents that are bad exactly where the share of duplicate lines is above `limit`."""
    values = np.random.default_rng(seed).uniform(0.16, 0.8, n)
    return documents(n, seed, dup_line_frac=values, bad=values > limit)


@pytest.mark.parametrize(("limit", "start"), [(0.4, 0.2), (0.4, 0.75), (0.25, 0.6)])
def test_a_planted_limit_is_found_from_either_side(limit, start):
    current = LanguageParameters(dup_line_frac=start)
    found = propose("swh_Latn", current, planted(limit=limit), ["dup_line_frac"])
    assert found.changed == ("dup_line_frac",)
    assert found.parameters.dup_line_frac == pytest.approx(limit, abs=0.02)
    assert found.before < found.held_out
    assert found.after == pytest.approx(1)
    value = found.parameters.fitted.values["gopher_dup_line_frac"]
    assert value.method == "judgements"
    assert value.low <= found.parameters.dup_line_frac <= value.high
    assert value.low - 0.02 <= limit <= value.high + 0.02
    assert found.parameters.fitted.judged == 200


def test_all_keys_together_move_the_one_that_matters():
    current = LanguageParameters(dup_line_frac=0.75)
    found = propose("swh_Latn", current, planted())
    assert found.changed == ("dup_line_frac",)
    unchanged = found.parameters.model_dump(exclude={"dup_line_frac", "fitted"})
    assert unchanged == current.model_dump(exclude={"dup_line_frac", "fitted"})


def test_the_language_cut_is_found():
    scores = np.random.default_rng(0).uniform(0.2, 1, 200)
    set_ = documents(200, language_score=scores, bad=scores < 0.7)
    found = propose("swh_Latn", LanguageParameters(language_score=0.3), set_)
    assert found.changed == ("language_score",)
    assert found.parameters.language_score == pytest.approx(0.7, abs=0.02)


def test_limits_that_remove_the_same_good_documents_are_loosened_together():
    """Every n-gram rule and the one on lines removes half of the good documents; none does it alone."""
    generator = np.random.default_rng(0)
    repeated = np.where(np.arange(200) % 2 == 0, 0.3, 0.0) + generator.uniform(0, 0.01, 200)
    bad = np.arange(200) < 50
    metrics = {
        r.metric: repeated + 0.001
        for r in fitting.FITTED
        if r.parameter in ("dup_n_grams", "dup_line_frac")
    }
    metrics["new_line_ratio"] = np.where(bad, 0.5, 0.1)
    current = LanguageParameters(dup_line_frac=0.2)
    found = propose("swh_Latn", current, documents(200, **metrics, bad=bad))
    assert {"dup_line_frac", "dup_n_grams"} <= set(found.changed)
    limits = [limit for _, limit in found.parameters.dup_n_grams]
    assert limits == sorted(limits, reverse=True)
    assert found.after == pytest.approx(1)


def test_noise_changes_nothing():
    """Judgements that have nothing to do with any metric: of 20 languages, hardly one gets other values."""
    changed = 0
    for seed in range(20):
        bad = np.random.default_rng(100 + seed).random(120) < 0.4
        changed += bool(
            propose(f"x{seed}_Latn", LanguageParameters(), documents(120, seed, bad=bad)).changed
        )
    assert changed <= 2


@pytest.mark.parametrize("bad", [[], [0], [1] * 30, [0] * 30, [0] * 30 + [1] * 9])
def test_too_little_to_go_by_changes_nothing(bad):
    current = LanguageParameters()
    found = propose("swh_Latn", current, documents(len(bad), bad=bad))
    assert (found.parameters, found.changed) == (current, ())
    assert found.documents == len(bad)


def test_a_document_weighs_what_it_stands_for():
    """Between two limits lie 40 good and 40 bad documents; whichever stand for more decide where the limit goes."""
    values = np.concatenate(
        [np.linspace(0.16, 0.3, 60), np.linspace(0.4, 0.5, 80), np.linspace(0.6, 0.8, 60)]
    )
    bad = np.concatenate([np.zeros(60), np.arange(80) % 2, np.ones(60)])
    order = np.random.default_rng(0).permutation(200)
    limits = []
    for heavy in (0, 1):
        set_ = documents(200, dup_line_frac=values[order], bad=bad[order])
        middle = np.isin(order, np.arange(60, 140)) & (set_.bad == heavy)
        weighted = replace(set_, stratum=middle.astype(int), weights=np.where(middle, 10.0, 1.0))
        found = propose(
            "swh_Latn", LanguageParameters(dup_line_frac=0.9), weighted, ["dup_line_frac"]
        )
        limits.append(found.parameters.dup_line_frac)
    assert limits[0] == pytest.approx(0.55, abs=0.06)
    assert limits[1] == pytest.approx(0.35, abs=0.06)


def test_what_other_rules_remove_is_not_looked_at():
    set_ = planted()
    gone = replace(set_, removed=set_.bad > 0)
    found = propose("swh_Latn", LanguageParameters(dup_line_frac=0.75), gone)
    assert found.changed == ()
    assert found.before == pytest.approx(1)


def test_the_same_judgements_give_the_same_values():
    current = LanguageParameters(dup_line_frac=0.75)
    one, other = (propose("swh_Latn", current, planted()).parameters for _ in range(2))
    assert one == other
    assert LanguageParameters.from_yaml(one.to_yaml()) == one


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(0, 80))
def test_values_stay_within_what_is_allowed(seed, n):
    generator = np.random.default_rng(seed)
    metrics = {m: generator.choice([0, 0.1, 0.5, 1, 3, np.nan], n) for m in judged.METRICS}
    set_ = documents(n, **metrics, bad=generator.random(n) < 0.5)
    found = propose("swh_Latn", LanguageParameters(), set_)
    before = thresholds(LanguageParameters())
    for name, limit in thresholds(found.parameters).items():
        if limit != before[name] and limit is not None:
            rule = next(rule for rule in fitting.FITTED if rule.name == name)
            low, high = fitting.bounds(rule)
            assert low <= limit <= high
    for parameter in (found.parameters.dup_n_grams, found.parameters.top_n_grams):
        limits = [limit for _, limit in parameter]
        assert limits == sorted(limits, reverse=True)
    for share in (found.before, found.after, found.held_out):
        assert math.isnan(share) or 0 <= share <= 1 + 1e-9
