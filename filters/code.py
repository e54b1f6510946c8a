"""Program code, markup, configuration and logs: which lines look like them.

Language models call code English, whatever language its comments are in. What gives code away is the same in every
script, for its marks are ASCII: what stands next to what. Each pair of neighbouring bytes has points ("=>", "</",
"foo(", "a_b"), a line's first word and its last mark have some, and a line looks like code where it has at least LEAST
points and one for every WIDTH characters. Two signs, "camelCase" and "file.name", are common in names and orthographies
too and count only beside another. The points of addresses do not count. Up to GAP lines with too few points, none
longer than LONGEST_GAP characters, between two lines of code belong to them: a comment, a lone "else", a line of data.
"""

import numpy as np

from polysieve.compiling import kernel, leaf

LEAST = 2
WIDTH = 16
GAP = 2
LONGEST_GAP = 80

# Columns of the counts that `count_code` returns.
CODE_LINES, CODE_CHARACTERS, FILLED_LINES, FILLED_CHARACTERS = range(4)
COUNTS = 4

_BESIDE = 4
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
_ALNUM = _LOWER + _UPPER + "0123456789"

# Pairs that hardly stand anywhere else, and pairs that are rare elsewhere.
_STRONG = (  # noqa: SIM905
    """ () ({ }) {} [] }; }, {{ }} {" "} [{ }] </ /> <! <? ?> %> <% => -> :: == != += -= *= |= ++ && /* */ __ ;} := )(
    =" =' =[ ={ =( =- =/ =$ =. $( ${ @{ #{ (" (' ") ') [" [' "] '] ": ': ;" \\" (& (! ]) ]; )] """
).split()  # fmt: skip
_WEAK = """ // [/ \\\\ << >> #! %d %s ," ,' ", ', """.split()  # noqa: SIM905

_KEYWORDS = (  # noqa: SIM905
    "def class return import from if elif else for while try except finally with raise pass break continue yield "
    "assert lambda async await del global print function var let const export default public private protected "
    "static void int char float double bool unsigned struct typedef enum extern using namespace package "
    "switch case catch throw throws new delete null echo exit then end fi done esac do local sudo "
    "#include #define #if #ifdef #ifndef #endif #else #undef #pragma @import @media @property @override @param "
    "@return select insert update create alter where"
).split()  # fmt: skip


def _points() -> np.ndarray:
    """uint8[256, 256]: points of a byte after another; those that count only beside others in the high four bits."""
    points = np.zeros((256, 256), np.uint8)

    def add(first: str, second: str, value: int) -> None:
        for a in first:
            for b in second:
                points[ord(a), ord(b)] = max(points[ord(a), ord(b)], value)

    add(_ALNUM + "_", "([", 1)  # calls and subscripts
    add(_ALNUM, "_", 1)
    add("_", _ALNUM, 1)
    add(_LOWER, _UPPER, 1 << _BESIDE)
    add(_ALNUM + "_)]", "=", 1)
    add("=", _ALNUM + "_", 1)
    add(" ", "={}", 1)
    add("=", " ", 1)
    add("{", " " + _ALNUM, 1)
    add(")]", ".:{", 1)
    add(".", _LOWER + "_", 1 << _BESIDE)
    add("@", _LOWER + _UPPER + "_", 1)
    add("<", _LOWER + _UPPER, 2)
    for pairs, value in ((_WEAK, 1), (_STRONG, 2)):
        for pair in pairs:
            add(pair[0], pair[1], value)
    return points


def _key(word: str) -> int:
    """A word of at most 8 ASCII characters as a number, its bytes from low to high."""
    return int.from_bytes(word.encode()[:8], "little")


POINTS = _points()
KEYWORDS = np.array(sorted({_key(word) for word in _KEYWORDS}), np.uint64)

_SPACE, _TAB, _RETURN, _FEED = 0x20, 0x09, 0x0D, 0x0A
_COLON, _SLASH, _SEMICOLON, _OPEN, _CLOSE = 0x3A, 0x2F, 0x3B, 0x7B, 0x7D


