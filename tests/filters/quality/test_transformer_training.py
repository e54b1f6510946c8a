"""Training a tiny transformer: the same files again, and a model that expects text like what it has read."""

import numpy as np
import pyarrow as pa
import pytest

from polysieve.filters.quality import transformer_lm
from tests.filters.quality.made_text import many

torch = pytest.importorskip("torch", reason="needs the extra torch")
from polysieve.filters.quality import transformer_training  # noqa: E402
from polysieve.filters.quality.transformer_training import Training  # noqa: E402

TINY = Training(steps=40, width=32, layers=1, vocabulary=320, context=32, batch=8)


def files(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_model_expects_text_like_what_it_has_read_and_trains_again_to_the_same_files(
    tmp_path,
) -> None:
    texts = many("good", 60)
    for name in ("a", "b"):
        torch.rand(1)  # whatever was drawn before
        transformer_training.train(tmp_path / name, texts, many("good", 8, 900), TINY)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    model = transformer_lm.load(str(tmp_path / "a"))
    good, bad = (model.scores(pa.array(many(kind, 20, 500))) for kind in ("good", "bad"))
    assert good.min() > bad.max()
    assert 10 ** -good.mean() < 320 / 4, "far better than chance"


def test_another_seed_is_another_model(tmp_path) -> None:
    short = {"steps": 2, "width": 32, "layers": 1, "vocabulary": 300}
    for seed in (0, 1):
        transformer_training.train(
            tmp_path / str(seed), many("good", 9), [], Training(**short, seed=seed)
        )
    weights = [(tmp_path / str(seed) / "model.safetensors").read_bytes() for seed in (0, 1)]
    assert weights[0] != weights[1]


def test_it_is_a_folder_that_transformers_loads(tmp_path) -> None:
    transformers = pytest.importorskip("transformers")
    texts = ["แม่น้ำไหลผ่านโรงสี", "河川流过磨坊", "река течёт", "the river"] * 5
    transformer_training.train(tmp_path, texts, [], Training(steps=2, width=32, layers=1))
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    tokens = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert tokens.bos_token_id == model.config.bos_token_id == 0
    own = transformer_lm.load(str(tmp_path)).scores(pa.array(texts[:4]), skip=0)
    for text, score in zip(texts, own[:4], strict=False):
        ids = torch.tensor([[0, *tokens(text, add_special_tokens=False).input_ids]])
        with torch.inference_mode():
            loss = model(ids, labels=ids).loss.item()
        assert score == pytest.approx(-loss / np.log(10), abs=1e-4)
        assert tokens.decode(ids[0, 1:]) == text, "no token is unknown"


def test_no_stretch_holds_two_texts_and_every_token_is_in_one() -> None:
    texts = ["a" * 70, "b" * 5, "c" * 31, ""]
    made = transformer_training._tokenizer(["xyz"], 257)
    found = transformer_training._stretches(made, texts, TINY, 100)
    assert [len(one) for one in found] == [32, 32, 9, 6, 32]
    kinds = [{*made.decode(one)} for one in found]
    assert kinds == [{"a"}, {"a"}, {"a"}, {"b"}, {"c"}]
    assert [one[0] == 0 for one in found] == [True, False, False, True, True]
    assert sum(len(one) - 1 for one in found) == sum(map(len, texts))


def test_the_weights_of_the_least_loss_on_the_validation_texts_stay(tmp_path, monkeypatch) -> None:
    """The validated loss falls at the second of four checks and rises then."""
    seen, losses = [], iter([5.0, 3.0, 4.0, 6.0])

    def validated(model, held_out, how):
        seen.append({k: v.clone() for k, v in model.state_dict().items()})
        return next(losses)

    monkeypatch.setattr(transformer_training, "_validated", validated)
    monkeypatch.setattr(transformer_training, "CHECKS", 4)
    how = Training(steps=4, width=32, layers=1, vocabulary=300)
    transformer_training.train(tmp_path, many("good", 9), many("good", 2, 50), how)
    stored = transformer_lm.load(str(tmp_path))._model.state_dict()
    assert all(torch.equal(stored[name], tensor) for name, tensor in seen[1].items())
    assert not all(torch.equal(stored[name], tensor) for name, tensor in seen[3].items())


def test_the_rate_rises_in_a_line_and_falls_in_a_cosine() -> None:
    found = [transformer_training._rate(step, 100) for step in range(101)]
    assert found[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert found[100] == pytest.approx(transformer_training.LEAST_RATE)
    assert found[5:] == sorted(found[5:], reverse=True)


def test_texts_without_a_token_train_nothing(tmp_path) -> None:
    with pytest.raises(ValueError, match="no text of two tokens"):
        transformer_training.train(tmp_path, ["", ""], [], TINY)
