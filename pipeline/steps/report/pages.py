"""The report's page of each language, from the columns that were measured and decided.

Texts are read only of the documents that a page shows or counts words of, from the written corpus.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Literal, TypeAlias, TypedDict, cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from polysieve.audit import examples, recurring
from polysieve.audit.examples import Side
from polysieve.audit.given import Document, LanguageFigures, Languages, Run, Samples
from polysieve.audit.report import SAMPLE_CHARACTERS, write_language
from polysieve.audit.tally import (
    DECISION_COLUMNS,
    DOCUMENT_COLUMNS,
    ColumnFigures,
    Language,
    Tally,
)
from polysieve.filters.rules import RULES
from polysieve.filters.sampling import least, ranks
from polysieve.filters.signals import METRICS
from polysieve.pipeline.engines.engine import Counts
from polysieve.pipeline.steps.fit import fit
from polysieve.pipeline.steps.host_lines import lines
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.step import UnitTask
from polysieve.pipeline.steps.write.accounting import Entry
from polysieve.pipeline.storage.store import Store

PAGES = 128
"""Languages whose pages one task writes."""
COUNTED = 50_000
"""Documents, of small languages together, that are counted at a time."""
GROUPS = 6
"""Row groups of a language's files that are read for samples, chosen by a hash where there are more."""
TEXTS = 200
TEXT_CHARACTERS = 10_000
"""Kept documents whose words and lines are counted, and how much of each."""
BRIEF: tuple[Literal["sites", "snapshots", "contamination", "means"], ...] = (
    "sites", "snapshots", "contamination", "means",
)  # fmt: skip
"""Figures of a language that the index shows too."""


class Written(TypedDict):
    """The manifest of a task."""

    languages: dict[str, ColumnFigures]
    """Label -> the figures that the index shows too."""


@dataclass(frozen=True)
class Pages(UnitTask):
    """Pages of consecutive languages of one unit."""

    written: str
    """What stands before the names `corpus/` and `removed/`: "", or the folder in which they are staged."""
    languages: Languages = field(repr=False)
    """What is said of each language."""
    accounting: Mapping[str, Entry] = field(repr=False)
    unchanged: frozenset[str] = frozenset()
    """Languages whose pages are there already."""
    labels: tuple[str, ...] = ()
    number: int = 0
    """Of the task, within the unit."""
    first: int = 0
    """The unit's rows before those of `labels`."""

    @property
    def name(self) -> str:
        return f"audit-{self.unit.name}-{self.number:04d}"


def tasks(template: Pages, index: pa.Table) -> list[Pages]:
    """The tasks of a unit: PAGES languages each. index: the run's, see `units.INDEX`."""
    labels = template.unit.labels
    own = index.filter(pc.is_in(index["label"], pa.array(labels)))
    rows = dict.fromkeys(labels, 0)
    for label, n in zip(own["label"].to_pylist(), own["rows"].to_pylist(), strict=True):
        rows[label] += n
    before = [0, *accumulate(rows.values())]
    return [
        replace(
            template,
            labels=(some := labels[start : start + PAGES]),
            number=number,
            first=before[start],
            languages={label: template.languages[label] for label in some},
            accounting={label: template.accounting[label] for label in some},
        )
        for number, start in enumerate(range(0, len(labels), PAGES))
    ]


