"""The items of benchmarks, read from files."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from polysieve.pipeline.texts.labelled import open_lines

SUFFIXES = (".parquet", ".jsonl", ".json", ".txt", ".csv", ".tsv")
COMPRESSED = (".gz", ".zst", ".xz", ".bz2")


class BenchmarkError(ValueError):
    """A file that cannot be used: one line with the file and the cure."""


def files(path: str) -> list[Path]:
    """The file at a path, or those under a folder, in order. Raises BenchmarkError."""
    root = Path(path)
    found = [root] if root.is_file() else sorted(p for p in root.rglob("*") if _suffix(p))
    if not found:
        raise BenchmarkError(f"{path}: no file there; name Parquet, JSONL or text files")
    if not _suffix(found[0]):
        raise BenchmarkError(f"{path}: not one of {', '.join(SUFFIXES)}; convert it")
    return found


def files_hash(path: str) -> str:
    """SHA-256 over the files at a path. Raises BenchmarkError."""
    digest = hashlib.sha256()
    for file in files(path):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def items(path: str) -> list[str]:
    """Every text of the files at a path: each string of a record, wherever it stands in it; each line of a text file.

    Raises BenchmarkError.
    """
    return [text for file in files(path) for text in _texts(file)]


def _suffix(file: Path) -> str | None:
    name = file.name
    for ending in COMPRESSED:
        name = name.removesuffix(ending)
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)


def _texts(file: Path) -> Iterator[str]:
    kind = _suffix(file)
    try:
        if kind == ".parquet":
            for batch in pq.ParquetFile(file).iter_batches():
                yield from _strings(batch.to_pylist())
        elif kind == ".json":
            with open_lines(file) as lines:
                yield from _strings(orjson.loads(lines.read()))
        else:
            with open_lines(file) as lines:
                for line in lines:
                    if line.strip():
                        yield from _strings(
                            orjson.loads(line) if kind == ".jsonl" else line.decode()
                        )
    except (orjson.JSONDecodeError, UnicodeDecodeError, pa.ArrowException) as error:
        raise BenchmarkError(f"{file}: cannot be read ({error})") from None


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
