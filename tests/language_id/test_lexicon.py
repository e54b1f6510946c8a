"""FunLangID's score, beside a plain statement of its definition."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.language_id import lexicon
from tests.language_id.funlangid import raw_scores
from tests.language_id.sentences import SENTENCES

OWNERS: dict[str, list[int]] = defaultdict(list)
for _tag in range(len(lexicon.TAGS)):
    for _entry in lexicon.ENTRIES[lexicon.FIRST[_tag] : lexicon.FIRST[_tag + 1]]:
        OWNERS[lexicon.GRAMS[_entry]].append(_tag)


def plain_scores(text: str) -> list[float]:
    """Per tag:

    matches of the stripped 4-character windows, and of single characters, by the number of windows.
    """
    line = text.lower().replace('"', "'").replace("/", " ").strip()
    padded = f" {line} "
    windows = [padded[i : i + 4].strip() for i in range(len(padded) - 4)]
    windows = [w for w in windows if len(w) > 1]
    scores = [0.0] * len(lexicon.TAGS)
    if windows:
        for gram in windows + list(line):
            for tag in OWNERS.get(gram, ()):
                scores[tag] += 1 / len(windows)
    return scores


def test_the_lexicon_is_whole() -> None:
    assert len(lexicon.TAGS) == 1647
    assert len(lexicon.GRAMS) == len(set(lexicon.GRAMS))
    assert np.diff(lexicon.FIRST).min() > 0
    assert np.diff(lexicon.FIRST).max() <= 150


@pytest.mark.parametrize("text", SENTENCES.values(), ids=SENTENCES.keys())
def test_scores_follow_the_definition(text: str) -> None:
    np.testing.assert_allclose(raw_scores([text])[0], plain_scores(text), atol=1e-12)


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from(" abtheÉßİΣσς\"/'ниияя的是 ンのไท"), max_size=40))
def test_scores_follow_the_definition_on_odd_text(text: str) -> None:
    text = " ".join(text.split())
    np.testing.assert_allclose(raw_scores([text])[0], plain_scores(text), atol=1e-12)


def test_several_texts_do_not_mix() -> None:
    texts = list(SENTENCES.values())
    together = raw_scores(texts)
    alone = np.concatenate([raw_scores([text]) for text in texts])
    assert (together == alone).all()
