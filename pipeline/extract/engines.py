"""The libraries that find a page's main text, each as a function of the parsed tree and the markup."""

import logging
import re

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from polysieve.pipeline.extract.blocks import Block, read_blocks, running_text

# Elements that hold no main content wherever they stand. One selector list: each costs a pass.
_NEVER_MAIN = [
    "nav, aside, footer, form, button, [role=navigation], [role=complementary], "
    "[role=contentinfo], [role=search], [role=dialog]"
]

_UNORDERED_LIST = re.compile(r"<(/?)ul(?=[\s>/])", re.IGNORECASE)

# On the evaluation pages, main content under 200 Latin letters wide is a miss in most cases.
NEXT_TO_NOTHING = 200
FAR_MORE = 4

# trafilatura drops every character that Python does not call printable, with them the joiners that
# Persian, Sinhala and Malayalam are spelled with. They pass through it as letters of a script that no
# page has. Written as references in the markup, they are characters only after parsing.
_FORMAT_CHARACTERS = "\u200b\u200c\u200d\u200e\u200f\u2060\u2066\u2067\u2068\u2069"
_STAND_INS = "".join(chr(0x14600 + i) for i in range(len(_FORMAT_CHARACTERS)))
_TO_STAND_INS = str.maketrans(_FORMAT_CHARACTERS, _STAND_INS)
_FROM_STAND_INS = str.maketrans(_STAND_INS, _FORMAT_CHARACTERS)
_REFERENCES = re.compile(r"&(?:(zwnj|zwj|lrm|rlm);|#([0-9]{4});|#[xX](20[0-9a-fA-F]{2});)")
_NAMED = {"zwnj": "\u200c", "zwj": "\u200d", "lrm": "\u200e", "rlm": "\u200f"}


def parse(markup: str) -> HTMLTree:
    """The tree that the engines work on, with every `<ul>` made an `<ol>`.

    resiliparse takes each unordered list for a menu and leaves it out of the main content, the steps
    of a manual too; what is in an ordered list it keeps, and menus are told by their links here.
    """
    return HTMLTree.parse(_UNORDERED_LIST.sub(r"<\1ol", markup))


def trimmed(tree: HTMLTree, markup: str) -> str:
    """resiliparse's main content without navigation and what stands around the text.

    Where resiliparse finds next to nothing and the whole page has far more running text, that.
    """
    blocks = _trimmed_blocks(tree, main_content=True)
    width = sum(block.width for block in blocks)
    if width < NEXT_TO_NOTHING:
        everything = _trimmed_blocks(tree, main_content=False)
        if sum(block.width for block in everything) > FAR_MORE * width:
            blocks = everything
    return "\n".join(block.text for block in blocks)


def _trimmed_blocks(tree: HTMLTree, main_content: bool) -> list[Block]:
    reduced = extract_plain_text(
        tree,
        main_content=main_content,
        preserve_formatting="minimal_html",
        links=True,
        alt_texts=False,
        list_bullets=False,
        comments=False,
        skip_elements=_NEVER_MAIN,
    )
    return running_text(read_blocks(reduced))


def resiliparse(tree: HTMLTree, markup: str) -> str:
    return extract_plain_text(
        tree, main_content=True, alt_texts=False, list_bullets=False, comments=False
    )


def resiliparse_all(tree: HTMLTree, markup: str) -> str:
    return extract_plain_text(tree, main_content=False, alt_texts=False, list_bullets=False)


def trafilatura(tree: HTMLTree, markup: str) -> str:
    return _trafilatura(markup, favor_precision=False)


def trafilatura_precision(tree: HTMLTree, markup: str) -> str:
    return _trafilatura(markup, favor_precision=True)


def _trafilatura(markup: str, favor_precision: bool) -> str:
    import trafilatura  # a third of a second, for those who use it

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # an empty page is no error here
    markup = _REFERENCES.sub(_format_character, markup).translate(_TO_STAND_INS)
    text = trafilatura.extract(markup, include_comments=False, favor_precision=favor_precision)
    return (text or "").translate(_FROM_STAND_INS)


def _format_character(reference: re.Match[str]) -> str:
    name, decimal, hexadecimal = reference.groups()
    character = _NAMED[name] if name else chr(int(decimal) if decimal else int(hexadecimal, 16))
    return character if character in _FORMAT_CHARACTERS else reference.group()
