"""Tiny models of transformers with random weights, made on the spot: the same at every call."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

SENTENCES = ["the river runs past the mill", "casino bonus", "la rivière coule", "河川 الكتاب แม่น้ำ"]


def tokenizer(folder: Path, begin: str | None = None, size: int = 280) -> Any:
    """A byte-level tokenizer; with `begin` its own encoding of a text begins with that token."""
    tokenizers = pytest.importorskip("tokenizers", reason="needs the extra torch")
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(SENTENCES, trainer)
    if begin:
        made.post_processor = tokenizers.processors.TemplateProcessing(
            single=f"{begin} $A", special_tokens=[(begin, made.token_to_id(begin))]
        )
    folder.mkdir(parents=True, exist_ok=True)
    made.save(str(folder / "tokenizer.json"))
    return made


def causal(folder: Path, positions: int = 64, **more: Any) -> Any:
    """A GPT-2 of random weights; returns transformers' own model."""
    torch = pytest.importorskip("torch", reason="needs the extra torch")
    transformers = pytest.importorskip("transformers", reason="needs the extra torch")
    vocabulary = tokenizer(folder).get_vocab_size()
    torch.manual_seed(0)
    given = {"bos_token_id": 0, "eos_token_id": 0, "initializer_range": 0.5, **more}
    config = transformers.GPT2Config(
        vocab_size=vocabulary, n_embd=32, n_layer=2, n_head=2, n_positions=positions, **given
    )
    model = transformers.GPT2LMHeadModel(config).eval()
    model.save_pretrained(folder)
    return model


def classifier(
    folder: Path, kind: str = "bert", labels: Sequence[str] = ("no", "yes"), **more: Any
) -> Any:
    """A sequence classifier of random weights; returns transformers' own model."""
    torch = pytest.importorskip("torch", reason="needs the extra torch")
    transformers = pytest.importorskip("transformers", reason="needs the extra torch")
    vocabulary = tokenizer(folder, begin="<|endoftext|>").get_vocab_size()
    torch.manual_seed(0)
    given = {
        "vocab_size": vocabulary, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 64, "max_position_embeddings": 64, "initializer_range": 0.5,
        "id2label": dict(enumerate(labels)), "label2id": {name: i for i, name in enumerate(labels)}, **more,
    }  # fmt: skip
    config = transformers.AutoConfig.for_model(kind, **given)
    model = transformers.AutoModelForSequenceClassification.from_config(config).eval()
    model.save_pretrained(folder)
    return model


def set_config(folder: Path, **more: Any) -> None:
    """Change what config.json says."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | more))
