"""How much of a document the words of a list make up: adult content, insults, whatever the list is of.

An entry is a word or a phrase and matches whole words, without case and punctuation ("Scunthorpe" holds no word of a
list); where words are not written apart it matches the characters. One word is no evidence, since every list has
words with an innocent meaning: a document counts only from `distinct` different entries on.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from polysieve.compiling import kernel
from polysieve.filters.hashing import slot_of, table_of
from polysieve.filters.quality.passages import dropped, grown, key_of, passages, powers
from polysieve.filters.quality.stream import stream_of


@dataclass(frozen=True)
class WordList:
    """A list, ready to be looked for."""

    entries: int
    hash: str
    _keys: np.ndarray
    _numbers: np.ndarray
    _lengths: np.ndarray


def load(path: str | Path) -> WordList:
    """A list from a text file, an entry a line; lines that begin with # are remarks. Raises OSError."""
    data = Path(path).read_bytes()
    lines = [line.strip() for line in data.decode("utf-8", "replace").splitlines()]
    entries = [line for line in lines if line and not line.startswith("#")]
    return make(entries, hashlib.sha256(data).hexdigest())


def make(entries: Sequence[str], hash: str = "") -> WordList:
    """A list of words and phrases; those without a letter are left out."""
    stream = stream_of(pa.array(list(entries), pa.large_string()))
    totals = stream.totals()
    # A passage of exactly an entry's length, once per entry.
    keys = np.unique(passages(stream, totals))
    table, numbers = table_of(keys, np.arange(len(keys)))
    return WordList(len(keys), hash, table, numbers, np.unique(totals[totals > 0]))


def shares(texts: pa.Array, listed: WordList, distinct: int = 2) -> np.ndarray:
    """float64[n]: the share of each document's words that entries make up; 0 for fewer than `distinct` different ones
    and for a document without words."""
    stream = stream_of(texts)
    covered, different = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int64)
    if listed.entries:
        _cover(
            stream.documents, stream.hashes, stream.weights, listed._lengths, powers(int(listed._lengths[-1])),
            listed._keys, listed._numbers, np.full(listed.entries, -1, np.int64), covered, different,
        )  # fmt: skip
    found = covered / np.maximum(stream.totals(), 1)
    return np.where(different >= distinct, found, 0.0)


@kernel
def _cover(documents, hashes, weights, lengths, powers, table, numbers, last, covered, different):
    """Fill the weight of what entries cover, and the number of different entries, of each document."""
    for d in range(len(documents) - 1):
        begin, end = documents[d], documents[d + 1]
        marked = np.zeros(end - begin, np.uint8)
        for length in lengths:
            stop, weight, h = begin, 0, np.uint64(0)
            for i in range(begin, end):
                stop, weight, h = grown(hashes, weights, end, length, stop, weight, h)
                if weight < length:
                    break
                slot = slot_of(table, key_of(h, stop - i))
                if slot >= 0:
                    if last[numbers[slot]] != d:
                        last[numbers[slot]] = d
                        different[d] += 1
                    marked[i - begin : stop - begin] = 1
                weight, h = dropped(hashes, weights, powers, i, stop, weight, h)
        for j in range(end - begin):
            covered[d] += marked[j] * weights[begin + j]
