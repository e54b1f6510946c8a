"""CLD2 by itself, as a model to compare with or to let vote."""

import hashlib

import pyarrow as pa
import pycld2

from polysieve.language_id.answers import answers, as_json
from polysieve.language_id.classifiers import CLD2_LABELS
from polysieve.language_id.labels import NO_LANGUAGE, UNDETERMINED
from polysieve.language_id.scripts import dominant_script


class Cld2Model:
    """CLD2's languages of a whole text with their shares of it as scores: 1 where it finds one language only.

    A text of which it knows nothing is `und_Zzzz`. `hash` names CLD2's version.
    """

    name = "cld2"
    labels: tuple[str, ...] = tuple(
        sorted({*CLD2_LABELS.values(), "cmn_Hans", "cmn_Hant"} - {"cmn_Hani", NO_LANGUAGE})
    )

    def __init__(self) -> None:
        self.hash = hashlib.sha256(f"cld2 {pycld2.VERSION}".encode()).hexdigest()

    def identify(self, texts: pa.Array) -> pa.StructArray:
        """Label, score and candidates of each text of a large_string array."""
        labels: list[str] = []
        scores: list[float] = []
        listed: list[str] = []
        written = texts.cast(pa.large_binary()).to_pylist()
        for text, script in zip(written, dominant_script(texts), strict=True):
            found: dict[str, float] = {}
            for _, code, share, _ in _detect((text or b"").decode("utf-8", "replace")):
                label = CLD2_LABELS.get(code)
                if label == "cmn_Hani":
                    label = "cmn_Hant" if script == "Hant" else "cmn_Hans"
                if label and share:
                    found[label] = found.get(label, 0.0) + share / 100
            best = max(found, key=lambda label: found[label], default=UNDETERMINED)
            labels.append(best)
            scores.append(round(min(found.get(best, 0.0), 1.0), 4))
            listed.append(as_json(found))
        return answers(labels, scores, listed)


def _detect(text: str) -> tuple[tuple[str, str, int, float], ...]:
    """CLD2's name, code, share in per cent and score of up to three languages."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    try:
        return pycld2.detect(clean, isPlainText=True)[2]
    except pycld2.error:  # characters that are newer than its tables
        return pycld2.detect(clean.encode("ascii", "replace"), isPlainText=True)[2]
