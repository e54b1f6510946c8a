"""The cascade: one reason a document, the first that was added."""

import numpy as np
import pyarrow as pa

from polysieve.pipeline.steps.decide.cascade import Reasons, decision_counts, joined


def failing(*rows: int) -> np.ndarray:
    return np.isin(np.arange(6), rows)


def test_the_first_reason_stays():
    reasons = Reasons(6)
    reasons.add("language_score", failing(0, 1))
    reasons.add("gopher_short_doc", failing(1, 2))
    assert reasons.column().to_pylist() == [
        "language_score", "language_score", "gopher_short_doc", None, None, None,
    ]  # fmt: skip
    assert np.flatnonzero(reasons.kept).tolist() == [3, 4, 5]


def test_rows_may_be_asked_a_stretch_at_a_time():
    reasons = Reasons(6)
    reasons.add("short", np.array([True, False]), slice(4, 6))
    reasons.add_values(pa.array([None, "url_word", "empty_text"]), slice(3, 6))
    assert reasons.column().to_pylist() == [None, None, None, None, "short", "empty_text"]
    assert reasons.column(slice(4, 5)).to_pylist() == ["short"]


def test_a_column_of_values_gives_each_document_its_own_reason():
    reasons = Reasons(6)
    reasons.add("early", failing(0))
    reasons.add_values(pa.array(["b", "a", None, "b", None, None]))
    assert reasons.counts() == {"early": 1, "a": 1, "b": 1}
    assert reasons.names == ["early", "b", "a"]


def test_reasons_are_numbered_anew_without_a_change_to_any_document():
    reasons = Reasons(6)
    reasons.add("second", failing(0))
    reasons.add("first", failing(3))
    before = reasons.column().to_pylist()
    reasons.number(["first", "unused", "second"])
    assert reasons.column().to_pylist() == before
    assert reasons.column().dictionary.to_pylist() == ["first", "unused", "second"]
    assert reasons.codes.tolist() == [3, 0, 0, 1, 0, 0]
    assert reasons.codes.dtype == np.int16


def test_duplicates_are_an_outcome_of_their_own():
    reasons = Reasons(6)
    reasons.add("gopher_short_doc", failing(5))
    reasons.add("exact_duplicate", failing(0))
    reasons.add("near_duplicate", failing(1, 2))
    assert reasons.outcomes().tolist() == [2, 2, 2, 0, 0, 1]
    assert decision_counts(reasons) == {
        "kept": 2,
        "removed": {"gopher_short_doc": 1},
        "duplicates": 3,
        "exact_duplicates": 1,
    }


def test_the_labels_of_a_unit_are_joined_where_they_number_alike():
    one, other = Reasons(2), Reasons(1)
    one.add("a", np.array([False, True]))
    other.add("b", np.array([True]))
    for part in (one, other):
        part.number(["a", "b"])
    assert joined([one, other]).column().to_pylist() == [None, "a", "b"]
