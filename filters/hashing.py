"""Hashes of words that can be joined, and hashes of what a word is whatever its spelling.

The hash of a string is a polynomial over its mixed code points modulo 2^64, H = sum m(c_i) * BASE^(n-1-i).
So the hash of two strings written together follows from theirs, H(a + b) = H(a) * BASE^len(b) + H(b), and
repetition metrics can compare joined n-grams as strings without building them.
"""

import numpy as np

from polysieve.compiling import kernel, leaf
from polysieve.filters import characters
from polysieve.filters.utf8 import decode, decode_call

BASE = np.uint64(0x9E6C63D0676A9A99)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_FINAL_1 = np.uint64(0xFF51AFD7ED558CCD)
_FINAL_2 = np.uint64(0xC4CEB9FE1A85EC53)
_CODE = np.uint32(0x1FFFFF)
_QUICK = 0x1000  # code points whose mixed bits are looked up: alphabets, but neither Hangul nor Han

# Flags of a word.
HAS_LETTER = 1
HAS_DIGIT = 2
HAS_MARK = 4
NOT_PUNCTUATION = 8  # has a character outside datatrove's PUNCTUATION_SET
HAS_UPPER = 16
HAS_SPACE = 32  # has white space inside (words that someone else cut)
EOJEOL = 64  # Korean, cut at spaces: particles are written onto it
SYMBOLS = 128  # the segmentation saw no word in it


@leaf(inline="always")
def mix(code):
    """64 well-mixed bits for a code point."""
    m = (np.uint64(code) + np.uint64(1)) * _MIX
    return m ^ (m >> np.uint64(32))


@leaf
def power(n):
    """BASE to the n-th, modulo 2^64."""
    result, base = np.uint64(1), BASE
    while n > 0:
        if n & 1:
            result *= base
        base *= base
        n >>= 1
    return result


@leaf
def table_size(n):
    """The size of an open-addressing table for n keys: a power of two, at least twice n, and four times where
    that stays small, since collisions then cost more than memory."""
    least = 4 * n if n < 1 << 16 else 2 * n
    size = 8
    while size < least:
        size *= 2
    return size


@leaf(inline="always")
def spread(h):
    """A hash whose bits are well mixed, never 0: a key of a table."""
    h = finish(h)
    return h if h != 0 else np.uint64(1)


