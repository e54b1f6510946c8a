"""How likely a pair of a given Jaccard similarity becomes a candidate: the S-curve of banding."""

import numpy as np


def probability(similarity: np.ndarray | float, bands: int, rows: int) -> np.ndarray:
    """1 - (1 - s ** rows) ** bands: the odds that a pair of Jaccard s shares a band's key.

    Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, 3rd edition, section 3.4.2.
    """
    s = np.asarray(similarity, dtype=np.float64)
    return -np.expm1(bands * np.log1p(-np.minimum(s**rows, 1 - 2.0**-53)))


def threshold(bands: int, rows: int) -> float:
    """The similarity near which the curve is steepest, (1 / bands) ** (1 / rows)."""
    return float((1.0 / bands) ** (1.0 / rows))


def parameters_for(target: float, lanes: int = 112) -> tuple[int, int]:
    """(bands, rows) with bands * rows <= lanes that suit a target threshold best.

    datasketch's optimiser: the least sum of the areas under the curve below `target` (false positives) and above
    the curve beyond it (false negatives).
    """
    if not 0.0 < target < 1.0:
        raise ValueError(f"minhash: a target threshold of {target} is not between 0 and 1")
    if lanes < 2:
        raise ValueError(f"minhash: {lanes} lanes are too few, give 2 or more")
    from datasketch import MinHashLSH  # brings scipy.integrate, over a second

    best = MinHashLSH(threshold=target, num_perm=lanes)
    return best.b, best.r
