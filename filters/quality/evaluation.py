"""How well a score tells good texts from bad ones."""

from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

RETENTION = 0.1


def evaluate(scores: np.ndarray, positive: np.ndarray, keep: float = RETENTION) -> dict[str, Any]:
    """Figures of a score over n texts, the larger the better.

    `auc`: the chance that a positive scores above a negative (half where they tie); `precision_at`: the share of
    positives among the best `keep`; `texts`, `positives`: how many there are; `unscored`: texts without a score, which
    count as the worst. `auc` and `precision_at` are None where one class is empty.
    """
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
