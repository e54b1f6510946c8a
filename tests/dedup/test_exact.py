import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polysieve.dedup.exact import content_hashes

words = st.integers(0, 2**64 - 1)


def hashes(documents, texts=None):
    """Content hashes of documents given as lists of folded word hashes."""
    texts = texts or [""] * len(documents)
    folded = np.array([word for document in documents for word in document], dtype=np.uint64)
    raw = [text.encode() for text in texts]
    return content_hashes(
        folded,
        np.cumsum([0, *map(len, documents)]),
        np.frombuffer(b"".join(raw), dtype=np.uint8),
        np.cumsum([0, *map(len, raw)]),
    )


@given(st.lists(st.lists(words, max_size=6), min_size=1, max_size=8))
def test_hashes_are_equal_exactly_where_the_words_are(documents):
    got = [tuple(row) for row in hashes(documents).tolist()]
    spoken = [tuple(word for word in document if word) for document in documents]
    for a, word_a in zip(got, spoken, strict=True):
        for b, word_b in zip(got, spoken, strict=True):
            assert (a == b) == (word_a == word_b)


def test_punctuation_does_not_count():
    a, b = hashes([[5, 0, 7], [5, 7, 0, 0]]).tolist()
    assert a == b


def test_order_and_repetition_count():
    got = {tuple(row) for row in hashes([[1, 2], [2, 1], [1, 1, 2], [1, 2, 2], [1]]).tolist()}
    assert len(got) == 5


def test_the_two_halves_are_independent():
    got = hashes([[word] for word in range(1, 2001)])
    assert len(np.unique(got[:, 0])) == 2000
    assert len(np.unique(got[:, 1])) == 2000
    correlation = np.corrcoef(got[:, 0].astype(float), got[:, 1].astype(float))[0, 1]
    assert abs(correlation) < 0.1


def test_documents_without_words_are_told_apart_by_their_stripped_bytes():
    got = [
        tuple(row)
        for row in hashes(
            [[], [], [], [], [0], [3]], ["★★★", " ★★★\n", "★★", "", "★★★★★★★★★", "★★★"]
        ).tolist()
    ]
    assert got[0] == got[1]
    assert len(set(got)) == 5
    assert [row[0] & 1 for row in got] == [1, 1, 1, 1, 1, 0]


def test_trailing_zero_bytes_count():
    got = hashes([[], [], []], ["a", "a\0", "\0a"])
    assert len(np.unique(got, axis=0)) == 3


def test_hashes_do_not_change_between_releases():
    # Runs and indexes keep these numbers.
    got = hashes([[1, 2, 3], []], ["", "★"])
    assert got.tolist() == [
        [14175198833926128678, 12735630323188241953],
        [14181334359671442605, 4778188209084126045],
    ]
