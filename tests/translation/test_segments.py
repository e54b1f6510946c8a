"""Documents are cut into sentences and put together again without losing a character."""

from itertools import pairwise

import pytest
from hypothesis import given, settings

from polysieve.translation.blocks import blocks
from polysieve.translation.protect import mask
from polysieve.translation.segments import reassemble, segments
from polysieve.translation.sentences import LONGEST, sentences
from tests.translation.made_documents import LABELS, MARKDOWN, TEXTS

pytest.importorskip("sentencex")


def pieces(text: str, label: str = "eng_Latn") -> list[str]:
    return [text[start:end] for start, end in segments(text, label)]


def test_prose_is_found_and_frames_code_and_definitions_are_not() -> None:
    assert pieces(MARKDOWN) == [
        "Why should I care?",
        "A code of conduct matters.",
        "It protects you, too!",
        "First point",
        "Nested point with `code`",
        "A task",
        "A quote from *somebody*.",
        "Name",
        "Meaning",
        "one",
        "first",
        "Some text.",
    ]


def test_a_paragraph_wrapped_by_hand_is_cut_into_sentences_across_its_lines() -> None:
    text = (
        "The first sentence of this paragraph begins here and ends\n"
        "on the second line. The second sentence, which is as long,\n"
        "ends on the third.\n"
    )
    assert pieces(text) == [
        "The first sentence of this paragraph begins here and ends\non the second line.",
        "The second sentence, which is as long,\nends on the third.",
    ]


@pytest.mark.parametrize(
    "span",
    [
        "[First. Second! Third?](https://example.org/a.b?c=1)",
        "`a.b. C`",
        "https://example.org/Some.Page.Of?what=Which.One",
        "<a href='x. Y'>",
    ],
)
def test_no_sentence_ends_within_what_must_not_change(span) -> None:
    long = "It was a long day, and " * 18
    for text in (f"See {span} now. Then go.", long + span + " at last.", f"{span} Go."):
        assert any(span in piece for piece in pieces(text)), pieces(text)


def test_short_lines_are_not_taken_for_a_wrapped_paragraph() -> None:
    assert pieces("Home\nAbout us\nContact\n") == ["Home", "About us", "Contact"]


@pytest.mark.parametrize(
    ("label", "text", "expected"),
    [
        ("hin_Deva", "यह पहला वाक्य है। यह दूसरा वाक्य है।", ["यह पहला वाक्य है।", "यह दूसरा वाक्य है।"]),
        ("cmn_Hans", "这是第一句。这是第二句！", ["这是第一句。", "这是第二句！"]),
        ("arb_Arab", "هل هذه جملة؟ نعم، هذه جملة.", ["هل هذه جملة؟", "نعم، هذه جملة."]),
        ("amh_Ethi", "ይህ አንድ ነው። ይህ ሁለት ነው።", ["ይህ አንድ ነው።", "ይህ ሁለት ነው።"]),
        ("khm_Khmr", "នេះជាប្រយោគ។ នេះជាប្រយោគទីពីរ។", ["នេះជាប្រយោគ។", "នេះជាប្រយោគទីពីរ។"]),
        (
            "deu_Latn",
            "Das ist z. B. ein Satz. Und noch einer.",
            ["Das ist z. B. ein Satz.", "Und noch einer."],
        ),
    ],
)
def test_sentences_end_where_the_language_ends_them(label, text, expected) -> None:
    assert [text[a:b] for a, b in sentences(text, label)] == expected


def test_thai_is_cut_at_spaces_into_segments_of_some_length() -> None:
    phrase = "ภาษาไทยเป็นภาษาราชการของประเทศไทย"
    text = " ".join([phrase] * 12)
    found = [text[a:b] for a, b in sentences(text, "tha_Thai")]
    assert " ".join(found) == text
    assert all(len(phrase) < len(piece) <= LONGEST for piece in found)


@pytest.mark.parametrize("text", ["x" * 3000, "word " * 600, "ก" * 3000, "a, " * 900])
def test_no_sentence_is_longer_than_models_read(text) -> None:
    for label in ("eng_Latn", "tha_Thai"):
        found = sentences(text, label)
        assert max(end - start for start, end in found) <= LONGEST
        kept = "".join(text[start:end] for start, end in found)
        assert kept.replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("piece", ["河流穿过城市", "แม่น้ำไหลผ่านเมือง", "é", "a@", "![", "a\t", "(("])
def test_a_line_of_a_hundred_thousand_signs_without_a_blank_is_cut_in_no_time(piece) -> None:
    text = piece * (
        100_000 // len(piece)
    )  # minutes, where a pattern is tried at every letter of a run
    assert is_sound(segments(text, "cmn_Hans"), len(text))
    assert mask(text).pieces[0] == text or mask(text).spans


def is_sound(ranges, length) -> bool:
    """Whether ranges ascend, are not empty, do not overlap and lie within a text of this length."""
    inside = all(0 <= start < end <= length for start, end in ranges)
    return inside and all(a[1] <= b[0] for a, b in pairwise(ranges))


@settings(deadline=None)
@given(TEXTS, LABELS)
def test_what_is_put_back_unchanged_gives_the_text(text, label) -> None:
    ranges = segments(text, label)
    assert is_sound(ranges, len(text))
    assert reassemble(text, ranges, [text[start:end] for start, end in ranges]) == text


@settings(deadline=None)
@given(TEXTS, LABELS)
def test_every_letter_of_a_block_is_in_a_segment(text, label) -> None:
    inside = {i for start, end in segments(text, label) for i in range(start, end)}
    for block in blocks(text):
        assert all(i in inside for i in range(block.start, block.end) if text[i].isalpha())


def test_as_many_translations_as_segments_are_asked_for() -> None:
    with pytest.raises(ValueError, match="1 segments, but 0"):
        reassemble("abc", [(0, 3)], [])
