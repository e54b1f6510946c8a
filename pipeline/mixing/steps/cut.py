"""The step cut: where in the order of each cell's copies every stage ends. No text is read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from polysieve.pipeline.engines.engine import BaseTask, Counts
from polysieve.pipeline.mixing.cells import Cell, of_json
from polysieve.pipeline.mixing.inputs import Input
from polysieve.pipeline.mixing.sampling import Chunk, Copies, Cut, cuts
from polysieve.pipeline.mixing.steps.survey import Surveyed
from polysieve.pipeline.steps.step import manifest_of
from polysieve.pipeline.storage.ledger import StepFolder

ROWS = 1 << 20  # of a survey that are read at a time
ALL = "all"
"""The manifest that says the cuts of all cells."""


Cuts = list[tuple[list[str], list[list[int]]]]
"""The key of a cell, and of each stage the fields of `Cut`."""


class Found(TypedDict):
    """The manifest of a label, and of all."""

    cuts: Cuts


@dataclass(frozen=True)
class Wanted:
    """A cell, what it holds, and of each stage: what is to be taken up to its end, and what at most."""

    cell: Cell
    total: int
    targets: tuple[int, ...]
    most: tuple[float, ...]
    inputs: tuple[Input, ...]
    """The files that hold some of it."""


@dataclass(frozen=True)
class Task(BaseTask):
    """Cells of one label, or of several small ones."""

    folder: StepFolder
    survey: StepFolder
    number: int
    wanted: tuple[Wanted, ...]

    @property
    def name(self) -> str:
        return f"label-{self.number:05d}"


def run(task: Task) -> Counts:
    """Find the cuts of a label's cells and commit them."""
    found: Cuts = [
        (wanted.cell.key, [[c.passes, c.rank, c.file, c.row] for c in _cuts(task, wanted)])
        for wanted in task.wanted
    ]
    manifest: Found = {"cuts": found}
    task.folder.commit(task.name, manifest)
    return {"cells": len(found)}


def _cuts(task: Task, wanted: Wanted) -> list[Cut]:
    def chunks() -> Iterator[Chunk]:
        for input in wanted.inputs:
            manifest = manifest_of(task.survey, input.key, Surveyed)
            number = list(of_json(manifest["cells"])).index(wanted.cell)
            rows = sum(n for n, _ in manifest["groups"])
            for start in range(0, rows, ROWS):
                yield _chunk(task.survey, input, number, start, min(start + ROWS, rows))

    return cuts(chunks, wanted.total, wanted.targets, wanted.most)


def _chunk(folder: StepFolder, input: Input, number: int, start: int, stop: int) -> Chunk:
    """The copies of a cell's documents among some rows of a survey."""
    table = folder.store.read_columns(folder.file(f"{input.key}.parquet"), None, start, stop)
    rows = np.flatnonzero(table["cell"].to_numpy() == number)
    copies = Copies.of(table["rank"].to_numpy()[rows], table["weight"].to_numpy()[rows])
    amounts = table["amount"].to_numpy()[rows]
    return Chunk(copies.ranks, amounts[copies.rows], start + rows[copies.rows], input.number)


def read(folder: StepFolder) -> dict[Cell, list[Cut]]:
    """Every cell's cuts, a stage each."""
    manifest = manifest_of(folder, ALL, Found)
    return {Cell.of(key): [Cut(*cut) for cut in own] for key, own in manifest["cuts"]}
