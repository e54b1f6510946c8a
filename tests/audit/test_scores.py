"""Scores from planted judgements equal what one computes by hand; nothing and next to nothing give intervals."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from polysieve.audit import scores
from polysieve.audit.scores import NOTHING, Share, Stratum, Z, wilson


def rows(label, codes, stage="kept", reason="kept", population=1000, rater="ana", **flags):
    """Judgements of one person, a document each."""
    return [
        {
            "label": label, "stage": stage, "reason": reason, "population": population, "rater": rater,
            "document": f"{label}-{stage}-{reason}-{i}", "code": code, "offensive": False, "porn": False, **flags,
        }
        for i, code in enumerate(codes)
    ]  # fmt: skip


@given(st.integers(1, 2_000), st.data())
def test_wilsons_ends_solve_its_equation(n, data):
    k = data.draw(st.integers(0, n))
    found = wilson(k, n)
    assert found.share == k / n
    assert 0 <= found.low <= found.share <= found.high <= 1
    for end in (found.low, found.high):
        distance = abs(k / n - end)
        assert math.isclose(distance, Z * math.sqrt(end * (1 - end) / n), abs_tol=1e-9)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    # 81 of 263: Newcombe 1998, table I, method 3; none and all of ten: z^2 / (n + z^2)
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 10, 0, 0.2775), (10, 10, 0.7225, 1)],
)
def test_wilsons_interval_is_the_published_one(k, n, low, high):
    found = wilson(k, n)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_nothing_judged_is_no_share_and_every_share():
    assert wilson(0, 0) == NOTHING == Share(None, 0, 1, 0)
    assert scores.combined([]) == NOTHING
    assert scores.combined([(5, NOTHING), (7, NOTHING)]) == NOTHING


def test_one_stratum_is_itself():
    one = wilson(3, 8)
    both = scores.combined([(17, one)])
    assert (both.share, both.low, both.high) == pytest.approx((one.share, one.low, one.high))


def test_strata_weigh_what_they_hold():
    found = scores.combined([(900, wilson(1, 10)), (100, wilson(9, 10))])
    assert found.share == pytest.approx(0.9 * 0.1 + 0.1 * 0.9)
    below = math.hypot(0.9 * (0.1 - wilson(1, 10).low), 0.1 * (0.9 - wilson(9, 10).low))
    assert found.low == pytest.approx(0.18 - below)


def test_a_stratum_without_judgements_may_hold_anything():
    found = scores.combined([(600, wilson(30, 30)), (400, NOTHING)])
    assert found.share == 1
    assert found.low == pytest.approx(0.6 * wilson(30, 30).low)
    assert found.high == 1


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 20), st.integers(0, 20)), max_size=6)
)
def test_a_share_lies_in_its_interval(parts):
    found = scores.combined((w, wilson(min(k, n), n)) for w, k, n in parts)
    assert 0 <= found.low <= found.high <= 1
    if found.share is not None:
        assert found.low - 1e-12 <= found.share <= found.high + 1e-12


PLANTED = {  # label: documents, codes
    "aaa_Latn": (9_000, ["CC"] * 6 + ["CB"] * 2 + ["CS"] + ["WL"]),
    "bbb_Latn": (900, ["CC"] * 2 + ["WL"] * 6 + ["NL"] * 2),
    "ccc_Latn": (90, ["NL"] * 4),
    "ddd_Latn": (10, ["CS"]),
    "eee_Latn": (5_000, []),
}


def planted():
    found = []
    for label, (size, codes) in PLANTED.items():
        found += rows(label, codes, population=size)
    drawn = [
        {"label": label, "stage": "kept", "reason": "kept", "population": size}
        for label, (size, _) in PLANTED.items()
    ]
    return scores.languages(scores.strata(drawn, found))


def test_macro_and_micro_averages_equal_the_closed_form():
    found = scores.averages(planted())
    assert (found.languages, found.unjudged) == (4, 1)
    assert found.macro["C"].share == pytest.approx((0.9 + 0.2 + 0 + 1) / 4)
    assert found.micro["C"].share == pytest.approx((9_000 * 0.9 + 900 * 0.2 + 10) / 10_000)
    assert found.macro["WL"].share == pytest.approx((0.1 + 0.6) / 4)
    assert found.micro["NL"].share == pytest.approx((900 * 0.2 + 90) / 10_000)
    assert found.macro["CB"].share == pytest.approx(0.2 / 4)
    spread = sum(
        (0.25 * (p - wilson(k, n).low)) ** 2
        for p, k, n in ((0.9, 9, 10), (0.2, 2, 10), (0, 0, 4), (1, 1, 1))
    )
    assert found.macro["C"].low == pytest.approx(2.1 / 4 - math.sqrt(spread))
    counts = (found.none_correct, found.half_correct, found.half_not_language, found.half_wrong)
    assert counts == (1, 2, 1, 1)


def test_each_language_has_shares_or_none():
    by_label = {score.label: score.shares for score in planted()}
    assert by_label["aaa_Latn"]["CS"].share == 0.1
    assert by_label["ccc_Latn"]["C"].share == 0
    assert by_label["ccc_Latn"]["C"].high == wilson(0, 4).high
    assert by_label["eee_Latn"]["C"] == NOTHING


def test_no_languages_have_no_average():
    found = scores.averages([])
    assert found.languages == 0
    assert found.macro["C"] == NOTHING


def test_a_document_counts_once_however_many_judge_it():
    judged = [
        *rows("aaa_Latn", ["CC", "CC", "WL"]),
        *rows("aaa_Latn", ["WL"], rater="ben", porn=True),
    ]
    (stratum,) = scores.strata([], judged)
    assert stratum.judged == 3
    assert stratum.said is not None
    assert Counter(stratum.said) == Counter(
        {"CC": 1.5, "WL": 1.5, "porn": 0.5, "CB": 0, "CS": 0, "NL": 0, "X": 0, "offensive": 0}
    )


def test_judgements_outside_the_sample_do_not_count():
    assert (
        scores.strata([], rows("aaa_Latn", ["CC"], stage=None, reason=None, population=None)) == []
    )


def filtered():
    """1,000 kept of which a tenth is bad, 200 removed as short of which half is, 50 for want of letters: all bad."""
    return scores.strata(
        [],
        [
            *rows("aaa_Latn", ["CC"] * 9 + ["WL"], population=1_000),
            *rows("aaa_Latn", ["CC"] * 5 + ["NL"] * 5, "removed", "short", 200),
            *rows("aaa_Latn", ["NL"] * 4, "removed", "alpha", 50),
        ],
    )


def test_precision_and_recall_weigh_strata_by_their_size():
    found = {score.reason: score for score in scores.filters(filtered())}
    assert list(found) == ["all", "alpha", "short"]
    assert found["short"].precision.share == 0.5
    assert found["alpha"].precision.share == 1
    assert found["all"].precision.share == pytest.approx((100 + 50) / 250)
    bad = 1_000 * 0.1 + 200 * 0.5 + 50
    assert found["short"].recall.share == pytest.approx(100 / bad)
    assert found["alpha"].recall.share == pytest.approx(50 / bad)
    assert found["all"].recall.share == pytest.approx(150 / bad)
    assert found["short"].good_lost.share == pytest.approx(100 / (900 + 100))
    assert found["alpha"].good_lost.share == 0


def test_what_is_good_can_be_said_otherwise():
    strict = {score.reason: score for score in scores.filters(filtered(), good=("WL",))}
    assert strict["short"].precision.share == 1
    assert strict["all"].good_lost.share == 0


def test_filters_without_judgements_have_intervals():
    strata = [Stratum("a", "removed", "short", 5), Stratum("a", "kept", "kept", 9)]
    for score in scores.filters(strata):
        for share in (score.precision, score.recall, score.good_lost):
            assert (share.share, share.low, share.high) == (None, 0, 1)
    assert scores.filters([Stratum("a", "kept", "kept", 9)]) == []


def test_the_intervals_of_filters_hold_the_truth():
    """Samples from known strata: of 19 intervals in 20, each holds what was planted."""
    truth = {
        ("kept", "kept"): (5_000, 0.1),
        ("removed", "short"): (800, 0.6),
        ("removed", "alpha"): (60, 0.95),
    }
    bad = {reason: n * p for (_, reason), (n, p) in truth.items()}
    wanted = {"short": bad["short"] / sum(bad.values()), "alpha": bad["alpha"] / sum(bad.values())}
    generator = np.random.default_rng(1)
    held = Counter()
    for _ in range(400):
        strata = []
        for (stage, reason), (n, p) in truth.items():
            k = int(generator.binomial(30, p))
            strata.append(Stratum("a", stage, reason, n, 30, {"NL": k, "CC": 30 - k}))
        for score in scores.filters(strata)[1:]:
            held[score.reason] += score.recall.low <= wanted[score.reason] <= score.recall.high
    assert min(held["short"], held["alpha"]) >= 0.93 * 400


def test_kappa_is_cohens():
    # Cohen's own example has 3 categories; this one: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: p_o 0.7, p_e 0.5
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert scores.kappa(pairs) == pytest.approx(0.4)
    assert scores.kappa([("y", "n"), ("n", "y")]) == -1
    assert scores.kappa([("y", "y"), ("n", "n")]) == 1


@pytest.mark.parametrize("pairs", [[], [("y", "y")], [("y", "y")] * 9])
def test_kappa_is_none_where_chance_alone_agrees(pairs):
    assert scores.kappa(pairs) is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=60))
def test_kappa_is_what_scikit_learn_computes(pairs):
    found = scores.kappa(pairs)
    if found is not None:
        one, other = zip(*pairs, strict=True)
        assert found == pytest.approx(cohen_kappa_score(one, other))


def test_agreement_is_over_the_documents_in_common():
    judged = [
        *rows("aaa_Latn", ["CC", "CB", "WL", "NL"]),
        *rows("aaa_Latn", ["CC", "CC", "WL"], rater="ben"),
        *rows("bbb_Latn", ["CC"], rater="eva"),
    ]
    (found,) = scores.agreements(judged)
    assert (found.raters, found.documents) == (("ana", "ben"), 3)
    assert found.agreed == pytest.approx(2 / 3)
    assert found.kappa_correct == 1
    assert found.kappa == pytest.approx((2 / 3 - 3 / 9) / (1 - 3 / 9))


def test_order_does_not_matter():
    judged = [
        *rows("aaa_Latn", ["CC", "CB", "WL"]),
        *rows("aaa_Latn", ["CC", "WL", "WL"], rater="ben"),
    ]
    found = {
        repr((scores.strata([], order), scores.agreements(order)))
        for order in itertools.permutations(judged, len(judged))
    }
    assert len(found) == 1
