"""What the classifier knows of each block: numbers that mean the same in every script.

A block is described by its text (how wide, how much of it links, digits, symbols, sentence ends, never a word of
a language), its place in the page, its neighbours, the containers around it, the blocks that stand in like
containers, and the places that class names and tags say it is in. `NAMES` has the features in order.

Widths are in Latin letters: a Chinese or Japanese character or a Korean syllable counts as three.
"""

import math

import numpy as np

from polysieve.compiling import leaf
from polysieve.filters import characters
from polysieve.pipeline.extract.markup import LANDMARKS, NUMBER, PLACES, TAGS, numbers, tables
from polysieve.pipeline.extract.measures import (
    COLON,
    COMMA_CODES,
    COMMAS,
    DIGITS,
    ENDS,
    FIRST,
    LETTERS,
    MEASURES,
    SENTENCES,
    SYMBOLS,
    UPPER,
    WIDTH,
    WORDS,
    compare_title,
    count_repeated,
    link_share,
    measure,
    measure_alike,
)
from polysieve.pipeline.extract.outline import (
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
    LINKS,
    PARENT,
    PREFORMATTED,
    START,
    TAG,
)
from polysieve.pipeline.extract.outline import PLACES as PLACES_COLUMN
from polysieve.pipeline.extract.parser import Parsed

_OWN_NAMES = (
    "log_width log_words width_per_word link_share links digit_share symbol_share upper_share sentence_ends "
    "ends_sentence first_kind commas ends_colon bold_share code_share images log_gap after_break lines preformatted "
    "tag heading level position text_before log_blocks_after alike alike_share alike_links alike_width repeated "
    "title_share title_found since_title concealed inputs"
)
_OWN = _OWN_NAMES.split()
_NEIGHBOURS = (-2, -1, 1, 2)
_LEVELS = 4  # containers around a block that are described
_AROUND = ("log_plain", "link_share", "log_blocks", "page_share", "running_share")
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

_H1, _H6 = numbers("h1 h6")
_GROUPS = np.zeros(NUMBER + 1, np.int32)
for _group, _names in enumerate(
    ("p", "li", "td th", "h1 h2 h3 h4 h5 h6", "pre", "dt dd", "blockquote", "figcaption caption",
     "button label legend summary", "article section main", "nav footer aside header", "form fieldset"),
    start=1,
):  # fmt: skip
    _GROUPS[[TAGS[_name] for _name in _names.split()]] = _group

_RUNNING = 80.0  # plain text this wide is a sign of running text


def describe(parsed: Parsed, title: bytes) -> np.ndarray:
    """The features of each block: float32[n, len(NAMES)]. title: the page's, as UTF-8."""
    n, m = len(parsed.blocks), len(parsed.containers)
    features = np.zeros((n, len(NAMES)), np.float32)
    if not n:
        return features
    kinds = characters.tables()
    measures = np.zeros((n, MEASURES), np.float32)
    measure(parsed.text, parsed.blocks, measures, kinds.kind, kinds.properties, COMMA_CODES)
    shares = np.zeros((n, 4), np.float32)
    size = 1 << max(4, (2 * n).bit_length())
    keys, counts = np.zeros(size, np.uint64), np.zeros((size, 4), np.float32)
    measure_alike(parsed.blocks, parsed.containers, measures, keys, counts, shares)
    keys[:], counts[:] = 0, 0
    repeated = np.zeros(n, np.float32)
    count_repeated(parsed.text, parsed.blocks, keys, counts, repeated)
    words = np.zeros(256, np.uint64)
    in_title = np.zeros((n, 2), np.float32)
    compare_title(parsed.text, parsed.blocks, np.frombuffer(title, np.uint8), words, in_title)
    sums = np.zeros((m, 5), np.float32)
    away = np.zeros((m, len(PLACES) + len(LANDMARKS)), np.uint8)
    _containers(
        parsed.blocks, parsed.containers, measures, sums, away, tables().landmarks, len(PLACES)
    )
    _fill(
        parsed.blocks, parsed.containers, measures, shares, repeated, in_title, sums, away, _GROUPS, features
    )  # fmt: skip
    return features


# Sums over a container and all within.
_WIDTH, _PLAIN, _COUNT, _RUNNING_WIDTH, _SCORE = range(5)


@leaf
def _containers(blocks, containers, measures, sums, away, landmarks, places):
    """Sums of the blocks in each container, and how many levels up each place and landmark is."""
    for b in range(blocks.shape[0]):
        c = blocks[b, CONTAINER]
        width = measures[b, WIDTH]
        plain = width * (1 - link_share(blocks, b))
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
    page_width, page_plain = (
        max(sums[0, _WIDTH], np.float32(1)),
        max(sums[0, _PLAIN], np.float32(1)),
    )
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
        row[3] = link_share(blocks, b)
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
                row[column + 1] = link_share(blocks, other)
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
        plain = width * (1 - link_share(blocks, other))
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
