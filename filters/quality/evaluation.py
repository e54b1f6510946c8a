"""How well a score tells good texts from bad ones."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import numpy as np
from sklearn.metrics import roc_auc_score

RETENTION = 0.1


class Evaluation(TypedDict):
    """Figures of a score over texts."""

    texts: int
    positives: int
    unscored: int
    """Texts without a score, which count as the worst."""
    auc: float | None
    """The chance that a positive scores above a negative (half where they tie); None where one class is empty."""
    precision_at: float | None
    """The share of positives among the best; None likewise."""
    perplexity: NotRequired[float | None]
    """Of the positives, by a language model; None where none has a score."""


class Card(TypedDict):
    """What is said of a model that was trained."""

    sha256: str
    settings: NotRequired[str]
    arguments: Mapping[str, object]
    """How it was trained."""
    examples: dict[str, int]
    """Part of the examples -> texts."""
    test: Evaluation
    """Of the part that was left out."""


def evaluate(scores: np.ndarray, positive: np.ndarray, keep: float = RETENTION) -> Evaluation:
    """Figures of a score over n texts, the larger the better. keep: the share of texts that are the best."""
    known = np.where(np.isnan(scores), -np.inf, scores)
    both = 0 < positive.sum() < len(positive)
    # Ties are broken against the score: negatives first.
    order = np.lexsort((positive, -known))
    best = order[: max(1, round(keep * len(order)))]
    ranks = np.unique(known, return_inverse=True)[1]
    return {
        "texts": len(positive),
        "positives": int(positive.sum()),
        "unscored": int(np.isnan(scores).sum()),
        "auc": round(float(roc_auc_score(positive, ranks)), 4) if both else None,
        "precision_at": round(float(positive[best].mean()), 4) if both else None,
    }
