"""What the classifier knows of each block: numbers that mean the same in every script.

A block is described by its text (how wide, how much of it links, digits, symbols, sentence ends, never a word of
a language), its place in the page, its neighbours, the containers around it, the blocks that stand in like
containers, and the places that class names and tags say it is in. `NAMES` has the features in order.

Widths are in Latin letters: a Chinese or Japanese character or a Korean syllable counts as three.
"""

import math

import numpy as np

from filters import characters
from filters.compiling import leaf
from filters.utf8 import decode_call
from pipeline.extract.markup import (
    HASH_PRIME,
    HASH_START,
    LANDMARKS,
    NUMBER,
    PLACES,
    TAGS,
    look_up,
    tables,
)
from pipeline.extract.outline import (
    AFTER_BREAK,
    BOLD_BYTES,
    CODE_BYTES,
    CONCEALED,
    CONTAINER,
    END,
    GAP,
    IMAGES,
    INPUTS,
    LEVEL,
    LINES,
    LINK_BYTES,
    LINKS,
    PARENT,
    PREFORMATTED,
    SIGNATURE,
    START,
    TAG,
)
from pipeline.extract.outline import PLACES as PLACES_COLUMN
from pipeline.extract.parser import Parsed

_OWN = (
    "log_width log_words width_per_word link_share links digit_share symbol_share upper_share sentence_ends "
    "ends_sentence first_kind commas ends_colon bold_share code_share images log_gap after_break lines preformatted "
    "tag heading level position text_before log_blocks_after alike alike_share alike_links alike_width repeated "
    "title_share title_found since_title concealed inputs"
).split()
_NEIGHBOURS = (-2, -1, 1, 2)
_LEVELS = 4  # containers around a block that are described
_AROUND = "log_plain link_share log_blocks page_share running_share".split()
NAMES = [
    *_OWN,
    *(f"{what}{i:+d}" for i in _NEIGHBOURS for what in ("log_width", "link_share", "ends", "tag")),
    *("plain_within_3", "plain_within_8", "links_within_5"),
    *(f"{what}_up{i}" for i in range(_LEVELS) for what in _AROUND),
    *("best_up", "best_down", "best_common_share", "best_share"),
    *(f"place_{name}" for name in PLACES),
    *(f"tag_{name}" for name in LANDMARKS),
    *("page_plain", "page_links", "page_blocks", "page_running", "page_widest"),
]
_FAR = 9  # as the distance of what is not there

# Measures of a block's text alone.
WIDTH, WORDS, LETTERS, DIGITS, SYMBOLS, UPPER, SENTENCES, ENDS, FIRST, COMMAS, COLON = range(11)
_MEASURES = 11

_H1, _H6 = TAGS["h1"], TAGS["h6"]
_GROUPS = np.zeros(NUMBER + 1, np.int32)
for _group, _names in enumerate(
    ("p", "li", "td th", "h1 h2 h3 h4 h5 h6", "pre", "dt dd", "blockquote", "figcaption caption",
     "button label legend summary", "article section main", "nav footer aside header", "form fieldset"),
    start=1,
):  # fmt: skip
    _GROUPS[[TAGS[_name] for _name in _names.split()]] = _group

_COMMAS = np.array([0x2C, 0x060C, 0x3001, 0xFF0C, 0x055D, 0x1363, 0x1802, 0x104A], np.int32)
_RUNNING = 80.0  # plain text this wide is a sign of running text


def describe(parsed: Parsed, title: bytes) -> np.ndarray:
    """The features of each block: float32[n, len(NAMES)]. title: the page's, as UTF-8."""
    n, m = len(parsed.blocks), len(parsed.containers)
    features = np.zeros((n, len(NAMES)), np.float32)
    if not n:
        return features
    kinds = characters.tables()
    measures = np.zeros((n, _MEASURES), np.float32)
    _measure(parsed.text, parsed.blocks, measures, kinds.kind, kinds.properties, _COMMAS)
    shares = np.zeros((n, 4), np.float32)
    size = 1 << max(4, (2 * n).bit_length())
    keys, counts = np.zeros(size, np.uint64), np.zeros((size, 4), np.float32)
    _alike(parsed.blocks, parsed.containers, measures, keys, counts, shares)
    keys[:], counts[:] = 0, 0
    repeated = np.zeros(n, np.float32)
    _repeated(parsed.text, parsed.blocks, keys, counts, repeated)
    words = np.zeros(256, np.uint64)
    in_title = np.zeros((n, 2), np.float32)
    _title(parsed.text, parsed.blocks, np.frombuffer(title, np.uint8), words, in_title)
    sums = np.zeros((m, 5), np.float32)
    away = np.zeros((m, len(PLACES) + len(LANDMARKS)), np.uint8)
    _containers(
        parsed.blocks, parsed.containers, measures, sums, away, tables().landmarks, len(PLACES)
    )
    _fill(
        parsed.blocks, parsed.containers, measures, shares, repeated, in_title, sums, away, _GROUPS, features
    )  # fmt: skip
    return features


