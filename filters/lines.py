"""Metrics of characters, lines and paragraphs: one pass over a document's bytes.

"Line" means three things, as in the filters that the metrics come from: pieces between runs of line feeds
(Gopher repetition), pieces between single line feeds that are not blank (FineWeb), and `str.splitlines`
(Gopher quality). Paragraphs are pieces of the stripped text between runs of two or more line feeds.
"""

import numpy as np

from polysieve.compiling import kernel, leaf
from polysieve.filters.characters import (
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
from polysieve.filters.hashing import clear, hash_bytes, table_size
from polysieve.filters.utf8 import decode, decode_call

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

# What an ASCII character adds to the counts of its line, packed into one number: capitals, small letters, digits and
# white space in 16 bits each. Every entry has the highest bit set, which means nothing in a sum, so that 0 can mark
# what must be looked at one by one: line ends, '#', '.', controls, and the bytes of other characters.
_UPPER, _LOWER, _DIGIT, _SPACE = 0, 16, 32, 48
_PRESENT = np.uint64(1 << 63)
_FIELD, _SPACE_FIELD = np.uint64(0xFFFF), np.uint64(0x7FFF)
_COUNTED = 63  # the properties that are packed are among the lowest six bits
_CAPITALS, _SMALL, _DIGITS, _SPACES = range(4)  # places in the counts of a line, unpacked
_CHUNK = 1 << 14  # bytes after which the counts are emptied, before one of 15 bits can overflow

_MOST_LINES = (
    1 << 22
)  # lines of a document that are remembered; beyond, no line is found to be a duplicate


@leaf
def _is_repeated(key, table, distinct):
    """Whether a hash is in `table`; if not, and there is room, it is put there. distinct[0] counts those within."""
    key = key if key != 0 else np.uint64(1)
    mask = np.uint64(len(table) - 1)
    slot = key & mask
    while table[slot] != 0 and table[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    if table[slot] == key:
        return True
    if distinct[0] < len(table) // 2:
        table[slot] = key
        distinct[0] += 1
    return False


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
def _count_line(buffer, start, end, size, counts, properties, row):
    """Add a line between line feeds that is not blank: its bytes, its characters, its packed counts."""
    last = end - 1
    while last > start and buffer[last] & 0xC0 == 0x80:
        last -= 1
    code, _ = decode_call(buffer, last, end)
    ends_sentence = (properties[code] & ENDS_SENTENCE) != 0
    is_short = size <= SHORT_LINE
    row[FILLED_LINES] += 1
    row[FILLED_CHARACTERS] += size
    row[PUNCTUATED_LINES] += ends_sentence
    row[SHORT_LINES] += is_short
    row[LIST_LINES] += is_short and not ends_sentence
    row[CAPITAL_LINES] += counts[_CAPITALS] > 0 and counts[_SMALL] == 0
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
def _count_paragraphs(buffer, start, end, table, distinct, row):
    """Count the paragraphs of a stripped text; `table` is clear."""
    first = i = start
    while True:
        at = i  # the first of a run of line feeds, or the end
        while i < end and buffer[i] == 0x0A:
            i += 1
        if i - at > 1 or at == end:
            row[PARAGRAPHS] += 1
            if _is_repeated(hash_bytes(buffer, first, at), table, distinct):
                row[DUPLICATE_PARAGRAPHS] += 1
                size = 0
                for k in range(first, at):
                    size += buffer[k] & 0xC0 != 0x80
                row[DUPLICATE_PARAGRAPH_CHARACTERS] += size
            first = i
        if at == end:
            break
        while i < end and buffer[i] != 0x0A:
            i += 1


@leaf
def _unpack(packed, counts):
    """Add packed counts to those of a line; returns the packed counts emptied."""
    counts[_CAPITALS] += np.int64(packed & _FIELD)
    counts[_SMALL] += np.int64(packed >> np.uint64(_LOWER) & _FIELD)
    counts[_DIGITS] += np.int64(packed >> np.uint64(_DIGIT) & _FIELD)
    counts[_SPACES] += np.int64(packed >> np.uint64(_SPACE) & _SPACE_FIELD)
    return np.uint64(0)


@leaf
def _fill_counts(properties, ascii_counts, counts_of):
    """Packed counts by ASCII byte, 0 for what must be looked at, and by properties."""
    for prop in range(_COUNTED + 1):
        counts_of[prop] = (
            (prop & IS_UPPER != 0) << _UPPER | (prop & IS_LOWER != 0) << _LOWER
            | (prop & IS_DIGIT != 0) << _DIGIT | (prop & IS_SPACE != 0) << _SPACE
        )  # fmt: skip
    for byte in range(256):
        ascii_counts[byte] = 0
        if byte < 0x80 and not properties[byte] & IS_RARE:
            ascii_counts[byte] = counts_of[properties[byte] & _COUNTED] | _PRESENT


@leaf
def _measure_document(
    buffer, start, end, tables, ascii_counts, counts_of, row, table, distinct, counts, scripts
):
    """Fill `row` from one document; the arrays after it are scratch, `table` large enough for its lines."""
    properties, script = tables[1], tables[2]
    clear(scripts, len(scripts))
    clear(table, len(table))
    clear(distinct, 1)
    clear(counts, len(counts))
    current, run = 0, 0  # letters of the script at hand, not yet in `scripts`
    dots_until = start
    double = False
    lines, duplicate_lines, ascii_letters = 0, 0, 0
    i = split = line = start
    packed, unpacked_at = np.uint64(0), start
    size = 0
    while True:
        # Characters that only add to the counts, then one that may do more.
        stop = min(end, unpacked_at + _CHUNK)
        while i < stop:
            if buffer[i] < 0x80:
                added = ascii_counts[buffer[i]]
                if added == 0:
                    break
                i += 1
            else:
                code, after = decode(buffer, i, end)
                prop = properties[code]
                if prop & IS_RARE:
                    break
                i = after
                added = counts_of[prop & _COUNTED]
                which = script[code]
                # A product, for a condition of two parts would become two branches, and where words end no branch
                # can be predicted.
                if (which ^ current) * (prop & IS_LETTER):
                    scripts[current] += run
                    current, run = which, 0
                run += prop & IS_LETTER
                ascii_letters -= (prop & (IS_UPPER | IS_LOWER)) != 0  # counted with them below
            packed += added
            size += 1
        if stop <= i < end:
            packed = _unpack(packed, counts)
            unpacked_at = i
            continue
        at = i
        code = np.int32(0x0A)
        if i < end:
            code, i = decode(buffer, i, end)
        prop = properties[code]
        if code != 0x0A:
            size += 1
            packed += counts_of[prop & _COUNTED]
        else:
            # A line feed, or the end as if it were one.
            packed = _unpack(packed, counts)
            unpacked_at = i
            row[CHARACTERS] += size
            row[UPPER] += counts[_CAPITALS]
            row[DIGITS] += counts[_DIGITS]
            ascii_letters += counts[_CAPITALS] + counts[_SMALL]
            if size:
                is_filled = counts[_SPACES] < size
                lines += 1
                if _is_repeated(hash_bytes(buffer, line, at), table, distinct):
                    duplicate_lines += 1
                    row[DUPLICATE_LINE_CHARACTERS] += size
                    row[DUPLICATE_FILLED_CHARACTERS] += size * is_filled
                if is_filled:
                    _count_line(buffer, line, at, size, counts, properties, row)
            elif at < end and at > start:
                double = True
            if at == end:
                break
            row[LINE_FEEDS] += 1
            line, size = i, 0
            clear(counts, len(counts))
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
    scripts[script[0x61]] += ascii_letters
    for k in range(256):
        row[LETTERS] += scripts[k]
        row[MAIN_SCRIPT] = max(row[MAIN_SCRIPT], scripts[k])
    row[CHARACTERS] += row[LINE_FEEDS]

    # A text that begins or ends with a line feed has an empty line there.
    outer = 0
    if end > start:
        outer = (buffer[start] == 0x0A) + (buffer[end - 1] == 0x0A)
    row[LINES] = lines + outer
    row[DUPLICATE_LINES] = duplicate_lines + (outer == 2)
    if double:
        clear(table, len(table))
        clear(distinct, 1)
        start, end = stripped(buffer, start, end, properties)
        _count_paragraphs(buffer, start, end, table, distinct, row)
    else:
        row[PARAGRAPHS] = 1


@leaf
def _line_feeds(buffer, start, end):
    feeds = 0
    for i in range(start, end):
        feeds += buffer[i] == 0x0A
    return feeds


@kernel
def measure_lines(buffer, starts, ends, tables, out):
    """Fill `out`, int64[n, COUNTS] of zeros, from n documents, buffer[starts[i]:ends[i]]."""
    n = len(starts)
    sizes = np.empty(n, np.int64)
    largest = 0
    for d in range(n):
        lines = min(_line_feeds(buffer, starts[d], ends[d]) + 2, _MOST_LINES)
        sizes[d] = table_size(lines)
        largest = max(largest, sizes[d])
    table = np.empty(largest, np.uint64)
    distinct = np.zeros(1, np.int64)
    counts, scripts = np.zeros(4, np.int64), np.zeros(256, np.int64)
    ascii_counts, counts_of = np.zeros(256, np.uint64), np.zeros(_COUNTED + 1, np.uint64)
    _fill_counts(tables[1], ascii_counts, counts_of)
    for d in range(n):
        _measure_document(
            buffer, starts[d], ends[d], tables, ascii_counts, counts_of, out[d],
            table[: sizes[d]], distinct, counts, scripts,
        )  # fmt: skip
