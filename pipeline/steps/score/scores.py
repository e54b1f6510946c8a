"""What models say of the documents that all rules keep: scores, attributes, passages of benchmarks.

Models are dear, so documents are decided without them first; this step asks them about what would be kept, and
documents are decided again with the answers (pipeline/steps/decide/selection.py). A window's file
(pipeline/steps/windows.py) has `score.<name>` (float32, to 1e-4), `attribute.<name>` and `contaminated`; null: not
asked, or the language has no model. How a kind of model is asked says pipeline/steps/scorers.py. What a model
says of a document depends on that document alone, but for the last bits of transformers' scores, which the batch may
change: batches are cut by window, language and row, never by worker.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypedDict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters.quality import decontamination, selection
from polysieve.filters.quality.decontamination import Benchmarks
from polysieve.pipeline.engines.engine import Counts, Pool
from polysieve.pipeline.engines.packing import even_ranges
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.quality import Attribute, Decontaminate, Quality, Score
from polysieve.pipeline.steps import scorers, windows
from polysieve.pipeline.steps.embed import embeddings, nearest
from polysieve.pipeline.steps.labels import window_of
from polysieve.pipeline.steps.score import trained
from polysieve.pipeline.steps.scorers import SCORERS, Scorer, Stamp
from polysieve.pipeline.steps.step import Task, UnitTask
from polysieve.pipeline.steps.units import Unit, label_slices
from polysieve.pipeline.texts import benchmarks

MODELS = "models"  # the manifest that says which models there are
BATCH_BYTES = 8 * 2**20  # of texts that are scored at a time
TASK_MEMORY = 3 * 2**30 // 2  # measured: benchmarks/quality/memory.py


class ScoringModels(TypedDict):
    """The manifest MODELS."""

    models: dict[str, dict[str, str]]
    """Score or attribute → label (`` for a model of all languages) → SHA-256 of its model."""


@dataclass(frozen=True)
class Scoring(UnitTask):
    """One window of a unit to score."""

    number: int

    @property
    def name(self) -> str:
        return windows.name_of(self.unit.name, self.number)

    @property
    def memory(self) -> int:
        """Its models and its texts."""
        return memory_of(self.recipe, "web")


@dataclass(frozen=True)
class Models(Task):
    """Which models are asked."""

    units: tuple[Unit, ...]

    @property
    def name(self) -> str:
        return MODELS


def pool(recipe: Recipe, origin: str = "web") -> Pool | None:
    """On what workers documents of an origin are scored: on a pool where a neural model is asked about them, with a GPU
    each on `cuda`.

    The others load in less time than a worker needs to start, and tasks share the workers of the steps before.
    """
    quality = recipe.quality
    if quality is None:
        return None
    own = [one.kind for one, k in _asked(quality) if k.by_device and origin in one.origins]
    if origin == "web":  # whose vectors are made by a step of their own
        own = [kind for kind in own if SCORERS[kind].scores is not None]
    elif own == ["embedding"] * len(own):
        return embeddings.pool(recipe, origin) if own else None
    return Pool(float(quality.device == "cuda")) if own else None


def libraries(quality: Quality) -> list[str]:
    """The installed distributions that take part in a score."""
    return sorted({name for _, kind in _asked(quality) for name in kind.libraries})


def _asked(quality: Quality) -> list[tuple[Score, Scorer]]:
    """Scores by models that the recipe names."""
    return [(one, SCORERS[one.kind]) for one in quality.scores.values() if one.kind in SCORERS]


def beside(quality: Quality) -> list[str]:
    """Hashes of what the recipe's models were made for: the encoders of heads."""
    return sorted(
        {
            hash
            for one, kind in _asked(quality)
            for own in scorers.own_paths(one.path, one.kind).values()
            for hash in kind.beside(own)
        }
    )


def models(quality: Quality) -> dict[str, dict[str, str]]:
    """Score or attribute → label (`` for a model of all languages) → SHA-256 of its model.

    Models that the run trains are left out. Raises ModelError where a path leads to no file.
    """
    found = {
        name: scorers.hashes(one.path, one.kind)
        for name, one in quality.scores.items()
        if one.kind in SCORERS
    }
    return found | {name: scorers.hashes(one.fasttext) for name, one in quality.attributes.items()}


def write_models(task: Models) -> Counts:
    """Commit which models are asked, for the report and `explain`; after the run's own are trained."""
    assert task.recipe.quality is not None
    found = models(task.recipe.quality) | trained.hashes(task.folder, task.units)
    manifest: ScoringModels = {"models": found}
    task.folder.commit(MODELS, manifest)
    return {}


def memory_of(recipe: Recipe, origin: str) -> int:
    """The bytes that scoring documents of an origin may take: its models and its texts."""
    assert recipe.quality is not None
    asked = [one for one, _ in _asked(recipe.quality) if origin in one.origins]
    return TASK_MEMORY + scorers.memory(asked)


def by_device(quality: Quality) -> bool:
    """Whether a score depends on the device."""
    return any(kind.by_device for _, kind in _asked(quality))


