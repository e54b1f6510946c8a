"""Transliteration by ICU's rules."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.translation.documents import translate
from polysieve.translation.engines import EngineError
from polysieve.translation.engines.icu import Icu
from polysieve.translation.engines.opening import open_engine


def one(text: str, source: str, target: str, rule: str | None = None) -> str:
    return Icu(rule).translate([text], source, target)[0].text


@pytest.mark.parametrize(
    ("source", "target", "text", "expected"),
    [
        ("hin_Deva", "hin_Latn", "नमस्ते दुनिया", "namastē duniyā"),
        ("rus_Cyrl", "rus_Latn", "Привет", "Privet"),
        ("ell_Grek", "ell_Latn", "Αθήνα", "Athḗna"),
        ("srp_Cyrl", "srp_Latn", "Београд", "Beograd"),
        ("amh_Ethi", "amh_Latn", "ሰላም", "salām"),
        ("kat_Geor", "kat_Latn", "თბილისი", "tbilisi"),
        ("tam_Taml", "tam_Latn", "வணக்கம்", "vaṇakkam"),
    ],
)
def test_a_language_is_written_in_another_script(source, target, text, expected) -> None:
    assert one(text, source, target) == expected


def test_rules_may_be_named_and_put_together() -> None:
    assert one("नमस्ते", "hin_Deva", "hin_Latn", "Any-Latin; Latin-ASCII") == "namaste"


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=0x0905, max_codepoint=0x0939), min_size=1, max_size=40))
def test_devanagari_letters_come_back_from_latin_ones(text) -> None:
    there = one(text, "hin_Deva", "hin_Latn", "Devanagari-InterIndic; InterIndic-Devanagari")
    assert there == text


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_goes_through(text) -> None:
    Icu("Any-Latin").translate([text], "hin_Deva", "hin_Latn")


def test_documents_keep_their_frame_and_addresses() -> None:
    pytest.importorskip("sentencex")
    text = "# नमस्ते\n\n* [दुनिया](https://example.org/क)\n"
    found = translate([text], open_engine("icu"), "hin_Deva", "hin_Latn")[0]
    assert found.text == "# namastē\n\n* [duniyā](https://example.org/क)\n"


def test_what_icu_cannot_do_is_told() -> None:
    assert "one script" in (Icu().problem("eng_Latn", "eng_Latn") or "")
    assert "two languages" in (Icu().problem("hin_Deva", "eng_Latn") or "")
    assert Icu().problem("hin_Deva", "hin_Latn") is None
    with pytest.raises(EngineError, match="no rules"):
        Icu("Klingon-Latin")
