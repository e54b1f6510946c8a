"""Which blocks of a page are its main text: two forests, the second of which knows the first's verdicts.

The model is data beside this file (`assets/`): `main_text.npz` holds both forests, `main_text.json` is its card.
`polysieve extract train` makes both (pipeline/extract/training.py).
"""

from functools import cache
from importlib import resources
from io import BytesIO
from typing import NamedTuple

import numpy as np

from pipeline.extract import context, features, forest
from pipeline.extract.forest import Forest
from pipeline.extract.parser import Parsed

MODEL, CARD = "main_text.npz", "main_text.json"
HOPELESS = 0.02  # a first verdict under which there is no second


class Classifier(NamedTuple):
    """first: a forest over features.NAMES; second: over those and context.NAMES; threshold: a probability."""

    first: Forest
    second: Forest
    threshold: float


@cache
def default() -> Classifier:
    """The model that comes with the package."""
    return load(resources.files("pipeline.extract").joinpath("assets", MODEL).read_bytes())


def load(data: bytes) -> Classifier:
    """The model that `dump` wrote. Raises ValueError where it knows other features than this version."""
    with np.load(BytesIO(data), allow_pickle=False) as arrays:
        if list(arrays["features"]) != features.NAMES + context.NAMES:
            raise ValueError("the model was trained on other features; train it anew")
        first, second = (
            Forest(*(arrays[f"{stage}_{name}"] for name in Forest._fields))
            for stage in ("first", "second")
        )
        return Classifier(first, second, float(arrays["threshold"]))


def dump(model: Classifier) -> bytes:
    """The model as a file."""
    arrays = {
        f"{stage}_{name}": array
        for stage in ("first", "second")
        for name, array in getattr(model, stage)._asdict().items()
    }
    file = BytesIO()
    np.savez_compressed(
        file,
        features=np.array(features.NAMES + context.NAMES),
        threshold=np.float64(model.threshold),
        **arrays,
    )
    return file.getvalue()


def first_verdicts(model: Forest, described: np.ndarray) -> np.ndarray:
    """float32[n]: the probability of each block to be text, from its features alone."""
    return forest.probabilities(forest.scores(model, described, np.ones(len(described), np.bool_)))


def judge(model: Classifier, parsed: Parsed, described: np.ndarray) -> np.ndarray:
    """float32[n]: the probability of each block of the page to be main text.

    described: float32[n, k], the blocks' features.
    """
    first = first_verdicts(model.first, described)
    extended = context.extend(parsed, described, first)
    return forest.probabilities(forest.scores(model.second, extended, first >= HOPELESS))
