"""Parquet files that are filled a table at a time."""

from contextlib import ExitStack
from itertools import accumulate, pairwise
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polysieve.pipeline.storage.schema import parquet_rows
from polysieve.pipeline.storage.store import Store, parquet_writer


class Shards:
    """Writes tables to files by name; each becomes visible when it is closed, none after an error.

    limit: bytes of a table in memory after which a file is closed and the next one begun: the files of a name are
    `<name>00000.parquet` and on. None: one file, of the very name, which `close` ends.
    group_rows: rows of a row group, gathered over the tables; None: each table is cut by `schema.parquet_rows`.
    """

    def __init__(
        self, store: Store, limit: int | None = None, group_rows: int | None = None
    ) -> None:
        self._store, self._limit, self._group_rows = store, limit, group_rows
        self._open: dict[str, _File] = {}
        self._numbers: dict[str, int] = {}

    def __enter__(self) -> "Shards":
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        for name in list(self._open):
            if error is None:
                self.close(name)
            else:
                self._open.pop(name).stack.__exit__(kind, error, trace)

    def put(self, name: str, table: pa.Table) -> None:
        """Add rows to the file of a name; no rows begin no file."""
        if not len(table):
            return
        if name not in self._open:
            path = name
            if self._limit is not None:
                number = self._numbers[name] = self._numbers.get(name, -1) + 1
                path = f"{name}{number:05d}.parquet"
            self._open[name] = _File(self._store, path, table.schema)
        file = self._open[name]
        if self._group_rows is None:
            ends = [0, *accumulate(parquet_rows(table))]
            for start, stop in pairwise(ends):
                file.writer.write_table(table.slice(start, stop - start))
        else:
            file.gather(table, self._group_rows)
        file.size += table.nbytes
        if self._limit is not None and file.size >= self._limit:
            self.close(name)

    def close(self, name: str) -> None:
        """End the file of a name."""
        file = self._open.pop(name)
        if file.waiting:
            file.writer.write_table(pa.concat_tables(file.waiting))
        file.stack.close()


class _File:
    def __init__(self, store: Store, path: str, schema: pa.Schema) -> None:
        self.stack = ExitStack()
        handle = self.stack.enter_context(store.create(path))
        self.writer: pq.ParquetWriter = self.stack.enter_context(parquet_writer(handle, schema))
        self.size = 0
        self.waiting: list[pa.Table] = []

    def gather(self, table: pa.Table, rows: int) -> None:
        self.waiting.append(table)
        while sum(map(len, self.waiting)) >= rows:
            whole = pa.concat_tables(self.waiting)
            self.writer.write_table(whole.slice(0, rows))
            self.waiting = [whole.slice(rows)] if len(whole) > rows else []
