"""Reading one tag: its name, and of its attributes what the block parser and the features go by."""

import numpy as np

from polysieve.compiling import leaf
from polysieve.pipeline.extract.markup import HASH_PRIME, HASH_START, look_up, name_hash


def _hashes(names: str) -> list[np.uint64]:
    return [np.uint64(name_hash(name)) for name in names.split()]


_CLASS, _ID, _ROLE, _ITEMPROP, _STYLE, _HIDDEN, _ARIA, _HREF, _REL, _TYPE = _hashes(
    "class id role itemprop style hidden aria-hidden href rel type"
)
_NAME, _PROPERTY = _hashes("name property")
_DISPLAY, _NONE, _VISIBILITY, _TRUE = _hashes("display none visibility true")
_LICENSE, _CREATIVECOMMONS, _JSON, _CANONICAL = _hashes("license creativecommons json canonical")

# What `read_attributes` finds, as bits.
HIDDEN = 1  # `hidden`, or a style that says so
ARIA_HIDDEN = 2
LINKS = 4  # has `href`
LICENCE = 8  # `rel` says license, or `href` leads to Creative Commons
JSON = 16  # `type` is some JSON
CLOSED = 32  # ends in "/>"
CANONICAL = 64  # `rel` says canonical
DATE = 128  # a name of a date of publication

_LESS, _GREATER, _SLASH, _EQUALS, _DASH = (np.uint8(ord(c)) for c in "<>/=-")
_QUOTE, _APOSTROPHE = np.uint8(ord('"')), np.uint8(ord("'"))
_LONGEST_DATE = 32  # bytes of a name of a date
_HREF_BYTES = 48  # of an address, that are looked at


@leaf
def is_space(byte):
    return byte == 32 or byte == 10 or byte == 9 or byte == 13 or byte == 12


@leaf
def is_letter(byte):
    return 97 <= (byte | 32) <= 122


@leaf
def lower(byte):
    return byte + np.uint8(32) if 65 <= byte <= 90 else byte


@leaf
def read_name(page, i):
    """The hash of the tag's name that starts at i, and the index after it."""
    n = page.size
    key = HASH_START
    while i < n and not (is_space(page[i]) or page[i] == _SLASH or page[i] == _GREATER):
        key = (key ^ np.uint64(lower(page[i]))) * HASH_PRIME
        i += 1
    return key, i


@leaf
def skip_to_attribute(page, i):
    """Where the next attribute of a tag starts; at ">" or the page's end where there is none."""
    while i < page.size and (is_space(page[i]) or page[i] == _SLASH):
        i += 1
    return i


@leaf
def read_attribute(page, i):
    """The attribute that starts at i: (hash of its name, start and end of its value, index after it).

    Without a value, start is -1.
    """
    n = page.size
    key = HASH_START
    start = i
    while i < n and (page[i] != _EQUALS or i == start):  # a name may begin with "="
        byte = page[i]
        if is_space(byte) or byte in (_SLASH, _GREATER):
            break
        key = (key ^ np.uint64(lower(byte))) * HASH_PRIME
        i += 1
    j = i
    while j < n and is_space(page[j]):
        j += 1
    if j >= n or page[j] != _EQUALS:
        return key, -1, -1, i
    i = j + 1
    while i < n and is_space(page[i]):
        i += 1
    start = i
    if i < n and (page[i] == _QUOTE or page[i] == _APOSTROPHE):
        quote = page[i]
        start += 1
        i += 1
        while i < n and page[i] != quote:
            i += 1
        return key, start, i, min(i + 1, n)
    while i < n and not (is_space(page[i]) or page[i] == _GREATER):
        i += 1
    return key, start, i, i


