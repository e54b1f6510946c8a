"""Chinese and Japanese words are ICU's, found by a kernel of our own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.filters import cjk, dictionary_words, icu, segmentation
from polysieve.filters.characters import tables
from polysieve.filters.words import segment, text_buffer


def words_of(text: str, by_icu: bool) -> list[str]:
    """The text's words; `by_icu`: with every run that needs a dictionary handed to ICU itself."""
    buffer, offsets = text_buffer([text])
    documents, starts, ends, flags, _ = segmentation.scan(
        buffer, offsets, np.zeros(1, np.uint8), tables()
    )
    if by_icu:
        flags[flags == segmentation.IS_PLAIN_CJK] = segmentation.NEEDS_DICTIONARY
    _, starts, ends, _ = dictionary_words.cut_by_dictionary(
        buffer, documents, starts, ends, flags, icu.break_iterator(), cjk.dictionary()
    )
    return [buffer[a:b].tobytes().decode() for a, b in zip(starts, ends, strict=True)]


@pytest.mark.parametrize(
    "text",
    [
        "中华人民共和国的首都是北京市。我们在北京大学学习自然语言处理。",
        "東京都に住んでいるコンピュータープログラマーはトヨタのカローラに乗っています。",
        "カ",
        "アアアアアアアアアアアアアアアアアアアアアアアアア",  # longer than any Katakana word
        "々々ーーヽヾゝゞ",
        "㐀㐁龥鿿",  # in no dictionary
        "ภาษา中文 ﾊﾝｶｸ 中文ー〆〇",  # what is not plain goes to ICU either way
    ],
)
def test_words_are_those_of_icu(text: str) -> None:
    assert words_of(text, by_icu=False) == words_of(text, by_icu=True)


PIECES = st.sampled_from(
    "的一是不了人我在有他这中大来上国個們你说到和地也子時道出而要於就下得可年生自会那後能对着事其里所去行過"
    "東京日本語学校新聞電車会社員のにはをたがでてとしれさあるいなもスーパーマケトンピュタラリ々㐀龥 。"
)


@settings(deadline=None, max_examples=300)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_words_are_those_of_icu_in_any_order_of_characters(text: str) -> None:
    assert words_of(text, by_icu=False) == words_of(text, by_icu=True)


def test_a_run_without_end_is_cut_in_bounded_pieces() -> None:
    words = segment(["中文语言" * 20_000])
    assert words.ends[-1] == 12 * 20_000
    assert words.lengths.max() <= 4
