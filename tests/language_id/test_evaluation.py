"""Figures of a model on labelled text, and the cuts that follow from them."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.language_id import evaluation, load_model
from polysieve.language_id.evaluation import NONE, Evaluation, class_of, evaluate, f_beta_cut
from tests.language_id.sentences import SENTENCES


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("arb_Arab", "ara"),
        ("arz_Arab", "ara"),
        ("bos_Latn", "hbs"),
        ("srp_Cyrl", "hbs"),
        ("yue_Hani", "yue"),
        ("cmn_Hant", "cmn"),
        ("fil_Latn", "fil"),
        ("ind_Latn", "ind"),
        ("zsm_Latn", "msa"),
        ("und_Latn", NONE),
        ("zxx_Zxxx", NONE),
    ],
)
def test_members_of_a_macrolanguage_are_one_class_unless_commonly_told_apart(
    label: str, expected: str
) -> None:
    assert class_of(label) == expected


def two_languages() -> Evaluation:
    """A model that has French and German, on text in these, in Walloon and in none."""
    found = Evaluation(frozenset({"fra", "deu"}))
    found.add(
        ["fra_Latn", "fra_Latn", "deu_Latn", "wln_Latn", "wln_Latn", "zxx_Zxxx"],
        ["fra_Latn", "deu_Latn", "deu_Latn", "fra_Latn", "und_Latn", "deu_Latn"],
        [0.9, 0.4, 0.8, 0.6, 0.0, 0.2],
    )
    return found


def test_a_class_that_the_model_lacks_counts_zero_in_the_mean_over_all() -> None:
    found = two_languages()
    scores = {c: s.f1 for c, s in found.classes().items()}
    assert scores == {"deu": 0.5, "fra": 0.5, "wln": 0.0}
    assert found.macro_f1() == (pytest.approx(1 / 3), 0.5)


def test_answers_under_a_cut_are_none() -> None:
    score = two_languages().classes(cut=0.7)["fra"]
    assert (score.documents, score.right, score.answers) == (2, 1, 1)
    assert two_languages().noise() == 0.0
    assert two_languages().noise(cut=0.3) == 1.0


def test_false_positives_are_a_share_of_the_documents_in_other_languages() -> None:
    # German: 2 of 5 others are called so; French: 1 of 4.
    assert two_languages().false_positive_rate() == pytest.approx((2 / 5 + 1 / 4) / 2)


def test_confusions_name_what_the_model_lacks() -> None:
    assert ("wln", "fra", 1, True) in two_languages().confusions()
    assert ("fra", "deu", 1, False) in two_languages().confusions()
    assert (NONE, "deu", 1, False) in two_languages().confusions()


def test_coverage_says_what_a_cut_keeps_and_what_it_lets_in() -> None:
    low, high = two_languages().coverage((0.3, 0.7))
    assert low == {
        "cut": 0.3, "answered": 1.0, "right_of_answered": pytest.approx(2 / 3),
        "accepted_unknown": 0.5, "noise": 1.0,
    }  # fmt: skip
    assert high["answered"] == pytest.approx(2 / 3)
    assert high["accepted_unknown"] == 0.0


def test_a_cut_leaves_out_the_wrong_answers_below_the_right_ones() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.3, 0.2])
    right = np.array([True, True, True, False, False])
    assert f_beta_cut(scores, right, 3) == 0.7


def test_a_small_beta_prefers_precision_and_a_large_one_recall() -> None:
    scores = np.array([0.9, 0.8, 0.6, 0.5, 0.4])
    right = np.array([True, True, False, True, True])
    assert f_beta_cut(scores, right, 4, beta=0.1) == 0.8
    assert f_beta_cut(scores, right, 4, beta=2) == 0.4


@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), st.booleans()), min_size=1),
    st.integers(0, 50),
    st.sampled_from([0.1, 1.0, 2.0]),
)
def test_no_other_cut_has_a_higher_f_beta(
    given_: list[tuple[float, bool]], missed: int, beta: float
) -> None:
    scores, right = (np.array(column) for column in zip(*given_, strict=True))
    documents = int(right.sum()) + missed

    def value(cut: float) -> float:
        kept = scores >= cut
        hits = (right & kept).sum()
        return (1 + beta**2) * hits / (kept.sum() + beta**2 * documents)

    found = f_beta_cut(scores, right, documents, beta)
    assert value(found) == pytest.approx(max(value(cut) for cut in set(scores.tolist())))


def test_cuts_are_of_labels_with_enough_answers_and_can_be_read_back() -> None:
    found = Evaluation(frozenset({"fra"}))
    found.add(["fra_Latn"] * 30 + ["wln_Latn"] * 10, ["fra_Latn"] * 40, [0.9] * 30 + [0.6] * 10)
    found.add(["deu_Latn"] * 3, ["deu_Latn"] * 3, [0.9] * 3)
    cuts = evaluation.as_cuts(found, load_model("cld2"))
    assert cuts["cuts"] == {"fra_Latn": 0.9}
    assert evaluation.read_cuts(cuts) == {"fra_Latn": 0.9}
    with pytest.raises(ValueError, match="lid evaluate --cuts"):
        evaluation.read_cuts({"fra_Latn": 0.9})


@pytest.mark.parametrize("name", ["embedded", "cld2"])
def test_a_model_is_measured_in_batches(name: str) -> None:
    labels = list(SENTENCES)
    texts = pa.array([SENTENCES[label] for label in labels], pa.large_string())
    whole = evaluate(load_model(name), [(texts, labels)])
    parts = [(texts[:3], labels[:3]), (texts[3:], labels[3:])]
    assert evaluate(load_model(name), parts).answers == whole.answers
    assert whole.macro_f1()[1] > 0.8
    assert whole.bytes == sum(len(text.encode()) for text in SENTENCES.values())
