"""Where words begin and end: one scan of the UTF-8 buffer, which leaves runs that need a dictionary whole.

Script decides, never the label, so that a Thai sentence inside an English page is cut like any other.

* A word is a run of letters, numbers and marks. Format characters inside it (ZWJ, ZWNJ, soft hyphen) do not
  end it. Punctuation inside it does not either where writers mean one word (`_joins`).
* An address ("https://example.org/a?b=1") is one word, without the punctuation at its end.
* Any other character that is not white space is a token by itself, with the marks upon it; a run of the same
  one of `. - ~ | \\ / ^ @` is one token.
* Letters of Thai, Lao, Khmer, Burmese, Chinese and Japanese need a dictionary (`filters.dictionary_words`).
* Tibetan is cut into syllables, each with its tsheg. Scripts without spaces or dictionary (Javanese, Balinese,
  Tai Lue, Yi, …) are cut into letters with their marks.
* Korean is cut at spaces (eojeol).
"""

import numpy as np

from polysieve.compiling import kernel, leaf
from polysieve.filters.characters import (
    CLUSTER,
    DICTIONARY,
    DIGIT,
    IS_HANGUL,
    IS_LOWER,
    IS_UPPER,
    JOINER,
    LETTER,
    MARK,
    SYMBOL,
    TSHEG,
)
from polysieve.filters.cjk import is_plain
from polysieve.filters.hashing import EOJEOL, SYMBOLS
from polysieve.filters.orthography import ELIDES, ENDS_WITH_HYPHEN, HYPHENATES
from polysieve.filters.utf8 import decode, decode_call

# A document is cut into at most about so many tokens, a letter that needs a dictionary counting as one; what follows
# is left uncut. That bounds what a document takes in memory. No page comes near: it is a book of seven million letters.
MOST_TOKENS = 3 << 19

# A run that needs a dictionary is given for cutting in pieces of at least so many letters, at most twice as many:
# bounded memory for a document without any space.
LONGEST_RUN = 4096
# Flags that only this file, filters.dictionary_words and filters.words see.
NEEDS_DICTIONARY = 255
IS_PLAIN_CJK = 254  # needs it, too

_ZWJ = 0x200D
_FIRST_MARK = 0xCC  # no combining mark begins with a lower byte (U+0300)


@leaf(inline="always")
def _is_apostrophe(code):
    return code == 0x27 or code == 0x2019 or code == 0x2018 or code == 0x60 or code == 0xB4


@leaf
def _joins(before, code, after, spelling, kind, properties):
    """Whether a symbol between two word characters stays inside the word.

    Apostrophes; the full stop in abbreviations, numbers and host names (not in "end.Next"); comma, colon and
    slash beside a digit; the hyphen between letter and digit ("covid-19") and where the language spells so;
    underscore, ampersand and at sign; Catalan's middle dot; Hebrew's geresh and gershayim; Armenian's marks of
    stress, which are written over the vowel.
    """
    if not LETTER <= kind[after] <= MARK:
        return False
    digit_before, digit_after = kind[before] == DIGIT, kind[after] == DIGIT
    if _is_apostrophe(code) or code == 0x5F or code == 0x26 or code == 0x40:
        return True
    if code == 0x2E:
        return not (properties[before] & IS_LOWER and properties[after] & IS_UPPER)
    if code == 0x2C or code == 0x66B or code == 0x66C:
        return digit_before and digit_after
    if code == 0x3A or code == 0x2F:
        return digit_before or digit_after
    if code == 0x2D or code == 0x2010 or code == 0x2011:
        if digit_before or digit_after:
            return digit_before != digit_after
        return (spelling & (HYPHENATES | ENDS_WITH_HYPHEN)) != 0
    if code == 0xB7:
        return not (digit_before or digit_after)
    if code == 0x22:
        return 0x590 <= before <= 0x5FF and 0x590 <= after <= 0x5FF
    return code == 0x5F3 or code == 0x5F4 or code == 0x55B or code == 0x55C or code == 0x55E


@leaf(inline="always")
def _repeats(code):
    """Whether a run of this symbol is one token."""
    return (
        code == 0x2E or code == 0x2D or code == 0x7E or code == 0x7C
        or code == 0x5C or code == 0x2F or code == 0x5E or code == 0x40
    )  # fmt: skip


@leaf
def _address_end(buffer, i, end, kind):
    """The end of the address whose "//" begins at byte `i`: the next space, without punctuation before it."""
    last = i + 2
    while i < end:
        code, i = decode_call(buffer, i, end)
        k = kind[code]
        if k <= JOINER or MARK < k < SYMBOL or code == 0x3C or code == 0x3E or code == 0x22:
            break
        if k != SYMBOL or code == 0x2F:
            last = i
    return last


@leaf
def _before(buffer, i):
    """The code point that ends at byte `i`, in text already decoded."""
    start = i - 1
    while buffer[start] & 0xC0 == 0x80:
        start -= 1
    code, _ = decode_call(buffer, start, i)
    return code


