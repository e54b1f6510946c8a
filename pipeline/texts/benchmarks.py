"""The items of benchmarks, read from files."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import orjson

from polysieve.pipeline.texts import reading
from polysieve.pipeline.texts.reading import TextFileError

FORMS = (".parquet", ".jsonl", ".json", ".txt", ".csv", ".tsv")


def files(path: str) -> list[Path]:
    """The file at a path, or those under a folder, in order. Raises TextFileError."""
    return reading.files(path, FORMS)


def files_hash(path: str) -> str:
    """SHA-256 over the files at a path. Raises TextFileError."""
    digest = hashlib.sha256()
    for file in files(path):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def items(path: str) -> list[str]:
    """Every text of the files at a path: each string of a record, wherever it stands in it; each line of a text file.

    Raises TextFileError.
    """
    return [text for file in files(path) for text in _texts(file)]


def _texts(file: Path) -> Iterator[str]:
    kind = reading.form(file, FORMS)
    if kind in (".parquet", ".jsonl"):
        for _, row in reading.rows(file):
            yield from _strings(row)
        return
    try:
        with fsspec.open(str(file), "rb", compression="infer") as lines:
            if kind == ".json":
                yield from _strings(orjson.loads(lines.read()))
            else:
                yield from (line.decode() for line in lines if line.strip())
    except (orjson.JSONDecodeError, UnicodeDecodeError, OSError) as error:
        raise TextFileError(f"{file}: cannot be read ({error})") from None


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)
