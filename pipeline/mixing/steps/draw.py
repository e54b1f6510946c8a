"""The step draw: the documents of some rows of a file, as often as each stage shows them, laid out by shard.

An Arrow file per window, with the documents of one shard side by side, so that the step shuffle reads a slice of each.
All texts of a window are held once; what is written is taken from them a batch at a time, however often a document is
repeated.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypedDict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.pipeline.engines.engine import TASK_MEMORY, BaseTask, Counts
from polysieve.pipeline.engines.packing import ranges
from polysieve.pipeline.mixing.cells import Cell, of_json
from polysieve.pipeline.mixing.exposure import Seen
from polysieve.pipeline.mixing.inputs import Input
from polysieve.pipeline.mixing.sampling import Copies, Cut, exposures
from polysieve.pipeline.mixing.spec import Mix
from polysieve.pipeline.mixing.steps import cut
from polysieve.pipeline.mixing.steps.survey import Surveyed
from polysieve.pipeline.steps.step import manifest_of
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.schema import CORPUS

PLACE = "place"
SHARDS = b"shards"
"""In the schema's metadata: of each batch, the number of its shard over all stages (int32, ascending)."""
_HALF = np.uint64(32)


@dataclass(frozen=True)
class Task(BaseTask):
    """Rows start to before stop of a file."""

    folder: StepFolder
    survey: StepFolder
    cuts: StepFolder
    input: Input
    window: int
    start: int
    stop: int
    spec: Mix
    shards: tuple[int, ...]
    """How many each stage has."""

    @property
    def name(self) -> str:
        return f"{self.input.key}-{self.window:05d}"

    @property
    def memory(self) -> int:
        """Bytes that the task may need: the window, and a batch of as many bytes taken from it."""
        return max(TASK_MEMORY, 4 * self.spec.output.window_bytes)


class DrawnCounts(TypedDict):
    """The manifest of a window."""

    seen: list[list[int]]
    """Stage, number of the cell, and the fields of `Seen`."""
    exposures: int


@dataclass(frozen=True)
class Drawn:
    """What all stages show of a window; arrays of one length, in the order of rows, stages and repetitions."""

    rows: np.ndarray
    stages: np.ndarray
    repetitions: np.ndarray
    places: np.ndarray
    cells: np.ndarray


def windows(groups: list[list[int]], most: int) -> list[tuple[int, int]]:
    """First row and the row after the last of each window: row groups one after the other, up to `most` bytes of
    text, one at least. groups: rows and bytes of each row group."""
    rows, text_bytes = np.array(groups, np.int64).reshape(-1, 2).T
    ends = np.r_[0, np.cumsum(rows)].tolist()
    found = [(ends[first], ends[stop]) for first, stop in ranges(text_bytes, most)]
    return [(start, stop) for start, stop in found if start < stop]


def run(task: Task) -> Counts:
    """Draw a window's documents and commit them. Raises RuntimeError where the file has changed since the survey."""
    drawn, cells = _drawn(task)
    seen = {}
    text_bytes = 0
    if len(drawn.rows):
        documents = _documents(task)
        seen = _seen(drawn, documents, cells)
        sources = pa.array([cell.source for cell in cells], pa.string())
        text_bytes = _write(task, drawn, documents, sources)
    counts = [[*key, *vars(added).values()] for key, added in seen.items()]
    manifest: DrawnCounts = {"seen": counts, "exposures": len(drawn.rows)}
    task.folder.commit(task.name, manifest)
    return {"documents": len(drawn.rows), "text_bytes": text_bytes}


def seen_of(task: Task) -> dict[tuple[int, Cell], Seen]:
    """(stage, cell) -> what a window that is drawn adds to it."""
    manifest = manifest_of(task.folder, task.name, DrawnCounts)
    cells = _cells(task)
    return {(stage, cells[cell]): Seen(*counts) for stage, cell, *counts in manifest["seen"]}


def _cells(task: Task) -> list[Cell]:
    """The cells of the file, in the order of their numbers."""
    return list(of_json(manifest_of(task.survey, task.input.key, Surveyed)["cells"]))


def _drawn(task: Task) -> tuple[Drawn, list[Cell]]:
    name = task.survey.file(f"{task.input.key}.parquet")
    survey = task.survey.store.read_columns(name, None, task.start, task.stop)
    ranks, weights = survey["rank"].to_numpy(), survey["weight"].to_numpy()
    cells = _cells(task)
    cuts = _cuts(task.cuts)
    of_cell = survey["cell"].to_numpy()
    parts: list[tuple[np.ndarray, ...]] = []
    for number in np.unique(of_cell[of_cell >= 0]):
        rows = np.flatnonzero(of_cell == number)
        parts += _of_cell(task, int(number), rows, ranks[rows], weights[rows], cuts[cells[number]])
    if not parts:
        return Drawn(*(np.empty(0, np.int64),) * 5), cells
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((columns[2], columns[1], columns[0]))
    return Drawn(*(column[order] for column in columns)), cells


