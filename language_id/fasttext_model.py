"""fastText models: any `.bin` or `.ftz` whose labels are `__label__xxx_Yyyy` (GlotLID, OpenLID, one's own).

The labels of a model are made canonical (`pes_Arab` → `fas_Arab`) so that two models' corpora have the same folders;
where two of its labels become one, their probabilities add up. The probabilities are the model's own.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import pyarrow as pa

from polysieve.language_id import hub
from polysieve.language_id.answers import answers, as_json
from polysieve.language_id.labels import LanguageIdError, normalise_label
from polysieve.language_id.scripts import dominant_script

TOP = 8  # candidates asked of the model
LEAST = 0.01  # and kept from this probability on, as FineWeb2 does
PREFIX = "__label__"
MAGIC = b"\xba\x16\x4f\x2f"  # fastText's magic number 793712314
BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
"""What becomes a blank: fastText reads one line, and ends it at the first control character of its own."""


class FastTextModel:
    """A fastText model, by path or by its name on the hub (`hub.parse`).

    `hash` is the SHA-256 of the file. Raises LanguageIdError where there is no such file, it is no fastText model or
    its labels have another form.
    """

    def __init__(self, name: str | Path) -> None:
        self.name = str(name)
        on_hub = hub.parse(self.name)
        self.path = Path(name) if on_hub is None else hub.download(on_hub, self.name)
        self._model, self.hash = _open(self.path, self.name)
        names = self._model.get_labels()
        self._labels = {label: _canonical(label.removeprefix(PREFIX), self.name) for label in names}
        self.labels = sorted(set(self._labels.values()))

    def identify(self, texts: pa.Array) -> pa.StructArray:
        """Label, score and candidates of each text of a large_string array."""
        labels: list[str] = []
        scores: list[float] = []
        listed: list[str] = []
        predict = self._model.f.predict
        for begin in range(0, len(texts), 1024):
            piece = texts[begin : begin + 1024]
            written = piece.cast(pa.large_binary()).to_pylist()
            for text, script in zip(written, dominant_script(piece), strict=True):
                line = BREAKS.sub(" ", (text or b"").decode("utf-8", "replace")).strip()
                found: dict[str, float] = {}
                if line:
                    for chance, name in predict(line + "\n", TOP, LEAST, "strict"):
                        label = self._labels[name]
                        if label == "cmn_Hani":
                            label = "cmn_Hant" if script == "Hant" else "cmn_Hans"
                        found[label] = min(1.0, found.get(label, 0.0) + chance)
                ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
                labels.append(ordered[0][0] if ordered else "und_Zzzz")
                scores.append(round(ordered[0][1], 4) if ordered else 0.0)
                listed.append(as_json(dict(ordered)))
        return answers(labels, scores, listed)


def model_labels(path: Path) -> list[str]:
    """The labels of a fastText model as they are written in it. Raises LanguageIdError."""
    return [label.removeprefix(PREFIX) for label in _open(path, str(path))[0].get_labels()]


def _open(path: Path, name: str) -> tuple[Any, str]:
    """A fastText model and the SHA-256 of its file."""
    import fasttext

    if not path.is_file():
        raise LanguageIdError(
            f'language model {name}: no such file; give "embedded", "cld2", the path of a fastText .bin or .ftz, '
            f"or a model of the Hugging Face hub ({', '.join(hub.MODELS)}, owner/name:file)"
        )
    with path.open("rb") as file:
        if file.read(4) != MAGIC:
            raise LanguageIdError(
                f"language model {name}: not a fastText model; give a .bin or .ftz file"
            )
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    try:
        return fasttext.load_model(str(path)), digest
    except (ValueError, MemoryError, RuntimeError) as error:
        raise LanguageIdError(f"language model {name}: cannot be loaded ({error})") from error


def _canonical(label: str, name: str) -> str:
    if not re.fullmatch(r"[a-z]{3}_[A-Z][A-Za-z_]+", label):
        raise LanguageIdError(
            f"language model {name}: its label {PREFIX}{label} has not the form {PREFIX}xxx_Yyyy "
            f"(such as {PREFIX}swh_Latn)"
        )
    return normalise_label(label, "glotlid")
