"""What passages (passages.py) are made of: words, and characters where a script does not write words apart.

Words count without case, width, punctuation and symbols.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from polysieve.compiling import kernel, leaf
from polysieve.filters.characters import DICTIONARY, TSHEG, Tables, tables
from polysieve.filters.hashing import describe
from polysieve.filters.utf8 import decode_call
from polysieve.filters.words import segment

QUARTERS = 4  # of a word
_HAN_AND_KANA = (
    0x2E80  # the scripts with dictionaries or clusters below it spell their words with letters
)


@dataclass(frozen=True)
class Stream:
    """What is compared of n documents: words and characters, without symbols."""

    documents: np.ndarray
    """int64[n+1]: those of document i are documents[i]:documents[i+1]."""
    hashes: np.ndarray
    """uint64[m]"""
    weights: np.ndarray
    """int64[m]: quarters of a word."""

    def totals(self) -> np.ndarray:
        """int64[n]: the length of each document, in quarters of a word."""
        running = np.concatenate([[0], np.cumsum(self.weights)])
        return running[self.documents[1:]] - running[self.documents[:-1]]


@cache
def _tables() -> Tables:
    """The tables of words, but what changes with a change of case is one, whatever the language: ß and ss, ı and i."""
    found = tables()
    fold = found.fold.copy()
    fold[ord("ı")] = ord("i")
    fold[ord("ß")] = fold[ord("ẞ")] = -2 - (len(found.sequence_offsets) - 1)
    sequences = np.append(found.sequences, np.array([ord("s")] * 2, found.sequences.dtype))
    offsets = np.append(
        found.sequence_offsets, np.array([len(sequences)], found.sequence_offsets.dtype)
    )
    return found._replace(fold=fold, sequence_offsets=offsets, sequences=sequences)


def stream_of(texts: pa.Array) -> Stream:
    """The stream of n texts."""
    words = segment(texts)
    kind = tables()[0]
    documents, starts, ends, weights = expand(
        words.buffer, words.documents, words.starts, words.ends, kind
    )
    m = len(starts)
    lengths, hashes, folded = np.empty(m, np.int32), np.empty(m, np.uint64), np.empty(m, np.uint64)
    describe(words.buffer, starts, ends, lengths, hashes, folded, np.zeros(m, np.uint8), _tables())
    spoken = folded != 0
    running = np.concatenate([[0], np.cumsum(spoken)])
    return Stream(running[documents], folded[spoken], weights[spoken])


@leaf
def _weight(code, kind):
    """Quarters of a word that a character of an unspaced script stands for; 0 for other characters."""
    if kind[code] < DICTIONARY or kind[code] > TSHEG:
        return 0
    if kind[code] == DICTIONARY and code >= _HAN_AND_KANA:
        return 2
    return 1


@kernel
def expand(buffer, documents, starts, ends, kind):
    """Words, with those of unspaced scripts as their code points.

    Arrays as in filters.words.Words; kind as in filters.characters. Returns documents int64[n+1], starts and ends
    int64[k], and weights int64[k]: quarters of a word that each stands for.
    """
    n = 0
    for t in range(len(starts)):
        if starts[t] < ends[t]:
            code, _ = decode_call(buffer, starts[t], ends[t])
            n += ends[t] - starts[t] if _weight(code, kind) > 0 else 1
    new_documents = np.zeros(len(documents), np.int64)
    new_starts, new_ends = np.empty(n, np.int64), np.empty(n, np.int64)
    weights = np.empty(n, np.int64)
    k = 0
    for d in range(len(documents) - 1):
        for t in range(documents[d], documents[d + 1]):
            if starts[t] >= ends[t]:
                continue
            code, _ = decode_call(buffer, starts[t], ends[t])
            if _weight(code, kind) == 0:
                new_starts[k], new_ends[k], weights[k] = starts[t], ends[t], QUARTERS
                k += 1
                continue
            i = starts[t]
            while i < ends[t]:
                code, after = decode_call(buffer, i, ends[t])
                new_starts[k], new_ends[k] = i, after
                weights[k] = max(_weight(code, kind), 1)
                k += 1
                i = after
        new_documents[d + 1] = k
    return new_documents, new_starts[:k], new_ends[:k], weights[:k]
