"""Texts of any language whose neighbours are looked for in a crawl: Parquet, JSONL or TSV with a column `text`, or text
files, one a line."""

import hashlib

from polysieve.filters.quality.fasttext_file import ModelError
from polysieve.pipeline.texts import reading


def read(path: str) -> list[str]:
    """The distinct texts of the files at a path, in their order. Raises ModelError."""
    try:
        found = dict.fromkeys(text for file in reading.files(path) for text in reading.texts(file))
    except reading.TextFileError as error:
        raise ModelError(str(error)) from None
    if not found:
        raise ModelError(f"{path}: no text in it; give one a row or a line")
    return list(found)


def files_hash(path: str) -> str:
    """SHA-256 over the files at a path. Raises ModelError."""
    digest = hashlib.sha256()
    try:
        for file in reading.files(path):
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    except reading.TextFileError as error:
        raise ModelError(str(error)) from None
    return digest.hexdigest()
