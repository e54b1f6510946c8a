"""What models say of the documents that all rules keep: scores, attributes, passages of benchmarks.

Models are dear, so D decides without them first; this step asks them about what would be kept, and D decides again
with the answers (pipeline/steps/selection.py). A window's file (pipeline/steps/windows.py) has `score.<name>`
(float32, to 1e-4), `attribute.<name>` and `contaminated`; null: not asked, or the language has no model. Models are
loaded once per process. What a model says of a document depends on that document alone, but for the last bits of
embeddings, which the batch may change: batches are cut by window, language and row, never by worker.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from filters.quality import decontamination, encoders, heads, ngrams, selection, word_lists
from filters.quality.decontamination import Benchmarks
from filters.quality.fasttext_file import ModelError, file_hash
from filters.quality.fasttext_scorer import FastTextScorer, read_labels
from filters.quality.heads import Head
from filters.quality.kenlm_model import KenlmModel
from filters.quality.ngrams import NgramModel
from filters.quality.word_lists import WordList
from pipeline import benchmarks
from pipeline.ledger import StepFolder
from pipeline.recipe import Recipe
from pipeline.recipe.quality import Attribute, Decontaminate, Quality, Score
from pipeline.steps import trained, windows
from pipeline.steps.units import Rows, Unit, label_slices

MODELS = "models"  # the piece that says which models there are
LABEL = "{label}"
Stamp = tuple[int, int]
"""Time of change and size."""
BATCH_BYTES = 8 * 2**20  # of texts that are scored at a time
CACHED = 32  # models that a process holds
TASK_MEMORY = 3 * 2**30 // 2


@dataclass(frozen=True)
class Task:
    """One window of a unit to score."""

    folder: StepFolder
    measure: StepFolder
    index_file: str
    survivors: StepFolder
    """Decisions by all rules."""
    unit: Unit
    number: int
    recipe: Recipe
    origin: str = "web"
    """Where the unit's documents come from; models that are not for it are not asked."""

    @property
    def piece(self) -> str:
        return windows.piece(self.unit, self.number)


def depends_on(recipe: Recipe) -> dict[str, Any]:
    """What is asked, and the hashes of all models and benchmarks. Raises ModelError."""
    quality = recipe.quality
    assert quality is not None
    given = quality.decontaminate
    return {
        "models": models(quality),
        "scores": {
            name: one.model_dump(exclude={"keep", "band", "at_least", "at_most", "action"})
            for name, one in quality.scores.items()
        },
        "attributes": {name: one.model_dump() for name, one in quality.attributes.items()},
        "decontaminate": given
        and {
            **given.model_dump(exclude={"action"}),
            "files": {k: benchmarks.files_hash(v) for k, v in given.benchmarks.items()},
        },
        "device": quality.device if _has(quality, "embedding") else None,
        "encoders": _encoder_hashes(quality),
        "libraries": {name: version(name) for name in libraries(quality)},
    }


def libraries(quality: Quality) -> list[str]:
    """The installed distributions that take part in a score."""
    return ["kenlm"] if _has(quality, "kenlm") else []


def _encoder_hashes(quality: Quality) -> list[str]:
    """The encoders that the recipe's heads were made for, each by its hash."""
    paths = [
        one.path.replace(LABEL, label)
        for one in quality.scores.values()
        if one.kind == "embedding"
        for label in _hashes(one.path)
    ]
    return sorted({_head(path, _stamp(path)).encoder_hash for path in paths})


def problems(recipe: Recipe) -> list[str]:
    """One line for each model, list or benchmark of the recipe that cannot be used."""
    quality = recipe.quality
    if quality is None:
        return []
    found = []
    for name, one in quality.scores.items():
        if one.kind == "trained":
            continue
        try:
            for label in _hashes(one.path):
                _CHECKED[one.kind](one.path.replace(LABEL, label), one, quality.device)
        except (ModelError, OSError) as error:
            found.append(f"quality.scores.{name}.{one.kind}: {error}")
    for name, attribute in quality.attributes.items():
        try:
            for label in _hashes(attribute.fasttext):
                read_labels(attribute.fasttext.replace(LABEL, label))
        except ModelError as error:
            found.append(f"quality.attributes.{name}.fasttext: {error}")
    if quality.decontaminate:
        for name, path in quality.decontaminate.benchmarks.items():
            try:
                benchmarks.items(path)
            except benchmarks.BenchmarkError as error:
                found.append(f"quality.decontaminate.benchmarks.{name}: {error}")
    return found


def _check_classifier(path: str, one: Score, device: encoders.Device) -> None:
    labels = read_labels(path)
    if one.positive not in labels:
        known = ", ".join(sorted(labels)[:20])
        raise ModelError(f"{path}: has no label {one.positive}; name one of {known} in `positive`")


