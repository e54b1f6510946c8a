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
    IS_SPACE,
    IS_UPPER,
)
from filters.compiling import kernel
from filters.hashing import BASE, finish, mix
from filters.utf8 import decode

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


@kernel
def duplicates(hashes, sizes, counted, n, table):
    """Elements equal to an earlier one among the first `n`, their sizes' sum, and that of those `counted`.

    `table` is scratch of a power of two above 2n, as large as may be needed.
    """
    slots = 8
    while slots < 2 * n:
        slots *= 2
    mask = np.uint64(slots - 1)
    table[:slots] = 0
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


@kernel
def _stripped(buffer, start, end, properties):
    """`str.strip` as byte offsets."""
    while start < end:
        code, after = decode(buffer, start, end)
        if not properties[code] & IS_SPACE:
            break
        start = after
    while start < end:
        i = end - 1
        while i > start and buffer[i] & 0xC0 == 0x80:
            i -= 1
        code, _ = decode(buffer, i, end)
        if not properties[code] & IS_SPACE:
            break
        end = i
    return start, end


@kernel
def _measure_document(
    buffer, start, end, properties, script, row,
    line_hash, line_size, line_filled, para_hash, para_size, table, scripts,
):  # fmt: skip
    """Fill `row` from one document; the arrays after it are scratch, long enough for its lines."""
    scripts[:] = 0
    inner_start, inner_end = _stripped(buffer, start, end, properties)
    characters, upper, digits, invisible, replacement = 0, 0, 0, 0, 0
    hashes, ellipses, feeds = 0, 0, 0
    lines, paragraphs = 0, 0
    filled, punctuated, short, listed, capital, longest = 0, 0, 0, 0, 0, 0
    split_lines, bullets, ellipsis_lines = 0, 0, 0
    # The line between line feeds.
    h, size, blank, last = np.uint64(0), 0, True, np.uint16(0)
    has_upper, has_lower = False, False
    # The paragraph: line feeds wait until it is known whether they end it.
    p, p_size, waiting = np.uint64(0), 0, 0
    # The line of str.splitlines: dots at its end, white space after them, what it began with.
    dots, spaced, ends_in_ellipsis = 0, False, False
    begun, bullet, open_line = False, False, False
    dot_run = 0
    previous = 0
    i = start
    while i < end:
        at = i
        code, i = decode(buffer, i, end)
        prop = properties[code]
        characters += 1
        if prop & IS_LETTER:
            scripts[script[code]] += 1
            if prop & IS_UPPER:
                upper += 1
                has_upper = True
            elif prop & IS_LOWER:
                has_lower = True
        elif prop & (IS_DIGIT | IS_INVISIBLE):
            digits += (prop & IS_DIGIT) != 0
            invisible += (prop & IS_INVISIBLE) != 0
        elif code == 0x23:
            hashes += 1
        elif code == 0xFFFD:
            replacement += 1
        if code == 0x2E:
            dot_run += 1
            if dot_run == 3:
                ellipses += 1
                dot_run = 0
        else:
            dot_run = 0
            if code == 0x2026:
                ellipses += 1

        if code == 0x0A:
            feeds += 1
            if size:
                line_hash[lines], line_size[lines], line_filled[lines] = h, size, not blank
                lines += 1
                if not blank:
                    filled += 1
                    punctuated += (last & ENDS_SENTENCE) != 0
                    short += size <= SHORT_LINE
                    listed += size <= SHORT_LINE and not last & ENDS_SENTENCE
                    capital += has_upper and not has_lower
                    longest = max(longest, size)
            h, size, blank = np.uint64(0), 0, True
            has_upper, has_lower = False, False
        else:
            h = h * BASE + mix(code)
            size += 1
            last = prop
            if not prop & IS_SPACE:
                blank = False

        if inner_start <= at < inner_end:
            if code == 0x0A:
                waiting += 1
            else:
                if waiting == 1:
                    p = p * BASE + mix(0x0A)
                    p_size += 1
                elif waiting:
                    para_hash[paragraphs], para_size[paragraphs] = p, p_size
                    paragraphs += 1
                    p, p_size = np.uint64(0), 0
                waiting = 0
                p = p * BASE + mix(code)
                p_size += 1

        if prop & ENDS_LINE:
            if not (code == 0x0A and previous == 0x0D):
                split_lines += 1
                bullets += bullet
                ellipsis_lines += ends_in_ellipsis
            dots, spaced, ends_in_ellipsis, begun = 0, False, False, False
            bullet, open_line = False, False
        else:
            open_line = True
            if prop & IS_SPACE:
                spaced = True
            else:
                if not begun:
                    begun = True
                    bullet = code == 0x2D or code == 0x2022
                dots = (1 if spaced else dots + 1) if code == 0x2E else 0
                spaced = False
                ends_in_ellipsis = dots >= 3 or code == 0x2026
        previous = code
    if open_line:
        split_lines += 1
        bullets += bullet
        ellipsis_lines += ends_in_ellipsis
    if size:
        line_hash[lines], line_size[lines], line_filled[lines] = h, size, not blank
        lines += 1
        if not blank:
            filled += 1
            punctuated += (last & ENDS_SENTENCE) != 0
            short += size <= SHORT_LINE
            listed += size <= SHORT_LINE and not last & ENDS_SENTENCE
            capital += has_upper and not has_lower
            longest = max(longest, size)
    para_hash[paragraphs], para_size[paragraphs] = p, p_size
    paragraphs += 1

    for k in range(lines):
        line_hash[k] = finish(line_hash[k])
    for k in range(paragraphs):
        para_hash[k] = finish(para_hash[k])
    found, found_size, found_filled = duplicates(line_hash, line_size, line_filled, lines, table)
    filled_size = 0
    for k in range(lines):
        if line_filled[k]:
            filled_size += line_size[k]
    # A text that begins or ends with a line feed has an empty line there.
    outer = 0
    if end > start:
        outer = (buffer[start] == 0x0A) + (buffer[end - 1] == 0x0A)
    row[LINES] = lines + outer
    row[DUPLICATE_LINES] = found + (outer == 2)
    row[DUPLICATE_LINE_CHARACTERS] = found_size
    row[DUPLICATE_FILLED_CHARACTERS] = found_filled
    found, found_size, _ = duplicates(para_hash, para_size, line_filled, paragraphs, table)
    row[PARAGRAPHS] = paragraphs
    row[DUPLICATE_PARAGRAPHS] = found
    row[DUPLICATE_PARAGRAPH_CHARACTERS] = found_size
    letters, most = 0, 0
    for k in range(256):
        letters += scripts[k]
        most = max(most, scripts[k])
    row[CHARACTERS], row[LETTERS], row[UPPER], row[DIGITS] = characters, letters, upper, digits
    row[INVISIBLE], row[REPLACEMENT], row[MAIN_SCRIPT] = invisible, replacement, most
    row[LINE_FEEDS], row[HASHES], row[ELLIPSES] = feeds, hashes, ellipses
    row[FILLED_LINES], row[FILLED_CHARACTERS] = filled, filled_size
    row[PUNCTUATED_LINES], row[SHORT_LINES], row[LIST_LINES] = punctuated, short, listed
    row[CAPITAL_LINES], row[LONGEST_LINE] = capital, longest
    row[SPLIT_LINES], row[BULLET_LINES] = split_lines, bullets
    row[ELLIPSIS_LINES] = ellipsis_lines


@kernel
def measure_lines(buffer, text_offsets, tables, out):
    """Fill `out`, int64[n, COUNTS], from n documents."""
    properties, script = tables[1], tables[2]
    most = 0
    for d in range(len(text_offsets) - 1):
        feeds = 0
        for i in range(text_offsets[d], text_offsets[d + 1]):
            feeds += buffer[i] == 0x0A
        most = max(most, feeds)
    room = most + 2
    line_hash, line_size = np.empty(room, np.uint64), np.empty(room, np.int64)
    line_filled = np.empty(room, np.bool_)
    para_hash, para_size = np.empty(room, np.uint64), np.empty(room, np.int64)
    table = np.empty(4 * room + 8, np.uint64)
    scripts = np.zeros(256, np.int64)
    for d in range(len(text_offsets) - 1):
        _measure_document(
            buffer, text_offsets[d], text_offsets[d + 1], properties, script, out[d],
            line_hash, line_size, line_filled, para_hash, para_size, table, scripts,
        )  # fmt: skip
