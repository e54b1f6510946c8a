"""Words of scripts that need a dictionary: cut by ICU, or, plain Han and Kana, by `filters.cjk`, which finds the
same ones."""

import numpy as np

from polysieve.compiling import kernel, leaf
from polysieve.filters import icu
from polysieve.filters.cjk import cut
from polysieve.filters.segmentation import IS_PLAIN_CJK, LONGEST_RUN, NEEDS_DICTIONARY
from polysieve.filters.utf8 import decode_call

_WINDOW = 1 << 15  # UTF-16 units that ICU is given at a time, about


@leaf
def _gather(buffer, starts, ends, flags, t, units, places):
    """Write runs as UTF-16, a line feed after each, from token `t` on until the window is full.

    `places` receives the byte offset of each unit. Returns (the token after the last, units written).
    """
    used = 0
    while t < len(starts) and used < _WINDOW:
        if flags[t] == NEEDS_DICTIONARY:
            i, end = starts[t], ends[t]
            while i < end:
                code, after = decode_call(buffer, i, end)
                if code >= 0x10000:
                    units[used] = 0xD7C0 + (code >> 10)
                    places[used] = i
                    used += 1
                    code = 0xDC00 + (code & 0x3FF)
                units[used] = code
                places[used] = i
                used += 1
                i = after
            units[used] = 0x0A
            places[used] = end
            used += 1
        t += 1
    return t, used


@leaf
def _emit_cjk(begin, n, previous, new_starts, new_ends, new_flags, m):
    """Write the words of a plain run, of n characters of three bytes, from place `m` on."""
    words, i = 0, n
    while i > 0:
        words += 1
        i = previous[i]
    place, i = m + words, n
    while i > 0:
        place -= 1
        new_starts[place], new_ends[place] = begin + 3 * previous[i], begin + 3 * i
        new_flags[place] = 0
        i = previous[i]
    return m + words


@leaf
def _cut_window(
    buffer, starts, ends, flags, first, last, iterator, cjk, places, characters, costs, previous,
    new_starts, new_ends, new_flags, counts, m,
):  # fmt: skip
    """Write tokens first to last, cut, from place `m` on; counts[t] receives how many token t became."""
    for token in range(first, last):
        begin, end = starts[token], ends[token]
        before = m
        if flags[token] == IS_PLAIN_CJK:
            n = cut(buffer, begin, end, cjk.first, cjk.edges, characters, costs, previous)
            m = _emit_cjk(begin, n, previous, new_starts, new_ends, new_flags, m)
        elif flags[token] == NEEDS_DICTIONARY:
            while begin < end:
                # The boundary behind the run stands before its line feed, whose place is the run's end.
                boundary = icu.break_next(iterator)
                stop = places[boundary] if boundary > 0 else end
                if begin < stop <= end:
                    new_starts[m], new_ends[m], new_flags[m] = begin, stop, 0
                    m += 1
                    begin = stop
                elif boundary < 0 or stop > end:  # ICU gave up or ran on: the rest is one word
                    new_starts[m], new_ends[m], new_flags[m] = begin, end, 0
                    m += 1
                    begin = end
            icu.break_next(iterator)  # over the line feed
        else:
            new_starts[m], new_ends[m], new_flags[m] = begin, end, flags[token]
            m += 1
        counts[token] = m - before
    return m


@kernel
def cut_by_dictionary(buffer, documents, starts, ends, flags, iterator, cjk):
    """The same tokens with those that need a dictionary cut into words.

    `iterator` is the address of ICU's word-break iterator, `cjk` the `filters.cjk.dictionary`. Runs are handed to
    ICU many at once, with a line feed between them, over which no boundary analysis reaches. Takes and returns
    the first four arrays that `scan` returns.
    """
    units = np.empty(_WINDOW + 4 * LONGEST_RUN + 8, np.uint16)
    places = np.empty(len(units), np.int64)
    status = np.zeros(1, np.int32)
    characters = np.empty(2 * LONGEST_RUN + 1, np.uint16)
    costs = np.empty(2 * LONGEST_RUN + 1, np.uint32)
    previous = np.empty(2 * LONGEST_RUN + 1, np.int32)
    room = np.int64(0)
    for t in range(len(starts)):
        needs = flags[t] >= IS_PLAIN_CJK
        room += 1 + (ends[t] - starts[t]) // 2 if needs else 1  # no such character is of one byte
    new_starts = np.empty(room, np.int64)
    new_ends = np.empty(room, np.int64)
    new_flags = np.empty(room, np.uint8)
    counts = np.empty(len(starts), np.int32)
    m = np.int64(0)
    t = np.int64(0)
    while t < len(starts):
        first = t
        t, used = _gather(buffer, starts, ends, flags, first, units, places)
        if used:
            status[0] = 0
            icu.break_set_text(iterator, units.ctypes.data, used, status.ctypes.data)
        m = _cut_window(
            buffer, starts, ends, flags, first, t, iterator, cjk, places, characters, costs, previous,
            new_starts, new_ends, new_flags, counts, m,
        )  # fmt: skip
    new_documents = np.zeros(len(documents), np.int64)
    for d in range(len(documents) - 1):
        total = new_documents[d]
        for token in range(documents[d], documents[d + 1]):
            total += counts[token]
        new_documents[d + 1] = total
    return new_documents, new_starts[:m], new_ends[:m], new_flags[:m]