def _check_kenlm(path: str, one: Score, device: encoders.Device) -> None:
    KenlmModel(path)


def _check_head(path: str, one: Score, device: encoders.Device) -> None:
    head = heads.load(path)
    encoder = encoders.load(head.encoder, device)
    if encoder.hash != head.encoder_hash:
        raise ModelError(
            f"{path}: was made for another {head.encoder} than the one that is here; train or import it again"
        )


def _check_list(path: str, one: Score, device: encoders.Device) -> None:
    if not word_lists.load(path).entries:
        raise ModelError(f"{path}: no word in it; write a word or phrase a line")


_CHECKED: dict[str, Callable[[str, Score, encoders.Device], None]] = {
    "fasttext": _check_classifier,
    "ngrams": lambda path, one, device: ngrams.check(path),
    "kenlm": _check_kenlm,
    "embedding": _check_head,
    "words": _check_list,
}
"""Kind → what raises ModelError or OSError for a model that cannot be used."""


def _has(quality: Quality, kind: str) -> bool:
    return any(one.kind == kind for one in quality.scores.values())


def models(quality: Quality) -> dict[str, dict[str, str]]:
    """Score or attribute → label (`` for a model of all languages) → SHA-256 of its model.

    Models that the run trains are left out. Raises ModelError where a path leads to no file.
    """
    paths = {name: one.path for name, one in quality.scores.items() if one.kind != "trained"}
    paths |= {name: one.fasttext for name, one in quality.attributes.items()}
    return {name: _hashes(path) for name, path in paths.items()}


def _hashes(path: str) -> dict[str, str]:
    if LABEL not in path:
        return {"": file_hash(path)}
    before, _, after = path.partition(LABEL)
    folder = Path(before).parent if not before.endswith("/") else Path(before)
    found = {
        str(file)[len(before) : len(str(file)) - len(after)]: file_hash(file)
        for file in sorted(folder.glob("*"))
        if str(file).startswith(before) and str(file).endswith(after) and file.is_file()
    }
    if not found:
        raise ModelError(f"{path}: no file of any language; correct the path")
    return found


def write_models(folder: StepFolder, recipe: Recipe, units: list[Unit]) -> None:
    """Write and commit which models are asked, for the report and `explain`; after the run's own are trained."""
    assert recipe.quality is not None
    folder.commit(MODELS, {"models": models(recipe.quality) | trained.hashes(folder, units)})


def run(task: Task) -> dict[str, Any]:
    """Score one window and commit it."""
    rows = Rows.of(task.measure, task.index_file, task.unit.labels)
    kept = windows.kept(task.survivors, task.unit, task.number, rows)
    found = []
    quality = task.recipe.quality
    assert quality is not None
    columns = ["text", "label", *(["id"] if trained.asked(quality) else [])]
    for part in rows.window(*windows.bounds(task.unit, task.number)).parts("documents", columns):
        asked = np.flatnonzero(kept[: part.num_rows])
        kept = kept[part.num_rows :]
        documents = part.take(asked)
        answers = said(documents, task.recipe, task.origin)
        answers = trained.answers(answers, documents, quality, task.folder)
        found.append(windows.in_place(answers, asked, part.num_rows))
    table = pa.concat_tables(found)
    task.folder.store.write_table(task.folder.file(f"{task.piece}.parquet"), table)
    counts = {"documents": pc.count(table["asked"]).as_py()}
    task.folder.commit(task.piece, counts)
    return counts


def said(documents: pa.Table, recipe: Recipe, origin: str = "web") -> pa.Table:
    """What each model says of n documents (columns `text` and `label`, sorted by label); those that the run trains
    say nothing here (trained.answers).

    Columns: `asked` (true), `score.<name>` float32, `attribute.<name>` string, `contaminated` string.
    """
    quality = recipe.quality
    assert quality is not None
    parts = []
    for label, start, stop in label_slices(documents["label"]):
        texts = pc.fill_null(documents["text"].slice(start, stop - start), "").combine_chunks()
        for batch in _batches(texts):
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


