"""One document whose life is explained, with the tables of its label that several steps read of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.step import Context
from polysieve.pipeline.steps.units import Unit

Life = dict[str, Any]
"""What `polysieve explain --json` prints of a document; each step adds keys of its own."""
COLUMNS = (
    "id", "url", "date", "dump", "title", "label", "language_score", "top_langs", "offset", "record", "text",
)  # fmt: skip


@dataclass(frozen=True)
class Documents:
    """The documents of the label among which the explained one is."""

    context: Context
    unit: Unit
    label: Label

    @cached_property
    def measured(self) -> pa.Table:
        """COLUMNS of all rows."""
        return self.label.read("documents", list(COLUMNS))

    @cached_property
    def clusters(self) -> pa.Table:
        """What the step clusters says of all rows."""
        return self.of_unit("clusters")

    @cached_property
    def decisions(self) -> pa.Table:
        """The last decisions about all rows."""
        return self.of_unit("decisions")

    def of_unit(self, step: str) -> pa.Table:
        """The table that a step has of the unit, of all rows of the label."""
        return self.label.of_unit(self.context.folder(step), f"{self.unit.name}.parquet", None)


@dataclass(frozen=True)
class Explained:
    """A document: a row of its label."""

    documents: Documents
    row: int

    @property
    def context(self) -> Context:
        return self.documents.context

    @property
    def recipe(self) -> Recipe:
        return self.context.recipe

    @property
    def label(self) -> Label:
        return self.documents.label

    @cached_property
    def measured(self) -> dict[str, Any]:
        """COLUMNS of the document."""
        return self.documents.measured.slice(self.row, 1).to_pylist()[0]

    @cached_property
    def decision(self) -> dict[str, Any]:
        """`outcome`, `reason`, `minhash_cluster_size`, `weight`."""
        return self.documents.decisions.slice(self.row, 1).to_pylist()[0]

    def another(self, row: int) -> dict[str, Any]:
        """What is shown of another document of the label."""
        documents, decided = self.documents.measured, self.documents.decisions
        return {
            "id": documents["id"][row].as_py(),
            "url": documents["url"][row].as_py(),
            "file_path": self.documents.clusters["file_path"][row].as_py(),
            "outcome": decided["outcome"][row].as_py(),
            "reason": decided["reason"][row].as_py(),
        }
