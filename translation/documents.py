"""Whole documents through an engine: cut into sentences, each distinct one translated once, put together again."""

import re
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from polysieve.translation import protect
from polysieve.translation.cache import SentenceCache
from polysieve.translation.engines import FAILED, MARKED, OK, Engine, EngineDown, Segment
from polysieve.translation.protect import Masked
from polysieve.translation.segments import Range, reassemble, segments

# What became of a segment, the first that holds. `failed` is left out of the document; all others are in it.
SPLIT, UNCHANGED, NUMBERS = "split", "unchanged", "numbers_lost"
STATUSES = (FAILED, NUMBERS, MARKED, UNCHANGED, SPLIT, OK)


@dataclass(frozen=True)
class Sentence:
    """A segment of a document with its translation."""

    start: int
    """Where it stands in the document, in characters."""
    source: str
    target: str
    status: str
    """One of STATUSES."""
    score: float | None


@dataclass(frozen=True)
class Translated:
    """A document in another language."""

    text: str
    sentences: tuple[Sentence, ...]

    @property
    def statuses(self) -> dict[str, int]:
        """Segments by status, in the order of STATUSES."""
        counts = Counter(sentence.status for sentence in self.sentences)
        return {status: counts[status] for status in STATUSES if counts[status]}


@dataclass
class Ledger:
    """What translating cost."""

    segments: int = 0
    distinct: int = 0
    cache_hits: int = 0
    """Of the distinct ones, those that the cache knew."""
    source_characters: int = 0
    """Characters that were given to the engine."""
    target_characters: int = 0
    seconds: float = 0.0
    usage: dict[str, float] = field(default_factory=dict)
    """What the engine counts: tokens, requests, cost."""


def translate(
    texts: Sequence[str],
    engine: Engine,
    source: str,
    target: str,
    cache: SentenceCache | None = None,
    ledger: Ledger | None = None,
) -> list[Translated]:
    """Documents of the language `source` in the language `target` (labels, `eng_Latn`), in order.

    Structure is kept (translation.blocks). A segment whose protected spans do not come through is translated in
    pieces around them. Raises EngineDown.
    """
    ledger = ledger if ledger is not None else Ledger()
    ranges = [segments(text, source) for text in texts]
    masked = [
        [protect.mask(text[start:end]) for start, end in own]
        for text, own in zip(texts, ranges, strict=True)
    ]
    ledger.segments += sum(map(len, ranges))
    worded = (m.text for own in masked for m in own if any(map(_has_letters, m.pieces)))
    whole = _answers(worded, engine, source, target, cache, ledger)
    # What is nothing but protected spans comes back as it is.
    whole |= {m.text: Segment(m.text) for own in masked for m in own if m.text not in whole}
    broken = [m for own in masked for m in own if m.spans and _joined(m, whole[m.text]) is None]
    pieces = (piece.strip() for m in broken for piece in m.pieces if _has_letters(piece))
    parts = _answers(pieces, engine, source, target, cache, ledger)
    found = []
    for text, own, masks in zip(texts, ranges, masked, strict=True):
        sentences = tuple(
            _sentence(text, span, m, whole[m.text], parts)
            for span, m in zip(own, masks, strict=True)
        )
        found.append(Translated(reassemble(text, own, [s.target for s in sentences]), sentences))
    return found


def _answers(
    texts: Iterable[str],
    engine: Engine,
    source: str,
    target: str,
    cache: SentenceCache | None,
    ledger: Ledger,
) -> dict[str, Segment]:
    """The segment of each distinct text; what is new is kept in the cache, batch by batch."""
    distinct = list(dict.fromkeys(texts))
    found = cache.get(distinct) if cache is not None else {}
    ledger.distinct += len(distinct)
    ledger.cache_hits += len(found)
    missing = [text for text in distinct if text not in found]
    started, used = time.monotonic(), engine.usage()
    for start in range(0, len(missing), engine.batch):
        batch = missing[start : start + engine.batch]
        try:
            answers = engine.translate(batch, source, target)
        except EngineDown as down:
            if cache is not None:  # what was paid for is kept
                cache.put({text: _checked(segment) for text, segment in down.done.items()})
            raise
        new = dict(zip(batch, map(_checked, answers), strict=True))
        ledger.source_characters += sum(map(len, batch))
        ledger.target_characters += sum(len(answer.text) for answer in answers)
        found |= cache.put(new) if cache is not None else new
    ledger.seconds += time.monotonic() - started
    for key, value in engine.usage().items():
        ledger.usage[key] = ledger.usage.get(key, 0) + value - used.get(key, 0)
    return found


def _checked(segment: Segment) -> Segment:
    """One line, and failed where there is nothing."""
    text = " ".join(segment.text.split())
    return (
        Segment(text, segment.status, segment.score) if text else Segment("", FAILED, segment.score)
    )


def _joined(masked: Masked, answer: Segment) -> str | None:
    if answer.status == FAILED:
        return None
    if not masked.spans:
        return answer.text
    return protect.unmask(masked, answer.text)


def _sentence(
    text: str, span: Range, masked: Masked, answer: Segment, parts: dict[str, Segment]
) -> Sentence:
    start, end = span
    source = text[start:end]
    if answer.text == " ".join(masked.text.split()):  # as it was sent: as it stood
        return Sentence(start, source, source, UNCHANGED, answer.score)
    joined, status = _joined(masked, answer), answer.status
    if joined is None and masked.spans:
        joined, status = _in_pieces(masked, parts)
    if joined is None:
        return Sentence(start, source, "", FAILED, answer.score)
    if lost_numbers(source, joined):
        status = NUMBERS
    return Sentence(start, source, joined, status, answer.score)


def _in_pieces(masked: Masked, parts: dict[str, Segment]) -> tuple[str | None, str]:
    """The pieces between protected spans, each translated by itself."""
    found, status = [], SPLIT
    for piece in masked.pieces:
        answer = parts.get(piece.strip())
        if answer is None:  # blanks and punctuation
            found.append(piece)
        elif answer.status == FAILED:
            return None, FAILED
        else:
            status = MARKED if answer.status == MARKED else status
            head = piece[: len(piece) - len(piece.lstrip())]
            tail = piece[len(piece.rstrip()) :]
            found.append(head + answer.text + tail)
    return protect.joined(masked, found), status


def _has_letters(text: str) -> bool:
    return any(character.isalpha() for character in text)


_NUMBER = re.compile(r"\d+(?:[.,'’٫٬  ]\d+)*")


def numbers(text: str) -> Counter[str]:
    """The numbers of a text as ASCII digits, whatever their script, their marks and leading zeros left out."""
    found: Counter[str] = Counter()
    for match in _NUMBER.finditer(text):
        digits = "".join(str(unicodedata.digit(c)) for c in match.group() if c.isdigit())
        found[digits.lstrip("0") or "0"] += 1
    return found


def lost_numbers(source: str, target: str) -> int:
    """Numbers of the source that the target does not have, each as often as it is missing.

    Numbers of one digit do not count: languages write them as words.
    """
    missing = numbers(source) - numbers(target)
    return sum(count for number, count in missing.items() if len(number) > 1)
