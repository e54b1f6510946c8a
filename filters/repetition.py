"""Repeated n-grams of words (Rae et al. 2021, Gopher, table A1), as datatrove counts them.

An n-gram is compared as a string: its words joined with a space for the most frequent 2- to 4-gram, joined
with nothing for duplicated 5- to 10-grams. The hashes of words can be joined, so no string is built.
"""

import numpy as np

from polysieve.compiling import kernel, leaf
from polysieve.filters.hashing import BASE, HAS_SPACE, clear, mix, power, table_size

TOP = (2, 3, 4)
DUPLICATED = (5, 6, 7, 8, 9, 10)
_POWERS = 64
_KEY = ~np.uint64(15)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@leaf(inline="always")
def _tagged(key, size):
    """A key with the n-gram's size in its low bits: one table serves all sizes without being cleared."""
    return (key & _KEY) | np.uint64(size)


@leaf(inline="always")
def _slot(key, mask):
    return (key * _SPREAD) >> np.uint64(32) & mask


@leaf
def _count(keys, n, size, candidate, table, places, first, counts):
    """For each of n n-grams that is a candidate: `first[i]`, the first one equal to it; how many there are is
    counts[first[i]]."""
    mask = np.uint64(len(table) - 1)
    tag = np.uint64(size)
    for i in range(n):
        first[i] = i
        counts[i] = 0
        if not candidate[i]:
            continue
        key = _tagged(keys[i], size)
        slot = _slot(key, mask)
        while table[slot] != key and table[slot] & ~_KEY == tag:
            slot = (slot + np.uint64(1)) & mask
        if table[slot] != key:
            table[slot] = key
            places[slot] = i
        first[i] = places[slot]
        counts[first[i]] += 1


@leaf
def _duplicated(keys, reach, n, size, table):
    """Characters in n-grams seen before, walking on behind each such n-gram.

    keys[i] is the n-gram's hash at word i < n, reach[i] the characters before word i.
    """
    mask = np.uint64(len(table) - 1)
    tag = np.uint64(size)
    total = 0
    i = 0
    while i < n:
        key = _tagged(keys[i], size)
        slot = _slot(key, mask)
        while table[slot] != key and table[slot] & ~_KEY == tag:
            slot = (slot + np.uint64(1)) & mask
        if table[slot] == key:
            total += reach[i + size] - reach[i]
            i += size
        else:
            table[slot] = key
            i += 1
    return total


@leaf
def _measure_document(
    hashes, lengths, flags, top, duplicated, powers,
    keys, spaced, factors, reach, candidate, table, places, first, counts,
):  # fmt: skip
    """Fill `top` and `duplicated` from the words of one document; the arrays after them are scratch."""
    words = len(hashes)
    space = mix(0x20)
    any_space = False
    reach[0] = 0
    for i in range(words):
        length = lengths[i]
        factors[i] = powers[length] if length < len(powers) else power(length)
        keys[i] = spaced[i] = hashes[i]
        reach[i + 1] = reach[i] + length
        any_space |= (flags[i] & HAS_SPACE) != 0
        candidate[i] = True
    for size in range(2, 11):
        n = words - size + 1
        if n <= 0:
            break
        for i in range(n):
            keys[i] = keys[i] * factors[i + size - 1] + hashes[i + size - 1]
        if size > 4:
            duplicated[size - 5] = _duplicated(keys, reach, n, size, table)
            continue
        for i in range(n):
            joined = (spaced[i] * BASE + space) * factors[i + size - 1]
            spaced[i] = joined + hashes[i + size - 1]
        _count(spaced, n, size, candidate, table, places, first, counts)
        best, count = 0, 1
        for i in range(n):
            if counts[i] > count:
                best, count = i, counts[i]
        top[size - 2] = (reach[best + size] - reach[best] + size - 1) * count
        # An n-gram can only repeat where both of its (n-1)-grams do, unless words hold spaces.
        before = counts[first[0]]
        for i in range(n - 1):
            after = counts[first[i + 1]]
            candidate[i] = min(before, after) > 1
            before = after
        if any_space:
            for i in range(n - 1):
                candidate[i] = True


@kernel
def measure_repetition(documents, hashes, lengths, flags, top, duplicated):
    """Fill in the characters of repeated n-grams of each of n documents.

    top int64[n, 3], -1 on entry: length of the most frequent 2-, 3-, 4-gram (the earliest of equals) times its
    count; a document too short to have any keeps -1. duplicated int64[n, 6], 0 on entry: characters of
    duplicated 5- to 10-grams.
    """
    most = 0
    for d in range(len(documents) - 1):
        most = max(most, documents[d + 1] - documents[d])
    table = np.empty(table_size(most), np.uint64)
    places = np.empty(len(table), np.int32)
    keys, spaced = np.empty(most, np.uint64), np.empty(most, np.uint64)
    factors = np.empty(most, np.uint64)
    reach = np.empty(most + 1, np.int64)
    first, counts = np.empty(most, np.int32), np.empty(most, np.int32)
    candidate = np.empty(most, np.bool_)
    powers = np.empty(_POWERS, np.uint64)
    for k in range(_POWERS):
        powers[k] = power(k)
    for d in range(len(documents) - 1):
        begin, end = documents[d], documents[d + 1]
        part = table[: table_size(end - begin)]
        clear(part, len(part))
        _measure_document(
            hashes[begin:end], lengths[begin:end], flags[begin:end], top[d], duplicated[d], powers,
            keys, spaced, factors, reach, candidate, part, places, first, counts,
        )  # fmt: skip
