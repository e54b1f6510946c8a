"""Classifiers with code of their own: heads that their tensors make known, and those that they do not."""

import numpy as np
import pyarrow as pa
import pytest

from polysieve.filters.quality import sequence_classifier
from polysieve.filters.quality.fasttext_file import ModelError
from tests.filters.quality import made_transformers

TEXTS = ["the river runs past the mill", "casino bonus", "河川 الكتاب"]
OWN_CODE = {"AutoModelForSequenceClassification": "modeling_custom.Own"}


def checkpoint(folder, heads: dict[str, tuple[int, ...]], **more):
    """A DeBERTa-v2 with a classifier, `pooler.dense` and all, and more layers; returns transformers' own model."""
    model = made_transformers.classifier(folder, "deberta-v2", labels=["score"], **more)
    torch = pytest.importorskip("torch")
    save_file = pytest.importorskip("safetensors.torch").save_file
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    torch.manual_seed(1)
    for name, shape in heads.items():
        tensors |= {f"{name}.weight": torch.randn(shape), f"{name}.bias": torch.randn(shape[0])}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    made_transformers.set_config(folder, auto_map=OWN_CODE)
    (folder / "modeling_custom.py").write_text("raise SystemExit('run')\n")
    return model


def theirs(model, folder, layer: str):
    """What transformers' classifier gives, with another last layer."""
    import torch
    from safetensors.torch import load_file

    stored = load_file(folder / "model.safetensors")
    model.classifier.weight.data = stored[f"{layer}.weight"]
    model.classifier.bias.data = stored[f"{layer}.bias"]
    tokens = made_transformers.tokenizer(folder, begin="<|endoftext|>")
    with torch.inference_mode():
        rows = [model(torch.tensor([tokens.encode(text).ids])).logits[0] for text in TEXTS]
    return torch.stack(rows).numpy()


def test_linear_heads_on_the_pooled_first_token_are_read_by_name(tmp_path) -> None:
    model = checkpoint(tmp_path, {"binary_classifier": (1, 32), "levels": (6, 32)})
    found = sequence_classifier.load(str(tmp_path))
    assert found.labels == ["binary_classifier", "classifier", *(f"levels.{i}" for i in range(6))]
    for name, layer, place in (
        ("classifier", "classifier", 0),
        ("binary_classifier", "binary_classifier", 0),
        ("levels.4", "levels", 4),
    ):
        expected = theirs(model, tmp_path, layer)[:, place]
        assert found.scores(pa.array(TEXTS), name, 64) == pytest.approx(expected, abs=1e-4)
    with pytest.raises(ModelError, match="has several labels; name one of binary_classifier, cla"):
        found.output(None)


def test_one_head_needs_no_name_and_without_a_pooler_reads_the_first_state(tmp_path) -> None:
    import_torch = pytest.importorskip("torch", reason="needs the extra torch")
    model = checkpoint(tmp_path, {})
    from safetensors.torch import load_file, save_file

    stored = load_file(tmp_path / "model.safetensors")
    expected = theirs(model, tmp_path, "classifier")[:, 0]
    found = sequence_classifier.load(str(tmp_path)).scores(pa.array(TEXTS), None, 64)
    assert found == pytest.approx(expected, abs=1e-4)
    kept = {name: tensor for name, tensor in stored.items() if "pooler" not in name}
    save_file(kept, tmp_path / "model.safetensors", {"format": "pt"})
    tokens = made_transformers.tokenizer(tmp_path, begin="<|endoftext|>")
    with import_torch.inference_mode():
        states = [
            model.deberta(import_torch.tensor([tokens.encode(text).ids])).last_hidden_state[0, 0]
            for text in TEXTS
        ]
        raw = import_torch.stack(states) @ stored["classifier.weight"].T + stored["classifier.bias"]
    found = sequence_classifier.load(str(tmp_path)).scores(pa.array(TEXTS), None, 64)
    assert found == pytest.approx(raw[:, 0].numpy(), abs=1e-4)
    assert not np.allclose(found, expected)


@pytest.mark.parametrize(
    "heads",
    [
        {"head.0": (32, 32), "head.2": (1, 32)},
        {"head.0": (8, 32), "head.2": (1, 8)},
        {"attention": (1, 8)},
    ],
)
def test_a_head_that_its_tensors_do_not_tell_is_refused_by_their_names(tmp_path, heads) -> None:
    checkpoint(tmp_path, heads)
    name = next(name for name, shape in heads.items() if shape in ((32, 32), (1, 8)))
    with pytest.raises(ModelError, match=rf"cannot be known from its tensors: .*{name}\.weight"):
        sequence_classifier.load(str(tmp_path))


def test_another_backbone_with_code_of_its_own_is_refused(tmp_path) -> None:
    made_transformers.classifier(tmp_path, "bert")
    made_transformers.set_config(tmp_path, auto_map=OWN_CODE)
    with pytest.raises(ModelError, match=r"code of its own, which is never run; .* not bert"):
        sequence_classifier.load(str(tmp_path))
