"""Metrics of words: lengths, letters, stop words."""

import numpy as np

from polysieve.compiling import kernel, leaf
from polysieve.filters.hashing import BASE, EOJEOL, HAS_LETTER, NOT_PUNCTUATION, clear, finish, mix
from polysieve.filters.utf8 import decode_call

# Columns of the counts that `measure_words` returns.
WORDS, PLAIN_WORDS, PLAIN_CHARACTERS, ALPHABETIC_WORDS = range(4)
COUNTS = 4


@kernel
def measure_words(documents, lengths, flags, out):
    """Fill `out`, int64[n, COUNTS], from the words of n documents."""
    for d in range(len(documents) - 1):
        plain, characters, alphabetic = 0, 0, 0
        for t in range(documents[d], documents[d + 1]):
            is_plain = (flags[t] & NOT_PUNCTUATION) != 0
            plain += is_plain
            characters += is_plain * lengths[t]
            alphabetic += (flags[t] & HAS_LETTER) != 0
        out[d, WORDS] = documents[d + 1] - documents[d]
        out[d, PLAIN_WORDS], out[d, PLAIN_CHARACTERS] = plain, characters
        out[d, ALPHABETIC_WORDS] = alphabetic


@leaf(inline="always")
def _find(key, table):
    """The slot of `key` in a stop list's table, or -1."""
    mask = np.uint64(len(table) - 1)
    slot = finish(key) & mask
    while table[slot] != key and table[slot] != 0:
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot) if table[slot] == key else np.int64(-1)


@leaf
def _mark_stop_words(buffer, begin, end, starts, ends, hashes, flags, table, found):
    """Mark in `found` the slots of `table` whose stop words occur among words begin to end."""
    for t in range(begin, end):
        slot = _find(hashes[t], table)
        if slot >= 0:
            found[slot] = 1
        if flags[t] & EOJEOL:
            # Hangul syllables are three bytes each; a word of jamo simply never matches.
            for syllables in range(1, 4):
                i = ends[t] - 3 * syllables
                if i <= starts[t]:
                    break
                h = np.uint64(0)
                while i < ends[t]:
                    code, i = decode_call(buffer, i, ends[t])
                    h = h * BASE + mix(code)
                slot = _find(h, table)
                if slot >= 0:
                    found[slot] = 1


@kernel
def count_stop_words(buffer, documents, starts, ends, hashes, flags, lists, offsets, table, out):
    """Distinct stop words of each document.

    lists int32[n]: which stop list a document has, -1 for none; list k is the open-addressing table
    table[offsets[k]:offsets[k+1]] of exact hashes, a power of two long, 0 in empty slots. A Korean word counts
    with its last one, two and three syllables too, because particles, which the lists hold, are written onto
    it. out int32[n]: the count, -1 where there is no list.
    """
    longest = 0
    for k in range(len(offsets) - 1):
        longest = max(longest, offsets[k + 1] - offsets[k])
    found = np.zeros(longest, np.uint8)
    for d in range(len(documents) - 1):
        which = lists[d]
        if which < 0:
            out[d] = -1
            continue
        stop_list = table[offsets[which] : offsets[which + 1]]
        clear(found, longest)
        _mark_stop_words(
            buffer, documents[d], documents[d + 1], starts, ends, hashes, flags, stop_list, found
        )
        total = 0
        for slot in range(len(stop_list)):
            total += found[slot]
        out[d] = total
