"""How far a text shrinks when it is written as copies of what came before: an LZ77 coder that only counts.

Libraries' compressed sizes change with their versions, and thresholds would change with them. Here the coder is fixed,
that of the LZ4 block format with a greedy parse: at each position the last place with the same hash of four bytes is
looked up; if the four bytes are the same and no further than 64 KiB back, the match is extended as far as it goes and
the coder continues behind it, else one byte is a literal. A match costs three bytes (a token and an offset), and
lengths that do not fit the token's four bits cost a byte for every 255.
"""

import numpy as np

from polysieve.compiling import kernel, leaf

_HASH = np.uint32(2654435761)  # LZ4's, 2^32 over the golden ratio
_BITS = 12
_SHIFT = np.uint32(32 - _BITS)
_WINDOW = 65535
_SHORTEST = 4
_IN_TOKEN = 15


@leaf(inline="always")
def _four(buffer, i):
    return np.uint32(
        np.uint32(buffer[i])
        | np.uint32(buffer[i + 1]) << np.uint32(8)
        | np.uint32(buffer[i + 2]) << np.uint32(16)
        | np.uint32(buffer[i + 3]) << np.uint32(24)
    )


@leaf(inline="always")
def _further(length):
    """Bytes for a length beyond what the token holds."""
    return 0 if length < _IN_TOKEN else 1 + (length - _IN_TOKEN) // 255


@leaf
def _compressed_size(buffer, start, end, table):
    """Bytes that buffer[start:end] is coded in; `table` is scratch of 2^_BITS."""
    for k in range(len(table)):
        table[k] = 0
    size = 1
    literals = i = start
    four = _four(buffer, i) if i + _SHORTEST <= end else np.uint32(0)
    while i + _SHORTEST <= end:
        # An entry holds the four bytes beside their place, counted from 1: most misses need no look at the text.
        slot = np.uint32(four * _HASH) >> _SHIFT
        entry = table[slot]
        table[slot] = np.uint64(four) << np.uint64(32) | np.uint64(i - start + 1)
        if entry >> np.uint64(32) == four:
            place = np.int64(entry & np.uint64(0xFFFFFFFF))
            distance = i - start + 1 - place
            if place > 0 and distance <= _WINDOW:
                size += i - literals + _further(i - literals) + 3
                length = _SHORTEST
                while i + length < end and buffer[i + length - distance] == buffer[i + length]:
                    length += 1
                size += _further(length - _SHORTEST)
                i += length
                literals = i
                if i + _SHORTEST <= end:
                    four = _four(buffer, i)
                continue
        i += 1
        if i + _SHORTEST <= end:
            four = np.uint32(four >> np.uint32(8) | np.uint32(buffer[i + 3]) << np.uint32(24))
    return size + end - literals + _further(end - literals)


@kernel
def compressed_sizes(buffer, starts, ends, out):
    """Fill `out`, int64[n], with the size in bytes that each document, buffer[starts[i]:ends[i]], is coded in.

    An empty document takes one byte, one that does not shrink a few more than it has.
    """
    table = np.empty(1 << _BITS, np.uint64)
    for d in range(len(starts)):
        out[d] = _compressed_size(buffer, starts[d], ends[d], table)
