"""Words and lines that come up again and again in sampled documents."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from polysieve.filters.words import segment

MOST_WORDS = 40
MOST_LINES = 15
LONGEST = 300
"""Code points of a line that count; two that begin alike are one."""


def frequent_words(texts: Sequence[str], label: str) -> list[dict[str, object]]:
    """The MOST_WORDS most frequent words of texts in one language: `word`, `count`, `documents`.

    Words are told apart without regard to case, width and the choice among equivalent spellings; the
    first spelling that occurs is shown.
    """
    words = segment(texts, [label] * len(texts))
    spelled = np.flatnonzero(words.folded)
    if not len(spelled):
        return []
    codes = pa.array(words.folded[spelled]).dictionary_encode().indices.to_numpy()
    counts = np.bincount(codes)
    # Arrow numbers words as they first occur, so each does where the highest number so far grows.
    first = np.flatnonzero(np.diff(np.maximum.accumulate(codes), prepend=-1))
    document = np.repeat(np.arange(len(words)), np.diff(words.documents))[spelled]
    pairs = np.unique(codes.astype(np.int64) * len(words) + document)
    spread = np.bincount(pairs // len(words), minlength=len(counts))
    found = []
    for place in np.argsort(-counts, kind="stable")[:MOST_WORDS]:
        token = spelled[first[place]]
        word = words.buffer[words.starts[token] : words.ends[token]].tobytes().decode()
        found.append({"word": word, "count": int(counts[place]), "documents": int(spread[place])})
    return found


def recurring_lines(texts: Sequence[str]) -> list[dict[str, object]]:
    """The MOST_LINES lines that the most of the texts have, of those that two have: `line`, `documents`."""
    counts: Counter[str] = Counter()
    for text in texts:
        lines = (line.strip()[:LONGEST] for line in text.splitlines())
        counts.update({line for line in lines if line})
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"line": line, "documents": n} for line, n in ranked[:MOST_LINES] if n > 1]
