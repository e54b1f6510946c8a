"""Heads that others published for torch, converted once into ours (heads.Head).

JQL (Ali et al. 2025): a Lightning checkpoint whose `state_dict` has `layer1` (768 → hidden units, rectified) and
`layer2` (→ 1), on the unit vectors of Snowflake's encoder; the score is educational value, 0 to 5. FineWeb2-HQ
(Messmer et al. 2025): the state of a module whose `classifier.0` and `classifier.3` are the same two layers, with a
logistic output, on the mean of XLM-RoBERTa's states as long as it is. Only tensors are read of a file
(`weights_only`): a pickle that would run code is refused.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from polysieve.filters.needs import needed
from polysieve.filters.quality import encoders
from polysieve.filters.quality.encoders import Device
from polysieve.filters.quality.fasttext_file import ModelError
from polysieve.filters.quality.heads import Head, Method
from polysieve.language_id import hub
from polysieve.language_id.labels import LanguageIdError

_JQL = "JQL-AI/JQL-Edu-Heads:checkpoints/edu-{}-snowflake-{}.ckpt"
NAMES = {
    f"jql-{model}" + ("-unbalanced" if given == "unbalanced" else ""): _JQL.format(model, given)
    for model in ("gemma", "llama", "mistral")
    for given in ("balanced", "unbalanced")
}
"""Name → repository and file on the hub. The language model is the one whose judgements the head learned."""


class Format(NamedTuple):
    """How a published head is stored, and what it reads."""

    first: str
    second: str
    method: Method
    encoder: str
    unit: bool


FORMATS = {
    "JQL": Format("layer1", "layer2", "regression", "snowflake-arctic-embed-m-v2.0", unit=True),
    "FineWeb2-HQ": Format("classifier.0", "classifier.3", "mlp", "xlm-roberta-base", unit=False),
}


def convert(
    name: str, encoder: str | None = None, window: int = encoders.WINDOW, device: Device = "cpu"
) -> Head:
    """A published head by one of NAMES, by `owner/name:file[@revision]` of the hub, or by file.

    encoder: None for the one of its publication.

    Raises ModelError: no such file, another format, an encoder that is missing or gives vectors of another length.
    """
    weights = _weights(_file(name), name)
    for known in FORMATS.values():
        keys = [
            f"{layer}.{kind}"
            for layer in (known.first, known.second)
            for kind in ("weight", "bias")
        ]
        if weights.keys() == set(keys):
            break
    else:
        formats = " or ".join(f"{k} ({f.first}, {f.second})" for k, f in FORMATS.items())
        found = ", ".join(sorted(weights)[:6]) or "no tensor"
        raise ModelError(f"{name}: no head in the format of {formats}; it has {found}")
    w1, b1, w2, b2 = (weights[key] for key in keys)
    if w1.ndim != 2 or w2.shape != (1, len(w1)) or b1.shape != (len(w1),) or b2.shape != (1,):
        raise ModelError(f"{name}: its layers do not lead from a vector to one number")
    model = encoders.load(encoder or known.encoder, device)
    dim = model.encode(["text"], window, known.unit).shape[1]
    if dim != w1.shape[1]:
        raise ModelError(
            f"{name}: reads vectors of {w1.shape[1]} numbers, and {model.name} gives {dim}; name its own encoder"
        )
    arrays = {"w1": np.ascontiguousarray(w1.T), "b1": b1, "w2": w2[0], "b2": b2[0]}
    return Head(known.method, model.name, model.hash, window, arrays, unit=known.unit)


def _file(name: str) -> Path:
    full = NAMES.get(name, name)
    model = hub.parse(full) if ":" in full else None
    if model is None:
        if Path(full).is_file():
            return Path(full)
        raise ModelError(
            f"{name}: no such file; give a file, owner/name:file of the hub, or one of {', '.join(NAMES)}"
        )
    try:
        return hub.download(model, name, "head")
    except LanguageIdError as error:
        raise ModelError(str(error)) from None


def _weights(path: Path, name: str) -> dict[str, np.ndarray]:
    """Name → float32 tensor, of a Lightning checkpoint or the state of a module."""
    torch = needed("torch", "torch", ModelError)
    try:
        stored: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what torch raises for a broken file is not documented
        cause = " ".join(str(error).split())[:200]
        raise ModelError(f"{name}: torch reads no tensors of it ({cause})") from None
    state = stored.get("state_dict", stored) if isinstance(stored, dict) else {}
    return {
        str(key): value.to(torch.float32).numpy()
        for key, value in state.items()
        if isinstance(value, torch.Tensor)
    }
