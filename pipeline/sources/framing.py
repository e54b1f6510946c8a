"""WARC and ARC records, cut out of a stream of bytes, complete ones recovered around damage.

A record is whole if the length that it declares ends where a record can end: at the end of its run (the
end of its gzip member, say), before another record, or at the blank lines that close a record. What does
not satisfy this is reported as damaged, and reading goes on at the next record header. FastWARC trusts
the declared length, so that a wrong one takes the records after it along, and reads no ARC.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pipeline.sources.unpack import Damage, Unpacked

_MAX_HEADER = 1 << 20
_BLANKS = re.compile(rb"[\r\n]*")


@dataclass(slots=True)
class Head:
    """What a record's header says. Field names are in lower case; the first of equal names counts."""

    type: str
    length: int  # -1 where it is missing or no number
    fields: dict[str, str] = field(default_factory=dict)
    problem: str | None = None


class Framed(NamedTuple):
    """A record, or a piece of the input that is none.

    `head` is None where no header could be read, `body` None where it is over the size cap, `cause` says
    why the record is damaged.
    """

    offset: int
    head: Head | None
    body: bytes | None
    cause: str | None


class Layout(NamedTuple):
    """How the records of a format begin and end."""

    name: str
    start: re.Pattern[bytes]  # at the start of a record
    search: re.Pattern[bytes]  # the same after a newline
    head: Callable[[Unpacked], Head | None]  # reads a header; None: there is none
    closes: Callable[[bytes], bool]  # whether these four bytes after a record can only be its end

    def begins(self, data: bytes) -> bool:
        """Whether the bytes begin a record."""
        return self.start.match(data, _BLANKS.match(data).end()) is not None  # type: ignore[union-attr]


def records(stream: Unpacked, layout: Layout, max_record_bytes: int) -> Iterator[Framed]:
    """All records of the stream and the damage between them, in order.

    A record that declares more than `max_record_bytes` has body None and is passed over unread.
    """
    end_of_stream: int | None = None
    while True:
        _pass_blanks(stream)
        if not stream.peek(1):
            event = stream.next_run()
            if event is False:
                return
            if isinstance(event, Damage):
                yield Framed(event.offset, None, None, event.cause)
            continue
        mark = stream.mark()
        offset = mark[0]
        head = layout.head(stream) if layout.begins(stream.peek(8192)) else None
        if head is None or head.length < 0:
            problem = head.problem if head else None
            start = stream.position
            if head is None:
                stream.read(1)
            _find(stream, layout)
            problem = problem or f"{stream.position - start} bytes that are no {layout.name} record"
            yield Framed(offset, head, b"", _with_damage(stream, problem))
            continue
        length = head.length
        if length > max_record_bytes:
            mark = stream.mark()
            too_long = end_of_stream is not None and stream.position + length > end_of_stream
            passed = 0 if too_long else stream.skip(length)
            if passed == length and _ends(stream, layout):
                yield Framed(offset, head, None, None)
                continue
            if not too_long and not stream.peek(1):
                end_of_stream = stream.position  # spares the next such claim the way to the end
            stream.reset(mark)
            held = b""
        else:
            body = stream.read(length)
            if len(body) == length and _ends(stream, layout):
                damage = stream.damage_ahead()
                if damage is None or not damage.corrupt:
                    yield Framed(offset, head, body, None)
                else:
                    stream.next_run()
                    yield Framed(offset, head, body, damage.cause)
                continue
            held = body
            stream.unread(body)
        start = stream.position
        found = _find(stream, layout)
        cause = f"declares {length} bytes but " + (
            f"another record begins after {stream.position - start}"
            if found
            else f"{stream.position - start} are left"
        )
        yield Framed(offset, head, held[: stream.position - start], _with_damage(stream, cause))


def _pass_blanks(stream: Unpacked) -> None:
    while data := stream.peek(64):
        blanks = len(data) - len(data.lstrip(b"\r\n"))
        stream.read(blanks)
        if blanks < len(data):
            return