def _batches(texts: pa.Array) -> list[pa.Array]:
    sizes = np.cumsum(pc.binary_length(texts).to_numpy())
    cuts = np.flatnonzero(np.diff(sizes // BATCH_BYTES)) + 1
    ends = [*cuts.tolist(), len(texts)]
    return [texts.slice(a, b - a) for a, b in zip([0, *ends], ends, strict=False) if b > a]


def _batch(texts: pa.Array, label: str, quality: Quality, origin: str) -> list[pa.Array]:
    columns: list[pa.Array] = [pa.array(np.ones(len(texts), bool))]
    for one in quality.scores.values():
        path = None if one.kind == "trained" else _path(one.path, label)
        if path is None or origin not in one.origins:
            columns.append(pa.nulls(len(texts), pa.float32()))
            continue
        found = selection.rounded(_SCORED[one.kind](texts, label, path, one, quality))
        columns.append(pa.array(found.astype(np.float32), mask=np.isnan(found)))
    for attribute in quality.attributes.values():
        path = _path(attribute.fasttext, label)
        if path is None or origin not in attribute.origins:
            columns.append(pa.nulls(len(texts), pa.string()))
        else:
            columns.append(_attribute(texts, path, attribute))
    given = quality.decontaminate
    columns.append(_contaminated(texts, given) if given else pa.nulls(len(texts), pa.string()))
    return columns


def _path(path: str, label: str) -> str | None:
    """The model for a label; None where its language has none."""
    own = path.replace(LABEL, label)
    return own if LABEL not in path or Path(own).is_file() else None


def _fasttext(texts: pa.Array, label: str, path: str, one: Score, quality: Quality) -> np.ndarray:
    scorer = _classifier(path, _stamp(path))
    found = scorer.probabilities(texts, one.lower)[:, scorer.labels.index(one.positive)]
    return selection.log_odds(found) if one.log_odds else found


def _words(texts: pa.Array, label: str, path: str, one: Score, quality: Quality) -> np.ndarray:
    return word_lists.shares(texts, _list(path, _stamp(path)), one.distinct)


def _ngrams(texts: pa.Array, label: str, path: str, one: Score, quality: Quality) -> np.ndarray:
    return _language_model(path, _stamp(path)).scores(texts, one.skip, one.most)


def _kenlm(texts: pa.Array, label: str, path: str, one: Score, quality: Quality) -> np.ndarray:
    return _kenlm_model(path, _stamp(path)).scores(texts, one.skip, one.most)


def _embedding(texts: pa.Array, label: str, path: str, one: Score, quality: Quality) -> np.ndarray:
    head = _head(path, _stamp(path))
    encoder = encoders.load(head.encoder, quality.device)
    found = head.scores(encoder.encode(texts.to_pylist(), head.window, head.unit))
    return selection.log_odds(found) if one.log_odds and head.method == "mlp" else found


_SCORED: dict[str, Callable[[pa.Array, str, str, Score, Quality], np.ndarray]] = {
    "fasttext": _fasttext,
    "ngrams": _ngrams,
    "kenlm": _kenlm,
    "embedding": _embedding,
    "words": _words,
}
"""Kind → float64[n], NaN where a text has no score, of texts in a language by the model at a path."""


def _attribute(texts: pa.Array, path: str, attribute: Attribute) -> pa.Array:
    scorer = _classifier(path, _stamp(path))
    found = scorer.probabilities(texts, attribute.lower)
    known = ~np.isnan(found).any(1)
    best = np.where(known, np.nan_to_num(found).argmax(1), 0)
    chance = found[np.arange(len(found)), best]
    return pa.array(scorer.labels, pa.string()).take(
        pa.array(best, mask=~known | (selection.rounded(chance) < attribute.least))
    )


def _contaminated(texts: pa.Array, given: Decontaminate) -> pa.Array:
    sources = tuple(
        (name, path, tuple(_stamp(str(file)) for file in benchmarks.files(path)))
        for name, path in given.benchmarks.items()
    )
    known = _benchmarks(sources, given.words, given.shortest)
    which, _ = decontamination.find(texts, known)
    return pa.array(known.names, pa.string()).take(pa.array(which, mask=which < 0))


def _stamp(path: str) -> Stamp:
    """What changes with a file: a model that was replaced is loaded again."""
    found = Path(path).stat()
    return found.st_mtime_ns, found.st_size


@lru_cache(CACHED)
def _classifier(path: str, stamp: Stamp) -> FastTextScorer:
    return FastTextScorer(path)


@lru_cache(CACHED)
def _language_model(path: str, stamp: Stamp) -> NgramModel:
    return ngrams.load(path)


@lru_cache(CACHED)
def _kenlm_model(path: str, stamp: Stamp) -> KenlmModel:
    return KenlmModel(path)


@lru_cache(CACHED)
def _head(path: str, stamp: Stamp) -> Head:
    return heads.load(path)


@lru_cache(CACHED)
def _list(path: str, stamp: Stamp) -> WordList:
    return word_lists.load(path)


@lru_cache(1)
def _benchmarks(
    sources: tuple[tuple[str, str, tuple[Stamp, ...]], ...], words: int, shortest: int
) -> Benchmarks:
    items = {name: benchmarks.items(path) for name, path, _ in sources}
    return decontamination.gather(items, words, shortest)
