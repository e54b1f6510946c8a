"""How each kind of score is checked before a run, known by its hash, and asked.

A model is loaded once per process, and again where its file was replaced.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from polysieve.filters.quality import (
    encoder_files,
    encoders,
    heads,
    nearest,
    ngrams,
    selection,
    sequence_classifier,
    transformer_lm,
    word_lists,
)
from polysieve.filters.quality.encoders import Device
from polysieve.filters.quality.fasttext_file import ModelError, file_hash
from polysieve.filters.quality.fasttext_scorer import FastTextScorer, read_labels
from polysieve.filters.quality.heads import Head
from polysieve.filters.quality.kenlm_model import KenlmModel
from polysieve.filters.quality.ngrams import NgramModel
from polysieve.filters.quality.word_lists import WordList
from polysieve.pipeline.recipe.quality import Score
from polysieve.pipeline.texts import seeds

LABEL = "{label}"
CACHED = 32  # models that a process holds
NEURAL_CACHED = 4  # of each neural kind at most, as filters.quality keeps
Stamp = tuple[int, int]
"""Time of change and size."""


def _nothing(path: str) -> Iterable[str]:
    return ()


class Scorer(NamedTuple):
    """A kind of score. `path` is a model's own, without `{label}`."""

    check: Callable[[str, Score, Device], object]
    """Raises ModelError or OSError for a model that cannot be used."""
    scores: Callable[[pa.Array, str, Score, Device], np.ndarray] | None
    """float64[n] of n texts in one language by the model at a path, NaN where a text has no score; None: it is
    found from vectors (pipeline/steps/embed/embeddings.py, nearest.py)."""
    hash: Callable[[str], str] = file_hash
    """SHA-256 of a model. Raises ModelError where there is none."""
    marks: str | None = None
    """The file that makes a folder a model; None: a model is a file."""
    beside: Callable[[str], Iterable[str]] = _nothing
    """Hashes of other models that take part in its scores."""
    libraries: tuple[str, ...] = ()
    """Installed distributions that take part in its scores."""
    by_device: bool = False
    """Whether the last bits of its scores depend on the device."""
    loads: Callable[[str], tuple[str, int]] | None = None
    """The name of the model that is loaded, and its bytes in memory; None: too few to count."""


def memory(asked: Iterable[Score]) -> int:
    """The bytes that the models of some scores take in a process: the largest that it keeps of each kind."""
    found: dict[str, dict[str, int]] = {}
    for one in asked:
        scorer = SCORERS[one.kind]
        if scorer.loads:
            own = own_paths(one.path, one.kind).values()
            found.setdefault(one.kind, {}).update(map(scorer.loads, own))
    total = 0
    for kind, sizes in found.items():
        kept = NEURAL_CACHED if SCORERS[kind].by_device else CACHED
        total += sum(sorted(sizes.values())[-kept:])
    return total


def hashes(path: str, kind: str = "fasttext") -> dict[str, str]:
    """Label (`` for a model of all languages) → SHA-256 of the model of a kind at a path with or without `{label}`.

    Raises ModelError where there is none.
    """
    hash = SCORERS[kind].hash
    return {label: hash(own) for label, own in own_paths(path, kind).items()}


def own_paths(path: str, kind: str) -> dict[str, str]:
    """Label (`` for a model of all languages) → the path of its model. Raises ModelError where no language has one."""
    if LABEL not in path:
        return {"": path}
    scorer = SCORERS[kind]
    before, _, after = path.partition(LABEL)
    folder = Path(before).parent if not before.endswith("/") else Path(before)
    found = {
        str(one)[len(before) : len(str(one)) - len(after)]: str(one)
        for one in sorted(folder.glob("*"))
        if str(one).startswith(before) and str(one).endswith(after) and _is_there(one, scorer)
    }
    if not found:
        what = f"folder with {scorer.marks}" if scorer.marks else "file"
        raise ModelError(f"{path}: no {what} of any language; correct the path")
    return found


def own_path(path: str, label: str, kind: str = "fasttext") -> str | None:
    """The model of a kind for a label; None where its language has none."""
    own = path.replace(LABEL, label)
    return own if LABEL not in path or _is_there(Path(own), SCORERS[kind]) else None


def _is_there(path: Path, scorer: Scorer) -> bool:
    return (path / scorer.marks if scorer.marks else path).is_file()


def stamp(path: str) -> Stamp:
    """What changes with a file: a model that was replaced is loaded again."""
    found = Path(path).stat()
    return found.st_mtime_ns, found.st_size


def entered(said: pa.Table, name: str, scores: np.ndarray) -> pa.Table:
    """The answers of n documents with a score filled in: float64[n], NaN where there is none."""
    column = selection.rounded(scores).astype(np.float32)
    place = said.schema.get_field_index(f"score.{name}")
    array = pa.array(column, mask=np.isnan(column))
    return said.set_column(place, said.schema.field(place), array)


def _check_fasttext(path: str, one: Score, device: Device) -> None:
    labels = read_labels(path)
    if _positive(one) not in labels:
        known = ", ".join(sorted(labels)[:20])
        raise ModelError(
            f"{path}: has no label {_positive(one)}; name one of {known} in `positive`"
        )


def _positive(one: Score) -> str:
    return "hq" if one.positive is None else str(one.positive)