def _of_cell(
    task: Task,
    number: int,
    rows: np.ndarray,
    ranks: np.ndarray,
    weights: np.ndarray,
    cuts: list[Cut],
) -> Iterator[tuple[np.ndarray, ...]]:
    """(rows, stages, repetitions, places, cells) of a cell's documents, a stage each."""
    copies = Copies.of(ranks, weights)
    numbers = task.start + rows[copies.rows]
    before = np.zeros(len(numbers), np.int64)
    for stage, end in enumerate(cuts):
        through = end.before(copies.ranks, task.input.number, numbers)
        shown = exposures(copies, ranks, weights, before, through)
        before = through
        n = len(shown.rows)
        yield (
            rows[shown.rows], np.full(n, stage), shown.repetitions, shown.places, np.full(n, number),
        )  # fmt: skip


@lru_cache(maxsize=2)
def _cuts(folder: StepFolder) -> dict[Cell, list[Cut]]:
    return cut.read(folder)


def _documents(task: Task) -> pa.Table:
    """The columns that are written or counted, of the window's rows; null where the file lacks one."""
    file = task.input
    store = file.store
    if store.local and not file.rendered and store.size(file.name) != file.size:
        raise RuntimeError(f"{file.root}/{file.name} has changed since it was surveyed; run again")
    names = dict.fromkeys([*task.spec.output.columns, "text", "word_count", "token_count"])
    found = store.read_columns(file.file, list(names), task.start, task.stop)
    columns = []
    for name in names:
        kind = CORPUS.field(name).type
        there = name in found.column_names
        columns.append(found[name].cast(kind) if there else pa.nulls(len(found), kind))
    return pa.table(columns, names=list(names))


def _seen(drawn: Drawn, documents: pa.Table, cells: list[Cell]) -> dict[tuple[int, int], Seen]:
    """(stage, cell) -> what the window adds to it."""
    lengths = pc.binary_length(documents["text"])
    words, tokens, text_bytes = (
        pc.fill_null(column, 0).to_numpy()
        for column in (documents["word_count"], documents["token_count"], lengths)
    )
    key = drawn.stages * len(cells) + drawn.cells
    found = {}
    for code in np.unique(key):
        chosen = key == code
        rows = drawn.rows[chosen]
        stage, cell = divmod(int(code), len(cells))
        found[stage, cell] = Seen(
            exposures=len(rows),
            documents=len(np.unique(rows)),
            words=int(words[rows].sum()),
            tokens=int(tokens[rows].sum()),
            text_bytes=int(text_bytes[rows].sum()),
            repetitions=int(drawn.repetitions[chosen].max()) + 1,
        )
    return found


def schema(spec: Mix) -> pa.Schema:
    """Of what is drawn: the columns that are written, and the place in the stage's order."""
    fields = [CORPUS.field(name) for name in spec.output.columns]
    fields += [pa.field("source", pa.string()), pa.field("repetition", pa.int32())]
    return pa.schema([*fields, pa.field(PLACE, pa.uint64())])


def _write(task: Task, drawn: Drawn, documents: pa.Table, sources: pa.Array) -> int:
    """Write what is drawn, a batch for each shard; returns the bytes of its texts."""
    shards = np.array(task.shards, np.uint64)
    first = np.cumsum(shards) - shards
    of_stage = drawn.stages.astype(np.int64)
    number = (first[of_stage] + (((drawn.places >> _HALF) * shards[of_stage]) >> _HALF)).astype(
        np.int64
    )
    order = np.argsort(number, kind="stable")
    number = number[order]
    lengths = pc.fill_null(pc.binary_length(documents["text"]), 0).to_numpy()
    through = np.cumsum(lengths[drawn.rows[order]])
    batch = through // task.spec.output.window_bytes
    ends = np.flatnonzero((np.diff(number) != 0) | (np.diff(batch) != 0)) + 1
    starts = np.concatenate([[0], ends])
    described = schema(task.spec).with_metadata({SHARDS: number[starts].astype("<i4").tobytes()})
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        task.folder.store.create(task.folder.file(f"{task.name}.arrow")) as file,
        pa.ipc.new_file(file, described, options=options) as writer,
    ):
        for start, end in zip(starts, [*ends, len(order)], strict=True):
            chosen = order[start:end]
            part = documents.select(task.spec.output.columns).take(pa.array(drawn.rows[chosen]))
            columns = [column.combine_chunks() for column in part.columns]
            columns += [
                sources.take(pa.array(drawn.cells[chosen])),
                pa.array(drawn.repetitions[chosen], pa.int32()),
                pa.array(drawn.places[chosen]),
            ]
            writer.write_batch(pa.record_batch(columns, schema=described))
    return int(through[-1])
