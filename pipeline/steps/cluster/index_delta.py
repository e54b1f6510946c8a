"""What a run adds to the index: contents that it saw first, their keys, its documents, the components as they are now.

See pipeline/index/versions.py for the tables. The files of a unit are written before its clusters are committed; no
version of the index names them until the run has been published.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from polysieve.pipeline.index.versions import (
    COMPONENTS,
    KEYS,
    OTHER_COLUMNS,
    Earlier,
    Extent,
    contents_schema,
    members_schema,
)
from polysieve.pipeline.recipe.clustering import Dedup
from polysieve.pipeline.steps.cluster.components import Found
from polysieve.pipeline.steps.cluster.dedup_inputs import DedupInputs
from polysieve.pipeline.storage.store import Store, parquet_writer

GROUP = 1 << 18  # rows of a row group: a label's slice of a shared file costs no more to read

Ranges = dict[str, dict[str, list[Extent]]]
"""label → table → extents that were written (file, first row, rows)."""


class Delta:
    """The tables that a run adds for the labels of a unit, in files that begin with `name`; `add` takes the labels.

    run: the number that this run will have in the index. `ranges` says where each label's rows are.
    """

    def __init__(self, store: Store, name: str, run: int, dedup: Dedup) -> None:
        self.store = store
        self.name = name
        self.run = run
        self.minhash = dedup.minhash
        self.members = members_schema(dedup.kept)
        self.ranges: Ranges = {}
        self.rows: dict[str, int] = {}
        self.writers: dict[str, pq.ParquetWriter] = {}
        self.files = ExitStack()

    def __enter__(self) -> "Delta":
        lanes = self.minhash.bands * self.minhash.rows if self.minhash else 0
        schemas = {"contents": contents_schema(lanes), "components": COMPONENTS}
        schemas |= {"keys": KEYS} if lanes else {}
        for table, schema in (schemas | {"members": self.members}).items():
            handle = self.files.enter_context(self.store.create(self._file(table)))
            self.writers[table] = self.files.enter_context(parquet_writer(handle, schema))
        return self

    def __exit__(self, *error: Any) -> bool | None:
        return self.files.__exit__(*error)

    def _file(self, table: str) -> str:
        return f"{self.name}-{table}.parquet"

    def add(self, inputs: DedupInputs, found: Found) -> None:
        """Write what the next label adds."""
        uncut = pc.is_null(
            inputs.label.read("documents", ["prefilter_reason"])["prefilter_reason"]
        ).to_numpy()
        rows = np.arange(inputs.earlier, inputs.count)
        new = uncut & (found.content[inputs.earlier :] == rows)
        numbers = _numbers(inputs, new)
        self._put(inputs, "contents", _contents(inputs, new))
        if self.minhash:
            self._put(inputs, "keys", _keys(inputs, self.minhash.bands, new, numbers))
        components = _components(inputs, found, new, numbers, uncut, self.run)
        self._put(inputs, "components", [components])
        members = _members(inputs, found, uncut, numbers, self.run, self.members)
        self._put(inputs, "members", members)

    def _put(self, inputs: DedupInputs, table: str, parts: Iterable[pa.Table]) -> None:
        first = row = self.rows.get(table, 0)
        writer = self.writers[table]
        for part in parts:
            writer.write_table(part.cast(writer.schema), row_group_size=GROUP)
            row += len(part)
        extents = [(self._file(table), first, row - first)]
        self.ranges.setdefault(inputs.label.name, {})[table] = extents
        self.rows[table] = row


def _numbers(inputs: DedupInputs, new: np.ndarray) -> np.ndarray:
    """int64[count]: the number within its label of every row that has a content first, -1 for others."""
    numbers = np.full(inputs.count, -1)
    numbers[: inputs.earlier] = np.arange(inputs.earlier)
    own = inputs.earlier + np.flatnonzero(new)
    numbers[own] = inputs.earlier + np.arange(len(own))
    return numbers


def _contents(inputs: DedupInputs, new: np.ndarray) -> Iterator[pa.Table]:
    signed = ["has_shingles", "signature"] if inputs.minhash else []
    for own, read in inputs.label.stretches({"bands": ["content_0", "content_1", *signed]}):
        chosen = read["bands"].filter(pa.array(new[own]))
        if not signed:
            n = len(chosen)
            chosen = chosen.append_column("has_shingles", pa.repeat(pa.scalar(False), n))
            chosen = chosen.append_column("signature", pa.nulls(n, pa.binary()))
        yield chosen


def _keys(
    inputs: DedupInputs, bands: int, new: np.ndarray, numbers: np.ndarray
) -> Iterator[pa.Table]:
    for band in range(bands):
        part = inputs.label.read("bands", [f"band_{band}", "has_shingles"])
        rows = np.flatnonzero(part["has_shingles"].to_numpy() & new)
        keys = part[f"band_{band}"].to_numpy()[rows]
        order = np.argsort(keys, kind="stable")
        contents = numbers[inputs.earlier + rows]
        yield pa.table([keys[order], contents[order]], schema=KEYS)


def _components(
    inputs: DedupInputs,
    found: Found,
    new: np.ndarray,
    numbers: np.ndarray,
    uncut: np.ndarray,
    run: int,
) -> pa.Table:
    assert found.provisional is not None
    earlier = inputs.earlier
    seen = np.bincount(found.content[earlier:][uncut], minlength=inputs.count)
    own = earlier + np.flatnonzero(new)
    rows = np.concatenate([np.arange(earlier), own])
    before = _before(inputs.index, inputs.label.name)
    documents = seen[rows] + np.r_[before["documents"].to_numpy(), np.zeros(len(own), np.int64)]
    first = np.r_[before["first_run"].to_numpy(), np.full(len(own), run, np.int32)]
    last = np.r_[before["last_run"].to_numpy(), np.full(len(own), run, np.int32)]
    last[seen[rows] > 0] = run
    columns = [
        numbers[found.provisional[rows]],
        numbers[found.component[rows]],
        documents,
        first.astype(np.int32),
        last.astype(np.int32),
    ]
    return pa.table(columns, schema=COMPONENTS)


def _before(index: Earlier | None, label: str) -> pa.Table:
    columns = ["documents", "first_run", "last_run"]
    if index is None:
        return pa.schema([COMPONENTS.field(name) for name in columns]).empty_table()
    return index.table(label, "components", COMPONENTS, columns)


def _members(
    inputs: DedupInputs,
    found: Found,
    uncut: np.ndarray,
    numbers: np.ndarray,
    run: int,
    schema: pa.Schema,
) -> Iterator[pa.Table]:
    label = inputs.label
    contents = numbers[found.content[inputs.earlier :]]
    own_columns = {"content", "run", "file_path"}
    columns = ["language_score", "date", "id", "offset"]
    columns += [name for name in schema.names if name in OTHER_COLUMNS]
    measured = [n for n in schema.names if n not in own_columns and n not in columns]
    tables = {"documents": columns, **({"signals": measured} if measured else {})}
    for own, read in label.stretches(tables):
        part = read["documents"]
        for name in measured:
            part = part.append_column(name, read["signals"][name].cast(schema.field(name).type))
        part = part.append_column("file_path", label.addresses(own))
        part = part.append_column("content", pa.array(contents[own]))
        part = part.append_column("run", pa.array(np.full(len(part), run, np.int32)))
        yield part.select(schema.names).filter(pa.array(uncut[own]))
