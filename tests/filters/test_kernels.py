"""Kernels on input that no page has: damaged bytes, endless lines, mountains of marks."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.filters.characters import tables
from polysieve.filters.segmentation import MOST_TOKENS, scan
from polysieve.filters.signals import measure
from polysieve.filters.utf8 import decode
from polysieve.filters.words import segment
from tests.filters.guarded import everything


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


def test_one_line_of_64_mebibytes_is_measured_as_far_as_tokens_are_made() -> None:
    piece = "word ภาษา 中文 "
    text = piece * (64 * 2**20 // len(piece.encode()))
    words = segment([text])
    # A letter that needs a dictionary counts as a token before it is cut.
    repeats = MOST_TOKENS // 9
    assert abs(len(words.starts) - 3 * repeats) <= 3
    assert words.text_ends[0] == words.ends[-1] < len(text.encode())
    row = measure([text], words).to_pylist()[0]
    assert row["line_count"] == 1
    assert row["word_count"] == len(words.starts)
    with_spaces = words.lengths.sum() + len(words.starts) - 1
    assert row["character_count"] == row["longest_line"] == with_spaces
    assert row["dup_10_gram"] > 0.5


@pytest.mark.parametrize("piece", ["!?", "a\n", "\u0301 "])
def test_a_document_has_a_bounded_number_of_tokens(piece: str) -> None:
    words = segment([piece * MOST_TOKENS, "another"])
    assert np.diff(words.documents).tolist() == [MOST_TOKENS, 1]
    assert words.text_ends[1] == words.text_offsets[2]


def test_a_million_thai_letters_without_a_space() -> None:
    words = segment(["ภาษาไทย" * 150_000])
    assert words.ends[-1] == len("ภาษาไทย".encode()) * 150_000
    assert words.lengths.max() < 20


def test_no_kernel_reads_past_its_buffer() -> None:
    """In a process of its own, since one that does dies: texts that end where memory ends, whole and cut anywhere."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.filters.guarded"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr or f"killed by signal {-done.returncode}"
    assert "documents at the end of memory" in done.stdout


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=120), st.binary(max_size=12), st.binary(max_size=12))
def test_a_row_depends_on_no_byte_outside_the_document(
    data: bytes, before: bytes, after: bytes
) -> None:
    alone = everything(np.frombuffer(data, np.uint8), 0, len(data))
    buffer = np.frombuffer(before + data + after, np.uint8)
    assert everything(buffer, len(before), len(before) + len(data)) == alone


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200))
def test_bytes_that_are_no_utf8_are_measured(data: bytes) -> None:
    # Lone surrogates (ED A0 80) and whatever else is damaged: some number or null, never an error.
    everything(np.frombuffer(b"\xed\xa0\x80" + data + b"\xed\xbf\xbf", np.uint8), 0, len(data) + 6)


def test_an_empty_document_among_others_has_its_own_row() -> None:
    texts = ["one two", "", "three", ""]
    rows = measure(texts, segment(texts)).to_pylist()
    assert rows[1] == rows[3] == measure([""], segment([""])).to_pylist()[0]
    assert [row["word_count"] for row in rows] == [2, 0, 1, 0]


def test_text_at_the_end_of_a_page_of_memory() -> None:
    # A slice of a larger buffer: bytes beyond belong to the next document and end in mid-character.
    array = pa.array(["aé", "é\u0301b"])
    assert segment(array[:1]).hashes.tolist() == segment(["aé"]).hashes.tolist()
