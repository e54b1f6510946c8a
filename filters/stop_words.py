"""A language's stop words from its word counts (FineWeb2, section 5.1; the rule is that of its authors' code).

FineWeb2 takes lower-cased words of more than 0.8 % of all words, 0.3 % where fewer than 8 remain, without
punctuation and digits. Its published lists still hold punctuation, the names of villages and asteroids from pages
made by bots, and other languages' words; here a stop word must stand in many documents, and must not be another
language's.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from polysieve.filters.hashing import HAS_LETTER
from polysieve.filters.words import Words

FREQUENT, LESS_FREQUENT = 0.008, 0.003
ENOUGH = 8
_IN_DOCUMENTS = 0.2
"""The least share of documents that a stop word stands in."""
_OTHERS = 4.0
"""A word this many times more frequent in another language is that language's."""
_WITHIN = "'’‘-·׳״ʼ"  # marks that may stand within a word

COUNTS = {"word": pl.String, "count": pl.Int64, "documents": pl.Int64}
"""The columns of a table of word counts."""


def count(words: Words) -> pl.DataFrame:
    """Occurrences of each word, lower-cased, and the documents that it stands in: a table of COUNTS, sorted by word.

    Tokens without a letter, or with a digit or punctuation, are left out.
    """
    chosen = np.flatnonzero(
        (words.folded != 0) & (words.flags & HAS_LETTER > 0) & (words.starts >= 0)
    )
    document = np.repeat(np.arange(len(words)), np.diff(words.documents))[chosen]
    folded = words.folded[chosen]
    _, first, place = np.unique(folded, return_index=True, return_inverse=True)
    buffer = words.buffer.tobytes()
    spans = zip(
        words.starts[chosen[first]].tolist(), words.ends[chosen[first]].tolist(), strict=True
    )
    spelled = [buffer[start:end].decode("utf-8", "replace").lower() for start, end in spans]
    pairs = np.unique(place.astype(np.int64) * max(1, len(words)) + document)
    found = pl.DataFrame(
        {
            "word": spelled,
            "count": np.bincount(place, minlength=len(first)),
            "documents": np.bincount(pairs // max(1, len(words)), minlength=len(first)),
        },
        schema=COUNTS,
    )
    return total(
        [found.filter(pl.Series([_is_spelled(word) for word in spelled], dtype=pl.Boolean))]
    )


def total(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The counts of all parts, which must be of different documents, sorted by word."""
    whole = pl.concat([pl.DataFrame(schema=COUNTS), *parts])
    return whole.group_by("word").agg(pl.col("count").sum(), pl.col("documents").sum()).sort("word")


def _is_spelled(word: str) -> bool:
    return not any(c.isnumeric() or c == "�" or _is_symbol(c) for c in word)


def _is_symbol(character: str) -> bool:
    return character not in _WITHIN and unicodedata.category(character)[0] in "PSCZ"


@dataclass(frozen=True)
class Frequent:
    """The frequent words of a language."""

    total: int
    """Occurrences of all its words."""
    documents: int
    """Documents whose words were counted."""
    table: pl.DataFrame
    """COUNTS of the words that are frequent enough to matter, here or in another language."""

    @classmethod
    def of(cls, counts: pl.DataFrame, documents: int) -> "Frequent":
        """From all words of `documents` documents."""
        whole = int(counts["count"].sum())
        return cls(whole, documents, counts.filter(pl.col("count") >= LESS_FREQUENT / 2 * whole))

    @cached_property
    def rates(self) -> dict[str, float]:
        """Word -> its share of all words."""
        pairs = zip(self.table["word"], self.table["count"], strict=True)
        return {word: count / self.total for word, count in pairs}


def choose(own: Frequent, others: Sequence[Frequent] = ()) -> tuple[str, ...]:
    """Stop words of a language, most frequent first, equals by spelling.

    others: the languages that may be mixed in. Empty where fewer than two words qualify: a rule that asks for two
    would drop everything.
    """
    listed = own.table.filter(
        (pl.col("count") > LESS_FREQUENT * own.total)
        & (pl.col("documents") >= _IN_DOCUMENTS * own.documents)
    ).sort(["count", "word"], descending=[True, False])
    rates = {
        word: own.rates[word]
        for word in listed["word"]
        if not any(other.rates.get(word, 0.0) > _OTHERS * own.rates[word] for other in others)
    }
    chosen = [word for word, rate in rates.items() if rate > FREQUENT]
    if len(chosen) < ENOUGH:
        chosen = list(rates)
    return tuple(chosen) if len(chosen) >= 2 else ()
