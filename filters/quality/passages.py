"""Passages: runs of words and characters of a stated length, by the hashes of their parts joined."""

import numpy as np

from polysieve.compiling import kernel, leaf
from polysieve.filters.hashing import BASE, spread
from polysieve.filters.quality.stream import Stream


def passages(stream: Stream, lengths: np.ndarray) -> np.ndarray:
    """uint64: the hash of every passage of lengths[i] quarters of a word in document i; none where that is 0."""
    out = np.empty(len(stream.hashes), np.uint64)
    n = _all_keys(
        stream.documents, stream.hashes, stream.weights, lengths, powers(int(lengths.max(initial=0))), out
    )  # fmt: skip
    return out[:n]


def powers(most: int) -> np.ndarray:
    """BASE to the k-th for k up to `most`: a passage has no more parts than quarters of a word."""
    found = np.full(most + 1, BASE, np.uint64)
    found[0] = 1
    return np.multiply.accumulate(found)


# A window over the parts of a document: `stop` is the part after its last, `weight` and `h` are its quarters of a
# word and its hash. A loop over first parts i grows it, takes its key, and drops part i.


@leaf(inline="always")
def grown(hashes, weights, end, length, stop, weight, h):
    """(stop, weight, h) with as many more parts as make `length` quarters of a word, or all up to `end`."""
    while stop < end and weight < length:
        h = h * BASE + hashes[stop]
        weight += weights[stop]
        stop += 1
    return stop, weight, h


@leaf(inline="always")
def dropped(hashes, weights, powers, i, stop, weight, h):
    """(weight, h) without the window's first part i."""
    return weight - weights[i], h - hashes[i] * powers[stop - i - 1]


@leaf(inline="always")
def key_of(h, parts):
    """The key of a window of so many parts, for filters.hashing.table_of."""
    return spread(h ^ np.uint64(parts))


@kernel
def _all_keys(documents, hashes, weights, lengths, powers, out):
    n = 0
    for d in range(len(documents) - 1):
        if lengths[d] == 0:
            continue
        end = documents[d + 1]
        stop, weight, h = documents[d], 0, np.uint64(0)
        for i in range(documents[d], end):
            stop, weight, h = grown(hashes, weights, end, lengths[d], stop, weight, h)
            if weight < lengths[d]:
                break
            out[n] = key_of(h, stop - i)
            n += 1
            weight, h = dropped(hashes, weights, powers, i, stop, weight, h)
    return n
