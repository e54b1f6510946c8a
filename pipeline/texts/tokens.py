"""Tokens of texts by a tokenizer that the recipe names: a `tokenizer.json` of the library `tokenizers`."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from polysieve.filters.needs import needed
from polysieve.filters.quality.fasttext_file import file_hash

BATCH = 256


class TokenizerError(ValueError):
    """A tokenizer that cannot be used; the message names the file and the cure."""


def fingerprint(path: str | None) -> str | None:
    """The SHA-256 of the tokenizer's file, None where none is named. Raises TokenizerError."""
    if path is None:
        return None
    if not Path(path).is_file():
        raise TokenizerError(
            f"{path}: no such file; name the tokenizer.json of a model, as its repository holds it"
        )
    found = Path(path).stat()
    return _hashed(path, found.st_mtime_ns, found.st_size)


@lru_cache(1)
def _hashed(path: str, changed: int, size: int) -> str:
    """Asked for once for every language, but a tokenizer has megabytes."""
    return file_hash(path)


def load(path: str) -> Any:
    """The tokenizer, once per process and content of the file. Raises TokenizerError."""
    return _loaded(path, fingerprint(path))


@lru_cache(1)
def _loaded(path: str, digest: str | None) -> Any:
    tokenizers = needed("tokenizers", "tokenizers", TokenizerError)
    try:
        found = tokenizers.Tokenizer.from_file(path)
    except Exception as error:  # the library raises nothing narrower
        cause = " ".join(str(error).split())[:200]
        raise TokenizerError(f"{path}: is no tokenizer.json ({cause})") from None
    found.no_truncation()
    found.no_padding()
    return found


def count(texts: pa.Array, path: str) -> pa.Array:
    """int64[n]: tokens of each text, without marks of beginning and end; null for null. Raises TokenizerError."""
    tokenizer = load(path)
    found: list[int | None] = []
    for start in range(0, len(texts), BATCH):
        given = texts.slice(start, BATCH).to_pylist()
        encoded = iter(
            tokenizer.encode_batch_fast(
                [text for text in given if text is not None], add_special_tokens=False
            )
        )
        found += [None if text is None else len(next(encoded)) for text in given]
    return pa.array(found, pa.int64())