def table_of(keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(table, values), for `slot_of`: uint64[s] with the keys, all different and none 0, each in its slot, and the
    value of each in the same slot."""
    size = table_size(len(keys))
    table, placed = np.zeros(size, np.uint64), np.zeros(size, values.dtype)
    _fill(keys, values, table, placed)
    return table, placed


@kernel
def _fill(keys, values, table, placed):
    mask = np.uint64(len(table) - 1)
    for i in range(len(keys)):
        slot = keys[i] & mask
        while table[slot] != 0:
            slot = (slot + np.uint64(1)) & mask
        table[slot], placed[slot] = keys[i], values[i]


@leaf(inline="always")
def slot_of(table, key):
    """Where a table has a key; -1 where it has not."""
    mask = np.uint64(len(table) - 1)
    slot = key & mask
    while table[slot] != 0:
        if table[slot] == key:
            return np.int64(slot)
        slot = (slot + np.uint64(1)) & mask
    return np.int64(-1)


@leaf
def hash_bytes(buffer, start, end):
    """64 well-mixed bits for buffer[start:end], eight bytes at a time; cannot be joined."""
    h = np.uint64(end - start)
    i = start
    while i + 8 <= end:
        word = np.uint64(0)
        for k in range(8):
            word |= np.uint64(buffer[i + k]) << np.uint64(8 * k)
        h = (h ^ word) * _MIX
        h ^= h >> np.uint64(32)
        i += 8
    word = np.uint64(0)
    while i < end:
        word = word << np.uint64(8) | np.uint64(buffer[i])
        i += 1
    return finish((h ^ word) * _MIX)


@leaf
def clear(table, n):
    """Set the first `n` entries of a table to 0."""
    for i in range(n):
        table[i] = 0


@leaf(inline="always")
def finish(h):
    """Spread a hash's bits, so that any of them may choose a slot."""
    h ^= h >> np.uint64(33)
    h *= _FINAL_1
    h ^= h >> np.uint64(33)
    h *= _FINAL_2
    return h ^ (h >> np.uint64(33))


def finish_all(hashes: np.ndarray) -> np.ndarray:
    """`finish` of an array (uint64)."""
    h = hashes ^ (hashes >> np.uint64(33))
    h = h * _FINAL_1
    h ^= h >> np.uint64(33)
    h *= _FINAL_2
    return h ^ (h >> np.uint64(33))


@kernel
def _folded_slowly(buffer, start, end, fold, offsets, sequences):
    """The folded hash of a word whose marks are not in canonical order (Unicode 15, D109)."""
    n, i = 0, start
    while i < end:
        code, i = decode_call(buffer, i, end)
        f = fold[code]
        n += 1 if f >= -1 else offsets[-1 - f] - offsets[-2 - f]
    codes, ordered = np.empty(n, np.uint32), np.empty(n, np.uint32)
    places = np.empty(257, np.int64)
    n, i = 0, start
    while i < end:
        code, i = decode_call(buffer, i, end)
        f = fold[code]
        if f >= 0:
            codes[n] = f
            n += 1
        elif f < -1:
            for k in range(offsets[-2 - f], offsets[-1 - f]):
                codes[n] = sequences[k]
                n += 1
    i = 0
    while i < n:
        if codes[i] <= _CODE:
            i += 1
            continue
        j = i
        while j < n and codes[j] > _CODE:
            j += 1
        # A counting sort by class: a million marks take no longer than a million letters.
        for c in range(257):
            places[c] = 0
        for a in range(i, j):
            places[(codes[a] >> 24) + 1] += 1
        places[0] = i
        for c in range(256):
            places[c + 1] += places[c]
        for a in range(i, j):
            ordered[places[codes[a] >> 24]] = codes[a]
            places[codes[a] >> 24] += 1
        for a in range(i, j):
            codes[a] = ordered[a]
        i = j
    h = np.uint64(0)
    for k in range(n):
        h = h * BASE + mix(codes[k] & _CODE)
    return h


@leaf
def _describe(buffer, starts, ends, lengths, hashes, folded, flags, tables, quick):
    """Fill the arrays of `describe`; returns the number of words whose marks are not in canonical order, which
    get the negative of their length and an unfinished hash."""
    _, properties, _, fold, offsets, sequences = tables
    unordered = 0
    for t in range(len(starts)):
        i, end = starts[t], ends[t]
        exact, same = np.uint64(0), np.uint64(0)
        n, seen, in_order = 0, 0, True
        last_class = np.uint32(0)
        while i < end:
            code, i = decode(buffer, i, end)
            n += 1
            seen |= properties[code]
            if code < _QUICK and quick[code, 1] != 0:
                exact = exact * BASE + quick[code, 0]
                same = same * BASE + quick[code, 1]
                last_class = np.uint32(0)
                continue
            exact = exact * BASE + mix(code)
            f = fold[code]
            if f >= 0:
                same = same * BASE + mix(f)
                last_class = np.uint32(0)
            elif f < -1:
                for k in range(offsets[-2 - f], offsets[-1 - f]):
                    part = sequences[k]
                    combining = part >> 24
                    in_order &= combining == 0 or combining >= last_class
                    last_class = combining
                    same = same * BASE + mix(part & _CODE)
        flag = flags[t]
        if seen & characters.IS_LETTER:
            flag |= HAS_LETTER
        if seen & characters.IS_NUMBER:
            flag |= HAS_DIGIT
        if seen & characters.IS_MARK:
            flag |= HAS_MARK
        if seen & characters.NOT_PUNCTUATION:
            flag |= NOT_PUNCTUATION
        if seen & characters.IS_UPPER:
            flag |= HAS_UPPER
        if seen & characters.IS_SPACE:
            flag |= HAS_SPACE
        flags[t] = flag
        lengths[t] = n if in_order else -n
        unordered += not in_order
        hashes[t] = exact
        if flag & SYMBOLS or not flag & (HAS_LETTER | HAS_DIGIT | HAS_MARK):
            folded[t] = 0
        else:
            same = finish(same)
            folded[t] = same if same != 0 else np.uint64(1)
    return unordered


@kernel
def describe(buffer, starts, ends, lengths, hashes, folded, flags, tables):
    """Fill length, hashes and flags of each token from its bytes.

    `flags` holds SYMBOLS or EOJEOL on entry where the segmentation knows; the other bits are added. A word's
    folded hash is 0 where it has no letter, mark or digit or is marked SYMBOLS, and never 0 elsewhere.
    """
    _, _, _, fold, offsets, sequences = tables
    quick = np.zeros((_QUICK, 2), np.uint64)  # 0 where folding gives no single code point
    for code in range(_QUICK):
        if fold[code] >= 0:
            quick[code, 0], quick[code, 1] = mix(code), mix(fold[code])
    if _describe(buffer, starts, ends, lengths, hashes, folded, flags, tables, quick) == 0:
        return
    for t in range(len(starts)):
        if lengths[t] >= 0:
            continue
        lengths[t] = -lengths[t]
        if folded[t] != 0:
            same = finish(_folded_slowly(buffer, starts[t], ends[t], fold, offsets, sequences))
            folded[t] = same if same != 0 else np.uint64(1)
