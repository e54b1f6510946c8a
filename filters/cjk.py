"""Chinese and Japanese words: the cheapest path through ICU's dictionary, in a kernel of our own.

ICU's dictionary gives each word a cost, about the negative logarithm of its frequency. A run of characters is cut
into the words whose costs add up to the least (Viterbi; ICU's CjkBreakEngine, whose words these are, see
tests/filters/test_cjk.py). A character that begins no word of one character is one at the highest cost, and a run
of Katakana is a word whose cost depends on its length. ICU itself reaches the text through several layers and walks
a compressed trie; here the trie becomes a hash table of its edges, once per process, which is five times as fast.

Only runs of plain Han and Kana come here (`is_plain`): what would have to be normalised first goes to ICU.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from polysieve.compiling import kernel, leaf
from polysieve.filters import icu

# An edge of the trie is 64 bits: state << 46 | character << 30 | next state << 12 | cost + 1. The root is state 0,
# so as a next state 0 means that no longer word begins so; cost + 1 of 0 means that no word ends here.
_STATE, _CHARACTER, _NEXT = np.uint64(46), np.uint64(30), np.uint64(12)
_STATE_BITS, _COST = 18, np.uint64(0xFFF)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

# ICU's costs of what the dictionary lacks.
_UNKNOWN = 255
_KATAKANA_COSTS = np.array([8192, 984, 408, 240, 204, 252, 300, 372, 480], np.uint32)
_LONGEST_KATAKANA = 20
_LONGEST_WORD = 20

# The format of UCharsTrie (ICU's ucharstrie.h), in 16-bit units.
_BRANCH_BELOW, _VALUE_FROM, _IS_FINAL = 0x30, 0x40, 0x8000
_LINEAR_SEARCH = 5


class Dictionary(NamedTuple):
    """The edges of the trie."""

    first: np.ndarray
    """uint64[65536]: the edges from the root, by character; 0 where there is none."""
    edges: np.ndarray
    """uint64, a power of two long: the others, by open addressing; 0 in empty slots."""


@leaf(inline="always")
def is_plain(code):
    """Whether a character of a dictionary script needs no normalisation: Hiragana, Katakana, Han of the BMP."""
    return (
        0x4E00 <= code <= 0x9FFF or 0x3041 <= code <= 0x3096 or 0x30A1 <= code <= 0x30FE
        or 0x3400 <= code <= 0x4DBF or code == 0x3005
    ) and code != 0x30FB  # fmt: skip


@leaf(inline="always")
def _is_katakana(code):
    return 0x30A1 <= code <= 0x30FE


@leaf(inline="always")
def _slot(key, mask):
    return (key * _SPREAD) >> np.uint64(40) & mask


@leaf
def _value(units, place, lead):
    """The value that begins with unit `lead` before `place`, and the place after it."""
    if lead < 0x4000:
        return np.int64(lead), place
    if lead < 0x7FFF:
        return np.int64(lead - 0x4000) << 16 | units[place], place + 1
    return np.int64(units[place]) << 16 | units[place + 1], place + 2


@leaf
def _node_value(units, place, lead):
    """`_value` of an intermediate node, which shares its lead unit with what follows."""
    if lead < 0x4040:
        return np.int64(lead >> 6) - 1, place
    if lead < 0x7FC0:
        return np.int64((lead & 0x7FC0) - 0x4040) << 10 | units[place], place + 1
    return np.int64(units[place]) << 16 | units[place + 1], place + 2


@leaf
def _delta(units, place):
    """A jump, and the place after it."""
    delta = np.int64(units[place])
    if delta < 0xFC00:
        return delta, place + 1
    if delta < 0xFFFF:
        return (delta - 0xFC00) << 16 | units[place + 1], place + 2
    return np.int64(units[place + 1]) << 16 | units[place + 2], place + 3


@leaf
def _add(units, place, pending, state, character, first, edges, places, pendings, states):
    """Add the edge whose target lies at `place`, `pending` units of a linear match still to come (-1: a node).

    Returns the number of states, one more where words go on from the target."""
    cost, follows = np.int64(-1), True
    if pending < 0 and units[place] >= _VALUE_FROM:
        lead = np.int64(units[place])
        follows = not lead & _IS_FINAL
        if follows:
            cost, _ = _node_value(units, place + 1, lead)
        else:
            cost, _ = _value(units, place + 1, lead & 0x7FFF)
    target = np.uint64(0)
    if follows:
        places[states], pendings[states] = place, pending
        target = np.uint64(states)
        states += 1
    key = np.uint64(state) << np.uint64(16) | np.uint64(character)
    edge = key << _CHARACTER | target << _NEXT | np.uint64(cost + 1)
    if state == 0:
        first[character] = edge
        return states
    mask = np.uint64(len(edges) - 1)
    slot = _slot(key, mask)
    while edges[slot] != 0:
        slot = (slot + np.uint64(1)) & mask
    edges[slot] = edge
    return states


@kernel
def _read_trie(units, first, edges, most_states):
    """Fill `first` and `edges` from the trie; returns the number of states, or -1 if there are too many."""
    places, pendings = np.empty(most_states, np.int64), np.empty(most_states, np.int64)
    places[0], pendings[0] = 0, -1
    stack, lengths = np.empty(64, np.int64), np.empty(64, np.int64)
    state, states = 0, 1
    while state < states:
        if states + 65536 > most_states:
            return -1
        place, pending = places[state], pendings[state]
        if pending < 0:
            node = np.int64(units[place])
            place += 1
            if node >= _VALUE_FROM:
                _, place = _node_value(units, place, node)
                node &= _VALUE_FROM - 1
            if node >= _BRANCH_BELOW:
                pending = node - _BRANCH_BELOW
        if pending >= 0:
            states = _add(
                units, place + 1, pending - 1, state, units[place],
                first, edges, places, pendings, states,
            )  # fmt: skip
            state += 1
            continue
        if node == 0:
            node = np.int64(units[place])
            place += 1
        stack[0], lengths[0] = place, node + 1
        depth = 1
        while depth > 0:  # the halves of a branch, a binary search as ICU reads it
            depth -= 1
            place, length = stack[depth], lengths[depth]
            if length > _LINEAR_SEARCH:
                delta, after = _delta(units, place + 1)
                stack[depth], lengths[depth] = after + delta, length >> 1
                stack[depth + 1], lengths[depth + 1] = after, length - (length >> 1)
                depth += 2
                continue
            for k in range(length):
                character = units[place]
                target = place + 1
                if k < length - 1:
                    lead = np.int64(units[target])
                    value, place = _value(units, target + 1, lead & 0x7FFF)
                    if not lead & _IS_FINAL:
                        target = place + value
                states = _add(
                    units, target, -1, state, character, first, edges, places, pendings, states
                )
        state += 1
    return states


@cache
def dictionary() -> Dictionary:
    """ICU's dictionary, read on first use (some tens of milliseconds) and kept for the process (8 MB)."""
    first, edges = np.zeros(1 << 16, np.uint64), np.zeros(1 << 20, np.uint64)
    if _read_trie(icu.cjk_trie(), first, edges, 1 << _STATE_BITS) < 0:
        raise RuntimeError("ICU's dictionary has outgrown filters.cjk: raise _STATE_BITS")
    return Dictionary(first, edges)


