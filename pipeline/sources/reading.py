"""Reads one input: its type told by its content, its records in order."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import orjson

from polysieve.pipeline.sources.framing import ARC, WARC, Layout
from polysieve.pipeline.sources.lines import read_lines
from polysieve.pipeline.sources.model import MAX_RECORD_BYTES, Damaged, Record, Retries, Source
from polysieve.pipeline.sources.pages import read_archive, snapshot_in
from polysieve.pipeline.sources.runs import Unpacked
from polysieve.pipeline.sources.tables import read_table
from polysieve.pipeline.sources.transport import Input
from polysieve.pipeline.sources.unpack import (
    Chunk,
    Codec,
    Damage,
    codec_inside,
    codec_of,
    plain,
    unpack,
)

_HEAD = 64 << 10


def read_records(
    source: Source,
    *,
    max_record_bytes: int = MAX_RECORD_BYTES,
    retries: Retries | None = None,
    storage_options: dict[str, Any] | None = None,
) -> Iterator[Record]:
    """The records of an input, in order, numbered from 0.

    A record of more than `max_record_bytes` unpacked bytes is skipped and never held whole.
    `storage_options` go to the fsspec filesystem of an address that is neither local nor http.

    Damaged content is yielded as `Damaged`; nothing is raised for it.
    Raises SourceError if the input cannot be read for another reason, retries included.
    """
    with Input(
        source.address, size=source.size, retries=retries, storage_options=storage_options
    ) as stored:
        yield from _read(stored, snapshot_in(source.address), max_record_bytes)


def _read(stored: Input, dump: str | None, max_record_bytes: int) -> Iterator[Record]:
    head = _first(stored, 1 << 16)
    if head.startswith(b"PAR1"):
        yield from read_table(stored, dump, max_record_bytes)
        return
    codec = codec_of(head)
    if codec is None and not _is_known(head):
        codec = codec_inside(stored, head, _is_known)
    if codec is not None:
        head, damage = _unpacked_head(stored, codec)
        if damage is not None and not head:
            yield Damaged(0, damage.offset, damage.cause, is_document=False)
    if not head:
        return
    layout = _archive(head)
    if layout is not None:
        stream = _stream(stored, codec, layout.begins)
        yield from read_archive(stream, layout, dump, max_record_bytes)
    elif _is_json(head):
        yield from read_lines(_stream(stored, codec, None), dump, max_record_bytes)
    else:
        inside = f" inside {codec.name}" if codec else ""
        shown = head[:16].hex(" ")
        cause = f"unknown type{inside}: no WARC, ARC, Parquet or JSON lines (first bytes: {shown})"
        yield Damaged(0, 0, cause, is_document=False)


def _first(stored: Input, size: int) -> bytes:
    head = b""
    while len(head) < size and (data := stored.read(size - len(head))):
        head += data
    return head


def _unpacked_head(stored: Input, codec: Codec) -> tuple[bytes, Damage | None]:
    """The first unpacked bytes, taken after damage if those before it tell no type, and that damage."""
    head = b""
    damage: Damage | None = None
    for event in unpack(stored, codec, _is_known):
        if isinstance(event, Chunk):
            head += event.data
        elif not _is_known(head):
            head, damage = b"", event
        if len(head) >= _HEAD:
            break
    return head, damage


def _archive(head: bytes) -> Layout | None:
    """The layout of an archive, which may begin with bytes that are no record."""
    for layout in (WARC, ARC):
        if layout.begins(head):
            return layout
    return next((layout for layout in (WARC, ARC) if layout.search.search(head)), None)


def _is_json(head: bytes) -> bool:
    """Whether the first line begins an object, or the second is one: a bad line at the start is only that."""
    lines = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 2)
    if lines[0].startswith(b"{"):
        return True
    try:
        return len(lines) > 1 and isinstance(orjson.loads(lines[1]), dict)
    except orjson.JSONDecodeError:
        return False


def _is_known(head: bytes) -> bool:
    return _archive(head) is not None or _is_json(head)


def _is_text(head: bytes) -> bool:
    """Whether bytes after damage can be JSON lines: no control bytes that such a file never has."""
    return bool(head) and not any(byte < 32 and byte not in b"\t\n\r" for byte in head)


def _stream(stored: Input, codec: Codec | None, begins: Callable[[bytes], bool] | None) -> Unpacked:
    if codec is None:
        return Unpacked(partial(plain, stored), begins, compressed=False)
    resumes = begins or _is_text
    return Unpacked(partial(unpack, stored, codec, resumes), begins, compressed=True)
