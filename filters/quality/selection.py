"""What is kept by a score: quantiles, bands, tiers.

A score is compared after it has been rounded to 1e-4, so that what another order of additions changes in its last bits
(another processor, another batch) changes no decision. Of what ties with a cut nothing is kept (FineWeb2-HQ:
`np.quantile(sample, 1 - retention)`, kept where the score is strictly above).
"""

import numpy as np

DIGITS = 4
TIERS = ("low", "mid", "high")


def rounded(scores: np.ndarray) -> np.ndarray:
    """Scores as they are stored and compared."""
    return np.round(np.asarray(scores, np.float64), DIGITS) + 0.0  # no negative zero


def log_odds(chances: np.ndarray) -> np.ndarray:
    """log(p / (1 - p)) of probabilities, within ±30."""
    known = np.clip(chances, 1e-13, 1 - 1e-13)
    return np.clip(np.log(known) - np.log1p(-known), -30, 30)


def quantile(scores: np.ndarray, share: float) -> float | None:
    """The score below which `share` of the documents lie, as it is compared; None where there is no score."""
    known = scores[~np.isnan(scores)]
    return float(rounded(np.quantile(known, share))) if len(known) else None


def is_above(scores: np.ndarray, cut: float | None) -> np.ndarray:
    """bool[n]: strictly above the cut. What has no score is, and so is everything where there is no cut."""
    if cut is None:
        return np.ones(len(scores), bool)
    return ~(scores <= cut)


def tiers(scores: np.ndarray, cuts: tuple[float | None, float | None]) -> np.ndarray:
    """int8[n]: index into TIERS, strictly above how many of the two cuts; -1 where there is no score."""
    found = sum(is_above(scores, cut).astype(np.int8) for cut in cuts)
    return np.where(np.isnan(scores), -1, found).astype(np.int8)
