"""What near duplicates are found by: signatures of a batch of documents, by the recipe's choices.

A document's shingles are n-grams of its words, or of its characters where the recipe says so for its label or
script, or those of datatrove.
"""

from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from polysieve.dedup import datatrove, minhash
from polysieve.dedup.normalise import Normalisation, compared_words, folded_texts
from polysieve.filters.words import Words, text_buffer
from polysieve.pipeline.recipe.clustering import Dedup, MinHash


def normalisation(dedup: Dedup) -> Normalisation:
    """The recipe's choices as dedup.normalise takes them."""
    n = dedup.normalise
    return Normalisation(n.form, n.case == "fold", n.punctuation == "keep", n.digits == "keep")


def parameters(settings: MinHash, ngram: int | None = None) -> minhash.MinHashParams:
    """The recipe's MinHash as dedup.minhash takes it."""
    return minhash.MinHashParams(
        settings.bands, settings.rows, ngram or settings.ngram, settings.seed
    )


def compared(words: Words, dedup: Dedup) -> tuple[np.ndarray, np.ndarray]:
    """(folded, documents) by the recipe's choices; see dedup.normalise.compared_words."""
    return compared_words(words, normalisation(dedup))


def signatures(
    texts: pa.Array, words: Words, by: tuple[np.ndarray, np.ndarray], dedup: Dedup
) -> np.ndarray:
    """uint32 or, of datatrove, uint64[n, bands * rows].

    texts: n documents, `words` theirs, with labels; by: of `compared`.
    """
    settings = dedup.minhash
    assert settings is not None and words.labels is not None
    labels = words.labels.to_pylist()
    if settings.signatures == "datatrove":
        return _datatrove(texts, labels, settings)
    signed = minhash.signatures(*by, parameters(settings))
    how = normalisation(dedup)
    for ngram, rows in by_characters(labels, settings):
        buffer, offsets = text_buffer(folded_texts(_measured(texts, words, rows), how))
        signed[rows] = minhash.character_signatures(
            buffer, offsets, parameters(settings, ngram), punctuation=how.punctuation
        )
    return signed


def shingle_sets(texts: pa.Array, words: Words, dedup: Dedup) -> tuple[np.ndarray, np.ndarray]:
    """(shingles, offsets) of documents, as dedup.minhash.shingle_sets gives them."""
    settings = dedup.minhash
    assert settings is not None and words.labels is not None
    how = normalisation(dedup)
    shingles, offsets = minhash.shingle_sets(*compared(words, dedup), parameters(settings))
    sets = np.split(shingles, offsets[1:-1]) if len(offsets) > 1 else []
    for ngram, rows in by_characters(words.labels.to_pylist(), settings):
        buffer, places = text_buffer(folded_texts(_measured(texts, words, rows), how))
        found, ends = minhash.character_shingle_sets(
            buffer, places, parameters(settings, ngram), punctuation=how.punctuation
        )
        for row, own in zip(rows.tolist(), np.split(found, ends[1:-1]), strict=True):
            sets[row] = own
    lengths = [len(own) for own in sets]
    return np.concatenate([np.empty(0, np.uint64), *sets]), np.cumsum([0, *lengths])


def _measured(texts: pa.Array, words: Words, rows: np.ndarray) -> pa.Array:
    """The texts of some documents, up to where `words` are cut."""
    starts, ends = words.text_offsets[rows], words.text_ends[rows]
    if np.array_equal(ends, words.text_offsets[rows + 1]):
        return texts.take(pa.array(rows))
    parts = [words.buffer[start:end] for start, end in zip(starts, ends, strict=True)]
    return pa.array([part.tobytes() for part in parts], pa.large_binary()).view(pa.large_string())


def by_characters(labels: Sequence[str], settings: MinHash) -> list[tuple[int, np.ndarray]]:
    """(n, rows) for each n-gram of characters that documents of these labels are compared by."""
    chosen = {label: _characters(label, settings) for label in set(labels)}
    found: dict[int, list[int]] = {}
    for row, label in enumerate(labels):
        if ngram := chosen[label]:
            found.setdefault(ngram, []).append(row)
    return [(ngram, np.array(rows)) for ngram, rows in sorted(found.items())]


def _characters(label: str, settings: MinHash) -> int:
    script = label.rpartition("_")[2]
    return settings.characters.get(label, settings.characters.get(script, 0))


def _datatrove(texts: pa.Array, labels: Sequence[str], settings: MinHash) -> np.ndarray:
    strings: list[Any] = texts.to_pylist()
    order = sorted(range(len(labels)), key=labels.__getitem__)
    documents: list[list[str]] = [[]] * len(labels)
    for label, rows in groupby(order, key=labels.__getitem__):
        cut = _tokeniser(label)
        for row in rows:
            documents[row] = cut(datatrove.simplified(strings[row]))
    return datatrove.signatures(documents, parameters(settings))


_tokeniser = cache(datatrove.tokeniser)
