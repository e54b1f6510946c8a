"""What is measured of each block by itself: its text, its like in the page, and its words in the title."""

import math

import numpy as np

from polysieve.compiling import leaf
from polysieve.filters import characters
from polysieve.filters.utf8 import decode_call
from polysieve.pipeline.extract.markup import HASH_PRIME, HASH_START
from polysieve.pipeline.extract.outline import CONTAINER, END, LINK_BYTES, SIGNATURE, START

# Measures of a block's text alone.
WIDTH, WORDS, LETTERS, DIGITS, SYMBOLS, UPPER, SENTENCES, ENDS, FIRST, COMMAS, COLON = range(11)
MEASURES = 11

COMMA_CODES = np.array([0x2C, 0x060C, 0x3001, 0xFF0C, 0x055D, 0x1363, 0x1802, 0x104A], np.int32)


@leaf
def measure(text, blocks, measures, kind, properties, commas):
    for b in range(blocks.shape[0]):
        i, end = np.int64(blocks[b, START]), np.int64(blocks[b, END])
        width = words = letters = digits = symbols = upper = sentences = comma = 0
        first = 0
        last = np.int32(0)
        in_word = False
        while i < end:
            if text[i] < 0x80:
                code = np.int32(text[i])
                i += 1
            else:
                code, i = decode_call(text, i, end)
            bits = properties[code]
            if bits & characters.IS_SPACE:
                in_word = False
                continue
            if kind[code] == characters.JOINER:
                continue
            wide = 0x3040 <= code <= 0x30FF or 0x3400 <= code <= 0x9FFF or 0xAC00 <= code <= 0xD7AF
            wide = wide or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF
            width += 3 if wide else 1
            if not in_word:
                words += 1
                in_word = True
            if not first:
                if bits & characters.IS_LOWER:
                    first = 1
                elif bits & characters.IS_LETTER:
                    first = 2
                elif bits & characters.IS_NUMBER:
                    first = 3
                else:
                    first = 4
            if bits & characters.IS_LETTER:
                letters += 1
                if bits & characters.IS_UPPER:
                    upper += 1
            elif bits & (characters.IS_NUMBER | characters.IS_DIGIT):
                digits += 1
            elif kind[code] == characters.SYMBOL:
                symbols += 1
                if bits & characters.ENDS_SENTENCE:
                    sentences += 1
                else:
                    for k in range(commas.size):
                        if code == commas[k]:
                            comma += 1
            if not _closes(code):
                last = code
        row = measures[b]
        row[WIDTH], row[WORDS], row[LETTERS], row[DIGITS] = width, words, letters, digits
        row[SYMBOLS], row[UPPER], row[SENTENCES] = symbols, upper, sentences
        row[ENDS] = 1.0 if properties[last] & characters.ENDS_SENTENCE or last == 0x2026 else 0.0
        row[FIRST], row[COMMAS] = first, comma
        row[COLON] = 1.0 if last == 0x3A or last == 0xFF1A else 0.0


@leaf
def _closes(code):
    """Quotation marks and brackets that may follow the end of a sentence."""
    return (
        code == 0x22 or code == 0x27 or code == 0x29 or code == 0x5D or code == 0xBB
        or 0x2018 <= code <= 0x201F or code == 0x203A or 0x300D <= code <= 0x300F or code == 0xFF09
    )  # fmt: skip


@leaf
def place_of(keys, key):
    """Where a key is, or is to be put, in an open-addressing table."""
    mask = np.int64(keys.size - 1)
    if key == np.uint64(0):
        key = np.uint64(1)
    place = np.int64(key ^ (key >> np.uint64(32))) & mask
    while keys[place] != np.uint64(0) and keys[place] != key:
        place = (place + 1) & mask
    keys[place] = key
    return place


@leaf
def measure_alike(blocks, containers, measures, keys, counts, shares):
    """Of blocks in containers of the same tags and classes: count, width's share of the page, links, mean width."""
    total = np.float32(1)
    for b in range(blocks.shape[0]):
        place = place_of(keys, np.uint64(containers[blocks[b, CONTAINER], SIGNATURE]))
        width = measures[b, WIDTH]
        total += width
        counts[place, 0] += 1
        counts[place, 1] += width
        counts[place, 2] += width * link_share(blocks, b)
        counts[place, 3] += math.log1p(width)
    for b in range(blocks.shape[0]):
        place = place_of(keys, np.uint64(containers[blocks[b, CONTAINER], SIGNATURE]))
        shares[b, 0] = math.log1p(counts[place, 0])
        shares[b, 1] = counts[place, 1] / total
        shares[b, 2] = counts[place, 2] / max(counts[place, 1], np.float32(1))
        shares[b, 3] = counts[place, 3] / counts[place, 0]


@leaf
def link_share(blocks, b):
    return np.float32(blocks[b, LINK_BYTES]) / np.float32(blocks[b, END] - blocks[b, START])


@leaf
def count_repeated(text, blocks, keys, counts, repeated):
    """How often the page has a block of the same text."""
    for turn in range(2):
        for b in range(blocks.shape[0]):
            key = HASH_START
            for i in range(blocks[b, START], blocks[b, END]):
                key = (key ^ np.uint64(text[i])) * HASH_PRIME
            place = place_of(keys, key)
            if turn == 0:
                counts[place, 0] += 1
            else:
                repeated[b] = min(counts[place, 0], np.float32(9))


@leaf
def _is_word_byte(byte):
    return byte >= 0x80 or 97 <= (byte | 32) <= 122 or 48 <= byte <= 57


@leaf
def compare_title(text, blocks, title, words, in_title):
    """Of each block, the share of its words that the title has, and of the title's words that it has.

    words: uint64[256], work space. Only the first 64 words of either count.
    """
    in_all = 0
    key = HASH_START
    for i in range(title.size + 1):
        if i < title.size and _is_word_byte(title[i]):
            key = (key ^ np.uint64(_folded(title[i]))) * HASH_PRIME
        elif key != HASH_START:
            if in_all < 64:
                place_of(words, key)
                in_all += 1
            key = HASH_START
    if in_all == 0:
        return
    for b in range(blocks.shape[0]):
        found = counted = 0
        key = HASH_START
        start, end = blocks[b, START], blocks[b, END]
        if end - start > 1024:
            continue
        for i in range(start, end + 1):
            if i < end and _is_word_byte(text[i]):
                key = (key ^ np.uint64(_folded(text[i]))) * HASH_PRIME
            elif key != HASH_START:
                counted += 1
                found += _is_in(words, key)
                key = HASH_START
                if counted == 64:
                    break
        in_title[b, 0] = np.float32(found) / np.float32(max(counted, 1))
        in_title[b, 1] = min(np.float32(found) / np.float32(in_all), np.float32(1))


@leaf
def _folded(byte):
    return byte | 32 if 65 <= byte <= 90 else byte


@leaf
def _is_in(keys, key):
    mask = np.int64(keys.size - 1)
    place = np.int64(key ^ (key >> np.uint64(32))) & mask
    while keys[place] != np.uint64(0):
        if keys[place] == key:
            return 1
        place = (place + 1) & mask
    return 0
