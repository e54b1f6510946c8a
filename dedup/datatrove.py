"""Signatures that equal datatrove's bit for bit, for whoever must match an index that it made.

datatrove 0.10 hashes the joined words of every 5-gram of its simplified text with xxHash64 and takes
lane i as (a_i x + b_i mod 2**64) mod (2**61 - 1), parameters from NumPy's `RandomState(seed)`. Its
normalisation strips all nonspacing marks, which damages many scripts (Thai loses vowels, Hindi its
viramas, Japanese its dakuten); use it to match, not to start anew. Documents with fewer words than
the n-gram have no signature, and equal bands are duplicates without verification: take
`dedup.minhash.band_keys` of these signatures and `dedup.edges.band_edges`.
"""

import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from polysieve.compiling import kernel, leaf
from polysieve.dedup.minhash import MinHashParams

_SEPARATOR = "\x1f"  # never part of simplified text: control characters are punctuation there
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_MERSENNE = np.uint64((1 << 61) - 1)

# xxHash64, as specified in the xxHash algorithm description (Y. Collet), seed 0.
_P1 = np.uint64(0x9E3779B185EBCA87)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_P3 = np.uint64(0x165667B19E3779F9)
_P4 = np.uint64(0x85EBCA77C2B2AE63)
_P5 = np.uint64(0x27D4EB2F165667C5)
_U64 = np.uint64(64)


@cache
def _patterns() -> tuple[re.Pattern, re.Pattern, re.Pattern, re.Pattern]:
    """Numbers; runs of punctuation and white space; nonspacing marks below U+10000; all of them.

    A character class that reaches beyond U+FFFF is compiled to a list that is searched from end to
    end, a hundred times slower than the bit map of one that does not.
    """
    from datatrove.utils.text import NUMBERS_PATTERN, PUNCTUATION

    marks = [chr(c) for c in range(sys.maxunicode + 1) if unicodedata.category(chr(c)) == "Mn"]
    near = [mark for mark in marks if mark <= "\uffff"]
    return (
        NUMBERS_PATTERN,
        re.compile(rf"[\s{re.escape(PUNCTUATION)}]+"),
        re.compile(f"[{re.escape(''.join(near))}]+"),
        re.compile(f"[{re.escape(''.join(marks))}]+"),
    )


def simplified(text: str) -> str:
    """`text` as datatrove's `simplify_text` gives it with its default settings, faster."""
    numbers, gaps, near_marks, all_marks = _patterns()
    text = gaps.sub(" ", numbers.sub("0", text.lower())).strip()
    if not text.isascii():
        text = unicodedata.normalize("NFD", text)
        text = (all_marks if _BEYOND.search(text) else near_marks).sub("", text)
    return text.strip()


def tokeniser(label: str) -> Callable[[str], list[str]]:
    """How datatrove cuts simplified text of a label into words: by the tokeniser that it assigns, or at white
    space where it has none. Raises ImportError where that needs a package that is not installed."""
    from datatrove.utils.word_tokenizers import load_word_tokenizer

    try:
        return load_word_tokenizer(assigned_label(label)).word_tokenize
    except ValueError:
        return str.split


def assigned_label(label: str) -> str:
    """The label by which datatrove looks for a tokeniser: it does not tell simplified from traditional Chinese."""
    return f"{label[:-5]}_Hani" if label.endswith(("_Hans", "_Hant")) else label


