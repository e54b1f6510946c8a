"""Text from a crawl, made safe to look at."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.audit import untrusted


def prose(text, limit=untrusted.PROSE_LIMIT):
    return "".join(piece for piece, _ in untrusted.prose(text, limit))


ANYTHING = st.text(st.characters())  # lone surrogates too


def test_a_bidirectional_override_is_spelled_out_where_it_stands():
    assert untrusted.prose("invoice\u202efdp.exe\u202c") == [
        ("invoice", False), ("⟨U+202E⟩", True), ("fdp.exe", False), ("⟨U+202C⟩", True)
    ]  # fmt: skip


def test_a_run_of_one_hidden_character_becomes_one_mark():
    assert prose("a\0\0\0b") == "a⟨U+0000 ×3⟩b"


def test_joiners_and_line_breaks_that_languages_need_stay_in_prose():
    for text in ("می\u200cخواهم", "ක්\u200dෂ", "ការ\u200bងារ", "שלום\u200f!", "one\n\ttwo"):
        assert prose(text) == text


def test_one_line_stays_one_line():
    assert untrusted.line("a\n\tb\u200bc\u200f") == "a⟨U+000A⟩⟨U+0009⟩b⟨U+200B⟩c⟨U+200F⟩"


def test_a_line_of_a_megabyte_is_cut():
    assert untrusted.line("x" * 1_000_000) == "x" * untrusted.LINE_LIMIT + "…"
    assert prose("x" * 600, 600) == "x" * 600
    assert prose("x" * 601, 600) == "x" * 600 + "…"


def test_every_character_that_one_line_spells_out_is_spelled_out_alone_too():
    every = "".join(map(chr, range(0x110000)))
    hidden = {match[0] for match in untrusted._IN_LINE.findall(every)}
    assert len(hidden) > 2_000
    assert not [c for c in hidden if untrusted.line(c) == c]


@given(st.dictionaries(st.sampled_from(["2", "10", "a", "½", "9x", "²"]), st.integers()))
def test_numbers_as_keys_are_sorted_by_value_before_names(value):
    numbers = sorted((key for key in value if key in ("2", "10")), key=int)
    assert list(untrusted.plain(value)) == numbers + sorted(value.keys() - numbers)


@given(ANYTHING)
def test_what_is_shown_can_be_encoded_and_holds_no_control_or_override(text):
    for shown in (prose(text), untrusted.line(text)):
        shown.encode("utf-8")
        assert not {unicodedata.bidirectional(c) for c in shown} & {
            "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
        }  # fmt: skip
        assert all(unicodedata.category(c) not in ("Cc", "Cs") or c in "\t\n" for c in shown)


@given(st.dictionaries(ANYTHING, st.lists(ANYTHING)))
def test_escaped_json_holds_the_same_values_and_can_be_encoded(value):
    escaped = untrusted.json_escaped(json.dumps(value, ensure_ascii=False, indent=1))
    assert json.loads(escaped.encode("utf-8")) == json.loads(json.dumps(value))


@pytest.mark.parametrize(
    ("label", "direction", "tag"),
    [
        ("arb_Arab", "rtl", "arb-Arab"),
        ("nqo_Nkoo", "rtl", "nqo-Nkoo"),
        ("tha_Thai", "ltr", "th-Thai"),
        ("cmn_Hans", "ltr", "cmn-Hans"),
        ("und_Zzzz", "auto", "und"),
        ("swh_Zzzz", "auto", "swh"),
        ('"><script>', "auto", "und"),
    ],
)
def test_direction_and_language_follow_the_label(label, direction, tag):
    assert untrusted.direction(label) == direction
    assert untrusted.language_tag(label) == tag
