"""FunLangID's own score, from the lexicon's matches and votes."""

from collections.abc import Sequence

import numpy as np

from polysieve.language_id import lexicon
from polysieve.language_id.text import NO_COMPOSITIONS, sample, text_array, utf8_buffer


def raw_scores(texts: Sequence[str]) -> np.ndarray:
    """float64[n, len(lexicon.TAGS)]: the score of each text, over all of it, for each label."""
    data, bounds = utf8_buffer(text_array(texts))
    longest = int(np.diff(bounds).max(initial=0))
    codes, starts = sample(data, bounds, longest, 0, 0, NO_COMPOSITIONS)
    found, ends, windows = lexicon.matches(codes, starts)
    weights = np.ones(len(lexicon.POSTING_LABELS))
    scores = np.zeros((len(starts) - 1, len(lexicon.TAGS)))
    lexicon.vote(found, ends, lexicon.POSTING_FIRST, lexicon.POSTING_LABELS, weights, scores)
    return scores / np.maximum(windows, 1)[:, None]
