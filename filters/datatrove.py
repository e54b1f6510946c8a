"""Filters and formatters written for datatrove, run on Arrow columns: the slow path.

A block is named by the import path of its class and its arguments. It sees one Python object per document,
as in datatrove, and what it says of a document must depend on that document alone. So a filter that takes a
`seed`, and every formatter (datatrove's PIIFormatter counts its replacements), is made anew for each document,
and Python's and NumPy's global generators are seeded from a hash of the document's id before each.
"""

import hashlib
import importlib
import inspect
import random
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from polysieve.filters.sampling import ranks

Kind = Literal["filter", "formatter"]

VERDICTS = pa.schema([("passed", pa.bool_()), ("reason", pa.string())])
LONGEST_REASON = 100
# Failures that say something of the machine, not of the document: another attempt may end otherwise.
_ENVIRONMENT = (OSError, MemoryError, ImportError)
# An ordinary document, for blocks that find out only at work what they lack.
_PROBE: dict[str, Any] = {
    "text": "The boat came down the river before the rain. It carried salt, cloth and two goats.\n" * 8,
    "id": "probe",
    "url": "https://example.org/river",
    "date": "2024-01-01T00:00:00Z",
    "dump": "CC-MAIN-2024-10",
    "file_path": "probe",
    "language": "eng",
    "language_script": "Latn",
    "language_score": 1.0,
}  # fmt: skip


class BlockError(ValueError):
    """A block that cannot be used; the message names the cure."""


class BlockFailed(RuntimeError):
    """A block failed for a reason that lies outside the document at hand."""


def problem(path: str, arguments: Mapping[str, Any], kind: Kind) -> str | None:
    """Why a block cannot run here, in one line, or None: it is made and tried on an ordinary document."""
    try:
        block = _make(path, arguments, kind)
    except BlockError as error:
        return str(error)
    if kind == "filter" and _takes_seed(path) and arguments.get("seed") is None:
        return (
            f"{path} draws at random; give it a seed among its arguments, or no two runs are alike"
        )
    try:
        block.filter_batch([_document(_PROBE)]) if kind == "filter" else block.format(
            _PROBE["text"]
        )
    except ImportError as error:
        return f"{path}: {_missing(error)}"
    except Exception as error:
        return f"{path} fails on an ordinary document ({_described(error)}); correct its arguments"
    return None


def source_hash(path: str) -> str:
    """SHA-256 of the source files behind a class: its module's and those of the classes it derives from.

    Raises BlockError.
    """
    digest = hashlib.sha256()
    for parent in _load(path).__mro__:
        file = getattr(importlib.import_module(parent.__module__), "__file__", None)
        if file and parent.__module__ not in ("abc", "builtins"):
            digest.update(parent.__qualname__.encode() + Path(file).read_bytes())
    return digest.hexdigest()


def judge(
    path: str, arguments: Mapping[str, Any], documents: pa.Table | pa.RecordBatch, seed: int = 0
) -> pa.RecordBatch:
    """What a filter says of n documents, one at a time (in batches where the filter says `batch_size`).

    documents: `text` and `id`; the other columns become the document's metadata, nulls left out. Returns n rows
    of VERDICTS: `reason` is the filter's own, null where it gives none or the document passed; for a
    document on which the filter raises twice it is `error_` and the exception's name. A text that the filter
    changes is changed for the filter alone. Raises BlockError, and BlockFailed, which names the
    document, where the failure is the machine's (a file, the network, memory).
    """
    passed: list[bool] = []
    reasons: list[str | None] = []
    for keeps, reason in _verdicts(path, arguments, documents, seed):
        passed.append(keeps)
        said = None if keeps or reason is None else " ".join(str(reason).split())[:LONGEST_REASON]
        reasons.append(said or None)
    arrays = [pa.array(passed, pa.bool_()), pa.array(reasons, pa.string())]
    return pa.RecordBatch.from_arrays(arrays, schema=VERDICTS)


def reformat(path: str, arguments: Mapping[str, Any], texts: pa.Array) -> pa.Array:
    """Texts as a formatter leaves them, of the type that they had; nulls stay.

    Raises BlockError, and BlockFailed, which quotes the text's start.
    """
    formatted: list[str | None] = []
    for text in texts.to_pylist():
        if text is not None:
            block = _make(path, arguments, "formatter")
            try:
                text = block.format(text)
            except Exception as error:
                raise BlockFailed(f"{path}: on {text[:60]!r}: {_described(error)}") from error
        formatted.append(text)
    return pa.array(formatted, texts.type)


