"""The unpacked bytes of an input, read forwards in runs of what belongs together."""

import re
from collections.abc import Callable, Iterator

from polysieve.pipeline.sources.unpack import READ, Chunk, Damage

_BLANKS = re.compile(rb"[\r\n]*")


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
        while passed < size and (piece := self.read(min(size - passed, READ))):
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
