"""How good a model's labels are on text whose language is known, and the score from which on they are to be trusted.

Labels are compared by class (`class_of`): members of a macrolanguage count as one, unless identifiers commonly tell
them apart. The F-beta cut is the score that maximises F-beta = (1 + b²) P R / (b² P + R) of one label's documents at or
above it; with b = 0.1 precision counts far more than recall, as in a corpus it does.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.language_id import Model
from polysieve.language_id.labels import MERGED, macrolanguages, script_of

NONE = "none"
"""The class of text in no language (`zxx`) and of an answer without one (`und`)."""

SEPARATE = frozenset([
    "azb", "bjn", "cdo", "cjy", "ckb", "diq", "gan", "hak", "hsn", "ind", "kiu", "koi", "ltg", "min", "mrj", "nan",
    "nno", "pnb", "sdh", "skr", "vro", "wuu", "yue",
])  # fmt: skip
"""Members of a macrolanguage that identifiers commonly tell apart."""

CUTS = (0.3, 0.5, 0.6, 0.7, 0.9)
"""Scores at which coverage is stated."""
BETA = 0.1


def class_of(label: str) -> str:
    """The class that a label counts as: `ara` of `arb_Arab`, `hbs` of `bos_Latn`, `yue` of `yue_Hani`; NONE for no
    language. The script is left aside.
    """
    code = label[:3]
    if code in ("zxx", "und"):
        return NONE
    if code in ("bos", "hrv", "srp", "cnr"):
        return "hbs"
    if code in SEPARATE or code == "cmn":
        return code
    return macrolanguages().get(code, MERGED.get(code, code))


@dataclass(frozen=True)
class ClassScore:
    """One class of the data: its documents, how many of them were found, how many answers named it."""

    documents: int
    right: int
    answers: int

    @property
    def precision(self) -> float:
        return self.right / self.answers if self.answers else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.documents

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.documents + self.answers)


@dataclass
class Evaluation:
    """What a model answered on labelled text, whole or without the answers under a cut."""

    known: frozenset[str]
    """The classes that the model can name."""
    labels: list[str] = field(default_factory=list)
    """The given label of each document."""
    answers: list[str] = field(default_factory=list)
    """The model's."""
    scores: list[float] = field(default_factory=list)
    seconds: float = 0.0
    """Process time of all answers."""
    bytes: int = 0

    def add(self, labels: Sequence[str], answers: Sequence[str], scores: Sequence[float]) -> None:
        """Count further documents."""
        self.labels += labels
        self.answers += answers
        self.scores += scores

    def classes(self, cut: float = 0.0) -> dict[str, ClassScore]:
        """The score of every class of the data but NONE; an answer with a score under `cut` counts as none."""
        wanted, given, right = Counter[str](), Counter[str](), Counter[str]()
        for gold, answer in self._pairs(cut):
            wanted[gold] += 1
            given[answer] += 1
            right[gold] += gold == answer
        return {c: ClassScore(wanted[c], right[c], given[c]) for c in sorted(wanted) if c != NONE}

    def macro_f1(self, cut: float = 0.0) -> tuple[float, float]:
        """Mean F1 over all classes of the data (one that the model lacks counts 0) and over those that it has."""
        scores = self.classes(cut)
        known = [score.f1 for c, score in scores.items() if c in self.known]
        return mean([score.f1 for score in scores.values()]), mean(known)

    def false_positive_rate(self, cut: float = 0.0) -> float:
        """The mean over the classes that the model has of: of the documents in other languages or none, the share that
        gets the class (Burchell et al. 2023)."""
        scores = {c: s for c, s in self.classes(cut).items() if c in self.known}
        n = len(self.labels)
        others = [(s.answers - s.right, n - s.documents) for s in scores.values()]
        return mean([wrong / rest for wrong, rest in others if rest])

    def noise(self, cut: float = 0.0) -> float | None:
        """Of the documents in no language the share that gets none; None where there are no such documents."""
        answers = [answer for gold, answer in self._pairs(cut) if gold == NONE]
        return mean([answer == NONE for answer in answers]) if answers else None

    def confusions(self, most: int | None = None) -> list[tuple[str, str, int, bool]]:
        """Class, wrong answer, documents, whether the model lacks the class; the most frequent first."""
        wrong = Counter((gold, answer) for gold, answer in self._pairs(0.0) if gold != answer)
        ranked = sorted(wrong.items(), key=lambda item: (-item[1], item[0]))
        return [
            (gold, answer, n, gold != NONE and gold not in self.known)
            for (gold, answer), n in ranked[:most]
        ]

    def coverage(self, cuts: Iterable[float] = CUTS) -> list[dict[str, float | None]]:
        """For each cut: of documents in the model's languages the share that is answered at that score or above, of
        those the share that is right, of documents in other languages the share that is answered (`accepted_unknown`),
        of those in none the share that is left without (`noise`).
        """
        gold = np.array([class_of(label) for label in self.labels])
        answer = np.array([class_of(label) for label in self.answers])
        scores = np.array(self.scores)
        within = np.isin(gold, sorted(self.known))
        outside = ~within & (gold != NONE)
        found: list[dict[str, float | None]] = []
        for cut in cuts:
            answered = (answer != NONE) & (scores >= cut)
            found.append({
                "cut": cut,
                "answered": _share(answered, within),
                "right_of_answered": _share(answer == gold, within & answered),
                "accepted_unknown": _share(answered, outside),
                "noise": _share(~answered, gold == NONE),
            })  # fmt: skip
        return found

    def cuts(self, beta: float = BETA, least: int = 20) -> dict[str, float]:
        """The cut of each label that the model gives to at least `least` documents and has right at least once.

        A label's documents are those of its class in its script, and any that are answered with it.
        """
        gold = [class_of(label) for label in self.labels]
        wanted = Counter((c, script_of(label)) for c, label in zip(gold, self.labels, strict=True))
        by_label: dict[str, list[tuple[float, bool]]] = defaultdict(list)
        for c, answer, score in zip(gold, self.answers, self.scores, strict=True):
            own = class_of(answer)
            if own != NONE:
                by_label[answer].append((score, c == own))
        found = {}
        for label, given in sorted(by_label.items()):
            right = sum(ok for _, ok in given)
            if len(given) >= least and right:
                documents = max(wanted[class_of(label), script_of(label)], right)
                scores, ok = (np.array(column) for column in zip(*given, strict=True))
                found[label] = f_beta_cut(scores, ok, documents, beta)
        return found

    def rate(self) -> tuple[float, float]:
        """Documents and megabytes (10⁶ bytes) per second of process time."""
        seconds = max(self.seconds, 1e-9)
        return len(self.labels) / seconds, self.bytes / 1e6 / seconds

    def as_dict(self) -> dict[str, Any]:
        """All figures, for JSON."""
        all_classes, known = self.macro_f1()
        documents, megabytes = self.rate()
        return {
            "documents": len(self.labels),
            "macro_f1_all": all_classes,
            "macro_f1_known": known,
            "accuracy": mean([a == b for a, b in self._pairs(0.0)]),
            "false_positive_rate": self.false_positive_rate(),
            "noise_rejected": self.noise(),
            "documents_per_second": documents,
            "megabytes_per_second": megabytes,
            "coverage": self.coverage(),
            "classes": {
                c: {"documents": s.documents, "precision": s.precision, "recall": s.recall, "f1": s.f1,
                    "known": c in self.known}
                for c, s in self.classes().items()
            },
            "confusions": [
                {"class": gold, "answer": answer, "documents": n, "out_of_model": lacking}
                for gold, answer, n, lacking in self.confusions()
            ],
        }  # fmt: skip

    def _pairs(self, cut: float) -> Iterable[tuple[str, str]]:
        for label, answer, score in zip(self.labels, self.answers, self.scores, strict=True):
            yield class_of(label), class_of(answer) if score >= cut else NONE


