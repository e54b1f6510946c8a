"""Fit one half of a run's documents; look whether a fit of the other half falls into its intervals.

    python -m benchmarks.fitting.halves OUTPUT

OUTPUT is the folder of a finished run over the built crawl. Documents are halved by a hash of their ids. Printed:
languages with parameters of their own, the share of all fitted values of the second half that lie inside the first
half's intervals, by rule, and the values outside. Exit code 1 where fewer than 95 % lie inside.
"""

import hashlib
import sys
from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import pyarrow.compute as pc

from polysieve.filters import fitting
from polysieve.filters.parameters import LanguageParameters, thresholds
from polysieve.filters.stop_words import COUNTS, Frequent
from polysieve.pipeline.run.plan import RUN, recorded
from polysieve.pipeline.steps.fit import fit
from polysieve.pipeline.storage.store import Store

LEAST = 20


def gathered(output: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Label -> distributions of all documents, of the first and of the second half."""
    store = Store(output)
    plan = recorded(store, store.read_json(RUN))
    metrics = sorted({rule.metric for rule in fitting.FITTED})
    whole: tuple[dict[str, Any], dict[str, Any], dict[str, Any]] = ({}, {}, {})
    for unit in plan.units:
        for label in plan.context.labels(unit.labels):
            documents = label.read("documents", ["language_score", "id", "prefilter_reason"])
            signals = label.read("signals", [*metrics, "plain_word_count"])
            ids = documents["id"].to_pylist()
            half = np.array([hashlib.sha256(str(i).encode()).digest()[0] % 2 for i in ids])
            content = label.read("bands", ["content_0"])["content_0"].to_numpy()
            scores, plain = (
                documents["language_score"].to_numpy(),
                signals["plain_word_count"].to_numpy(),
            )
            here = np.flatnonzero(pc.is_null(documents["prefilter_reason"]).to_numpy())
            here = here[np.sort(np.unique(content[here], return_index=True)[1])]
            for target, own in zip(
                whole, (here, here[half[here] == 0], here[half[here] == 1]), strict=True
            ):
                values = {m: signals[m].to_numpy()[own] for m in metrics}
                target[label.name] = fitting.gather(values, scores[own], plain[own])
    return whole


def fitted(distributions: dict[str, Any]) -> dict[str, tuple[LanguageParameters, str]]:
    """Without stop words, which are no thresholds."""
    no_words = Frequent(0, 0, pl.DataFrame(schema=COUNTS))
    return fit.fit_languages(
        distributions, dict.fromkeys(distributions, no_words), fitting.Settings(min_documents=LEAST)
    )


def main(output: str) -> int:
    whole, first, second = gathered(output)
    every = fitted(whole)
    enough = [label for label in whole if fitting.documents(whole[label]) >= LEAST]
    own = [label for label in enough if every[label][1] == "fit"]
    print(f"{len(enough)} languages with {LEAST} documents or more, {len(own)} of them fitted")
    one, other = fitted(first), fitted(second)
    both = [label for label in one if one[label][1] == other.get(label, ("", ""))[1] == "fit"]
    inside: Counter[str] = Counter()
    outside = []
    for label in both:
        limits = thresholds(other[label][0])
        values = one[label][0].fitted.values
        for rule in fitting.FITTED:
            again, interval = limits[rule.name] or 0.0, values[rule.name]
            if interval.low <= again <= interval.high:
                inside[rule.name] += 1
            else:
                outside.append((label, fitting.documents(first[label]), rule.name, interval, again))
    print(f"{len(both)} languages with {LEAST} documents or more in each half")
    for rule in fitting.FITTED:
        print(f"{rule.name:30} {inside[rule.name] / max(1, len(both)):7.1%} inside")
    for label, n, name, interval, again in outside:
        print(f"  {label} ({n}) {name}: {again} outside {interval.low} to {interval.high}")
    total = len(both) * len(fitting.FITTED)
    share = inside.total() / max(1, total)
    print(
        f"{inside.total()} of {total} values of the second half inside the first half's intervals: {share:.1%}"
    )
    return 0 if len(own) == len(enough) and share >= 0.95 else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
