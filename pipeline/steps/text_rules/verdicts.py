"""What rules that read text say of the documents that the other rules keep.

Such rules are slow (a Python object per document). So documents are decided without them first, this step asks them
about what would be kept, in recipe order, each about what the one before it passed, and documents are decided again
with the answers. A window's file (pipeline/steps/windows.py) has for each rule `<rule>.passed` (null: not asked) and
`<rule>.reason`.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters import datatrove
from polysieve.pipeline.engines.engine import Counts
from polysieve.pipeline.engines.isolation import Crashed, isolated
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.section import Block
from polysieve.pipeline.steps import windows
from polysieve.pipeline.steps.labels import window_of
from polysieve.pipeline.steps.step import UnitTask
from polysieve.pipeline.steps.windows import in_place

COLUMNS = ["text", "id", "dump", "url", "date", "label", "language_score", "top_langs"]
CRASHED = "error_crash"


@dataclass(frozen=True)
class Judging(UnitTask):
    """One window of a unit to judge."""

    number: int
    careful: bool = False
    """Judge in a process of its own, so that a document which kills it is found."""

    @property
    def name(self) -> str:
        return windows.name_of(self.unit.name, self.number)

    def with_care(self) -> "Judging":
        return replace(self, careful=True)


def run(task: Judging) -> Counts:
    """Judge one window and commit it. Raises datatrove.BlockFailed, which names rule and document."""
    screening = task.context.folder("screening")
    found = []
    for label in window_of(task.unit_labels(), *windows.bounds(task.unit, task.number)):
        kept = windows.kept(screening, task.unit.name, label)
        for own, read in label.stretches({"documents": COLUMNS}):
            asked = np.flatnonzero(kept[own])
            place = label.addresses(own).take(pa.array(asked))
            documents = read["documents"].take(asked).append_column("file_path", place)
            verdicts = judged(as_metadata(documents), task.recipe, task.careful)
            found.append(in_place(verdicts, asked, own.stop - own.start))
    table = pa.concat_tables(found)
    task.folder.store.write_table(task.folder.file(f"{task.name}.parquet"), table)
    counts = {"documents": pc.count(table.column(0)).as_py()}
    task.folder.commit(task.name, counts)
    return counts


def judged(documents: pa.Table, recipe: Recipe, careful: bool = False) -> pa.Table:
    """Each rule's verdicts over n documents, columns `<rule>.passed` and `<rule>.reason`."""
    columns: dict[str, pa.Array] = {}
    remaining = np.arange(documents.num_rows)
    for name, block in recipe.text_rules.items():
        asked = documents.take(remaining)
        ask = _ask_carefully if careful else _ask
        verdicts = pa.table(ask(asked, block, recipe.seed).columns, schema=datatrove.VERDICTS)
        placed = in_place(verdicts, remaining, documents.num_rows)
        columns |= {f"{name}.{c}": placed[c] for c in placed.column_names}
        remaining = remaining[verdicts["passed"].to_numpy(zero_copy_only=False)]
    return pa.table(columns)


def as_metadata(part: pa.Table) -> pa.Table:
    """What a rule sees of documents: text and id, and the corpus's columns as metadata."""
    labels = pc.split_pattern(part["label"], "_")
    return (
        part.drop_columns(["label"])
        .append_column("language", pc.list_element(labels, 0))
        .append_column("language_script", pc.list_element(labels, 1))
    )


def _ask(documents: pa.Table, block: Block, seed: int) -> pa.RecordBatch:
    return datatrove.judge(block.datatrove, block.arguments, documents, seed)


def _ask_carefully(documents: pa.Table, block: Block, seed: int) -> pa.RecordBatch:
    """As `_ask`, but a document that kills the process is dropped, with CRASHED as the reason."""
    found: list[pa.RecordBatch] = []
    numbers = list(range(documents.num_rows))
    for result in isolated(_ask_rows, numbers, documents, block, seed):
        if isinstance(result, Crashed):
            result = pa.RecordBatch.from_arrays(
                [pa.array([False]), pa.array([CRASHED])], schema=datatrove.VERDICTS
            )
        found.append(result)
    return pa.concat_batches(found) if found else _ask(documents, block, seed)


def _ask_rows(numbers: list[int], documents: pa.Table, block: Block, seed: int) -> pa.RecordBatch:
    return _ask(documents.take(numbers), block, seed)
