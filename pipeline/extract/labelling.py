"""Which blocks of a page are main text, told from what is known of the page: the labels a classifier learns.

A page comes with its whole main text; or with pieces that are and are not of it, and with what other extractors
took for it, which labels the rest.
"""

import re
import unicodedata
from dataclasses import dataclass, field

import numpy as np

_MARKS = "".join(
    chr(code) for code in range(0x300, 0x20000) if unicodedata.category(chr(code)).startswith("M")
)
_UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_WORD = re.compile(f"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\\W_]|[{_MARKS}])+")

# How much a block's label counts, by where it comes from.
FROM_TEXT, FROM_PIECE, FROM_TEACHERS = 3.0, 4.0, 1.0
_SHORT = 4  # words under which a block's text may stand anywhere by chance
_NEAR = 60  # characters between a short block and the text before it
_SURE = 12  # characters of a piece that belongs wherever it stands


@dataclass(frozen=True)
class Known:
    """What is known of a page. text: its whole main text, or None; wanted, unwanted: pieces that are and are not
    of it; teachers: what other extractors took for it."""

    text: str | None = None
    wanted: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)
    teachers: list[str] = field(default_factory=list)


def tokens(text: str) -> list[str]:
    """The words of a text in lower case; in scripts without spaces, its characters."""
    return _WORD.findall(text.lower())


def label(blocks: list[str], known: Known) -> tuple[np.ndarray, np.ndarray]:
    """For each block's text, how far it is main text (0 to 1) and how much that counts: float64[n] both."""
    cut = [tokens(block) for block in blocks]
    if known.text is not None:
        return _found_in(known.text, cut), np.full(len(blocks), FROM_TEXT)
    teachers = [_found_in(text, cut) for text in known.teachers]
    labels = np.mean(teachers, axis=0) if teachers else np.zeros(len(blocks))
    weights = np.full(len(blocks), FROM_TEACHERS if teachers else 0.0)
    flat = [" ".join(block.split()) for block in blocks]
    for pieces, value in ((known.wanted, 1.0), (known.unwanted, 0.0)):
        for piece in (" ".join(piece.split()) for piece in pieces):
            hits = [i for i, block in enumerate(flat) if piece in block]
            if value and len(hits) > 1 and len(piece) < _SURE:
                continue  # one of them belongs, who knows which
            labels[hits] = value
            weights[hits] = FROM_PIECE
    return labels, weights


def _found_in(text: str, blocks: list[list[str]]) -> np.ndarray:
    """The share of each block's runs of three words that the text has; shorter blocks by where they stand."""
    gold = tokens(text)
    runs = set(zip(gold, gold[1:], gold[2:], strict=False))
    flat = f" {' '.join(gold)} "
    lines = {" ".join(tokens(line)) for line in text.splitlines()}
    found = np.zeros(len(blocks))
    place = 0
    for i, block in enumerate(blocks):
        if not block:
            continue
        joined = " ".join(block)
        if len(block) >= _SHORT:
            own = list(zip(block, block[1:], block[2:], strict=False))
            found[i] = sum(run in runs for run in own) / len(own)
            if found[i] > 0.5:
                start = flat.find(f" {' '.join(block[:_SHORT])} ")
                place = start + len(joined) if start >= 0 else place
        elif joined in lines:
            found[i] = 1
        else:
            start = flat.find(f" {joined} ", max(place - 2, 0), place + _NEAR + len(joined) + 2)
            if start >= 0:
                found[i] = 1
                place = start + len(joined)
    long = np.array([len(block) >= _SHORT for block in blocks], np.bool_)
    for i in map(int, np.flatnonzero(~long & (found > 0.5))):
        around = slice(max(0, i - 3), i + 4)
        if not (found[around] > 0.5)[long[around]].any():
            found[i] = 0  # alone in what is not text
    return found
