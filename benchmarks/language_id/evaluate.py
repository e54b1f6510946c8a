"""Macro-F1, noise, unknown languages, calibration and speed of the embedded model beside its parts
and a fastText model.

    python -m benchmarks.language_id.evaluate [--model PATH_OF_FASTTEXT_MODEL] [--quick]

Only the testing halves of the sets are used. "all" is macro-F1 over every class of the set, a class
that a model does not have counting zero; "known" over those that it has. Classes are
`class_of`. `identify`'s best label counts, without any cut. Rates are of one thread, in
process time.
"""

import argparse
import csv
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pycld2

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.language_id import sets
from benchmarks.language_id.sets import Pairs, all_sets, half, noise
from language_id import evidence, identify, lexicon, load_model
from language_id.evaluation import class_of
from language_id.labels import normalise_label

Answers = list[tuple[str, float]]
Identifier = Callable[[list[str]], Answers]


def with_model(name: str) -> Identifier:
    """Labels and scores as `identify` gives them."""

    def run(texts: list[str]) -> Answers:
        found = identify(texts, name)
        return list(
            zip(found.field("label").to_pylist(), found.field("score").to_pylist(), strict=True)
        )

    return run


def cld2_alone(texts: list[str]) -> Answers:
    """CLD2's first label for the whole text, `und` where it gives none;

    the score is 1 where it calls itself reliable.
    """
    answers = []
    for text in texts:
        clean = "".join(c if c.isprintable() else " " for c in text)
        try:
            sure, _, details = pycld2.detect(clean, isPlainText=True)
            label = normalise_label(details[0][1], "cld2")
        except pycld2.error:
            sure, label = False, "und_Zzzz"
        answers.append((label, float(sure)))
    return answers


def lexicon_alone(texts: list[str]) -> Answers:
    """FunLangID's own answer: the best label of its own score over the whole text."""
    answers = []
    for begin in range(0, len(texts), 512):
        scores = lexicon.raw_scores(texts[begin : begin + 512])
        best = scores.argmax(axis=1)
        top = scores[np.arange(len(best)), best]
        for number, score in zip(best.tolist(), top.tolist(), strict=True):
            label = evidence.LABELS[evidence.TAG_LABEL[number]]
            answers.append((label if score > 0 else "und_Zzzz", score))
    return answers


def classes_of(labels: list[str]) -> set[str]:
    """The classes that labels fall into."""
    return {class_of(label) for label in labels} - {"none"}


def scores_by_class(pairs: Pairs, answers: Answers) -> dict[str, float]:
    """F1 of every class of the set."""
    gold = [class_of(label) for label, _ in pairs]
    given = [class_of(label) for label, _ in answers]
    wanted, returned = Counter(gold), Counter(given)
    right = Counter(a for a, b in zip(gold, given, strict=True) if a == b)
    return {c: 2 * right[c] / (wanted[c] + returned[c]) for c in sorted(wanted)}


def mean(values: Sequence[float]) -> float:
    """The mean, 0 of nothing."""
    return sum(values) / len(values) if values else 0.0


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


def rate(run: Identifier, texts: list[str]) -> float:
    """Megabytes per second of one thread; the best of three."""
    size = sum(len(text.encode()) for text in texts)
    run(texts[:50])
    times = []
    for _ in range(3):
        begin = time.process_time()
        run(texts)
        times.append(time.process_time() - begin)
    return size / min(times) / 1e6


