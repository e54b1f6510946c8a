"""Files of text that a user names: Parquet, JSON lines, TSV under a line of names, or a text a line; packed or not."""

import csv
import io
import lzma
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import fsspec
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

FORMS = (".parquet", ".jsonl", ".tsv", ".txt")
PACKED = (".gz", ".zst", ".xz", ".bz2")
BATCH_DOCUMENTS = 2_000
_UNREADABLE = (
    OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError, pa.ArrowException, csv.Error
)  # fmt: skip


class TextFileError(ValueError):
    """A file that cannot be used: one line with the file, the place and the cure."""


def form(file: Path, forms: Sequence[str] = FORMS) -> str | None:
    """Which of the forms a file's name ends in, packed or not; None where in none."""
    name = file.name
    for ending in PACKED:
        name = name.removesuffix(ending)
    return next((one for one in forms if name.endswith(one)), None)


def files(path: str | Path, forms: Sequence[str] = FORMS) -> list[Path]:
    """The files of these forms that a path names: itself, or those under a folder, in order. Raises TextFileError."""
    root = Path(path)
    if root.is_dir():
        found = sorted(file for file in root.rglob("*") if form(file, forms))
        if not found:
            raise TextFileError(f"{path}: no {', '.join(forms)} in this folder; name another")
        return found
    if not root.is_file():
        raise TextFileError(f"{path}: no such file or folder; correct the path")
    if form(root, forms) is None:
        raise TextFileError(f"{path}: not one of {', '.join(forms)}; convert it")
    return [root]


def rows(file: Path, columns: Sequence[str] | None = None) -> Iterator[tuple[int, Any]]:
    """A file's rows with their numbers, by its form; a file of another form is read as text.

    Parquet and TSV give dictionaries, JSON lines any value, text `{"text": line}`. columns: those that are wanted of
    Parquet, where they are there; of Parquet and TSV the first must be. Raises TextFileError.
    """
    kind = form(file, (*FORMS, ".json"))
    try:
        if kind == ".parquet":
            yield from _parquet(file, columns)
        elif kind in (".jsonl", ".json"):
            yield from _json_lines(file)
        elif kind == ".tsv":
            yield from _tsv(file, columns)
        else:
            with _text(file) as lines:
                for number, line in enumerate(lines, 1):
                    yield number, {"text": line.strip()}
    except UnicodeDecodeError as error:
        raise TextFileError(f"{file}: not UTF-8 ({error}); save it as UTF-8") from None
    except _UNREADABLE as error:
        raise TextFileError(f"{file}: cannot be read ({error})") from None


def texts(file: Path) -> Iterator[str]:
    """The texts of a file, those of blanks only left out. Raises TextFileError."""
    for number, row in rows(file, ["text"]):
        text = text_of(file, number, row)
        if text and not text.isspace():
            yield text


def text_of(file: Path, number: int, row: Any) -> str | None:
    """The text of a row. Raises TextFileError where the row has another shape."""
    if not isinstance(row, dict):
        raise TextFileError(f"{file}: row {number}: not a JSON object")
    text = row.get("text")
    if text is not None and not isinstance(text, str):
        raise TextFileError(f"{file}: row {number}: text is {type(text).__name__}, no string")
    return text


def _parquet(file: Path, columns: Sequence[str] | None) -> Iterator[tuple[int, Any]]:
    table = pq.ParquetFile(file)
    names = [
        name for name in columns or table.schema_arrow.names if name in table.schema_arrow.names
    ]
    if columns and columns[0] not in names:
        raise TextFileError(f"{file}: no column '{columns[0]}'; rename the column that holds it")
    number = 0
    for batch in table.iter_batches(BATCH_DOCUMENTS, columns=names):
        for row in batch.to_pylist():
            yield number, row
            number += 1


def _json_lines(file: Path) -> Iterator[tuple[int, Any]]:
    with fsspec.open(str(file), "rb", compression="infer") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield number, orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise TextFileError(f"{file}: row {number}: not JSON ({error})") from None


def _tsv(file: Path, columns: Sequence[str] | None) -> Iterator[tuple[int, Any]]:
    """Rows under a line of names. Nothing is quoted: a text ends where its field does."""
    with _text(file) as lines:
        found = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        if columns and columns[0] not in (found.fieldnames or ()):
            raise TextFileError(
                f"{file}: its first line has no column '{columns[0]}'; begin with a line of names"
            )
        yield from enumerate(found, 2)


def _text(file: Path) -> io.TextIOWrapper:
    return fsspec.open(str(file), "rt", compression="infer", encoding="utf-8", newline="\n").open()
