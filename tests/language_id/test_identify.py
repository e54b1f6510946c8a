"""What `identify` says of short texts in many scripts, of noise and of broken input."""

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.language_id import identify, load_model
from polysieve.language_id.labels import is_canonical_form
from tests.language_id.sentences import SENTENCES


@pytest.mark.parametrize("label", SENTENCES)
def test_a_sentence_gets_its_label(label: str) -> None:
    answer = identify([SENTENCES[label]])[0].as_py()
    assert answer["label"] == label
    assert answer["score"] > 0.3


def test_answers_do_not_depend_on_the_other_texts_of_a_batch() -> None:
    texts = list(SENTENCES.values())
    together = identify(texts).to_pylist()
    assert together == [identify([text])[0].as_py() for text in texts]
    assert identify(texts * 90).to_pylist() == together * 90


def test_list_array_slice_and_chunks_give_the_same() -> None:
    texts = [*SENTENCES.values(), None, ""]
    expected = identify(texts)
    assert identify(pa.array(texts)).equals(expected)
    assert identify(pa.array(["x", *texts], type=pa.large_string())[1:]).equals(expected)
    assert identify(pa.chunked_array([texts[:5], texts[5:]])).equals(expected)
    assert len(identify([])) == 0


def test_texts_without_content_are_undetermined() -> None:
    for answer in identify([None, "", " \n\t"]).to_pylist():
        assert answer == {"label": "und_Zzzz", "score": 0.0, "candidates": "{}"}


def test_candidates_are_sorted_and_hold_the_label() -> None:
    for answer in identify(list(SENTENCES.values())).to_pylist():
        candidates = json.loads(answer["candidates"])
        assert list(candidates.values()) == sorted(candidates.values(), reverse=True)
        assert candidates[answer["label"]] == answer["score"]
        assert all(is_canonical_form(label) for label in candidates)
        assert sum(candidates.values()) <= 1.001


@pytest.mark.parametrize(
    "text",
    [
        "0049 17 2239 88.20 41 7 1999 3.14159 100 200 300 42 17 99",
        "https://www.example.org/a/b?id=17&x=2 http://cdn.example.net/static/js/app.min.js",
        "c29tZSB0ZXh0IHRoYXQgaXMgZW5jb2RlZCBhbmQgc2F5cyBub3RoaW5nIGF0IGFsbCB0byBhIHJlYWRlcg==",
        "😀🎉🚀✨🔥💯😂👍🏽🌍",
        "AX-2291/B 12 pcs M6x20 DIN912\nKR-0045/A 3 pcs IP67 24V\nTT-9917/C 40 mm 0603 SMD",
        "Ð¡ÐµÐ³Ð¾Ð´Ð½Ñ Ñ\u0083Ñ\u0082Ñ\u0080Ð¾Ð¼ Ð´ÐµÑ\u0082Ð¸ Ð¿Ð¾Ñ\u0088Ð»Ð¸ Ð² Ñ\u0088ÐºÐ¾Ð»Ñ\u0083",
    ],
)
def test_noise_is_no_language(text: str) -> None:
    assert identify([text])[0].as_py()["label"][:3] in ("zxx", "und")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=())), max_size=8))
def test_any_text_gets_a_label_of_canonical_form(texts: list[str]) -> None:
    answers = identify(texts)
    assert len(answers) == len(texts)
    for answer in answers.to_pylist():
        assert is_canonical_form(answer["label"])
        assert 0 <= answer["score"] <= 1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=5))
def test_malformed_utf8_is_survived(pieces: list[bytes]) -> None:
    texts = pa.array(pieces, type=pa.large_binary()).view(pa.large_string())
    assert all(is_canonical_form(x["label"]) for x in identify(texts).to_pylist())


def test_every_assigned_character_is_survived() -> None:
    characters = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    texts = ["".join(characters[i : i + 512]) for i in range(0, len(characters), 512)]
    assert all(is_canonical_form(x["label"]) for x in identify(texts).to_pylist())


def test_the_hash_names_the_model() -> None:
    assert len(load_model("embedded").hash) == 64
    assert load_model() is load_model("embedded")
