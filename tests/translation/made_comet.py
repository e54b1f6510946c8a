"""A model in the format of CometKiwi, made on the spot: random weights, a tokenizer of characters."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

SETTINGS: dict[str, Any] = {
    "class_identifier": "unified_metric",
    "encoder_model": "XLM-RoBERTa",
    "sent_layer": "mix",
    "layer_transformation": "sparsemax",
    "layer_norm": False,
    "hidden_sizes": [24, 16],
    "activations": "Tanh",
    "final_activation": None,
    "input_segments": ["mt", "src"],
    "word_level_training": False,
    "dropout": 0.1,
}
LAYERS, WIDTH, POSITIONS = 3, 32, 130


def make_comet(folder: Path, **changed: Any) -> Path:
    """A folder with hparams.yaml, checkpoints/model.ckpt and, in encoder/, what the encoder's repository holds."""
    torch = pytest.importorskip("torch", reason="needs the extra torch")
    transformers = pytest.importorskip("transformers", reason="needs the extra torch")
    import yaml

    settings = SETTINGS | {"pretrained_model": str(folder / "encoder")} | changed
    vocabulary = _tokenizer(folder / "encoder")
    config = transformers.XLMRobertaConfig(
        vocab_size=vocabulary, hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=4,
        intermediate_size=48, max_position_embeddings=POSITIONS, type_vocab_size=1, pad_token_id=1,
        initializer_range=0.4,
    )  # fmt: skip
    config.save_pretrained(folder / "encoder")
    torch.manual_seed(3)
    model = transformers.XLMRobertaModel(config, add_pooling_layer=False)
    for name, value in model.named_parameters():
        if "LayerNorm" in name:  # or states would be standardised already
            value.data = torch.randn(WIDTH)
    stored = {f"encoder.model.{name}": value for name, value in model.state_dict().items()}
    sizes = [WIDTH, *settings["hidden_sizes"], 1]
    for number, (wide, narrow) in enumerate(pairwise(sizes)):
        stored[f"estimator.ff.{3 * number}.weight"] = torch.randn(narrow, wide) / wide**0.5
        stored[f"estimator.ff.{3 * number}.bias"] = torch.randn(narrow) / 4
    if settings["sent_layer"] == "mix":
        for layer, scalar in enumerate((0.1, 0.9, -0.4, 0.7)):
            stored[f"layerwise_attention.scalar_parameters.{layer}"] = torch.tensor([scalar])
        stored["layerwise_attention.gamma"] = torch.tensor([1.7])
    (folder / "checkpoints").mkdir(exist_ok=True)
    held = {
        "state_dict": stored,
        "pytorch-lightning_version": "2.0.0",
        "hyper_parameters": settings,
    }
    torch.save(held, folder / "checkpoints" / "model.ckpt")
    (folder / "hparams.yaml").write_text(yaml.safe_dump(settings))
    return folder


def _tokenizer(folder: Path) -> int:
    """Write tokenizer.json, pieces of a character each, with the marks of XLM-RoBERTa; returns their number."""
    tokenizers = pytest.importorskip("tokenizers", reason="needs the extra torch")
    from tokenizers import models, pre_tokenizers, processors

    letters = "▁abcdefghijklmnopqrstuvwxyzàéíóúç.,"
    marks = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = [(mark, 0.0) for mark in marks] + [(letter, -3.0) for letter in letters]
    made = tokenizers.Tokenizer(models.Unigram(pieces, unk_id=3))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.add_special_tokens(marks)
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    made.save(str(folder / "tokenizer.json"))
    return len(pieces)
