"""Figures derived from a run's data."""

from polysieve.audit import figures
from tests.audit.made_run import entry, languages, run


def test_languages_come_by_their_documents_then_by_name():
    assert figures.labels(run(), languages()) == ["tha_Thai", "arb_Arab", "und_Zzzz"]
    assert figures.labels({}, {"b": {}, "a": {}}) == ["a", "b"]


def test_the_funnel_follows_the_precedence_of_outcomes_and_ends_at_what_is_kept():
    counted = figures.counts(run(), languages(), "tha_Thai")
    steps = figures.funnel(counted, figures.rule_order(run()), exact_duplicates=5)
    assert [(s["reason"], s["documents"], s["left"]) for s in steps] == [
        ("documents in", 100, 100),
        ("language_score", 6, 94),
        ("exact_duplicate", 5, 89),
        ("near_duplicate", 15, 74),
        ("gopher_dup_line_frac", 4, 70),
        ("gopher_short_doc", 10, 60),
        ("kept", 60, 60),
    ]
    assert steps[1]["share"] == 0.06


def test_what_leaves_before_clustering_comes_address_first_then_text_then_score():
    counted = entry(
        9,
        0,
        {"language_score": 1, "empty_text": 1, "url_word": 1, "url_domain": 1, "new_rule": 1},
        4,
    )
    reasons = [s["reason"] for s in figures.funnel(counted)]
    assert reasons == [
        "documents in", "url_domain", "url_word", "empty_text", "language_score", "duplicates", "new_rule", "kept",
    ]  # fmt: skip


def test_outcomes_sum_to_the_documents_that_came_in():
    whole = figures.totals(run(), languages())
    parts = figures.outcomes(whole)
    assert {part["kind"]: part["documents"] for part in parts} == {
        "kept": 69, "duplicate": 20, "rule": 15, "cut": 9, "quarantined": 2,
    }  # fmt: skip
    assert sum(part["share"] for part in parts) == 1


def test_totals_are_summed_where_the_accounting_gives_none():
    whole = figures.totals({}, languages())
    assert (whole["documents_in"], whole["kept"], whole["duplicates"]) == (110, 69, 20)
    assert whole["removed"] == {
        "gopher_dup_line_frac": 4,
        "gopher_short_doc": 11,
        "language_score": 6,
    }


def test_the_biggest_reason_is_the_first_by_name_of_equals():
    assert figures.biggest_reason(entry(6, 0, {"b": 3, "a": 3, "c": 0}, 0)) == ("a", 3)
    assert figures.biggest_reason(entry(6, 6, {"c": 0}, 0)) is None


def test_cluster_bins_double_and_lose_no_cluster():
    bins = figures.cluster_bins(
        {"1": 70, "2": 1, "3": 2, "4": 1, "5": 1, "8": 1, "9": 1, "1024": 1, "1025": 1}
    )
    assert [(b["first"], b["last"], b["clusters"], b["documents"]) for b in bins] == [
        (1, 1, 70, 70),
        (2, 2, 1, 2),
        (3, 4, 3, 10),
        (5, 8, 2, 13),
        (9, 16, 1, 9),
        (513, 1024, 1, 1024),
        (1025, 2048, 1, 1025),
    ]
    assert figures.cluster_bins({}) == []


def test_an_identity_that_does_not_hold_is_named_with_its_figures():
    assert figures.imbalances(run(), languages()) == []
    broken = run()
    broken["accounting"]["languages"]["arb_Arab"]["kept"] = 8
    broken["accounting"]["total"]["records_read"] = 151
    assert figures.imbalances(broken, languages()) == [
        "151 records were read, but 150 were skipped or became documents.",
        "arb_Arab: 10 documents came in, but 9 are accounted for.",
    ]


def test_a_language_lacks_parameters_only_where_rules_ran_on_it():
    assert figures.lacks_parameters(
        "arb_Arab", {"has_own_parameters": False, "thresholds": {"a": 1}}
    )
    assert not figures.lacks_parameters("arb_Arab", {"has_own_parameters": False, "thresholds": {}})
    assert not figures.lacks_parameters("und_Zzzz", {"has_own_parameters": False})
    assert not figures.lacks_parameters("arb_Arab", {})
