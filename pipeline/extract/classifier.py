"""Which blocks of a page are its main text: two forests, the second of which knows the first's verdicts.

The model is data beside this file (`assets/`): `main_text.npz` holds both forests, `main_text.json` is its card.
`polysieve extract train` makes both (pipeline/extract/training.py).
"""

from functools import cache
from importlib import resources
from io import BytesIO
from typing import NamedTuple

import numpy as np

from polysieve.compiling import leaf
from polysieve.pipeline.extract import context, features, forest
from polysieve.pipeline.extract.forest import Forest
from polysieve.pipeline.extract.markup import numbers
from polysieve.pipeline.extract.measures import link_share
from polysieve.pipeline.extract.outline import CONTAINER, PARENT, TAG
from polysieve.pipeline.extract.parser import Parsed

MODEL, CARD = "main_text.npz", "main_text.json"
HOPELESS = 0.02  # a first verdict under which there is no second
SHORT_PAGE = 200  # letters of a page that is kept whole rather than not at all
_MENU, _LINKS_ALONE = 3, 0.9
_UL, _OL, _DL = numbers("ul ol dl")


class Classifier(NamedTuple):
    """first: a forest over features.NAMES; second: over those and context.NAMES; threshold: a probability."""

    first: Forest
    second: Forest
    threshold: float


@cache
def default() -> Classifier:
    """The model that comes with the package."""
    return load(
        resources.files("polysieve.pipeline.extract").joinpath("assets", MODEL).read_bytes()
    )


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


def choose(model: Classifier, parsed: Parsed, described: np.ndarray) -> np.ndarray:
    """bool[n]: which blocks of the page are its main text. described: float32[n, k], the blocks' features.

    A block whose probability reaches the threshold is. The blocks of one list stay or go together, by their mean
    weighted by width. Blocks that are links alone go where three or more of them follow one another. Of a page that
    has next to no text, all that is not mostly links stays if nothing else does.
    """
    verdicts = judge(model, parsed, described)
    keep = np.zeros(len(verdicts), np.bool_)
    lists = np.zeros(len(parsed.containers), np.int64)
    sums = np.zeros((len(parsed.containers), 2), np.float64)
    widths = np.expm1(described[:, features.NAMES.index("log_width")])
    _choose(parsed.blocks, parsed.containers, verdicts, widths, model.threshold, lists, sums, keep)
    if not keep.any() and widths.sum() < SHORT_PAGE:
        keep = described[:, features.NAMES.index("link_share")] < 0.5
    return keep


@leaf
def _choose(blocks, containers, verdicts, widths, threshold, lists, sums, keep):
    for c in range(1, containers.shape[0]):
        is_list = containers[c, TAG] in (_UL, _OL, _DL)
        lists[c] = c if is_list else lists[containers[c, PARENT]]
    for b in range(blocks.shape[0]):
        around = lists[blocks[b, CONTAINER]]
        sums[around, 0] += widths[b] * verdicts[b]
        sums[around, 1] += widths[b]
    first = 0  # of the kept blocks before this one that are links alone
    count = 0
    for b in range(blocks.shape[0]):
        around = lists[blocks[b, CONTAINER]]
        if around:
            keep[b] = sums[around, 0] >= threshold * max(sums[around, 1], 1.0)
        else:
            keep[b] = verdicts[b] >= threshold
        if not keep[b]:
            continue
        if link_share(blocks, b) < _LINKS_ALONE:
            count = 0
            continue
        first = b if count == 0 else first
        count += 1
        if count == _MENU:
            for other in range(first, b):
                keep[other] = keep[other] and link_share(blocks, other) < _LINKS_ALONE
        if count >= _MENU:
            keep[b] = False


def judge(model: Classifier, parsed: Parsed, described: np.ndarray) -> np.ndarray:
    """float32[n]: the probability of each block of the page to be main text."""
    first = first_verdicts(model.first, described)
    extended = context.extend(parsed, described, first)
    return forest.probabilities(forest.scores(model.second, extended, first >= HOPELESS))
