"""How likely a pair of a given Jaccard similarity becomes a candidate: the S-curve of banding."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Curve:
    """The figures of a banding. threshold: Jaccard of the curve's steepest part, (1/b) ** (1/r);
    points: Jaccard → probability of becoming a candidate."""

    bands: int
    rows: int
    threshold: float
    points: dict[float, float]


def probability(similarity: np.ndarray | float, bands: int, rows: int) -> np.ndarray:
    """1 - (1 - s ** rows) ** bands: the odds that a pair of Jaccard s shares a band's key.

    Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, 3rd edition, section 3.4.2.
    """
    s = np.asarray(similarity, dtype=np.float64)
    return -np.expm1(bands * np.log1p(-np.minimum(s**rows, 1 - 2.0**-53)))


def threshold(bands: int, rows: int) -> float:
    """The similarity near which the curve is steepest, (1 / bands) ** (1 / rows)."""
    return float((1.0 / bands) ** (1.0 / rows))


def curve(bands: int, rows: int) -> Curve:
    """The figures that a plan prints for a banding."""
    points = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
    return Curve(
        bands,
        rows,
        threshold(bands, rows),
        {s: float(probability(s, bands, rows)) for s in points},
    )


def parameters_for(
    target: float, lanes: int = 112, false_positive_weight: float = 0.5
) -> tuple[int, int]:
    """(bands, rows) with bands * rows <= lanes that suit a target threshold best.

    datasketch's optimiser: the least weighted sum of the area under the curve below `target` (false
    positives) and above the curve beyond it (false negatives); the weights add up to 1.
    """
    if not 0.0 < target < 1.0:
        raise ValueError(f"minhash: a target threshold of {target} is not between 0 and 1")
    if lanes < 2:
        raise ValueError(f"minhash: {lanes} lanes are too few, give 2 or more")
    if not 0.0 <= false_positive_weight <= 1.0:
        raise ValueError(f"minhash: a weight of {false_positive_weight} is not from 0 to 1")
    from datasketch import MinHashLSH  # brings scipy.integrate, over a second

    best = MinHashLSH(
        threshold=target,
        num_perm=lanes,
        weights=(false_positive_weight, 1.0 - false_positive_weight),
    )
    return best.b, best.r
