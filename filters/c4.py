"""C4's rules for documents (Raffel et al. 2020), as datatrove 0.10.1's C4QualityFilter and C4ParagraphFilter have them.

C4 takes out lines and then looks at what is left. Here no line is taken out; the counts are over the lines that would
be left. Two sets of lines are counted: those that C4 keeps, and those that it keeps when its test for terminal
punctuation is off (as in FineWeb), which knows `. ? ! " '` only and leaves nothing of a text in Chinese or Hindi.
"""

import numpy as np

from polysieve.compiling import kernel, leaf
from polysieve.filters.characters import (
    ENDS_LINE,
    ENDS_SENTENCE,
    IS_DIGIT,
    IS_SPACE,
    terminal_punctuation,
)
from polysieve.filters.lines import stripped
from polysieve.filters.utf8 import decode, decode_call

LONGEST_WORD = 1_000  # code points
FEWEST_WORDS = 3  # per line

# Columns of the counts that `count_c4` returns: of lines of C4's, then of lines of any ending.
(
    LOREM_IPSUM, CURLY_BRACKET, SENTENCES, ANY_LOREM_IPSUM, ANY_CURLY_BRACKET, ANY_SENTENCES,
    THIRD_LONGEST_LINE,
) = range(7)  # fmt: skip
COUNTS = 7

# Bits of what a line says.
_LOREM, _JAVASCRIPT, _POLICY = 1, 2, 4
_PHRASES = (
    (b"lorem ipsum", _LOREM),
    (b"javascript", _JAVASCRIPT),
    (b"terms of use", _POLICY),
    (b"privacy policy", _POLICY),
    (b"cookie policy", _POLICY),
    (b"uses cookies", _POLICY),
    (b"use of cookies", _POLICY),
    (b"use cookies", _POLICY),
)
_LETTERS = np.frombuffer(b"".join(phrase for phrase, _ in _PHRASES), np.uint8)
_ENDS = np.cumsum([len(phrase) for phrase, _ in _PHRASES])
_BITS = np.array([bit for _, bit in _PHRASES], np.uint8)
_CITATIONS = np.frombuffer(b"[edit][citation needed]", np.uint8)
# Six letters of each phrase: a text without any of them holds no phrase.
_RARE = np.frombuffer(b"m ipsuavascrms of vacy pcookie", np.uint8)
# The bytes that a phrase may begin with, in either case.
_BEGINS = np.zeros(256, np.bool_)
_BEGINS[[c for phrase, _ in _PHRASES for c in (phrase[0], phrase[0] - 0x20)]] = True
# The first bytes of the characters that end a line; the first two of the marks that end a sentence, where the second
# byte of an ASCII mark may be any.
_MAY_END_LINE = np.zeros(256, np.bool_)
_MAY_END_LINE[[*range(0x0A, 0x0E), *range(0x1C, 0x1F), 0xC2, 0xE2]] = True
_MAY_END_SENTENCE = np.zeros((256, 256), np.bool_)
for _code in terminal_punctuation():
    _bytes = chr(_code).encode()
    _MAY_END_SENTENCE[_bytes[0], _bytes[1] if len(_bytes) > 1 else slice(None)] = True
_BEGINS_MARK = _MAY_END_SENTENCE.any(axis=1)
# What may stand between the mark that ends a sentence and the space after it.
_CLOSERS = np.array(sorted(map(ord, "\"')]}’”»›」』】）〉》")), np.int32)


@leaf
def _lower(byte):
    return byte | 0x20 if 0x41 <= byte <= 0x5A else byte


@leaf
def _phrases(buffer, start, end):
    """Which of the phrases occur in a line, as bits."""
    found = 0
    for i in range(start, end):
        if not _BEGINS[buffer[i]]:
            continue
        first = 0
        for k in range(len(_ENDS)):
            size = _ENDS[k] - first
            if i + size <= end:
                same = 0
                while same < size and _lower(buffer[i + same]) == _LETTERS[first + same]:
                    same += 1
                if same == size:
                    found |= _BITS[k]
            first = _ENDS[k]
    return found