@leaf
def _is_keyword(buffer, start, end, keywords):
    """Whether the word at `start` is a keyword; only its first 8 bytes count."""
    word, i = np.uint64(0), start
    while i < end and i - start < 8:
        byte = buffer[i]
        is_letter = 0x61 <= byte <= 0x7A
        if not is_letter and not (i == start and (byte == 0x23 or byte == 0x40)):
            break
        word |= np.uint64(byte) << np.uint64(8 * (i - start))
        i += 1
    low, high = 0, len(keywords)
    while low < high:
        middle = (low + high) // 2
        if keywords[middle] < word:
            low = middle + 1
        else:
            high = middle
    return low < len(keywords) and keywords[low] == word


@leaf
def _pair_points(buffer, start, end, points):
    """Points of the pairs of a line, without those in addresses and in rulers (a run of more than two of a mark)."""
    found, beside = 0, 0
    previous = buffer[start]
    in_address = False
    for i in range(start + 1, end):
        byte = buffer[i]
        if byte == _SLASH and previous == _SLASH and i > start + 1 and buffer[i - 2] == _COLON:
            in_address = True
        elif byte == _SPACE:
            in_address = False
        in_ruler = byte == previous and (
            (i > start + 1 and byte == buffer[i - 2]) or (i + 1 < end and byte == buffer[i + 1])
        )
        if not in_address and not in_ruler:
            found += points[previous, byte] & 15
            beside += points[previous, byte] >> _BESIDE
        previous = byte
    return found, beside


@leaf
def _end_points(buffer, start, end, keywords):
    """Points of a line's first word, first mark and last mark."""
    first, last = buffer[start], buffer[end - 1]
    found = 0
    if first == _CLOSE or (first == _SLASH and end - start > 1 and buffer[start + 1] == _SLASH):
        found += 1
    if last in (_OPEN, _CLOSE):
        found += 2
    keyword = first < 0x80 and _is_keyword(buffer, start, end, keywords)
    if last == _SEMICOLON or (last == _COLON and keyword):
        found += 1
    return found + keyword


@leaf
def _is_code(buffer, start, end, characters, most, points, keywords):
    """Whether a line, without white space at its ends, looks like code; its pairs have at most `most` points."""
    ends = _end_points(buffer, start, end, keywords)
    if ends + most < LEAST or (ends + most) * WIDTH < characters:
        return False
    found, beside = _pair_points(buffer, start, end, points)
    found += ends
    return found > 0 and found + beside >= LEAST and (found + beside) * WIDTH >= characters


@leaf
def _is_blank(byte):
    return byte == _SPACE or _TAB <= byte <= _RETURN


@kernel
def count_code(buffer, text_offsets, points, keywords, out):
    """Fill `out`, int64[n, COUNTS] of zeros, from n documents; `points` and `keywords` are POINTS and KEYWORDS."""
    for d in range(len(text_offsets) - 1):
        row, end = out[d], text_offsets[d + 1]
        stop = text_offsets[d]
        after_code = False
        gap_lines, gap_characters = 0, 0
        while stop < end:
            # Most lines are done with after this loop. Points that count only beside others are taken here
            # for 16 each: `most` is a bound.
            start, characters, most, previous = stop, 0, 0, np.uint8(_SPACE)
            while stop < end:
                byte = buffer[stop]
                if byte == _FEED:
                    break
                characters += byte & 0xC0 != 0x80
                most += points[previous, byte]
                previous = byte
                stop += 1
            last = stop
            stop += 1
            while start < last and _is_blank(buffer[start]):
                start += 1
                characters -= 1
            while last > start and _is_blank(buffer[last - 1]):
                last -= 1
                characters -= 1
            if start == last:
                continue
            row[FILLED_LINES] += 1
            row[FILLED_CHARACTERS] += characters
            if _is_code(buffer, start, last, characters, most, points, keywords):
                if after_code:
                    row[CODE_LINES] += gap_lines
                    row[CODE_CHARACTERS] += gap_characters
                row[CODE_LINES] += 1
                row[CODE_CHARACTERS] += characters
                after_code = True
                gap_lines, gap_characters = 0, 0
            elif after_code:
                gap_lines += 1
                gap_characters += characters
                after_code = gap_lines <= GAP and characters <= LONGEST_GAP
