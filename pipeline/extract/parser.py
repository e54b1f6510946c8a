"""A web page as blocks of text: one pass over its bytes, tolerant of any.

A block is text between two starts or ends of elements that browsers put on lines of their own. It belongs to a
container, the innermost such element; containers form a tree, numbered as they start, so that a parent has a
lower number than its children. What a browser does not show by its nature (scripts, styles, `<template>`,
drawings, form options, reading aids in ruby) has no block; what a style sheet may hide has one.

The pass follows the HTML standard where that decides where text begins and ends (raw text, optional end tags,
misnested tables, character references) and is bounded by counts alone: the stack of open elements has
`MAX_DEPTH` places, deeper ones are counted and not kept, an end tag looks no further than the stack. It never
fails, whatever the bytes.
"""

from typing import NamedTuple

import numpy as np

from polysieve.compiling import leaf
from polysieve.pipeline.extract.characters import text_end, write_text
from polysieve.pipeline.extract.markup import (
    BLOCK,
    BROKEN_OUT,
    CLOSES_P,
    LIST,
    NUMBER,
    RAW,
    SCOPE,
    SKIPPED,
    TABLE,
    VOID,
    look_up,
    numbers,
    tables,
)
from polysieve.pipeline.extract.outline import (
    AFTER_BREAK,
    BEYOND,
    BLOCK_COLUMNS,
    BLOCKS,
    BOLD,
    BOLD_BYTES,
    BY_ARIA,
    BY_STYLE,
    CODE,
    CODE_BYTES,
    CONTAINER_COLUMNS,
    CONTAINERS,
    DEPTH,
    ELEMENTS,
    FIRST_SOURCE,
    IMAGES,
    INNERMOST,
    INPUTS,
    LINK,
    LINK_BYTES,
    LINKS,
    MAX_DEPTH,
    NOTES,
    PRE,
    PREFORMATTED,
    ROW,
    SIZE,
    SPACE,
    STACK_COLUMNS,
    START,
    STATE_SIZE,
    break_line,
    end_block,
    find_open,
    pop_to,
    push,
)
from polysieve.pipeline.extract.tags import (
    ARIA_HIDDEN,
    CANONICAL,
    CLOSED,
    DATE,
    HIDDEN,
    JSON,
    LICENCE,
    after_comment,
    is_letter,
    raw_text_end,
    read_attributes,
    read_name,
)
from polysieve.pipeline.extract.tags import LINKS as HAS_HREF

MAX_NOTES = 256
# Kinds of notes: the tags and contents that metadata is read from.
NOTE_TAG, NOTE_LICENCE, NOTE_JSON, NOTE_TITLE, NOTE_HTML = range(5)

_A, _B, _STRONG, _CODE, _TT, _SAMP, _KBD = numbers("a b strong code tt samp kbd")
_BR, _HR, _IMG, _INPUT, _BUTTON = numbers("br hr img input button")
_P, _H1, _H6, _LI, _DT, _DD = numbers("p h1 h6 li dt dd")
_CAPTION, _THEAD, _TFOOT, _TR, _TD, _TH = numbers("caption thead tfoot tr td th")
_HTML, _BODY, _PRE, _RT, _RP, _RUBY = numbers("html body pre rt rp ruby")
_SCRIPT, _TITLE, _META, _LINK, _TIME = numbers("script title meta link time")

_SLASH = np.uint8(ord("/"))
_NOTHING = np.uint64(0)


class Parsed(NamedTuple):
    """A page's text and its structure.

    text: uint8[b], UTF-8, the blocks' texts one after the other. blocks: int32[n, BLOCK_COLUMNS].
    containers: int64[m, CONTAINER_COLUMNS]; container 0 is the page. The columns are those of outline.py.
    notes: int64[k, 3], a kind and where in the page the tag (or the content of a script or title) starts and
    ends. elements: how many start tags or blocks the page has; if more than the limit, only the part before
    was read.
    """

    text: np.ndarray
    blocks: np.ndarray
    containers: np.ndarray
    notes: np.ndarray
    elements: int