@leaf
def _citation_end(buffer, start, end, properties):
    r"""The byte after a citation that begins at `start` ("[12]", "[edit]", "[citation needed]"), or `start`."""
    i = start + 1
    while i < end:
        code, after = decode_call(buffer, i, end)
        if not properties[code] & IS_DIGIT:
            break
        i = after
    if i < end and buffer[i] == 0x5D:
        return i + 1
    for first, last in ((0, 6), (6, 23)):
        if start + last - first <= end:
            same = 0
            while same < last - first and buffer[start + same] == _CITATIONS[first + same]:
                same += 1
            if same == last - first:
                return start + same
    return start


@leaf
def _without_citations(buffer, start, end, properties, scratch):
    """Copy a line without its citations, and k for the Kelvin sign; returns the copy's length.

    The Kelvin sign is the one character outside ASCII whose small letter is in it.
    """
    n, i = 0, start
    while i < end:
        if buffer[i] == 0x5B:
            after = _citation_end(buffer, i, end, properties)
            if after > i:
                i = after
                continue
        if i + 2 < end and buffer[i] == 0xE2 and buffer[i + 1] == 0x84 and buffer[i + 2] == 0xAA:
            scratch[n] = 0x6B
            i += 3
        else:
            scratch[n] = buffer[i]
            i += 1
        n += 1
    return n


@leaf
def _is_closer(code):
    found = False
    for k in range(len(_CLOSERS)):
        found |= _CLOSERS[k] == code
    return found


@leaf
def _sentences(buffer, start, end, properties):
    """Sentences of a line.

    A run of marks of filters.characters' table ends one, with the closing quotes and brackets after it, where white
    space or the line's end follows; marks outside ASCII end one anywhere. What is left over is a sentence too.
    """
    count, i, rest = 0, start, start
    while i < end:
        if not _BEGINS_MARK[buffer[i]]:
            i += 1
            continue
        if i + 1 < end and not _MAY_END_SENTENCE[buffer[i], buffer[i + 1]]:
            i += 1
            continue
        code, i = decode(buffer, i, end)
        if not properties[code] & ENDS_SENTENCE:
            continue
        anywhere = code >= 0x80
        follows = True
        while i < end:
            code, after = decode_call(buffer, i, end)
            prop = properties[code]
            if prop & ENDS_SENTENCE:
                anywhere |= code >= 0x80
            elif not _is_closer(code):
                follows = (prop & IS_SPACE) != 0
                break
            i = after
        if follows or anywhere:
            count += 1
            rest = i
    while rest < end:
        code, rest = decode_call(buffer, rest, end)
        if not properties[code] & IS_SPACE:
            return count + 1
    return count


@leaf
def _ends_as_c4_wants(buffer, start, end):
    """Whether a line ends in one of . ? ! " ' and not in "..."."""
    if start == end:
        return False
    last = buffer[end - 1]
    if last == 0x2E:
        return end - start < 3 or buffer[end - 2] != 0x2E or buffer[end - 3] != 0x2E
    return last == 0x3F or last == 0x21 or last == 0x22 or last == 0x27


# Two loops without branches over bytes, which the compiler turns into vector code.


@leaf
def _may_say(text):
    """Whether a text may hold a phrase."""
    found, small = False, np.uint8(0x20)
    for k in range(0, len(_RARE), 6):
        a, b, c = _RARE[k], _RARE[k + 1], _RARE[k + 2]
        d, e, f = _RARE[k + 3], _RARE[k + 4], _RARE[k + 5]
        for i in range(len(text) - 5):
            found |= (
                ((text[i] | small) == a)
                & ((text[i + 1] | small) == b)
                & ((text[i + 2] | small) == c)
                & ((text[i + 3] | small) == d)
                & ((text[i + 4] | small) == e)
                & ((text[i + 5] | small) == f)
            )
    return found


@leaf
def _signs(text):
    """Whether a text has a curly bracket, and whether it has a square one, which citations have, or the Kelvin sign."""
    curly, square, kelvin = False, False, False
    for i in range(len(text)):
        curly |= text[i] == np.uint8(0x7B)
        square |= text[i] == np.uint8(0x5B)
    for i in range(len(text) - 2):
        kelvin |= (
            (text[i] == np.uint8(0xE2))
            & (text[i + 1] == np.uint8(0x84))
            & (text[i + 2] == np.uint8(0xAA))
        )
    return curly, square | kelvin


