"""Encoding repair: ftfy's result, at the price of a scan."""

import json
import lzma

import ftfy
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from datatrove.pipeline.formatters import FTFYFormatter
from ftfy.badness import MOJIBAKE_CATEGORIES
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.filters import encoding
from tests.shared_data import shared

REFERENCE = FTFYFormatter()


def repaired(text: str) -> str:
    return encoding.repair(pa.array([text], pa.large_string()))[0].as_py()


def test_the_settings_are_those_of_datatroves_formatter() -> None:
    wanted = REFERENCE.config._replace(explain=False)
    assert wanted == encoding.SETTINGS


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("schÃ¶n", "schön"),
        ("â€œquotedâ€\x9d", "“quoted”"),
        ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "Привет"),
        ("Fish &amp; chips", "Fish & chips"),
        ("a\x00b\ufeffc", "abc"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("voilÃ\xa0 le travail", "voilà le travail"),
    ],
)
def test_broken_text_is_repaired(broken: str, whole: str) -> None:
    assert repaired(broken) == whole


@pytest.mark.parametrize(
    "text",
    [
        "２０２４年の“引用”、ﬁle",
        "سلام، نهر‌ها",
        "हिन्दी का पाठ।",
        "ภาษาไทย",
        "한국어 문장.",
        "አማርኛ ጽሑፍ።",
        "Œuvre, sœur, Ångström, l’été",
        "a\r\nb\u2028c",
    ],
)
def test_what_is_written_well_stays_as_it_is(text: str) -> None:
    assert repaired(text) == text


def test_missing_texts_stay_missing_and_others_in_their_place() -> None:
    texts = pa.array(["schÃ¶n", None, "gut", "Ã©tÃ©"], pa.large_string())
    assert encoding.repair(texts).to_pylist() == ["schön", None, "gut", "été"]
    assert encoding.repair(pa.array([], pa.large_string())).to_pylist() == []


# Every character that ftfy's heuristic knows, the ends of lines, and neighbours of all kinds.
SUSPECTS = sorted(
    {c for group in MOJIBAKE_CATEGORIES.values() for c in group if c != "-"}
    | set("ÃÂÎÐØÙàâãœŒвЂВГРС×²³√≈‚Äβ€āГўВЂ° &;#<>az09AZ_.,?!-\n\t\x00\x1b[m\ufeff\ufffc中ก")
    | {chr(c) for c in range(0x80, 0x180)}
)


@settings(deadline=None, max_examples=500)
@given(st.text(alphabet=st.sampled_from(SUSPECTS), max_size=12))
def test_every_text_that_ftfy_changes_is_suspected(text: str) -> None:
    assert repaired(text) == REFERENCE.format(text)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=60))
def test_any_text_comes_out_as_from_ftfy(text: str) -> None:
    assert repaired(text) == REFERENCE.format(text)


@settings(deadline=None, max_examples=200)
@given(
    st.text(alphabet="aéüßñç中文ภาرус“”’€–…Œ", min_size=1, max_size=20),
    st.sampled_from(["latin-1", "windows-1252", "windows-1251", "cp437", "macroman"]),
)
def test_mojibake_of_any_origin_comes_out_as_from_ftfy(text: str, wrong: str) -> None:
    broken = text.encode().decode(wrong, "replace")
    assert repaired(broken) == REFERENCE.format(broken)


def test_real_pages_come_out_as_from_ftfy_and_few_are_suspected() -> None:
    with lzma.open(shared("warc/built/GOLD_TEXT.jsonl.xz"), "rt") as file:
        texts = [json.loads(line)["text"][:3000] for line, _ in zip(file, range(400), strict=False)]
    column = pa.array(texts, pa.large_string())
    assert encoding.repair(column).to_pylist() == [
        ftfy.fix_text(t, encoding.SETTINGS) for t in texts
    ]
    assert pc.sum(pc.match_substring_regex(column, encoding.suspicion())).as_py() < 0.1 * len(texts)
