"""Sequence classifiers of transformers: what transformers itself says of the same tokens, by label or as a number."""

import numpy as np
import pyarrow as pa
import pytest

from polysieve.filters.quality import sequence_classifier
from polysieve.filters.quality.fasttext_file import ModelError
from tests.filters.quality import made_transformers

TEXTS = ["the river runs past the mill", "casino bonus " * 40, "แม่น้ำ 河川", ""]


def theirs(model, folder, window: int = 64) -> np.ndarray:
    """float32[n, labels]: transformers' own logits, a text at a time."""
    import torch

    tokens = made_transformers.tokenizer(folder, begin="<|endoftext|>")
    tokens.enable_truncation(window)
    with torch.inference_mode():
        return np.concatenate(
            [model(torch.tensor([tokens.encode(text).ids])).logits.numpy() for text in TEXTS]
        )


def softmax(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("bert", {}),
        ("deberta-v2", {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]}),
        ("xlm-roberta", {"pad_token_id": 1, "max_position_embeddings": 66}),
        ("modernbert", {"pad_token_id": 0}),
    ],
)
def test_a_probability_is_that_of_transformers_own_logits(tmp_path, kind, more) -> None:
    model = made_transformers.classifier(tmp_path, kind, **more)
    found = sequence_classifier.load(str(tmp_path))
    expected = softmax(theirs(model, tmp_path))[:, 1]
    for positive in ("yes", 1, "1"):
        assert found.scores(pa.array(TEXTS), positive, 64) == pytest.approx(expected, abs=1e-5)


def test_a_model_that_reads_from_left_to_right_takes_a_texts_last_token(tmp_path) -> None:
    for pad in (None, 5):
        model = made_transformers.classifier(
            tmp_path, "llama", pad_token_id=pad, num_key_value_heads=2
        )
        found = sequence_classifier.load(str(tmp_path)).scores(pa.array(TEXTS), "yes", 64)
        assert found == pytest.approx(softmax(theirs(model, tmp_path))[:, 1], abs=1e-5)


def test_what_an_output_is_says_the_configuration(tmp_path) -> None:
    model = made_transformers.classifier(tmp_path, labels=["quality"])
    number = sequence_classifier.load(str(tmp_path)).scores(pa.array(TEXTS), None, 64)
    assert number == pytest.approx(theirs(model, tmp_path)[:, 0], abs=1e-5), "as it is"
    made_transformers.set_config(tmp_path, problem_type="multi_label_classification")
    one = sequence_classifier.load(str(tmp_path)).scores(pa.array(TEXTS), None, 64)
    assert one == pytest.approx(1 / (1 + np.exp(-number)), abs=1e-5)
    own = {"labels": ["toxic", "insult", "threat"], "problem_type": "multi_label_classification"}
    model = made_transformers.classifier(tmp_path, **own)
    each = sequence_classifier.load(str(tmp_path)).scores(pa.array(TEXTS), "insult", 64)
    assert each == pytest.approx(1 / (1 + np.exp(-theirs(model, tmp_path)[:, 1])), abs=1e-5)


def test_the_first_window_is_read_marks_and_all(tmp_path) -> None:
    model = made_transformers.classifier(tmp_path)
    found = sequence_classifier.load(str(tmp_path)).scores(pa.array(TEXTS), "yes", 9)
    assert found == pytest.approx(softmax(theirs(model, tmp_path, 9))[:, 1], abs=1e-5)


def test_no_text_has_no_score(tmp_path) -> None:
    made_transformers.classifier(tmp_path)
    model = sequence_classifier.load(str(tmp_path))
    assert model.scores(pa.array([], pa.string()), "yes", 64).shape == (0,)
    made_transformers.tokenizer(tmp_path)  # without a mark before each text
    found = sequence_classifier.load(str(tmp_path)).scores(pa.array(["", "ox"]), "yes", 64)
    assert np.isnan(found).tolist() == [True, False]


@pytest.mark.parametrize(
    ("labels", "given", "message"),
    [
        (["no", "yes"], {"positive": "good"}, "has no label good; name one of no, yes in `positive`"),
        (["no", "yes"], {"positive": 2}, "has no label 2"),
        (["no", "yes"], {}, "has several labels; name one of no, yes"),
        (["score"], {"positive": "good"}, "gives one number; leave `positive` out"),
        (["score"], {"log_odds": True}, "gives a number, no probability; leave `log_odds` out"),
        (["score"], {"window": 512}, "reads 64 tokens at most; give `window: 64`"),
    ],
)  # fmt: skip
def test_what_a_model_cannot_give_is_told(tmp_path, labels, given, message) -> None:
    made_transformers.classifier(tmp_path, labels=labels)
    with pytest.raises(ModelError, match=message):
        sequence_classifier.load(str(tmp_path)).check(
            **{"positive": None, "window": 64, "log_odds": False} | given
        )


def test_a_model_without_a_head_is_refused(tmp_path) -> None:
    transformers = pytest.importorskip("transformers", reason="needs the extra torch")
    made_transformers.classifier(tmp_path)
    config = transformers.AutoConfig.from_pretrained(tmp_path)
    transformers.BertModel(config).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match=r"no sequence classifier: its weights lack classifier"):
        sequence_classifier.load(str(tmp_path))
