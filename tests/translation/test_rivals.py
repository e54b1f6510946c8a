"""Whether a translation fits another sentence of its document better than its own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.translation.calibration import uncalibrated
from polysieve.translation.rivals import RIVALS, leads


def meanings(count: int, seed: int = 0, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Sentences and their translations as encoders give them: what all texts share, what those of a language share,
    a meaning, and noise."""
    chooser = np.random.default_rng(seed)
    meaning, shared = chooser.normal(size=(count, 64)), 2 * chooser.normal(size=64)
    sides = []
    for _ in range(2):
        own = 0.5 * chooser.normal(size=64)
        side = shared + own + meaning + noise * chooser.normal(size=(count, 64))
        sides.append(side / np.linalg.norm(side, axis=1, keepdims=True))
    return sides[0], sides[1]


def test_each_sentence_leads_its_rivals_and_none_does_once_they_are_shifted() -> None:
    first, second = meanings(12)
    assert (leads(first, second, [12]) > 0).all()
    assert (leads(first, np.roll(second, 1, axis=0), [12]) < 0).all()


def test_one_foreign_translation_is_found_and_its_neighbours_are_not() -> None:
    first, second = (side[:12].copy() for side in meanings(13))
    second[5] = meanings(13)[1][12]
    found = leads(first, second, [12])
    assert found[5] < 0
    assert (np.delete(found, 5) > 0).all()


def test_documents_do_not_see_each_other_and_one_sentence_has_no_rival() -> None:
    first, second = meanings(9)
    found = leads(first, second, [4, 1, 0, 4])
    assert np.isnan(found[4])
    assert np.array_equal(found[:4], leads(first[:4], second[:4], [4]))
    assert np.array_equal(found[5:], leads(first[5:], second[5:], [4]))


def test_what_is_said_twice_is_nobodys_rival() -> None:
    first, second = meanings(6)
    first[3], second[3] = first[1], second[1]
    assert (leads(first, second, [6]) > -1e-9).all()


def naive(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The definition, one pair at a time."""
    n = len(first)
    cosines = first @ second.T

    def near(i: int) -> range:
        return range(max(0, i - RIVALS), min(n, i + RIVALS + 1))

    def fit(i: int, j: int) -> float:
        row = np.mean([cosines[i, k] for k in near(i)])
        column = np.mean([cosines[k, j] for k in near(j)])
        return cosines[i, j] - (row + column) / 2

    return np.array(
        [fit(i, i) - max(max(fit(i, j), fit(j, i)) for j in near(i) if j != i) for i in range(n)]
    )


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 40), st.integers(0, 1000))
def test_leads_are_what_the_definition_says(size, seed) -> None:
    first, second = meanings(size, seed, noise=1.5)
    assert leads(first, second, [size]) == pytest.approx(naive(first, second), abs=1e-9)


def test_a_sentence_that_belongs_elsewhere_is_flagged_without_any_calibration() -> None:
    names = [f"the sentence number {i} of a document" for i in range(8)]
    first, second = meanings(8)
    vectors = {**{f"en {n}": v for n, v in zip(names, first, strict=True)}}
    vectors |= {f"xx {n}": v for n, v in zip(names, second, strict=True)}
    sources, targets = [f"en {n}" for n in names], [f"xx {n}" for n in names]

    def embed(texts) -> np.ndarray:
        return np.array([vectors[text] for text in texts])

    assert "rival" not in uncalibrated("eng_Latn", "div_Thaa").bounds, "encoders know too little"
    loose = uncalibrated("eng_Latn", "tha_Thai")
    right = loose.flags(sources, targets, embed, [8])
    wrong = loose.flags(sources, [*targets[1:], targets[0]], embed, [8])
    assert not any("rival" in names for names in right)
    assert all("rival" in names for names in wrong)
