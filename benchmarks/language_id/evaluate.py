"""Macro-F1, noise, unknown languages, calibration and speed of the embedded model beside its parts,
other models, and an ensemble.

    python -m benchmarks.language_id.evaluate [--model FASTTEXT_MODEL] [--lid176 lid.176.ftz] [--quick]

Only the testing halves of the sets are used. "all" is macro-F1 over every class of the set, a class
that a model does not have counting zero; "known" over those that it has (`language_id.evaluation`).
`identify`'s best label counts, without any cut. The ensemble is of the embedded model and `--model`: its weights are
those of WEIGHTS with the best mean over the sets on one half of the testing texts, and it is measured on the other.
Rates are of one thread, in process time.
"""

import argparse
import csv
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.language_id import sets
from benchmarks.language_id.sets import Pairs, all_sets, half, noise, order
from polysieve.language_id import Model, classifiers, load_ensemble, load_model
from polysieve.language_id.answers import answers
from polysieve.language_id.evaluation import NONE, Evaluation, class_of, evaluate, mean
from polysieve.language_id.fasttext_model import BREAKS, PREFIX
from polysieve.language_id.labels import LanguageIdError, normalise_label
from tests.language_id.funlangid import raw_scores

WEIGHTS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the fastText model's vote; the embedded model's is 1
TRAINED_ON = "udhr"  # the prototype's training texts hold this set
CUTS = (0.3, 0.5, 0.6, 0.7)
BINS = (0.0, 0.3, 0.5, 0.7, 0.9, 1.1)


class Other:
    """A model that `load_model` does not give: its labels, and a function from texts to labels."""

    hash = ""

    def __init__(self, name: str, labels: list[str], run: Callable[[list[str]], list[str]]) -> None:
        self.name, self.labels, self._run = name, labels, run

    def identify(self, texts: pa.Array) -> pa.StructArray:
        labels = self._run(texts.to_pylist())
        return answers(labels, [1.0] * len(labels), ["{}"] * len(labels))


def lexicon_alone(texts: list[str]) -> list[str]:
    """FunLangID's own answer: the best label of its own score over the whole text."""
    found = []
    for begin in range(0, len(texts), 512):
        scores = raw_scores(texts[begin : begin + 512])
        best = scores.argmax(axis=1)
        top = scores[np.arange(len(best)), best]
        for number, score in zip(best.tolist(), top.tolist(), strict=True):
            label = classifiers.LABELS[classifiers.TAG_LABEL[number]]
            found.append(label if score > 0 else "und_Zzzz")
    return found


def lid176(path: Path) -> Other:
    """lid.176 by path: its labels are Wikipedia's codes."""
    import fasttext

    model = fasttext.load_model(str(path))

    def label(name: str) -> str:
        try:
            return normalise_label(name.removeprefix(PREFIX), "lid.176")
        except LanguageIdError:
            return "und_Zzzz"

    known = {name: label(name) for name in model.get_labels()}

    def run(texts: list[str]) -> list[str]:
        found = []
        for text in texts:
            line = BREAKS.sub(" ", text).strip()
            best = model.f.predict(line + "\n", 1, 0.0, "strict") if line else []
            found.append(known[best[0][1]] if best else "und_Zzzz")
        return found

    return Other(path.name, sorted(set(known.values())), run)


def measured(model: Model, pairs: Pairs) -> Evaluation:
    """What a model makes of labelled texts."""
    texts = pa.array([text for _, text in pairs], pa.large_string())
    return evaluate(model, [(texts, [label for label, _ in pairs])])


def well_resourced(known: set[str], most: int = 83) -> set[str]:
    """The classes with most documents in FineWeb2 (and English) among `known`."""
    path = sets.unpacked("lists.tar.xz") / "lists/fineweb-2/fineweb2-language-distribution.csv"
    documents: Counter[str] = Counter({"eng": 10**12})
    with path.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["split"] == "train" and not row["subset"].endswith("_removed"):
                documents[class_of(row["subset"])] += int(row["documents"])
    return set([c for c, _ in documents.most_common() if c in known][:most])


