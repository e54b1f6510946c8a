"""Where words begin and end: one scan of the UTF-8 buffer, then ICU for scripts that need a dictionary.

Script decides, never the label, so that a Thai sentence inside an English page is cut like any other.

* A word is a run of letters, numbers and marks. Format characters inside it (ZWJ, ZWNJ, soft hyphen) do not
  end it. Punctuation inside it does not either where writers mean one word (`_joins`).
* An address ("https://example.org/a?b=1") is one word, without the punctuation at its end.
* Any other character that is not white space is a token by itself, with the marks upon it; a run of the same
  one of `. - ~ | \\ / ^ @` is one token.
* Letters of Thai, Lao, Khmer, Burmese, Chinese and Japanese are cut by ICU's dictionaries: by ICU itself, or, plain
  Han and Kana, by `filters.cjk`, which finds the same words.
* Tibetan is cut into syllables, each with its tsheg. Scripts without spaces or dictionary (Javanese, Balinese,
  Tai Lue, Yi, …) are cut into letters with their marks.
* Korean is cut at spaces (eojeol).
"""

import numpy as np

from filters import icu
from filters.characters import (
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
from filters.cjk import cut, is_plain
from filters.compiling import kernel, leaf
from filters.hashing import EOJEOL, SYMBOLS
from filters.utf8 import decode, decode_call

# What a language's orthography says of two marks inside words, as bits. The sets are those of the tokenisers
# that FineWeb2's stop lists and limits were made with.
ELIDES = 1  # an apostrophe ends an article or pronoun: "l'eau" is two words
HYPHENATES = 2  # a hyphen between letters is part of the word: "E-Mail" is one
ENDS_WITH_HYPHEN = 4  # a hyphen ends an article: Maltese "il-kelb" is two words
_ELIDE = (
    "cat fra frp fur ita lij lld lmo nap nrf nrm pcd pms roh scn vec wln",
    ELIDES,
)
_HYPHENATE = (
    "arg ast bak bar bos cat ckm cnr cos dan deu ell ext fin fit fkv gos gsw hbs hrx hun kir krl ksh lad "
    "lim liv lud ltz mwl nds nld nno nob nor oci olo pdc pdt pfl pnt por ron rup sdc spa srd srp swe swg tat "
    "vep vls vot zea",
    HYPHENATES,
)
_HYPHEN_ENDS = ("mlt", ENDS_WITH_HYPHEN)


def _orthographies() -> dict[str, int]:
    found: dict[str, int] = {}
    for codes, bit in (_ELIDE, _HYPHENATE, _HYPHEN_ENDS):
        for code in codes.split():
            found[code] = found.get(code, 0) | bit
    return found


_ORTHOGRAPHY = _orthographies()


def orthography(label: str) -> int:
    """The bits of a label's language; 0 for a language of which nothing is known."""
    return _ORTHOGRAPHY.get(label.partition("_")[0], 0)


# Scripts that write no spaces: a word is what a dictionary says, and an edit moves its neighbours' borders.
UNSPACED_SCRIPTS = (
    "Hani", "Hans", "Hant", "Jpan", "Thai", "Laoo", "Khmr", "Mymr", "Tibt", "Lana", "Talu", "Tale", "Tavt",
    "Ahom", "Java", "Bali", "Yiii", "Nshu", "Tang", "Kits",
)  # fmt: skip

# A document is cut into at most about so many tokens, a letter that needs a dictionary counting as one; what follows
# is left uncut. That bounds what a document takes in memory. No page comes near: it is a book of seven million letters.
MOST_TOKENS = 3 << 19

# Given for cutting, a run goes to ICU in pieces: bounded memory for a document without any space.
_LONGEST_RUN = 4096
_WINDOW = 1 << 15
# Flags that only this file and filters.words see.
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
    """The end of a run of letters that need a dictionary, at most about _LONGEST_RUN characters, and whether
    all of it is plain Han and Kana."""
    last = i
    n = 1
    while i < end:
        code, after = decode_call(buffer, i, end)
        k = kind[code]
        if k == DICTIONARY and n >= _LONGEST_RUN:
            break
        if MARK <= k <= DICTIONARY:
            last = after
        elif k != JOINER:
            break
        plain = plain and is_plain(code)
        i = after
        n += 1
        if n >= 2 * _LONGEST_RUN:
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
    units = np.empty(_WINDOW + 4 * _LONGEST_RUN + 8, np.uint16)
    places = np.empty(len(units), np.int64)
    status = np.zeros(1, np.int32)
    characters = np.empty(2 * _LONGEST_RUN + 1, np.uint16)
    costs = np.empty(2 * _LONGEST_RUN + 1, np.uint32)
    previous = np.empty(2 * _LONGEST_RUN + 1, np.int32)
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
