"""A page's chosen blocks as text, or as Markdown."""

import re
from itertools import groupby

import numpy as np

from polysieve.compiling import leaf
from polysieve.pipeline.extract.markup import numbers
from polysieve.pipeline.extract.outline import CONTAINER, END, PARENT, START, TAG
from polysieve.pipeline.extract.parser import Parsed

_LI, _OL, _UL, _TR, _TABLE = numbers("li ol ul tr table")
_TD, _TH, _PRE, _QUOTE = numbers("td th pre blockquote")
_H1, _H6 = numbers("h1 h6")
_FENCES = re.compile("`{3,}")

# Columns of what `_surroundings` finds: the innermost container of a kind around each container, 0 for none.
_ITEM, _CELL, _ROW, _IN_TABLE, _IN_PRE, _IN_QUOTE = range(6)
_LISTS, _NUMBER = 6, 7  # how many lists it is in; its item's number if the list is ordered, else 0
_COLUMNS = 8


def plain(parsed: Parsed, keep: np.ndarray) -> str:
    """The kept blocks (bool[n]), one to a line and their own lines; cells of a row on one, parted by tabs."""
    text = parsed.text.tobytes()
    around, blocks_in_cell = _surroundings(parsed)
    parts: list[bytes] = []
    row = cell = 0
    for start, end, container in parsed.blocks[keep][:, [START, END, CONTAINER]].tolist():
        place = around[container]
        alone = blocks_in_cell[place[_CELL]] == 1
        beside = alone and row and place[_ROW] == row and place[_CELL] != cell
        parts += [b"\t" if beside else b"\n", text[start:end]]
        row, cell = (int(place[_ROW]), int(place[_CELL])) if alone else (0, 0)
    return b"".join(parts[1:]).decode("utf-8", "replace")


def markdown(parsed: Parsed, keep: np.ndarray) -> str:
    """The kept blocks (bool[n]) with marks for headings, list items, tables, code and quotations.

    Links and emphasis are not marked, and what looks like a mark in the text itself is left as it is.
    """
    text = parsed.text.tobytes()
    around, blocks_in_cell = _surroundings(parsed)

    def group(row: list[int]) -> tuple[str, int]:
        place = around[row[CONTAINER]]
        if place[_IN_PRE]:
            return "code", int(place[_IN_PRE])
        if place[_ROW] and blocks_in_cell[place[_CELL]] == 1:
            return "table", int(place[_IN_TABLE])
        return "block", row[START]

    parts: list[str] = []
    item_before = 0
    for (kind, _), rows in groupby(parsed.blocks[keep].tolist(), key=group):
        contents = [
            (row[CONTAINER], text[row[START] : row[END]].decode("utf-8", "replace")) for row in rows
        ]
        item = 0
        if kind == "code":
            piece = _code("\n".join(content for _, content in contents))
        elif kind == "table":
            piece = _table([(int(around[c][_ROW]), content) for c, content in contents])
        else:
            container, content = contents[0]
            item = int(around[container][_ITEM])
            tag = int(parsed.containers[container, TAG])
            piece = _block(content, tag, around[container], item != 0 and item == item_before)
        parts += ["\n" if item and item_before and item != item_before else "\n\n", piece]
        item_before = item
    return "".join(parts[1:])


def _code(content: str) -> str:
    fence = "`" * (max((len(found) for found in _FENCES.findall(content)), default=2) + 1)
    return f"{fence}\n{content}\n{fence}"


def _table(cells: list[tuple[int, str]]) -> str:
    """Rows of cells given as (row, content); one column is no table."""
    rows = [
        [" ".join(content.split()).replace("|", "\\|") for _, content in row]
        for _, row in groupby(cells, key=lambda cell: cell[0])
    ]
    if max(map(len, rows)) == 1:
        return "\n\n".join(content for _, content in cells)
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "| --- " * len(rows[0]) + "|")
    return "\n".join(lines)


def _block(content: str, tag: int, place: np.ndarray, continues: bool) -> str:
    """A paragraph, heading or list item; `continues`: the block before is of the same item."""
    if _H1 <= tag <= _H6:
        content = f"{'#' * (tag - _H1 + 1)} {' '.join(content.split())}"
    if place[_ITEM]:
        mark = f"{place[_NUMBER]}. " if place[_NUMBER] else "- "
        indent = "  " * max(int(place[_LISTS]) - 1, 0)
        head, *rest = content.split("\n")
        head = indent + (" " * len(mark) if continues else mark) + head
        content = "\n".join([head, *(indent + " " * len(mark) + line for line in rest)])
    if place[_IN_QUOTE]:
        content = "\n".join(f"> {line}" for line in content.split("\n"))
    return content


def _surroundings(parsed: Parsed) -> tuple[np.ndarray, np.ndarray]:
    """int64[m, _COLUMNS] of each container, and how many blocks each cell holds (int64[m])."""
    m = len(parsed.containers)
    around = np.zeros((m, _COLUMNS), np.int64)
    items = np.zeros(m, np.int64)
    in_cell = np.zeros(m, np.int64)
    _look_around(parsed.blocks, parsed.containers, around, items, in_cell)
    return around, in_cell


@leaf
def _look_around(blocks, containers, around, items, in_cell):
    for c in range(1, containers.shape[0]):
        parent = containers[c, PARENT]
        tag = containers[c, TAG]
        for k in range(_COLUMNS):
            around[c, k] = around[parent, k]
        if tag == _LI:
            around[c, _ITEM] = c
            items[parent] += 1
            around[c, _NUMBER] = items[parent] if containers[parent, TAG] == _OL else 0
        elif tag in (_UL, _OL):
            around[c, _LISTS] += 1
        elif tag == _TABLE:
            around[c, _IN_TABLE] = c
            around[c, _ROW] = around[c, _CELL] = around[c, _ITEM] = around[c, _LISTS] = 0
        elif tag == _TR:
            around[c, _ROW] = c
            around[c, _CELL] = 0
        elif tag in (_TD, _TH):
            around[c, _CELL] = c
        elif tag == _PRE:
            around[c, _IN_PRE] = c
        elif tag == _QUOTE:
            around[c, _IN_QUOTE] = c
    for b in range(blocks.shape[0]):
        in_cell[around[blocks[b, CONTAINER], _CELL]] += 1
