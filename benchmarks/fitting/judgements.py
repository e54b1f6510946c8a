"""What judgements add to fitted thresholds: `polysieve fit --from-judgements` against people's own sets.

    python -m benchmarks.fitting.judgements LABELLED_FOLDER

LABELLED_FOLDER is `labelled.tar.xz`, unpacked; sets and rules are those of benchmarks/fitting/people.py. Each half of a
language's documents is decided twice: by values fitted to the other half without a judgement (`tail`), and by what is
proposed from them and the judgements of at most N documents of that other half, chosen by a hash.

Printed for each N and set, over its languages with at least LEAST bad documents and LEAST good ones: balanced accuracy
before and after, over all of them and over those whose values changed.
"""

import hashlib
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.fitting import people
from polysieve.filters import fitting, judged, rules, signals, words
from polysieve.filters.judged import KEYS, SCORE, Judged, propose
from polysieve.filters.parameters import LanguageParameters
from polysieve.pipeline.steps.decide.reasons import rule_thresholds

LEAST = 10
SIZES = (50, 100, 200, 1_000_000)
_KEYS = [key for key in KEYS if key != SCORE]


def measured(texts: list[str], label: str, own: LanguageParameters) -> dict[str, np.ndarray]:
    """Metric -> float64[n], of all that the recipe's rules and the proposals need."""
    cut = words.segment(texts, [label] * len(texts))
    stop_list = signals.StopWords.of(own.stopwords) if own.stopwords else None
    table = signals.measure(texts, cut, [stop_list] * len(texts))
    names = {rules.RULES[name].metric for name in people.RULES.column_rules} | {*judged.METRICS}
    found = {m: table[m].cast("float64").to_numpy(zero_copy_only=False) for m in names - {SCORE}}
    return {**found, SCORE: np.ones(len(texts))}


def removed(
    metrics: dict[str, np.ndarray], label: str, own: LanguageParameters, only_fixed: bool
) -> np.ndarray:
    """bool[n]: what the recipe's rules drop; `only_fixed`: those whose thresholds judgements do not move."""
    drops = np.zeros(len(metrics[SCORE]), bool)
    for name, limit in rule_thresholds(people.RULES, label, own).items():
        rule = rules.RULES[name]
        if limit is not None and not (only_fixed and rule.parameter in _KEYS):
            drops |= rules.drops(rule, metrics[rule.metric], limit)
    return drops


def accuracy(drops: np.ndarray, bad: np.ndarray) -> float:
    return float((drops[bad].mean() + (~drops[~bad]).mean()) / 2)


def compare(
    label: str, own: people.Judged, halves: list[LanguageParameters], n: int
) -> tuple[float, float, bool]:
    """Balanced accuracy of a language's values before and after, and whether any changed."""
    drops = np.zeros((2, len(own.texts)), bool)
    changed = False
    for half, values in enumerate(halves):
        seen, rest = slice(1 - half, None, 2), slice(half, None, 2)
        texts = own.texts[seen]
        order = sorted(range(len(texts)), key=lambda i: hashlib.sha256(texts[i].encode()).digest())
        rows = np.array(order[:n])
        metrics = {m: v[rows] for m, v in measured(texts, label, values).items()}
        judgements = Judged(
            metrics,
            own.bad[seen][rows].astype(float),
            np.zeros(len(rows), np.int64),
            np.ones(len(rows)),
            removed(metrics, label, values, only_fixed=True),
        )
        found = propose(label, values, judgements, _KEYS)
        changed |= bool(found.changed)
        others = measured(own.texts[rest], label, values)
        for row, parameters in zip(drops, (values, found.parameters), strict=True):
            row[rest] = removed(others, label, parameters, only_fixed=False)
    return accuracy(drops[0], own.bad), accuracy(drops[1], own.bad), changed


def main(labelled: str) -> int:
    folder = Path(labelled)
    sets = {
        "HPLT": people.grouped(people.hplt(folder)),
        "registers": people.grouped(people.registers(folder)),
        "lines": people.grouped(people.lines(folder)),
    }
    print(
        f"{'judged':>9} {'set':10} {'languages':>9} {'before':>7} {'after':>7} "
        f"{'changed':>8} {'before':>7} {'after':>7}"
    )
    everything: dict[int, list[tuple[float, float, bool]]] = defaultdict(list)
    for name, own in sets.items():
        fits = people.fit_halves(own, fitting.Settings())
        labels = [k for k, v in own.items() if min(v.bad.sum(), (~v.bad).sum()) >= LEAST]
        for n in SIZES:
            rows = [compare(label, own[label], [fit[label] for fit in fits], n) for label in labels]
            everything[n] += rows
            _print(n, name, rows)
    for n, rows in everything.items():
        _print(n, "all", rows)
    worse = [n for n, rows in everything.items() if np.mean([b - a for a, b, _ in rows]) < 0]
    return 1 if worse else 0


def _print(n: int, name: str, rows: list[tuple[float, float, bool]]) -> None:
    changed = [row[:2] for row in rows if row[2]]
    before, after = np.mean([row[:2] for row in rows], axis=0) if rows else (np.nan, np.nan)
    ends = "{:7.3f} {:7.3f}".format(*np.mean(changed, axis=0)) if changed else ""
    size = "all" if n == SIZES[-1] else str(n)
    print(
        f"{size:>9} {name:10} {len(rows):9} {before:7.3f} {after:7.3f} {len(changed):8} {ends}",
        flush=True,
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
