"""Three sets of thresholds against people's judgements: English defaults, FineWeb2's files, fitted parameters.

    python -m benchmarks.fitting.people LABELLED_FOLDER FINEWEB2_CONFIGS

LABELLED_FOLDER is `labelled.tar.xz`, unpacked. A document is bad where people said so: HPLT: porn, unnatural, or not in
the language it was taken for; registers: machine-translated; lines: less than half of the characters in lines that are
to be kept. Decided by the rules of recipes/fineweb2.yaml; the language cut is left out, since FineWeb2's is made for
another model's scores. Fitted values never see a judgement, nor a document that they decide: each half of a language's
documents is decided by values fitted to the other half.

Printed for each set, over its languages with at least LEAST bad documents: the share of bad documents removed, of good
ones kept, and the mean of both (balanced accuracy). Exit code 1 unless fitted values beat the two others.
"""

import csv
import json
import lzma
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polysieve.filters import fitting, parameters, rules, signals, stop_words, words
from polysieve.filters.distributions import Distribution
from polysieve.filters.parameters import LanguageParameters
from polysieve.filters.stop_words import Frequent
from polysieve.language_id.labels import normalise_label
from polysieve.pipeline.recipe.loading import load
from polysieve.pipeline.steps.decide.reasons import rule_thresholds
from polysieve.pipeline.steps.fit.fit import fit_languages

LEAST = 3
RULES = load("fineweb2")
_CODES = {"jp": "jpn"}


@dataclass
class Judged:
    """The documents of one language in one set."""

    texts: list[str]
    bad: np.ndarray
    """bool[n]"""


def hplt(folder: Path) -> Iterator[tuple[str, str, bool]]:
    """(label, excerpt, bad)"""
    csv.field_size_limit(1 << 30)
    with (folder / "hplt2-human" / "hplt2_annotated.tsv").open(
        encoding="utf-8", newline=""
    ) as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            bad = row["porn"] == "1" or row["unnatural"] == "1" or row["lang_correct"] == "0"
            yield normalise_label(row["lang"]), row["text"], bad


def registers(folder: Path) -> Iterator[tuple[str, str, bool]]:
    """(label, text, whether machine-translated)"""
    for path in sorted((folder / "web-registers").glob("*/*.tsv.xz")):
        label = normalise_label(_CODES.get(path.parent.name, path.parent.name))
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                register, _, text = line.rstrip("\n").partition("\t")
                yield label, text.replace("\\n", "\n"), "MT" in register.split()


def lines(folder: Path) -> Iterator[tuple[str, str, bool]]:
    """(label, text, whether most of it is boilerplate)"""
    for path in sorted((folder / "line-quality").glob("*/*.json")):
        label = normalise_label(path.parent.name)
        for row in json.loads(path.read_text("utf-8")):
            sizes = [len(line) for line in row["text"]]
            kept = sum(n for n, keep in zip(sizes, row["labels"], strict=True) if keep == "1")
            yield label, "\n".join(row["text"]), kept < sum(sizes) / 2


def grouped(rows: Iterator[tuple[str, str, bool]]) -> dict[str, Judged]:
    """Label -> its documents."""
    found: dict[str, tuple[list[str], list[bool]]] = defaultdict(lambda: ([], []))
    for label, text, bad in rows:
        if text.strip():
            found[label][0].append(text)
            found[label][1].append(bad)
    return {label: Judged(t, np.array(b)) for label, (t, b) in sorted(found.items())}


def removed(
    texts: list[str], label: str, own: LanguageParameters, without: tuple[str, ...] = ()
) -> np.ndarray:
    """bool[n]: what the recipe's rules drop with a language's parameters."""
    cut = words.segment(texts, [label] * len(texts))
    stop_list = signals.StopWords.of(own.stopwords) if own.stopwords else None
    measured = signals.measure(texts, cut, [stop_list] * len(texts))
    drops = np.zeros(len(texts), bool)
    for name, limit in rule_thresholds(RULES, label, own).items():
        if limit is not None and name not in without:
            values = measured[rules.RULES[name].metric].to_numpy(zero_copy_only=False)
            drops |= rules.drops(rules.RULES[name], values, limit)
    return drops


