import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.dedup.curve import probability
from polysieve.dedup.minhash import (
    MinHashParams,
    band_keys,
    character_signatures,
    counted_characters,
    has_shingles,
    low_bytes,
    signatures,
)
from polysieve.dedup.normalise import Normalisation, folded_texts

DEFAULT = MinHashParams()

words = st.integers(0, 2**64 - 1)
documents = st.lists(st.lists(words, max_size=30), min_size=1, max_size=6)


def of(documents, params=DEFAULT):
    """Signatures of documents given as lists of folded word hashes."""
    folded = np.array([word for document in documents for word in document], dtype=np.uint64)
    return signatures(folded, np.cumsum([0, *map(len, documents)]), params)


def of_texts(texts, params=DEFAULT):
    raw = [text.encode() for text in texts]
    return character_signatures(
        np.frombuffer(b"".join(raw), dtype=np.uint8), np.cumsum([0, *map(len, raw)]), params
    )


@given(documents)
@settings(max_examples=50)
def test_a_document_signs_alone(documents):
    together = of(documents)
    for i, document in enumerate(documents):
        assert np.array_equal(together[i], of([document])[0])


@given(st.lists(st.lists(words.filter(bool), min_size=5, max_size=15), min_size=2, max_size=5))
@settings(max_examples=50)
def test_a_signature_is_that_of_the_set_of_shingles(parts):
    # One document per shingle: the minimum over their signatures is the whole document's.
    params = MinHashParams(bands=3, rows=2)
    for part in parts:
        shingles = [part[i : i + 5] for i in range(len(part) - 4)]
        assert np.array_equal(of([part], params)[0], of(shingles, params).min(axis=0))


def test_punctuation_neither_parts_nor_joins_words():
    a, b = of([[1, 2, 3, 4, 5, 6], [0, 1, 2, 0, 3, 4, 0, 0, 5, 6, 0]])
    assert np.array_equal(a, b)


def test_repeated_shingles_do_not_count():
    a, b = of([[1] * 5, [1] * 50])
    assert np.array_equal(a, b)


def test_a_short_document_has_one_shingle_of_all_its_words():
    a, b, c, d = of([[1, 2, 3], [1, 2, 3], [1, 2], [3, 2, 1]])
    assert np.array_equal(a, b)
    assert not np.any(a == c)
    assert not np.any(a == d)


def test_a_document_without_words_has_no_shingle():
    assert has_shingles(of([[], [0, 0], [7]])).tolist() == [False, False, True]
    assert of([[]]).shape == (1, 112)
    assert of([]).shape == (0, 112)


def test_seeds_give_different_lanes():
    a = of([list(range(1, 40))], MinHashParams(seed=1))
    b = of([list(range(1, 40))], MinHashParams(seed=2))
    assert np.mean(a == b) < 0.05


def test_signatures_do_not_change_between_releases():
    # Stored indexes rest on these numbers; whoever changes them must make a new index format.
    got = of([list(range(1, 20))])
    assert got[0, :4].tolist() == PINNED_LANES
    assert band_keys(got, MinHashParams())[0, :2].tolist() == PINNED_KEYS


PINNED_LANES = [101396502, 7660770, 648948917, 40559463]
PINNED_KEYS = [4017582804713563870, 12860102190615745345]


