"""Text whose language is known: Parquet, JSONL or TSV with `text` and a language, or `.txt` files of a text a line
whose names end in the language, as in `news.swh_Latn.txt`."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import fsspec
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from polysieve.language_id.labels import LanguageIdError, normalise_label

LABELS = ("label", "lang", "language")
"""The columns that may hold the language, as a label or a code; with `language_script` beside `language`."""
BATCH_DOCUMENTS = 2_000
BATCH_BYTES = 4 * 2**20
COMPRESSIONS = ("", ".gz", ".zst", ".xz", ".bz2")
JSONL, TSV, TXT = (
    tuple(f".{form}{end}" for end in COMPRESSIONS) for form in ("jsonl", "tsv", "txt")
)
SUFFIXES = (".parquet", *JSONL, *TSV, *TXT)


class Labelled(NamedTuple):
    """A batch of texts."""

    texts: pa.Array
    """large_string."""
    labels: pa.Array
    """Canonical."""
    sources: pa.Array
    """The column `source`; without one the file's folder, or the file itself where it was named."""


class LabelledTextError(ValueError):
    """A file that cannot be used: one line with the file, the place and the cure."""


def files(path: str | Path) -> list[Path]:
    """The files that a path names: itself, or those under a folder, in order. Raises LabelledTextError."""
    root = Path(path)
    if root.is_dir():
        found = sorted(
            p
            for p in root.rglob("*")
            if p.name.endswith(SUFFIXES) and (not p.name.endswith(TXT) or _label_in_name(p))
        )
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


def read(paths: Sequence[str | Path], language: str | None = None) -> Iterator[Labelled]:
    """Texts with their labels and sources, batch by batch. Empty texts are left out.

    language: what a row that names none is in; None: such a row is an error.

    Raises LabelledTextError that names file and row where a text or language is missing or a language unknown.
    """
    for path in paths:
        named = Path(path).is_file()
        for file in files(path):
            source = file.name if named else file.parent.name
            yield from _batches(file, _rows(file), source, language)


def texts(path: str | Path) -> Iterator[str]:
    """The texts of the files that a path names, whatever their languages; those of blanks only are left out.

    Raises LabelledTextError.
    """
    for file in files(path):
        for number, row in _numbered_lines(file) if file.name.endswith(TXT) else _rows(file):
            text = row.get("text")
            if text is not None and not isinstance(text, str):
                raise LabelledTextError(
                    f"{file}: row {number}: text is {type(text).__name__}, no string"
                )
            if text and not text.isspace():
                yield text


def _rows(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    if file.suffix == ".parquet":
        return _parquet(file)
    if file.name.endswith(TSV):
        return _tsv(file)
    return _plain(file) if file.name.endswith(TXT) else _lines(file)


def _batches(
    file: Path, rows: Iterator[tuple[int, dict[str, Any]]], source: str, language: str | None
) -> Iterator[Labelled]:
    texts: list[str] = []
    labels: list[str] = []
    sources: list[str] = []
    size = 0
    canonical: dict[tuple[Any, Any], str] = {}

    def batch() -> Labelled:
        return Labelled(
            pa.array(texts, pa.large_string()),
            pa.array(labels, pa.string()),
            pa.array(sources, pa.string()),
        )

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
        sources.append(str(row.get("source") or source))
        size += len(text)
        if size >= BATCH_BYTES or len(texts) >= BATCH_DOCUMENTS:
            yield batch()
            texts, labels, sources, size = [], [], [], 0
    if texts:
        yield batch()


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
        names = [
            n
            for n in ("text", *LABELS, "language_script", "source")
            if n in table.schema_arrow.names
        ]
        if "text" not in names:
            raise LabelledTextError(f"{file}: no column 'text'; rename the column that holds it")
        number = 0
        for batch in table.iter_batches(BATCH_DOCUMENTS, columns=names):
            for row in batch.to_pylist():
                yield number, row
                number += 1
    except pa.ArrowException as error:
        raise LabelledTextError(f"{file}: cannot be read as Parquet ({error})") from None


def open_lines(file: Path) -> Any:
    """A file, open to read lines of bytes, unpacked where its name says that it is packed."""
    return fsspec.open(str(file), "rb", compression="infer")


def _lines(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with open_lines(file) as lines:
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


def _tsv(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows under a line of names. Nothing is quoted: a text ends where its field does."""
    with _text(file) as lines:
        try:
            rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            if "text" not in (rows.fieldnames or ()):
                raise LabelledTextError(
                    f"{file}: its first line has no column 'text'; begin with a line of names"
                )
            yield from enumerate(rows, 2)
        except (UnicodeDecodeError, csv.Error) as error:
            raise LabelledTextError(f"{file}: cannot be read as TSV ({error})") from None


def _plain(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    label = _label_in_name(file)
    if label is None:
        raise LabelledTextError(
            f"{file}: its name ends in no language; name it like news.swh_Latn.txt"
        )
    for number, row in _numbered_lines(file):
        yield number, {**row, "label": label}


def _numbered_lines(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with _text(file) as lines:
        try:
            for number, line in enumerate(lines, 1):
                yield number, {"text": line.strip()}
        except UnicodeDecodeError as error:
            raise LabelledTextError(f"{file}: not UTF-8 ({error}); save it as UTF-8") from None


def _text(file: Path) -> io.TextIOWrapper:
    return fsspec.open(str(file), "rt", compression="infer", encoding="utf-8", newline="\n").open()


def _label_in_name(file: Path) -> str | None:
    """`swh_Latn` of `news.swh_Latn.txt.gz`, None where that is no language."""
    stem = next(file.name.removesuffix(end) for end in reversed(TXT) if file.name.endswith(end))
    try:
        return normalise_label(stem.rpartition(".")[2])
    except LanguageIdError:
        return None