def counted(texts: list[str], label: str) -> tuple[fitting.Distributions, Frequent]:
    """What a fit reads of a language's documents."""
    cut = words.segment(texts, [label] * len(texts))
    measured = signals.measure(texts, cut)
    metrics = {
        rule.metric: measured[rule.metric].to_numpy(zero_copy_only=False) for rule in fitting.FITTED
    }
    own = fitting.gather(metrics, np.ones(len(texts)), measured["plain_word_count"].to_numpy())
    return {**own, fitting.SCORE: Distribution.empty()}, Frequent.of(
        stop_words.count(cut), len(texts)
    )


def fit_halves(
    judged: dict[str, Judged], how: fitting.Settings
) -> list[dict[str, LanguageParameters]]:
    """For each half of the documents the parameters fitted to the other half."""
    found = []
    for half in (1, 0):
        parts = {label: counted(own.texts[half::2], label) for label, own in judged.items()}
        fitted = fit_languages(
            {label: part[0] for label, part in parts.items()},
            {label: part[1] for label, part in parts.items()},
            how,
        )
        found.append({label: values for label, (values, _) in fitted.items()})
    return found


def score(
    judged: dict[str, Judged],
    halves: list[dict[str, LanguageParameters]],
    without: tuple[str, ...] = (),
) -> dict[str, tuple[float, float]]:
    """Label -> (share of bad documents removed, of good ones kept), for languages with enough bad ones."""
    found = {}
    for label, own in judged.items():
        if own.bad.sum() < LEAST or own.bad.all():
            continue
        drops = np.zeros(len(own.texts), bool)
        for half, values in enumerate(halves):
            drops[half::2] = removed(own.texts[half::2], label, values[label], without)
        found[label] = (drops[own.bad].mean(), (~drops[~own.bad]).mean())
    return found


def main(labelled: str, configs: str) -> int:
    folder = Path(labelled)
    sets = {
        "HPLT": grouped(hplt(folder)),
        "registers": grouped(registers(folder)),
        "lines": grouped(lines(folder)),
    }
    english, own = parameters.defaults, lambda label: parameters.for_label(label, configs)
    sources = {
        "english": english,
        "fineweb2": own,
        **{f"fitted, {m}": m for m in fitting.METHODS[1:]},
    }
    balanced: dict[tuple[str, bool], list[float]] = defaultdict(list)
    for without in ((), ("fineweb_line_punct",)):
        print(f"rules of {RULES.name}{', without ' + ', '.join(without) if without else ''}")
        print(
            f"{'set':10} {'languages':>9} {'parameters':22} {'bad removed':>11} {'good kept':>9} {'balanced':>8}"
        )
        for name, judged in sets.items():
            for source, given in sources.items():
                if isinstance(given, str):
                    halves = fit_halves(judged, fitting.Settings(method=given))  # type: ignore[arg-type]
                else:
                    halves = [{label: given(label) for label in judged}] * 2
                scores = np.array(list(score(judged, halves, without).values()))
                balanced[source, bool(without)] += scores.mean(1).tolist()
                bad, good = scores.mean(0)
                print(
                    f"{name:10} {len(scores):9} {source:22} {bad:11.3f} {good:9.3f} {(bad + good) / 2:8.3f}"
                )
        for source in sources:
            values = balanced[source, bool(without)]
            print(f"{'all':10} {len(values):9} {source:22} {'':11} {'':9} {np.mean(values):8.3f}")
    best = np.mean(balanced["fitted, tail", False])
    return 0 if best > max(np.mean(balanced[s, False]) for s in ("english", "fineweb2")) else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