@leaf
def _may_have_long_word(buffer, start, end):
    """Whether some LONGEST_WORD + 1 bytes have no ASCII white space: looks back from where such a word would end."""
    while end - start > LONGEST_WORD:
        i = start + LONGEST_WORD
        while i >= start and buffer[i] > 0x20:
            i -= 1
        if i < start:
            return True
        start = i + 1
    return False


@leaf
def _words_are_fine(buffer, start, end, properties):
    """Whether a line has words enough and none too long."""
    words, word, i = 0, 0, start
    check_all = _may_have_long_word(buffer, start, end)
    while i < end:
        code, i = decode(buffer, i, end)
        if properties[code] & IS_SPACE:
            word = 0
            continue
        words += word == 0
        word += 1
        if word > LONGEST_WORD:
            return False
        if words == FEWEST_WORDS and not check_all:
            return True
    return words >= FEWEST_WORDS


@leaf
def _count_line(buffer, start, end, may_say, has_curly, is_special, properties, scratch, row):
    """Add a line of str.splitlines to `row`."""
    start, end = stripped(buffer, start, end, properties)
    if not _words_are_fine(buffer, start, end, properties):
        return
    if is_special:
        end = _without_citations(buffer, start, end, properties, scratch)
        buffer, start = scratch, 0
    punctuated = _ends_as_c4_wants(buffer, start, end)
    said = 0
    if (may_say or is_special) and _may_say(buffer[start:end]):
        said = _phrases(buffer, start, end)
    lorem = (said & _LOREM) != 0
    row[ANY_LOREM_IPSUM] += lorem
    row[LOREM_IPSUM] += lorem and punctuated
    if said & _JAVASCRIPT:
        return
    if has_curly:
        has_curly, _ = _signs(buffer[start:end])
        row[ANY_CURLY_BRACKET] += has_curly
        row[CURLY_BRACKET] += has_curly and punctuated
    if said & _POLICY:
        return
    sentences = _sentences(buffer, start, end, properties)
    row[ANY_SENTENCES] += sentences
    row[SENTENCES] += sentences * punctuated


@leaf
def _count_document(buffer, start, end, properties, scratch, row):
    may_say = _may_say(buffer[start:end])
    curly, special = _signs(buffer[start:end])
    longest, second, third = 0, 0, 0  # of lines between line feeds
    feeds = 0
    first = paragraph = i = start
    while i < end:
        if not _MAY_END_LINE[buffer[i]]:
            i += 1
            continue
        at = i
        code, i = decode(buffer, i, end)
        if not properties[code] & ENDS_LINE:
            continue
        if at > first:
            _count_line(buffer, first, at, may_say, curly, special, properties, scratch, row)
        first = i
        if code == 0x0A:
            feeds += 1
            longest, second, third = _ranked(buffer, paragraph, at, longest, second, third)
            paragraph = i
    if end > first:
        _count_line(buffer, first, end, may_say, curly, special, properties, scratch, row)
    longest, second, third = _ranked(buffer, paragraph, end, longest, second, third)
    row[THIRD_LONGEST_LINE] = third if feeds > 1 else 0


@leaf
def _ranked(buffer, start, end, longest, second, third):
    """The three largest of three sizes and that of a line, in code points."""
    if end - start <= third:
        return longest, second, third
    size = 0
    for i in range(start, end):
        size += (buffer[i] & 0xC0) != 0x80
    if size > longest:
        return size, longest, second
    if size > second:
        return longest, size, second
    return longest, second, max(third, size)


@kernel
def count_c4(buffer, text_offsets, tables, out):
    """Fill `out`, int64[n, COUNTS] of zeros, from n documents."""
    most = 0
    for d in range(len(text_offsets) - 1):
        most = max(most, text_offsets[d + 1] - text_offsets[d])
    scratch = np.empty(most, np.uint8)
    for d in range(len(text_offsets) - 1):
        _count_document(buffer, text_offsets[d], text_offsets[d + 1], tables[1], scratch, out[d])