def _fasttext(texts: pa.Array, path: str, one: Score, device: Device) -> np.ndarray:
    scorer = classifier(path, stamp(path))
    found = scorer.probabilities(texts, one.lower)[:, scorer.labels.index(_positive(one))]
    return selection.log_odds(found) if one.log_odds else found


@lru_cache(CACHED)
def classifier(path: str, stamp: Stamp) -> FastTextScorer:
    """A fastText classifier, of a score or of an attribute."""
    return FastTextScorer(path)


def _ngrams(texts: pa.Array, path: str, one: Score, device: Device) -> np.ndarray:
    return _ngram_model(path, stamp(path)).scores(texts, *one.stretch)


def _ngrams_loaded(path: str) -> tuple[str, int]:
    """A file's entries, 16 bytes each, become a table with as many free slots, made beside them."""
    return path, 3 * Path(path).stat().st_size


@lru_cache(CACHED)
def _ngram_model(path: str, stamp: Stamp) -> NgramModel:
    return ngrams.load(path)


def _kenlm(texts: pa.Array, path: str, one: Score, device: Device) -> np.ndarray:
    return _kenlm_model(path, stamp(path)).scores(texts, *one.stretch)


@lru_cache(CACHED)
def _kenlm_model(path: str, stamp: Stamp) -> KenlmModel:
    return KenlmModel(path)


def _transformer(texts: pa.Array, path: str, one: Score, device: Device) -> np.ndarray:
    return transformer_lm.load(path, device).scores(texts, *one.stretch)


def _weights_hash(path: str) -> str:
    """Of a model of transformers; it has gigabytes."""
    return _weights_hashed(path, encoder_files.stamp(path))


def _weights_loaded(path: str) -> tuple[str, int]:
    return path, encoder_files.of_weights(path).loaded_bytes(path)


@lru_cache(CACHED)
def _weights_hashed(path: str, stamp: encoder_files.Stamp) -> str:
    return encoder_files.of_weights(path).weights_hash(path)


def _check_head(path: str, one: Score, device: Device) -> None:
    head = heads.load(path)
    encoder = encoders.load(head.encoder, device)
    if encoder.hash != head.encoder_hash:
        raise ModelError(
            f"{path}: was made for another {head.encoder} than the one that is here; train or import it again"
        )


def of_vectors(vectors: np.ndarray, path: str, one: Score) -> np.ndarray:
    """float64[n] of the vectors of n texts, float16[n, dim], by the head at a path."""
    own = head(path, stamp(path))
    found = own.scores(vectors.astype(np.float32))
    return selection.log_odds(found) if one.log_odds and own.method == "mlp" else found


@lru_cache(CACHED)
def head(path: str, stamp: Stamp) -> Head:
    """A head; its encoder is asked in pipeline/steps/embed/embeddings.py."""
    return heads.load(path)


def _check_sequence_classifier(path: str, one: Score, device: Device) -> None:
    sequence_classifier.load(path, device).check(one.positive, one.window, one.log_odds)


def _sequence_classifier(texts: pa.Array, path: str, one: Score, device: Device) -> np.ndarray:
    found = sequence_classifier.load(path, device).scores(texts, one.positive, one.window)
    return selection.log_odds(found) if one.log_odds else found


def _check_seeds(path: str, one: Score, device: Device) -> None:
    n = len(seeds.read(path))
    if n * one.k > nearest.MOST:
        raise ModelError(
            f"{path}: {n:,} seeds with {one.k:,} neighbours each are more than {nearest.MOST:,}; ask for fewer"
        )


def _check_words(path: str, one: Score, device: Device) -> None:
    if not word_lists.load(path).entries:
        raise ModelError(f"{path}: no word in it; write a word or phrase a line")


def _words(texts: pa.Array, path: str, one: Score, device: Device) -> np.ndarray:
    return word_lists.shares(texts, _list(path, stamp(path)), one.distinct)


@lru_cache(CACHED)
def _list(path: str, stamp: Stamp) -> WordList:
    return word_lists.load(path)


SCORERS: dict[str, Scorer] = {
    "fasttext": Scorer(_check_fasttext, _fasttext),
    "ngrams": Scorer(lambda path, one, device: ngrams.check(path), _ngrams, loads=_ngrams_loaded),
    "kenlm": Scorer(
        lambda path, one, device: KenlmModel(path),
        _kenlm,
        libraries=("kenlm",),
        loads=lambda path: (path, Path(path).stat().st_size),
    ),
    "transformer": Scorer(
        lambda path, one, device: transformer_lm.load(path, device),
        _transformer,
        _weights_hash,
        marks="config.json",
        libraries=("torch", "transformers"),
        by_device=True,
        loads=_weights_loaded,
    ),
    "embedding": Scorer(
        _check_head,
        None,
        beside=lambda path: [head(path, stamp(path)).encoder_hash],
        by_device=True,
    ),
    "classifier": Scorer(
        _check_sequence_classifier,
        _sequence_classifier,
        _weights_hash,
        marks="config.json",
        libraries=("torch", "transformers"),
        by_device=True,
        loads=_weights_loaded,
    ),
    "nearest": Scorer(_check_seeds, None, seeds.files_hash),
    "words": Scorer(_check_words, _words),
}
"""Kind (recipe.quality.KINDS) → how it is used. N-grams that a run trains: pipeline/steps/score/trained.py."""