@leaf(inline="always")
def _word_end(buffer, i, end, hangul, spelling, kind, properties):
    """The end of the word whose first character ends at byte `i`, and whether every letter is Hangul."""
    while i < end:
        if buffer[i] < 0x80 and LETTER <= kind[buffer[i]] <= DIGIT:
            hangul = False
            i += 1
            continue
        code, after = decode(buffer, i, end)
        k = kind[code]
        if LETTER <= k <= MARK:
            hangul = hangul and (k == MARK or properties[code] & IS_HANGUL != 0)
            i = after
        elif k == JOINER:
            # At the end of a word it is no part of it, but for ZWJ, which shapes the letter before it.
            following = np.int32(0)
            place = after
            while place < end:
                following, beyond = decode_call(buffer, place, end)
                if kind[following] != JOINER:
                    break
                place = beyond
            if place == end or not LETTER <= kind[following] <= MARK:
                if code == _ZWJ:
                    i = after
                break
            i = place
        elif k == TSHEG:
            i = after
            break
        elif k == SYMBOL and after < end and buffer[after] > 0x20:
            following = np.int32(buffer[after])
            if following >= 0x80:
                following, _ = decode_call(buffer, after, end)
            if code == 0x3A and following == 0x2F and after + 1 < end and buffer[after + 1] == 0x2F:
                i = _address_end(buffer, after, end, kind)
                hangul = False
                break
            before = np.int32(buffer[i - 1])
            if before >= 0x80:
                before = _before(buffer, i)
            if not _joins(before, code, following, spelling, kind, properties):
                break
            if spelling and kind[before] == LETTER and kind[following] == LETTER:
                if spelling & ELIDES and _is_apostrophe(code):
                    i = after
                    break
                if spelling & ENDS_WITH_HYPHEN and code == 0x2D:
                    i = after
                    break
            hangul = False
            i = after
        else:
            break
    return i, hangul


@leaf
def _run_end(buffer, i, end, plain, kind):
    """The end of a run of letters that need a dictionary, at most about LONGEST_RUN characters, and whether
    all of it is plain Han and Kana."""
    last = i
    n = 1
    while i < end:
        code, after = decode_call(buffer, i, end)
        k = kind[code]
        if k == DICTIONARY and n >= LONGEST_RUN:
            break
        if MARK <= k <= DICTIONARY:
            last = after
        elif k != JOINER:
            break
        plain = plain and is_plain(code)
        i = after
        n += 1
        if n >= 2 * LONGEST_RUN:
            break
    return last, plain


@leaf
def _marks_end(buffer, i, end, kind):
    while i < end:
        code, after = decode_call(buffer, i, end)
        if kind[code] != MARK:
            break
        i = after
    return i


@kernel
def _grown(array, used, size):
    larger = np.empty(size, array.dtype)
    for i in range(used):
        larger[i] = array[i]
    return larger


@leaf
def _scan_document(buffer, i, end, spelling, kind, properties, starts, ends, flags, m):
    """Write the tokens of one document from place `m` on, MOST_TOKENS at most.

    Returns the place after the last, and the byte up to which the document is cut.
    """
    left = MOST_TOKENS
    while i < end and left > 0:
        code, after = decode(buffer, i, end)
        k = kind[code]
        if k <= JOINER:
            i = after
            continue
        flag = 0
        if LETTER <= k <= MARK:
            hangul = (properties[code] & IS_HANGUL) != 0
            stop, hangul = _word_end(buffer, after, end, hangul, spelling, kind, properties)
            if hangul:
                flag = EOJEOL
        elif k == DICTIONARY:
            stop, plain = _run_end(buffer, after, end, is_plain(code), kind)
            flag = IS_PLAIN_CJK if plain else NEEDS_DICTIONARY
            left -= (stop - i) // 3
        elif k == CLUSTER:
            stop = _marks_end(buffer, after, end, kind)
        else:
            stop = after
            if _repeats(code):
                while stop < end and buffer[stop] == code:
                    stop += 1
            if stop < end and buffer[stop] >= _FIRST_MARK:
                stop = _marks_end(buffer, stop, end, kind)
            flag = SYMBOLS
        starts[m], ends[m], flags[m] = i, stop, flag
        m += 1
        i = stop
        left -= 1
    return m, i


@kernel
def scan(buffer, text_offsets, spellings, tables):
    """Tokens of every document, those that need a dictionary uncut.

    buffer uint8; text_offsets int64[n+1]; spellings uint8[n]: `orthography` of each. Returns
    (documents int64[n+1], starts int64[m], ends int64[m], flags uint8[m], text_ends int64[n]); the last is
    the end of each document, or of what MOST_TOKENS leave of it.
    """
    kind, properties = tables[0], tables[1]
    n = len(text_offsets) - 1
    documents, text_ends = np.zeros(n + 1, np.int64), np.empty(n, np.int64)
    room = np.int64(min((text_offsets[n] - text_offsets[0]) // 4, MOST_TOKENS) + 64)
    starts = np.empty(room, np.int64)
    ends = np.empty(room, np.int64)
    flags = np.empty(room, np.uint8)
    m = np.int64(0)
    for d in range(n):
        begin, end = text_offsets[d], text_offsets[d + 1]
        most = min(end - begin, MOST_TOKENS)  # no document has more tokens than bytes
        if m + most > room:
            room = m + most + room // 2
            starts, ends, flags = (
                _grown(starts, m, room),
                _grown(ends, m, room),
                _grown(flags, m, room),
            )
        m, text_ends[d] = _scan_document(
            buffer, begin, end, spellings[d], kind, properties, starts, ends, flags, m
        )
        documents[d + 1] = m
    return documents, starts[:m], ends[:m], flags[:m], text_ends