@leaf(inline="always")
def _character(buffer, place):
    """The code point of the three bytes at `place`."""
    return (
        (np.int32(buffer[place]) & 0x0F) << 12
        | (np.int32(buffer[place + 1]) & 0x3F) << 6
        | (np.int32(buffer[place + 2]) & 0x3F)
    )


@leaf
def cut(buffer, begin, end, first, edges, characters, costs, previous):
    """The last characters of words: `previous[i]` is where the word ends that stands before the one that ends at i.

    buffer[begin:end] is plain, so three bytes a character. The arrays after `edges` are scratch, longer than the
    run has characters; `previous` int32 is the result. Returns the number of characters.
    """
    mask = np.uint64(len(edges) - 1)
    n = (end - begin) // 3
    for i in range(n):
        characters[i] = _character(buffer, begin + 3 * i)
        costs[i + 1] = 0xFFFFFFFF
    costs[0] = 0
    after_katakana = False
    for i in range(n):
        reached = costs[i]
        character = np.int64(characters[i])
        katakana = _is_katakana(character)
        if reached != 0xFFFFFFFF:
            edge = first[character]
            if not edge & _COST and reached + _UNKNOWN < costs[i + 1]:
                costs[i + 1], previous[i + 1] = reached + _UNKNOWN, i
            j = i + 1
            while edge != 0:
                if edge & _COST:
                    cost = np.uint32(reached + np.uint32(edge & _COST) - np.uint32(1))
                    if cost < costs[j]:
                        costs[j], previous[j] = cost, i
                state = edge >> _NEXT & np.uint64((1 << _STATE_BITS) - 1)
                if state == 0 or j == n or j == i + _LONGEST_WORD:
                    break
                key = state << np.uint64(16) | np.uint64(characters[j])
                j += 1
                slot = _slot(key, mask)
                while edges[slot] >> _CHARACTER != key and edges[slot] != 0:
                    slot = (slot + np.uint64(1)) & mask
                edge = edges[slot]
            if katakana and not after_katakana:
                j = i + 1
                while j < n and j - i < _LONGEST_KATAKANA and _is_katakana(characters[j]):
                    j += 1
                if j - i < _LONGEST_KATAKANA:
                    length = j - i if j - i < len(_KATAKANA_COSTS) else 0
                    cost = np.uint32(reached + _KATAKANA_COSTS[length])
                    if cost < costs[j]:
                        costs[j], previous[j] = cost, i
            after_katakana = katakana
    return n
