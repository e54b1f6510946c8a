"""The output folder, local or on an object store: whole files only, and folders swapped in at the end.

A local file is written under a temporary name on the same file system and renamed. An object
store makes an object visible only when it is whole, so it is written in place. A reader of a step never
lists a folder: it follows manifests (see pipeline/storage/ledger.py).
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import fsspec
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

TEMPORARY = ".tmp"
# Columns that hold few values or none; see parquet_writer.
REPEATING = frozenset(
    {"dump", "file_path", "language", "language_script", "label", "minhash_cluster_size", "weight"}
    | {"token_count", "quality_score", "origin", "source_id", "source_language", "doc_group_id"}
    | {"engine", "segment_status", "filter_reason", "outcome", "reason", "prefilter_reason"}
    | {"tier", "contaminated", "flags"}
)


class Store:
    """Files under one folder, named by their path relative to it with `/` between parts."""

    def __init__(self, root: str, storage_options: dict[str, Any] | None = None) -> None:
        root = root.removeprefix("file://")
        self.root = root.rstrip("/") if "://" in root else str(Path(root).absolute())
        self.options = storage_options or {}
        self.local = "://" not in self.root
        self._unsynced: list[str] = []
        self._fs: Any = None
        if not self.local:
            self._fs, self._base = fsspec.core.url_to_fs(self.root, **self.options)

    def __getstate__(self) -> dict[str, Any]:
        return {"root": self.root, "options": self.options}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["root"], state["options"])  # type: ignore[misc]

    def __str__(self) -> str:
        return self.root

    def path(self, name: str) -> str:
        """The address of `name`: a path for local stores, a key of the file system otherwise."""
        return os.path.join(self.root, name) if self.local else f"{self._base}/{name}"

    def exists(self, name: str) -> bool:
        return os.path.exists(self.path(name)) if self.local else self._fs.exists(self.path(name))

    def size(self, name: str) -> int:
        path = self.path(name)
        return os.path.getsize(path) if self.local else int(self._fs.size(path))

    def open(self, name: str) -> IO[bytes]:
        """`name`, open for reading, seekable. Raises FileNotFoundError."""
        if self.local:
            return open(self.path(name), "rb")
        return self._fs.open(self.path(name), "rb")

    @contextlib.contextmanager
    def create(self, name: str) -> Iterator[IO[bytes]]:
        """A binary file that becomes `name` when the block ends well, and leaves no trace otherwise."""
        if not self.local:
            # Nothing is uploaded under the name until the file is closed; an exception must not close it.
            file = self._fs.open(self.path(name), "wb")
            try:
                yield file
            except BaseException:
                with contextlib.suppress(Exception):
                    file.discard()
                raise
            file.close()
            return
        target = Path(self.path(name))
        temporary = Path(self.root, TEMPORARY, secrets.token_hex(8))
        temporary.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(temporary, "wb") as file:
                yield file
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary, target)
            self._unsynced.append(str(target))
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def sync(self) -> None:
        """Bring every file created so far to the disk: what a manifest names must outlive a power cut.

        Done for many files at once, this costs little more than for one.
        """
        for path in self._unsynced:
            with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
                os.fsync(file.fileno())
        self._unsynced.clear()

    def read_json(self, name: str) -> Any:
        with self.open(name) as file:
            return orjson.loads(file.read())

    def write_json(self, name: str, data: Any) -> None:
        with self.create(name) as file:
            file.write(orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))

    def write_text(self, name: str, text: str) -> None:
        with self.create(name) as file:
            file.write(text.encode())

    def write_table(
        self,
        name: str,
        table: pa.Table,
        row_groups: list[int] | None = None,
        *,
        level: int = 3,
        order: pa.Array | None = None,
    ) -> None:
        """A Parquet file; `row_groups` are the rows of each group in turn (default: groups of 10,000).

        order: the table's rows as they are to be written; they are taken a group at a time, so that
        no second copy of the table is held. It needs `row_groups`.
        """
        with self.create(name) as file, parquet_writer(file, table.schema, level) as writer:
            if row_groups is None:
                writer.write_table(table, row_group_size=10_000)
                return
            start = 0
            for rows in row_groups:
                part = table.slice(start, rows)
                if order is not None:
                    part = table.take(order.slice(start, rows))
                writer.write_table(part, row_group_size=max(rows, 1))
                start += rows

    def read_columns(
        self, name: str, columns: list[str] | None, start: int = 0, stop: int | None = None
    ) -> pa.Table:
        """Rows start:stop of a Parquet file; only the row groups that hold them are read."""
        with self.open(name) as file:
            parquet = pq.ParquetFile(file)
            stop = parquet.metadata.num_rows if stop is None else stop
            wanted, first, row = [], None, 0
            for group in range(parquet.num_row_groups):
                rows = parquet.metadata.row_group(group).num_rows
                if row < stop and row + rows > start:
                    wanted.append(group)
                    first = row if first is None else first
                row += rows
            table = parquet.read_row_groups(wanted, columns=columns, use_threads=False)
            return table.slice(start - (first or 0), stop - start)

    def read_groups(self, name: str, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """A Parquet file, a row group at a time."""
        with self.open(name) as file:
            parquet = pq.ParquetFile(file)
            for group in range(parquet.num_row_groups):
                yield parquet.read_row_group(group, columns=columns, use_threads=False)

    def folders(self) -> list[str]:
        """Names of the folders at the top."""
        if self.local:
            return (
                sorted(p.name for p in Path(self.root).iterdir() if p.is_dir())
                if os.path.isdir(self.root)
                else []
            )
        try:
            found = self._fs.ls(self._base, detail=True, refresh=True)
        except FileNotFoundError:
            return []
        return sorted(
            f["name"].rstrip("/").rsplit("/", 1)[-1] for f in found if f["type"] == "directory"
        )

    def files(self, folder: str) -> list[str]:
        """Names of all files below a folder, sorted (for publishing and cleaning, never to read a step)."""
        if self.local:
            base = Path(self.path(folder))
            return sorted(
                p.relative_to(self.root).as_posix() for p in base.rglob("*") if p.is_file()
            )
        self._fs.invalidate_cache()
        return sorted(p[len(self._base) + 1 :] for p in self._fs.find(self.path(folder)))

    def remove(self, name: str) -> None:
        """Remove a file or a folder, if it is there."""
        if self.local:
            path = Path(self.path(name))
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        elif self.exists(name):
            self._fs.rm(self.path(name), recursive=True)
            self._fs.invalidate_cache()

    def make_folder(self, name: str) -> None:
        """A folder that may stay empty (an object store has none)."""
        if self.local:
            os.makedirs(self.path(name), exist_ok=True)

    def link(self, name: str, other: str, prefix: str = "") -> None:
        """Make the files of folder `name` those of folder `other` too, without copying where possible: those whose
        names begin with `prefix`."""
        for file in self.files(name):
            if file[len(name) + 1 :].startswith(prefix):
                self.link_file(file, other + file[len(name) :])

    def link_file(self, name: str, other: str) -> None:
        """Make the file `name` the file `other` too, without copying where possible."""
        target = self.path(other)
        if not self.local:
            self._fs.copy(self.path(name), target)
            return
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.link(self.path(name), target)

    def publish(self, staged: str, final: str) -> None:
        """Make the folder `staged` the folder `final`; repeats safely after a kill at any point."""
        if not self.local:
            new = {name[len(staged) :] for name in self.files(staged)}
            for suffix in sorted(new):
                self._fs.copy(self.path(staged + suffix), self.path(final + suffix))
            for name in self.files(final):
                if name[len(final) :] not in new:
                    self.remove(name)
            return
        if not self.exists(staged):
            return  # it was swapped in before the kill
        old = f"{TEMPORARY}/old-{secrets.token_hex(8)}"
        if self.exists(final):
            Path(self.path(TEMPORARY)).mkdir(exist_ok=True)
            os.rename(self.path(final), self.path(old))
        os.rename(self.path(staged), self.path(final))
        self.remove(old)


def rows_of(parts: Iterable[pa.Table], numbers: np.ndarray) -> pa.Table:
    """Rows of a table that is given a part after the other, by their ascending numbers in the whole."""
    found, first = [], 0
    for part in parts:
        start, stop = np.searchsorted(numbers, [first, first + len(part)])
        found.append(part.take(pa.array(numbers[start:stop] - first)))
        first += len(part)
    return pa.concat_tables(found)


def parquet_writer(file: IO[bytes], schema: pa.Schema, level: int = 3) -> pq.ParquetWriter:
    """The one way this project writes Parquet: zstd where it pays, no dictionary for text and hashes.

    A dictionary of a few labels gains nothing from zstd, whose start costs a millisecond per file of
    many columns: with thousands of languages that is most of the time. Hashes (uint64, binary of a
    fixed size) do not shrink at all. Nobody looks for the least text, of which each page would hold copies.
    """
    plain = {"text", "id", "url", "signature"}
    dictionary = [f.name for f in schema if f.name not in plain and pa.types.is_string(f.type)]
    compression = {
        f.name: "none" if f.name in REPEATING or _is_hash(f.type) else "zstd" for f in schema
    }
    return pq.ParquetWriter(
        file,
        schema,
        compression=compression,
        compression_level={name: level for name, codec in compression.items() if codec == "zstd"},
        use_dictionary=dictionary,
        write_statistics=[f.name for f in schema if f.name not in {"text", "signature"}],
        write_page_index=True,
    )


def _is_hash(type: pa.DataType) -> bool:
    return bool(pa.types.is_uint64(type) or pa.types.is_fixed_size_binary(type))
