"""Engines: whatever turns sentences of one language into sentences of another.

An engine is opened by name with its settings (translation/engines/opening.py) and gives one Segment for each text, in
order. It raises EngineDown where nothing can be translated now and a later try may succeed; what is wrong with one text
is that segment's status.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

OK, MARKED, FAILED = "translated", "marked", "failed"


@dataclass(frozen=True)
class Segment:
    """What an engine made of a text."""

    text: str
    status: str = OK
    """OK; MARKED: the engine itself doubts it; FAILED: there is no translation, `text` is empty."""
    score: float | None = None
    """The engine's own evidence of quality, 0 to 1, where it has any."""


class EngineDown(RuntimeError):
    """Nothing can be translated now: no connection, no model, no answer after all retries."""

    def __init__(self, message: str, done: Mapping[str, Segment] | None = None) -> None:
        super().__init__(message)
        self.done = dict(done or {})
        """The texts of the call that were translated before."""


class EngineError(ValueError):
    """An engine that cannot be used as asked; the message says what to change."""


class Engine(Protocol):
    name: str
    hash: str
    """16 hexadecimal digits that change with the model and with every setting that changes translations."""
    batch: int
    """Texts that are best given at once; what is translated is kept from batch to batch."""

    def describe(self) -> list[dict[str, str]]:
        """Engine, model and hash of each hop, for the lineage of documents."""
        ...

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Segment]:
        """A segment for each text, in order. source, target: language and script, `eng_Latn`."""
        ...

    def problem(self, source: str, target: str) -> str | None:
        """Why it cannot translate between two languages; None where it can, as far as can be told beforehand."""
        ...

    def usage(self) -> dict[str, float]:
        """Counts since the engine was opened, `cost` and `prompt_tokens` say; empty where it counts nothing."""
        ...

    def estimate(self, words: int) -> dict[str, float]:
        """About what so many words take: `seconds` of one core, `cost`; what it cannot tell is left out."""
        ...


def digest(**settings: Any) -> str:
    """16 hexadecimal digits for an engine's settings."""
    text = json.dumps(settings, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Local:
    """What engines have in common that run on this machine, take any pair of languages and count nothing."""

    words_per_second: float | None = None

    def problem(self, source: str, target: str) -> str | None:
        return None

    def usage(self) -> dict[str, float]:
        return {}

    def estimate(self, words: int) -> dict[str, float]:
        return {"seconds": words / self.words_per_second} if self.words_per_second else {}


class Identity(Local):
    """Gives every text back: for tests, and to see what is cut into which segments."""

    name, hash, batch = "identity", "0" * 16, 1024

    def describe(self) -> list[dict[str, str]]:
        return [{"engine": self.name, "model": "", "hash": self.hash}]

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Segment]:
        return [Segment(text) for text in texts]


class Chain:
    """Engines one after the other: English to Portuguese, Portuguese to Catalan."""

    name = "chain"

    def __init__(self, hops: Sequence[tuple[Engine, str]]) -> None:
        """hops: each engine with the label of the language that it translates into."""
        self.hops = list(hops)
        self.hash = digest(hops=[(engine.name, engine.hash, to) for engine, to in hops])
        self.batch = max(engine.batch for engine, _ in hops)

    def describe(self) -> list[dict[str, str]]:
        return [{**hop, "to": to} for engine, to in self.hops for hop in engine.describe()]

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Segment]:
        found = [Segment(text) for text in texts]
        for engine, to in self.hops:
            alive = [i for i, segment in enumerate(found) if segment.status != FAILED]
            answers = engine.translate([found[i].text for i in alive], source, to)
            for i, answer in zip(alive, answers, strict=True):
                found[i] = _worse(found[i], answer)
            source = to
        return found

    def problem(self, source: str, target: str) -> str | None:
        for engine, to in self.hops:
            if found := engine.problem(source, to):
                return found
            source = to
        return None

    def usage(self) -> dict[str, float]:
        return _sum(engine.usage() for engine, _ in self.hops)

    def estimate(self, words: int) -> dict[str, float]:
        return _sum(engine.estimate(words) for engine, _ in self.hops)


def _sum(counts: Iterable[dict[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for one in counts:
        for key, value in one.items():
            total[key] = total.get(key, 0) + value
    return total


def _worse(before: Segment, after: Segment) -> Segment:
    """The later segment, with the doubts of the earlier one."""
    status = MARKED if before.status == MARKED and after.status == OK else after.status
    scores = [s.score for s in (before, after) if s.score is not None]
    return replace(after, status=status, score=min(scores) if scores else None)