def run(task: Pages) -> Counts:
    """Write the pages of a task's languages and commit them; the manifest holds what the index shows of them."""
    labels = [label for label in task.labels if label not in task.unchanged]
    briefs: dict[str, ColumnFigures] = {}
    if labels:
        documents_of = task.context.labels(task.labels, task.first)
        there = _signal_names(documents_of[0])
        metrics = [name for name in METRICS if name in there]
        languages = [
            Language(label, task.languages[label]["thresholds"], task.languages[label]["cut"])
            for label in labels
        ]
        tally = Tally(languages, metrics)
        chosen = {label: _Chosen(task, label) for label in labels}
        waiting: list[Stretch] = []
        for one in documents_of:
            if one.name not in chosen:
                continue
            for stretch in _stretches(task, one, metrics):
                chosen[one.name].add(*stretch)
                waiting.append(stretch)
                # Many small languages are counted at once: a count of a few documents costs as much.
                if sum(len(documents) for documents, _, _ in waiting) >= COUNTED:
                    tally.add(*_joined(waiting))
                    waiting = []
        if waiting:
            tally.add(*_joined(waiting))
        figures = tally.figures()
        for label in labels:
            language: LanguageFigures = {
                **task.languages[label],
                "columns": figures[label],
                **chosen[label].read(),
            }
            known = {k: v for k in BRIEF if (v := figures[label].get(k)) is not None}
            briefs[label] = cast(ColumnFigures, known)
            _write(task, label, language)
    manifest: Written = {"languages": briefs}
    task.folder.commit(task.name, manifest)
    return {"languages": len(labels)}


def _write(task: Pages, label: str, language: LanguageFigures) -> None:
    run: Run = {
        "recipe_name": task.recipe.name,
        "recipe": {"rules": dict.fromkeys(task.recipe.rules)},
        "accounting": {"languages": task.accounting},
    }
    store = task.folder.store
    write_language(
        run,
        {label: language},
        label,
        lambda name, text: store.write_text(task.folder.file(f"report/{name}"), text),
    )


def _signal_names(label: Label) -> list[str]:
    segment = label.slices[0].segment
    with label.measure.store.open(label.measure.file(f"signals/{segment}.parquet")) as file:
        return pq.read_schema(file).names


Stretch: TypeAlias = tuple[pl.DataFrame, dict[str, np.ndarray], pl.DataFrame]
"""Documents, signals (float64, NaN where undefined) and decisions of some documents of a language."""


def _stretches(task: Pages, label: Label, metrics: list[str]) -> Iterator[Stretch]:
    """The documents of a language, as `Label.stretches` parts them."""
    context, unit_name = task.context, task.unit.name
    decided, fitting = context.folder("decisions"), context.folder("fit")
    recurring = context.get("lines")
    share = ["host_repeated_line_share"]
    marks = lines.parts(recurring, label, share) if recurring else None
    documents = {"documents": [*DOCUMENT_COLUMNS, "id"]}
    for own, signals, read in fit.signals_of(fitting, unit_name, label, metrics, documents):
        if marks:
            signals = lines.with_share(signals, next(marks))
        decisions = label.of_unit(decided, f"{unit_name}.parquet", list(DECISION_COLUMNS), own)
        columns = {
            metric: signals[metric].cast(pa.float64()).to_numpy().astype(np.float64, copy=False)
            for metric in metrics
        }
        yield pl.DataFrame(read["documents"]), columns, pl.DataFrame(decisions)


def _joined(stretches: list[Stretch]) -> Stretch:
    """Stretches, at least one, as one."""
    if len(stretches) == 1:
        return stretches[0]
    documents, signals, decisions = zip(*stretches, strict=True)
    columns = {name: np.concatenate([one[name] for one in signals]) for name in signals[0]}
    return pl.concat(documents), columns, pl.concat(decisions)


@dataclass
class _Sides:
    """Of one reason: the documents that it removed and the kept ones beside them, a stretch after the other."""

    removed: list[Side] = field(default_factory=list)
    kept: list[Side] = field(default_factory=list)


class Shown(TypedDict):
    """What a page shows of written texts."""

    samples: dict[str, Samples]
    words_of: int
    """Documents whose words and lines were counted."""
    frequent_words: list[dict[str, object]]
    recurring_lines: list[dict[str, object]]


