"""The step shuffle: every shard's documents, read from what was drawn of each window and written in their order.

A document's place in a stage is a hash of its id, the seed and the repetition; a shard is a range of places. Two
places are the same where an id occurs twice: then the order of files and rows decides.
"""

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, TypedDict

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import zstandard

from polysieve.pipeline.engines.engine import TASK_MEMORY, BaseTask, Counts
from polysieve.pipeline.mixing.spec import Mix
from polysieve.pipeline.mixing.steps.draw import PLACE, SHARDS, schema
from polysieve.pipeline.steps.step import manifest_of
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.schema import parquet_rows

PUBLISHED = "mix"
DRAWN = "drawn"
"""The manifest of the folder of the step draw that names its files in order."""
JSON_ROWS = 1000
LEVEL = 3


class Shard(TypedDict):
    """The manifest of a shard."""

    documents: int
    text_bytes: int


class DrawnTasks(TypedDict):
    """The manifest DRAWN."""

    tasks: list[str]


@dataclass(frozen=True)
class Task(BaseTask):
    """One shard."""

    folder: StepFolder
    drawn: StepFolder
    number: int
    """Over all stages."""
    stage: str
    within: int
    """Its number within the stage."""
    spec: Mix

    @property
    def name(self) -> str:
        return f"{self.stage}-{self.within:05d}"

    @property
    def memory(self) -> int:
        """Bytes that the task may need: the shard as it was drawn, and what is written of it at a time."""
        return max(TASK_MEMORY, 3 * self.spec.output.shard_bytes)

    @property
    def file(self) -> str:
        """The name of what is published."""
        return f"{PUBLISHED}/{self.stage}/train-{self.within:05d}.{self.spec.output.format}"


def run(task: Task) -> Counts:
    """Write a shard and commit it."""
    table = _read(task)
    order = pa.array(np.argsort(table[PLACE].to_numpy(), kind="stable"))
    table = table.drop_columns([PLACE]).replace_schema_metadata(None)
    store, name = task.folder.store, task.folder.file(task.file)
    if len(table) and task.spec.output.format == "parquet":
        store.write_table(name, table, parquet_rows(table), level=LEVEL, order=order)
    elif len(table):
        with store.create(name) as file:
            _write_lines(file, table, order)
    text_bytes = (
        pc.sum(pc.binary_length(table["text"])).as_py() if "text" in table.column_names else 0
    )
    manifest: Shard = {"documents": len(table), "text_bytes": text_bytes or 0}
    task.folder.commit(task.name, manifest)
    return {"documents": manifest["documents"], "text_bytes": manifest["text_bytes"]}


def _read(task: Task) -> pa.Table:
    """The shard's documents, in the order of files and rows."""
    batches = []
    for name in _names(task.drawn):
        with task.drawn.store.open(task.drawn.file(f"{name}.arrow")) as file:
            reader = pa.ipc.open_file(file)
            own = np.frombuffer(reader.schema.metadata[SHARDS], "<i4")
            first, end = np.searchsorted(own, [task.number, task.number + 1])
            batches += [reader.get_batch(i) for i in range(first, end)]
    return pa.Table.from_batches(
        [b.replace_schema_metadata(None) for b in batches], schema(task.spec)
    )


@lru_cache(maxsize=2)
def _names(folder: StepFolder) -> list[str]:
    return manifest_of(folder, DRAWN, DrawnTasks)["tasks"]


def _write_lines(file: IO[bytes], table: pa.Table, order: pa.Array) -> None:
    """A JSON object a line, nulls left out, compressed."""
    with zstandard.ZstdCompressor(level=LEVEL).stream_writer(file, closefd=False) as packed:
        for start in range(0, len(order), JSON_ROWS):
            lines = io.BytesIO()
            for row in table.take(order.slice(start, JSON_ROWS)).to_pylist():
                lines.write(orjson.dumps({k: v for k, v in row.items() if v is not None}))
                lines.write(b"\n")
            packed.write(lines.getvalue())
