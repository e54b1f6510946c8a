"""Documents in two languages, made of pairs: plain functions over lists of texts. A pair stays in one document."""

from collections.abc import Sequence

import numpy as np

from polysieve.filters.sampling import ranks
from polysieve.pipeline.mixing.sampling import mixed


def backward(ids: Sequence[str], direction: str, seed: int) -> np.ndarray:
    """bool[n]: which pairs stand with their target first; of `both` half of them, by a hash of the pair's id."""
    if direction == "both":
        return (mixed(ranks(ids, seed, "xxh3")) >> np.uint64(63)).astype(bool)
    return np.full(len(ids), direction == "backward")


def interleaved(
    sources: Sequence[str], targets: Sequence[str], turned: np.ndarray, separator: str
) -> list[str]:
    """Each document in one language, then, after the separator, in the other; turned: the target first."""
    return [
        separator.join((target, source) if back else (source, target))
        for source, target, back in zip(sources, targets, turned, strict=True)
    ]


def interlinear(
    documents: Sequence[Sequence[tuple[str, str]]], turned: np.ndarray, separator: str
) -> list[str]:
    """Each document's sentences, (source, target) pairs, one language after the other sentence by sentence."""
    return [
        separator.join(part for pair in pairs for part in (reversed(pair) if back else pair))
        for pairs, back in zip(documents, turned, strict=True)
    ]
