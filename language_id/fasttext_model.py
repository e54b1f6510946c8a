"""fastText models by path: any `.bin` or `.ftz` whose labels are `__label__xxx_Yyyy` (GlotLID,
OpenLID, one's own).

The labels of a model are made canonical (`pes_Arab` → `fas_Arab`) so that two models' corpora have
the same folders; where two of its labels become one, their probabilities add up. The probabilities
are the model's own.
"""

import hashlib
import re
from pathlib import Path

import pyarrow as pa

from language_id.labels import LanguageIdError, normalise_label
from language_id.scripts import dominant_script

TOP = 8  # candidates asked of the model
LEAST = 0.01  # and kept from this probability on, as FineWeb2 does
PREFIX = "__label__"
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


class FastTextModel:
    """A fastText model file. `hash` is the SHA-256 of the file."""

    def __init__(self, path: str | Path) -> None:
        import fasttext

        self.path = Path(path)
        self.name = str(path)
        if not self.path.is_file():
            raise LanguageIdError(
                f'language model {path}: no such file; give "embedded" or the path of a fastText .bin or .ftz'
            )
        with self.path.open("rb") as file:
            if file.read(4) != b"\xba\x16\x4f\x2f":  # fastText's magic number 793712314
                raise LanguageIdError(
                    f"language model {path}: not a fastText model; give a .bin or .ftz file"
                )
            file.seek(0)
            self.hash = hashlib.file_digest(file, "sha256").hexdigest()
        try:
            self._model = fasttext.load_model(str(path))
        except (ValueError, MemoryError, RuntimeError) as error:
            raise LanguageIdError(f"language model {path}: cannot be loaded ({error})") from error
        names = self._model.get_labels()
        self._labels = {name: _canonical(name.removeprefix(PREFIX), path) for name in names}
        self.labels = sorted(set(self._labels.values()))

    def identify(self, texts: pa.Array) -> tuple[list[str], list[float], list[str]]:
        """Label, score and candidates (JSON object) of each text of a large_string array."""
        labels: list[str] = []
        scores: list[float] = []
        listed: list[str] = []
        predict = self._model.f.predict
        for begin in range(0, len(texts), 1024):
            piece = texts[begin : begin + 1024]
            written = piece.cast(pa.large_binary()).to_pylist()
            for text, script in zip(written, dominant_script(piece), strict=True):
                line = _BREAKS.sub(" ", (text or b"").decode("utf-8", "replace")).strip()
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
                listed.append("{" + ",".join(f'"{x}":{round(p, 4)}' for x, p in ordered) + "}")
        return labels, scores, listed


def _canonical(label: str, path: str | Path) -> str:
    if not re.fullmatch(r"[a-z]{3}_[A-Z][A-Za-z_]+", label):
        raise LanguageIdError(
            f"language model {path}: its label {PREFIX}{label} has not the form {PREFIX}xxx_Yyyy "
            f"(such as {PREFIX}swh_Latn)"
        )
    return normalise_label(label, "glotlid")
