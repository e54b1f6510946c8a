"""Encoders of a few words, made on the spot: real files of ONNX, tokenizers and transformers."""

import json
from pathlib import Path

import numpy as np
import pytest

from polysieve.filters.quality import encoders

WORDS = ["[PAD]", "[UNK]", "[CLS]", "the", "river", "runs", "past", "mill", "casino", "bonus"]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def tokenizer(folder: Path) -> None:
    """A tokenizer of words, with [CLS] before each text."""
    tokenizers = pytest.importorskip("tokenizers", reason="needs the extra embeddings")
    made = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: i for i, word in enumerate(WORDS)}, "[UNK]")
    )
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A", special_tokens=[("[CLS]", 2)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    made.save(str(folder / "tokenizer.json"))


def onnx_encoder(folder: Path, output: str = "last_hidden_state") -> Path:
    """A model that gives each word its own direction."""
    onnx = pytest.importorskip("onnx", reason="needs onnx to make a model")
    pytest.importorskip("onnxruntime", reason="needs the extra embeddings")
    tokenizer(folder)
    table = onnx.numpy_helper.from_array(np.eye(len(WORDS), dtype=np.float32), "table")
    inputs = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.INT64, ["n", "length"])
        for name in ("input_ids", "attention_mask")
    ]
    states = onnx.helper.make_tensor_value_info(
        output, onnx.TensorProto.FLOAT, ["n", "length", len(WORDS)]
    )
    node = onnx.helper.make_node("Gather", ["table", "input_ids"], [output])
    graph = onnx.helper.make_graph([node], "words", inputs, [states], [table])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, str(folder / "model.onnx"))
    return folder


def torch_encoder(folder: Path, dim: int = 16) -> Path:
    """A transformers model of random weights, the same at every call."""
    torch = pytest.importorskip("torch", reason="needs the extra torch")
    transformers = pytest.importorskip("transformers", reason="needs the extra torch")
    tokenizer(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=dim, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64,
    )  # fmt: skip
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def pools_by_cls(folder: Path) -> None:
    """Say so, as sentence-transformers does."""
    (folder / "1_Pooling").mkdir()
    said = {
        "pooling_mode_cls_token": True,
        "pooling_mode_mean_tokens": False,
        "include_prompt": True,
    }
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(said))


def cached(cache: Path, repository: str) -> Path:
    """Where the files of a repository lie in the hub's cache; the caller puts them there."""
    folder = cache / f"models--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(COMMIT)
    return folder / "snapshots" / COMMIT


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub, and no network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    encoders.load.cache_clear()  # which another cache has filled
    return tmp_path / "hub"
