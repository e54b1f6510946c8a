"""An n-gram language model: how expected a document's words are, by modified Kneser-Ney smoothing.

Chen and Goodman (1998), as KenLM's lmplz estimates it (Heafield et al. 2013): interpolated, with three discounts an
order, and continuation counts below the highest order. What is predicted are words without case, width and
punctuation, or characters where a script does not write words apart (filters/quality/stream.py), so one program
serves every language. N-grams are known by 64-bit hashes. A text begins without a context and has no end: scores are
of running text.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa

from polysieve.compiling import kernel, leaf
from polysieve.filters.hashing import BASE, slot_of, spread, table_of
from polysieve.filters.quality.fasttext_file import ModelError, file_hash
from polysieve.filters.quality.stream import Stream, stream_of

ORDER = 5
_FALLBACK = np.array([0.0, 0.5, 1.0, 1.5])  # lmplz --discount_fallback
_FORMAT = 1


@dataclass(frozen=True)
class NgramModel:
    """A model of running text."""

    order: int
    unknown: float
    """log10 of the probability of a word that was never seen."""
    _keys: np.ndarray
    """uint64: an open-addressing table of n-grams of all orders, 0 in empty slots."""
    _chances: np.ndarray
    """float32: log10 of an n-gram's probability, NaN of what is only a context."""
    _backoffs: np.ndarray
    """float32: log10 of what a context leaves to shorter ones."""
    hash: str = ""

    def scores(self, texts: pa.Array, skip: int = 0, most: int | None = None) -> np.ndarray:
        """float64[n]: the mean log10 probability of a word, NaN where no word is scored.

        skip: words at the beginning that only serve as context; most: words that are scored at most. Perplexity is
        10 to the negative of it.
        """
        stream = stream_of(texts)
        out = np.empty(len(texts))
        limit = np.int64(1 << 62) if most is None else np.int64(most)
        _score(
            stream.documents, stream.hashes, self.order, self._keys, self._chances, self._backoffs,
            self.unknown, np.int64(skip), limit, np.zeros((2, self.order), np.uint64), out,
        )  # fmt: skip
        return out

    def save(self, path: Path) -> None:
        """Write the model. Equal models give equal files."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            self.write(file)

    def write(self, file: IO[bytes]) -> None:
        """Write the model to an open file."""
        filled = np.flatnonzero(self._keys)
        filled = filled[np.argsort(self._keys[filled])]
        np.savez(
            file,
            format=np.int64(_FORMAT),
            order=np.int64(self.order),
            unknown=np.float64(self.unknown),
            keys=self._keys[filled],
            chances=self._chances[filled],
            backoffs=self._backoffs[filled],
        )


def load(path: str | Path) -> NgramModel:
    """A model that `save` wrote. Raises ModelError."""
    check(path)
    with open(path, "rb") as file:
        return read(file, file_hash(path))


def read(file: IO[bytes], hash: str = "") -> NgramModel:
    """A model that `write` wrote."""
    with np.load(file, allow_pickle=False) as stored:
        table = _table(stored["keys"], stored["chances"], stored["backoffs"])
        return NgramModel(int(stored["order"]), float(stored["unknown"]), *table, hash)


def check(path: str | Path) -> None:
    """Raises ModelError where `load` would; the model is not read."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            if int(stored["format"]) != _FORMAT:
                raise ModelError(f"{path}: an n-gram model of another version; train it again")
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}; correct the path") from None
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise ModelError(f"{path}: no n-gram model of `polysieve quality train`") from None


def train(texts: pa.Array, order: int = ORDER) -> NgramModel:
    """The model of n texts. Raises ValueError where they hold no word."""
    stream = stream_of(texts)
    if not len(stream.hashes):
        raise ValueError("no word in any text; give other texts")
    grams = [_Grams.of(stream, n) for n in range(1, order + 1)]
    counts = [
        _continuations(grams[n], grams[n + 1]) if n + 1 < order else grams[n].counts
        for n in range(order)
    ]
    vocabulary = len(grams[0].keys) + 1
    keys, chances = [], []
    contexts: list[np.ndarray] = []
    backoffs: list[np.ndarray] = []
    unknown = 0.0
    lower = np.empty(0)
    for n, (own, count) in enumerate(zip(grams, counts, strict=True)):
        discount = _discounts(count)[np.minimum(count, 3)]
        context, place = np.unique(own.contexts, return_inverse=True)
        total = np.bincount(place, count)
        left = np.bincount(place, discount) / total
        below = 1 / vocabulary if n == 0 else lower[own.suffixes]
        lower = (count - discount) / total[place] + left[place] * below
        keys.append(own.keys)
        chances.append(np.log10(lower))
        if n == 0:
            unknown = float(np.log10(left[0] / vocabulary))
        else:
            contexts.append(context)
            backoffs.append(np.log10(left))
    all_keys = np.concatenate(keys)
    all_chances = np.concatenate(chances)
    order_of = np.argsort(all_keys)
    all_keys, all_chances = all_keys[order_of], all_chances[order_of]
    found = np.zeros(len(all_keys))
    if contexts:
        # A context is an n-gram of the order below it: it has a key already.
        found[np.searchsorted(all_keys, np.concatenate(contexts))] = np.concatenate(backoffs)
    table = _table(all_keys, all_chances.astype(np.float32), found.astype(np.float32))
    return NgramModel(order, unknown, *table)