def documents_of_three_kilobytes(pairs: Pairs) -> list[str]:
    """Texts of one language each, joined to about 3 KB."""
    found: list[str] = []
    parts: list[str] = []
    current = ""
    for label, text in pairs:
        if label != current:
            parts, current = [], label
        parts.append(text)
        if sum(len(p.encode()) for p in parts) > 3000:
            found.append(" ".join(parts))
            parts = []
    return found


def rate(model: Model, texts: list[str]) -> float:
    """Megabytes per second of one thread; the best of three."""
    size = sum(len(text.encode()) for text in texts)
    whole = pa.array(texts, pa.large_string())
    model.identify(whole[:50])
    times = []
    for _ in range(3):
        begin = time.process_time()
        model.identify(whole)
        times.append(time.process_time() - begin)
    return size / min(times) / 1e6


def macro(pairs: dict[str, Evaluation]) -> dict[str, float]:
    """Macro-F1 over all classes of each set, and its mean with and without TRAINED_ON."""
    scores = {name: found.macro_f1()[0] for name, found in pairs.items()}
    others = [score for name, score in scores.items() if name != TRAINED_ON]
    return scores | {
        "mean": mean(list(scores.values())),
        f"mean without {TRAINED_ON}": mean(others),
    }


def heading(*names: str) -> None:
    """The first two lines of a table."""
    print("\n| " + " | ".join(names) + " |\n|" + "---|" * len(names))


def print_scores(found: dict[str, dict[str, Evaluation]], head: set[str]) -> None:
    """Macro-F1 of each model on each set, and of the classes in `head` on documents."""
    first = next(iter(found.values()))
    heading("set", "texts", "classes", *(f"{name} all / known" for name in found))
    for name, one in first.items():
        row = []
        for model in found:
            over_all, known = found[model][name].macro_f1()
            number = len(found[model][name].known & set(one.classes()))
            row.append(f"{over_all:.3f} / {known:.3f} ({number})")
        print(f"| {name} | {len(one.labels)} | {len(one.classes())} | " + " | ".join(row) + " |")
    for name in ("mean", f"mean without {TRAINED_ON}"):
        row = [f"{macro(sets_)[name]:.3f}" for sets_ in found.values()]
        print(f"| {name} | | | " + " | ".join(row) + " |")
    row = []
    for sets_ in found.values():
        scores = sets_["ntrex-documents"].classes()
        row.append(f"{mean([scores[c].f1 for c in head]):.3f}")
    print(f"| ntrex-documents, {len(head)} classes with most text | | | " + " | ".join(row) + " |")


def print_noise(models: dict[str, Model]) -> None:
    """The share of each kind of noise that gets no language."""
    kinds = noise(1)
    found = {
        name: {
            kind: measured(model, [("zxx_Zxxx", text) for text in texts]).noise() or 0.0
            for kind, texts in kinds.items()
        }
        for name, model in models.items()
    }
    heading("noise: share that gets no language", *models)
    for kind in kinds:
        print(f"| {kind} | " + " | ".join(f"{found[m][kind]:.2f}" for m in models) + " |")
    print("| mean | " + " | ".join(f"{mean(list(found[m].values())):.3f}" for m in models) + " |")