class _Chosen:
    """The documents that a language's page shows. Rows are counted in `corpus/` and in `removed/`, each from 0."""

    def __init__(self, task: Pages, label: str) -> None:
        self.task = task
        self.label = label
        self.thresholds = task.languages[label]["thresholds"]
        self.files = {
            kind: WrittenFiles(
                task.folder.store,
                f"{task.written}{kind}/{label}",
                f"{task.recipe.seed}\0{kind}\0{label}",
            )
            for kind in ("corpus", "removed")
        }
        self.near: dict[str, _Sides] = {}
        self.others: dict[str, list[tuple[str | None, int]]] = {}
        self.before = {"corpus": 0, "removed": 0}

    def add(
        self, documents: pl.DataFrame, signals: dict[str, np.ndarray], decisions: pl.DataFrame
    ) -> None:
        """Choose among the next documents of the language."""
        is_kept = (decisions["outcome"].cast(pl.String) == "kept").to_numpy()
        places = {"corpus": np.flatnonzero(is_kept), "removed": np.flatnonzero(~is_kept)}
        rows = {kind: self.before[kind] + np.arange(len(where)) for kind, where in places.items()}
        readable = {kind: self.files[kind].is_readable(rows[kind]) for kind in places}
        reasons = decisions["reason"].cast(pl.String).fill_null("")
        encoded = reasons.gather(places["removed"]).to_arrow().dictionary_encode()
        codes = encoded.indices.to_numpy()
        ids = documents["id"]
        for code, reason in enumerate(encoded.dictionary.to_pylist()):
            own = np.flatnonzero((codes == code) & readable["removed"])
            if not examples.is_near(self.thresholds, reason):
                self._remember(reason, ids.gather(places["removed"][own]), rows["removed"][own])
                continue
            values, threshold = self._measured(reason, documents, signals)
            sides = self.near.setdefault(reason, _Sides())
            of_own = np.zeros(len(codes), bool)
            of_own[own] = True
            sides.removed.append(
                examples.nearest(values[places["removed"]], threshold, rows["removed"], of_own)
            )
            sides.kept.append(
                examples.nearest(
                    values[places["corpus"]], threshold, rows["corpus"], readable["corpus"]
                )
            )
        own = np.flatnonzero(readable["corpus"])
        self._remember("kept", ids.gather(places["corpus"][own]), rows["corpus"][own])
        for kind, where in places.items():
            self.before[kind] += len(where)

    def _measured(
        self, reason: str, documents: pl.DataFrame, signals: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, float]:
        if reason == "language_score":
            scores = documents["language_score"].to_numpy().astype(np.float64)
            return scores, self._threshold(reason)
        return signals[RULES[reason].metric], self._threshold(reason)

    def _threshold(self, reason: str) -> float:
        """What documents that went for a reason did not reach, or went beyond."""
        cut = self.task.languages[self.label]["cut"]
        found = cut if reason == "language_score" else self.thresholds[reason]
        assert found is not None
        return found

    def _remember(self, reason: str, ids: pl.Series, rows: np.ndarray) -> None:
        """Keep evenly spread candidates, of which a hash will choose."""
        step = max(1, len(rows) // examples.CANDIDATES)
        known = self.others.setdefault(reason, [])
        known += zip(ids[::step].to_list(), rows[::step].tolist(), strict=True)

    def read(self) -> Shown:
        """`samples`, `words` and `lines` of the language's page, with texts."""
        seed = self.task.recipe.seed
        by_hash = {
            reason: examples.hashed([id for id, _ in known], np.array([r for _, r in known]), seed)
            for reason, known in self.others.items()
            if known
        }
        near = {}
        for reason, sides in self.near.items():
            threshold = self._threshold(reason)
            near[reason] = (
                threshold,
                examples.merge(sides.removed, threshold),
                examples.merge(sides.kept, threshold),
            )
        kept_rows = np.array([row for _, row in self.others.get("kept", [])], np.int64)
        counted = kept_rows[:: max(1, len(kept_rows) // TEXTS)][:TEXTS]
        corpus = [
            by_hash.get("kept", kept_rows[:0]),
            counted,
            *(kept.rows for _, _, kept in near.values()),
        ]
        removed = [rows for reason, rows in by_hash.items() if reason != "kept"]
        removed += [side.rows for _, side, _ in near.values()]
        shown = {
            "corpus": self.files["corpus"].take(np.unique(np.concatenate(corpus))),
            "removed": self.files["removed"].take(np.unique(np.concatenate(removed or [kept_rows[:0]]))),
        }  # fmt: skip
        samples: dict[str, Samples] = {}
        for reason, rows in by_hash.items():
            kind = "corpus" if reason == "kept" else "removed"
            found = [shown[kind][row] for row in rows.tolist() if row in shown[kind]]
            samples[reason] = (
                {"kept": _cut(found)} if reason == "kept" else {"removed": _cut(found)}
            )
        for reason, (threshold, gone, kept) in near.items():
            metric = "language_score" if reason == "language_score" else RULES[reason].metric
            samples[reason] = {
                "metric": metric,
                "threshold": threshold,
                "removed": _valued(gone, shown["removed"]),
                "kept": _valued(kept, shown["corpus"]),
            }
        texts = [shown["corpus"][row]["text"] for row in counted.tolist() if row in shown["corpus"]]
        beginnings = [text[:TEXT_CHARACTERS] for text in texts if text]
        return {
            "samples": {k: v for k, v in samples.items() if v.get("removed") or v.get("kept")},
            "words_of": len(beginnings),
            "frequent_words": recurring.frequent_words(beginnings, self.label),
            "recurring_lines": recurring.recurring_lines(beginnings),
        }


def _valued(side: Side, shown: Mapping[int, Document]) -> list[Document]:
    pairs = zip(side.rows.tolist(), side.values.tolist(), strict=True)
    return _cut([{**shown[row], "value": round(value, 6)} for row, value in pairs if row in shown])


def _cut(documents: Sequence[Document]) -> list[Document]:
    return [{**one, "text": (one["text"] or "")[: SAMPLE_CHARACTERS + 1]} for one in documents]


class WrittenFiles:
    """The files of a language in `corpus/` or `removed/`, of which some row groups are read."""

    COLUMNS = ("id", "url", "text", "language_score")

    def __init__(self, store: Store, folder: str, salt: str) -> None:
        self.store = store
        self.metadata: dict[str, pq.FileMetaData] = {}
        self.groups: list[tuple[str, int, int, int]] = []
        """(file, row group, first row, row after the last)"""
        number = row = 0
        while store.exists(name := f"{folder}/train-{number:05d}.parquet"):
            with store.open(name) as file:
                metadata = pq.read_metadata(file)
            self.metadata[name] = metadata
            for group in range(metadata.num_row_groups):
                rows = metadata.row_group(group).num_rows
                self.groups.append((name, group, row, row + rows))
                row += rows
            number += 1
        if len(self.groups) > GROUPS:
            chosen = least(ranks(map(str, range(len(self.groups))), salt), GROUPS)
            self.groups = [self.groups[i] for i in np.sort(chosen)]

    def is_readable(self, rows: np.ndarray) -> np.ndarray:
        """bool[n]: which rows lie in the row groups that are read."""
        return examples.within(rows, [(start, stop) for _, _, start, stop in self.groups])

    def take(self, rows: np.ndarray) -> dict[int, Document]:
        """Row -> COLUMNS, of ascending readable rows; a row group is held at a time."""
        found: dict[int, Document] = {}
        for name, group, start, stop in self.groups:
            own = rows[(rows >= start) & (rows < stop)]
            if not len(own):
                continue
            with self.store.open(name) as file:
                parquet = pq.ParquetFile(file, metadata=self.metadata[name])
                names = set(parquet.metadata.schema.names)
                there = [c for c in self.COLUMNS if c in names]
                table = parquet.read_row_group(group, columns=there, use_threads=False)
            table = table.take(pa.array(own - start))
            if "text" in there:
                text = pc.utf8_slice_codeunits(table["text"], 0, TEXT_CHARACTERS)
                table = table.set_column(there.index("text"), "text", text)
            documents = table.to_pylist()
            found |= {
                row: cast(Document, dict.fromkeys(self.COLUMNS) | document)
                for row, document in zip(own.tolist(), documents, strict=True)
            }
        return found
