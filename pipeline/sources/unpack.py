"""Compression undone, frame by frame, with the places kept and damage stepped over.

gzip members, zstd frames and lz4 frames are all called frames here. A decompressor of one frame tells
where the frame ends; so the walker knows each frame's place in the file, and after damage it looks for
the next place where a frame begins. FastWARC's readers are as fast but stop at the first damaged
member, take a file that was cut off for one that ended, and do not say where a member begins.
"""

import re
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import lz4.frame
import zstandard
from isal import isal_zlib

from polysieve.pipeline.sources.transport import Input

READ = 1 << 20  # stored bytes, or unpacked ones that are passed over, at a time
_FIRST = 4096  # unpacked bytes that tell what a frame holds, where it has as many


@dataclass(frozen=True)
class Codec:
    """A compression: how a frame begins, and what undoes it.

    `piece` is how many bytes are handed to the decompressor at once. It bounds what one call can give:
    64 MiB for gzip (1,032 times), 16 MiB for lz4 (255 times), 32 MiB for zstd (128 KiB from 4 bytes).
    """

    name: str
    start: re.Pattern[bytes]
    piece: int


# RFC 1952: magic, deflate, a flag byte whose three upper bits are reserved and zero.
GZIP = Codec("gzip", re.compile(rb"\x1f\x8b\x08(?=[\x00-\x1f])"), 64 << 10)
ZSTD = Codec("zstd", re.compile(rb"\x28\xb5\x2f\xfd"), 1 << 10)
LZ4 = Codec("lz4", re.compile(rb"\x04\x22\x4d\x18"), 64 << 10)
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")  # RFC 8878, 3.1.2; the same in lz4
_DICTIONARY = (
    b"\x5d\x2a\x4d\x18"  # IIPC, WARC file compression with zstd: dictionary for all frames
)
_CODECS = (GZIP, ZSTD, LZ4)
_ERRORS: tuple[Any, ...] = (  # RuntimeError is lz4's
    isal_zlib.error,
    zlib.error,
    zstandard.ZstdError,
    RuntimeError,
    EOFError,
)


def codec_of(head: bytes) -> Codec | None:
    """The compression of an input that begins with these bytes (12 are enough); None for none."""
    if len(head) >= 12 and _SKIPPABLE.match(head):
        if head[:4] == _DICTIONARY:
            return ZSTD
        following = 8 + int.from_bytes(head[4:8], "little")
        inner = head[following:]
        return next((codec for codec in _CODECS[1:] if codec.start.match(inner)), ZSTD)
    return next((codec for codec in _CODECS if codec.start.match(head)), None)


def codec_inside(source: Input, head: bytes, resumes: Callable[[bytes], bool]) -> Codec | None:
    """The compression of an input whose beginning is damaged: that of a frame within its first bytes."""
    for codec in _CODECS:
        for match in codec.start.finditer(head):
            if resumes(_first_bytes(_Raw(source, match.start()), codec, None)):
                return codec
    return None


class Damage(NamedTuple):
    """A place where unpacked bytes are missing. `corrupt`: what came right before it is not to be trusted."""

    offset: int  # in the input as stored
    cause: str
    corrupt: bool


class Chunk(NamedTuple):
    """Unpacked bytes of the frame that begins at `frame`."""

    frame: int
    data: bytes


def _decompressor(codec: Codec, dictionary: zstandard.ZstdCompressionDict | None) -> Any:
    if codec is GZIP:
        return isal_zlib.decompressobj(31)
    if codec is LZ4:
        return lz4.frame.LZ4FrameDecompressor()
    return zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=1 << 27).decompressobj()