def _verdicts(
    path: str, arguments: Mapping[str, Any], documents: pa.Table | pa.RecordBatch, seed: int
) -> Iterator[tuple[bool, Any]]:
    block = _make(path, arguments, "filter")
    size = 1 if _takes_seed(path) else max(1, getattr(block, "batch_size", 1))
    for start in range(0, documents.num_rows, size):
        rows = documents.slice(start, size).to_pylist()
        if size > 1:
            try:
                yield from _results(block, rows)
                continue
            except Exception:
                pass  # the document that did it is found one by one
        for row in rows:
            yield _verdict(block, path, arguments, row, seed)


def _verdict(
    block: Any, path: str, arguments: Mapping[str, Any], row: dict[str, Any], seed: int
) -> tuple[bool, Any]:
    """One document's verdict; a filter that raises is made anew and asked once more."""
    errors: list[Exception] = []
    while True:
        drawn = _seed_of(seed, row["id"])
        random.seed(drawn)
        np.random.seed(drawn)
        try:
            if _takes_seed(path):
                own = {**arguments, "seed": _seed_of(arguments["seed"], row["id"])}
                block = _make(path, own, "filter")
            elif errors:
                block = _make(path, arguments, "filter")
            return next(_results(block, [row]))
        except _ENVIRONMENT as error:
            raise BlockFailed(f"{path}: document {row['id']}: {_described(error)}") from error
        except Exception as error:
            errors.append(error)
        if len(errors) == 2:
            names = [type(error).__name__ for error in errors]
            if names[0] != names[1]:
                raise BlockFailed(
                    f"{path}: document {row['id']}: {names[0]}, then {_described(errors[1])}"
                )
            return False, f"error_{names[0]}"


def _results(block: Any, rows: list[dict[str, Any]]) -> Iterator[tuple[bool, Any]]:
    results = block.filter_batch([_document(row) for row in rows])
    if len(results) != len(rows):
        raise ValueError(f"{len(rows)} documents, but {len(results)} results")
    pairs = [result if isinstance(result, tuple) else (result, None) for result in results]
    return iter([(bool(keeps), reason) for keeps, reason in pairs])


def _document(row: dict[str, Any]) -> Any:
    from datatrove.data import Document

    metadata = {k: v for k, v in row.items() if k not in ("text", "id") and v is not None}
    return Document(text=row["text"], id=row["id"], metadata=metadata)


def _seed_of(seed: int, id: str) -> int:
    return int(ranks([id], seed)[0]) >> 32  # NumPy's global generator takes no more


@cache
def _takes_seed(path: str) -> bool:
    return "seed" in inspect.signature(_load(path)).parameters


def _make(path: str, arguments: Mapping[str, Any], kind: Kind) -> Any:
    """An instance. Raises BlockError."""
    block = _load(path)
    if not issubclass(block, _base(kind)):
        base = _base(kind)
        raise BlockError(
            f"{path} is no {kind}: it does not derive from {base.__module__}.{base.__name__}"
        )
    try:
        return block(**arguments)
    except ImportError as error:
        raise BlockError(f"{path}: {_missing(error)}") from None
    except Exception as error:
        known = ", ".join(inspect.signature(block).parameters) or "none"
        raise BlockError(
            f"{path} cannot be made ({_described(error)}); its arguments are: {known}"
        ) from None


@cache
def _base(kind: Kind) -> type:
    from datatrove.pipeline.filters.base_filter import BaseFilter
    from datatrove.pipeline.formatters.base import BaseFormatter

    return BaseFilter if kind == "filter" else BaseFormatter


@cache
def _load(path: str) -> type:
    """The class at an import path. Raises BlockError."""
    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name, None) if module else None
    except ImportError as error:
        if error.name and f"{module}.".startswith(f"{error.name}."):
            raise BlockError(
                f"{path}: there is no module {error.name}; correct the path, or install the module "
                "or add its folder to PYTHONPATH"
            ) from None
        raise BlockError(f"{path}: {_missing(error)}") from None
    except Exception as error:
        raise BlockError(f"{path}: {module} cannot be imported ({_described(error)})") from None
    if not isinstance(found, type):
        raise BlockError(
            f"{path}: not the import path of a class; write one as in "
            "datatrove.pipeline.filters.C4QualityFilter"
        )
    return found


def _missing(error: ImportError) -> str:
    """What is to be installed, with the command."""
    text = " ".join(str(error).split())
    if "pip install" in text:
        return text
    return f"{text}; run: pip install {error.name or 'what it names'}"


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