@pytest.mark.parametrize("similarity", [0.3, 0.5, 0.7, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("size", [30, 300])
def test_lanes_agree_as_often_as_the_jaccard_similarity_says(similarity, size):
    params = MinHashParams(ngram=1)
    pairs = 1500
    random = np.random.default_rng(int(similarity * 100) + size)
    shared = round(2 * size * similarity / (1 + similarity))
    truth = shared / (2 * size - shared)
    a = random.integers(1, 2**64, size=(pairs, size), dtype=np.uint64)
    b = a.copy()
    b[:, shared:] = random.integers(1, 2**64, size=(pairs, size - shared), dtype=np.uint64)
    bounds = np.arange(0, pairs * size + 1, size)
    signed_a = signatures(a.ravel(), bounds, params)
    signed_b = signatures(b.ravel(), bounds, params)
    estimate = np.mean(signed_a == signed_b, axis=1)
    assert estimate.mean() == pytest.approx(truth, abs=0.005)
    assert estimate.std() == pytest.approx(np.sqrt(truth * (1 - truth) / 112), rel=0.15)
    odds = probability(truth, 14, 8)
    hits = np.any(band_keys(signed_a, params) == band_keys(signed_b, params), axis=1).mean()
    assert abs(hits - odds) <= 3 * np.sqrt(odds * (1 - odds) / pairs) + 1 / pairs


def test_keys_are_equal_where_the_rows_of_a_band_are():
    params = MinHashParams(bands=4, rows=2)
    a = np.arange(1, 9, dtype=np.uint32).reshape(1, 8)
    b = a.copy()
    b[0, 2] = 99
    same = band_keys(a, params)[0] == band_keys(b, params)[0]
    assert same.tolist() == [True, False, True, True]


def test_equal_rows_in_different_bands_have_different_keys():
    keys = band_keys(np.full((1, 8), 7, dtype=np.uint32), MinHashParams(bands=4, rows=2))
    assert len(set(keys[0].tolist())) == 4


def test_signatures_of_another_banding_are_refused():
    with pytest.raises(ValueError, match="14 bands of 8 rows"):
        band_keys(np.zeros((1, 8), dtype=np.uint32), MinHashParams())


@pytest.mark.parametrize("high", [2**32, 2**20, 2**12])
def test_different_minima_share_their_byte_by_chance_only(high):
    random = np.random.default_rng(5)
    a = random.integers(0, high, size=(2000, 112), dtype=np.uint32)
    b = random.integers(0, high, size=(2000, 112), dtype=np.uint32)
    different = a != b
    same = np.mean((low_bytes(a) == low_bytes(b))[different])
    assert same == pytest.approx(1 / 256, rel=0.1)


@pytest.mark.parametrize("name", ["bands", "rows", "ngram"])
def test_impossible_parameters_are_named(name):
    with pytest.raises(ValueError, match=name):
        MinHashParams(**{name: 0})
    with pytest.raises(ValueError, match="seed"):
        MinHashParams(seed=-1)


def test_characters_of_every_script_are_read():
    # Each letter matters: leaving one out changes the only shingle.
    for text in ("กำลังทำ", "ខ្មែរ", "ພາສາ", "𗼇𗟲𗗙", "བོད་སྐད", "abc1é"):
        letters = [c for c in text if counted_characters()[ord(c) // 8] >> (ord(c) % 8) & 1]
        assert len(letters) >= len(text) - 1
        variants = [text] + [text.replace(c, "", 1) for c in letters]
        signed = of_texts(variants, MinHashParams(ngram=20))
        assert has_shingles(signed).all()
        assert not np.any(signed[1:] == signed[0])


def test_spaces_and_punctuation_between_characters_do_not_count():
    a, b = of_texts(["ภาษาไทยง่ายมาก", "ภาษา ไทย — ง่าย\u200bมาก!"])
    assert np.array_equal(a, b)
    assert not has_shingles(of_texts(["… ☆ 。", ""])).any()


@given(st.lists(st.text(max_size=40), min_size=1, max_size=5))
@settings(max_examples=50)
def test_a_character_signature_is_that_of_its_word_characters(texts):
    plain = ["".join(c for c in text if unicodedata.category(c)[0] in "LMN") for text in texts]
    assert np.array_equal(of_texts(texts), of_texts(plain))


def test_folding_joins_equivalent_texts_and_keeps_marks():
    texts = ["か\u3099", "が", "ｶﾞ", "가", "\u1100\u1161", "ABC", "ＡＢＣ", "บำ", "क्षि"]
    got = folded_texts(pa.array(texts), Normalisation()).to_pylist()
    assert got[0] == got[1] == "が"
    assert got[3] == got[4] == "가"
    assert got[5] == got[6] == "abc"
    assert got[2] == "ガ"
    assert got[8] == "क्षि"