def print_cuts(found: dict[str, Evaluation]) -> None:
    """What cuts do: texts in unknown languages accepted, right answers kept; how often a score is right."""
    heading(
        "embedded: of languages it does not have, accepted / of right answers, kept",
        "texts",
        *(f"≥ {cut}" for cut in CUTS),
    )
    for name, one in found.items():
        gold = np.array([class_of(label) for label in one.labels])
        answer = np.array([class_of(label) for label in one.answers])
        scores = np.array(one.scores)
        right = (gold == answer) & (gold != NONE)
        strange = int((~np.isin(gold, sorted(one.known))).sum())
        row = []
        for cut, covered in zip(CUTS, one.coverage(CUTS), strict=True):
            accepted = covered["accepted_unknown"]
            shown = "–" if accepted is None else f"{accepted:.2f}"
            row.append(f"{shown} / {(scores[right] >= cut).mean():.3f}")
        print(f"| {name} | {strange} | " + " | ".join(row) + " |")
    heading(
        "embedded: share right by score",
        *(f"{a}–{min(b, 1)}" for a, b in pairwise(BINS)),
    )
    for name, one in found.items():
        row = []
        for low, high in pairwise(BINS):
            right_ = [
                class_of(label) == class_of(given)
                for label, given, score in zip(one.labels, one.answers, one.scores, strict=True)
                if low <= score < high and class_of(given) != NONE
            ]
            row.append(f"{mean(right_):.2f} ({len(right_)})")
        print(f"| {name} | " + " | ".join(row) + " |")


def print_ensemble(tests: dict[str, Pairs], path: Path) -> None:
    """The embedded model and a fastText model together, on the half of the texts that did not choose the weights."""
    parts: list[dict[str, Pairs]] = [
        {
            name: [(x, t) for x, t in pairs if order(t) >> 1 & 1 == which]
            for name, pairs in tests.items()
        }
        for which in (0, 1)
    ]
    together = {weight: load_ensemble({"embedded": 1, str(path): weight}) for weight in WEIGHTS}
    means = {
        weight: macro({name: measured(model, pairs) for name, pairs in parts[0].items()})[
            f"mean without {TRAINED_ON}"
        ]
        for weight, model in together.items()
    }
    best = max(means, key=lambda weight: means[weight])
    print(f"\nensemble: {path.name} has {best} votes, the embedded model 1; mean without {TRAINED_ON} where "
          f"weights are chosen: {', '.join(f'{w}: {m:.4f}' for w, m in means.items())}")  # fmt: skip
    shown = {
        "embedded": load_model("embedded"),
        path.name: load_model(path),
        "ensemble": together[best],
    }
    scores = {
        name: macro({s: measured(model, pairs) for s, pairs in parts[1].items()})
        for name, model in shown.items()
    }
    heading("set, half of the testing texts", *shown)
    for name in scores["ensemble"]:
        print(f"| {name} | " + " | ".join(f"{scores[m][name]:.3f}" for m in shown) + " |")


def main() -> None:
    """Prints the tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--model", type=Path, help="a fastText model to compare with")
    options.add_argument("--lid176", type=Path, help="lid.176.ftz or .bin, to compare with")
    options.add_argument("--quick", action="store_true", help="the embedded model only, no rates")
    chosen = options.parse_args()
    models: dict[str, Model] = {"embedded": load_model("embedded")}
    if not chosen.quick:
        names = [classifiers.LABELS[i] for i in classifiers.TAG_LABEL]
        models |= {"CLD2": load_model("cld2"), "lexicon": Other("lexicon", names, lexicon_alone)}
        if chosen.lid176:
            models["lid.176"] = lid176(chosen.lid176)
        if chosen.model:
            models[chosen.model.name] = load_model(chosen.model)
    tests = {name: half(pairs, 1) for name, pairs in all_sets().items()}
    found = {
        name: {s: measured(model, pairs) for s, pairs in tests.items()}
        for name, model in models.items()
    }
    classes = {class_of(label) for label, _ in tests["ntrex-documents"]}
    print_scores(found, well_resourced(classes))
    print_noise(models)
    print_cuts(found["embedded"])
    if chosen.quick:
        return
    if chosen.model:
        print_ensemble(tests, chosen.model)
    texts = documents_of_three_kilobytes(tests["ntrex-documents"])
    size = mean([float(len(text.encode())) for text in texts])
    heading(f"rate, {len(texts)} documents of {size:.0f} bytes on average", "MB/s")
    for name, model in models.items():
        print(f"| {name} | {rate(model, texts):.1f} |")


if __name__ == "__main__":
    main()
