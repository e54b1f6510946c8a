"""The table of rules and the one comparison behind it."""

import numpy as np
import pytest

from polysieve.filters.rules import RULES, drops
from polysieve.filters.signals import METRICS


def test_every_rule_reads_a_metric_that_is_measured() -> None:
    assert {rule.metric for rule in RULES.values()} <= METRICS.keys()
    assert all(name == rule.name for name, rule in RULES.items())


def test_a_value_that_equals_the_threshold_passes() -> None:
    values = np.array([0.1, 0.2, 0.3, np.nan])
    assert drops(RULES["gopher_top_2_gram"], values, 0.2).tolist() == [False, False, True, False]
    assert drops(RULES["fineweb_line_punct"], values, 0.2).tolist() == [True, False, False, False]


def test_counts_and_columns_with_missing_values_compare_too() -> None:
    assert drops(RULES["gopher_short_doc"], np.array([49, 50]), 50).tolist() == [True, False]
    assert drops(RULES["gopher_stop_words"], np.array([1, None]), 2).tolist() == [True, False]


@pytest.mark.parametrize("first", ["gopher_dup_line_frac", "fineweb_line_punct"])
def test_rules_stand_in_the_order_of_fineweb2s_filters(first: str) -> None:
    names = list(RULES)
    assert names.index(first) < names.index("gopher_short_doc")