@dataclass(frozen=True)
class _Grams:
    """The distinct n-grams of one order, by key."""

    keys: np.ndarray
    counts: np.ndarray
    contexts: np.ndarray
    """Keys of the first n - 1 words; 0 for single words."""
    suffixes: np.ndarray
    """Places of the last n - 1 words among the n-grams of the order below."""
    suffix_keys: np.ndarray

    @classmethod
    def of(cls, stream: Stream, n: int) -> "_Grams":
        whole, first, last = (np.zeros(len(stream.hashes), np.uint64) for _ in range(3))
        m = _collect(stream.documents, stream.hashes, n, whole, first, last)
        keys, where, counts = np.unique(whole[:m], return_index=True, return_counts=True)
        below = keys
        if n > 1:
            shorter = np.zeros(len(stream.hashes), np.uint64)
            k = _collect(
                stream.documents, stream.hashes, n - 1, shorter, shorter.copy(), shorter.copy()
            )
            below = np.unique(shorter[:k])
        return cls(keys, counts, first[where], np.searchsorted(below, last[where]), last[where])


def _continuations(own: _Grams, above: _Grams) -> np.ndarray:
    """For each n-gram the number of different words that stand before it; 1 for what only begins a text."""
    found = np.bincount(np.searchsorted(own.keys, above.suffix_keys), minlength=len(own.keys))
    return np.maximum(found, 1)


def _discounts(counts: np.ndarray) -> np.ndarray:
    """float64[4]: what is taken from a count of 0, 1, 2, and 3 or more."""
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(float)
    if not n[1:5].all():
        return _FALLBACK
    y = n[1] / (n[1] + 2 * n[2])
    found = np.array([0.0, *(k - (k + 1) * y * n[k + 1] / n[k] for k in (1, 2, 3))])
    return found if (found >= 0).all() and (found <= [0, 1, 2, 3]).all() else _FALLBACK


def _table(
    keys: np.ndarray, chances: np.ndarray, backoffs: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table, chances = table_of(keys, chances)
    return table, chances, table_of(keys, backoffs)[1]


@leaf(inline="always")
def _key(h, n):
    """The key of the n words with this joined hash."""
    return spread(h + np.uint64(n) * np.uint64(0x9E3779B97F4A7C15))


@kernel
def _collect(documents, hashes, n, whole, first, last):
    """Fill the keys of every n-gram, of its first n - 1 and of its last n - 1 words; returns how many there are."""
    power = np.uint64(1)
    for _ in range(n - 1):
        power *= BASE
    m = 0
    for d in range(len(documents) - 1):
        h, before = np.uint64(0), np.uint64(0)
        for i in range(documents[d], documents[d + 1]):
            before = h
            h = h * BASE + hashes[i]
            if i - documents[d] + 1 < n:
                continue
            whole[m] = _key(h, n)
            first[m] = _key(before, n - 1) if n > 1 else np.uint64(0)
            h -= hashes[i - n + 1] * power
            last[m] = _key(h, n - 1)
            m += 1
    return m


@kernel
def _score(documents, hashes, order, table, chances, backoffs, unknown, skip, most, joined, out):
    """joined uint64[2, order]: scratch, hashes of the last 1 … order words before a word and with it."""
    for d in range(len(documents) - 1):
        total, scored, known = 0.0, 0, 0
        for i in range(documents[d], documents[d + 1]):
            place = i - documents[d]
            if scored >= most:
                break
            longest = min(known + 1, order)
            for n in range(longest):
                joined[1, n] = hashes[i] if n == 0 else joined[0, n - 1] * BASE + hashes[i]
            if place >= skip:
                chance = np.float64(unknown)
                given = 0.0
                for n in range(longest, 0, -1):
                    slot = slot_of(table, _key(joined[1, n - 1], n))
                    if slot >= 0:
                        chance = np.float64(chances[slot])
                        break
                    if n > 1:
                        slot = slot_of(table, _key(joined[0, n - 2], n - 1))
                        if slot >= 0:
                            given += np.float64(backoffs[slot])
                total += chance + given
                scored += 1
            for n in range(longest):
                joined[0, n] = joined[1, n]
            known = min(known + 1, order - 1)
        out[d] = total / scored if scored > 0 else np.nan
