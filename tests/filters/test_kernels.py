"""Kernels on input that no page has: damaged bytes, endless lines, mountains of marks."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.characters import tables
from filters.segmentation import scan
from filters.signals import measure
from filters.utf8 import decode
from filters.words import segment


@settings(deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=8))
def test_bytes_that_are_no_utf8_are_read_within_their_bounds(data: bytes, after: bytes) -> None:
    # What follows the text in the buffer must not change what is found in it.
    def found(buffer: bytes) -> list[list[int]]:
        offsets = np.array([0, len(data)], np.int64)
        array = np.frombuffer(buffer, np.uint8)
        _, starts, ends, flags, _ = scan(array, offsets, np.zeros(1, np.uint8), tables())
        return [starts.tolist(), ends.tolist(), flags.tolist()]

    assert found(data + after) == found(data)
    assert all(end <= len(data) for end in found(data)[1])


@settings(deadline=None)
@given(st.characters(exclude_categories=["Cs"]))
def test_decoding_is_that_of_utf_8(character: str) -> None:
    data = np.frombuffer(character.encode(), np.uint8)
    assert decode(data, 0, len(data)) == (ord(character), len(data))
    assert decode(data, 0, len(data) - 1)[0] == (0xFFFD if len(data) > 1 else ord(character)) or (
        len(data) == 1
    )


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(max_size=80), min_size=1, max_size=6), st.integers(0, 5))
def test_a_document_measures_alone_as_among_others(texts: list[str], which: int) -> None:
    which %= len(texts)
    together = measure(texts, segment(texts)).slice(which, 1).to_pylist()
    alone = measure([texts[which]], segment([texts[which]])).to_pylist()
    assert together == alone


def test_a_million_combining_marks_are_one_word() -> None:
    text = "a" + "\u0301\u0323" * 500_000
    words = segment([text])
    assert words.lengths.tolist() == [1_000_001]
    assert words.folded[0] == segment(["a" + "\u0323\u0301" * 500_000]).folded[0]
    assert measure([text], words)["word_count"].to_pylist() == [1]


def test_one_line_of_sixteen_mebibytes() -> None:
    text = "word ภาษา 中文 " * (16 * 2**20 // 26)
    words = segment([text])
    row = measure([text], words).to_pylist()[0]
    assert row["line_count"] == 1
    assert row["word_count"] == 3 * (16 * 2**20 // 26)
    assert row["dup_10_gram"] > 0.5


def test_a_million_thai_letters_without_a_space() -> None:
    words = segment(["ภาษาไทย" * 150_000])
    assert words.ends[-1] == len("ภาษาไทย".encode()) * 150_000
    assert words.lengths.max() < 20


def test_text_at_the_end_of_a_page_of_memory() -> None:
    # A slice of a larger buffer: bytes beyond belong to the next document and end in mid-character.
    array = pa.array(["aé", "é\u0301b"])
    assert segment(array[:1]).hashes.tolist() == segment(["aé"]).hashes.tolist()
