"""Keeps a page within what HTML parsers do in linear time and bounded memory.

The parsers below the engines survive any input, but some of their work grows with the square of the
nesting depth, of the attributes of one tag, or of the formatting elements left open (the standard
has each new paragraph open them all again). Browsers cap the depth of their trees for this reason.
Here one pass over the tags takes out what lies beyond the caps; text is never touched. All limits
are counts, so that a page's outcome does not depend on the machine.
"""

import numpy as np

from polysieve.filters.compiling import kernel
from polysieve.pipeline.extract.tags import is_letter, lower

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

_LESS, _GREATER, _SLASH, _BANG, _DASH, _EQUALS = (np.uint8(ord(c)) for c in "<>/!-=")
_QUOTE, _APOSTROPHE, _SPACE = np.uint8(ord('"')), np.uint8(ord("'")), np.uint8(ord(" "))


def _name_key(name: str) -> int:
    """Up to seven letters of a tag's name in one integer, as `_scan` reads them."""
    key = 0
    for letter in name.encode("ascii")[:_KEY_LETTERS]:
        key = key * 256 + letter
    return key


_KEY_LETTERS = 7
_LINK_KEY = _name_key("a")
_NAMES = sorted({name for names in _KINDS.values() for name in names.split()}, key=_name_key)
_NAME_KEYS = np.array([_name_key(name) for name in _NAMES], dtype=np.int64)
_NAME_KINDS = np.array(
    [sum(kind for kind, names in _KINDS.items() if name in names.split()) for name in _NAMES],
    dtype=np.int64,
)


def bounded(markup: bytes) -> tuple[bytes, int]:
    """`markup` (UTF-8) without the tags and attributes beyond the caps, and its count of elements.

    The same object comes back where nothing is beyond them. A caller refuses a page whose count of
    elements is over `MAX_ELEMENTS`.
    """
    page = np.frombuffer(markup, dtype=np.uint8)
    elements, size = _scan(page, np.empty(0, dtype=np.uint8), _NAME_KEYS, _NAME_KINDS)
    if size == page.size:
        return markup, elements
    output = np.empty(size, dtype=np.uint8)
    _scan(page, output, _NAME_KEYS, _NAME_KINDS)
    return output.tobytes(), elements


@kernel
def _is_space(byte):
    return byte == 32 or 9 <= byte <= 13


@kernel
def _kind_of(key, name_keys, name_kinds):
    low, high = 0, name_keys.size
    while low < high:
        middle = (low + high) // 2
        if name_keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return name_kinds[low] if low < name_keys.size and name_keys[low] == key else 0


@kernel
def _after_comment(page, start):
    """Where the comment ends whose `<!` is at `start`; a bogus one ends at the next `>`."""
    n = page.size
    if start + 3 < n and page[start + 2] == _DASH and page[start + 3] == _DASH:
        i = start + 4
        if i < n and page[i] == _GREATER:
            return i + 1
        while i < n:
            if page[i] == _GREATER and page[i - 1] == _DASH and page[i - 2] == _DASH:
                return i + 1
            i += 1
        return n
    i = start + 2
    while i < n and page[i] != _GREATER:
        i += 1
    return min(i + 1, n)


@kernel
def _after_raw_text(page, start, key):
    """Where the end tag starts that closes the raw text element named `key`; the page's end if none."""
    n = page.size
    i = start
    while i + 2 < n:
        if page[i] == _LESS and page[i + 1] == _SLASH and is_letter(page[i + 2]):
            j = i + 2
            name = np.int64(0)
            while j < n and j < i + 2 + _KEY_LETTERS and is_letter(page[j]):
                name = name * 256 + np.int64(lower(page[j]))
                j += 1
            if name == key:
                return i
        i += 1
    return n


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
        if page[i] != _LESS or i + 1 >= n:
            i += 1
            continue
        start = i
        if page[i + 1] == _BANG or page[i + 1] == 63:  # <! and <?
            i = _after_comment(page, i)
            continue
        closing = page[i + 1] == _SLASH
        i += 2 if closing else 1
        if i >= n or not is_letter(page[i]):
            continue
        key = np.int64(0)
        letters = 0
        while i < n and not (_is_space(page[i]) or page[i] == _SLASH or page[i] == _GREATER):
            if letters < _KEY_LETTERS:
                key = key * 256 + np.int64(lower(page[i]))
            letters += 1
            i += 1
        # Attributes, as the standard's tokenizer reads them.
        attributes = 0
        cut = np.int64(-1)  # where the first attribute beyond the cap starts
        while i < n and page[i] != _GREATER:
            if _is_space(page[i]) or page[i] == _SLASH:
                i += 1
                continue
            attributes += 1
            if attributes == MAX_ATTRIBUTES + 1:
                cut = i
            i += 1  # a name may begin with "="
            while i < n and not (
                _is_space(page[i]) or page[i] == _SLASH or page[i] == _GREATER or page[i] == _EQUALS
            ):
                i += 1
            j = i
            while j < n and _is_space(page[j]):
                j += 1
            if j < n and page[j] == _EQUALS:
                i = j + 1
                while i < n and _is_space(page[i]):
                    i += 1
                if i < n and (page[i] == _QUOTE or page[i] == _APOSTROPHE):
                    quote = page[i]
                    i += 1
                    while i < n and page[i] != quote:
                        i += 1
                    i += 1
                else:
                    while i < n and not (_is_space(page[i]) or page[i] == _GREATER):
                        i += 1
        end = min(i, n)  # at the ">"
        i = min(i + 1, n)
        kind = _kind_of(key, name_keys, name_kinds)
        nests = not kind & (_VOID | _SIBLING)
        if key == _LINK_KEY:  # a link closes the one before it
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
                    i = _after_raw_text(page, i, key)
                    drop = False
            elements += 0 if drop else 1 + reopened
        if drop or cut >= 0:
            gap_start = start if drop else cut
            if output.size:
                output[size : size + gap_start - copied] = page[copied:gap_start]
            size += gap_start - copied
            if gap_start > copied or copied == 0:
                if output.size:
                    output[size] = _SPACE
                size += 1
            copied = i if drop else end
    if output.size:
        output[size:] = page[copied:]
    return elements, size + n - copied
