"""Small WARC, WET and ARC files made on the spot."""

import gzip
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from polysieve.pipeline.sources import (
    Damaged,
    Document,
    Record,
    Retries,
    Skipped,
    Source,
    read_records,
)

CRLF = b"\r\n"
QUICK = Retries(attempts=4, first_delay=0.001, max_delay=0.01, timeout=5)


def warc_record(
    kind: str,
    body: bytes,
    number: int = 0,
    *,
    content_type: str | None = None,
    length: int | str | None = None,
    newline: bytes = CRLF,
    **fields: str | None,
) -> bytes:
    """A WARC record. `length`: what it declares instead of the truth; a field None is left out."""
    if content_type is None:
        content_type = {
            "conversion": "text/plain",
            "warcinfo": "application/warc-fields",
        }.get(kind, f"application/http; msgtype={kind}")
    values: dict[str, str | None] = {
        "WARC-Type": kind,
        "WARC-Record-ID": record_id(number),
        "WARC-Target-URI": f"https://example.org/{number}",
        "WARC-Date": "2025-04-20T10:11:12Z",
        "Content-Type": content_type,
        "Content-Length": str(len(body) if length is None else length),
    }
    values.update({name.replace("_", "-"): value for name, value in fields.items()})
    lines = [b"WARC/1.0"]
    lines += [f"{name}: {value}".encode() for name, value in values.items() if value is not None]
    return newline.join(lines) + newline * 2 + body + newline * 2


def record_id(number: int) -> str:
    """The id that `warc_record` gives."""
    return f"<urn:uuid:00000000-0000-4000-8000-{number:012d}>"


def http_response(
    body: bytes, headers: Mapping[str, str] | None = None, status: str = "HTTP/1.1 200 OK"
) -> bytes:
    """An HTTP response block, of type text/html unless the headers say otherwise."""
    fields = {"Content-Type": "text/html; charset=utf-8", **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{status}\r\n{head}\r\n".encode() + body


def page(number: int) -> bytes:
    """An HTML page of its own."""
    return f"<!doctype html><html><body><p>Page {number}</p></body></html>".encode()


def response(number: int, **options: Any) -> bytes:
    """A WARC record with a page."""
    return warc_record("response", http_response(page(number)), number, **options)


def conversion(number: int, text: str | None = None, **options: Any) -> bytes:
    """A WET record with a text."""
    body = (text or f"Text {number}\nof two lines.").encode()
    return warc_record("conversion", body, number, **options)


def members(records: Iterable[bytes]) -> bytes:
    """Each record a gzip member, as in Common Crawl's files."""
    return b"".join(gzip.compress(record, mtime=0) for record in records)


def read(path: Path, data: bytes, **options: Any) -> list[Record]:
    """The records of a file with these bytes."""
    path.write_bytes(data)
    return list(read_records(Source(str(path), len(data), "0"), **options))


def ids(records: Iterable[Record]) -> list[str]:
    """The ids of the documents."""
    return [record.id for record in records if isinstance(record, Document)]


def kinds(records: Iterable[Record]) -> list[str]:
    """What each record is: "document", a skip reason, or "damaged"."""
    return [
        "document"
        if isinstance(record, Document)
        else record.reason
        if isinstance(record, Skipped)
        else "damaged"
        for record in records
    ]


def damage(records: Iterable[Record]) -> list[Damaged]:
    """The damaged pieces."""
    return [record for record in records if isinstance(record, Damaged)]
