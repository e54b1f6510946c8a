"""Decoding UTF-8 in kernels, never past the end that is given."""

import numpy as np

from polysieve.compiling import leaf

REPLACEMENT = np.int32(0xFFFD)


@leaf(inline="always")
def decode(buffer, i, end):
    """The code point (int32) at byte `i < end`, and the index after it. Inlined: for the hot loops.

    A sequence that is cut off by `end`, or a byte that cannot begin one, is U+FFFD of one byte.
    """
    first = np.int32(buffer[i])
    if first < 0x80:
        return first, i + 1
    if first < 0xC0:
        return REPLACEMENT, i + 1
    if first < 0xE0:
        if i + 2 > end:
            return REPLACEMENT, i + 1
        return np.int32((first & 0x1F) << 6 | (np.int32(buffer[i + 1]) & 0x3F)), i + 2
    if first < 0xF0:
        if i + 3 > end:
            return REPLACEMENT, i + 1
        tail = (np.int32(buffer[i + 1]) & 0x3F) << 6 | (np.int32(buffer[i + 2]) & 0x3F)
        return np.int32((first & 0x0F) << 12 | tail), i + 3
    if i + 4 > end:
        return REPLACEMENT, i + 1
    tail = (np.int32(buffer[i + 1]) & 0x3F) << 12
    tail |= (np.int32(buffer[i + 2]) & 0x3F) << 6 | (np.int32(buffer[i + 3]) & 0x3F)
    code = (first & 0x07) << 18 | tail
    if code > 0x10FFFF:
        return REPLACEMENT, i + 1
    return np.int32(code), i + 4


@leaf
def decode_call(buffer, i, end):
    """`decode` as a call: slower to run and faster to compile."""
    return decode(buffer, i, end)