def evaluate(model: Model, batches: Iterable[tuple[pa.Array, Sequence[str]]]) -> Evaluation:
    """What the model makes of texts (large_string arrays) with their canonical labels, batch by batch.

    A batch's texts are not kept, its labels, answers and scores are.
    """
    found = Evaluation(frozenset(class_of(label) for label in model.labels) - {NONE})
    for texts, labels in batches:
        begin = time.process_time()
        answered = model.identify(texts)
        found.seconds += time.process_time() - begin
        found.bytes += pc.sum(pc.binary_length(texts)).as_py() or 0
        found.add(
            list(labels), answered.field("label").to_pylist(), answered.field("score").to_pylist()
        )
    return found


def f_beta_cut(scores: np.ndarray, right: np.ndarray, documents: int, beta: float = BETA) -> float:
    """The lowest score that maximises F-beta among a label's answers at or above it.

    scores: float64[n], at least one; right: bool[n]; documents: how many have the label in truth.
    """
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    hits = np.cumsum(right[order])
    given = np.arange(1, len(order) + 1)
    value = (1 + beta**2) * hits / (given + beta**2 * documents)
    value[:-1][ordered[1:] == ordered[:-1]] = -1.0  # a cut takes all answers of one score
    best = len(value) - 1 - int(np.argmax(value[::-1]))
    return float(ordered[best])


def mean(values: Sequence[float]) -> float:
    """The mean, 0 of nothing."""
    return float(sum(values) / len(values)) if values else 0.0


def as_cuts(evaluation: Evaluation, model: Model, beta: float = BETA) -> dict[str, Any]:
    """What a file of cuts holds: the model's name and hash, beta, and label → cut."""
    return {
        "model": model.name,
        "hash": model.hash,
        "beta": beta,
        "cuts": {label: round(cut, 4) for label, cut in evaluation.cuts(beta).items()},
    }


def read_cuts(data: Any) -> Mapping[str, float]:
    """Label → cut of what `as_cuts` made. Raises ValueError for anything else."""
    cuts = data.get("cuts") if isinstance(data, dict) else None
    if not isinstance(cuts, dict) or not all(
        isinstance(v, int | float) and 0 <= v <= 1 for v in cuts.values()
    ):
        raise ValueError(
            'expected {"cuts": {label: score}} as `polysieve lid evaluate --cuts` writes it'
        )
    return {str(label): float(cut) for label, cut in cuts.items()}


def _share(of: np.ndarray, among: np.ndarray) -> float | None:
    return float(of[among].mean()) if among.any() else None
