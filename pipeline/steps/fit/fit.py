"""Each language's thresholds and stop words, as files that a person can read and edit.

A language with a file in `parameters.folder` has that file's. With `parameters.fit`, the others are fitted: every
unit's documents are counted (`count`), then all languages are fitted together (`run`), since relatives stand in for
languages with few documents. What the step measure could not know when it read the text, stop words that were fitted
and word lists of `parameters.precision`, is measured once more (`measure_words`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters import fitting, precision, signals, stop_words, words
from polysieve.filters import parameters as language_parameters
from polysieve.filters.distributions import Distribution
from polysieve.filters.parameters import LanguageParameters
from polysieve.filters.relatives import members, relatives
from polysieve.filters.sampling import least, ranks
from polysieve.filters.signals import StopWords
from polysieve.filters.stop_words import Frequent
from polysieve.pipeline.engines.engine import Counts
from polysieve.pipeline.engines.packing import even_ranges
from polysieve.pipeline.recipe.deciding import Fit as FitSettings
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.fit.manifest import Parameters
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.step import Context, Task, UnitTask
from polysieve.pipeline.steps.units import Unit
from polysieve.pipeline.storage.ledger import StepFolder

TASK = "parameters"
VALUES = "parameters.json"
BATCH_BYTES = 4 * 2**20
REMEASURED = ("stop_words", "wordlist_ratio")
"""Columns of signals that `measure_words` gives anew, and the rules on them."""
RULES_ON_WORDS = ("gopher_stop_words", "precision_words")


class FrequentWords(TypedDict):
    """filters.stop_words.Frequent of a label; the table by column."""

    total: int
    documents: int
    table: dict[str, list[Any]]


class LabelCounts(TypedDict):
    """What was counted of a label; `counts/<unit>.json` has it by label."""

    distributions: dict[str, tuple[list[int], list[int]]]
    """Metric -> bins and counts, as filters.distributions gives them."""
    words: FrequentWords


class LabelValues(TypedDict):
    """A label's parameters; VALUES has them by label."""

    origin: str
    values: dict[str, Any]
    """As filters.parameters.LanguageParameters dumps them."""


@dataclass(frozen=True)
class Fitted:
    """One language's parameters and where they come from: `file`, `fit`, `relatives` or `defaults`."""

    parameters: LanguageParameters
    origin: str

    @property
    def has_own(self) -> bool:
        """Whether the values are the language's own."""
        return self.origin in ("file", "fit")


@dataclass(frozen=True)
class Counting(UnitTask):
    """One unit whose documents are to be counted."""

    @property
    def name(self) -> str:
        return f"counts-{self.unit.name}"


@dataclass(frozen=True)
class Words(UnitTask):
    """One unit whose words are to be measured again."""

    @property
    def name(self) -> str:
        return f"words-{self.unit.name}"


@dataclass(frozen=True)
class Fitting(Task):
    """All languages."""

    units: tuple[Unit, ...]

    @property
    def name(self) -> str:
        return TASK


def settings_of(fit: FitSettings) -> fitting.Settings:
    """How a recipe fits."""
    return fitting.Settings(
        method=fit.method,
        methods=fit.methods,
        share=fit.share,
        min_documents=fit.min_documents,
        pooled_documents=fit.pooled_documents,
    )


def word_tasks(context: Context, folder: StepFolder, units: Sequence[Unit]) -> list[Words]:
    """A task for each unit that holds a language with words to measure again; after `run`."""
    labels = [label for unit in units for label in unit.labels]
    lists = word_lists(context.recipe, labels)
    again = _remeasured(context, labels, read(folder), lists)
    return [Words(context, folder, unit) for unit in units if again & set(unit.labels)]


def count(task: Counting) -> Counts:
    """Count one unit's documents, by label: the distribution of each metric, and frequent words."""
    found: dict[str, LabelCounts] = {}
    assert task.recipe.parameters.fit is not None
    how, seed = task.recipe.parameters.fit, task.recipe.seed
    for label in task.unit_labels():
        counted = count_label(label, how, seed)
        if counted is None:
            continue
        distributions, rows = counted
        counts = stop_words.total(stop_words.count(cut) for _, cut, _ in segmented(label, rows))
        frequent = Frequent.of(counts, len(rows))
        found[label.name] = {
            "distributions": {m: d.to_lists() for m, d in distributions.items()},
            "words": {
                "total": frequent.total,
                "documents": frequent.documents,
                "table": frequent.table.to_dict(as_series=False),
            },
        }
    task.folder.store.write_json(task.folder.file(f"counts/{task.unit.name}.json"), found)
    task.folder.commit(task.name, {"languages": len(found)})
    return {"documents": task.unit.documents}