class _Raw:
    """Stored bytes read in pieces, with the position of the next one."""

    def __init__(self, source: Input, offset: int) -> None:
        source.seek(offset)
        self._source = source
        self._block = memoryview(b"")
        self._at = 0
        self.position = offset

    def take(self, size: int) -> memoryview:
        """Up to `size` bytes, at least one unless the input ended."""
        if self._at >= len(self._block):
            self._block = memoryview(self._source.read(READ))
            self._at = 0
        piece = self._block[self._at : self._at + size]
        self._at += len(piece)
        self.position += len(piece)
        return piece

    def give_back(self, size: int) -> None:
        """Moves back by `size` bytes of the piece last taken."""
        self._at -= size
        self.position -= size

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end."""
        while len(self._block) - self._at < size:
            more = self._source.read(READ)
            if not more:
                break
            self._block = memoryview(bytes(self._block[self._at :]) + more)
            self._at = 0
        return bytes(self._block[self._at : self._at + size])


def plain(source: Input, offset: int = 0) -> Iterator[Chunk | Damage]:
    """The chunks of an input that is not compressed: one frame of all bytes."""
    source.seek(offset)
    while data := source.read(READ):
        yield Chunk(offset, data)


def unpack(
    source: Input, codec: Codec, resumes: Callable[[bytes], bool], offset: int = 0
) -> Iterator[Chunk | Damage]:
    """Unpacks frame after frame, beginning with the one at `offset`.

    `resumes` says of the first unpacked bytes after damage whether they make sense as a beginning; a
    place that only looks like a frame's first bytes is thus passed over.
    """
    dictionary = _dictionary(source, codec) if codec is ZSTD else None
    raw = _Raw(source, offset)
    while head := raw.peek(12):
        start = raw.position
        if codec is not GZIP and _SKIPPABLE.match(head):
            _skip(raw, 8 + int.from_bytes(head[4:8], "little"))
            continue
        if codec.start.match(head):
            cause, corrupt, given = yield from _frame(raw, codec, dictionary)
            if not cause:
                continue
            if corrupt:
                yield from _salvage(source, codec, dictionary, start, given)
        elif not head.strip(b"\0"):  # padding, as some writers leave it
            _skip(raw, len(head))
            continue
        else:
            cause, corrupt = f"bytes that are no {codec.name} frame", False
        found = _next_frame(source, codec, dictionary, resumes, start + 1)
        until = "to the end of the file" if found is None else f"up to byte {found}"
        yield Damage(start, f"{cause}; passed over {until}", corrupt)
        if found is None:
            return
        raw = _Raw(source, found)


def _skip(raw: _Raw, size: int) -> None:
    while size:
        piece = raw.take(min(size, READ))
        if not piece:
            return
        size -= len(piece)


def _frame(
    raw: _Raw, codec: Codec, dictionary: Any
) -> Generator[Chunk, None, tuple[str, bool, int]]:
    """Yields the chunks of the frame at the position.

    Returns why it is not whole ("" if it is), whether its bytes are doubtful, and how many it gave.
    """
    start = raw.position
    decompressor = _decompressor(codec, dictionary)
    given = 0
    first: bytes | None = b""  # gathered until it is large enough to tell what the frame holds
    while not decompressor.eof:
        piece = raw.take(codec.piece)
        try:
            data = decompressor.decompress(piece) if piece else b""
        except _ERRORS as error:
            cause = f"{codec.name} frame damaged ({' '.join(str(error).split())})"
            if first:
                yield Chunk(start, first)
            return cause, True, given
        given += len(data)
        if first is not None:
            first += data
            if len(first) < _FIRST and piece and not decompressor.eof:
                continue
            data, first = first, None
        if data:
            yield Chunk(start, data)
        if not piece:
            return f"{codec.name} frame cut off by the end of the file", False, given
    raw.give_back(len(decompressor.unused_data or b""))
    return "", False, given


def _salvage(
    source: Input, codec: Codec, dictionary: Any, start: int, given: int
) -> Iterator[Chunk]:
    """The bytes of a damaged frame that came out of no call: those before the damage in the piece that failed.

    One decompressor tells which piece fails, another takes that piece byte by byte.
    """
    raw = _Raw(source, start)
    fast = _decompressor(codec, dictionary)
    slow = zlib.decompressobj(31) if codec is GZIP else _decompressor(codec, dictionary)
    saved: list[bytes] = []
    end = 0

    def feed(data: memoryview) -> None:
        nonlocal end
        out = slow.decompress(data)
        end += len(out)
        if end > given:
            saved.append(out[max(0, len(out) - (end - given)) :])

    while piece := raw.take(codec.piece):
        try:
            fast.decompress(piece)
        except _ERRORS:
            break
        feed(piece)
    for place in range(len(piece)):
        try:
            feed(piece[place : place + 1])
        except _ERRORS:
            break
    if data := b"".join(saved):
        yield Chunk(start, data)


def _next_frame(
    source: Input, codec: Codec, dictionary: Any, resumes: Callable[[bytes], bool], offset: int
) -> int | None:
    """The first place from `offset` on where a frame begins whose first bytes unpack and make sense."""
    source.seek(offset)
    window = b""
    while block := source.read(READ):
        end = source.tell()
        window += block
        for match in codec.start.finditer(window):
            place = end - len(window) + match.start()
            if resumes(_first_bytes(_Raw(source, place), codec, dictionary)):
                return place
        source.seek(end)
        window = window[-3:]
    return None


def _first_bytes(raw: _Raw, codec: Codec, dictionary: Any) -> bytes:
    """The first unpacked bytes of what may be a frame, b"" if it is none."""
    decompressor = _decompressor(codec, dictionary)
    data = b""
    while len(data) < _FIRST and not decompressor.eof and (piece := raw.take(codec.piece)):
        try:
            data += decompressor.decompress(piece)
        except _ERRORS:
            break
    return data


def _dictionary(source: Input, codec: Codec) -> zstandard.ZstdCompressionDict | None:
    """The dictionary that a zstd file carries in its first frame, itself compressed or not."""
    raw = _Raw(source, 0)
    head = raw.peek(8)
    if head[:4] != _DICTIONARY:
        return None
    size = int.from_bytes(head[4:8], "little")
    content = raw.peek(8 + size)[8:]
    if codec.start.match(content):
        try:
            content = zstandard.ZstdDecompressor().decompressobj().decompress(content)
        except zstandard.ZstdError:
            return None
    return zstandard.ZstdCompressionDict(content)
