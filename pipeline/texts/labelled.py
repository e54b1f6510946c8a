"""Text whose language is known: Parquet, JSONL or TSV with `text` and a language, or `.txt` files of a text a line
whose names end in the language, as in `news.swh_Latn.txt`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from polysieve.language_id.labels import LanguageIdError, normalise_label
from polysieve.pipeline.engines.packing import packed
from polysieve.pipeline.texts import reading
from polysieve.pipeline.texts.reading import BATCH_DOCUMENTS, TextFileError

LABELS = ("label", "lang", "language")
"""The columns that may hold the language, as a label or a code; with `language_script` beside `language`."""
BATCH_BYTES = 4 * 2**20


class Labelled(NamedTuple):
    """A batch of texts."""

    texts: pa.Array
    """large_string."""
    labels: pa.Array
    """Canonical."""
    sources: pa.Array
    """The column `source`; without one the file's folder, or the file itself where it was named."""


def files(path: str | Path) -> list[Path]:
    """The files that a path names: itself, or those under a folder, of text only what is named after a language.

    Raises TextFileError.
    """
    found = reading.files(path)
    if Path(path).is_dir():
        found = [file for file in found if reading.form(file) != ".txt" or _label_in_name(file)]
        if not found:
            raise TextFileError(f"{path}: no labelled text in this folder; name another")
    return found


def read(paths: Sequence[str | Path], language: str | None = None) -> Iterator[Labelled]:
    """Texts with their labels and sources, batch by batch. Empty texts are left out.

    language: what a row that names none is in; None: such a row is an error.

    Raises TextFileError that names file and row where a text or language is missing or a language unknown.
    """
    for path in paths:
        named = Path(path).is_file()
        for file in files(path):
            yield from _batches(file, file.name if named else file.parent.name, language)


def _batches(file: Path, source: str, language: str | None) -> Iterator[Labelled]:
    if reading.form(file) == ".txt":
        language = _label_in_name(file)
        if language is None:
            raise TextFileError(
                f"{file}: its name ends in no language; name it like news.swh_Latn.txt"
            )
    types = pa.large_string(), pa.string(), pa.string()
    found = _labelled(file, source, language)
    for batch in packed(found, lambda one: len(one[0]), BATCH_BYTES, BATCH_DOCUMENTS):
        columns = zip(zip(*batch, strict=True), types, strict=True)
        yield Labelled(*(pa.array(column, kind) for column, kind in columns))


def _labelled(file: Path, source: str, language: str | None) -> Iterator[tuple[str, str, str]]:
    """(text, label, source) of each row with a text."""
    canonical: dict[tuple[Any, Any], str] = {}
    for number, row in reading.rows(file, ["text", *LABELS, "language_script", "source"]):
        text = reading.text_of(file, number, row)
        if not text:
            continue
        key = (next((row[c] for c in LABELS if row.get(c)), language), row.get("language_script"))
        if key not in canonical:
            canonical[key] = _label(f"{file}: row {number}", *key)
        yield text, canonical[key], str(row.get("source") or source)


def _label(place: str, language: Any, script: Any) -> str:
    if not isinstance(language, str):
        raise TextFileError(f"{place}: no language; give it in one of: {', '.join(LABELS)}")
    try:
        return normalise_label(
            f"{language}_{script}" if script and "_" not in language else language
        )
    except LanguageIdError as error:
        raise TextFileError(f"{place}: {error}") from None


def _label_in_name(file: Path) -> str | None:
    """`swh_Latn` of `news.swh_Latn.txt.gz`, None where that is no language."""
    try:
        return normalise_label(file.name.rpartition(".txt")[0].rpartition(".")[2])
    except LanguageIdError:
        return None
