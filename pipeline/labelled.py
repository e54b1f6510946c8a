"""Text whose language is known: Parquet or JSONL with `text` and a language."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import fsspec
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from language_id.labels import LanguageIdError, normalise_label

LABELS = ("label", "lang", "language")
"""The columns that may hold the language, as a label or a code; with `language_script` beside `language`."""
BATCH_DOCUMENTS = 2_000
BATCH_BYTES = 4 * 2**20
SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz", ".jsonl.zst", ".jsonl.xz", ".jsonl.bz2")


class LabelledTextError(ValueError):
    """A file that cannot be used: one line with the file, the place and the cure."""


def files(path: str | Path) -> list[Path]:
    """The files that a path names: itself, or those under a folder, in order. Raises LabelledTextError."""
    root = Path(path)
    if root.is_dir():
        found = sorted(p for p in root.rglob("*") if p.name.endswith(SUFFIXES))
        if not found:
            raise LabelledTextError(
                f"{path}: no {', '.join(SUFFIXES)} in this folder; name another"
            )
        return found
    if not root.is_file():
        raise LabelledTextError(f"{path}: no such file or folder; correct the path")
    if not root.name.endswith(SUFFIXES):
        raise LabelledTextError(f"{path}: not one of {', '.join(SUFFIXES)}; convert it")
    return [root]


def read(
    paths: Sequence[str | Path], language: str | None = None
) -> Iterator[tuple[pa.Array, pa.Array]]:
    """(texts large_string, labels string) of batches; labels in canonical form. Empty texts are left out.

    language: what a row that names none is in; None: such a row is an error.

    Raises LabelledTextError that names file and row where a text or language is missing or a language unknown.
    """
    for path in paths:
        for file in files(path):
            rows = _parquet(file) if file.suffix == ".parquet" else _lines(file)
            yield from _batches(file, rows, language)


def _batches(
    file: Path, rows: Iterator[tuple[int, dict[str, Any]]], language: str | None
) -> Iterator[tuple[pa.Array, pa.Array]]:
    texts: list[str] = []
    labels: list[str] = []
    size = 0
    canonical: dict[tuple[Any, Any], str] = {}
    for number, row in rows:
        text = row.get("text")
        if text is None or text == "":
            continue
        if not isinstance(text, str):
            raise LabelledTextError(
                f"{file}: row {number}: text is {type(text).__name__}, no string"
            )
        key = (next((row[c] for c in LABELS if row.get(c)), language), row.get("language_script"))
        if key not in canonical:
            canonical[key] = _label(f"{file}: row {number}", *key)
        texts.append(text)
        labels.append(canonical[key])
        size += len(text)
        if size >= BATCH_BYTES or len(texts) >= BATCH_DOCUMENTS:
            yield pa.array(texts, pa.large_string()), pa.array(labels, pa.string())
            texts, labels, size = [], [], 0
    if texts:
        yield pa.array(texts, pa.large_string()), pa.array(labels, pa.string())


def _label(place: str, language: Any, script: Any) -> str:
    if not isinstance(language, str):
        raise LabelledTextError(f"{place}: no language; give it in one of: {', '.join(LABELS)}")
    try:
        return normalise_label(
            f"{language}_{script}" if script and "_" not in language else language
        )
    except LanguageIdError as error:
        raise LabelledTextError(f"{place}: {error}") from None


def _parquet(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        table = pq.ParquetFile(file)
        names = [n for n in ("text", *LABELS, "language_script") if n in table.schema_arrow.names]
        if "text" not in names:
            raise LabelledTextError(f"{file}: no column 'text'; rename the column that holds it")
        number = 0
        for batch in table.iter_batches(BATCH_DOCUMENTS, columns=names):
            for row in batch.to_pylist():
                yield number, row
                number += 1
    except pa.ArrowException as error:
        raise LabelledTextError(f"{file}: cannot be read as Parquet ({error})") from None


def _lines(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with fsspec.open(str(file), "rb", compression="infer") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise LabelledTextError(f"{file}: row {number}: not JSON ({error})") from None
            if not isinstance(row, dict):
                raise LabelledTextError(f"{file}: row {number}: not a JSON object")
            yield number, row