def count_label(
    label: Label, how: FitSettings, seed: int
) -> tuple[fitting.Distributions, np.ndarray] | None:
    """Distributions of a label's documents, and ascending rows whose words are to be counted; None without documents.

    The same text many times over is one document.
    """
    metrics = sorted({rule.metric for rule in fitting.FITTED})
    columns = label.read("signals", [*metrics, "plain_word_count"])
    documents = label.read("documents", ["language_score", "id", "prefilter_reason"])
    content = label.read("bands", ["content_0"])["content_0"].to_numpy()
    values = {m: columns[m].to_numpy() for m in metrics}
    plain, scores = columns["plain_word_count"].to_numpy(), documents["language_score"].to_numpy()
    rows = np.flatnonzero(pc.is_null(documents["prefilter_reason"]).to_numpy())
    rows = rows[np.sort(np.unique(content[rows], return_index=True)[1])]
    if not len(rows):
        return None
    found = fitting.gather({m: v[rows] for m, v in values.items()}, scores[rows], plain[rows])
    chosen = rows[fitting.eligible(found[fitting.SCORE], scores[rows], plain[rows])]
    return found, _sample(documents["id"], chosen, how.word_documents, seed)


def _sample(ids: pa.ChunkedArray, rows: np.ndarray, most: int, seed: int) -> np.ndarray:
    """At most `most` of these rows, ascending, those with the least hash of seed and id."""
    if len(rows) <= most:
        return rows
    keys = ranks(ids.take(pa.array(rows)).to_pylist(), f"{seed}\0words")
    return np.sort(rows[least(keys, most)])


def segmented(
    label: Label, chosen: np.ndarray | None = None
) -> Iterator[tuple[np.ndarray, words.Words, list[str | None]]]:
    """(rows, words, addresses) of batches of a label's documents: all, or the rows `chosen`, ascending."""
    row = 0
    for part in label.alone().parts("documents", ["text", "url", "text_bytes"]):
        places = np.arange(row, row + part.num_rows)
        row += part.num_rows
        if chosen is not None:
            places = places[np.isin(places, chosen, assume_unique=True)]
            part = part.take(pa.array(places - (row - part.num_rows)))
        if not part.num_rows:
            continue
        for start, end in even_ranges(part["text_bytes"].to_numpy(), BATCH_BYTES):
            piece = part.slice(start, end - start)
            texts = pc.fill_null(piece["text"], "").combine_chunks()
            labels = pa.repeat(pa.scalar(label.name), len(texts))
            yield places[start:end], words.segment(texts, labels), piece["url"].to_pylist()


def run(task: Fitting) -> Counts:
    """Write `parameters/<label>.yaml` for people, one JSON file for the next steps, and commit."""
    folder, recipe = task.folder, task.recipe
    source = recipe.parameters.folder
    fitted = _fit(folder, recipe, task.units) if recipe.parameters.fit else {}
    every: dict[str, LabelValues] = {}
    labels = [label for unit in task.units for label in unit.labels]
    for label in labels:
        values, origin = fitted.get(label, (language_parameters.defaults(label), "defaults"))
        if language_parameters.has_own(label, source):
            values, origin = language_parameters.for_label(label, source), "file"
        folder.store.write_text(folder.file(f"parameters/{label}.yaml"), values.to_yaml())
        every[label] = {"origin": origin, "values": values.model_dump()}
    folder.store.write_json(folder.file(VALUES), every)
    folder.commit(TASK, {"labels": labels})
    return {"languages": len(labels)}


def _fit(
    folder: StepFolder, recipe: Recipe, units: Sequence[Unit]
) -> dict[str, tuple[LanguageParameters, str]]:
    """Label -> its fitted parameters and their origin."""
    assert recipe.parameters.fit is not None
    counted: dict[str, LabelCounts] = {}
    for unit in units:
        counted |= folder.store.read_json(folder.file(f"counts/{unit.name}.json"))
    return fit_languages(
        {
            label: {m: Distribution.from_lists(*d) for m, d in entry["distributions"].items()}
            for label, entry in counted.items()
        },
        {
            label: Frequent(
                entry["words"]["total"],
                entry["words"]["documents"],
                pl.DataFrame(entry["words"]["table"], schema=stop_words.COUNTS),
            )
            for label, entry in counted.items()
        },
        settings_of(recipe.parameters.fit),
    )


def fit_languages(
    distributions: Mapping[str, fitting.Distributions],
    frequent: Mapping[str, Frequent],
    how: fitting.Settings,
) -> dict[str, tuple[LanguageParameters, str]]:
    """Label -> (parameters, origin), all languages together."""
    documents = {label: fitting.documents(own) for label, own in distributions.items()}
    english = fitting.english()
    groups = relatives(documents, how.min_documents)
    parents = {
        group: fitting.pooled(distributions[label] for label in members(group, documents))
        for group in set(groups.values())
    }
    found = {}
    for label, own in distributions.items():
        group = groups.get(label)
        parent = (group, parents[group]) if group else None
        few = documents[label] < how.min_documents
        stopwords: tuple[str, ...] = ()
        if not few:
            # A language with fewer documents cannot say what another's words are.
            others = [
                frequent[other]
                for other in documents
                if other != label and documents[other] >= documents[label]
            ]
            stopwords = stop_words.choose(frequent[label], others)
        values = fitting.fit(label, own, parent, english, how, stopwords)
        origin = "defaults" if values.fitted is None else "relatives" if few else "fit"
        found[label] = (values, origin)
    return found


