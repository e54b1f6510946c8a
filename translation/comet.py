"""CometKiwi (Rei et al. 2022): how good a translation is, judged by a model that sees its source and no reference.

The checkpoints that Unbabel publishes are read as they are (`hparams.yaml` and `checkpoints/model.ckpt`), for the
library that made them, unbabel-comet, asks for NumPy 1. Translation and source are one sequence

    <s> translation </s></s> source </s>

of an encoder of transformers. The states h_l of its layers, the embeddings being layer 0, are mixed by learned weights,

    mixed = gamma * sum of s_l h_l,     s = softmax(w) or sparsemax(w) (Martins and Astudillo 2016)

each h_l standardised over the sequence first where the model says so, and the first token's mixed state goes through a
feed-forward network to one number. Only tensors are read from a checkpoint; it cannot run code.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import yaml

from polysieve.filters.quality import encoder_files, torch_models
from polysieve.filters.quality.fasttext_file import ModelError, file_hash
from polysieve.filters.quality.torch_models import Device
from polysieve.language_id import hub

CHECKPOINT, SETTINGS = "checkpoints/model.ckpt", "hparams.yaml"
EPSILON = 1e-12  # of the variance of a standardised layer
_ENCODER, _MIX, _HEAD = "encoder.model.", "layerwise_attention.", "estimator.ff."
_DIGITS = 4


class Files(NamedTuple):
    """What a model is made of."""

    settings: dict[str, Any]
    """What hparams.yaml says."""
    checkpoint: Path
    encoder: encoder_files.EncoderFiles
    """config.json and tokenizer.json of the encoder; its weights are in the checkpoint."""

    @property
    def loaded_bytes(self) -> int:
        """The memory that the model takes while it is loaded: its tensors, and those of the checkpoint beside them."""
        return 2 * self.checkpoint.stat().st_size

    @property
    def hash(self) -> str:
        """SHA-256 of the hashes of all files."""
        folder = self.checkpoint.parent.parent
        own = (self.checkpoint, folder / SETTINGS, self.encoder.folder / "config.json")
        parts = [file_hash(one) for one in (*own, self.encoder.tokenizer)]
        return hashlib.sha256("".join(parts).encode()).hexdigest()


def find(name: str, encoder: str | None = None) -> Files:
    """The files of a model by folder or repository of the hub, and of its encoder, which it names itself.

    Raises ModelError.
    """
    model = None if Path(name).is_dir() else hub.parse(name)
    wanted = (SETTINGS, CHECKPOINT)
    folder = encoder_files.snapshot(model, name, wanted) if model else Path(name)
    if lacking := [one for one in wanted if not (folder / one).is_file()]:
        raise ModelError(
            f"{name}: no {lacking[0]} in it; name a model in COMET's format, as Unbabel/wmt22-cometkiwi-da"
        )
    try:
        settings = yaml.safe_load((folder / SETTINGS).read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError):
        settings = None
    if not isinstance(settings, dict):
        raise ModelError(f"{name}: {SETTINGS} is no map of settings; download it again")
    _check(name, settings)
    return Files(
        settings, folder / CHECKPOINT, _encoder(name, encoder or settings["pretrained_model"])
    )


def _check(name: str, settings: dict[str, Any]) -> None:
    """Raise ModelError unless a model judges translations by their sources."""
    kind, segments = settings.get("class_identifier"), settings.get("input_segments")
    if kind != "unified_metric" or segments != ["mt", "src"]:
        raise ModelError(
            f"{name}: is a {kind} of {segments}; only those that judge without a reference, unified_metric of "
            "['mt', 'src'], are known: wmt22-cometkiwi-da, wmt23-cometkiwi-da-xl, wmt23-cometkiwi-da-xxl"
        )
    if not isinstance(settings.get("pretrained_model"), str):
        raise ModelError(f"{name}: {SETTINGS} names no pretrained_model; download it again")


def _encoder(name: str, encoder: str) -> encoder_files.EncoderFiles:
    """Where the encoder's config.json and tokenizer.json are."""
    model = None if Path(encoder).is_dir() else hub.parse(encoder)
    wanted = ("config.json", "tokenizer.json")
    folder = encoder_files.snapshot(model, encoder, wanted) if model else Path(encoder)
    if lacking := [one for one in wanted if not (folder / one).is_file()]:
        raise ModelError(
            f"{name}: its encoder {encoder} has no {lacking[0]}; name a folder with its config.json and tokenizer.json "
            "in `encoder` (InfoXLM has the tokenizer of XLM-RoBERTa)"
        )
    return encoder_files.EncoderFiles(None, folder, folder / "tokenizer.json", "cls")


