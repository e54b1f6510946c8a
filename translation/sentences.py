"""Where sentences begin and end, in any language, without changing a character.

`sentencex` (Wikimedia) knows the full stops and abbreviations of about 300 languages. Thai, Lao, Khmer, Burmese and
Tibetan write spaces between phrases rather than words and need not mark a sentence's end: there a segment ends
at a mark of their own, or at the first space after it is long enough.
"""

import re
from functools import cache

from polysieve.filters.needs import needed
from polysieve.language_id.labels import language_of, script_of

LONGEST = 400  # characters; models lose the end of what is longer
PHRASE = 80  # characters after which a space ends a segment, in the scripts that write none between words
_BY_PHRASE = {"Thai": "", "Laoo": "", "Khmr": "។៕", "Mymr": "။", "Tibt": "།༎༔"}

# Where a sentence that is too long may be cut, the best places first; lengths of the cut-off head are counted.
_CUTS = tuple(map(re.compile, (r"[;:—–؛；：]\s*", r"[,،、，]\s*", r"\s+")))


def sentences(text: str, label: str) -> list[tuple[int, int]]:
    """The ranges of a paragraph's sentences, blank space between them left out; none is longer than LONGEST.

    label: language and script, `tha_Thai`. Together the ranges hold every character that is not blank.
    Raises ImportError, with the cure, where sentencex is not installed.
    """
    flat = text.replace("\n", " ")
    marks = _BY_PHRASE.get(script_of(label))
    pieces = _sentencex(flat, label) if marks is None else _phrases(flat, marks)
    found = []
    for start, end in pieces:
        for low, high in _bounded(flat, start, end):
            piece = flat[low:high]
            low += len(piece) - len(piece.lstrip())
            if stripped := piece.strip():
                found.append((low, low + len(stripped)))
    return found


def _sentencex(text: str, label: str) -> list[tuple[int, int]]:
    segment = needed("sentencex", "translate").segment
    pieces = segment(_short_codes().get(language_of(label), "en"), text)
    found, position = [], 0
    for piece in pieces:
        found.append((position, position + len(piece)))
        position += len(piece)
    if (
        "".join(pieces) != text
    ):  # it promises to keep every character; a text that it does not keep stays whole
        return [(0, len(text))]
    return found


@cache
def _short_codes() -> dict[str, str]:
    """ISO 639-1 by ISO 639-3."""
    from polysieve.language_id.labels import aliases, normalise_label

    found = {code: short for short, code in aliases().items() if len(short) == 2}
    return found | {
        language_of(normalise_label(short)): short for short in ("zh", "no", "ar", "fa", "et", "sw")
    }


def _phrases(text: str, marks: str) -> list[tuple[int, int]]:
    found, start = [], 0
    for place in re.finditer(rf"[{marks}]+\s*|\s+" if marks else r"\s+", text):
        is_end = bool(place.group().strip())
        if is_end or place.start() - start >= PHRASE:
            found.append((start, place.end()))
            start = place.end()
    return [*found, (start, len(text))] if start < len(text) else found


def _bounded(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The range cut into pieces of at most LONGEST characters, at the last good place of each."""
    found = []
    while end - start > LONGEST:
        cut = start + LONGEST
        for pattern in _CUTS:
            places = [
                m.end() for m in pattern.finditer(text, start + LONGEST // 3, start + LONGEST)
            ]
            if places:
                cut = places[-1]
                break
        found.append((start, cut))
        start = cut
    return [*found, (start, end)]
