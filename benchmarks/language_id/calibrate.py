"""Fits the weights of the embedded model and writes `language_id/assets/weights.json`.

    python -m benchmarks.language_id.calibrate

The model is a conditional logit (McFadden 1974): the probability of a candidate is the softmax of a
weighted sum of its features. The weights maximise the likelihood of the right answer over the
calibration halves of the sets, each set weighing the same however many texts it has, with a small
penalty on the squares of the weights (of features scaled to unit deviation). The right answer is any candidate of the
gold label's class (`class_of`); "no language" for noise; "unknown" where no candidate is right.

Few languages in the sets are unknown to the model. So that it learns what these look like, texts of languages that only
the lexicon has are shown again with their language's list left out. Texts are shown longer, and repeated, too: what
a feature is worth in a long text cannot be learned from short ones.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.language_id import sets
from benchmarks.language_id.sets import all_sets, half, noise
from polysieve.language_id import classifiers, evidence, features
from polysieve.language_id.evaluation import NONE, class_of
from polysieve.language_id.text import text_array

TARGET = Path(evidence.__file__).parent / "assets" / "weights.json"
SET_WEIGHTS = {
    "udhr": 3.0,
    "excerpts": 2.0,
    "ntrex": 0.7,
    "long sentences": 0.3,
    "long excerpts": 0.5,
    "repeated": 0.5,
}  # the others 1
NOISE_WEIGHT = 0.2  # of each kind of noise
HIDDEN_WEIGHT = 0.2  # of each of HIDDEN
HIDDEN = (
    "tatoeba",
    "udhr",
    "ntrex",
    "ntrex-documents",
    "excerpts",
    "long sentences",
    "long excerpts",
)
PENALTY = 1e-5
LONG = 2500  # characters
UNKNOWN = "mis_Zzzz"  # no candidate is of this class
CLASSES = np.array([class_of(label) for label in classifiers.LABELS] + ["?"])
TAG_CLASSES = CLASSES[classifiers.TAG_LABEL]
IN_CLD2 = {class_of(label) for label in classifiers.CLD2_LABELS.values()}
PARTS = {
    "language": features.LANGUAGE_FEATURES,
    "no_language": features.NOISE_FEATURES,
    "unknown": features.UNKNOWN_FEATURES,
}


def evidence_of(
    texts: list[str], usual: classifiers.Usual, tag_label: np.ndarray = classifiers.TAG_LABEL
) -> evidence.Evidence:
    """What the model knows of the texts."""
    return evidence.Evidence(
        text_array(texts), evidence.HEAD, evidence.WINDOWS, evidence.WINDOW_LENGTH, usual, tag_label
    )


def usual_scores(
    groups: list[sets.Pairs],
) -> tuple[list[float], dict[str, float], dict[str, float]]:
    """How high the classifiers score a text of their own language.

    The lexicon as a linear function of the list's shape, and of labels seen; CLD2 of labels seen. The mean logarithm
    over texts of at least 90 characters, of labels with five texts or more.
    """
    nothing = classifiers.Usual(
        np.full(len(classifiers.LABELS), np.nan), np.zeros(len(classifiers.LABELS))
    )
    seen: dict[str, list[float]] = defaultdict(list)
    strengths: dict[str, list[float]] = defaultdict(list)
    for pairs in groups:
        kept = [(label, text) for label, text in pairs if len(text) >= 90]
        known = evidence_of([text for _, text in kept], nothing)
        for (label, _), first, strength in zip(kept, known.cld, known.strengths, strict=True):
            name = classifiers.LABELS[first[0]]
            if first[0] >= 0 and name.replace("cmn_Hani", label) == label:
                strengths[name].append(float(strength[0]))
        for (label, _), candidates, rows in zip(
            kept, known.candidates, known.language, strict=True
        ):
            for number, row in zip(candidates, rows, strict=True):
                name = classifiers.LABELS[number]
                scored = number >= 0 and row[14] == 0 and row[2] > -3.4
                if scored and name.replace("cmn_Hani", label) == label:
                    seen[name].append(float(row[2]))
    means, by_cld2 = (
        {label: round(float(np.mean(x)), 3) for label, x in sorted(found.items()) if len(x) >= 5}
        for found in (seen, strengths)
    )
    shapes = classifiers.LIST_SHAPES[[classifiers.LABELS.index(label) for label in means]]
    fitted = np.linalg.lstsq(shapes, np.array(list(means.values())), rcond=None)[0]
    return [round(float(x), 4) for x in fitted], means, by_cld2


def lengthened(kept: dict[str, sets.Pairs]) -> dict[str, sets.Pairs]:
    """Texts of one label joined to LONG characters, and texts repeated to as much."""
    repeated = kept["udhr"][::2] + kept["ntrex"][::8] + kept["tatoeba"][::8]
    return {
        "long sentences": joined_by_label(kept["ntrex"]),
        "long excerpts": joined_by_label(kept["excerpts"]),
        "repeated": [
            (label, f"{text} " * (600 // max(len(text), 20) + 2)) for label, text in repeated
        ],
    }


def joined_by_label(pairs: sets.Pairs) -> sets.Pairs:
    """Texts of one label joined to LONG characters."""
    by_label: dict[str, list[str]] = defaultdict(list)
    for label, text in pairs:
        by_label[label].append(text)
    return [
        (label, text) for label, texts in by_label.items() for text in sets.joined(texts, LONG, " ")
    ]


def hidden(pairs: sets.Pairs, usual: classifiers.Usual) -> list[evidence.Evidence]:
    """Texts of languages that only the lexicon has, without it: each language by itself."""
    by_class: dict[str, list[str]] = defaultdict(list)
    for label, text in pairs:
        if class_of(label) in set(TAG_CLASSES) - IN_CLD2 - {NONE}:
            by_class[class_of(label)].append(text)
    return [
        evidence_of(
            texts, usual, np.where(c == TAG_CLASSES, -1, classifiers.TAG_LABEL).astype(np.int32)
        )
        for c, texts in by_class.items()
    ]


def right_answers(labels: list[str], known: evidence.Evidence) -> np.ndarray:
    """Which of the CANDIDATES + 2 answers are right for each text: bool."""
    gold = np.array([class_of(label) for label in labels])
    right = np.zeros((len(labels), evidence.CANDIDATES + 2), dtype=bool)
    right[:, : evidence.CANDIDATES] = (CLASSES[known.candidates] == gold[:, None]) & (
        known.candidates >= 0
    )
    right[gold == NONE] = False
    right[gold == NONE, evidence.CANDIDATES] = True
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
        candidates = self.language[~self.missing]
        self.deviations = np.concatenate(
            [part.std(axis=0) for part in (candidates, self.no_language, self.unknown)]
        )
        self.deviations[self.deviations < 1e-3] = 1.0

    def __call__(self, scaled: np.ndarray) -> tuple[float, np.ndarray]:
        by_kind = split(scaled / self.deviations)
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
        loss = -(self.share * np.log(total[:, 0])).sum() + PENALTY * (scaled**2).sum()
        slope = (chance - found / total) * self.share[:, None]
        k = evidence.CANDIDATES
        gradient = np.concatenate(
            [
                np.einsum("nc,ncf->f", slope[:, :k], self.language),
                slope[:, k] @ self.no_language,
                slope[:, k + 1] @ self.unknown,
            ]
        )
        return float(loss), gradient / self.deviations + 2 * PENALTY * scaled


def split(weights: np.ndarray) -> dict[str, np.ndarray]:
    """The weights by kind of candidate."""
    bounds = np.cumsum([0, *PARTS.values()])
    return {name: weights[a:b] for name, a, b in zip(PARTS, bounds, bounds[1:], strict=False)}


def fit() -> dict[str, object]:
    """Everything that `weights.json` holds, from the calibration halves."""
    kept = {name: half(pairs, 0) for name, pairs in all_sets().items()}
    kept |= lengthened(kept)
    by_shape, by_label, by_cld2 = usual_scores(
        [pairs for name, pairs in kept.items() if name != "repeated"]
    )
    usual = classifiers.Usual.of(by_shape, by_label, by_cld2)
    groups = []
    for name, pairs in kept.items():
        known = evidence_of([text for _, text in pairs], usual)
        groups.append((SET_WEIGHTS.get(name, 1.0), [label for label, _ in pairs], known))
    for texts in noise(0).values():
        groups.append((NOISE_WEIGHT, ["zxx_Zxxx"] * len(texts), evidence_of(texts, usual)))
    for name in HIDDEN:
        parts = hidden(kept[name], usual)
        whole = sum(len(part.candidates) for part in parts)
        for part in parts:
            n = len(part.candidates)
            groups.append((HIDDEN_WEIGHT * n / whole, [UNKNOWN] * n, part))
    likelihood = Likelihood(groups)
    start = np.zeros(sum(PARTS.values()))
    done = minimize(likelihood, start, jac=True, method="L-BFGS-B", options={"maxiter": 1500})
    weights = split(done.x / likelihood.deviations)
    rounded = {name: [round(float(x), 4) for x in part] for name, part in weights.items()}
    return rounded | {
        "typical by shape": by_shape,
        "typical by label": by_label,
        "typical of CLD2": by_cld2,
    }


if __name__ == "__main__":
    made = {
        "made by": "benchmarks/language_id/calibrate.py from the calibration halves of Tatoeba, "
        "Lingua, UDHR, NTREX-128, HPLT excerpts, web documents of known language, and made noise"
    }
    stored = made | fit()
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in stored.items()]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
