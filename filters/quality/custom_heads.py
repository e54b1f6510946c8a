"""Classifiers that come with code of their own, as far as their tensors say what they compute; the code is not run.

EuroFilter (`utter-project/EuroFilter-v1`) is one: mdeberta-v3-base with two outputs that programs use, `logits`, an
educational value from 0 to 5, and `binary_logits`. What a checkpoint of a DeBERTa-v2 model holds beside the backbone
is taken for heads where there is one reading of it: linear layers, each on the first token's state, or on what the
layer `pooler.dense` makes of it, as in transformers' own DeBERTa-v2 classifier. A layer on a layer has an activation
between that no tensor tells, so it is refused.
"""

from types import SimpleNamespace
from typing import Any

from polysieve.filters.quality import torch_models
from polysieve.filters.quality.encoder_files import EncoderFiles
from polysieve.filters.quality.fasttext_file import ModelError
from polysieve.filters.quality.torch_models import Device

BACKBONE = "deberta-v2"
POOLER = "pooler.dense"


def load(name: str, files: EncoderFiles, device: Device) -> "CustomHeads":
    """The backbone and the heads of a checkpoint. Raises ModelError, which names the tensors that are no head."""
    about = torch_models.config(name, files)
    if about.get("model_type") != BACKBONE:
        raise ModelError(
            f"{name}: comes with code of its own, which is never run; without it, only models of the type {BACKBONE} "
            f"with linear heads are read, not {about.get('model_type')}"
        )
    loaded = torch_models.load("AutoModel", name, files, device)
    if loaded.missing:
        raise ModelError(f"{name}: its weights lack {', '.join(loaded.missing[:5])}")
    size = loaded.model.config.hidden_size
    layers = _layers(torch_models.tensors(name, files, loaded.left))
    heads = {part: layer for part, layer in layers.items() if part != POOLER}
    strange = [
        f"{part}.{kind} {list(tensor.shape)}"
        for part, layer in layers.items()
        for kind, tensor in layer.items()
        if not _is_linear(layer, size, square=part == POOLER)
    ]
    if strange or not heads:
        raise ModelError(
            f"{name}: comes with code of its own, which is never run, and its head cannot be known from its tensors: "
            f"{', '.join(strange) or 'there are none beside the backbone'}; linear layers of {size} inputs are read"
        )
    return CustomHeads(loaded.model, loaded.hash, layers.get(POOLER), heads, device)


def _layers(tensors: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Module → its tensors by their last name, in the order of names."""
    found: dict[str, dict[str, Any]] = {}
    for key in sorted(tensors):
        part, _, kind = key.rpartition(".")
        found.setdefault(part, {})[kind] = tensors[key]
    return found


def _is_linear(layer: dict[str, Any], size: int, square: bool) -> bool:
    weight, bias = layer.get("weight"), layer.get("bias")
    if (
        weight is None
        or weight.ndim != 2
        or weight.shape[1] != size
        or {*layer} - {"weight", "bias"}
    ):
        return False
    # A layer as wide as the backbone is a step to another layer, not a head.
    if (weight.shape[0] == size) != square:
        return False
    return bias is None or tuple(bias.shape) == (weight.shape[0],)


class CustomHeads:
    """A backbone with linear heads, called as transformers' own classifiers are."""

    def __init__(
        self, backbone: Any, hash: str, pooler: Any, heads: dict[str, Any], device: Device
    ) -> None:
        import torch
        from transformers.activations import ACT2FN

        self.hash = hash
        self.config = backbone.config
        self.labels: list[str] = []
        for part, layer in heads.items():
            outputs = len(layer["weight"])
            self.labels += [part] if outputs == 1 else [f"{part}.{i}" for i in range(outputs)]
        self._backbone = backbone
        self._linear = torch.nn.functional.linear
        self._activation = ACT2FN[getattr(backbone.config, "pooler_hidden_act", "gelu")]
        self._pooler = pooler and _placed(pooler, device)
        self._heads = [_placed(layer, device) for layer in heads.values()]

    def named_modules(self) -> Any:
        """The backbone's."""
        return self._backbone.named_modules()

    def __call__(self, **given: Any) -> Any:
        """`logits` float32[n, labels] of `input_ids` and `attention_mask`."""
        import torch

        states = self._backbone(**given).last_hidden_state[:, 0]
        if self._pooler:
            states = self._activation(self._linear(states, *self._pooler))
        logits = torch.cat([self._linear(states, *head) for head in self._heads], 1)
        return SimpleNamespace(logits=logits)


def _placed(layer: dict[str, Any], device: Device) -> tuple[Any, Any]:
    """(weight, bias or None) on a device."""
    bias = layer.get("bias")
    return layer["weight"].float().to(device), bias if bias is None else bias.float().to(device)
