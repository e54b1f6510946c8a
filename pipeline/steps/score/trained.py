"""N-gram models that a run trains of its own survivors, and the scores by them.

A model expects best what it has read, and of a small language it would have read everything. So a language's documents
are divided in halves by a hash of their ids; each half trains a model, and its documents are scored by the other
half's.
"""

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypedDict, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters.quality import ngrams
from polysieve.filters.quality.ngrams import NgramModel
from polysieve.filters.sampling import least, ranks
from polysieve.pipeline.engines.engine import TASK_MEMORY, Counts
from polysieve.pipeline.recipe.quality import Quality, TrainedNgrams
from polysieve.pipeline.steps import scorers, windows
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.step import UnitTask
from polysieve.pipeline.steps.units import Unit, label_slices
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import Store

LEAST = 20  # documents of a half; with fewer the language has no model
CHARACTERS = 1_000  # of a document that are read: long ones do not crowd out the others, and memory is bounded
TOKEN_BYTES = (
    85  # an order, while a model is trained; measured on Chinese, where every character is a token
)
CACHED = 8  # models that a process holds


class Trained(TypedDict):
    """The manifest of a unit whose survivors trained models."""

    models: dict[str, dict[str, str]]
    """Score → label → SHA-256 of both halves' models."""
    documents: int


@dataclass(frozen=True)
class Training(UnitTask):
    """One unit whose survivors train models."""

    @property
    def name(self) -> str:
        return f"train-{self.unit.name}"

    @property
    def memory(self) -> int:
        """Of the largest model while it is trained."""
        assert self.recipe.quality is not None
        sizes = [one.order * one.documents for one in asked(self.recipe.quality).values()]
        return max(TASK_MEMORY, 2**29 + TOKEN_BYTES * CHARACTERS * max(sizes))


def asked(quality: Quality) -> dict[str, TrainedNgrams]:
    """Score → the model that the run trains for it."""
    return {
        name: one.ngrams
        for name, one in quality.scores.items()
        if isinstance(one.ngrams, TrainedNgrams)
    }


def run(task: Training) -> Counts:
    """Train the models of a unit's labels, write and commit them."""
    assert task.recipe.quality is not None
    models = asked(task.recipe.quality)
    found: dict[str, dict[str, str]] = {name: {} for name in models}
    survivors = task.context.folder("survivors")
    for label in task.unit_labels():
        kept = np.flatnonzero(windows.kept(survivors, task.unit.name, label))
        for name, how in models.items():
            keys = np.zeros(label.documents, np.uint64)
            for own, read in label.stretches({"documents": ["id"]}):
                keys[own] = _keys(read["documents"]["id"], how.seed)
            halves = [_trained(label, kept[keys[kept] & 1 == half], keys, how) for half in (0, 1)]
            if None in halves:
                continue
            for half, data in enumerate(halves):
                with task.folder.store.create(_file(task.folder, name, label.name, half)) as file:
                    file.write(data or b"")
            digest = hashlib.sha256(b"".join(one or b"" for one in halves))
            found[name][label.name] = digest.hexdigest()
    manifest: Trained = {"models": found, "documents": task.unit.documents}
    task.folder.commit(task.name, manifest)
    return {"documents": task.unit.documents}


def hashes(folder: StepFolder, units: Iterable[Unit]) -> dict[str, dict[str, str]]:
    """Score → label → SHA-256 of both halves' models, once all units are trained."""
    found: dict[str, dict[str, str]] = {}
    for unit in units:
        trained = cast(Trained | None, folder.manifest(f"train-{unit.name}"))
        for name, models in trained["models"].items() if trained else ():
            found.setdefault(name, {}).update(models)
    return found


def answers(said: pa.Table, documents: pa.Table, quality: Quality, folder: StepFolder) -> pa.Table:
    """`said` of n documents (columns `id`, `label`, `text`), with the scores by trained models filled in."""
    for name, how in asked(quality).items():
        found = np.full(len(documents), np.nan)
        for label, start, stop in label_slices(documents["label"]):
            part = documents.slice(start, stop - start)
            halves = _keys(part["id"], how.seed) & 1
            for half in (0, 1):
                file = _Stored(_file(folder, name, label, 1 - half), folder.store)
                own = np.flatnonzero(halves == half)
                if not len(own) or not folder.store.exists(file.name):
                    continue
                texts = pc.fill_null(part["text"].take(own), "").combine_chunks()
                found[start + own] = _model(file).scores(texts, *quality.scores[name].stretch)
        said = scorers.entered(said, name, found)
    return said


def _keys(ids: pa.ChunkedArray, seed: int) -> np.ndarray:
    """uint64[n]: seeded hashes of ids; the lowest bit is the half."""
    return ranks(ids.to_pylist(), seed, "xxh64")


def _trained(label: Label, own: np.ndarray, keys: np.ndarray, how: TrainedNgrams) -> bytes | None:
    """The model's file of the documents with the least keys among some rows; None where they are too few."""
    if len(own) < LEAST:
        return None
    chosen = np.sort(own[least(keys[own], how.documents)])
    texts = label.alone().take("documents", ["text"], chosen)["text"]
    beginnings = pc.utf8_slice_codeunits(pc.fill_null(texts, ""), 0, CHARACTERS)
    try:
        model = ngrams.train(beginnings.combine_chunks().cast(pa.large_string()), how.order)
    except ValueError:  # no word in any of them
        return None
    file = io.BytesIO()
    model.write(file)
    return file.getvalue()


def _file(folder: StepFolder, name: str, label: str, half: int) -> str:
    return folder.file(f"{name}-{label}-{half}.ngrams.npz")


@dataclass(frozen=True)
class _Stored:
    """A file of a store; its name, which has the step's fingerprint, says what it holds."""

    name: str
    store: Store = field(compare=False)
    root: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", str(self.store))


@lru_cache(CACHED)
def _model(file: _Stored) -> NgramModel:
    with file.store.open(file.name) as opened:
        return ngrams.read(io.BytesIO(opened.read()))