def run(task: Scoring) -> Counts:
    """Score one window and commit it."""
    vectors_of, survivors = task.context.get("embeddings"), task.context.folder("survivors")
    quality = task.recipe.quality
    assert quality is not None
    labels = task.unit_labels()
    found = []
    columns = ["text", "label", *(["id"] if trained.asked(quality) else [])]
    for label in window_of(labels, *windows.bounds(task.unit, task.number)):
        kept = windows.kept(survivors, task.unit.name, label)
        for own, read in label.stretches({"documents": columns}):
            asked = np.flatnonzero(kept[own])
            documents = read["documents"].take(asked)
            answers = said(documents, task.recipe)
            answers = trained.answers(answers, documents, quality, task.folder)
            if vectors_of:
                part = label.window(own.start, own.stop)
                vectors = embeddings.of_heads(vectors_of, task.unit.name, part, quality)
                answers = embeddings.answers(answers, vectors, quality)
                answers = nearest.answers(
                    answers, task.folder, task.unit.name, part, asked, quality
                )
            found.append(windows.in_place(answers, asked, len(kept[own])))
    table = pa.concat_tables(found)
    task.folder.store.write_table(task.folder.file(f"{task.name}.parquet"), table)
    counts = {"documents": pc.count(table["asked"]).as_py()}
    task.folder.commit(task.name, counts)
    return counts


def said(documents: pa.Table, recipe: Recipe, origin: str = "web") -> pa.Table:
    """What each model says of n documents (columns `text` and `label`, sorted by label); those that the run trains
    say nothing here (trained.answers), nor do those that read vectors (embeddings.answers).

    Columns: `asked` (true), `score.<name>` float32, `attribute.<name>` string, `contaminated` string.
    """
    quality = recipe.quality
    assert quality is not None
    parts = []
    for label, start, stop in label_slices(documents["label"]):
        texts = pc.fill_null(documents["text"].slice(start, stop - start), "").combine_chunks()
        for first, end in even_ranges(pc.binary_length(texts).to_numpy(), BATCH_BYTES):
            batch = texts.slice(first, end - first)
            parts.append(pa.table(_batch(batch, label, quality, origin), schema=schema(quality)))
    return pa.concat_tables(parts) if parts else schema(quality).empty_table()


def schema(quality: Quality) -> pa.Schema:
    """The columns of a window."""
    return pa.schema(
        [
            ("asked", pa.bool_()),
            *((f"score.{name}", pa.float32()) for name in quality.scores),
            *((f"attribute.{name}", pa.string()) for name in quality.attributes),
            ("contaminated", pa.string()),
        ]
    )


def _batch(texts: pa.Array, label: str, quality: Quality, origin: str) -> list[pa.Array]:
    columns: list[pa.Array] = [pa.array(np.ones(len(texts), bool))]
    for one in quality.scores.values():
        path = scorers.own_path(one.path, label, one.kind) if one.kind in SCORERS else None
        scores = SCORERS[one.kind].scores if path is not None else None
        if path is None or scores is None or origin not in one.origins:
            columns.append(pa.nulls(len(texts), pa.float32()))
            continue
        found = selection.rounded(scores(texts, path, one, quality.device))
        columns.append(pa.array(found.astype(np.float32), mask=np.isnan(found)))
    for attribute in quality.attributes.values():
        path = scorers.own_path(attribute.fasttext, label)
        if path is None or origin not in attribute.origins:
            columns.append(pa.nulls(len(texts), pa.string()))
        else:
            columns.append(_attribute(texts, path, attribute))
    given = quality.decontaminate
    columns.append(_contaminated(texts, given) if given else pa.nulls(len(texts), pa.string()))
    return columns


def _attribute(texts: pa.Array, path: str, attribute: Attribute) -> pa.Array:
    scorer = scorers.classifier(path, scorers.stamp(path))
    found = scorer.probabilities(texts, attribute.lower)
    known = ~np.isnan(found).any(1)
    best = np.where(known, np.nan_to_num(found).argmax(1), 0)
    chance = found[np.arange(len(found)), best]
    return pa.array(scorer.labels, pa.string()).take(
        pa.array(best, mask=~known | (selection.rounded(chance) < attribute.least))
    )


def _contaminated(texts: pa.Array, given: Decontaminate) -> pa.Array:
    sources = tuple(
        (name, path, tuple(scorers.stamp(str(file)) for file in benchmarks.files(path)))
        for name, path in given.benchmarks.items()
    )
    known = _benchmarks(sources, given.words, given.shortest)
    which, _ = decontamination.find(texts, known)
    return pa.array(known.names, pa.string()).take(pa.array(which, mask=which < 0))


@lru_cache(1)
def _benchmarks(
    sources: tuple[tuple[str, str, tuple[Stamp, ...]], ...], words: int, shortest: int
) -> Benchmarks:
    items = {name: benchmarks.items(path) for name, path, _ in sources}
    return decontamination.gather(items, words, shortest)