def _ends(stream: Unpacked, layout: Layout) -> bool:
    """Whether a record can end here."""
    tail = stream.peek(4)
    if not tail or layout.closes(tail):
        return True
    if tail[0] not in b"\r\n" and not layout.begins(tail + b"\n"):
        return layout.begins(stream.peek(8192))
    after = stream.peek(8192)
    return not after.strip(b"\r\n") or layout.begins(after)


def _find(stream: Unpacked, layout: Layout) -> bool:
    """Moves to the next record header in the run, or to the run's end."""
    return stream.find(layout.search, 8192)


def _with_damage(stream: Unpacked, cause: str) -> str:
    """The cause, with that of the damage that ends the run here: together they are one piece."""
    damage = stream.damage_ahead()
    if damage is None:
        return cause
    stream.next_run()
    return f"{cause}: {damage.cause}"


_HEADER_END = re.compile(rb"\r?\n\r?\n")
_NUMBER = re.compile(r"\d{1,18}")
_NOISE = " \t\r\ufffd"


def _warc_head(stream: Unpacked) -> Head | None:
    size = 1024
    while True:
        data = stream.peek(size)
        match = _HEADER_END.search(data)
        if match:
            break
        if len(data) < size or size >= _MAX_HEADER:
            return None
        size *= 4
    text = stream.read(match.end())[: match.start()].decode("utf-8", "replace")
    fields: dict[str, str] = {}
    name = ""
    for line in text.split("\n")[1:]:
        if line[:1] in (" ", "\t") and name:
            fields[name] = f"{fields[name]} {line.strip(_NOISE)}".strip()
            continue
        key, colon, value = line.partition(":")
        key = key.strip().lower()
        if colon and key not in fields:
            name = key
            fields[name] = value.strip(_NOISE)
    declared = fields.get("content-length", "")
    problem = None
    if not _NUMBER.fullmatch(declared):
        problem = (
            f"Content-Length {declared[:40]!r} is no number" if declared else "no Content-Length"
        )
    return Head(
        type=fields.get("warc-type", "").lower(),
        length=-1 if problem else int(declared),
        fields=fields,
        problem=problem,
    )


_ARC_LINE = re.compile(
    rb"(?P<url>[A-Za-z][\w+.\-]{1,20}:[^\r\n]{0,6000}) (?P<ip>\S*) (?P<date>\d{12,18}) "
    rb"(?P<type>[^\r\n]{0,400}?) ?(?P<rest>(?:[^ \r\n]+ [^ \r\n]+ [^ \r\n]+ [^ \r\n]+ [^ \r\n]+ )?)"
    rb"(?P<length>[\w\-]{1,20})\r?\n"
)
_ARC_START = re.compile(
    rb"[A-Za-z][\w+.\-]{1,20}:[^\r\n]{0,6000} \d{12,18} [^\r\n]{0,400}?[\w\-]{1,20}\r?\n"
)


def _arc_head(stream: Unpacked) -> Head | None:
    """An ARC record's line: URL, IP, date, type, length; in version 2 five more fields before the length."""
    match = _ARC_LINE.match(stream.peek(8192))
    if match is None:
        return None
    stream.read(match.end())
    declared = match["length"].decode("ascii", "replace")
    problem = None if _NUMBER.fullmatch(declared) else f"length {declared!r} is no number"
    url = match["url"].decode("utf-8", "replace")
    fields = {
        "warc-target-uri": url,
        "warc-date": match["date"].decode(),
        "content-type": match["type"].decode("utf-8", "replace"),
    }
    if url.lower().startswith(("http:", "https:")):
        fields["content-type"] = "application/http; msgtype=response"
    return Head(
        type="filedesc" if url.lower().startswith("filedesc:") else "response",
        length=-1 if problem else int(declared),
        fields=fields,
        problem=problem,
    )


WARC: Final = Layout(
    name="WARC",
    start=re.compile(rb"WARC/\d"),
    search=re.compile(rb"\nWARC/\d\.\d"),
    head=_warc_head,
    closes=lambda tail: tail == b"\r\n\r\n",
)
ARC: Final = Layout(
    name="ARC",
    start=_ARC_START,
    search=re.compile(b"\n" + _ARC_START.pattern),
    head=_arc_head,
    closes=lambda tail: tail.startswith((b"\n", b"\r\n")),
)
