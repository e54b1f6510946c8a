"""Keeps a page within what HTML parsers do in linear time and bounded memory.

The parsers below the engines survive any input, but some of their work grows with the square of the
nesting depth, of the attributes of one tag, or of the formatting elements left open (the standard
has each new paragraph open them all again). Browsers cap the depth of their trees for this reason.
Here one pass over the tags takes out what lies beyond the caps; text is never touched. All limits
are counts, so that a page's outcome does not depend on the machine.
"""

import numpy as np

from polysieve.compiling import kernel
from polysieve.pipeline.extract.characters import text_end
from polysieve.pipeline.extract.markup import look_up, name_hash, name_table
from polysieve.pipeline.extract.tags import (
    after_comment,
    is_letter,
    raw_text_end,
    read_attribute,
    read_name,
    skip_to_attribute,
)

MAX_DEPTH = 240  # open elements; libxml2 cuts a page off at 256, Chromium flattens from 512
MAX_FORMATTING = 16  # open elements of the standard's "formatting" kind (b, i, font, a, …)
MAX_ATTRIBUTES = 256  # of one tag
MAX_ELEMENTS = 1_000_000  # of a page, those that are opened again included; about 600 MB of tree

_VOID, _SIBLING, _FORMATTING, _RAW, _SVG, _BREAKOUT = 1, 2, 4, 8, 16, 32
_KINDS = {
    _VOID: "area base br col embed hr img input link meta param source track wbr",
    # A following sibling closes these, so they add no depth of their own however often they are
    # left open; html, head and body never nest.
    _SIBLING: "p li dt dd option optgroup tr td th thead tbody tfoot colgroup rb rt rtc rp "
    "html head body",
    _FORMATTING: "a b big code em font i nobr s small strike strong tt u",
    _RAW: "script style textarea title xmp iframe noembed noframes",
    _SVG: "svg math",  # inside, <path/> is closed; elsewhere the slash means nothing
    _BREAKOUT: "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head "
    "hr i img li listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt "
    "u ul var",  # these end <svg> and <math> wherever they stand
}

_LESS, _GREATER, _SLASH, _SPACE = (np.uint8(ord(c)) for c in "<>/ ")
_LINK = np.uint64(name_hash("a"))
_NAMES = name_table(
    {
        name: sum(kind for kind, listed in _KINDS.items() if name in listed.split())
        for name in " ".join(_KINDS.values()).split()
    }
)


def bounded(markup: bytes) -> tuple[bytes, int]:
    """`markup` (UTF-8) without the tags and attributes beyond the caps, and its count of elements.

    The same object comes back where nothing is beyond them. A caller refuses a page whose count of
    elements is over `MAX_ELEMENTS`.
    """
    page = np.frombuffer(markup, dtype=np.uint8)
    elements, size = _scan(page, np.empty(0, dtype=np.uint8), *_NAMES)
    if size == page.size:
        return markup, elements
    output = np.empty(size, dtype=np.uint8)
    _scan(page, output, *_NAMES)
    return output.tobytes(), elements


@kernel
def _scan(page, output, name_keys, name_kinds):
    """One pass over the tags: (elements, size without what is beyond the caps).

    `output` gets the page without that; empty, it gets nothing. A run of dropped tags leaves one
    space, so that words stay apart.
    """
    n = page.size
    depth = np.int64(0)
    formatting = np.int64(0)
    elements = np.int64(0)
    linked = False  # an <a> is open
    foreign = False  # inside <svg> or <math>
    size = np.int64(0)
    copied = np.int64(0)  # the page up to here is in the output
    i = 0
    while i < n:
        start = i = text_end(page, i)
        if start == n:
            break
        closing = page[i + 1] == _SLASH
        i += 2 if closing else 1
        if i >= n or not is_letter(page[i]):
            i = after_comment(page, start)
            continue
        name, i = read_name(page, i)
        attributes = 0
        cut = np.int64(-1)  # where the first attribute beyond the cap starts
        i = skip_to_attribute(page, i)
        while i < n and page[i] != _GREATER:
            attributes += 1
            if attributes == MAX_ATTRIBUTES + 1:
                cut = i
            _, _, _, i = read_attribute(page, i)
            i = skip_to_attribute(page, i)
        end = i  # at the ">"
        i = min(i + 1, n)
        kind = look_up(name_keys, name_kinds, name)
        nests = not kind & (_VOID | _SIBLING)
        if name == _LINK:  # a link closes the one before it
            nests = linked if closing else not linked
            linked = not closing
        drop = False
        if closing:
            if kind & _FORMATTING and nests:
                drop = formatting > MAX_FORMATTING
                formatting = max(formatting - 1, 0)
            if kind & _SVG:
                foreign = False
            if nests:
                drop |= depth > MAX_DEPTH
                depth = max(depth - 1, 0)
        else:
            reopened = min(formatting, MAX_FORMATTING)
            if kind & _SVG:
                foreign = True
            elif kind & _BREAKOUT:
                foreign = False
            if nests and not (foreign and page[end - 1] == _SLASH):
                depth += 1
                drop = depth > MAX_DEPTH
                if kind & _FORMATTING:
                    formatting += 1
                    drop |= formatting > MAX_FORMATTING
                if kind & _RAW and not foreign:
                    i = raw_text_end(page, i, name)
                    drop = False
            elements += 0 if drop else 1 + reopened
        if drop or cut >= 0:
            gap_start = start if drop else cut
            if output.size:
                _copy(page, copied, gap_start, output, size)
            size += gap_start - copied
            if gap_start > copied or copied == 0:
                if output.size:
                    output[size] = _SPACE
                size += 1
            copied = i if drop else end
    if output.size:
        _copy(page, copied, n, output, size)
    return elements, size + n - copied


@kernel
def _copy(source, start, end, target, place):
    # A loop, since assigning to a slice compiles the message for arrays of unequal length along.
    for k in range(end - start):
        target[place + k] = source[start + k]
