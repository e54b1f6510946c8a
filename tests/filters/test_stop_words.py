"""Stop words: frequent in a language's words and documents, and no other language's."""

import polars as pl
import pytest

from polysieve.filters import stop_words, words
from polysieve.filters.stop_words import Frequent, choose


def frequent(texts: list[str], label: str) -> Frequent:
    return Frequent.of(stop_words.count(words.segment(texts, [label] * len(texts))), len(texts))


def table(**counts: tuple[int, int]) -> pl.DataFrame:
    rows = [(word, count, documents) for word, (count, documents) in sorted(counts.items())]
    return pl.DataFrame(rows, schema=stop_words.COUNTS, orient="row")


def test_words_are_counted_without_case_punctuation_and_digits() -> None:
    found = stop_words.count(words.segment(["The cat, the 3 DOGS; don't!", "the end"]))
    assert dict(zip(found["word"], found["count"], strict=True)) == {
        "the": 3, "cat": 1, "dogs": 1, "don't": 1, "end": 1,
    }  # fmt: skip
    assert dict(zip(found["word"], found["documents"], strict=True))["the"] == 2


@pytest.mark.parametrize(
    ("label", "text", "expected"),
    [
        ("arb_Arab", "ذهب الولد إلى المدرسة، ثم عاد إلى البيت في المساء في الحافلة.", ["إلى", "في"]),
        ("hin_Deva", "राम ने कहा कि घर में पानी है। सीता ने कहा कि नदी में पानी है।", ["ने", "कि", "में", "है"]),
        ("tha_Thai", "แม่ไปตลาดและพ่อไปที่ทำงานและลูกไปที่โรงเรียน", ["ไป", "และ", "ที่"]),
        ("amh_Ethi", "ልጁ ወደ ቤት ሄደ። እናቱ ወደ ገበያ ሄደች።", ["ወደ"]),
        ("kor_Hang", "나는 학교에 간다. 너는 집에 간다.", ["간다"]),
        ("jpn_Jpan", "私は水を飲む。彼は水を飲む。", ["は", "を"]),
        ("yor_Latn", "Ó ń lọ sí ilé. Ó ń lọ sí ọjà.", ["ó", "ń", "lọ", "sí"]),
    ],
)  # fmt: skip
def test_every_scripts_words_are_counted_whole(label, text, expected) -> None:
    found = stop_words.count(words.segment([text], [label]))
    often = found.filter(pl.col("count") > 1)["word"].to_list()
    assert set(expected) <= set(often)
    assert not {"،", "।", "።", ".", "。"} & set(found["word"])


def test_more_than_eight_in_a_thousand_words_make_a_stop_word() -> None:
    eight = {f"w{i}": (100, 90) for i in range(8)}
    own = Frequent.of(table(**eight, rare=(40, 40), rest=(9_000, 1)), 100)
    assert choose(own) == tuple(eight)


def test_where_fewer_than_eight_are_left_three_in_a_thousand_do() -> None:
    own = Frequent.of(table(a=(200, 90), b=(100, 90), c=(40, 40), d=(20, 20), rest=(9_640, 1)), 100)
    assert choose(own) == ("a", "b", "c")


def test_a_word_of_few_documents_is_none_however_frequent() -> None:
    own = Frequent.of(table(asteroid=(3_000, 3), a=(200, 90), b=(200, 90), rest=(6_600, 1)), 100)
    assert choose(own) == ("a", "b")


def test_another_languages_words_are_left_to_it() -> None:
    english = Frequent.of(table(the=(700, 100), a=(200, 90), rest=(9_100, 1)), 100)
    own = Frequent.of(
        table(the=(100, 30), ya=(400, 90), na=(300, 90), a=(90, 80), rest=(9_110, 1)), 100
    )
    assert choose(own, [english]) == ("ya", "na", "a")
    assert "the" in choose(own)


def test_one_word_alone_is_no_list() -> None:
    assert choose(Frequent.of(table(a=(200, 90), rest=(9_800, 1)), 100)) == ()
    assert choose(Frequent.of(table(), 0)) == ()


def test_counts_of_parts_add_up() -> None:
    texts = ["ya na wa", "na wa", "wa"]
    whole = stop_words.count(words.segment(texts))
    parts = [stop_words.count(words.segment([text])) for text in texts]
    assert stop_words.total(reversed(parts)).equals(whole)
