"""WARC records (ISO 28500, WARC/1.0) as bytes, laid out as Common Crawl writes them.

Every record is a gzip member of its own. Nothing here reads a clock: ids are UUIDs of a name and
dates are given, so that the same arguments make the same bytes.
"""

import base64
import hashlib
import struct
import uuid
import zlib

NEWLINE = b"\r\n"
GZIP_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"


def record_id(*name: str) -> str:
    """`<urn:uuid:…>`, a UUID of version 5 of the name's parts."""
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, ' '.join(name))}>"


def digest(data: bytes) -> str:
    """`sha1:` and the base-32 SHA-1, as in WARC-Payload-Digest."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def record(kind: str, id: str, date: str, fields: dict[str, str], block: bytes) -> bytes:
    """One record, compressed. `date` is ISO 8601; `fields` come after the fixed ones, in order."""
    header = {
        "WARC-Type": kind,
        "WARC-Date": date,
        "WARC-Record-ID": id,
        "Content-Length": str(len(block)),
        **fields,
        "WARC-Block-Digest": digest(block),
    }
    lines = [b"WARC/1.0", *(f"{name}: {value}".encode() for name, value in header.items())]
    return compress(NEWLINE.join(lines) + NEWLINE * 2 + block + NEWLINE * 2)


def compress(data: bytes) -> bytes:
    """One gzip member (RFC 1952) without a time or a name.

    Built here and not by `gzip.compress`, whose header differs between versions of Python.
    """
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflate.compress(data) + deflate.flush()
    return GZIP_HEADER + packed + struct.pack("<II", zlib.crc32(data), len(data) % 2**32)


def http_response(status: str, headers: dict[str, str], body: bytes) -> bytes:
    """The block of a `response` record. `status` is such as `200 OK`."""
    lines = [f"HTTP/1.1 {status}".encode(), *(f"{k}: {v}".encode() for k, v in headers.items())]
    return NEWLINE.join(lines) + NEWLINE * 2 + body


def http_request(path: str, host: str) -> bytes:
    """The block of a `request` record."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "User-Agent: sample-crawler", "Accept: */*"]
    return NEWLINE.join(line.encode() for line in lines) + NEWLINE * 2


def info(fields: dict[str, str]) -> bytes:
    """The block of a `warcinfo` or `metadata` record (application/warc-fields)."""
    return b"".join(f"{name}: {value}".encode() + NEWLINE for name, value in fields.items())
