"""Where a document's prose stands: the blocks of plain text and of Markdown, as ranges of the text.

Everything outside the ranges (marks of headings, lists and quotes, table frames, code, tags, blank space) is
copied as it is when a document is put together again, so it cannot be damaged.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Range = tuple[int, int]

_FENCE = re.compile(r"[ \t]*(?P<mark>`{3,}|~{3,})")
# Quote marks, list marks, a task's box, heading marks, in the order in which they may stand before prose.
_MARKS = re.compile(
    r"[ \t]*(?:>[ \t]?)*[ \t]*"
    r"(?:(?:[-*+•·◦▪–—‣]|\(?\d{1,4}[.)、]|\(?[a-zA-Z][.)])[ \t]+)?"
    r"(?:\[[ xX]\][ \t]+)?(?:#{1,6}[ \t]+)?"
)
_RULER = re.compile(r"[\s\-=_*~#|+:.•·—–]*")  # underlines of headings, rules, table separators
_REFERENCE = re.compile(r"[ ]{0,3}\[[^\]\n]+\]:[ \t]*\S+.*")  # [name]: https://…
_TAGS_ONLY = re.compile(r"\s*(?:</?[A-Za-z!][^<>\n]*>?\s*)+")
_TABLE_ROW = re.compile(r"\s*\||[^|]+\|[^|]*\||.*\t.*\t")
_CELL = re.compile(r"(?:\\\||[^|\t])+")  # `\|` is a stroke in a cell
_KEY = re.compile(r"[\w-]+:(\s|$)")
_ENDS_SENTENCE = re.compile(r"[.!?…。！？।॥۔؟።:;»”\"')\]]\s*$")
_SHORTEST_WRAPPED, _LONGEST_WRAPPED = 45, 120


@dataclass(frozen=True)
class Block:
    """A stretch of prose; `lines` are the ranges of its lines where it was wrapped by hand, else one range."""

    lines: tuple[Range, ...]

    @property
    def start(self) -> int:
        return self.lines[0][0]

    @property
    def end(self) -> int:
        return self.lines[-1][1]


def blocks(text: str) -> list[Block]:
    """The blocks of prose of a text, in order, without blank space at their ends.

    A line is a block, a table cell is one, and so are the lines of a paragraph that was wrapped by hand. Fenced and
    indented code, front matter, lines of tags or rulers and definitions of links have none.
    """
    found: list[Block] = []
    paragraph: list[Range] = []

    def close() -> None:
        if _is_wrapped(text, paragraph):
            found.append(Block(tuple(paragraph)))
        else:
            found.extend(Block((line,)) for line in paragraph)
        paragraph.clear()

    for start, end in _prose_lines(text):
        if start == end:
            close()
            continue
        line = text[start:end]
        marked = _MARKS.match(line)
        inner = marked.end() if marked else 0
        if _TABLE_ROW.match(line):
            close()
            found.extend(Block((cell,)) for cell in _cells(text, start, end))
            continue
        if line[:inner].strip():
            close()
        if piece := _stripped(text, start + inner, end):
            paragraph.append(piece)
        if line[:inner].strip().endswith("#"):
            close()
    close()
    return found


def _prose_lines(text: str) -> Iterator[Range]:
    """The lines that may hold prose, without their line ends; an empty range where something else stands between."""
    fence = ""
    position = _after_front_matter(text)
    previous_blank, in_code, in_list = True, False, False
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        line = text[position:end]
        start, position = position, end + 1
        if fence:
            closing = _FENCE.match(line)
            if closing and closing["mark"].startswith(fence) and not line[closing.end() :].strip():
                fence = ""
            continue
        blank = not line.strip()
        if opening := _FENCE.match(line):
            fence = opening["mark"]
            yield start, start
            continue
        indented = line.startswith(("    ", "\t")) and not blank
        in_code = indented and not in_list and (previous_blank or in_code)
        if not blank and not indented:
            mark = _MARKS.match(line)
            in_list = bool(mark and mark.group().strip(" \t>#"))
        previous_blank = blank
        opaque = (
            blank
            or in_code
            or _RULER.fullmatch(line)
            or _REFERENCE.fullmatch(line)
            or _TAGS_ONLY.fullmatch(line)
        )
        yield (start, start) if opaque else (start, end)


def _after_front_matter(text: str) -> int:
    """Where the text begins after a head of `key: value` lines between two lines of `---`."""
    if not text.startswith("---\n"):
        return 0
    end = text.find("\n---\n", 3)
    head = text[4:end].split("\n") if end >= 0 else []
    keys = [line for line in head if line and not line.startswith((" ", "\t", "-", "#"))]
    is_head = bool(keys) and all(_KEY.match(line) for line in keys)
    return end + 5 if is_head else 0


def _cells(text: str, start: int, end: int) -> Iterator[Range]:
    for cell in _CELL.finditer(text, start, end):
        if piece := _stripped(text, cell.start(), cell.end()):
            yield piece


def _stripped(text: str, start: int, end: int) -> Range | None:
    """The range without blank space at its ends; None where no letter is in it."""
    piece = text[start:end]
    if not any(character.isalpha() for character in piece):
        return None
    start += len(piece) - len(piece.lstrip())
    return start, start + len(piece.strip())


def _is_wrapped(text: str, lines: Sequence[Range]) -> bool:
    """Whether lines are one paragraph that was wrapped by hand: all but the last of about one length, and most of them
    ending within a sentence."""
    if len(lines) < 2:
        return False
    head = [text[start:end] for start, end in lines[:-1]]
    if not all(_SHORTEST_WRAPPED <= len(line) <= _LONGEST_WRAPPED for line in head):
        return False
    open_ended = sum(not _ENDS_SENTENCE.search(line) for line in head)
    return open_ended * 2 > len(head)
