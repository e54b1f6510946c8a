"""What must come through a translation unchanged: addresses, code, tags, the frames of links.

Such spans are replaced by tokens that engines carry over (`XQ0Z`: capitals and digits, which survive Mozilla's
models in 99 of 100 sentences and Apertium in all), and the tokens are counted in what comes back. Numbers are left for
the engine to write as the language does, and compared afterwards (translation.checks).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from polysieve.translation.spacing import is_unspaced

_SPANS = re.compile(
    r"`+[^`\n]+`+"  # code
    r"|!\[[^\]\n]*\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)"  # images
    r"|\[(?=[^\[\]\n]+\]\([^()\s]+(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"\n]*\")?\))"  # a link's beginning
    r"|(?<=[^\s\[])\]\([^()\s]+(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"\n]*\")?\)"  # a link's end, with its address
    r"|<(?:/?[A-Za-z][^<>\n]*|https?://[^<>\s]+)>"  # tags
    r"|(?:https?|ftp)://[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]}…。，]"
    r"|\bwww\.[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]}…。，]"
    r"|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # e-mail addresses; tried once a run, which Thai or Chinese has long
    r"|[!-~]{100,}"  # what no word is: encoded data
    r"|\{\{[^{}\n]+\}\}|\$\{[^{}\n]+\}|\{\w*\}|%\([\w]+\)[sd]|&[a-z]+;"  # what programs fill in
    r"|\\[!-/:-@\[-`{-~]"  # a mark that Markdown shall not read
)
_LINK = re.compile(r"!?\[[^\[\]\n]+\]\([^()\s]+(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"\n]*\")?\)")
_TOKEN = re.compile(r"XQ(\d+)Z")
_OPENING = re.compile(r"<[A-Za-z]")
_CLOSING = ".,;:!?)]}»”’…。，、！？।۔؟"


@dataclass(frozen=True)
class Masked:
    """A segment whose protected spans are tokens."""

    text: str
    spans: tuple[str, ...]
    pieces: tuple[str, ...]
    """What stands before, between and after the spans: one more than there are spans."""
    sides: tuple[tuple[str, str], ...]
    """Of each span, what stood before it and after it: a blank, a letter, or "" where nothing ever parts them."""


def solid(text: str) -> str:
    """The text with letters for whatever would part a protected span or a link: for finding where sentences end.

    It has the same length, and a capital where a span begins.
    """
    for pattern in (_LINK, _SPANS):
        text = pattern.sub(lambda match: _lettered(match.group()), text)
    return text


def _lettered(span: str) -> str:
    inner = "".join(character if character.isalnum() else "x" for character in span[1:])
    return "X" + inner


def mask(text: str) -> Masked:
    """The text with a token, between blanks, for each protected span; line ends become blanks."""
    text = text.replace("\n", " ")
    found = [match.span() for match in _SPANS.finditer(text)]
    if not found or _TOKEN.search(text):
        return Masked(text, (), (text,), ())
    bounds = [0, *(place for span in found for place in span), len(text)]
    pieces = tuple(text[a:b] for a, b in list(pairwise(bounds))[::2])
    spans = tuple(text[a:b] for a, b in found)
    sides = tuple(
        (
            _side(span, text[a - 1 : a], before=True),
            _side(span, text[b : b + 1], before=False),
        )
        for span, (a, b) in zip(spans, found, strict=True)
    )
    masked = pieces[0]
    for number, after in enumerate(pieces[1:]):
        left, right = (" " * (side != " ") for side in sides[number])
        masked += f"{left}XQ{number}Z{right}{after}"
    return Masked(masked, spans, pieces, sides)


def _side(span: str, beside: str, *, before: bool) -> str:
    if not beside or beside.isspace():
        return " "
    # Within a link or a tag's element nothing is spaced, whatever the script.
    is_inner = span.startswith(("](", "</")) if before else span == "[" or _OPENING.match(span)
    return beside if not is_inner and (beside.isalnum() or is_unspaced(beside)) else ""


def _touches(side: str, neighbour: str) -> bool:
    """Whether a span stands beside its neighbour in the translation without a blank.

    Beside a letter only where the same letter follows (a plural's s), or both scripts write no blanks: Chinese and
    Korean put words and particles right beside code that English parts from them.
    """
    return side.lower() in ("", neighbour.lower()) or (is_unspaced(side) and is_unspaced(neighbour))


def unmask(masked: Masked, translation: str) -> str | None:
    """The translation with the spans in place of their tokens; None unless each token is there exactly once."""
    numbers = [int(number) for number in _TOKEN.findall(translation)]
    if sorted(numbers) != list(range(len(masked.spans))):
        return None
    parts = _TOKEN.split(translation)  # text, number, text, …
    result = parts[0]
    for number, after in zip(map(int, parts[1::2]), parts[2::2], strict=True):
        left, right = masked.sides[number]
        before, following = result.rstrip(" "), after.lstrip(" ")
        if _touches(left, before[-1:] or " "):
            result = before
        if _touches(right, following[:1] or " ") or (following[:1] or "a") in _CLOSING:
            after = following
        result += masked.spans[number] + after
    return result


def joined(masked: Masked, translations: Sequence[str]) -> str:
    """The spans between translations of the pieces, each with the blanks that its piece has at its ends."""
    result = translations[0]
    for span, (left, right), after in zip(
        masked.spans, masked.sides, translations[1:], strict=True
    ):
        if left != " " and result and not _touches(left, result[-1]):
            result += " "
        if right != " " and after and not _touches(right, after[0]):
            after = f" {after}"
        result += span + after
    return result