@leaf
def _measure(text, blocks, measures, kind, properties, commas):
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
def _place_of(keys, key):
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
def _alike(blocks, containers, measures, keys, counts, shares):
    """Of blocks in containers of the same tags and classes: count, width's share of the page, links, mean width."""
    total = np.float32(1)
    for b in range(blocks.shape[0]):
        place = _place_of(keys, np.uint64(containers[blocks[b, CONTAINER], SIGNATURE]))
        width = measures[b, WIDTH]
        total += width
        counts[place, 0] += 1
        counts[place, 1] += width
        counts[place, 2] += width * _link_share(blocks, b)
        counts[place, 3] += math.log1p(width)
    for b in range(blocks.shape[0]):
        place = _place_of(keys, np.uint64(containers[blocks[b, CONTAINER], SIGNATURE]))
        shares[b, 0] = math.log1p(counts[place, 0])
        shares[b, 1] = counts[place, 1] / total
        shares[b, 2] = counts[place, 2] / max(counts[place, 1], np.float32(1))
        shares[b, 3] = counts[place, 3] / counts[place, 0]


@leaf
def _link_share(blocks, b):
    return np.float32(blocks[b, LINK_BYTES]) / np.float32(blocks[b, END] - blocks[b, START])


@leaf
def _repeated(text, blocks, keys, counts, repeated):
    """How often the page has a block of the same text."""
    for turn in range(2):
        for b in range(blocks.shape[0]):
            key = HASH_START
            for i in range(blocks[b, START], blocks[b, END]):
                key = (key ^ np.uint64(text[i])) * HASH_PRIME
            place = _place_of(keys, key)
            if turn == 0:
                counts[place, 0] += 1
            else:
                repeated[b] = min(counts[place, 0], np.float32(9))


@leaf
def _is_word_byte(byte):
    return byte >= 0x80 or 97 <= (byte | 32) <= 122 or 48 <= byte <= 57


@leaf
def _title(text, blocks, title, words, in_title):
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
                _place_of(words, key)
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


# Sums over a container and all within.
_WIDTH, _PLAIN, _COUNT, _RUNNING_WIDTH, _SCORE = range(5)


@leaf
def _containers(blocks, containers, measures, sums, away, landmarks, places):
    """Sums of the blocks in each container, and how many levels up each place and landmark is."""
    for b in range(blocks.shape[0]):
        c = blocks[b, CONTAINER]
        width = measures[b, WIDTH]
        plain = width * (1 - _link_share(blocks, b))
        sums[c, _WIDTH] += width
        sums[c, _PLAIN] += plain
        sums[c, _COUNT] += 1
        if plain >= _RUNNING:
            sums[c, _RUNNING_WIDTH] += plain
            # A container is the better the more running text it has of its own and right below.
            parent = containers[c, PARENT]
            sums[parent, _SCORE] += plain
            sums[containers[parent, PARENT], _SCORE] += plain / 2
    for c in range(containers.shape[0] - 1, 0, -1):
        parent = containers[c, PARENT]
        for k in range(_SCORE):
            sums[parent, k] += sums[c, k]
    width = away.shape[1]
    for c in range(containers.shape[0]):
        parent = containers[c, PARENT]
        for k in range(width):
            away[c, k] = min(away[parent, k] + 1, _FAR) if c else _FAR
        named = containers[c, PLACES_COLUMN]
        for k in range(places):
            if named >> k & 1:
                away[c, k] = 0
        landmark = landmarks[containers[c, TAG]]
        if landmark:
            away[c, places + landmark - 1] = 0


