"""Models of transformers (the extra `torch`): loading one, its tokens, and batches of texts of like length.

Code that comes with a model is never run: only classes of the library transformers are loaded, and a model whose
checkpoint lacks tensors of its class is refused, since transformers would make them up.
"""

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa

from polysieve.filters.needs import needed
from polysieve.filters.quality.encoder_files import EncoderFiles
from polysieve.filters.quality.fasttext_file import ModelError

Device = Literal["cpu", "cuda"]
LETTERS = 12  # no tokenizer's token is longer on average: what lies beyond is cut off before it is tokenised
TOKENISED = 64  # texts at a time
BATCH_TOKENS = 4096  # padding and all


class Loaded(NamedTuple):
    """A model on its device, in float32, for inference."""

    model: Any
    hash: str
    missing: list[str]
    """Tensors that the class has and the checkpoint lacks; their values are made up."""
    left: list[str]
    """Tensors that the checkpoint has and the class lacks."""


def libraries(device: Device) -> tuple[Any, Any]:
    """torch and transformers, ready for a model on a device. Raises ModelError, with the command that installs them."""
    torch, transformers = (needed(one, "torch", ModelError) for one in ("torch", "transformers"))
    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError("device cuda: torch finds no GPU")
    torch.set_num_threads(1)  # one task, one core: the engine runs as many tasks as there are cores
    return torch, transformers


def load(kind: str, name: str, files: EncoderFiles, device: Device) -> Loaded:
    """A model by one of transformers' automatic classes (`AutoModelForCausalLM`).

    Raises ModelError, with the command that installs what is missing.
    """
    torch, transformers = libraries(device)
    hash = files.weights_hash(name)
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    try:
        model, about = getattr(transformers, kind).from_pretrained(
            files.folder, local_files_only=True, trust_remote_code=False, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        if "mismatch" in str(error):
            raise ModelError(
                f"{name}: its weights have other shapes than config.json says"
            ) from None
        cause = " ".join(str(error).split())[:200]
        raise ModelError(f"{name}: transformers cannot load it ({cause})") from None
    found: Any = model.to(device=device, dtype=torch.float32).eval()
    missing, left = (sorted(about[key]) for key in ("missing_keys", "unexpected_keys"))
    return Loaded(found, hash, missing, left)


class Tokens:
    """The tokenizer of a model of `vocabulary` tokens. Raises ModelError."""

    def __init__(self, name: str, files: EncoderFiles, vocabulary: int) -> None:
        tokenizers = needed("tokenizers", "torch", ModelError)
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # one task, one core
        try:
            self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(files.tokenizer))
        except Exception as error:  # the library raises nothing narrower
            cause = " ".join(str(error).split())[:200]
            raise ModelError(f"{files.tokenizer}: is no tokenizer ({cause})") from None
        if self._tokenizer.get_vocab_size(with_added_tokens=False) > vocabulary:
            raise ModelError(
                f"{name}: tokenizer.json has more tokens than the model knows ({vocabulary}); give its own"
            )
        self._tokenizer.no_padding()
        self._vocabulary = vocabulary

    def pair_marks(self) -> tuple[list[int], list[int], list[int]]:
        """The marks before, between and after two texts in one sequence."""
        single, pair = self._tokenizer.encode("").ids, self._tokenizer.encode("", "").ids
        return single[:1], pair[1 : len(pair) - 1], pair[-1:]

    def ids(self, texts: pa.Array, most: int | None, marks: bool) -> Iterator[list[int]]:
        """Of each text the ids of its first `most` tokens (None: of all), marks of beginning and end among them or not.

        Marks that were added to the tokenizer and not to the model are left out; a page may name one.
        """
        if most is None:
            self._tokenizer.no_truncation()
        else:
            self._tokenizer.enable_truncation(most)
        for start in range(0, len(texts), TOKENISED):
            own = texts.slice(start, TOKENISED).to_pylist()
            cut = own if most is None else [text[: most * LETTERS] for text in own]
            for one in self._tokenizer.encode_batch_fast(cut, add_special_tokens=marks):
                yield [token for token in one.ids if token < self._vocabulary]


def config(name: str, files: EncoderFiles) -> dict[str, Any]:
    """What config.json says. Raises ModelError."""
    try:
        found = json.loads((files.folder / "config.json").read_bytes())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ModelError(f"{name}: config.json is no JSON object; download it again")
    return found


def tensors(name: str, files: EncoderFiles, names: Sequence[str]) -> dict[str, Any]:
    """Tensors of a checkpoint by name. torch reads tensors and nothing else. Raises ModelError."""
    import torch
    from safetensors import safe_open

    found: dict[str, Any] = {}
    for file in files.weights(name):
        if file.suffix == ".safetensors":
            with safe_open(file, "pt") as opened:
                found |= {key: opened.get_tensor(key) for key in {*names} & {*opened.keys()}}
        else:
            stored = torch.load(file, map_location="cpu", weights_only=True)
            found |= {key: stored[key] for key in {*names} & {*stored}}
    return found


def positions(model: Any) -> int | None:
    """The tokens that a model reads at most; None where nothing limits them.

    Models like RoBERTa begin to count after the place of padding, so some of their positions are never used.
    """
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if not isinstance(limit, int) or limit < 1:
        return None
    for part, module in model.named_modules():
        if part.endswith("embeddings.position_embeddings"):
            padding = getattr(module, "padding_idx", None)
            return limit if padding is None else limit - padding - 1
    return limit


def batches(lengths: Sequence[int], most: int = BATCH_TOKENS) -> Iterator[np.ndarray]:
    """int64[k]: which sequences make a batch, the longest first; with padding a batch has `most` tokens at most, or
    is one sequence."""
    order = np.argsort(-np.asarray(lengths, np.int64), kind="stable")
    start = 0
    while start < len(order):
        count = max(1, most // max(1, int(lengths[order[start]])))
        yield order[start : start + count]
        start += count


def padded(sequences: Sequence[Sequence[int]], fill: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """int64[n, longest] of token ids, with `fill` on the right, and as many that are 1 where there is a token."""
    longest = max(map(len, sequences))
    ids = np.full((len(sequences), longest), fill, np.int64)
    mask = np.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    return ids, mask
