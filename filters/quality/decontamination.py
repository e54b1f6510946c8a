"""Finding benchmark texts in documents: the same 13 words in a row (Brown et al. 2020, appendix C; FineWeb2-HQ).

Compared are words without case, width, punctuation and symbols: an item that was re-cased or re-punctuated is found.
Where words are not written apart, where a word ends depends on what stands around it, so characters are compared: a
Han or Kana character counts as half a word, a letter of Thai, Lao, Khmer, Burmese and the like as a quarter. A passage
of 13 words is then any run of words and characters that adds up to 13, which the kernel walks as one kind of n-gram.
An item shorter than that is looked for as a whole, if it has `shortest` words; still shorter ones are common phrases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from polysieve.compiling import kernel
from polysieve.filters.hashing import slot_of, table_of
from polysieve.filters.quality.passages import dropped, grown, key_of, passages, powers
from polysieve.filters.quality.stream import stream_of

LENGTH = 13
SHORTEST = 8


@dataclass(frozen=True)
class Benchmarks:
    """Passages of benchmarks, for `find`."""

    names: list[str]
    passages: int
    """How many different ones there are."""
    too_short: dict[str, int]
    """Benchmark → items that are too short to be looked for."""
    length: int
    """Words of a passage."""
    _keys: np.ndarray
    _names: np.ndarray
    _lengths: np.ndarray
    """Lengths of passages, in quarters of a word, the longest first."""


def gather(
    items: Mapping[str, Sequence[str]], length: int = LENGTH, shortest: int = SHORTEST
) -> Benchmarks:
    """Benchmarks by name, each with its texts (questions, passages, answers), ready to be looked for."""
    full = 4 * length
    names = list(items)
    keys, owners, lengths = [], [], {full}
    too_short: dict[str, int] = {}
    for number, name in enumerate(names):
        texts = pa.array(list(items[name]), pa.large_string())
        stream = stream_of(texts)
        totals = stream.totals()
        short = totals < full
        too_short[name] = int((totals < 4 * shortest).sum())
        found = [passages(stream, np.where(short, 0, full))]
        # Of an item shorter than a passage, the whole.
        for size in np.unique(totals[short & (totals >= 4 * shortest)]).tolist():
            found.append(passages(stream, np.where(totals == size, size, 0)))
            lengths.add(int(size))
        own = np.unique(np.concatenate(found))
        keys.append(own)
        owners.append(np.full(len(own), number, np.int32))
    all_keys = np.concatenate(keys) if keys else np.zeros(0, np.uint64)
    all_owners = np.concatenate(owners) if owners else np.zeros(0, np.int32)
    distinct, first = np.unique(all_keys, return_index=True)  # the first benchmark that has it
    table, found_names = table_of(distinct, all_owners[first])
    ordered = np.array(sorted(lengths, reverse=True), np.int64)
    return Benchmarks(names, len(distinct), too_short, length, table, found_names, ordered)


def find(texts: pa.Array, benchmarks: Benchmarks) -> tuple[np.ndarray, np.ndarray]:
    """(benchmark int32[n], passages int64[n]): which benchmark's passages each document holds, and how many.

    The benchmark is a number into `names`, -1 where there is none; of several the one met first.
    """
    n = len(texts)
    which, count = np.full(n, -1, np.int32), np.zeros(n, np.int64)
    if benchmarks.passages:
        stream = stream_of(texts)
        _look_up(
            stream.documents, stream.hashes, stream.weights, benchmarks._lengths,
            powers(int(benchmarks._lengths[0])), benchmarks._keys, benchmarks._names, which, count,
        )  # fmt: skip
    return which, count


@kernel
def _look_up(documents, hashes, weights, lengths, powers, table, names, which, count):
    for d in range(len(documents) - 1):
        end = documents[d + 1]
        for length in lengths:
            stop, weight, h = documents[d], 0, np.uint64(0)
            for i in range(documents[d], end):
                stop, weight, h = grown(hashes, weights, end, length, stop, weight, h)
                if weight < length:
                    break
                slot = slot_of(table, key_of(h, stop - i))
                if slot >= 0:
                    if which[d] < 0:
                        which[d] = names[slot]
                    count[d] += 1
                weight, h = dropped(hashes, weights, powers, i, stop, weight, h)