def signatures(documents: Sequence[Sequence[str]], params: MinHashParams) -> np.ndarray:
    """datatrove's signatures.

    Args:
        documents: the words of each document's simplified text, as the tokeniser of its
            language cuts them.
        params: seed must be below 2**32, datatrove's default is 1.

    Returns:
        uint64[n, bands * rows]; a row of 2**64 - 1 where a document has fewer than `ngram` words
        (`dedup.minhash.has_shingles` tells).

    Raises:
        ValueError: a word holds the control character U+001F (so it is not of simplified text).
    """
    counts = np.fromiter(map(len, documents), dtype=np.int64, count=len(documents))
    joined = _SEPARATOR.join(word for words in documents for word in words) + _SEPARATOR
    buffer = np.frombuffer(joined.encode(), dtype=np.uint8).copy()
    ends = np.flatnonzero(buffer == ord(_SEPARATOR))
    total = int(counts.sum())
    if total and len(ends) != total:
        raise ValueError("datatrove signatures: a word holds U+001F, it is not of simplified text")
    buffer[ends] = ord(" ")
    starts = np.r_[0, ends + 1]
    generator = np.random.RandomState(params.seed)
    a, b = (
        generator.randint(low, int(_MERSENNE), dtype=np.uint64, size=params.lanes) for low in (1, 0)
    )
    return _signatures(buffer, starts, ends, np.r_[0, np.cumsum(counts)], params.ngram, a, b)


@leaf(inline="always")
def _rotate(x, bits):
    return (x << bits) | (x >> (_U64 - bits))


@leaf(inline="always")
def _round(lane, value):
    return _rotate(lane + value * _P2, np.uint64(31)) * _P1


@leaf(inline="always")
def _read(buffer, position, size):
    value = np.uint64(0)
    for k in range(size):
        value |= np.uint64(buffer[position + k]) << np.uint64(8 * k)
    return value


@kernel
def xxhash64(buffer, start, end):
    """xxHash64 with seed 0 of `buffer[start:end]` (uint8): uint64."""
    position = start
    if end - start >= 32:
        v1 = _P1 + _P2
        v2 = _P2
        v3 = np.uint64(0)
        v4 = np.uint64(0) - _P1
        while end - position >= 32:
            v1 = _round(v1, _read(buffer, position, 8))
            v2 = _round(v2, _read(buffer, position + 8, 8))
            v3 = _round(v3, _read(buffer, position + 16, 8))
            v4 = _round(v4, _read(buffer, position + 24, 8))
            position += 32
        h = (
            _rotate(v1, np.uint64(1))
            + _rotate(v2, np.uint64(7))
            + _rotate(v3, np.uint64(12))
            + _rotate(v4, np.uint64(18))
        )
        for lane in (v1, v2, v3, v4):
            h = (h ^ _round(np.uint64(0), lane)) * _P1 + _P4
    else:
        h = _P5
    h = h + np.uint64(end - start)
    while end - position >= 8:
        h = h ^ _round(np.uint64(0), _read(buffer, position, 8))
        h = _rotate(h, np.uint64(27)) * _P1 + _P4
        position += 8
    if end - position >= 4:
        h = h ^ (_read(buffer, position, 4) * _P1)
        h = _rotate(h, np.uint64(23)) * _P2 + _P3
        position += 4
    while position < end:
        h = h ^ (np.uint64(buffer[position]) * _P5)
        h = _rotate(h, np.uint64(11)) * _P1
        position += 1
    h = (h ^ (h >> np.uint64(33))) * _P2
    h = (h ^ (h >> np.uint64(29))) * _P3
    return h ^ (h >> np.uint64(32))


@kernel
def _signatures(buffer, starts, ends, documents, ngram, a, b):
    count = documents.shape[0] - 1
    lanes = a.shape[0]
    out = np.full((count, lanes), np.uint64(0xFFFFFFFFFFFFFFFF), dtype=np.uint64)
    high_bits = np.uint64(61)
    for i in range(count):
        for first in range(documents[i], documents[i + 1] - ngram + 1):
            x = xxhash64(buffer, starts[first], ends[first + ngram - 1])
            for j in range(lanes):
                value = x * a[j] + b[j]
                # 2**61 is 1 modulo 2**61 - 1, so the top three bits are added to the rest.
                value = (value & _MERSENNE) + (value >> high_bits)
                if value >= _MERSENNE:
                    value -= _MERSENNE
                out[i, j] = min(out[i, j], value)
    return out
