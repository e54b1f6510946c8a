"""How much of the corpus is translated, where all renderings of one source count as one.

A document may be translated into several languages, and into several scripts of one: more documents and words, and no
more that was thought of. Of one source's renderings the longest counts. Within a label each source has one rendering,
so a target's `max_share` counts it once, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

import numpy as np
import polars as pl
import pyarrow.compute as pc

from polysieve.pipeline.steps.decide.manifest import DecidedLabel
from polysieve.pipeline.steps.step import Context
from polysieve.pipeline.steps.translate.manifest import Admitted
from polysieve.pipeline.steps.translate.translations import translations_of

PART = 20_000_000  # documents that are held at a time, 16 bytes each


class Share(TypedDict):
    """What of the kept documents of some languages is translated."""

    documents: int
    """Kept translations."""
    sources: int
    """Documents behind them."""
    words: int
    words_once: int
    """Of the longest rendering of each source."""
    share: float
    share_once: float
    """Of all words kept."""


class Shares(TypedDict):
    """How much of a corpus is translated."""

    total: Share
    languages: dict[str, Share]
    """By code of the language, `por`."""


def shares(
    context: Context,
    sizes: dict[str, tuple[tuple[int, int], ...]],
    details: Mapping[str, DecidedLabel],
    translated: Mapping[str, Admitted],
) -> Shares:
    """`total` and `languages` (code, `por` → entry): `documents` and `words` of kept translations, `sources` behind
    them, `words_once` of the longest rendering of each, and both as shares of all words kept (`share`, `share_once`).

    sizes: of each target, number and documents of its windows; details: of each label, `kept_words` of its native
    documents; translated: of each target, `kept` and `kept_words`.
    """
    by_language: dict[str, list[str]] = {}
    for label in translated:
        by_language.setdefault(language(label), []).append(label)
    languages = {}
    for code, labels in sorted(by_language.items()):
        own = {label: values for label, values in details.items() if language(label) == code}
        languages[code] = _entry(context, sizes, labels, own, translated)
    total = _entry(context, sizes, sorted(translated), details, translated)
    return {"total": total, "languages": languages}


def language(label: str) -> str:
    """The language of a label, without its script."""
    return label.partition("_")[0]


def _entry(
    context: Context,
    sizes: dict[str, tuple[tuple[int, int], ...]],
    labels: Sequence[str],
    details: Mapping[str, DecidedLabel],
    translated: Mapping[str, Admitted],
) -> Share:
    documents = sum(translated[label]["kept"] for label in labels)
    words = sum(translated[label].get("kept_words", 0) for label in labels)
    if len(labels) == 1:
        sources, once = documents, words
    else:
        sources, once = _distinct(context, {label: sizes[label] for label in labels}, documents)
    native = sum(values["kept_words"] for values in details.values())
    return {
        "documents": documents,
        "sources": sources,
        "words": words,
        "words_once": once,
        "share": words / (words + native) if words else 0.0,
        "share_once": once / (once + native) if once else 0.0,
    }


def _distinct(
    context: Context, sizes: dict[str, tuple[tuple[int, int], ...]], documents: int
) -> tuple[int, int]:
    """Sources of the kept translations into some labels, and the words of the longest rendering of each."""
    parts = -(-documents // PART)
    sources = words = 0
    for part in range(parts):
        keys, counts = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
        for label, windows in sizes.items():
            for group, count in _kept(context, label, windows):
                inside = group % np.uint64(parts) == part
                keys.append(group[inside])
                counts.append(count[inside])
        found = longest(np.concatenate(keys), np.concatenate(counts))
        sources += found[0]
        words += found[1]
    return sources, words


def longest(keys: np.ndarray, words: np.ndarray) -> tuple[int, int]:
    """Distinct keys (uint64[n]), and the sum of the most words (int64[n]) of each."""
    order = np.lexsort((words, keys))
    keys, words = keys[order], words[order]
    last = np.append(keys[1:] != keys[:-1], True) if len(keys) else np.zeros(0, bool)
    return int(last.sum()), int(words[last].sum())


def _kept(
    context: Context, label: str, windows: Sequence[tuple[int, int]]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Hashes of the sources of a label's kept translations (uint64) and their words (int64), a window at a time."""
    translate, admit = context.folder("translate"), context.folder("admit")
    first = 0
    for number, size in windows:
        outcome = admit.store.read_columns(
            admit.file(f"{label}.parquet"), ["outcome"], first, first + size
        )["outcome"]
        first += size
        kept = np.flatnonzero(pc.equal(outcome, "kept").to_numpy())
        if len(kept):
            rows = translations_of(translate, label, {number: size})
            groups = rows.take("documents", ["doc_group_id"], kept)["doc_group_id"]
            words = rows.take("signals", ["word_count"], kept)["word_count"]
            yield pl.Series(groups).hash().to_numpy(), words.to_numpy().astype(np.int64)
