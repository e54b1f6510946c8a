"""Parquet files with a `text` column."""

import datetime
from collections import deque
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polysieve.pipeline.sources.model import Damaged, Document, Record, Skipped
from polysieve.pipeline.sources.pages import content_id, iso_date, utf8
from polysieve.pipeline.sources.transport import Input, one_line

# These bound what is held of a row group besides its pages.
_BATCH_ROWS = 256
_BATCH_BYTES = 8 << 20
_COLUMNS = ("text", "id", "url", "date", "dump")
_ERRORS = (pa.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError)


def read_table(source: Input, dump: str | None, max_record_bytes: int) -> Iterator[Record]:
    """The records of a Parquet file; offsets are row numbers. One row group's damage leaves the others."""
    try:
        table = pq.ParquetFile(
            source, pre_buffer=False, buffer_size=4 << 20, page_checksum_verification=True
        )
    except _ERRORS as error:
        _raise_if_unread(source)
        yield Damaged(0, 0, f"Parquet footer damaged ({_cause(error)})", is_document=False)
        return
    names = table.schema_arrow.names
    problem = _problem(table.schema_arrow)
    if problem:
        yield Damaged(0, 0, problem, is_document=False)
        return
    columns = [name for name in _COLUMNS if name in names]
    number = 0
    row = 0
    for group in range(table.num_row_groups):
        metadata = table.metadata.row_group(group)
        group_end = row + metadata.num_rows
        mean = metadata.total_byte_size // max(metadata.num_rows, 1)
        rows = max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(mean, 1)))
        try:
            for batch in table.iter_batches(rows, [group], columns):
                records = _records(batch, number, row, dump, max_record_bytes)
                number += batch.num_rows
                row += batch.num_rows
                del batch  # what follows takes time, and a batch may be one document of 64 MiB
                while records:
                    yield records.popleft()
        except _ERRORS as error:
            _raise_if_unread(source)
            cause = f"rows {row} to {group_end - 1} of row group {group} damaged ({_cause(error)})"
            yield Damaged(number, row, cause, is_document=False)
            number += 1
        row = group_end


def _raise_if_unread(source: Input) -> None:
    """What pyarrow reports may be the input's failure, which is no damage."""
    if source.error is not None:
        raise source.error


def _cause(error: BaseException) -> str:
    return one_line(error)[:200]


def _problem(schema: pa.Schema) -> str | None:
    twice = [name for name in _COLUMNS if schema.names.count(name) > 1]
    if twice:
        return f"Parquet file has more than one column {twice[0]!r}"
    if "text" not in schema.names:
        return f"Parquet file has no column 'text' (it has: {', '.join(schema.names[:12])})"
    kind = schema.field("text").type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if not (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
    ):
        return f"column 'text' of the Parquet file is no string but {kind}"
    return None


def _records(
    batch: pa.RecordBatch, number: int, row: int, dump: str | None, cap: int
) -> deque[Record]:
    texts = _plain(batch.column("text")).cast(pa.large_binary())
    valid = _is_utf8(texts)
    others: dict[str, list[Any]] = {
        name: _scalars(batch.column(name)) for name in batch.schema.names if name != "text"
    }
    records: deque[Record] = deque()
    for index in range(batch.num_rows):
        scalar = texts[index]
        payload = scalar.as_buffer() if scalar.is_valid else None
        if payload is None or not payload.size:
            records.append(Skipped(number + index, row + index, "empty"))
            continue
        if payload.size > cap:
            records.append(Skipped(number + index, row + index, "too_large"))
            continue
        text = payload.to_pybytes() if valid else utf8(payload.to_pybytes())
        given = {name: values[index] for name, values in others.items()}
        url, date = given.get("url"), given.get("date")
        records.append(
            Document(
                number=number + index,
                offset=row + index,
                id=given.get("id") or content_id(url, date, text),
                url=url,
                date=iso_date(date) or date,
                dump=given.get("dump") or dump,
                kind="text",
                payload=text,
                decoded=True,
                content_type=None,
            )
        )
    return records


def _is_utf8(column: pa.Array) -> bool:
    """Whether all values are valid: Arrow looks at a column at once, many times faster than Python at each value."""
    try:
        column.cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _scalars(column: pa.Array) -> list[str | None]:
    """Values as strings, timestamps as ISO 8601 (UTC where they have no zone), None for nested ones."""
    column = _plain(column)
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
        return [_iso(_value(scalar)) for scalar in column]
    if pa.types.is_nested(kind) or pa.types.is_boolean(kind):
        return [None] * len(column)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        column = column.cast(pa.large_binary())
    return [
        value.decode("utf-8", "replace") or None
        if isinstance(value, bytes)
        else None
        if value is None
        else str(value)
        for value in map(_value, column)
    ]


def _value(scalar: pa.Scalar) -> Any:
    """The Python value; None where Python has none for it, as for a date in the year 20,000."""
    try:
        return scalar.as_py()
    except _ERRORS:
        return None


def _iso(value: datetime.datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is not None:
        value = value.astimezone(datetime.UTC).replace(tzinfo=None)
    return value.isoformat() + "Z"