@lru_cache(1)
def load(name: str, encoder: str | None = None, device: Device = "cpu") -> "Comet":
    """A model, once per process. Raises ModelError, with the command that installs what is missing."""
    return Comet(name, find(name, encoder), device)


class Comet:
    """A model that judges translations by their sources."""

    def __init__(self, name: str, files: Files, device: Device) -> None:
        torch, transformers = torch_models.libraries(device)
        self.hash = files.hash
        stored, settings = _stored(name, files)
        config = transformers.AutoConfig.from_pretrained(
            files.encoder.folder, local_files_only=True
        )
        model = transformers.AutoModel.from_config(config, add_pooling_layer=False)
        own = {
            key.removeprefix(_ENCODER): value
            for key, value in stored.items()
            if key.startswith(_ENCODER) and not key.endswith(".position_ids")
        }
        try:
            model.load_state_dict(own)
            self._mix = _Mix(stored, settings, config.num_hidden_layers + 1, device)
            self._head = _head(stored, settings).to(device).eval()
        except (RuntimeError, KeyError) as error:
            cause = " ".join(str(error).split())[:200]
            raise ModelError(f"{name}: its weights do not fit {SETTINGS} ({cause})") from None
        self._model: Any = model.to(device=device, dtype=torch.float32).eval()
        self._tokens = torch_models.Tokens(name, files.encoder, config.vocab_size)
        self._most = torch_models.positions(model) or 512
        self._pad = config.pad_token_id or 0
        self._device = device

    def scores(self, sources: Sequence[str], targets: Sequence[str]) -> np.ndarray:
        """float64[n], four digits: of n translations, about 0 (bad) to 1; NaN where one or its source is blank."""
        found = np.full(len(sources), np.nan)
        rows = [
            i
            for i, pair in enumerate(zip(sources, targets, strict=True))
            if all(map(str.strip, pair))
        ]
        sequences = self._sequences([targets[i] for i in rows], [sources[i] for i in rows])
        for batch in torch_models.batches([len(one) for one in sequences]) if rows else ():
            said = self._judged([sequences[i] for i in batch.tolist()])
            found[np.array(rows)[batch]] = np.round(said, _DIGITS)
        return found

    def _sequences(self, first: list[str], second: list[str]) -> list[list[int]]:
        """The tokens of n pairs with the marks around them, each side and the whole cut where the model ends."""
        begin, between, end = self._tokens.pair_marks()
        sides = [
            self._tokens.ids(
                pa.array(side, pa.large_string()), self._most - len(begin + end) - 2, False
            )
            for side in (first, second)
        ]
        return [
            [*begin, *one, *between, *other, *end][: self._most]
            for one, other in zip(*sides, strict=True)
        ]

    def _judged(self, sequences: list[list[int]]) -> np.ndarray:
        import torch

        ids, mask = (
            torch.from_numpy(one).to(self._device)
            for one in torch_models.padded(sequences, self._pad)
        )
        with torch.inference_mode():
            layers = self._model(
                input_ids=ids, attention_mask=mask, output_hidden_states=True
            ).hidden_states
            return self._head(self._mix.first(layers, mask)).view(-1).double().cpu().numpy()


