"""The script of characters and of texts."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.language_id.scripts import dominant_script, script_counts
from polysieve.language_id.text import SCRIPT_NAMES, SCRIPT_TABLE


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("hello", "Latn"),
        ("Привет, world of мир и дружба", "Cyrl"),
        ("ひらがなと漢字", "Jpan"),
        ("カタカナ", "Jpan"),
        ("汉语说话这样写", "Hans"),
        ("漢語說話這樣寫", "Hant"),
        ("中文", "Hans"),  # no evidence of either form
        ("한국어 漢字", "Hang"),
        ("ภาษาไทย", "Thai"),
        ("ភាសាខ្មែរ", "Khmr"),
        ("አማርኛ", "Ethi"),
        ("ქართული", "Geor"),
        ("ᏣᎳᎩ", "Cher"),
        ("ꆈꌠ", "Yiii"),
        ("12 + 30 😀", "Zzzz"),
        ("", "Zzzz"),
        (None, "Zzzz"),
    ],
)
def test_the_main_script_of_a_text(text: str | None, script: str) -> None:
    assert dominant_script([text]) == [script]


def test_the_table_agrees_with_character_names() -> None:
    names = {
        "LATIN SMALL LETTER": "Latn",
        "CYRILLIC SMALL LETTER": "Cyrl",
        "DEVANAGARI LETTER": "Deva",
        "CJK UNIFIED IDEOGRAPH": "Hani",
        "HANGUL SYLLABLE": "Hang",
        "ETHIOPIC SYLLABLE": "Ethi",
        "COMBINING GRAVE ACCENT": "Zinh",
        "DIGIT": "Zyyy",
    }
    checked = 0
    for code in range(0x30000):
        name = unicodedata.name(chr(code), "")
        for start, script in names.items():
            if name.startswith(start) and "PHONETIC" not in name:
                assert SCRIPT_NAMES[SCRIPT_TABLE[code]] == script, name
                checked += 1
    assert checked > 50_000


@given(st.lists(st.text(), max_size=5))
def test_counts_are_those_of_the_table(texts: list[str]) -> None:
    counts, _ = script_counts(texts)
    for text, row in zip(texts, counts, strict=True):
        expected = np.bincount([SCRIPT_TABLE[ord(c)] for c in text], minlength=len(SCRIPT_NAMES))
        assert row.tolist() == expected.tolist()
