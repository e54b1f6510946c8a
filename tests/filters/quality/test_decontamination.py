"""Passages of benchmarks in documents."""

import random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.filters.quality.decontamination import find, gather
from tests.filters.quality.made_text import many

# An item of at least 13 words (or as much text) in each kind of script, and something to write before and after it.
ITEMS = {
    "eng": (
        "The committee that had met on Monday could not agree "
        "whether the old harbour should be closed to ships.",
        "word ",
    ),
    "ara": (
        "اجتمعت اللجنة يوم الاثنين ولم تتفق على ما إذا كان ينبغي إغلاق "
        "الميناء القديم أمام السفن الكبيرة في الشتاء القادم.",
        "كلمة ",
    ),
    "hin": (
        "समिति की बैठक सोमवार को हुई और यह तय नहीं हो सका कि पुराने बंदरगाह को जहाजों के लिए बंद किया जाए।",
        "शब्द ",
    ),
    "kor": (
        "위원회는 월요일에 모였으나 오래된 항구를 큰 배들에게 닫아야 하는지 "
        "오늘까지도 전혀 서로 합의하지 못하고 그냥 헤어졌다고 한다.",
        "말 ",
    ),
    "amh": (
        "ኮሚቴው ሰኞ ዕለት ተሰብስቦ አሮጌው ወደብ ለትላልቅ መርከቦች መዘጋት አለበት ወይስ የለበትም በሚለው ላይ እስከ ዛሬ ድረስ አልተስማማም።",
        "ቃል ",
    ),
    "tha": (
        "คณะกรรมการประชุมกันเมื่อวันจันทร์แต่ไม่สามารถตกลงกันได้ว่าควรปิดท่าเรือเก่าสำหรับเรือขนาดใหญ่หรือไม่",
        "คำ",
    ),
    "cmn": (
        "委员会星期一开会但是没有就旧港口是否应该对大型船只关闭的问题达成任何一致意见。",
        "词",
    ),
    "jpn": (
        "委員会は月曜日に集まりましたが、古い港を大きな船"
        "に閉じるべきかどうかについて合意できませんでした。",
        "言葉",
    ),
    "yor": (
        "Ìgbìmọ̀ náà pàdé ní ọjọ́ Ajé ṣùgbọ́n wọn kò gbà lórí "
        "bóyá ó yẹ kí wọ́n ti èbúté àtijọ́ náà fún ọkọ̀ ńlá.",
        "ọ̀rọ̀ ",
    ),
}


def named(texts: list[str], benchmarks: dict[str, list[str]], **given) -> list[str | None]:
    known = gather(benchmarks, **given)
    which, _ = find(pa.array(texts, pa.large_string()), known)
    return [known.names[i] if i >= 0 else None for i in which]


@pytest.mark.parametrize("language", ITEMS)
def test_an_item_is_found_verbatim_re_cased_and_re_punctuated(language) -> None:
    item, around = ITEMS[language]
    spaced = language not in ("tha", "cmn", "jpn")
    bare = "".join(c if c.isalnum() or not c.isascii() else " " for c in item)
    punctuated = item.replace(" ", " — ", 3) if spaced else "“" + item[:9] + "，" + item[9:] + "”"
    for form in (item, item.upper(), item.swapcase(), bare, punctuated, item.replace(" ", "\n")):
        document = around * 30 + form + around * 30
        assert named([document, around * 90], {"other": [around], "exam": [item]}) == [
            "exam",
            None,
        ], form


@pytest.mark.parametrize(
    "item",
    [
        "Die große Straße außerhalb der Stadt heißt seit dem Jahr der großen Flut die weiße Gasse am Fluss",
        "Kırmızı ışık yanınca ırmağın kıyısındaki yoldan İzmir yönüne ilerleyen ağır kamyonlar sırayla durdu kaldı",
    ],
)
def test_letters_that_change_with_case_are_one(item) -> None:
    assert named([item.upper(), item.swapcase()], {"exam": [item]}) == ["exam", "exam"]


@pytest.mark.parametrize("language", ITEMS)
def test_half_an_item_is_no_passage(language) -> None:
    item, around = ITEMS[language]
    assert named([around * 20 + item[: len(item) // 3] + around * 20], {"exam": [item]}) == [None]


def test_twelve_words_are_not_enough_and_thirteen_are() -> None:
    words = [f"w{i}" for i in range(40)]
    item = " ".join(words)
    assert named(
        [" ".join(["x", *words[5:17], "x"]), " ".join(["x", *words[5:18], "x"])], {"exam": [item]}
    ) == [None, "exam"]


def test_a_short_item_counts_as_a_whole_and_a_very_short_one_never() -> None:
    nine = "why did the old bridge fall into the river"
    known = gather({"exam": [nine, "who knows", "yes"]})
    assert known.too_short == {"exam": 2}
    which, count = find(
        pa.array([f"I ask: {nine}?", "why did the old bridge fall into the sea", "who knows"]),
        known,
    )
    assert which.tolist() == [0, -1, -1]
    assert count.tolist() == [1, 0, 0]


def test_a_passage_of_two_benchmarks_belongs_to_the_first() -> None:
    item = ITEMS["eng"][0]
    assert named([item], {"a": [item], "b": [item]}) == ["a"]


def test_no_benchmark_and_no_text_are_nothing() -> None:
    assert named(["a b c", ""], {"exam": []}) == [None, None]
    assert named([], {"exam": [ITEMS["eng"][0]]}) == []


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(st.sampled_from("abcd"), max_size=25), min_size=1, max_size=4),
    st.lists(st.lists(st.sampled_from("abcd"), max_size=12), min_size=1, max_size=3),
    st.integers(2, 6),
)
def test_passages_are_those_of_a_search_by_hand(documents, items, length) -> None:
    def grams(words: list[str]) -> set[tuple[str, ...]]:
        return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}

    wanted = set().union(*map(grams, items))
    expected = [
        sum(tuple(d[i : i + length]) in wanted for i in range(len(d) - length + 1))
        for d in documents
    ]
    known = gather({"exam": [" ".join(item) for item in items]}, length, length)
    _, count = find(pa.array([" ".join(d) for d in documents], pa.large_string()), known)
    assert count.tolist() == expected


def test_other_documents_hold_no_passage() -> None:
    draw = random.Random(1)
    items = many("good", 300)
    others = [
        " ".join(draw.sample(text.split(), len(text.split()))) for text in many("good", 300, 5000)
    ]
    assert named(others, {"exam": items}) == [None] * 300
