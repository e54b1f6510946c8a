import json
import lzma

import numpy as np
import pytest

from polysieve.dedup.rebalance import (
    FIXED_WEIGHTS,
    language_weights,
    quality_loss,
    rehydration_weights,
    removal_rates,
    weights_for,
)
from tests.shared_data import shared


@pytest.fixture(scope="module")
def published():
    with lzma.open(shared("rehydration-fineweb2.json.xz")) as file:
        return json.load(file)


def _with_tail(distribution, column, tail):
    return [*distribution[column], distribution[tail]]


def test_every_published_table_and_its_size_is_reproduced(published):
    compared = 0
    for label, language in published.items():
        given = language["distribution"]
        sizes = _with_tail(given, "cluster_sizes", "tail_threshold")
        rates = _with_tail(given, "cluster_removal_rates", "tail_removal_rate")
        kept = _with_tail(
            given, "cluster_post_filtering_doc_counts", "tail_post_filtering_doc_counts"
        )
        for repetitions, expected in language["weights"].items():
            got = rehydration_weights(sizes, rates, given["global_removal_rate"], int(repetitions))
            assert got == {int(s): w for s, w in expected.items()}, (label, repetitions)
            size = int(np.dot(kept, weights_for(np.array(sizes), got)))
            assert size == language["resulting_size"][repetitions], (label, repetitions)
            compared += 1
    assert compared == 894 * 8


def test_sizes_that_do_not_beat_the_average_have_weight_one():
    assert rehydration_weights([1, 2, 3], [50.0, 60.0, 70.0], 50.0, 10) == {1: 1}


def test_the_best_size_at_an_end_is_repeated_most():
    assert rehydration_weights([1, 2, 3, 4, 5, 6], [0.0] + [90.0] * 5, 80.0, 7)[1] == 7


def test_no_sizes_give_no_steps():
    assert rehydration_weights([], [], 0.0, 10) == {}


@pytest.mark.parametrize(
    ("sizes", "rates", "overall", "repetitions", "message"),
    [
        ([1, 2], [1.0], 1.0, 3, "cluster sizes but"),
        ([2, 1], [1.0, 1.0], 1.0, 3, "must ascend"),
        ([1, 2], [1.0, 101.0], 1.0, 3, "percentages"),
        ([1, 2], [1.0, float("nan")], 1.0, 3, "percentages"),
        ([1, 2], [1.0, 1.0], 1.0, 0, "max_repetitions"),
    ],
)
def test_impossible_figures_are_named(sizes, rates, overall, repetitions, message):
    with pytest.raises(ValueError, match=message):
        rehydration_weights(sizes, rates, overall, repetitions)


def test_a_step_holds_up_to_the_next_and_unknown_small_sizes_have_weight_one():
    sizes = np.array([1, 2, 4, 5, 99, 100, 999, 1000, 10**6])
    assert weights_for(sizes, FIXED_WEIGHTS).tolist() == [1, 2, 3, 5, 5, 8, 8, 1, 1]
    assert weights_for(np.array([1, 2, 7]), {2: 5}).tolist() == [1, 5, 5]
    assert weights_for(np.array([1, 2]), {}).dtype == np.int32


def test_the_tail_starts_at_the_first_size_with_too_few_clusters():
    sizes = np.repeat([1, 2, 3, 4, 9], [50, 20, 5, 30, 5])
    removed = np.zeros(len(sizes), dtype=bool)
    removed[:25] = True  # of size 1
    removed[70:74] = True  # of size 3
    rates = removal_rates(sizes, removed, min_docs=10)
    assert rates.sizes.tolist() == [1, 2, 3]
    assert rates.rates.tolist() == [50.0, 0.0, 10.0]
    assert rates.clusters.tolist() == [50, 20, 40]
    assert rates.kept.tolist() == [25, 20, 36]
    assert rates.tail_start == 3
    assert rates.global_rate == pytest.approx(100 * 29 / 110)


def test_enough_clusters_of_every_size_leave_no_tail():
    rates = removal_rates(np.array([1, 1, 2, 2]), np.array([True, False, False, False]), min_docs=2)
    assert rates.tail_start is None
    assert rates.sizes.tolist() == [1, 2]


def test_a_language_without_clusters_has_no_rates():
    rates = removal_rates(np.array([], dtype=np.int64), np.array([], dtype=bool))
    assert len(rates.sizes) == 0
    assert rates.global_rate == 0.0
    assert language_weights(rates).steps == {1: 1}


def test_a_small_language_keeps_weight_one_and_says_so():
    rates = removal_rates(np.repeat([1, 2], [9_000, 999]), np.zeros(9_999, dtype=bool))
    weights = language_weights(rates)
    assert weights.steps == {1: 1}
    assert "9999 clusters" in weights.note


def test_the_guard_keeps_pages_without_a_copy_at_weight_one():
    # Spam copied three times over is removed whole: its mass lifts the average above size 1.
    sizes = np.repeat([1, 2, 3], [5_000, 5_000, 20_000])
    removed = np.ones(len(sizes), dtype=bool)
    removed[:1_000] = False
    removed[5_000:8_000] = False
    rates = removal_rates(sizes, removed)
    assert language_weights(rates, 10).steps[1] > 1
    guarded = language_weights(rates, 10, guard_singletons=True).steps
    assert guarded[1] == 1
    assert guarded[2] == 10


def test_what_is_kept_is_lost_by_its_rank_and_what_is_removed_whole():
    removed = np.array([False, True, False, False, False, False])
    quality = np.array([0.9, 1.0, 0.1, 0.5, 0.5, np.nan])
    assert quality_loss(removed, quality).tolist() == [0.125, 1.0, 0.875, 0.5, 0.5, 0.5]
    assert quality_loss(removed, np.zeros(6)).tolist() == [0.5, 1.0, 0.5, 0.5, 0.5, 0.5]
    assert len(quality_loss(np.array([], bool), np.array([]))) == 0


def test_of_sizes_that_rules_treat_alike_the_better_one_is_repeated():
    sizes = np.repeat([1, 2], [8_000, 8_000])
    removed = np.arange(16_000) % 2 == 0
    quality = np.where(sizes == 2, 0.8, 0.4)
    plain = language_weights(removal_rates(sizes, removed), 5).steps
    assert plain == {1: 1}
    rates = removal_rates(sizes, quality_loss(removed, quality))
    assert rates.kept.tolist() == [4_000, 4_000]
    assert language_weights(rates, 5).steps == {1: 1, 2: 5}
