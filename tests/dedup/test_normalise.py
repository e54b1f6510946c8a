"""What counts as the same word, by every choice."""

import itertools
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.dedup.normalise import Normalisation, compared_words, folded_texts, folded_words
from polysieve.filters.words import segment

DEFAULT = Normalisation()
CHOICES = [
    Normalisation(form, case, punctuation, digits)
    for form in ("nfc", "width", "nfkc")
    for case in (True, False)
    for punctuation in (True, False)
    for digits in (True, False)
]


def same(one: str, other: str, how: Normalisation) -> bool:
    words = segment(pa.array([one, other], pa.large_string()), ["und_Zzzz"] * 2)
    folded = folded_words(words, how)
    a, b = (folded[words.documents[i] : words.documents[i + 1]] for i in (0, 1))
    return a[a != 0].tolist() == b[b != 0].tolist()


@pytest.mark.parametrize(
    ("one", "other", "how", "expected"),
    [
        ("café", "cafe\u0301", Normalisation("nfc"), True),
        ("ＡＢＣ", "ABC", Normalisation("nfc"), False),
        ("ＡＢＣ", "ABC", Normalisation("width"), True),
        ("ﬁne", "fine", Normalisation("width"), False),
        ("ﬁne", "fine", Normalisation("nfkc"), True),
        ("ｶﾞス", "ガス", Normalisation("nfkc"), True),
        ("Straße", "STRASSE", DEFAULT, False),
        ("ΣΟΦΟΣ", "σοφος", DEFAULT, True),
        ("Word", "word", Normalisation(case=True), True),
        ("Word", "word", Normalisation(case=False), False),
        ("well, then", "well then", Normalisation(punctuation=False), True),
        ("well, then", "well then", Normalisation(punctuation=True), False),
        ("well, then", "Well, then", Normalisation(punctuation=True), True),
        ("page 12", "page 97", Normalisation(digits=False), True),
        ("page 12", "page 9", Normalisation(digits=False), False),
        ("पृष्ठ १२", "पृष्ठ 97", Normalisation(digits=False), True),
        ("page 12", "page 97", Normalisation(digits=True), False),
    ],
)
def test_each_choice_joins_what_it_says_and_no_more(one, other, how, expected):
    assert same(one, other, how) is expected


@pytest.mark.parametrize("how", CHOICES, ids=str)
@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("ข้าว", "ขาว"),  # rice, white: a tone mark
        ("が", "か"),  # dakuten
        ("क्ष", "कष"),  # a virama
        ("कमल", "कमला"),  # a vowel sign
        ("ma", "má"),  # a tone
        ("각", "가"),  # a final jamo
        ("ខ្មែរ", "ខមរ"),  # coeng and a vowel
    ],
)
def test_no_choice_strips_a_mark(how, text, other):
    assert not same(text, other, how)
    assert folded_texts(pa.array([text]), how) != folded_texts(pa.array([other]), how)


@given(st.lists(st.text(max_size=12), max_size=6).map(" ".join))
@settings(max_examples=100, deadline=None)
def test_canonically_equivalent_texts_are_the_same_by_every_choice(text):
    text = unicodedata.normalize("NFC", text)
    other = unicodedata.normalize("NFD", text)
    for how in CHOICES[::5]:
        assert same(text, other, how)


def test_the_default_is_the_words_own_folding():
    words = segment(["Ein Wort, zwei Wörter 12"], ["deu_Latn"])
    assert folded_words(words, DEFAULT) is words.folded
    # Built another way, the default table gives the same classes.
    text = ["Ａ ﾊﾟ ａ É e\u0301 ß ſ K Ǆ ΐ Ω 각 क़ ड़ ﻼ"] * 2
    words = segment(text, ["und_Zzzz"] * 2)
    from polysieve.dedup import normalise

    own = words.folded
    found = normalise.folding("width", True, True)
    lengths, hashes = np.empty(len(own), np.int32), np.empty(len(own), np.uint64)
    again = np.empty(len(own), np.uint64)
    normalise.describe(
        words.buffer, words.starts, words.ends, lengths, hashes, again, words.flags.copy(), found
    )
    assert again.tolist() == own.tolist()


def compared(text: str, how: Normalisation = DEFAULT) -> list[int]:
    words = segment(pa.array([text], pa.large_string()), ["und_Zzzz"])
    folded, documents = compared_words(words, how)
    assert documents.tolist() == [0, len(folded)]
    return folded[folded != 0].tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Node.js", "Node. js"),
        ("3.4.0-woody1", "3 4 0 woody1"),
        ("https://www.gnu.org/a_b?c=1", "https www GNU org a b c 1"),
        ("संस्करण 2.4", "संस्करण 2 4"),
        ("نسخة 3.4", "نسخة 3 4"),
        ("1,000 12:30 9/11", "1 000 12 30 9 11"),
    ],
)
def test_punctuation_does_not_hold_a_word_together(one, other):
    assert compared(one) == compared(other)


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("don't", 1),
        ("don’t", 1),
        ("Зв'язок", 1),
        ('צה"ל', 1),
        ("می‌روم", 1),
        ("क्षेत्र", 1),
        ("ሰላም፡", 1),
    ],
)
def test_a_word_keeps_apostrophes_joiners_and_marks(word, parts):
    assert len(compared(word)) == parts


def test_words_stay_whole_where_punctuation_counts():
    how = Normalisation(punctuation=True)
    assert compared("Node.js", how) != compared("Node. js", how)


@settings(max_examples=200)
@given(st.lists(st.text(st.sampled_from("aЖक्ষ1ท.-_/:',\u200d\u0301 "), max_size=12), max_size=4))
def test_documents_of_a_batch_are_compared_by_their_own_words(texts):
    words = segment(pa.array(texts, pa.large_string()), ["und_Zzzz"] * len(texts))
    folded, documents = compared_words(words, DEFAULT)
    parts = [folded[a:b] for a, b in itertools.pairwise(documents)]
    assert [part[part != 0].tolist() for part in parts] == [compared(text) for text in texts]
