"""Signals: equal to datatrove's functions on the same words, and defined for every document."""

import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.filters.signals import METRICS, SCHEMA, StopWords, measure
from polysieve.filters.words import segment
from tests.filters.given_words import from_tokens

# Small alphabets, so that lines, paragraphs and n-grams repeat; all kinds of white space and line ends.
PIECES = st.sampled_from(
    ["a", "b", "ab", "1", "-", "•", "...", "…", ".", "!", "。", "#", "\n", "\n\n", "\n\n\n", " ", "  ",
     "\t", "\r", "\r\n", "\x0b", "\x1c", "\x1f", "\x85", "\u2028", "\u3000", "é", "中", "𐍈", "{", "؟"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=60).map("".join)
WORDS = st.lists(
    st.sampled_from(["a", "b", "ab", "ba", "aba", "1", ".", "é", "中", "a b"]), max_size=60
)


def assert_equal(measured: dict, expected: dict) -> None:
    for name, value in expected.items():
        ours = measured[name]
        if value is None or ours is None:
            assert ours is None and value is None, (name, ours, value)
        elif isinstance(value, int):
            assert ours == value, name
        else:
            assert math.isclose(ours, value, rel_tol=1e-12, abs_tol=1e-15), (name, ours, value)


@settings(max_examples=400, deadline=None)
@given(TEXTS, WORDS)
def test_metrics_equal_datatroves_on_the_same_words(text: str, tokens: list[str]) -> None:
    from tests.filters import reference

    row = measure([text], from_tokens([text], [tokens])).to_pylist()[0]
    assert_equal(row, reference.metrics(text, tokens))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_metrics_equal_datatroves_on_any_text(text: str) -> None:
    from tests.filters import reference

    tokens = text.split()
    row = measure([text], from_tokens([text], [tokens])).to_pylist()[0]
    expected = reference.metrics(text, tokens)
    # Letters that Python's tables do not know yet are letters here.
    del expected["alpha_word_ratio"]
    assert_equal(row, expected)


def test_every_column_is_described_and_none_is_missing() -> None:
    batch = measure(["a b"], segment(["a b"]))
    assert batch.schema == SCHEMA
    assert batch.schema.names == list(METRICS)
    assert all(m.unit and m.source and m.meaning for m in METRICS.values())


def test_an_empty_document_has_counts_of_zero_and_no_ratio() -> None:
    row = measure([""], segment([""])).to_pylist()[0]
    assert {name for name, value in row.items() if value is not None} == {
        "character_count", "word_count", "plain_word_count", "line_count", "longest_line",
        "invisible_count", "replacement_count", "third_longest_line",
        "c4_lorem_ipsum_count", "c4_curly_bracket_count", "c4_sentence_count",
        "c4_any_end_lorem_ipsum_count", "c4_any_end_curly_bracket_count", "c4_any_end_sentence_count",
    }  # fmt: skip
    assert all(value == 0 for value in row.values() if value is not None)


def test_joined_n_grams_are_compared_as_strings() -> None:
    # "ab"+"c" and "a"+"bc" are the same characters, so datatrove counts the second as a repetition.
    tokens = ["ab", "c", "d", "e", "f", "X", "a", "bc", "d", "e", "f"]
    row = measure(["x" * 100], from_tokens(["x" * 100], [tokens])).to_pylist()[0]
    assert row["dup_5_gram"] == 0.06


def test_the_earliest_of_equally_frequent_n_grams_counts() -> None:
    tokens = ["a", "b", "-", "long", "word", "-", "a", "b", "+", "long", "word"]
    row = measure(["x" * 100], from_tokens(["x" * 100], [tokens])).to_pylist()[0]
    assert row["top_2_gram"] == 0.06


def test_distinct_stop_words_are_counted_as_written() -> None:
    texts = ["the The and the cat", "nothing here", "the and"]
    lists = [StopWords.of(["the", "and", "of"])] * 2 + [None]
    batch = measure(texts, segment(texts), lists)
    assert batch["stop_words"].to_pylist() == [2, 0, None]


def test_stop_lists_may_be_given_by_label() -> None:
    texts, labels = ["the cat", "na paka"], pa.array(["eng_Latn", "swh_Latn"])
    words = segment(texts, labels)
    batch = measure(texts, words, {"swh_Latn": StopWords.of(["na"])})
    assert batch["stop_words"].to_pylist() == [None, 1]
    with pytest.raises(ValueError, match="labels"):
        measure(texts, segment(texts), {})


def test_korean_particles_count_though_written_onto_the_word() -> None:
    texts = ["나는 학교에서 책을 읽는다"]
    stop_words = StopWords.of(["는", "에서", "을"])
    assert measure(texts, segment(texts), [stop_words])["stop_words"].to_pylist() == [3]
    given = from_tokens(texts, [texts[0].split()])
    assert measure(texts, given, [stop_words])["stop_words"].to_pylist() == [0]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("abc Ωμ", "script_purity", 0.6),
        ("東京にて", "script_purity", 1.0),
        ("AB cd", "upper_ratio", 0.5),
        ("a1b2", "digit_ratio", 0.5),
        ("Home\nNews\nA sentence that ends here.", "list_line_ratio", 2 / 3),
        ("HOME\nNews\n", "capital_line_ratio", 0.5),
        ("a\u00ad\u202e\x00b", "invisible_count", 3),
        ("می‌خواهم", "invisible_count", 0),
        ("a\ufffd", "replacement_count", 1),
        ("ab\n\nabcd\n", "mean_line_length", 3.0),
        ("ab\n\nabcd\n", "longest_line", 4),
        ("a A b", "type_token_ratio", 2 / 3),
    ],
)
def test_cheap_extras(text: str, name: str, value: float) -> None:
    assert measure([text], segment([text]))[name].to_pylist() == [value]


def test_other_numbers_of_documents_are_refused() -> None:
    with pytest.raises(ValueError, match="2 texts"):
        measure(["a", "b"], segment(["a"]))
    with pytest.raises(ValueError, match="stop lists"):
        measure(["a"], segment(["a"]), [])