@leaf
def _fill(blocks, containers, measures, shares, repeated, in_title, sums, away, groups, features):
    n = blocks.shape[0]
    best = np.int64(0)
    for c in range(containers.shape[0]):
        if sums[c, _SCORE] > sums[best, _SCORE]:
            best = np.int64(c)
    page_width, page_plain = max(sums[0, _WIDTH], np.float32(1)), max(sums[0, _PLAIN], np.float32(1))
    widest = np.float32(0)
    for b in range(n):
        widest = max(widest, measures[b, WIDTH])
    before = np.float32(0)
    since_title = 99
    for b in range(n):
        row = features[b]
        c = np.int64(blocks[b, CONTAINER])
        width = measures[b, WIDTH]
        length = np.float32(blocks[b, END] - blocks[b, START])
        tag = containers[c, TAG]
        safe_width, letters = max(width, np.float32(1)), max(measures[b, LETTERS], np.float32(1))
        row[0] = math.log1p(width)
        row[1] = math.log1p(measures[b, WORDS])
        row[2] = min(width / max(measures[b, WORDS], np.float32(1)), np.float32(60))
        row[3] = _link_share(blocks, b)
        row[4] = min(blocks[b, LINKS], 20)
        row[5] = measures[b, DIGITS] / safe_width
        row[6] = measures[b, SYMBOLS] / safe_width
        row[7] = measures[b, UPPER] / letters
        row[8] = math.log1p(measures[b, SENTENCES])
        row[9] = measures[b, ENDS]
        row[10] = measures[b, FIRST]
        row[11] = measures[b, COMMAS] * 100 / safe_width
        row[12] = measures[b, COLON]
        row[13] = np.float32(blocks[b, BOLD_BYTES]) / length
        row[14] = np.float32(blocks[b, CODE_BYTES]) / length
        row[15] = min(blocks[b, IMAGES], 9)
        row[16] = math.log1p(np.float32(max(blocks[b, GAP], 0)))
        row[17] = blocks[b, AFTER_BREAK]
        row[18] = min(blocks[b, LINES], 50)
        row[19] = blocks[b, PREFORMATTED]
        row[20] = groups[tag]
        row[21] = tag - _H1 + 1 if _H1 <= tag <= _H6 else 0
        row[22] = min(containers[c, LEVEL], 60)
        row[23] = np.float32(b) / np.float32(n)
        row[24] = before / page_width
        row[25] = math.log1p(np.float32(n - b))
        before += width
        for k in range(4):
            row[26 + k] = shares[b, k]
        row[30] = repeated[b]
        row[31] = in_title[b, 0]
        row[32] = in_title[b, 1]
        if in_title[b, 0] >= 0.8 and measures[b, WIDTH] >= 12 and in_title[b, 1] > 0.3:
            since_title = 0
        row[33] = since_title
        since_title = min(since_title + 1, 99)
        row[34] = containers[c, CONCEALED]
        row[35] = min(containers[c, INPUTS], 9)
        column = 36
        for k in range(4):
            other = b + (k - 2 if k < 2 else k - 1)
            if 0 <= other < n:
                row[column] = math.log1p(measures[other, WIDTH])
                row[column + 1] = _link_share(blocks, other)
                row[column + 2] = measures[other, ENDS]
                row[column + 3] = groups[containers[blocks[other, CONTAINER], TAG]]
            else:
                for j in range(4):
                    row[column + j] = -1
            column += 4
        column = _fill_windows(blocks, measures, b, row, column)
        column = _fill_around(containers, sums, c, row, column, page_plain)
        column = _fill_best(containers, sums, c, best, row, column, page_plain)
        for k in range(away.shape[1]):
            row[column] = away[c, k]
            column += 1
        row[column] = math.log1p(page_plain)
        row[column + 1] = 1 - page_plain / page_width
        row[column + 2] = math.log1p(np.float32(n))
        row[column + 3] = sums[0, _RUNNING_WIDTH] / page_plain
        row[column + 4] = math.log1p(widest)


@leaf
def _fill_windows(blocks, measures, b, row, column):
    within_3 = within_8 = width_5 = plain_5 = np.float32(0)
    for other in range(max(b - 8, 0), min(b + 9, blocks.shape[0])):
        width = measures[other, WIDTH]
        plain = width * (1 - _link_share(blocks, other))
        away = abs(other - b)
        if away:
            within_8 += plain
            if away <= 3:
                within_3 += plain
        if away <= 5:
            width_5 += width
            plain_5 += plain
    row[column] = math.log1p(within_3)
    row[column + 1] = math.log1p(within_8)
    row[column + 2] = 1 - plain_5 / max(width_5, np.float32(1))
    return column + 3


@leaf
def _fill_around(containers, sums, c, row, column, page_plain):
    for _ in range(_LEVELS):
        plain = sums[c, _PLAIN]
        row[column] = math.log1p(plain)
        row[column + 1] = 1 - plain / max(sums[c, _WIDTH], np.float32(1))
        row[column + 2] = math.log1p(sums[c, _COUNT])
        row[column + 3] = plain / page_plain
        row[column + 4] = sums[c, _RUNNING_WIDTH] / max(plain, np.float32(1))
        c = containers[c, PARENT]
        column += 5
    return column


@leaf
def _fill_best(containers, sums, c, best, row, column, page_plain):
    """How far up from the block, and from the best container, the container is that holds both."""
    up, other = 0, best
    while c != other:  # a parent has the lower number
        if c > other:
            c = containers[c, PARENT]
            up += 1
        else:
            other = containers[other, PARENT]
    row[column] = min(up, 30)
    row[column + 1] = min(containers[best, LEVEL] - containers[c, LEVEL], 30)
    row[column + 2] = sums[c, _PLAIN] / page_plain
    row[column + 3] = sums[best, _PLAIN] / page_plain
    return column + 4
