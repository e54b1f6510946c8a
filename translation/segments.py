"""A document as segments to translate and what stands between them, and put together again by their places."""

from collections.abc import Sequence

from polysieve.translation import protect
from polysieve.translation.blocks import blocks
from polysieve.translation.sentences import sentences
from polysieve.translation.spacing import gap

Range = tuple[int, int]


def segments(text: str, label: str) -> list[Range]:
    """The ranges of a document's sentences, ascending, none empty, no two overlapping.

    label: the document's language and script. Every letter of the document is in a segment, or in code, a tag, a
    link's definition or front matter (translation.blocks). A sentence wrapped by hand holds its line ends.
    """
    found: list[Range] = []
    for block in blocks(text):
        start = block.start
        for low, high in sentences(protect.solid(text[start : block.end]), label):
            if any(character.isalpha() for character in text[start + low : start + high]):
                found.append((start + low, start + high))
    return found


def reassemble(text: str, ranges: Sequence[Range], translations: Sequence[str]) -> str:
    """The text with each range replaced by its translation; all else stays, character for character, but for blanks
    between sentences where scripts differ (translation.spacing)."""
    if len(ranges) != len(translations):
        raise ValueError(f"{len(ranges)} segments, but {len(translations)} translations")
    parts: list[str] = []
    bound, last = 0, ""
    for (start, end), translation in zip(ranges, translations, strict=True):
        between = text[bound:start]
        if last and translation:
            ends = text[bound - 1] + text[start]
            between = gap(between, ends, last + translation[0])
        parts += [between, translation]
        bound, last = end, translation[-1:] or last
    return "".join([*parts, text[bound:]])