def main() -> None:
    """Prints the tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--model", type=Path, help="a fastText model to compare with")
    options.add_argument("--quick", action="store_true", help="the embedded model only, no rates")
    chosen = options.parse_args()
    models: dict[str, Identifier] = {"embedded": with_model("embedded")}
    supported = {"embedded": classes_of(evidence.LABELS)}
    if not chosen.quick:
        models |= {"CLD2": cld2_alone, "lexicon": lexicon_alone}
        supported["CLD2"] = classes_of(list(evidence.CLD2_LABELS.values()))
        supported["lexicon"] = classes_of([evidence.LABELS[i] for i in evidence.TAG_LABEL])
        if chosen.model:
            models[chosen.model.name] = with_model(str(chosen.model))
            supported[chosen.model.name] = classes_of(load_model(chosen.model).labels)  # type: ignore[attr-defined]
    tests = {name: half(pairs, 1) for name, pairs in all_sets().items()}
    answers = {
        (model, name): run([text for _, text in pairs])
        for model, run in models.items()
        for name, pairs in tests.items()
    }
    print("| set | texts | classes | " + " | ".join(f"{m} all / known" for m in models) + " |")
    print("|---|---|---|" + "---|" * len(models))
    for name, pairs in tests.items():
        row = []
        for model in models:
            scores = scores_by_class(pairs, answers[model, name])
            known = [v for c, v in scores.items() if c in supported[model]]
            row.append(f"{mean(list(scores.values())):.3f} / {mean(known):.3f} ({len(known)})")
        print(f"| {name} | {len(pairs)} | {len(scores)} | " + " | ".join(row) + " |")
    head = well_resourced(classes_of([label for label, _ in tests["ntrex-documents"]]))
    row = []
    for model in models:
        scores = scores_by_class(tests["ntrex-documents"], answers[model, "ntrex-documents"])
        row.append(f"{mean([scores[c] for c in head]):.3f}")
    print(f"| ntrex-documents, {len(head)} classes with most text | | | " + " | ".join(row) + " |")

    print("\n| noise: share that gets no language | " + " | ".join(models) + " |")
    print("|---|" + "---|" * len(models))
    kinds = noise(1)
    found = {
        model: {kind: mean([label[:3] in ("und", "zxx") for label, _ in run(texts)])
                for kind, texts in kinds.items()}
        for model, run in models.items()
    }  # fmt: skip
    for kind in kinds:
        print(f"| {kind} | " + " | ".join(f"{found[m][kind]:.2f}" for m in models) + " |")
    print("| mean | " + " | ".join(f"{mean(list(found[m].values())):.3f}" for m in models) + " |")

    print(
        "\n| embedded: languages it does not have, share accepted | texts | ≥ 0.3 | ≥ 0.5 | ≥ 0.7 |"
    )
    print("|---|---|---|---|---|")
    for name, pairs in tests.items():
        strange = [
            score if answer[:3] not in ("und", "zxx") else 0.0
            for (label, _), (answer, score) in zip(pairs, answers["embedded", name], strict=True)
            if class_of(label) not in supported["embedded"]
        ]
        if strange:
            shares = " | ".join(
                f"{mean([s >= cut for s in strange]):.2f}" for cut in (0.3, 0.5, 0.7)
            )
            print(f"| {name} | {len(strange)} | {shares} |")

    print("\n| embedded: share right by score | 0–0.3 | 0.3–0.5 | 0.5–0.7 | 0.7–0.9 | 0.9–1 |")
    print("|---|---|---|---|---|---|")
    for name, pairs in tests.items():
        row = []
        for low, high in ((0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.1)):
            right = [
                class_of(label) == class_of(answer)
                for (label, _), (answer, score) in zip(
                    pairs, answers["embedded", name], strict=True
                )
                if low <= score < high and answer[:3] not in ("und", "zxx")
            ]
            row.append(f"{mean(right):.2f} ({len(right)})")
        print(f"| {name} | " + " | ".join(row) + " |")

    if not chosen.quick:
        texts = documents_of_three_kilobytes(tests["ntrex-documents"])
        size = mean([float(len(t.encode())) for t in texts])
        print(
            f"\n| rate, {len(texts)} documents of {size:.0f} bytes on average | MB/s |\n|---|---|"
        )
        for model, run in models.items():
            print(f"| {model} | {rate(run, texts):.1f} |")


if __name__ == "__main__":
    main()
