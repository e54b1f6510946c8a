"""Words: one segmentation of a batch of documents, shared by signals, deduplication and counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters import icu
from polysieve.filters.characters import tables
from polysieve.filters.cjk import dictionary
from polysieve.filters.dictionary_words import cut_by_dictionary
from polysieve.filters.hashing import describe
from polysieve.filters.orthography import orthography
from polysieve.filters.segmentation import IS_PLAIN_CJK, scan

Texts: TypeAlias = pa.Array | pa.ChunkedArray | Sequence[str]


@dataclass(frozen=True)
class Words:
    """The words of n documents, m in all, in order. See filters.hashing for the bits of `flags`."""

    buffer: np.ndarray
    """uint8: UTF-8 bytes of the texts, without a copy of the Arrow buffer."""
    text_offsets: np.ndarray
    """int64[n+1]: document i is buffer[text_offsets[i]:text_offsets[i+1]]."""
    text_ends: np.ndarray
    """int64[n]: the byte up to which document i is cut and measured: its end, but for a document of more than
    segmentation.MOST_TOKENS tokens."""
    documents: np.ndarray
    """int64[n+1]: words of document i are documents[i]:documents[i+1]."""
    starts: np.ndarray
    """int64[m]: first byte of each word in `buffer`."""
    ends: np.ndarray
    """int64[m]: the byte after it."""
    lengths: np.ndarray
    """int32[m]: code points."""
    hashes: np.ndarray
    """uint64[m]: hash of the exact string."""
    folded: np.ndarray
    """uint64[m]: hash without case, width and the choice among canonically equivalent spellings; 0 where
    the token is no word (punctuation, symbols)."""
    flags: np.ndarray
    """uint8[m]: HAS_LETTER, …"""
    labels: pa.Array | None = None
    """string[n]: the documents' language labels, where they were given."""

    def __len__(self) -> int:
        """The number of documents."""
        return len(self.documents) - 1


def text_buffer(texts: Texts) -> tuple[np.ndarray, np.ndarray]:
    """The UTF-8 bytes (uint8) and offsets (int64[n+1]) of texts; a null counts as empty text.

    Arrow arrays of string or large_string without nulls are not copied. Raises TypeError for another type.
    """
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    elif not isinstance(texts, pa.Array):
        texts = pa.array(texts, pa.large_string())
    if pa.types.is_dictionary(texts.type) or pa.types.is_string_view(texts.type):
        texts = texts.cast(pa.large_string())
    if pa.types.is_null(texts.type):
        texts = texts.cast(pa.string())
    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        raise TypeError(f"texts must be an Arrow array of strings, not of {texts.type}")
    if texts.null_count:
        texts = pc.fill_null(texts, "")
    n = len(texts)
    if n == 0:
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    width = np.int32 if pa.types.is_string(texts.type) else np.int64
    _, offsets_buffer, data = texts.buffers()
    offsets = np.frombuffer(offsets_buffer, width)[texts.offset : texts.offset + n + 1]
    offsets = offsets.astype(np.int64)
    buffer = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return buffer, offsets


def segment(texts: Texts, labels: Texts | None = None) -> Words:
    """Cut documents into words.

    texts: n strings; labels: n language labels ("fra_Latn") or None. Scripts decide how a run of letters is
    cut; the label only says what an apostrophe or hyphen between letters does (French, German,
    Maltese, …). Raises TypeError for texts that are no strings, ValueError where the numbers of texts and
    labels differ.
    """
    buffer, text_offsets = text_buffer(texts)
    n = len(text_offsets) - 1
    spellings = np.zeros(n, np.uint8)
    names = None
    if labels is not None:
        names = _labels(labels, n)
        encoded = names.dictionary_encode()
        bits = np.array([orthography(label) for label in encoded.dictionary.to_pylist()], np.uint8)
        if n:
            spellings = bits[encoded.indices.to_numpy(zero_copy_only=False)]
    found = tables()
    documents, starts, ends, flags, text_ends = scan(buffer, text_offsets, spellings, found)
    if (flags >= IS_PLAIN_CJK).any():
        documents, starts, ends, flags = cut_by_dictionary(
            buffer, documents, starts, ends, flags, icu.break_iterator(), dictionary()
        )
    lengths, hashes, folded = _description(buffer, starts, ends, flags)
    return Words(
        buffer, text_offsets, text_ends, documents, starts, ends, lengths, hashes, folded, flags, names
    )  # fmt: skip


def _labels(labels: Texts, n: int) -> pa.Array:
    if isinstance(labels, pa.ChunkedArray):
        labels = labels.combine_chunks()
    elif not isinstance(labels, pa.Array):
        labels = pa.array(labels, pa.string())
    if len(labels) != n:
        raise ValueError(f"{n} texts, but {len(labels)} labels")
    if pa.types.is_dictionary(labels.type):
        labels = labels.cast(labels.type.value_type)
    return pc.fill_null(labels, "und_Zzzz") if labels.null_count else labels


def _description(
    buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray, flags: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    m = len(starts)
    lengths = np.empty(m, np.int32)
    hashes, folded = np.empty(m, np.uint64), np.empty(m, np.uint64)
    describe(buffer, starts, ends, lengths, hashes, folded, flags, tables())
    return lengths, hashes, folded
