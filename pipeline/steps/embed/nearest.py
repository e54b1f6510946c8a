"""The documents of a language that are nearest to seeds, among what all rules keep: scores of kind `nearest`.

A document's score is its similarity to the nearest seed that has it among its k nearest documents of the language;
FAR where no seed has. It follows from all of a language's vectors, so it is found before windows are scored
(pipeline/steps/scores.py), a unit at a time; a file of a unit has a row for each of its documents, in the order of the
segments, null where it was not asked about or its language has no seeds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from polysieve.filters.quality import encoders
from polysieve.filters.quality.nearest import BLOCK, Nearest
from polysieve.pipeline.recipe.quality import FAR, Quality, Score
from polysieve.pipeline.steps import windows
from polysieve.pipeline.steps.embed import embeddings
from polysieve.pipeline.steps.embed.embeddings import Encoding
from polysieve.pipeline.steps.score import scorers
from polysieve.pipeline.steps.step import Context, Task, UnitTask, manifest_of
from polysieve.pipeline.steps.units import Rows, Unit
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.texts import seeds

MARGIN = 1e-4  # between FAR and the score of the farthest neighbour


@dataclass(frozen=True)
class Seeds(Task):
    """A file of seeds to encode; kept among the vectors of documents."""

    path: str
    hash: str
    encoding: Encoding
    earlier: tuple[StepFolder, ...] = ()

    @property
    def piece(self) -> str:
        return seeds_piece(self.hash, self.encoding)

    @property
    def memory(self) -> int:
        return embeddings.TASK_MEMORY + encoders.loaded_bytes(self.encoding.encoder)


@dataclass(frozen=True)
class Search(UnitTask):
    """One unit whose documents are compared with seeds."""

    encoding: Encoding

    @property
    def piece(self) -> str:
        return f"nearest-{self.unit.piece}"

    @property
    def memory(self) -> int:
        """Neighbours of all seeds, a block of similarities, a number for each document, and the vectors of a unit of
        several labels."""
        assert self.recipe.quality is not None
        most, dim = 0, 0
        for one in asked(self.recipe.quality).values():
            for hash in scorers.hashes(one.path, "nearest").values():
                seeds_there, dim = _seeds_shape(self, hash)
                most = max(most, seeds_there * (16 * one.k + 9 * BLOCK + 8 * dim))
        of_documents = self.unit.documents * (8 + 4 * dim * (len(self.unit.labels) > 1))
        return 2**29 + 2 * most + of_documents


def asked(quality: Quality) -> dict[str, Score]:
    """The scores by neighbours."""
    return {name: one for name, one in quality.scores.items() if one.kind == "nearest"}


def seeds_piece(hash: str, encoding: Encoding) -> str:
    """The name of the vectors of seeds, by the hash of their files."""
    return f"seeds-{hash[:16]}-{encoding.column}"


def seeds_tasks(
    context: Context, folder: StepFolder, earlier: tuple[StepFolder, ...]
) -> list[Seeds]:
    """A task for each file of seeds. Raises ModelError."""
    quality = context.recipe.quality
    assert quality is not None
    found = {}
    for one in asked(quality).values():
        encoding = embeddings.written(quality)
        for label, hash in scorers.hashes(one.path, "nearest").items():
            path = one.path.replace(scorers.LABEL, label)
            task = Seeds(context, folder, path, hash, encoding, earlier)
            found[task.piece] = task
    return list(found.values())


def encode_seeds(task: Seeds) -> dict[str, Any]:
    """Encode a file of seeds, or take its vectors from an earlier folder, and commit them."""
    assert task.recipe.quality is not None
    name = f"{task.piece}.parquet"
    known = next((f for f in task.earlier if f.manifest(task.piece) is not None), None)
    if known:
        table = known.store.read_columns(known.file(name), None)
    else:
        texts = pa.chunked_array([pa.array(seeds.read(task.path), pa.large_string())])
        table = pa.table({"vector": embeddings.encode(task.encoding, texts, task.recipe.quality)})
    task.folder.store.write_table(task.folder.file(name), table)
    numbers = embeddings.unpacked(table["vector"]).shape[1]
    task.folder.commit(task.piece, {"seeds": len(table), "numbers": numbers})
    return {"seeds": len(table)}


def run(task: Search) -> dict[str, Any]:
    """Find the nearest documents of a unit's labels, write their scores and commit them."""
    assert task.recipe.quality is not None
    rows = task.rows()
    scores = asked(task.recipe.quality)
    found = {name: np.full(task.unit.documents, np.nan, np.float32) for name in scores}
    for label, parts in _labels(task, rows):
        searches = {}
        for name, one in scores.items():
            path = scorers.own_path(one.path, label, "nearest")
            if path is not None:
                searches[name] = Nearest(_seeds(task, seeds.files_hash(path)), one.k)
        for own, vectors in parts if searches else ():
            for name, search in searches.items():
                search.add(vectors, own)
                found[name][own] = FAR
        for name, search in searches.items():
            own, similarities = search.any()
            found[name][own] = np.maximum(similarities, FAR + MARGIN)
    columns = {name: pa.array(values, mask=np.isnan(values)) for name, values in found.items()}
    task.folder.store.write_table(task.folder.file(f"{task.piece}.parquet"), pa.table(columns))
    task.folder.commit(task.piece, {"documents": task.unit.documents})
    return {"documents": task.unit.documents}


