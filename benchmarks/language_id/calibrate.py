"""Fits the weights of the embedded model and writes `language_id/assets/weights.json`.

    python -m benchmarks.language_id.calibrate

The model is a conditional logit (McFadden 1974): the probability of a candidate is the softmax of a
weighted sum of its features. The weights maximise the likelihood of the right answer over the
calibration halves of the sets, each set weighing the same however many texts it has, with a small
penalty on the weights' squares. The right answer is any candidate of the gold label's class
(`sets.collapsed`); "no language" for noise; "unknown" where no candidate is right.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.language_id import sets
from benchmarks.language_id.sets import all_sets, collapsed, half, noise
from language_id import evidence
from language_id.text import text_array

TARGET = Path(evidence.__file__).parent / "assets" / "weights.json"
SET_WEIGHTS = {
    "udhr": 2.0,
    "excerpts": 1.5,
    "gold": 1.0,
}  # the others 1; each kind of noise NOISE_WEIGHT
NOISE_WEIGHT = 0.2
PENALTY = 2e-6
CLASSES = np.array([collapsed(label) for label in evidence.LABELS] + ["?"])
PARTS = {
    "language": evidence.LANGUAGE_FEATURES,
    "no_language": evidence.NOISE_FEATURES,
    "unknown": evidence.UNKNOWN_FEATURES,
}


def evidence_of(texts: list[str], typical: np.ndarray) -> evidence.Evidence:
    """What the model knows of the texts."""
    return evidence.Evidence(
        text_array(texts), evidence.HEAD, evidence.WINDOWS, evidence.WINDOW_LENGTH, typical
    )


def typical(groups: list[sets.Pairs]) -> tuple[list[float], dict[str, float]]:
    """How high the lexicon scores a text of its own language: as a linear function of the list's
    shape, and of labels seen.

    The mean logarithm over texts of at least 90 characters, of labels with five texts or more.
    """
    nothing = np.full(len(evidence.LABELS), np.nan)
    seen: dict[str, list[float]] = defaultdict(list)
    for pairs in groups:
        kept = [(label, text) for label, text in pairs if len(text) >= 90]
        known = evidence_of([text for _, text in kept], nothing)
        for (label, _), candidates, features in zip(
            kept, known.candidates, known.language, strict=True
        ):
            for number, row in zip(candidates, features, strict=True):
                name = evidence.LABELS[number]
                scored = number >= 0 and row[14] == 0 and row[2] > -3.4
                if scored and name.replace("cmn_Hani", label) == label:
                    seen[name].append(float(row[2]))
    means = {label: round(float(np.mean(x)), 3) for label, x in sorted(seen.items()) if len(x) >= 5}
    shapes = evidence.LIST_SHAPES[[evidence.LABELS.index(label) for label in means]]
    fitted = np.linalg.lstsq(shapes, np.array(list(means.values())), rcond=None)[0]
    return [round(float(x), 4) for x in fitted], means


def right_answers(labels: list[str], known: evidence.Evidence) -> np.ndarray:
    """Which of the CANDIDATES + 2 answers are right for each text: bool."""
    gold = np.array([collapsed(label) for label in labels])
    right = np.zeros((len(labels), evidence.CANDIDATES + 2), dtype=bool)
    right[:, : evidence.CANDIDATES] = (CLASSES[known.candidates] == gold[:, None]) & (
        known.candidates >= 0
    )
    right[gold == "none"] = False
    right[gold == "none", evidence.CANDIDATES] = True
    right[~right.any(axis=1), evidence.CANDIDATES + 1] = True
    return right


class Likelihood:
    """Penalised negative log-likelihood of the weights, with its gradient."""

    def __init__(self, groups: list[tuple[float, list[str], evidence.Evidence]]) -> None:
        self.language = np.concatenate([e.language for _, _, e in groups])
        self.no_language = np.concatenate([e.no_language for _, _, e in groups])
        self.unknown = np.concatenate([e.unknown for _, _, e in groups])
        self.missing = np.concatenate([e.candidates < 0 for _, _, e in groups])
        self.right = np.concatenate([right_answers(labels, e) for _, labels, e in groups])
        share = np.concatenate([np.full(len(labels), w / len(labels)) for w, labels, _ in groups])
        self.share = share / share.sum()

    def __call__(self, weights: np.ndarray) -> tuple[float, np.ndarray]:
        by_kind = split(weights)
        utility = np.concatenate(
            [
                np.where(self.missing, -1e9, self.language @ by_kind["language"]),
                (self.no_language @ by_kind["no_language"])[:, None],
                (self.unknown @ by_kind["unknown"])[:, None],
            ],
            axis=1,
        )
        utility -= utility.max(axis=1, keepdims=True)
        chance = np.exp(utility)
        chance /= chance.sum(axis=1, keepdims=True)
        found = np.where(self.right, chance, 0)
        total = np.maximum(found.sum(axis=1, keepdims=True), 1e-12)
        loss = -(self.share * np.log(total[:, 0])).sum() + PENALTY * (weights**2).sum()
        slope = (chance - found / total) * self.share[:, None]
        k = evidence.CANDIDATES
        gradient = np.concatenate(
            [
                np.einsum("nc,ncf->f", slope[:, :k], self.language),
                slope[:, k] @ self.no_language,
                slope[:, k + 1] @ self.unknown,
            ]
        )
        return float(loss), gradient + 2 * PENALTY * weights


def split(weights: np.ndarray) -> dict[str, np.ndarray]:
    """The weights by kind of candidate."""
    bounds = np.cumsum([0, *PARTS.values()])
    return {name: weights[a:b] for name, a, b in zip(PARTS, bounds, bounds[1:], strict=False)}


def fit() -> dict[str, object]:
    """Everything that `weights.json` holds, from the calibration halves."""
    kept = {name: half(pairs, 0) for name, pairs in all_sets().items()}
    by_shape, by_label = typical(list(kept.values()))
    usual = evidence.typical_scores(by_shape, by_label)
    groups = []
    for name, pairs in kept.items():
        known = evidence_of([text for _, text in pairs], usual)
        groups.append((SET_WEIGHTS.get(name, 1.0), [label for label, _ in pairs], known))
    for texts in noise(0).values():
        groups.append((NOISE_WEIGHT, ["zxx_Zxxx"] * len(texts), evidence_of(texts, usual)))
    start = np.zeros(sum(PARTS.values()))
    done = minimize(
        Likelihood(groups), start, jac=True, method="L-BFGS-B", options={"maxiter": 1500}
    )
    rounded = {name: [round(float(x), 4) for x in part] for name, part in split(done.x).items()}
    return rounded | {"typical by shape": by_shape, "typical by label": by_label}


if __name__ == "__main__":
    made = {
        "made by": "benchmarks/language_id/calibrate.py from the calibration halves of Tatoeba, "
        "Lingua, UDHR, NTREX-128, HPLT excerpts, web documents of known language, and made noise"
    }
    stored = made | fit()
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in stored.items()]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
