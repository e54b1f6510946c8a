"""The examples that a quality model is made from: balanced, without repetition, chosen and divided by a hash.

FineWeb2-HQ's division: as many negatives as positives, 80 % to train, 10 % to validate, 10 % to test, by class. Which
text falls where depends on the text and the seed alone, never on the order of the files.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from polysieve.filters.sampling import ranks

MOST = 100_000
"""Examples of a class and language (FineWeb2-HQ: up to 100,000 positives)."""
PARTS = {"train": 0.8, "validate": 0.1, "test": 0.1}


@dataclass
class Pool:
    """A bounded sample of the distinct texts of one class and language: those with the least seeded hashes."""

    seed: int
    most: int = MOST
    seen: int = 0
    """Texts that were added, repetitions and all."""
    _chosen: dict[int, str] = field(default_factory=dict)

    def add(self, texts: pa.Array) -> None:
        """Add a batch of strings; empty ones are left out."""
        known = [text for text in texts.to_pylist() if text and not text.isspace()]
        self.seen += len(known)
        self._chosen.update(zip(ranks(known, self.seed, "xxh64").tolist(), known, strict=True))
        if len(self._chosen) > 2 * self.most:
            self._cut()

    def take(self, most: int | None = None) -> list[str]:
        """At most `most` of the texts, in the order of their hashes."""
        self._cut()
        return [self._chosen[key] for key in sorted(self._chosen)[:most]]

    def __len__(self) -> int:
        """How many texts `take` can give."""
        self._cut()
        return len(self._chosen)

    def _cut(self) -> None:
        if len(self._chosen) > self.most:
            self._chosen = {key: self._chosen[key] for key in sorted(self._chosen)[: self.most]}


@dataclass(frozen=True)
class Part:
    """Texts and whether each is a positive example, bool[n]."""

    texts: list[str]
    positive: np.ndarray


def divide(positives: list[str], negatives: list[str]) -> dict[str, Part]:
    """`train`, `validate` and `test`, each with the same share of both classes.

    Texts are taken in the order given, positives and negatives in turn; a text that is in both classes counts for
    neither.
    """
    both = set(positives) & set(negatives)
    classes = [[text for text in texts if text not in both] for texts in (positives, negatives)]
    n = min(map(len, classes))
    ends = np.round(n * np.cumsum([0.0, *PARTS.values()])).astype(int)
    return {
        name: Part(
            [text for pair in zip(*(c[start:end] for c in classes), strict=True) for text in pair],
            np.tile([True, False], end - start),
        )
        for name, start, end in zip(PARTS, ends, ends[1:], strict=False)
    }
