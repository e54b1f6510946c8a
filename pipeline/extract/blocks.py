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
LONG = 140  # a block this wide is running text
LONG_SENTENCE = 50  # so is a paragraph this wide that ends as sentences do
FEW_LINKS = 0.35  # share of link text that running text stays under
MOST_LINKS = 0.8  # share from which a block is navigation wherever it stands
SHORT, SOME_LINKS = 60, 0.3  # so is one narrower than SHORT with this share that is no heading
ENOUGH = 0.7  # of what is not navigation, the share that the running text has or all is kept

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
    """The blocks that belong to the text, in order: never navigation, and nothing before or after.

    The text goes from the line above the first block of running text to the last such block. Where
    that would lose too much (a page of lists, of verse, of short questions and answers), only
    navigation goes.
    """
    candidates = [block for block in blocks if not _is_navigation(block)]
    running = [i for i, block in enumerate(candidates) if _is_running_text(block)]
    if not running:
        return candidates
    text = candidates[max(running[0] - 1, 0) : running[-1] + 1]
    enough = ENOUGH * sum(block.width for block in candidates)
    return text if sum(block.width for block in text) >= enough else candidates


def _is_navigation(block: Block) -> bool:
    share = block.link_width / max(block.width, 1)
    heading = block.tag.startswith("h")
    return share >= MOST_LINKS or (share >= SOME_LINKS and block.width < SHORT and not heading)


def _is_running_text(block: Block) -> bool:
    if block.link_width >= FEW_LINKS * block.width:
        return False
    return block.width >= LONG or (
        block.width >= LONG_SENTENCE
        and block.tag in ("p", "pre")
        and _SENTENCE_END.search(block.text) is not None
    )