@leaf
def read_attributes(page, i, wanted, known, marks):
    """Reads attributes from i to the tag's end: (index after ">", bits of what was found).

    wanted: whether class, id and the like matter. Then marks[0] gets the places (see markup.PLACES) that
    they name, and marks[1] the attributes' hash, without digits.
    """
    n = page.size
    found = 0
    marks[0] = 0
    marks[1] = 0
    i = skip_to_attribute(page, i)
    while i < n and page[i] != _GREATER:
        key, start, end, i = read_attribute(page, i)
        i = skip_to_attribute(page, i)
        if start < 0:
            if key == _HIDDEN:
                found |= HIDDEN
            continue
        if key == _HREF:
            found |= LINKS
            if _has_word(page, start, min(end, start + _HREF_BYTES), _CREATIVECOMMONS):
                found |= LICENCE
        elif key in (_CLASS, _ID, _ROLE, _ITEMPROP):
            if wanted:
                _read_places(page, start, end, known.word_keys, known.word_values, marks)
        elif key == _STYLE:
            if _has_pair(page, start, end, _DISPLAY, _NONE) or _has_pair(
                page, start, end, _VISIBILITY, _HIDDEN
            ):
                found |= HIDDEN
        elif key == _REL:
            if _has_word(page, start, end, _LICENSE):
                found |= LICENCE
            if _has_word(page, start, end, _CANONICAL):
                found |= CANONICAL
        elif key == _HIDDEN:
            found |= HIDDEN
        elif key == _ARIA:
            if _has_word(page, start, end, _TRUE):
                found |= ARIA_HIDDEN
        elif key == _TYPE and _has_word(page, start, end, _JSON):
            found |= JSON
        if key in (_NAME, _PROPERTY, _ITEMPROP):
            name = HASH_START
            for k in range(start, min(end, start + _LONGEST_DATE)):
                name = (name ^ np.uint64(lower(page[k]))) * HASH_PRIME
            if look_up(known.date_keys, known.date_values, name):
                found |= DATE
    if i < n and page[i - 1] == _SLASH:
        found |= CLOSED
    return min(i + 1, n), found


@leaf
def _read_places(page, start, end, word_keys, word_values, marks):
    """Adds the places that the words of page[start:end] stand for, and its hash."""
    value = np.uint64(marks[1]) ^ HASH_START
    key = HASH_START
    places = np.int64(0)
    was_lower = False
    for i in range(start, end):
        byte = page[i]
        if not 48 <= byte <= 57:
            value = (value ^ np.uint64(byte)) * HASH_PRIME
        capital = 65 <= byte <= 90
        if not is_letter(byte) or (capital and was_lower):
            if key != HASH_START:
                places |= look_up(word_keys, word_values, key)
            key = HASH_START
        if is_letter(byte):
            key = (key ^ np.uint64(lower(byte))) * HASH_PRIME
        was_lower = 97 <= byte <= 122
    if key != HASH_START:
        places |= look_up(word_keys, word_values, key)
    marks[0] |= places
    marks[1] = np.int64(value)


@leaf
def _has_pair(page, start, end, first, second):
    """Whether the word `second` follows the word `first` in page[start:end]; words are runs of letters."""
    key = HASH_START
    before = HASH_START
    for i in range(start, end + 1):
        if i < end and is_letter(page[i]):
            key = (key ^ np.uint64(lower(page[i]))) * HASH_PRIME
        elif key != HASH_START:
            if key == second and before == first:
                return True
            before = key
            key = HASH_START
    return False


@leaf
def _has_word(page, start, end, word):
    key = HASH_START
    for i in range(start, end + 1):
        if i < end and is_letter(page[i]):
            key = (key ^ np.uint64(lower(page[i]))) * HASH_PRIME
        elif key != HASH_START:
            if key == word:
                return True
            key = HASH_START
    return False


@leaf
def after_comment(page, start):
    """Where the comment ends whose "<!", "<?" or "</" is at `start`; a bogus one ends at the next ">"."""
    n = page.size
    is_comment = start + 3 < n and page[start + 1] == 33 and page[start + 2] == _DASH
    if is_comment and page[start + 3] == _DASH:
        i = start + 4
        if i < n and page[i] == _GREATER:
            return i + 1
        while i < n:
            if page[i] == _GREATER and page[i - 1] == _DASH and page[i - 2] == _DASH:
                return i + 1
            i += 1
        return n
    i = start + 2
    while i < n and page[i] != _GREATER:
        i += 1
    return min(i + 1, n)


@leaf
def raw_text_end(page, i, name):
    """Where the end tag starts that closes the raw text element of that name's hash; the page's end if none."""
    n = page.size
    while i + 2 < n:
        if page[i] == _LESS and page[i + 1] == _SLASH and is_letter(page[i + 2]):
            key, end = read_name(page, i + 2)
            if key == name:
                return i
            i = end
        else:
            i += 1
    return n
