"""The documents of a language that are nearest to seeds, among what all rules keep: scores of kind `nearest`.

A document's score is its similarity to the nearest seed that has it among its k nearest documents of the language;
FAR where no seed has. It follows from all of a language's vectors, so it is found before windows are scored
(pipeline/steps/score/scores.py), a unit at a time; a file of a unit has a row for each of its documents, null where it
was not asked about or its language has no seeds.
"""

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pyarrow as pa

from polysieve.filters.quality import encoders
from polysieve.filters.quality.nearest import BLOCK, Nearest
from polysieve.pipeline.engines.engine import TASK_MEMORY, Counts
from polysieve.pipeline.recipe.quality import FAR, Quality, Score
from polysieve.pipeline.steps import scorers
from polysieve.pipeline.steps.embed import embeddings
from polysieve.pipeline.steps.embed.embeddings import Encoding
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.step import Context, Task, UnitTask, manifest_of
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.texts import seeds

MARGIN = 1e-4  # between FAR and the score of the farthest neighbour


class EncodedSeeds(TypedDict):
    """The manifest of a file of seeds."""

    seeds: int
    numbers: int
    """Of each vector."""


@dataclass(frozen=True)
class Seeds(Task):
    """A file of seeds to encode; kept among the vectors of documents."""

    path: str
    hash: str
    encoding: Encoding
    earlier: tuple[StepFolder, ...] = ()

    @property
    def name(self) -> str:
        return seeds_name(self.hash, self.encoding)

    @property
    def memory(self) -> int:
        return embeddings.TASK_MEMORY + encoders.loaded_bytes(self.encoding.encoder)


@dataclass(frozen=True)
class Search(UnitTask):
    """One unit whose documents are compared with seeds."""

    encoding: Encoding

    @property
    def name(self) -> str:
        return f"nearest-{self.unit.name}"

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
        return max(TASK_MEMORY, 2**29 + 2 * most + of_documents)


def asked(quality: Quality) -> dict[str, Score]:
    """The scores by neighbours."""
    return {name: one for name, one in quality.scores.items() if one.kind == "nearest"}


def seeds_name(hash: str, encoding: Encoding) -> str:
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
            found[task.name] = task
    return list(found.values())


def encode_seeds(task: Seeds) -> Counts:
    """Encode a file of seeds, or take its vectors from an earlier folder, and commit them."""
    assert task.recipe.quality is not None
    name = f"{task.name}.parquet"
    known = next((f for f in task.earlier if f.manifest(task.name) is not None), None)
    if known:
        table = known.store.read_columns(known.file(name), None)
    else:
        texts = pa.chunked_array([pa.array(seeds.read(task.path), pa.large_string())])
        table = pa.table({"vector": embeddings.encode(task.encoding, texts, task.recipe.quality)})
    task.folder.store.write_table(task.folder.file(name), table)
    numbers = embeddings.unpacked(table["vector"]).shape[1]
    manifest: EncodedSeeds = {"seeds": len(table), "numbers": numbers}
    task.folder.commit(task.name, manifest)
    return {"seeds": len(table)}


def run(task: Search) -> Counts:
    """Find the nearest documents of a unit's labels, write their scores and commit them."""
    assert task.recipe.quality is not None
    scores = asked(task.recipe.quality)
    found: dict[str, list[np.ndarray]] = {name: [] for name in scores}
    vectors_of, column = task.context.folder("embeddings"), task.encoding.column
    for label in task.unit_labels():
        searches = {}
        for name, one in scores.items():
            path = scorers.own_path(one.path, label.name, "nearest")
            if path is not None:
                searches[name] = Nearest(_seeds(task, seeds.files_hash(path)), one.k)
            found[name].append(np.full(label.documents, np.nan, np.float32))
        if not searches:
            continue
        for rows, part in embeddings.encoded(vectors_of, task.unit.name, label, [column]):
            vectors = embeddings.unpacked(part[column])
            for name, search in searches.items():
                search.add(vectors, rows)
                found[name][-1][rows] = FAR
        for name, search in searches.items():
            rows, similarities = search.any()
            found[name][-1][rows] = np.maximum(similarities, FAR + MARGIN)
    values = {name: np.concatenate(parts) for name, parts in found.items()}
    columns = {name: pa.array(own, mask=np.isnan(own)) for name, own in values.items()}
    task.folder.store.write_table(task.folder.file(f"{task.name}.parquet"), pa.table(columns))
    task.folder.commit(task.name, {"documents": task.unit.documents})
    return {"documents": task.unit.documents}


def _seeds(task: Search, hash: str) -> np.ndarray:
    """float16[s, dim]"""
    vectors = task.context.folder("embeddings")
    name = vectors.file(f"{seeds_name(hash, task.encoding)}.parquet")
    return embeddings.unpacked(vectors.store.read_columns(name, ["vector"])["vector"])


def _seeds_shape(task: Search, hash: str) -> tuple[int, int]:
    """Seeds, and numbers of each vector, as the step of vectors says."""
    name = seeds_name(hash, task.encoding)
    manifest = manifest_of(task.context.folder("embeddings"), name, EncodedSeeds)
    return manifest["seeds"], manifest["numbers"]


def answers(
    said: pa.Table,
    folder: StepFolder,
    unit_name: str,
    label: Label,
    rows: np.ndarray,
    quality: Quality,
) -> pa.Table:
    """`said` of n documents with the scores by neighbours filled in; rows: int64[n], of the label."""
    if not len(rows) or not asked(quality):
        return said
    table = label.of_unit(folder, f"nearest-{unit_name}.parquet", None).take(pa.array(rows))
    for column in table.column_names:
        said = scorers.entered(said, column, table[column].to_numpy())
    return said