def _stored(name: str, files: Files) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tensors of a checkpoint by name, and the settings: its own before those of hparams.yaml."""
    import pickle

    import torch

    try:
        held = torch.load(files.checkpoint, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        cause = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{name}: {CHECKPOINT} cannot be read as tensors alone ({cause})"
        ) from None
    if not isinstance(held, dict) or not isinstance(held.get("state_dict"), dict):
        raise ModelError(f"{name}: {CHECKPOINT} is no checkpoint of a model of COMET")
    own = held.get("hyper_parameters")
    settings = files.settings | (own if isinstance(own, dict) else {})
    # Models whose training meant sparsemax and had softmax are marked so, in hparams.yaml alone.
    if files.settings.get("layer_transformation") == "sparsemax_patch":
        settings["layer_transformation"] = "softmax"
    return held["state_dict"], settings


class _Mix:
    """The states of layers, mixed."""

    def __init__(
        self, stored: dict[str, Any], settings: dict[str, Any], layers: int, device: Device
    ) -> None:
        import torch

        self._layer: int | None = None
        self._weights: Any = None
        if settings.get("sent_layer", "mix") != "mix":
            self._layer = int(settings["sent_layer"])
            return
        scalars = torch.cat(
            [stored[f"{_MIX}scalar_parameters.{i}"] for i in range(layers)]
        ).double()
        sparse = settings.get("layer_transformation", "sparsemax") == "sparsemax"
        weights = sparsemax(scalars.numpy()) if sparse else torch.softmax(scalars, 0).numpy()
        mixed = torch.from_numpy(weights) * stored[f"{_MIX}gamma"].double()
        self._weights = mixed.float().to(device)
        self._standardised = bool(settings.get("layer_norm", True))

    def first(self, layers: Sequence[Any], mask: Any) -> Any:
        """[n, d]: the mixed states of the first tokens of layers [n, tokens, d]; mask [n, tokens]: 1 for a token."""
        if self._layer is not None:
            return layers[self._layer][:, 0]
        parts = [
            weight * (_standardised(one, mask) if self._standardised else one[:, 0])
            for weight, one in zip(self._weights, layers, strict=True)
        ]
        return sum(parts[1:], parts[0])


def _standardised(states: Any, mask: Any) -> Any:
    """[n, d]: the first token's states, less the mean of all states of the sequence, over their deviation."""
    weights = mask.float().unsqueeze(-1)
    count = weights.sum((1, 2), keepdim=True) * states.shape[-1]
    mean = (states * weights).sum((1, 2), keepdim=True) / count
    variance = (((states - mean) * weights) ** 2).sum((1, 2), keepdim=True) / count
    return ((states - mean) / (variance + EPSILON).sqrt())[:, 0]


def sparsemax(scalars: np.ndarray) -> np.ndarray:
    """float64[n]: the point of the simplex nearest to n numbers (Martins and Astudillo 2016, algorithm 1)."""
    falling = -np.sort(-scalars.astype(np.float64))
    sums = np.cumsum(falling)
    counts = np.arange(1, len(falling) + 1)
    inside = int(np.flatnonzero(1 + counts * falling > sums)[-1])
    threshold = (sums[inside] - 1) / counts[inside]
    return np.maximum(scalars - threshold, 0.0)


def _head(stored: dict[str, Any], settings: dict[str, Any]) -> Any:
    """The feed-forward network: linear layers with an activation after each but the last, or after that too."""
    import torch

    own = {key.removeprefix(_HEAD): value for key, value in stored.items() if key.startswith(_HEAD)}
    parts: list[Any] = []
    places = sorted({int(key.split(".")[0]) for key in own})
    for number, place in enumerate(places):
        weight, bias = own[f"{place}.weight"], own[f"{place}.bias"]
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
        linear.load_state_dict({"weight": weight, "bias": bias})
        parts.append(linear)
        last = number == len(places) - 1
        kind = settings.get("final_activation") if last else settings.get("activations", "Tanh")
        if kind:
            parts.append(_activation(kind))
    return torch.nn.Sequential(*parts)


def _activation(kind: str) -> Any:
    import torch

    known = ("Tanh", "Sigmoid", "ReLU", "GELU", "LeakyReLU")
    if kind not in known:
        raise KeyError(f"activation {kind}; known: {', '.join(known)}")
    return getattr(torch.nn, kind)()
