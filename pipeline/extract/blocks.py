"""Cleans up main content block by block: what reads as running text stays, menus and teasers go.

The input is the reduced HTML that resiliparse writes of a page's main content: headings, paragraphs,
list items, `<pre>`, `<br>` and links, one block to a line. A block is judged by two things that mean
the same in every language: how much text it has, and how much of that is link text (Kohlschütter,
Fankhauser, Nejdl: Boilerplate Detection using Shallow Text Features, WSDM 2010). Short blocks are
judged by where they stand: between paragraphs they belong to the text, around it they do not.
"""

import html
import re
from dataclasses import dataclass

# Chosen on half of the evaluation pages, see docs/extraction.md. Widths are in Latin letters.
LONG = 100  # a block this wide is running text
LONG_SENTENCE = 50  # so is a paragraph this wide that ends as sentences do
FEW_LINKS = 0.35  # share of link text that running text stays under
MOST_LINKS = 0.8  # share from which a block is navigation wherever it stands

_TAG_OR_LINE_END = re.compile(r"(<[^>]*>|\n)")
# A Chinese or Japanese character or a Korean syllable says about as much as three Latin letters.
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
# How sentences end: Latin, Arabic, Indic, Chinese, Ethiopic, Armenian, Khmer, Burmese, Tibetan.
_SENTENCE_END = re.compile(r"[.!?:;…。！？：।॥؟۔።፧։។၊။།‽”’»›」』)\]\"']$")


@dataclass(slots=True)
class Block:
    """One line of the reduced HTML: its tag ("" for none), text, and width in all and in links."""

    tag: str
    text: str
    width: int
    link_width: int


def read_blocks(reduced: str) -> list[Block]:
    """The blocks of resiliparse's `minimal_html` output with links."""
    parts = _TAG_OR_LINE_END.split(
        reduced + "\n"
    )  # text at even places, tags and line ends at odd ones
    closed = _closed_links(parts)
    blocks: list[Block] = []
    pieces: list[str] = []
    tag = ""
    width = link_width = 0
    in_link = preformatted = after_break = False
    for i, part in enumerate(parts):
        if not i & 1:
            if part:
                text = html.unescape(part)
                pieces.append(text)
                added = len(text.strip()) + (0 if text.isascii() else 2 * len(_WIDE.findall(text)))
                width += added
                link_width += added if in_link else 0
        elif part == "\n" and (preformatted or after_break):
            pieces.append("\n")
            after_break = False
        elif part == "\n":
            text = "".join(pieces).strip("\n") if tag == "pre" else "".join(pieces).strip()
            if text.strip():
                blocks.append(Block(tag, text, width, link_width))
            pieces, tag, width, link_width = [], "", 0, 0
        elif part.startswith("<a "):
            in_link = i in closed
        elif part == "</a>":
            in_link = False
        elif part == "<br>":
            after_break = True
        elif part == "</pre>":
            preformatted = False
        elif part[1] != "/":
            tag = part[1:-1]
            preformatted = tag == "pre"
    return blocks


def _closed_links(parts: list[str]) -> set[int]:
    """Places of the link starts that have an end; resiliparse writes none for a link without text."""
    closed: set[int] = set()
    start = -1
    for i in range(1, len(parts), 2):
        if parts[i].startswith("<a "):
            start = i
        elif parts[i] == "</a>" and start >= 0:
            closed.add(start)
            start = -1
    return closed


def running_text(blocks: list[Block]) -> list[Block]:
    """The blocks that belong to the text, in order.

    From the first block of running text to the last, everything but navigation, and the line or
    heading before it. Where no block is running text: everything but navigation.
    """
    linked = [block.link_width / max(block.width, 1) for block in blocks]
    running = [
        share < FEW_LINKS and _is_running_text(block)
        for block, share in zip(blocks, linked, strict=True)
    ]
    first, last = 0, len(blocks)
    if any(running):
        first = running.index(True)
        last = len(blocks) - running[::-1].index(True)
        before = first - 1
        while before >= 0 and linked[before] >= MOST_LINKS:
            before -= 1
        first = max(before, 0)
    return [
        block
        for block, share in zip(blocks[first:last], linked[first:last], strict=True)
        if share < MOST_LINKS
    ]


def _is_running_text(block: Block) -> bool:
    return block.width >= LONG or (
        block.width >= LONG_SENTENCE
        and block.tag in ("p", "pre")
        and _SENTENCE_END.search(block.text) is not None
    )
