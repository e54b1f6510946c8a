"""A language model of characters, small enough to train on a megabyte of clean text in a second.

It does not judge whether a translation is right. It tells text of the language from text that is not: another language,
half of one, broken encoding, a loop. Interpolated Witten-Bell smoothing (Witten and Bell 1991) over n-grams of
up to ORDER characters:

    P(c | h) = (count(hc) + types(h) P(c | h')) / (count(h) + types(h))

where h' is h without its first character, and types(h) the number of different characters seen after h.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ORDER = 6
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_START = 2  # before a text's first character


@dataclass(frozen=True)
class CharLM:
    """Counts of n-grams, by length: sorted hashes (uint64) with the n-gram's count, and for each history
    the count of what follows it and of how many different characters do."""

    characters: int
    grams: tuple[tuple[np.ndarray, np.ndarray], ...]
    histories: tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]

    def bits(self, texts: Sequence[str]) -> np.ndarray:
        """float64[n]: bits per character of each text; NaN for one without any."""
        codes, owners = _codes(texts)
        probability = np.full(len(codes), 1.0 / (self.characters + 1))
        for length in range(1, ORDER + 1):
            history, gram = _hashes(codes, owners, length)
            count = _look_up(self.grams[length - 1][0], self.grams[length - 1][1], gram)
            hashes, followed, types = self.histories[length - 1]
            total = _look_up(hashes, followed, history)
            kinds = _look_up(hashes, types, history)
            seen = total > 0
            mixed = (count + kinds * probability) / np.where(seen, total + kinds, 1)
            probability = np.where(seen, mixed, probability)
        real = codes != _START
        surprise = np.bincount(owners[real], -np.log2(probability[real]), minlength=len(texts))
        lengths = np.bincount(owners[real], minlength=len(texts))
        return np.where(lengths > 0, surprise / np.maximum(lengths, 1), np.nan)

    def save(self, path: Path) -> None:
        """Write the model as a NumPy archive."""
        arrays = {
            f"gram_{i}_{j}": a for i, pair in enumerate(self.grams) for j, a in enumerate(pair)
        }
        arrays |= {
            f"history_{i}_{j}": a for i, t in enumerate(self.histories) for j, a in enumerate(t)
        }
        with path.open("wb") as file:
            np.savez_compressed(file, characters=np.array(self.characters), **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> "CharLM":
        """A model that `save` wrote. Raises OSError or ValueError where it is none."""
        with np.load(path) as data:
            try:
                grams = tuple((data[f"gram_{i}_0"], data[f"gram_{i}_1"]) for i in range(ORDER))
                histories = tuple(
                    (data[f"history_{i}_0"], data[f"history_{i}_1"], data[f"history_{i}_2"])
                    for i in range(ORDER)
                )
                return cls(int(data["characters"]), grams, histories)
            except KeyError as error:
                raise ValueError(f"{path}: no model of characters: {error}") from None


def train(texts: Iterable[str]) -> CharLM:
    """A model of texts, a sentence or a paragraph each."""
    codes, owners = _codes(list(texts))
    real = codes != _START
    grams, histories = [], []
    for length in range(1, ORDER + 1):
        history, gram = (hashes[real] for hashes in _hashes(codes, owners, length))
        found, first, counts = np.unique(gram, return_index=True, return_counts=True)
        kinds, places = np.unique(history[first], return_inverse=True)
        followed = np.bincount(places, counts, minlength=len(kinds)).astype(np.int64)
        types = np.bincount(places, minlength=len(kinds))
        grams.append((found, counts.astype(np.int32)))
        histories.append((kinds, followed, types.astype(np.int32)))
    return CharLM(len(np.unique(codes[real])), tuple(grams), tuple(histories))


# Thai, Lao, Tibetan, Burmese, Khmer, kana and Han: a blank between two such letters is a matter of taste.
_UNSPACED = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_TASTE = re.compile(f"(?<=[{_UNSPACED}]) (?=[{_UNSPACED}])")


def normalised(text: str) -> str:
    """A text as the model sees it: composed, one blank for any white space (none between letters of scripts that write
    no blanks between words), 0 for any digit."""
    line = _TASTE.sub("", " ".join(unicodedata.normalize("NFC", text).split()))
    return "".join("0" if character.isdigit() else character for character in line)


def _codes(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Code points of all texts, ORDER - 1 marks of a start before each, and the text of each: uint64 and int64."""
    start = chr(_START) * (ORDER - 1)
    marked = [start + normalised(text).replace(chr(_START), "") for text in texts]
    codes = np.frombuffer("".join(marked).encode("utf-32-le", "replace"), np.uint32)
    return codes.astype(np.uint64), np.repeat(np.arange(len(texts)), [len(m) for m in marked])


def _hashes(codes: np.ndarray, owners: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each place, hashes of the `length` - 1 characters before it, and of these with its own.

    Before a text's first characters stand marks, so no n-gram reaches into the text before.
    """
    history = np.zeros(len(codes), np.uint64)
    for back in range(length - 1, 0, -1):
        before = np.concatenate([np.zeros(back, np.uint64), codes[:-back]]) if len(codes) else codes
        history = (history ^ (before[: len(codes)] + np.uint64(1))) * _MULTIPLIER
        history ^= history >> np.uint64(29)
    gram = (history ^ (codes + np.uint64(1))) * _MULTIPLIER
    return history, gram ^ (gram >> np.uint64(32))


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The values at sorted keys, 0 where there is none."""
    if not len(keys):
        return np.zeros(len(wanted), values.dtype)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)


def model_hash(path: Path) -> str:
    """16 hexadecimal digits of a model file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