def parse(page: np.ndarray, max_elements: int) -> Parsed:
    """The blocks of a page given as UTF-8 (uint8[n])."""
    rows = min(int(_count_tags(page)), max_elements) + 2
    # No character reference grows by more than a fifth: `&nGt;`, five bytes, stands for six.
    text = np.empty(page.size + page.size // 4 + 64, np.uint8)
    blocks = np.empty((rows, BLOCK_COLUMNS), np.int32)
    containers = np.empty((rows, CONTAINER_COLUMNS), np.int64)
    notes = np.empty((MAX_NOTES, 3), np.int64)
    stack = np.empty((MAX_DEPTH, STACK_COLUMNS), np.int64)
    opened = np.zeros(NUMBER + 1, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    containers[0] = 0
    state[CONTAINERS] = 1
    marks = np.zeros(2, np.int64)
    _parse(
        page, text, blocks, containers, notes, stack, opened, state, marks, max_elements, tables()
    )
    return Parsed(
        text[: state[SIZE]],
        blocks[: state[BLOCKS]],
        containers[: state[CONTAINERS]],
        notes[: state[NOTES]],
        int(state[ELEMENTS]),
    )


@leaf
def _count_tags(page):
    """At least as many as the page has tags."""
    count = 0
    for i in range(page.size - 1):
        count += np.int64(page[i] == 60) & np.int64(page[i + 1] > 46)
    return count


@leaf
def _parse(
    page, text, blocks, containers, notes, stack, opened, state, marks, max_elements, known
):  # fmt: skip
    n = page.size
    i = 0
    # The element whose content is skipped, how often its name is open within, and how many blocks are.
    skipped, skipped_value, names_open, blocks_open = _NOTHING, np.int64(0), 0, 0
    last_block = blocks.shape[0] - 1
    while i < n:
        end = text_end(page, i)
        if end > i and skipped == _NOTHING:
            _read_text(page, i, end, text, state, known)
        if end == n:
            break
        start = end
        i = start + 1
        closing = page[i] == _SLASH
        if closing:
            i += 1
        if i >= n or not is_letter(page[i]):
            i = after_comment(page, start)
            continue
        name, i = read_name(page, i)
        value = look_up(known.tag_keys, known.tag_values, name)
        number = value & NUMBER
        wanted = value & BLOCK != 0 and not closing
        i, found = read_attributes(page, i, wanted, known, marks)
        if not closing:
            if not state[BEYOND]:  # what finds no place on the stack takes none elsewhere
                state[ELEMENTS] += 1
            if state[ELEMENTS] > max_elements:
                break
        if state[BLOCKS] >= last_block:
            state[ELEMENTS] = max_elements + 1
            break
        if value & RAW and not closing:
            content = i
            i = raw_text_end(page, i, name)
            if number == _TITLE and skipped == _NOTHING:
                _note(notes, state, NOTE_TITLE, content, i)
            elif number == _SCRIPT and found & JSON:
                _note(notes, state, NOTE_JSON, content, i)
            continue
        if (number in (_META, _TIME) and found & DATE) or (
            number == _LINK and found & (CANONICAL | LICENCE)
        ):
            _note(notes, state, NOTE_TAG, start, i)
        if skipped != _NOTHING:
            if value & BLOCK:
                blocks_open += -1 if closing else 1
            reading_aid = number == _RT or number == _RP  # in ruby; a new one ends the one before
            if name == skipped and not reading_aid:
                names_open += -1 if closing else 0 if found & CLOSED else 1
            ended = name == skipped and closing and (reading_aid or names_open <= 0)
            if skipped_value & BROKEN_OUT and (value & BLOCK or number == _RUBY):
                ended = True
            ended |= blocks_open < 0 or (reading_aid and name != skipped)
            if not ended:
                continue
            is_own_end = name == skipped
            skipped = _NOTHING
            if is_own_end:
                continue
        if closing:
            if value & BLOCK:
                _end_tag(start, text, blocks, stack, opened, state, value, number)
            else:
                _end_inline_tag(start, text, blocks, state, number)
        elif value & BLOCK:
            hidden = (BY_STYLE if found & HIDDEN else 0) | (BY_ARIA if found & ARIA_HIDDEN else 0)
            _start_tag(start, text, blocks, containers, stack, opened, state, marks, value, hidden)
            if number == _HTML:
                _note(notes, state, NOTE_HTML, start, i)
        elif (value & SKIPPED or found & HIDDEN) and not (value & VOID or found & CLOSED):
            skipped, skipped_value, names_open, blocks_open = name, value, 1, 0
        else:
            if number == _A and found & LICENCE:
                _note(notes, state, NOTE_LICENCE, start, i)
            _start_inline_tag(start, text, blocks, containers, state, number, found)
    end_block(state, text, blocks, n)


@leaf
def _read_text(page, start, end, text, state, known):
    """Adds page[start:end] to the block that is being read."""
    size = state[SIZE]
    if size == state[ROW + START]:
        state[FIRST_SOURCE] = start
        state[ROW + PREFORMATTED] = state[PRE]
    after, space = write_text(
        page, start, end, text, size, state[ROW + START], state[SPACE] != 0, state[PRE] != 0, known
    )
    state[SIZE] = after
    state[SPACE] = space
    if state[LINK]:
        state[ROW + LINK_BYTES] += after - size
    if state[BOLD]:
        state[ROW + BOLD_BYTES] += after - size
    if state[CODE]:
        state[ROW + CODE_BYTES] += after - size


@leaf
def _note(notes, state, kind, start, end):
    k = state[NOTES]
    if k < MAX_NOTES:
        notes[k, 0], notes[k, 1], notes[k, 2] = kind, start, end
        state[NOTES] = k + 1


@leaf
def _start_inline_tag(start, text, blocks, containers, state, number, found):
    if number == _A:
        state[LINK] = 1 if found & HAS_HREF else 0  # a link closes the one before it
        state[ROW + LINKS] += state[LINK]
    elif number in (_B, _STRONG):
        state[BOLD] += 1
    elif number in (_CODE, _TT, _SAMP, _KBD):
        state[CODE] += 1
    elif number == _BR:
        break_line(state, text, blocks, start)
    elif number == _HR:
        end_block(state, text, blocks, start)
        state[ROW + AFTER_BREAK] = 1
    elif number == _IMG:
        state[ROW + IMAGES] += 1
    elif number == _INPUT:
        containers[state[INNERMOST], INPUTS] += 1


@leaf
def _end_inline_tag(start, text, blocks, state, number):
    if number == _A:
        state[LINK] = 0
    elif number in (_B, _STRONG):
        state[BOLD] = max(state[BOLD] - 1, 0)
    elif number in (_CODE, _TT, _SAMP, _KBD):
        state[CODE] = max(state[CODE] - 1, 0)
    elif number == _BR:
        break_line(state, text, blocks, start)


@leaf
def _start_tag(start, text, blocks, containers, stack, opened, state, marks, value, hidden):
    """The start of a block's element: what it implies the end of is closed first."""
    number = value & NUMBER
    end_block(state, text, blocks, start)
    if (number in (_HTML, _BODY)) and opened[number]:
        return
    if value & CLOSES_P and opened[_P]:
        _close(stack, opened, state, _P, _P, SCOPE)
    if number == _LI and opened[_LI]:
        _close(stack, opened, state, _LI, _LI, LIST)
    elif (number in (_DT, _DD)) and opened[_DT] + opened[_DD]:
        _close(stack, opened, state, _DT, _DD, LIST)
    elif number in (_TD, _TH):
        _close(stack, opened, state, _TD, _TH, TABLE)
    elif number == _TR:
        _close(stack, opened, state, _TR, _TR, TABLE)
    elif _CAPTION <= number <= _TFOOT:
        _close(stack, opened, state, _CAPTION, _TFOOT, TABLE)
    elif _H1 <= number <= _H6 and state[DEPTH]:
        top = state[DEPTH] - 1
        if _H1 <= (stack[top, 0] & NUMBER) <= _H6:
            pop_to(state, stack, opened, top, NUMBER)
    if number == _BUTTON:
        containers[state[INNERMOST], INPUTS] += 1
    push(state, stack, opened, containers, value, number, hidden, marks)
    if number == _PRE:
        state[PRE] = 1


@leaf
def _close(stack, opened, state, first, last, stop):
    place = find_open(state, stack, first, last, stop, NUMBER)
    if place >= 0:
        pop_to(state, stack, opened, place, NUMBER)


@leaf
def _end_tag(start, text, blocks, stack, opened, state, value, number):
    """The end of a block's element: the innermost open one of its name ends, and all within."""
    end_block(state, text, blocks, start)
    if number in (_HTML, _BODY):
        return  # what follows still belongs to the page
    if state[BEYOND]:
        state[BEYOND] -= 1
        return
    first, last = number, number
    if _H1 <= number <= _H6:
        first, last = _H1, _H6
    elif not opened[number]:
        return
    is_of_table = value & TABLE or _CAPTION <= number <= _TFOOT or _TR <= number <= _TH
    place = find_open(state, stack, first, last, TABLE if is_of_table else SCOPE, NUMBER)
    if place >= 0:
        pop_to(state, stack, opened, place, NUMBER)
