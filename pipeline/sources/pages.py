"""From framed WARC and ARC records to documents."""

import hashlib
import re
from collections.abc import Iterator

from polysieve.pipeline.sources import http_message
from polysieve.pipeline.sources.framing import Framed, Head, Layout, records
from polysieve.pipeline.sources.model import Damaged, Document, Record, Skipped
from polysieve.pipeline.sources.runs import Unpacked

_ISO = re.compile(r"\d{4}(-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?")
_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?\d*")
_SNAPSHOT = re.compile(r"CC-MAIN-\d{4}-\d{2}(?!\d)")
_PART_OF = re.compile(rb"^isPartOf:[ \t]*(\S[^\r\n]*?)[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)


def snapshot_in(address: str) -> str | None:
    """The `CC-MAIN-YYYY-WW` in an address."""
    match = _SNAPSHOT.search(address)
    return match[0] if match else None


def content_id(url: str | None, date: str | None, payload: bytes) -> str:
    """The id of a record that has none: sha256 of url, date and payload with NUL between."""
    key = f"{url or ''}\0{date or ''}\0".encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(key)
    digest.update(payload)
    return "sha256:" + digest.hexdigest()


def utf8(data: bytes) -> bytes:
    """The bytes as valid UTF-8: what is not is replaced by U+FFFD, so that nothing is lost in silence."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").encode("utf-8")
    return data


def iso_date(value: str | None) -> str | None:
    """A date as ISO 8601: as written if it is so already, from 12 to 18 digits otherwise, else None."""
    if not value:
        return None
    if _ISO.fullmatch(value):
        return value
    match = _DIGITS.fullmatch(value)
    if not match:
        return None
    year, month, day, hour, minute, second = match.groups(default="00")
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}Z"


def read_archive(
    stream: Unpacked, layout: Layout, dump: str | None, max_record_bytes: int
) -> Iterator[Record]:
    """The records of a WARC, WET, WAT or ARC file. `dump` None: taken from the file's warcinfo."""
    part_of: str | None = None
    for number, framed in enumerate(records(stream, layout, max_record_bytes)):
        if framed.head is not None and framed.head.type == "warcinfo" and framed.body:
            match = _PART_OF.search(framed.body)
            part_of = match[1].decode("utf-8", "replace") if match else None
        yield _record(number, framed, dump or part_of, max_record_bytes)


def _record(number: int, framed: Framed, dump: str | None, cap: int) -> Record:
    offset, head, body, cause = framed
    if head is None:
        return Damaged(number, offset, cause or "no record header", is_document=False)
    if cause is not None:
        was_document = _was_document(head, body or b"", cap)
        return Damaged(number, offset, cause, was_document, _id(head), _url(head))
    if not _holds_page(head):
        return Skipped(number, offset, "not_response")
    if body is None:
        return Skipped(number, offset, "too_large")
    return _document(number, offset, head, body, dump, cap)


def _id(head: Head) -> str | None:
    return head.fields.get("warc-record-id") or None


def _url(head: Head) -> str | None:
    """The address of the page; some writers put it between angle brackets."""
    url = head.fields.get("warc-target-uri", "")
    if url.startswith("<") and url.endswith(">"):
        url = url[1:-1]
    return url or None


def _media_type(head: Head) -> str:
    return head.fields.get("content-type", "").partition(";")[0].strip().lower()


def _is_web(head: Head) -> bool:
    return (_url(head) or "").lower().startswith(("http:", "https:"))


def _holds_page(head: Head) -> bool:
    """Whether the record's type says that it holds a captured page.

    A response holds one if it is HTTP's (not DNS's, say), a resource if it was fetched from the web:
    archives keep logs and reports of the crawler itself as resources under other schemes.
    """
    if head.type == "response":
        return _media_type(head) in ("application/http", "") or _is_web(head)
    return head.type == "conversion" or (head.type == "resource" and _is_web(head))


def _was_document(head: Head, body: bytes, cap: int) -> bool:
    """Whether what is left of a damaged record says that it was a document."""
    if not _holds_page(head):
        return False
    if head.type == "conversion":
        return True
    return isinstance(_document(0, 0, head, body, None, cap), Document)


def _document(
    number: int, offset: int, head: Head, body: bytes, dump: str | None, cap: int
) -> Record:
    content_type: str | None = None
    if head.type == "conversion":
        kind: str | None = "text" if _media_type(head) in ("text/plain", "") else None
        payload, decoded = utf8(body), True
    elif head.type == "resource":
        content_type = head.fields.get("content-type")
        kind = http_message.text_kind(content_type, body)
        payload, decoded = body, False
    else:
        message = http_message.parse_head(body)
        if message is None:
            return Skipped(number, offset, "malformed_http")
        if message.status != 200:
            return Skipped(number, offset, "status")
        content_type = message.last("content-type")
        payload, decoded = body[message.end :], False
        kind = http_message.text_kind(content_type, payload) if content_type else "html"
        if kind is None:
            return Skipped(number, offset, "not_text")
        if "chunked" in (message.last("transfer-encoding") or "").lower():
            payload = http_message.dechunk(payload)
        try:
            payload = http_message.decode_content(
                payload, message.headers.get("content-encoding", []), cap
            )
        except http_message.TooLarge:
            return Skipped(number, offset, "too_large")
        except http_message.Undecodable as error:
            return Damaged(number, offset, str(error), True, _id(head), _url(head))
        kind = http_message.text_kind(content_type, payload)
    if not payload:
        return Skipped(number, offset, "empty")
    if kind is None:
        return Skipped(number, offset, "not_text")
    url = _url(head)
    date = iso_date(head.fields.get("warc-date"))
    return Document(
        number=number,
        offset=offset,
        id=head.fields.get("warc-record-id") or content_id(url, date, payload),
        url=url,
        date=date,
        dump=dump,
        kind="html" if kind == "html" else "text",
        payload=payload,
        decoded=decoded,
        content_type=content_type,
    )
