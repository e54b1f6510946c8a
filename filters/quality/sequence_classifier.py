"""Sequence classifiers of transformers (the extra `torch`): the probability of a label, or a number, of a beginning.

A head of one output gives a number on a scale of its own (FineWeb-Edu's classifier: 0 to 5), unless its config.json
says that it is of labels; several outputs are labels, each by itself or one of all, as `problem_type` says. Code that
comes with a model is not run; what can be known of a head that needs it says filters.quality.custom_heads.
"""

from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from polysieve.filters.quality import custom_heads, encoder_files, torch_models
from polysieve.filters.quality.encoder_files import EncoderFiles
from polysieve.filters.quality.fasttext_file import ModelError
from polysieve.filters.quality.torch_models import Device

WINDOW = 512
Problem = Literal["number", "one_label", "labels"]
"""What outputs are: numbers as they are, labels of which one holds (softmax), or labels of which any may hold."""


def load(name: str, device: Device = "cpu") -> "SequenceClassifier":
    """A classifier by folder or `owner/name[@revision]` of the hub, once per process and content of the folder.

    Raises ModelError, with the command that installs what is missing.
    """
    return _loaded(name, device, encoder_files.stamp(name))


@lru_cache(4)
def _loaded(name: str, device: Device, stamp: encoder_files.Stamp) -> "SequenceClassifier":
    return SequenceClassifier(name, encoder_files.of_weights(name), device)


class SequenceClassifier:
    """A classifier. `hash` names its content: weights, config.json and tokenizer; `labels` its outputs."""

    def __init__(self, name: str, files: EncoderFiles, device: Device) -> None:
        self.name = name
        self.labels: list[str]
        self.problem: Problem
        if "auto_map" in torch_models.config(name, files):
            own = custom_heads.load(name, files, device)
            self._model, self.hash, self.labels = own, own.hash, own.labels
            self.problem = "number"
        else:
            loaded = torch_models.load("AutoModelForSequenceClassification", name, files, device)
            if loaded.missing:
                raise ModelError(
                    f"{name}: no sequence classifier: its weights lack {', '.join(loaded.missing[:5])}"
                )
            self._model, self.hash = loaded.model, loaded.hash
            names = loaded.model.config.id2label
            self.labels = [str(names[i]) for i in sorted(names)]
            self.problem = _problem(loaded.model.config.problem_type, len(self.labels))
        self._device = device
        self._tokens = torch_models.Tokens(
            name, files, self._model.config.get_text_config().vocab_size
        )
        self._positions = torch_models.positions(self._model)
        self._pad: int | None = self._model.config.pad_token_id

    def output(self, positive: str | int | None) -> int:
        """The number of an output by its label or number; absent: the only one. Raises ModelError."""
        single = len(self.labels) == 1
        if positive is None and single:
            return 0
        if positive is not None and str(positive) in self.labels:
            return self.labels.index(str(positive))
        if str(positive).isdigit() and int(str(positive)) < len(self.labels):
            return int(str(positive))
        if single:
            raise ModelError(f"{self.name}: gives one number; leave `positive` out")
        known = ", ".join(self.labels[:20])
        what = "has several labels" if positive is None else f"has no label {positive}"
        raise ModelError(f"{self.name}: {what}; name one of {known} in `positive`")

    def check(self, positive: str | int | None, window: int, log_odds: bool) -> None:
        """Raises ModelError where `scores` would, and for log odds of what is no probability."""
        self.output(positive)
        if self._positions is not None and window > self._positions:
            raise ModelError(
                f"{self.name}: reads {self._positions} tokens at most; give `window: {self._positions}`"
            )
        if log_odds and self.problem == "number":
            raise ModelError(f"{self.name}: gives a number, no probability; leave `log_odds` out")

    def scores(
        self, texts: pa.Array, positive: str | int | None = None, window: int = WINDOW
    ) -> np.ndarray:
        """float64[n] of the first `window` tokens of n texts, marks included: the probability of a label, or a number.

        NaN for a text without a token. Raises ModelError for an unknown label and too long a window.
        """
        self.check(positive, window, False)
        outputs = self._logits(texts, window)
        place = self.output(positive)
        if self.problem == "number":
            return outputs[:, place]
        if self.problem == "labels":
            return 1 / (1 + np.exp(-outputs[:, place]))
        shifted = np.exp(outputs - outputs.max(1, keepdims=True, initial=-np.inf))
        return shifted[:, place] / shifted.sum(1)

    def _logits(self, texts: pa.Array, window: int) -> np.ndarray:
        """float64[n, labels], NaN for a text without a token."""
        ids = list(self._tokens.ids(texts, window, marks=True))
        found = np.full((len(ids), len(self.labels)), np.nan)
        asked = [i for i, own in enumerate(ids) if own]
        # Without a token for padding, models that read from left to right cannot tell where a text ends.
        most = torch_models.BATCH_TOKENS if self._pad is not None else 0
        for batch in torch_models.batches([len(ids[i]) for i in asked], most):
            chosen = [asked[i] for i in batch]
            found[chosen] = self._run([ids[i] for i in chosen])
        return found

    def _run(self, sequences: list[list[int]]) -> np.ndarray:
        import torch

        ids, mask = torch_models.padded(sequences, self._pad or 0)
        given: dict[str, Any] = {
            "input_ids": torch.from_numpy(ids).to(self._device),
            "attention_mask": torch.from_numpy(mask).to(self._device),
        }
        with torch.inference_mode():
            return self._model(**given).logits.double().cpu().numpy()


def _problem(said: str | None, outputs: int) -> Problem:
    """transformers' own reading of `problem_type`; without a word, one output is a number."""
    if said == "regression" or (said is None and outputs == 1):
        return "number"
    return "labels" if said == "multi_label_classification" else "one_label"
