"""Reading a fastText model's file: arguments, dictionary and matrices, dense (`.bin`) or quantised (`.ftz`).

The layout is that of fastText 0.9 (Joulin et al. 2016; `FastText::saveModel`, file version 12).
"""

import hashlib
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

MAGIC = 793712314
VERSION = 12
HIERARCHICAL, NEGATIVE, SOFTMAX, ONE_VS_ALL = 1, 2, 3, 4
SUPERVISED = 3
ROWS = 1 << 16  # of a matrix, read at a time
_ARGUMENTS = (
    "dim", "ws", "epoch", "min_count", "neg", "word_ngrams", "loss", "model", "bucket", "minn", "maxn",
    "lr_update_rate",
)  # fmt: skip


class ModelError(ValueError):
    """A model that cannot be used: one line with the file and the cause."""


@dataclass(frozen=True)
class Header:
    """What a model's file says before its matrices."""

    arguments: dict[str, int]
    words: list[bytes]
    labels: list[str]
    """With fastText's `__label__`."""
    label_counts: list[int]
    pruned: dict[int, int] | None
    """Of a pruned model: bucket → row after the words; other buckets have none."""


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file. Raises ModelError where there is none."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}; correct the path") from None


def open_file(path: str | Path) -> mmap.mmap:
    """A model's file, mapped: what is not looked at is not read. Raises ModelError."""
    try:
        with open(path, "rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({error}); give a fastText model") from None


def read_header(file: mmap.mmap, name: str) -> Header:
    """Read up to the first matrix. Raises ModelError."""
    try:
        if _ints(file, 2) != (MAGIC, VERSION):
            raise ModelError(f"{name}: not a fastText model of file version {VERSION}")
        arguments = dict(zip(_ARGUMENTS, _ints(file, 12), strict=True))
        file.read(8)  # the sampling threshold of unsupervised models
        size, n_words, n_labels = _ints(file, 3)
        _, pruned_size = struct.unpack("<qq", file.read(16))
        if arguments["model"] != SUPERVISED:
            raise ModelError(f"{name}: holds word vectors, no classifier; give a supervised model")
        entries = [_entry(file) for _ in range(size)]
        pruned = None
        if pruned_size >= 0:
            pairs = np.frombuffer(file.read(8 * pruned_size), "<i4").reshape(-1, 2)
            pruned = dict(pairs.tolist())
        labels = [entry for entry in entries if entry[2] == 1]
        if len(labels) != n_labels or len(entries) - len(labels) != n_words or not labels:
            raise ModelError(f"{name}: damaged: its dictionary does not have the size it says")
        return Header(
            arguments,
            [word for word, _, kind in entries if kind == 0],
            [word.decode() for word, _, _ in labels],
            [count for _, count, _ in labels],
            pruned,
        )
    except (struct.error, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{name}: damaged, or no fastText model") from None


def read_matrix(file: mmap.mmap, name: str) -> Iterator[np.ndarray]:
    """The matrix that comes next, in blocks float32[≤ ROWS, dim]; the file then stands after it. Raises ModelError."""
    try:
        if file.read(1) == b"\1":
            yield from _quantised(file)
            return
        m, n = struct.unpack("<qq", file.read(16))
        at = file.tell()
        whole = np.frombuffer(file, "<f4", m * n, at).reshape(m, n)
        file.seek(at + 4 * m * n)
        for start in range(0, m, ROWS):
            yield whole[start : start + ROWS]
    except (struct.error, ValueError):
        raise ModelError(f"{name}: damaged: it ends early") from None


def _quantised(file: mmap.mmap) -> Iterator[np.ndarray]:
    """Rows of a product-quantised matrix (Jégou et al. 2011; fastText's QMatrix)."""
    has_norms = file.read(1) == b"\1"
    m, n, size = struct.unpack("<qqi", file.read(20))
    codes = np.frombuffer(file.read(size), np.uint8)
    centroids, parts, width = _quantiser(file)
    norms = np.ones(m, np.float32)
    if has_norms:
        norm_codes = np.frombuffer(file.read(m), np.uint8)
        norms = _quantiser(file)[0][norm_codes]
    codes = codes.reshape(m, parts)
    for start in range(0, m, ROWS):
        block = codes[start : start + ROWS]
        rows = np.empty((len(block), n), np.float32)
        for part in range(parts):
            first, last = part * width, min(part * width + width, n)
            own = centroids[256 * first : 256 * last].reshape(256, last - first)
            rows[:, first:last] = own[block[:, part]]
        yield rows * norms[start : start + ROWS, None]


def _quantiser(file: mmap.mmap) -> tuple[np.ndarray, int, int]:
    """Centroids, the number of parts, and the width of a part (the last may be narrower)."""
    dim, parts, width, _ = _ints(file, 4)
    return np.frombuffer(file.read(4 * dim * 256), "<f4"), parts, width


def _entry(file: mmap.mmap) -> tuple[bytes, int, int]:
    """Word, count and kind (0 a word, 1 a label)."""
    end = file.find(b"\0", file.tell())
    if end < 0:
        raise ValueError("no end of a word")
    word = file.read(end - file.tell())
    count, kind = struct.unpack("<qb", file.read(10)[1:])
    return word, count, kind


def _ints(file: mmap.mmap, n: int) -> tuple[Any, ...]:
    return struct.unpack(f"<{n}i", file.read(4 * n))
