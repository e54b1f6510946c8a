"""Judgements as Parquet or CSV: what an annotator's program or a spreadsheet reads, and `scores` reads back."""

import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from polysieve.audit.judging.codes import CODES

JUDGEMENTS = pa.schema(
    [
        ("label", pa.string()),
        ("stage", pa.string()),
        ("reason", pa.string()),
        ("population", pa.int64()),
        ("document", pa.string()),
        ("id", pa.string()),
        ("url", pa.string()),
        ("file_path", pa.string()),
        ("offset", pa.int64()),
        ("rater", pa.string()),
        ("code", pa.string()),
        ("offensive", pa.bool_()),
        ("porn", pa.bool_()),
        ("note", pa.string()),
        ("at", pa.string()),
    ]
)
"""A row per document and rater. `stage`, `reason` and `population` (the documents of that stratum) are null where the
document is not in its language's sample any more."""

_NEEDED = ("label", "stage", "reason", "population", "document", "rater", "code")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
SUFFIXES = (".parquet", ".csv")


class JudgementFileError(ValueError):
    """A file that cannot be used: one line with the file and the cure."""


def write(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write rows with the columns of JUDGEMENTS; the file is there whole or not at all.

    In CSV a string that a spreadsheet would take for a formula gets an apostrophe in front. Raises JudgementFileError.
    """
    if path.suffix not in SUFFIXES:
        raise JudgementFileError(f"{path}: name a file that ends in {' or '.join(SUFFIXES)}")
    flags = ("offensive", "porn")
    columns = {
        f.name: [bool(r[f.name]) if f.name in flags else r[f.name] for r in rows]
        for f in JUDGEMENTS
    }
    table = pa.table(columns, schema=JUDGEMENTS)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        if path.suffix == ".parquet":
            pa.parquet.write_table(table, temporary)
        else:
            pa.csv.write_csv(_harmless(table), temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _harmless(table: pa.Table) -> pa.Table:
    for place, f in enumerate(table.schema):
        if pa.types.is_string(f.type):
            values = [
                f"'{v}" if v and v.startswith(_FORMULA) else v for v in table[f.name].to_pylist()
            ]
            table = table.set_column(place, f, pa.array(values, pa.string()))
    return table


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file that `write` wrote, or another with its columns label, stage, reason, population, document,
    rater, code and, where there, offensive and porn. Raises JudgementFileError."""
    try:
        if path.suffix == ".parquet":
            table = pa.parquet.read_table(path)
        elif path.suffix == ".csv":
            strings = {f.name: f.type for f in JUDGEMENTS}
            options = pa.csv.ConvertOptions(column_types=strings, strings_can_be_null=True)
            parse = pa.csv.ParseOptions(newlines_in_values=True)
            table = pa.csv.read_csv(path, parse_options=parse, convert_options=options)
        else:
            raise JudgementFileError(f"{path}: not one of {', '.join(SUFFIXES)}; convert it")
    except (OSError, pa.ArrowException) as error:
        raise JudgementFileError(f"{path}: cannot be read ({error}); correct it") from None
    missing = [name for name in _NEEDED if name not in table.column_names]
    if missing:
        raise JudgementFileError(
            f"{path}: no column {missing[0]!r}; needed are {', '.join(_NEEDED)}"
        )
    wanted = [name for name in (*_NEEDED, "offensive", "porn") if name in table.column_names]
    rows = [{"offensive": False, "porn": False, **row} for row in table.select(wanted).to_pylist()]
    for number, row in enumerate(rows, 1):
        if row["code"] not in CODES:
            raise JudgementFileError(
                f"{path}: row {number}: code {row['code']!r}; give one of {', '.join(CODES)}"
            )
        if row["stage"] and row["population"] is None:
            raise JudgementFileError(
                f"{path}: row {number}: no population; give how many documents the stratum has"
            )
    return rows