def _seeds(task: Search, hash: str) -> np.ndarray:
    """float16[s, dim]"""
    vectors = task.context.folder("embeddings")
    name = vectors.file(f"{seeds_piece(hash, task.encoding)}.parquet")
    return embeddings.unpacked(vectors.store.read_columns(name, ["vector"])["vector"])


def _seeds_shape(task: Search, hash: str) -> tuple[int, int]:
    """Seeds, and numbers of each vector, as the step of vectors says."""
    manifest = manifest_of(task.context.folder("embeddings"), seeds_piece(hash, task.encoding))
    return manifest["seeds"], manifest["numbers"]


def _labels(
    task: Search, rows: Rows
) -> Iterator[tuple[str, Iterable[tuple[np.ndarray, np.ndarray]]]]:
    """Each label of the unit with the (rows in the order of the segments, float16[n, dim]) of what was encoded of it,
    in ascending rows: a window at a time where the unit has one label."""
    unit, column, folder = task.unit, task.encoding.column, task.context.folder("embeddings")
    encoded = embeddings.rows(folder, unit)
    if not rows.several_labels:
        yield unit.labels[0], _windows(task, encoded)
        return
    vectors = embeddings.read(folder, unit, column, 0, unit.documents)
    order = rows.order().to_numpy()
    for label, start, stop in rows.labels(unit):
        own = np.intersect1d(order[start:stop], encoded, assume_unique=True)
        places = pa.array(np.searchsorted(encoded, own))
        yield label, [(own, embeddings.unpacked(vectors.take(places)))] if len(own) else []


def _windows(task: Search, encoded: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    folder = task.context.folder("embeddings")
    for number in windows.windows(task.unit, embeddings.WINDOW_DOCUMENTS):
        start, stop = windows.bounds(task.unit, number, embeddings.WINDOW_DOCUMENTS)
        own = encoded[slice(*np.searchsorted(encoded, [start, stop]))]
        if len(own):
            column = task.encoding.column
            vectors = embeddings.read(folder, task.unit, column, start, stop)
            yield own, embeddings.unpacked(vectors)


def answers(
    said: pa.Table, folder: StepFolder, unit: Unit, rows: np.ndarray, quality: Quality
) -> pa.Table:
    """`said` of n documents with the scores by neighbours filled in; rows: int64[n], ascending, of the unit."""
    if not len(rows) or not asked(quality):
        return said
    start, stop = int(rows[0]), int(rows[-1]) + 1
    name = folder.file(f"nearest-{unit.piece}.parquet")
    table = folder.store.read_columns(name, None, start, stop).take(pa.array(rows - start))
    for column in table.column_names:
        said = scorers.entered(said, column, table[column].to_numpy())
    return said
