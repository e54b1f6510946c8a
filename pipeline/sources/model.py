"""What reading an input gives: the input itself, its records, and the errors."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final, Literal

MAX_RECORD_BYTES: Final = 64 << 20

SKIP_REASONS: Final[dict[str, str]] = {
    "not_response": "a WARC or ARC record that holds no captured page (request, metadata, revisit, …)",
    "malformed_http": "a response whose HTTP status line cannot be read",
    "status": "an HTTP status other than 200",
    "not_text": "a content type other than HTML, XHTML or plain text",
    "empty": "no payload, or an empty or null text",
    "too_large": "more unpacked bytes than the size cap",
    "damaged": "a piece of an input that cannot be read and is not known to be a document",
}
"""Why a record is no document. `damaged` counts `Damaged(is_document=False)`; the others are in `Skipped.reason`."""


class InputError(ValueError):
    """The inputs as asked for cannot be had: one line with the address, the cause and the cure."""


class SourceError(OSError):
    """An input could not be read for a reason outside its content: one line with address, byte and cause."""


@dataclass(frozen=True)
class Retries:
    """How often and how patiently a failed read is tried again.

    The delay before try k (from 1) is min(first_delay · 2^(k-1), max_delay) seconds. The count starts again
    after `PROGRESS` (see `transport`) bytes have come in, so that a long transfer over a poor line ends well.
    """

    attempts: int = 6
    first_delay: float = 0.5
    max_delay: float = 30.0
    timeout: float = 60.0  # seconds without a byte from a server

    def delay(self, failure: int) -> float:
        """Seconds to wait after the given number of failures in a row (≥ 1)."""
        return min(self.first_delay * 2.0 ** min(failure - 1, 30), self.max_delay)


@dataclass(frozen=True)
class Source:
    """One input, resolved."""

    address: str  # an absolute local path, s3://…, https://…: what becomes file_path
    size: int  # bytes, -1 where the store does not say
    etag: (
        str  # the store's entity tag, else a local file's mtime in ns: changes when the input does
    )

    @property
    def key(self) -> str:
        """16 hexadecimal digits that stand for the input's address and content (size and etag)."""
        text = "\0".join((self.address, str(self.size), self.etag))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(slots=True)
class Document:
    """A record that counts as a document: status 200, a text type, a payload that is not empty."""

    number: int  # place among all records of the input, from 0
    offset: int  # see docs/sources.md: where the record lies in the input
    id: str  # as the input gives it, else "sha256:" of url, date and payload
    url: str | None
    date: str | None  # ISO 8601
    dump: str | None
    kind: Literal["html", "text"]
    payload: bytes
    decoded: bool  # payload is UTF-8 text already; else bytes in the page's own charset
    content_type: str | None  # the HTTP Content-Type header, as sent
    extra: dict[str, Any] | None = None


@dataclass(slots=True)
class Skipped:
    """A record that is no document."""

    number: int
    offset: int
    reason: str  # a key of SKIP_REASONS


@dataclass(slots=True)
class Damaged:
    """A piece of an input that cannot be read."""

    number: int
    offset: int
    cause: str  # one line; the same at every try
    is_document: bool  # what could be read of it says that it was a document
    id: str | None = None  # where its header could be read
    url: str | None = None


Record = Document | Skipped | Damaged
