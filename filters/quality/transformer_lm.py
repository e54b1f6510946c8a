"""Perplexity by a causal language model of transformers (the extra `torch`): how expected a document's tokens are.

A tiny model trained on a little clean text judges translations so (Doshi et al. 2024): the first tokens are not scored,
for want of context, and a beginning of the document stands for all of it. Any causal model by folder or repository
serves, and those of filters.quality.transformer_training.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from polysieve.filters.quality import encoder_files, torch_models
from polysieve.filters.quality.encoder_files import EncoderFiles
from polysieve.filters.quality.fasttext_file import ModelError
from polysieve.filters.quality.torch_models import Device

SKIP, MOST = 10, 1024  # tokens, as in the paper
LOGITS = 2**26  # numbers in a batch: 256 MB


def load(name: str, device: Device = "cpu") -> "TransformerLM":
    """A model by folder or `owner/name[@revision]` of the hub, once per process and content of the folder.

    Raises ModelError, with the command that installs what is missing.
    """
    return _loaded(name, device, encoder_files.stamp(name))


@lru_cache(4)
def _loaded(name: str, device: Device, stamp: encoder_files.Stamp) -> "TransformerLM":
    return TransformerLM(name, encoder_files.of_weights(name), device)


class _Piece(NamedTuple):
    """A stretch of a document that the model reads at once."""

    document: int
    ids: Sequence[int]
    first: int
    """The first token of `ids` whose probability counts; those before it are its context."""


class TransformerLM:
    """A causal language model. `hash` names its content: weights, config.json and tokenizer."""

    def __init__(self, name: str, files: EncoderFiles, device: Device) -> None:
        loaded = torch_models.load("AutoModelForCausalLM", name, files, device)
        if loaded.missing:
            raise ModelError(
                f"{name}: no causal language model: its weights lack {', '.join(loaded.missing[:5])}"
            )
        self.name = name
        self.hash = loaded.hash
        self._model = loaded.model
        self._device = device
        about = loaded.model.config.get_text_config()
        self._tokens = torch_models.Tokens(name, files, about.vocab_size)
        self._positions = torch_models.positions(loaded.model)
        self._begin: list[int] = [] if about.bos_token_id is None else [about.bos_token_id]
        self._batch = min(torch_models.BATCH_TOKENS, LOGITS // about.vocab_size)
        if not self._is_causal():
            raise ModelError(
                f"{name}: no causal language model: it reads what comes after a token, too"
            )

    def scores(self, texts: pa.Array, skip: int = SKIP, most: int | None = MOST) -> np.ndarray:
        """float64[n]: the mean log10 probability of a token, NaN for a text of fewer than `skip` + 1 tokens.

        skip: tokens at the beginning that only serve as context (where the model has no token for the beginning of a
        text, one at least); most: tokens that are scored at most, None: all. Perplexity is 10 to the negative of it.
        A text is read after the model's token for the beginning. Of a text that is longer than what the model reads
        at once, each token has half of that as its context, or more.
        """
        sums, counts = np.zeros(len(texts)), np.zeros(len(texts), np.int64)
        pieces: list[_Piece] = []
        stop = None if most is None else skip + most
        for document, own in enumerate(self._tokens.ids(texts, stop, marks=False)):
            if len(own) > skip:
                pieces += self._pieces(document, [*self._begin, *own], skip + len(self._begin))
        for batch in torch_models.batches([len(piece.ids) for piece in pieces], self._batch):
            chosen = [pieces[i] for i in batch]
            for piece, chances in zip(chosen, self._log_chances(chosen), strict=True):
                sums[piece.document] += chances.sum()
                counts[piece.document] += len(chances)
        with np.errstate(invalid="ignore"):
            return np.where(counts > 0, sums / counts, np.nan) / np.log(10)

    def _is_causal(self) -> bool:
        """Whether what it says after one token is the same whatever comes next; models like BERT load all the same."""
        import torch

        given = torch.tensor([[0, 1], [0, 2]], device=self._device)
        with torch.inference_mode():
            first, second = self._model(input_ids=given, use_cache=False).logits[:, 0]
        return bool(torch.allclose(first, second, rtol=1e-3, atol=1e-3))

    def _pieces(self, document: int, ids: list[int], first: int) -> list[_Piece]:
        """The stretches in which a document is read; each token from `first` on is scored in one of them."""
        first = max(first, 1)
        limit = len(ids) if self._positions is None else self._positions
        found = []
        start, stop = 0, min(len(ids), limit)
        while True:
            if stop > first:
                found.append(_Piece(document, ids[start:stop], first - start))
                first = stop
            if stop == len(ids):
                return found
            start = stop - max(1, limit // 2)
            stop = min(len(ids), start + limit)

    def _log_chances(self, pieces: list[_Piece]) -> list[np.ndarray]:
        """Of each piece the natural logarithms of its tokens' probabilities, from the first that counts."""
        import torch

        ids, mask = torch_models.padded([piece.ids for piece in pieces])
        given: dict[str, Any] = {
            "input_ids": torch.from_numpy(ids).to(self._device),
            "attention_mask": torch.from_numpy(mask).to(self._device),
        }
        found = []
        with torch.inference_mode():
            logits = self._model(**given, use_cache=False).logits
            for row, piece in enumerate(pieces):
                before = logits[row, piece.first - 1 : len(piece.ids) - 1].float()
                told = given["input_ids"][row, piece.first : len(piece.ids), None]
                chances = before.gather(-1, told)[:, 0] - before.logsumexp(-1)
                found.append(chances.double().cpu().numpy())
        return found
