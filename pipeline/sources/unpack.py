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

from pipeline.sources.transport import Input

_READ = 1 << 20
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
_BLANKS = re.compile(rb"[\r\n]*")
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
            self._block = memoryview(self._source.read(_READ))
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
            more = self._source.read(_READ)
            if not more:
                break
            self._block = memoryview(bytes(self._block[self._at :]) + more)
            self._at = 0
        return bytes(self._block[self._at : self._at + size])


def plain(source: Input, offset: int = 0) -> Iterator[Chunk | Damage]:
    """The chunks of an input that is not compressed: one frame of all bytes."""
    source.seek(offset)
    while data := source.read(_READ):
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
        piece = raw.take(min(size, _READ))
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
    while block := source.read(_READ):
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


class Unpacked:
    """The unpacked bytes of an input, read forwards in *runs*.

    A run is a stretch of bytes that belong together. Damage ends a run, and so does the end of a frame
    if `begins` says that the next frame's first bytes begin a record: what a record claims to hold never
    reaches over such a place. `begins` None: only damage ends a run.
    """

    def __init__(
        self,
        produce: Callable[[int], Iterator[Chunk | Damage]],
        begins: Callable[[bytes], bool] | None,
        *,
        compressed: bool,
    ) -> None:
        self._produce = produce
        self._events = produce(0)
        self._begins = begins
        self._compressed = compressed
        self._buffer = b""
        self._at = 0
        self._frames: list[tuple[int, int]] = [
            (0, 0)
        ]  # (unpacked position, stored offset) of starts
        self._next: Chunk | Damage | None = next(self._events, None)
        self._ended = False  # the next chunk is known to belong to another run
        self.position = 0  # of the next byte, in the unpacked stream
        self.end: int | None = None  # the position of the stream's end, once it was reached

    @property
    def offset(self) -> int:
        """Where the next byte lies in the input as stored: the start of its frame, or its own place."""
        if not self._compressed:
            return self.position
        while len(self._frames) > 1 and self._frames[1][0] <= self.position:
            self._frames.pop(0)
        return self._frames[0][1]

    def _more(self) -> bool:
        """Takes the next chunk into the buffer unless it belongs to another run."""
        chunk = self._next
        if self._ended or not isinstance(chunk, Chunk):
            return False
        if chunk.frame != self._frames[-1][1]:
            if self._begins is not None and self._begins(chunk.data):
                self._ended = True
                return False
            self._frame_starts(chunk)
        rest = self._buffer[self._at :]
        self._buffer = rest + chunk.data if rest else chunk.data
        self._at = 0
        self._next = next(self._events, None)
        return True

    def _frame_starts(self, chunk: Chunk) -> None:
        end = self.position + len(self._buffer) - self._at
        if self._compressed:
            self._frames.append((end, chunk.frame))

    def next_run(self) -> bool | Damage:
        """Passes over what is left of this run. True: a run begins; Damage: it lies here; False: the end."""
        self.position += len(self._buffer) - self._at
        self._buffer, self._at = b"", 0
        while self._more():
            self.position += len(self._buffer)
            self._at = len(self._buffer)
        event = self._next
        self._ended = False
        if event is None:
            return False
        if isinstance(event, Damage):
            self._next = next(self._events, None)
            return event
        self._frame_starts(event)
        return True

    def damage_ahead(self) -> Damage | None:
        """The damage that ends the run, if the run has no byte left."""
        return self._next if isinstance(self._next, Damage) and not self.peek(1) else None

    def peek(self, size: int) -> bytes:
        """The next `size` bytes of the run, fewer at its end."""
        end = self._at + size
        while len(self._buffer) < end and self._more():
            end = self._at + size
        return self._buffer[self._at : end]

    def corrupted(self) -> bool:
        """Whether the run ends in damage that makes its last bytes doubtful: a wrong checksum, say."""
        damage = self.damage_ahead()
        return damage is not None and damage.corrupt and damage.offset == self._frames[-1][1]

    def blanks(self) -> bytes:
        """Reads the line ends that come next."""
        read = b""
        while True:
            match = _BLANKS.match(self._buffer, self._at)
            end = match.end() if match else self._at
            read += self._buffer[self._at : end]
            self._move(end)
            if end < len(self._buffer) or not self._more():
                return read

    def read(self, size: int) -> bytes:
        """Reads `size` bytes, fewer at the end of the run."""
        have = len(self._buffer) - self._at
        if have >= size:
            data = self._buffer[self._at : self._at + size]
            self._at += size
            self.position += size
            return data
        pieces = []
        missing = size
        while missing:
            if self._at == len(self._buffer) and not self._more():
                break
            piece = self._buffer[self._at : self._at + missing]
            self._at += len(piece)
            self.position += len(piece)
            missing -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    def skip(self, size: int) -> int:
        """Passes over `size` bytes of the run without holding them; the number there were."""
        passed = 0
        while passed < size and (piece := self.read(min(size - passed, _READ))):
            passed += len(piece)
        if passed < size and self._next is None:
            self.end = self.position
        return passed

    def line(self, limit: int) -> bytes:
        """Reads up to and with the next newline; without one, `limit` bytes or what the run still has."""
        pieces: list[bytes] = []
        missing = limit
        while missing:
            if self._at == len(self._buffer) and not self._more():
                break
            end = self._buffer.find(b"\n", self._at, self._at + missing) + 1
            piece = self._buffer[self._at : end or self._at + missing]
            self._move(self._at + len(piece))
            if not pieces and end:
                return piece
            pieces.append(piece)
            missing -= len(piece)
            if end:
                break
        return b"".join(pieces)

    def find(self, pattern: re.Pattern[bytes], overlap: int) -> bool:
        """Moves to the next match in the run, or to the run's end (False). Matches are ≤ `overlap` long."""
        while True:
            while len(self._buffer) - self._at < overlap and self._more():
                pass
            match = pattern.search(self._buffer, self._at)
            if match:
                self._move(match.start())
                return True
            self._move(max(self._at, len(self._buffer) - overlap + 1))
            if not self._more():
                self._move(len(self._buffer))
                return False

    def _move(self, at: int) -> None:
        self.position += at - self._at
        self._at = at

    def unread(self, data: bytes) -> None:
        """Puts back the bytes last read."""
        self._buffer = data + self._buffer[self._at :]
        self._at = 0
        self.position -= len(data)

    def mark(self) -> tuple[int, int, int]:
        """This place, for `reset`."""
        offset = self.offset
        return offset, self.position, self._frames[0][0]

    def reset(self, mark: tuple[int, int, int]) -> None:
        """Goes back to a marked place, by unpacking its frame again."""
        offset, position, frame_position = mark
        if not self._compressed:
            frame_position = position
        self._events = self._produce(offset)
        self._next = next(self._events, None)
        self._ended = False
        self._buffer, self._at = b"", 0
        self._frames = [(frame_position, offset)]
        self.position = frame_position
        self.skip(position - frame_position)
