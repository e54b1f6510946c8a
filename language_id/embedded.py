"""The embedded model: FunLangID's lexicon and CLD2, weighed into one label and one probability.

A conditional logit over candidates (`features.py`): the labels of the two classifiers, "no language
at all" and "a language that neither knows". Its weights come from labelled text
(`benchmarks/language_id/calibrate.py`) and lie in `assets/weights.json`. The score is the candidate's
probability, so that a cut at 0.5 or 0.9 means what it says.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pycld2

from polysieve.language_id.answers import answers, as_json
from polysieve.language_id.classifiers import KNOWN_SCRIPTS, LABELS, Usual
from polysieve.language_id.evidence import (
    CANDIDATES,
    CLD2_BYTES,
    HEAD,
    TOP,
    WINDOW_LENGTH,
    WINDOWS,
    Evidence,
)
from polysieve.language_id.features import CHARACTERS
from polysieve.language_id.labels import NO_LANGUAGE, UNDETERMINED
from polysieve.language_id.scripts import main_script, script_name

LEAST = 0.01  # candidates below this probability are not listed
UNKNOWN_BELOW = 0.1  # no language reaches this: the answer is und
BATCH = 1024  # texts at a time: bounds the memory for their samples

_ASSETS = Path(__file__).parent / "assets"


def probabilities(evidence: Evidence, weights: dict[str, np.ndarray]) -> np.ndarray:
    """Probability of each candidate, of no language and of an unknown language:

    float64[n, CANDIDATES + 2].
    """
    utility = np.empty((len(evidence.candidates), CANDIDATES + 2))
    utility[:, :CANDIDATES] = evidence.language @ weights["language"]
    utility[:, :CANDIDATES][evidence.candidates < 0] = -np.inf
    utility[:, CANDIDATES] = evidence.no_language @ weights["no_language"]
    utility[:, CANDIDATES + 1] = evidence.unknown @ weights["unknown"]
    utility -= utility.max(axis=1, keepdims=True)
    np.exp(utility, out=utility)
    return utility / utility.sum(axis=1, keepdims=True)


class EmbeddedModel:
    """The model that ships.

    `identify` may be called from several threads; nothing grows from call to call.
    """

    name = "embedded"
    labels: tuple[str, ...] = tuple(
        sorted({*LABELS, "cmn_Hans", "cmn_Hant"} - {"cmn_Hani", NO_LANGUAGE})
    )

    def __init__(
        self, head: int = HEAD, windows: int = WINDOWS, length: int = WINDOW_LENGTH
    ) -> None:
        self.head, self.windows, self.length = head, windows, length
        stored = json.loads((_ASSETS / "weights.json").read_text(encoding="utf-8"))
        self._weights = {
            name: np.array(stored[name]) for name in ("language", "no_language", "unknown")
        }
        self._usual = Usual.of(
            stored["typical by shape"], stored["typical by label"], stored["typical of CLD2"]
        )
        stamp = hashlib.sha256(
            f"{pycld2.VERSION} {head} {windows} {length} {CLD2_BYTES} {TOP}".encode()
        )
        for name in ("characters.npz", "languages.tsv", "lexicon.npz", "weights.json"):
            stamp.update((_ASSETS / name).read_bytes())
        self.hash = stamp.hexdigest()

    @classmethod
    def reading(cls, characters: int) -> "EmbeddedModel":
        """The model that reads this many characters from the beginning, and pieces in the usual proportion."""
        return cls(characters, WINDOWS, characters * WINDOW_LENGTH // HEAD)

    def identify(self, texts: pa.Array) -> pa.StructArray:
        """Label, score and candidates of each text of a large_string array."""
        labels: list[str] = []
        scores: list[float] = []
        listed: list[str] = []
        for begin in range(0, len(texts), BATCH):
            evidence = Evidence(
                texts[begin : begin + BATCH], self.head, self.windows, self.length, self._usual
            )
            chances = probabilities(evidence, self._weights)
            ranked = np.argsort(-chances, axis=1, kind="stable")[:, :CANDIDATES]
            ordered = np.take_along_axis(chances, ranked, axis=1)
            rows = zip(
                ranked.tolist(), ordered.tolist(), evidence.candidates.tolist(),
                evidence.classes[:, CHARACTERS].tolist(), range(len(chances)), strict=True,
            )  # fmt: skip
            for order, row, candidates, characters, i in rows:
                if characters == 0:
                    labels.append(UNDETERMINED)
                    scores.append(0.0)
                    listed.append("{}")
                    continue
                script = script_name(main_script(evidence.scripts[i], evidence.forms[i]))
                if candidates[0] < 0 and script not in KNOWN_SCRIPTS and script != "Zzzz":
                    labels.append(f"und_{script}")
                    scores.append(1.0)
                    listed.append(f'{{"und_{script}":1.0}}')
                    continue
                found: dict[str, float] = {}
                language_found = False
                for place, chance in zip(order, row, strict=True):
                    if chance < LEAST:
                        break
                    label = _name(place, candidates, script)
                    language_found |= place < CANDIDATES and chance >= UNKNOWN_BELOW
                    found[label] = found.get(label, 0.0) + chance
                label, score = _answer(found, language_found)
                labels.append(label)
                scores.append(round(score, 4))
                listed.append(as_json(found))
        return answers(labels, scores, listed)


def _name(place: int, candidates: list[int], script: str) -> str:
    """The label of a place among the probabilities, for a text whose main script is `script`."""
    if place == CANDIDATES:
        return NO_LANGUAGE
    if place > CANDIDATES:
        return f"und_{script}" if script != "Zzzz" else UNDETERMINED
    label = LABELS[candidates[place]]
    if label == "cmn_Hani":
        return "cmn_Hant" if script == "Hant" else "cmn_Hans"
    return label


def _answer(found: dict[str, float], language_found: bool) -> tuple[str, float]:
    """The best label.

    That no known language fits lowers the scores of all; it is the answer only if none is left
    standing.
    """
    for label, chance in found.items():
        if not language_found or not label.startswith("und_"):
            return label, chance
    return UNDETERMINED, 0.0
