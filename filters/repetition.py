"""Repeated n-grams of words (Rae et al. 2021, Gopher, table A1), as datatrove counts them.

An n-gram is compared as a string: its words joined with a space for the most frequent 2- to 4-gram, joined
with nothing for duplicated 5- to 10-grams. The hashes of words can be joined, so no string is built.
"""

import numpy as np

from filters.compiling import kernel
from filters.hashing import BASE, HAS_SPACE, mix, power

TOP = (2, 3, 4)
DUPLICATED = (5, 6, 7, 8, 9, 10)
_POWERS = 64
_KEY = ~np.uint64(15)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@kernel
def _slots(n):
    """The size of a table for n keys: a power of two, at least four times n, since collisions cost more than
    memory here."""
    slots = 8
    while slots < 4 * n:
        slots *= 2
    return slots


@kernel(inline="always")
def _tagged(key, size):
    """A key with the n-gram's size in its low bits: one table serves all sizes without being cleared."""
    return (key & _KEY) | np.uint64(size)


@kernel(inline="always")
def _slot(key, mask):
    return (key * _SPREAD) >> np.uint64(32) & mask


@kernel
def _count(keys, n, size, candidate, table, places, first, counts):
    """For each of n n-grams that is a candidate: `first[i]`, the first one equal to it; how many there are is
    counts[first[i]]."""
    mask = np.uint64(_slots(n) - 1)
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


@kernel
def _duplicated(keys, reach, n, size, table):
    """Characters in n-grams seen before, walking on behind each such n-gram.

    keys[i] is the n-gram's hash at word i < n, reach[i] the characters before word i.
    """
    mask = np.uint64(_slots(n) - 1)
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


@kernel
def measure_repetition(documents, hashes, lengths, flags, top, duplicated):
    """Characters of repeated n-grams of each of n documents.

    top int64[n, 3]: length of the most frequent 2-, 3-, 4-gram (the earliest of equals) times its count, -1
    where the document is too short to have any. duplicated int64[n, 6]: characters of duplicated 5- to 10-grams.
    """
    most = 0
    for d in range(len(documents) - 1):
        most = max(most, documents[d + 1] - documents[d])
    slots = _slots(most)
    table = np.empty(slots, np.uint64)
    places = np.empty(slots, np.int32)
    keys, spaced = np.empty(most, np.uint64), np.empty(most, np.uint64)
    factors = np.empty(most, np.uint64)
    reach = np.empty(most + 1, np.int64)
    first, counts = np.empty(most, np.int32), np.empty(most, np.int32)
    candidate = np.empty(most, np.bool_)
    powers = np.empty(_POWERS, np.uint64)
    for k in range(_POWERS):
        powers[k] = power(k)
    space = mix(0x20)
    for d in range(len(documents) - 1):
        begin = documents[d]
        words = documents[d + 1] - begin
        top[d] = -1
        duplicated[d] = 0
        reach[0] = 0
        any_space = False
        for i in range(words):
            length = lengths[begin + i]
            factors[i] = powers[length] if length < _POWERS else power(length)
            keys[i] = spaced[i] = hashes[begin + i]
            reach[i + 1] = reach[i] + length
            any_space |= (flags[begin + i] & HAS_SPACE) != 0
        candidate[:words] = True
        table[: _slots(words)] = 0
        for size in range(2, 11):
            n = words - size + 1
            if n <= 0:
                break
            for i in range(n):
                keys[i] = keys[i] * factors[i + size - 1] + hashes[begin + i + size - 1]
            if size <= 4:
                for i in range(n):
                    joined = (spaced[i] * BASE + space) * factors[i + size - 1]
                    spaced[i] = joined + hashes[begin + i + size - 1]
                _count(spaced, n, size, candidate, table, places, first, counts)
                best, count = 0, 1
                for i in range(n):
                    if counts[i] > count:
                        best, count = i, counts[i]
                top[d, size - 2] = (reach[best + size] - reach[best] + size - 1) * count
                # An n-gram can only repeat where both of its (n-1)-grams do, unless words hold spaces.
                for i in range(n - 1):
                    candidate[i] = any_space or (counts[first[i]] > 1 and counts[first[i + 1]] > 1)
            else:
                duplicated[d, size - 5] = _duplicated(keys, reach, n, size, table)
