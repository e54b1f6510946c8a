"""HTTP responses as archives hold them: the head, and the body with its encodings undone."""

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import brotli
import zstandard

from polysieve.pipeline.sources.framing import header_end

_STATUS_LINE = re.compile(
    rb"HTTP(?:/\d+(?:\.\d+)?)?[ \t]+(\d{3})(?!\d)[^\r\n]*(?:\r?\n|\r|$)", re.I
)
_FOLD = re.compile(r"\r?\n[ \t]+")
_CHUNK_LINE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_TEXT_TYPES = {"text/html": "html", "application/xhtml+xml": "html", "text/plain": "text"}
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+\-]+/[\w!#$&^.+\-]+")
_HTML_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_ZLIB_PIECE = 32 << 10


class TooLarge(Exception):
    """A body that unpacks to more than the size cap."""


class Undecodable(Exception):
    """A body whose content encoding cannot be undone."""


class Head(NamedTuple):
    """An HTTP head: the status, and header values by lower-case name in the order sent."""

    status: int
    headers: dict[str, list[str]]
    end: int  # where the body begins

    def last(self, name: str) -> str | None:
        """The value of the last header of this name."""
        values = self.headers.get(name)
        return values[-1] if values else None


def parse_head(block: bytes) -> Head | None:
    """The head of a response block; None if it does not begin with a status line.

    Lines may end in CRLF or LF; a missing status text, `HTTP/2 200` and folded lines are taken. Without
    a blank line all of the block is head.
    """
    status = _STATUS_LINE.match(block)
    if status is None:
        return None
    # The status line's own line end may be the first half of the blank line that ends the head.
    blank = header_end(block, max(0, status.end() - 2))
    head_end, end = blank or (len(block), len(block))
    text = block[status.end() : head_end].decode("latin-1")
    if "\n " in text or "\n\t" in text:
        text = _FOLD.sub(" ", text)
    headers: dict[str, list[str]] = {}
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), []).append(value.strip())
    return Head(int(status[1]), headers, end)


def text_kind(content_type: str | None, body: bytes) -> str | None:
    """ "html" or "text" for what counts as a document, None for the rest.

    A missing or unreadable content type is told from the body: `<!doctype html` or `<html` is HTML.
    """
    media_type = _MEDIA_TYPE.match((content_type or "").strip())
    if media_type:
        return _TEXT_TYPES.get(media_type[0].lower())
    return "html" if _HTML_START.match(body[:4096]) else None


def dechunk(body: bytes) -> bytes:
    """A body without its chunked framing. Where the framing is wrong, the bytes from there on stay as they are."""
    pieces: list[bytes] = []
    at = 0
    while line := _CHUNK_LINE.match(body, at):
        size = int(line[1], 16)
        if size == 0:
            return b"".join(pieces)
        data = body[line.end() : line.end() + size]
        after = line.end() + size
        pieces.append(data)
        at = after
        if body.startswith(b"\r\n", after):
            at += 2
        elif body.startswith(b"\n", after):
            at += 1
        elif after < len(body):
            if len(pieces) == 1:
                return body
            break
    pieces.append(body[at:])
    return b"".join(pieces)


def decode_content(body: bytes, encodings: list[str], cap: int) -> bytes:
    """Undoes `Content-Encoding` values, the last first.

    Archives often keep bodies decoded and the header as it was: what does not look encoded stays as it
    is. A body that was cut off gives what could be decoded.

    Raises TooLarge over `cap` bytes, Undecodable where nothing could be decoded.
    """
    names = [name.strip().lower() for value in encodings for name in value.split(",")]
    for name in reversed(names):
        if name in ("gzip", "x-gzip"):
            if body[:2] == b"\x1f\x8b":
                body = _joined(_inflated(body, 31), cap, "gzip")
        elif name == "deflate":
            if not _looks_like_text(body):
                try:
                    body = _joined(_inflated(body, 15), cap, "deflate")
                except Undecodable:
                    body = _joined(_inflated(body, -15), cap, "deflate")
        elif name == "br":
            try:
                body = _joined(_unbrotlied(body), cap, "brotli")
            except Undecodable:
                if not _looks_like_text(body):
                    raise
        elif name == "zstd" and body[:4] == b"\x28\xb5\x2f\xfd":
            body = _joined(_unzstd(body), cap, "zstd")
    return body


def _looks_like_text(body: bytes) -> bool:
    head = body[:512]
    control = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    return control == 0


def _inflated(body: bytes, window: int) -> Iterator[bytes]:
    while body:
        decoder = zlib.decompressobj(window)
        for at in range(0, len(body), _ZLIB_PIECE):
            yield decoder.decompress(body[at : at + _ZLIB_PIECE])
            if decoder.eof:
                body = decoder.unused_data + body[at + _ZLIB_PIECE :]
                break
        else:
            return
        if window != 31 or body[:2] != b"\x1f\x8b":
            return


def _unbrotlied(body: bytes) -> Iterator[bytes]:
    decoder = brotli.Decompressor()
    piece = decoder.process(body, output_buffer_limit=1 << 20)
    yield piece
    while not decoder.is_finished() and (piece or not decoder.can_accept_more_data()):
        piece = decoder.process(b"", output_buffer_limit=1 << 20)
        yield piece


def _unzstd(body: bytes) -> Iterator[bytes]:
    decoder = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
    for at in range(0, len(body), 1024):
        yield decoder.decompress(body[at : at + 1024])
        if decoder.eof:
            return


def _joined(pieces: Iterator[bytes], cap: int, name: str) -> bytes:
    """The pieces up to where decoding fails. Raises TooLarge over `cap` bytes, Undecodable where there are none."""
    found, size = [], 0
    try:
        for piece in pieces:
            found.append(piece)
            size += len(piece)
            if size > cap:
                raise TooLarge
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        if not size:
            raise Undecodable(f"the {name} body is damaged ({error})") from None
    return b"".join(found)
