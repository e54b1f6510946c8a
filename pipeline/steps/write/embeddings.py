"""Vectors beside the corpus: `embeddings/<label>/train-00000.parquet` has a row for each one of the corpus's file of
that name, in its order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from polysieve.pipeline.engines.engine import Counts
from polysieve.pipeline.steps import windows
from polysieve.pipeline.steps.decide.manifest import Decided, DecidedLabel
from polysieve.pipeline.steps.embed import embeddings
from polysieve.pipeline.steps.embed.embeddings import Encoding
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.step import UnitTask, manifest_of
from polysieve.pipeline.storage.shards import Shards

EMBEDDINGS = "embeddings"
GROUP = 10_000  # rows


@dataclass(frozen=True)
class Vectors(UnitTask):
    """The vectors of one unit's labels."""

    encoding: Encoding

    @property
    def name(self) -> str:
        return f"{EMBEDDINGS}-{self.unit.name}"


def run(task: Vectors) -> Counts:
    """Write the vectors of what is kept of one unit, and commit it."""
    manifest = manifest_of(task.context.folder("decisions"), task.unit.name, Decided)
    ends, names = _shards(manifest["labels"], task.recipe.output.shard_bytes)
    written, last = 0, ""
    with Shards(task.folder.store, group_rows=GROUP) as shards:
        for label in task.unit_labels():
            for rows, ids, vectors in _kept(task, label):
                schema = _schema(task.encoding, vectors.shape[1])
                files_of = np.searchsorted(ends, rows + label.first, side="right")
                for number in np.unique(files_of).tolist():
                    file = task.folder.file(names[number])
                    if last not in ("", file):
                        shards.close(last)
                    start, stop = np.searchsorted(files_of, [number, number + 1]).tolist()
                    part = _table(ids.slice(start, stop - start), vectors[start:stop], schema)
                    shards.put(file, part)
                    last = file
                written += len(rows)
    task.folder.commit(task.name, {"documents": written})
    return {"documents": written}


def _shards(labels: Mapping[str, DecidedLabel], shard_bytes: int) -> tuple[np.ndarray, list[str]]:
    """(the row of the unit after each corpus file's last, the files' names), as pipeline/steps/write/corpus.py cuts
    them."""
    ends, names, first = [], [], 0
    for label, values in labels.items():
        n = values["documents"]
        own = values["shards"]["corpus"] if values["text_bytes"] > shard_bytes else [n]
        for number, end in enumerate(own):
            ends.append(first + end)
            names.append(f"{EMBEDDINGS}/{label}/train-{number:05d}.parquet")
        first += n
        if own and own[-1] < n:  # rows after the last kept one
            ends.append(first)
            names.append("")
    return np.array(ends, np.int64), names


def _kept(task: Vectors, label: Label) -> Iterator[tuple[np.ndarray, pa.ChunkedArray, np.ndarray]]:
    """(rows, ids, float16[n, dim]) of what is kept of a label, a window at a time."""
    column, unit_name = task.encoding.column, task.unit.name
    decisions, vectors = task.context.folder("decisions"), task.context.folder("embeddings")
    kept = windows.kept(decisions, unit_name, label)
    for rows, part in embeddings.encoded(vectors, unit_name, label, [column]):
        stays = np.flatnonzero(kept[rows])
        if len(stays):
            first, stop = int(rows[0]), int(rows[-1]) + 1
            near = label.window(first, stop)
            ids = near.take("documents", ["id"], rows[stays] - first)["id"]
            yield rows[stays], ids, embeddings.unpacked(part[column].take(pa.array(stays)))


def _table(ids: pa.ChunkedArray, vectors: np.ndarray, schema: pa.Schema) -> pa.Table:
    flat = pa.array(np.ascontiguousarray(vectors).reshape(-1))
    column = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    return pa.table([ids.combine_chunks(), column], schema=schema)


def _schema(encoding: Encoding, dim: int) -> pa.Schema:
    about = {"encoder": encoding.encoder, "encoder_sha256": encoding.hash}
    return pa.schema(
        [("id", pa.string()), ("embedding", pa.list_(pa.float16(), dim))],
        {**about, "window": str(encoding.window), "unit_length": "true"},
    )
