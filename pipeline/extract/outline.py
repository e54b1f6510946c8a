"""The parser's memory: blocks and containers as rows, and what is open while a page is read."""

import numpy as np

from polysieve.compiling import leaf

MAX_DEPTH = 256

# Columns of a block.
START, END = 0, 1  # places in the text
CONTAINER = 2
LINK_BYTES, LINKS, BOLD_BYTES, CODE_BYTES = 3, 4, 5, 6
IMAGES = 7  # since the block before
GAP = 8  # bytes of markup since the block before
AFTER_BREAK = 9  # whether a doubled <br> or an <hr> is before it
LINES = 10  # line feeds
PREFORMATTED = 11
BLOCK_COLUMNS = 12

# Columns of a container.
PARENT, TAG, LEVEL, PLACES, CONCEALED, INPUTS, SIGNATURE = range(7)
CONTAINER_COLUMNS = 7
# Values of CONCEALED, as bits, of a container and all within.
BY_STYLE, BY_ARIA = 1, 2

# Columns of the stack: what was open before its element.
_ELEMENT, _BEFORE, _LINK, _BOLD, _CODE, _PRE = range(6)
STACK_COLUMNS = 6

# Places of the state.
SIZE = 0  # bytes of text
SPACE = 1  # a space is due
LINK, BOLD, CODE, PRE = 2, 3, 4, 5  # open: links, bold type, code, preformatted text
DEPTH = 6  # elements on the stack
BEYOND = 7  # open elements that found no place on it
INNERMOST = 8  # container
BLOCKS, CONTAINERS, NOTES, ELEMENTS = 9, 10, 11, 12  # how many there are
SOURCE = 13  # where in the page the block before ended
FIRST_SOURCE = 14  # where this one begins
ROW = 15  # 15 to 26: the block that is being read
STATE_SIZE = ROW + BLOCK_COLUMNS


@leaf
def end_block(state, text, blocks, source):
    """Ends the block that is being read; it counts if it has a character that is not white space."""
    start, size = state[ROW + START], state[SIZE]
    while size > start and (text[size - 1] == 32 or 9 <= text[size - 1] <= 13):
        size -= 1
    state[SPACE] = 0
    if size == start:
        state[SIZE] = start
        for column in (LINK_BYTES, LINKS, BOLD_BYTES, CODE_BYTES, LINES):
            state[ROW + column] = 0
        return
    text[size] = 10
    n = state[BLOCKS]
    state[ROW + END] = size
    state[ROW + CONTAINER] = state[INNERMOST]
    state[ROW + GAP] = state[FIRST_SOURCE] - state[SOURCE]
    for column in range(BLOCK_COLUMNS):
        blocks[n, column] = state[ROW + column]
        state[ROW + column] = 0
    state[BLOCKS] = n + 1
    state[SOURCE] = source
    state[SIZE] = size + 1
    state[ROW + START] = size + 1


@leaf
def break_line(state, text, blocks, source):
    """A `<br>`: a line feed within the block; a second one, or one before any text, sets blocks apart."""
    size, start = state[SIZE], state[ROW + START]
    state[SPACE] = 0
    if size > start and text[size - 1] == 10 and not state[PRE]:
        end_block(state, text, blocks, source)
        start = size = state[SIZE]
    if size == start and not state[PRE]:
        state[ROW + AFTER_BREAK] = 1
        return
    text[size] = 10
    state[SIZE] = size + 1
    state[ROW + LINES] += 1


@leaf
def push(state, stack, opened, containers, value, number, found, marks):
    """Opens a container; beyond the stack's depth it is only counted."""
    depth = state[DEPTH]
    if depth == MAX_DEPTH:
        state[BEYOND] += 1
        return
    parent = state[INNERMOST]
    stack[depth, _ELEMENT] = value
    stack[depth, _BEFORE] = parent
    stack[depth, _LINK] = state[LINK]
    stack[depth, _BOLD] = state[BOLD]
    stack[depth, _CODE] = state[CODE]
    stack[depth, _PRE] = state[PRE]
    state[DEPTH] = depth + 1
    opened[number] += 1
    m = state[CONTAINERS]
    containers[m, PARENT] = parent
    containers[m, TAG] = number
    containers[m, LEVEL] = containers[parent, LEVEL] + 1
    containers[m, PLACES] = marks[0]
    containers[m, CONCEALED] = containers[parent, CONCEALED] | found
    containers[m, INPUTS] = 0
    signature = (containers[parent, SIGNATURE] ^ marks[1]) * 1099511628211 + number
    containers[m, SIGNATURE] = signature
    state[CONTAINERS] = m + 1
    state[INNERMOST] = m


@leaf
def pop_to(state, stack, opened, depth, number_mask):
    """Closes elements until `depth` are open. A link, bold type or code that began within ends."""
    while state[DEPTH] > depth:
        top = state[DEPTH] - 1
        opened[stack[top, _ELEMENT] & number_mask] -= 1
        state[INNERMOST] = stack[top, _BEFORE]
        state[LINK] = min(state[LINK], stack[top, _LINK])
        state[BOLD] = min(state[BOLD], stack[top, _BOLD])
        state[CODE] = min(state[CODE], stack[top, _CODE])
        state[PRE] = stack[top, _PRE]
        state[DEPTH] = top
        state[BEYOND] = 0


@leaf
def find_open(state, stack, first, last, stop, number_mask):
    """The place on the stack of the innermost element numbered first to last, -1 if there is none.

    stop: bits of elements that are not looked beyond.
    """
    place = state[DEPTH] - 1
    while place >= 0:
        value = stack[place, _ELEMENT]
        if first <= (value & number_mask) <= last:
            return place
        if value & stop:
            return np.int64(-1)
        place -= 1
    return np.int64(-1)