def word_lists(recipe: Recipe, labels: list[str]) -> dict[str, precision.WordList]:
    """The word list of each label that the recipe filters by one."""
    lists = recipe.parameters.precision
    if lists is None or "precision_words" not in recipe.rules:
        return {}
    return precision.load(
        lists.wordlists, labels, lists.contamination, lists.url_whitelist, lists.min_contamination
    )


def _remeasured(
    context: Context,
    labels: list[str],
    fitted: Mapping[str, Fitted],
    lists: Mapping[str, precision.WordList],
) -> set[str]:
    """Those labels for which the measured figures of words do not hold: another stop list was counted, or no word
    list."""
    found = set(lists)
    if "gopher_stop_words" in context.recipe.rules:
        index = context.store.read_columns(context.index_file, ["label", "stop_list"])
        counted = dict(zip(*(index[c].to_pylist() for c in ("label", "stop_list")), strict=True))
        own = {label: fitted[label].parameters.stopwords for label in labels}
        found |= {
            label
            for label, listed in own.items()
            if listed and language_parameters.stop_list_hash(listed) != counted[label]
        }
    return found


def measure_words(task: Words) -> Counts:
    """Measure REMEASURED for all rows of a unit and commit them; the other labels keep the figures they have."""
    labels = task.unit_labels()
    names = list(task.unit.labels)
    fitted, lists = read(task.folder), word_lists(task.recipe, names)
    again = _remeasured(task.context, names, fitted, lists)
    found, done = [], 0
    for label in labels:
        listed = fitted[label.name].parameters.stopwords if label.name in again else None
        counts, ratios = _measured_words(label)
        if label.name in again:
            stop_list = StopWords.of(listed) if listed else None
            for places, cut, urls in segmented(label):
                counted = signals.count_stop_words(cut, [stop_list] * len(cut))
                counts[places] = counted.to_numpy(zero_copy_only=False)
                ratios[places] = precision.ratios(cut, [lists.get(label.name)] * len(cut), urls)
                done += len(places)
        left_before = (
            label.read("documents", ["prefilter_reason"])["prefilter_reason"].is_valid().to_numpy()
        )
        counts[left_before] = ratios[left_before] = np.nan
        found.append((counts, ratios))
    counts, ratios = (np.concatenate(column) for column in zip(*found, strict=True))
    table = pa.table(
        {
            "stop_words": pa.array(counts, mask=np.isnan(counts)).cast(pa.int32()),
            "wordlist_ratio": pa.array(ratios, mask=np.isnan(ratios)),
        }
    )
    task.folder.store.write_table(task.folder.file(f"words/{task.unit.name}.parquet"), table)
    task.folder.commit(task.name, {"rows": table.num_rows})
    return {"documents": done}


def _measured_words(label: Label) -> tuple[np.ndarray, np.ndarray]:
    """REMEASURED as they were measured first, float64[n] each."""
    measured = label.read("signals", list(REMEASURED))
    counts, ratios = (measured[name].to_numpy().astype(np.float64) for name in REMEASURED)
    return counts, ratios


def read(folder: StepFolder) -> dict[str, Fitted]:
    """What was fitted, by label."""
    every: dict[str, LabelValues] = folder.store.read_json(folder.file(VALUES))
    return {
        label: Fitted(LanguageParameters.model_validate(entry["values"]), entry["origin"])
        for label, entry in every.items()
    }


def parameters_of(folder: StepFolder, recipe: Recipe, label: str) -> Fitted:
    """What holds for a label, one that does not occur in the input too."""
    fitted = read(folder).get(label)
    if fitted:
        return fitted
    source = recipe.parameters.folder
    if language_parameters.has_own(label, source):
        return Fitted(language_parameters.for_label(label, source), "file")
    return Fitted(language_parameters.defaults(label), "defaults")


def signals_of(
    folder: StepFolder,
    unit_name: str,
    label: Label,
    columns: list[str],
    more: Mapping[str, list[str]] | None = None,
) -> Iterator[tuple[slice, pa.Table, dict[str, pa.Table]]]:
    """(rows, columns of signals, more columns by table) of a label, as `Label.stretches` has them; what was measured
    again after fitting is in place of the first figures."""
    again = folder.manifest(f"words-{unit_name}") is not None
    names = [name for name in REMEASURED if name in columns]
    for own, read in label.stretches({"signals": columns, **(more or {})}):
        table = read["signals"]
        if again and names:
            measured = label.of_unit(folder, f"words/{unit_name}.parquet", names, own)
            for name in names:
                table = table.set_column(columns.index(name), name, measured[name])
        yield own, table, read


def summary(fitted: Fitted) -> Parameters:
    """Where a language's parameters come from, for the report."""
    fit = fitted.parameters.fitted
    values: Parameters = {} if fit is None else json.loads(fit.model_dump_json())
    return {"origin": fitted.origin, **values}
