"""Metrics of characters, lines and paragraphs: one pass over a document's bytes.

"Line" means three things, as in the filters that the metrics come from: pieces between runs of line feeds
(Gopher repetition), pieces between single line feeds that are not blank (FineWeb), and `str.splitlines`
(Gopher quality). Paragraphs are pieces of the stripped text between runs of two or more line feeds.
"""

import numpy as np

from filters.characters import (
    ENDS_LINE,
    ENDS_SENTENCE,
    IS_DIGIT,
    IS_INVISIBLE,
    IS_LETTER,
    IS_LOWER,
    IS_RARE,
    IS_SPACE,
    IS_UPPER,
)
from filters.compiling import kernel, leaf
from filters.hashing import BASE, clear, finish, mix, table_size
from filters.utf8 import decode, decode_call

SHORT_LINE = 30  # characters; FineWeb's short_line_length

# Columns of the counts that `measure_lines` returns.
(
    CHARACTERS, LETTERS, UPPER, DIGITS, INVISIBLE, REPLACEMENT, MAIN_SCRIPT, LINE_FEEDS, HASHES, ELLIPSES,
    PARAGRAPHS, DUPLICATE_PARAGRAPHS, DUPLICATE_PARAGRAPH_CHARACTERS,
    LINES, DUPLICATE_LINES, DUPLICATE_LINE_CHARACTERS,
    FILLED_LINES, FILLED_CHARACTERS, DUPLICATE_FILLED_CHARACTERS, PUNCTUATED_LINES, SHORT_LINES,
    LIST_LINES, CAPITAL_LINES, SPLIT_LINES, BULLET_LINES, ELLIPSIS_LINES, LONGEST_LINE,
) = range(27)  # fmt: skip
COUNTS = 27

_SPACE_OR_END = IS_SPACE | ENDS_LINE


@leaf
def duplicates(hashes, sizes, counted, n, table):
    """Elements equal to an earlier one among the first `n`, their sizes' sum, and that of those `counted`.

    `table` is scratch of at least table_size(n).
    """
    slots = table_size(n)
    mask = np.uint64(slots - 1)
    clear(table, slots)
    found, size, counted_size = 0, 0, 0
    for i in range(n):
        key = hashes[i] if hashes[i] != 0 else np.uint64(1)
        slot = key & mask
        while table[slot] != 0 and table[slot] != key:
            slot = (slot + np.uint64(1)) & mask
        if table[slot] == key:
            found += 1
            size += sizes[i]
            if counted[i]:
                counted_size += sizes[i]
        table[slot] = key
    return found, size, counted_size


@leaf
def stripped(buffer, start, end, properties):
    """`str.strip` as byte offsets."""
    while start < end:
        code, after = decode_call(buffer, start, end)
        if not properties[code] & IS_SPACE:
            break
        start = after
    while start < end:
        i = end - 1
        while i > start and buffer[i] & 0xC0 == 0x80:
            i -= 1
        code, _ = decode_call(buffer, i, end)
        if not properties[code] & IS_SPACE:
            break
        end = i
    return start, end


@leaf
def _has_bullet(buffer, start, end, properties):
    """Whether a line begins, after white space, with "-" or U+2022."""
    while start < end:
        code, start = decode_call(buffer, start, end)
        if not properties[code] & IS_SPACE:
            return code == 0x2D or code == 0x2022
    return False


@leaf
def _ends_in_ellipsis(buffer, start, end, properties):
    """Whether a line, stripped at its end, ends in "..." or U+2026."""
    start, end = stripped(buffer, start, end, properties)
    if end - start < 3:
        return False
    a, b, c = buffer[end - 3], buffer[end - 2], buffer[end - 1]
    return (a == 0x2E and b == 0x2E and c == 0x2E) or (a == 0xE2 and b == 0x80 and c == 0xA6)


@leaf
def _count_line(size, some, last, row):
    """Add a line between line feeds that is not blank: its size, the properties of any and of its last character."""
    ends_sentence = (last & ENDS_SENTENCE) != 0
    is_short = size <= SHORT_LINE
    row[FILLED_LINES] += 1
    row[FILLED_CHARACTERS] += size
    row[PUNCTUATED_LINES] += ends_sentence
    row[SHORT_LINES] += is_short
    row[LIST_LINES] += is_short and not ends_sentence
    row[CAPITAL_LINES] += (some & (IS_UPPER | IS_LOWER)) == IS_UPPER
    row[LONGEST_LINE] = max(row[LONGEST_LINE], size)


@leaf
def _count_split_line(buffer, start, end, properties, row):
    """Add a line of str.splitlines to `row`."""
    row[SPLIT_LINES] += 1
    if start == end:
        return
    # An ASCII letter or digit at either side answers at once.
    if not 0x2E < buffer[start] < 0x80:
        row[BULLET_LINES] += _has_bullet(buffer, start, end, properties)
    if not 0x2E < buffer[end - 1] < 0x80:
        row[ELLIPSIS_LINES] += _ends_in_ellipsis(buffer, start, end, properties)


