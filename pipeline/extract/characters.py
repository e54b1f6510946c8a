"""Writing a run of a page's text: white space collapsed as browsers do, character references resolved."""

import numpy as np

from polysieve.compiling import leaf
from polysieve.pipeline.extract.markup import (
    HASH_PRIME,
    HASH_START,
    LEGACY,
    LONGEST_LEGACY,
    look_up,
)
from polysieve.pipeline.extract.tags import is_letter

_AMPERSAND, _LESS, _SEMICOLON, _HASH_SIGN = (np.uint8(ord(c)) for c in "&<;#")
_LONGEST_NAME = 32
_NO_BREAK_SPACE = 0xA0


@leaf
def text_end(page, i):
    """The index of the next "<" that begins markup, at or after i."""
    n = page.size
    while i < n:
        if page[i] == _LESS and i + 1 < n:
            following = page[i + 1]
            if is_letter(following) or following == 33 or following == 47 or following == 63:
                return i
        i += 1
    return n


@leaf
def write_text(page, start, end, text, size, block_start, space, preformatted, known):
    """Writes page[start:end] at text[size:]: (new size, whether a space is due before what follows).

    block_start: where the block begins in `text`; space: whether one is due. A space is written only
    between two characters of a line. No-break spaces are spaces: pages use them as such.
    """
    i = start
    while i < end:
        byte = page[i]
        if byte > 32 and byte != _AMPERSAND and byte != 0xC2 and byte != 127:
            if space:
                if size > block_start and text[size - 1] != 10:
                    text[size] = 32
                    size += 1
                space = False
            text[size] = byte
            size += 1
            i += 1
            continue
        if byte == _AMPERSAND:
            code, row, after = _reference(page, i, end, known)
            i = after
        elif byte == 0xC2 and i + 1 < end:
            code, row = np.int64(page[i + 1]), np.int64(-1)  # U+0080 to U+00BF
            i += 2
        else:
            code, row = np.int64(byte), np.int64(-1)
            i += 1
        if row < 0 and (code == _NO_BREAK_SPACE or code == 32 or 9 <= code <= 13):
            if not preformatted:
                space = True
            elif code == 13:
                if i >= end or page[i] != 10:
                    text[size] = 10
                    size += 1
            else:
                text[size] = 32 if code == _NO_BREAK_SPACE else np.uint8(code)
                size += 1
            continue
        if row < 0 and (code < 32 or 127 <= code < 160):
            continue  # controls
        if space:
            if size > block_start and text[size - 1] != 10:
                text[size] = 32
                size += 1
            space = False
        if row >= 0:
            for j in range(known.reference_offsets[row], known.reference_offsets[row + 1]):
                text[size] = known.reference_text[j]
                size += 1
        else:
            size = _write_code(text, size, code)
    return size, space


@leaf
def _write_code(text, size, code):
    if code < 0x80:
        text[size] = code
        return size + 1
    if code < 0x800:
        text[size] = 0xC0 | code >> 6
        text[size + 1] = 0x80 | code & 0x3F
        return size + 2
    if code < 0x10000:
        text[size] = 0xE0 | code >> 12
        text[size + 1] = 0x80 | code >> 6 & 0x3F
        text[size + 2] = 0x80 | code & 0x3F
        return size + 3
    text[size] = 0xF0 | code >> 18
    text[size + 1] = 0x80 | code >> 12 & 0x3F
    text[size + 2] = 0x80 | code >> 6 & 0x3F
    text[size + 3] = 0x80 | code & 0x3F
    return size + 4


@leaf
def _reference(page, start, end, known):
    """What the "&" at `start` begins: (code point, row of the table of names or -1, index after it).

    A lone ampersand is itself.
    """
    i = start + 1
    if i < end and page[i] == _HASH_SIGN:
        return _numeric(page, start, end, known)
    key = HASH_START
    legacy, legacy_end = np.int64(-1), i
    while i < end and i <= start + _LONGEST_NAME and (is_letter(page[i]) or 48 <= page[i] <= 57):
        key = (key ^ np.uint64(page[i])) * HASH_PRIME
        i += 1
        if i <= start + 1 + LONGEST_LEGACY:
            value = look_up(known.reference_keys, known.reference_values, key)
            if value & LEGACY:
                legacy, legacy_end = (value & ~LEGACY) - 1, i
    if i < end and page[i] == _SEMICOLON:
        value = look_up(known.reference_keys, known.reference_values, key)
        if value:
            legacy, legacy_end = (value & ~LEGACY) - 1, i + 1
    if legacy < 0:
        return np.int64(_AMPERSAND), np.int64(-1), start + 1
    if legacy_end < end and page[legacy_end] == _SEMICOLON:
        legacy_end += 1
    first = known.reference_offsets[legacy]
    if known.reference_offsets[legacy + 1] - first == 1:
        return np.int64(known.reference_text[first]), np.int64(-1), legacy_end
    if known.reference_offsets[legacy + 1] - first == 2 and known.reference_text[first] == 0xC2:
        return np.int64(known.reference_text[first + 1]), np.int64(-1), legacy_end
    return np.int64(0), legacy, legacy_end


@leaf
def _numeric(page, start, end, known):
    i = start + 2
    base = 10
    if i < end and (page[i] | 32) == 120:
        base = 16
        i += 1
    code = np.int64(0)
    digits = i
    while i < end:
        byte = np.int64(page[i])
        if 48 <= byte <= 57:
            digit = byte - 48
        elif base == 16 and 97 <= (byte | 32) <= 102:
            digit = (byte | 32) - 87
        else:
            break
        code = min(code * base + digit, 0x110000)
        i += 1
    if i == digits:
        return np.int64(_AMPERSAND), np.int64(-1), start + 1
    if i < end and page[i] == _SEMICOLON:
        i += 1
    if 128 <= code < 160:
        code = np.int64(known.c1[code - 128])
    if code == 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000:
        code = np.int64(0xFFFD)
    return code, np.int64(-1), i
