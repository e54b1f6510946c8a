"""`polysieve fit`: language files and word lists from finished runs and from text whose language is known."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters import fitting, precision, signals, stop_words, words
from polysieve.filters.distributions import Distribution
from polysieve.filters.signals import StopWords
from polysieve.filters.stop_words import Frequent
from polysieve.pipeline.recipe.deciding import Fit as FitSettings
from polysieve.pipeline.run.plan import RUN, recorded
from polysieve.pipeline.steps.fit import fit
from polysieve.pipeline.storage.store import Store
from polysieve.pipeline.texts import labelled

WORDLISTS, CONTAMINATION, SUMMARY = "wordlists", "contamination.json", "fit.json"


@dataclass
class Counted:
    """What a source says of each language."""

    distributions: dict[str, fitting.Distributions] = field(default_factory=dict)
    words: dict[str, pl.DataFrame] = field(default_factory=dict)
    """Word counts."""
    documents: dict[str, int] = field(default_factory=dict)
    """Whose words were counted."""

    def add(self, label: str, own: fitting.Distributions, counts: pl.DataFrame, n: int) -> None:
        """Count further documents of a language."""
        before = self.distributions.get(label)
        self.distributions[label] = fitting.add(before, own) if before else own
        known = self.words.get(label)
        self.words[label] = counts if known is None else stop_words.total([known, counts])
        self.documents[label] = self.documents.get(label, 0) + n

    def frequent(self, label: str) -> Frequent:
        """A language's frequent words."""
        return Frequent.of(self.words[label], self.documents[label])


def is_run(path: str) -> bool:
    """Whether a path is the output of a run."""
    return Store(path).exists(RUN)


def count_run(path: str, settings: FitSettings, found: Counted) -> None:
    """Count the documents of a finished run in `found`, by the columns that it measured; text is read for a
    sample's words."""
    store = Store(path)
    plan = recorded(store, store.read_json(RUN))
    for unit in plan.units:
        for label in plan.context.labels(unit.labels):
            counted = fit.count_label(label, settings, plan.recipe.seed)
            if counted is not None:
                own, rows = counted
                parts = [stop_words.count(cut) for _, cut, _ in fit.segmented(label, rows)]
                found.add(label.name, own, stop_words.total(parts), len(rows))


def count_texts(paths: Sequence[str]) -> Counted:
    """Count labelled text; its labels are taken for sure, so it says nothing of scores.

    Raises TextFileError.
    """
    found = Counted()
    for texts, labels, _ in labelled.read(paths):
        for label in sorted(pc.unique(labels).to_pylist()):
            own = texts.filter(pc.equal(labels, label))
            cut = words.segment(own, pa.repeat(pa.scalar(label), len(own)))
            measured = signals.measure(own, cut, with_c4=False)
            distributions = fitting.gather(
                {
                    m: measured[m].to_numpy(zero_copy_only=False)
                    for m in fitting.METRICS
                    if m != fitting.SCORE
                },
                np.ones(len(own)),
                measured["plain_word_count"].to_numpy(),
            )
            distributions[fitting.SCORE] = Distribution.empty()
            found.add(label, distributions, stop_words.count(cut), len(own))
    return found


def merged(reference: Counted, crawled: Counted, min_documents: int) -> Counted:
    """The reference where it has enough documents of a language, else what was crawled; scores from the crawl."""
    whole = Counted()
    for label in sorted({*reference.distributions, *crawled.distributions}):
        given, seen = reference.distributions.get(label), crawled.distributions.get(label)
        use_given = given is not None and (
            seen is None or fitting.documents(given) >= min_documents
        )
        source = reference if use_given else crawled
        own = dict(source.distributions[label])
        if seen is not None:
            own[fitting.SCORE] = seen[fitting.SCORE]
        whole.distributions[label] = own
        whole.words[label] = source.words[label]
        whole.documents[label] = source.documents[label]
    return whole


def write(
    counted: Counted,
    how: fitting.Settings,
    output: Path,
    origin: Mapping[str, object],
    cuts: Mapping[str, float] | None = None,
) -> dict[str, str]:
    """Write a file per language and a summary; returns label -> `fit`, `relatives` or `defaults`.

    cuts: label -> lowest language score, instead of what follows from the scores counted.
    """
    cuts = cuts or {}
    output.mkdir(parents=True, exist_ok=True)
    frequent = {label: counted.frequent(label) for label in counted.distributions}
    fitted = fit.fit_languages(counted.distributions, frequent, how)
    for label, (values, _) in fitted.items():
        if label in cuts:
            values = values.model_copy(update={"language_score": cuts[label]})
        (output / f"{label}.yaml").write_text(values.to_yaml(), "utf-8")
    origins = {label: where for label, (_, where) in sorted(fitted.items())}
    summary = {
        **origin,
        "settings": {**vars(how), "methods": dict(how.methods)},
        "languages": origins,
        "cuts": {label: cuts[label] for label in origins if label in cuts},
    }
    (output / SUMMARY).write_text(json.dumps(summary, indent=1) + "\n")
    return origins


def write_word_lists(
    paths: Sequence[str], counted: Counted, output: Path, affinity: float
) -> dict[str, float]:
    """Write `wordlists/<label>.txt` and `contamination.json` from labelled text; returns label -> contamination.

    counted: of `paths`. Contamination is measured on the same texts: the share of documents without any word of
    their language's list.
    """
    lists = precision.word_lists(counted.words, affinity)
    folder = output / WORDLISTS
    folder.mkdir(parents=True, exist_ok=True)
    ready = {}
    for label, listed in lists.items():
        if listed:
            (folder / f"{label}.txt").write_text("\n".join(listed) + "\n", "utf-8")
            ready[label] = precision.WordList(StopWords.of(listed), label.partition("_")[0])
    ratios: dict[str, list[np.ndarray]] = {label: [] for label in ready}
    for texts, labels, _ in labelled.read(paths):
        cut = words.segment(texts, labels)
        names = labels.to_pylist()
        found = precision.ratios(cut, [ready.get(name) for name in names], [None] * len(names))
        for label in ready.keys() & set(names):
            ratios[label].append(found[np.array([name == label for name in names])])
    shares = {
        label: round(precision.contamination(np.concatenate(parts)), 6)
        for label, parts in sorted(ratios.items())
        if parts
    }
    (output / CONTAMINATION).write_text(json.dumps(shares, indent=1) + "\n")
    return shares