@leaf
def _paragraphs(buffer, start, end, hashes, sizes):
    """Hash and size of each paragraph of a stripped text; returns their number.

    Line feeds wait until it is known whether they end the paragraph.
    """
    n, h, size, waiting, i = 0, np.uint64(0), 0, 0, start
    while i < end:
        code, i = decode_call(buffer, i, end)
        if code == 0x0A:
            waiting += 1
            continue
        if waiting == 1:
            h = h * BASE + mix(0x0A)
            size += 1
        elif waiting:
            hashes[n], sizes[n] = finish(h), size
            n += 1
            h, size = np.uint64(0), 0
        waiting = 0
        h = h * BASE + mix(code)
        size += 1
    hashes[n], sizes[n] = finish(h), size
    return n + 1


@leaf
def _measure_document(buffer, start, end, tables, row, hashes, sizes, filled, table, scripts):
    """Fill `row` from one document; the arrays after it are scratch, long enough for its lines."""
    properties, script = tables[1], tables[2]
    clear(scripts, len(scripts))
    characters, letters, upper, digits = 0, 0, 0, 0
    current, run = 0, 0  # letters of the script at hand, not yet in `scripts`
    dots_until = start
    double = False
    n = 0
    i = split = start
    h, size = np.uint64(0), 0
    every, some, last = IS_SPACE, 0, np.uint16(0)
    while True:
        # A line feed, or the end as if it were one.
        at = i
        if i < end:
            code, i = decode(buffer, i, end)
        else:
            code = np.int32(0x0A)
        prop = properties[code]
        if code != 0x0A:
            h = h * BASE + mix(code)
            size += 1
            every &= prop
            some |= prop
            last = prop
            upper += (prop & IS_UPPER) >> 1
            digits += (prop & IS_DIGIT) >> 3
            which = script[code]
            # A product, for a condition of two parts would become two branches, and where words end no branch
            # can be predicted.
            if (which ^ current) * (prop & IS_LETTER):
                scripts[current] += run
                current, run = which, 0
            run += prop & IS_LETTER
            if not prop & IS_RARE:
                continue
        else:
            characters += size
            if size:
                is_filled = not every & IS_SPACE
                hashes[n], sizes[n], filled[n] = finish(h), size, is_filled
                n += 1
                if is_filled:
                    _count_line(size, some, last, row)
            elif at < end and at > start:
                double = True
            if at == end:
                break
            row[LINE_FEEDS] += 1
            h, size = np.uint64(0), 0
            every, some = IS_SPACE, 0
        if prop & ENDS_LINE:
            if not (code == 0x0A and at > start and buffer[at - 1] == 0x0D):
                _count_split_line(buffer, split, at, properties, row)
            split = i
        row[INVISIBLE] += (prop & IS_INVISIBLE) != 0
        if code == 0x2E:
            if at >= dots_until and at + 2 < end and buffer[at + 1] == 0x2E == buffer[at + 2]:
                row[ELLIPSES] += 1
                dots_until = at + 3
        elif code == 0x2026:
            row[ELLIPSES] += 1
        elif code == 0x23:
            row[HASHES] += 1
        elif code == 0xFFFD:
            row[REPLACEMENT] += 1
    if split < end:
        _count_split_line(buffer, split, end, properties, row)
    scripts[current] += run
    for k in range(256):
        letters += scripts[k]
        row[MAIN_SCRIPT] = max(row[MAIN_SCRIPT], scripts[k])
    row[CHARACTERS] = characters + row[LINE_FEEDS]
    row[LETTERS], row[UPPER], row[DIGITS] = letters, upper, digits

    # A text that begins or ends with a line feed has an empty line there.
    outer = 0
    if end > start:
        outer = (buffer[start] == 0x0A) + (buffer[end - 1] == 0x0A)
    found, found_size, found_filled = duplicates(hashes, sizes, filled, n, table)
    row[LINES] = n + outer
    row[DUPLICATE_LINES] = found + (outer == 2)
    row[DUPLICATE_LINE_CHARACTERS] = found_size
    row[DUPLICATE_FILLED_CHARACTERS] = found_filled
    row[PARAGRAPHS] = 1
    if double:
        start, end = stripped(buffer, start, end, properties)
        n = _paragraphs(buffer, start, end, hashes, sizes)
        found, found_size, _ = duplicates(hashes, sizes, filled, n, table)
        row[PARAGRAPHS] = n
        row[DUPLICATE_PARAGRAPHS] = found
        row[DUPLICATE_PARAGRAPH_CHARACTERS] = found_size


@kernel
def measure_lines(buffer, text_offsets, tables, out):
    """Fill `out`, int64[n, COUNTS] of zeros, from n documents."""
    most = 0
    for d in range(len(text_offsets) - 1):
        feeds = 0
        for i in range(text_offsets[d], text_offsets[d + 1]):
            feeds += buffer[i] == 0x0A
        most = max(most, feeds)
    hashes, sizes = np.empty(most + 2, np.uint64), np.empty(most + 2, np.int64)
    filled = np.empty(most + 2, np.bool_)
    table = np.empty(table_size(most + 2), np.uint64)
    scripts = np.zeros(256, np.int64)
    for d in range(len(text_offsets) - 1):
        _measure_document(
            buffer, text_offsets[d], text_offsets[d + 1], tables, out[d],
            hashes, sizes, filled, table, scripts,
        )  # fmt: skip
