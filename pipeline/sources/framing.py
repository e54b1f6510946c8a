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

from polysieve.pipeline.sources.runs import Unpacked
from polysieve.pipeline.sources.unpack import Damage

_USUAL_HEADER = 8 << 10
_LONGEST_LINE = 8 << 10
_MAX_HEADER = 1 << 20


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
    head: Callable[[Unpacked, bytes], Head | None]  # reads a header, given the next bytes
    close: bytes  # line ends after which a record is taken as whole whatever follows

    def begins(self, data: bytes) -> bool:
        """Whether the bytes begin a record."""
        return self.start.match(data.lstrip(b"\r\n")) is not None


def records(stream: Unpacked, layout: Layout, max_record_bytes: int) -> Iterator[Framed]:
    """All records of the stream and the damage between them, in order.

    A record that declares more than `max_record_bytes` has body None and is passed over unread.
    """
    while True:
        stream.blanks()
        following = stream.peek(_USUAL_HEADER)
        if not following:
            event = stream.next_run()
            if event is False:
                return
            if isinstance(event, Damage):
                yield Framed(event.offset, None, None, event.cause)
            continue
        offset = stream.offset
        head = layout.head(stream, following) if layout.start.match(following) else None
        if head is None or head.length < 0:
            yield _without_length(stream, layout, offset, head)
        elif head.length <= max_record_bytes:
            body = stream.read(head.length)
            blanks = stream.blanks()
            if len(body) == head.length and _can_end(stream, layout, blanks):
                cause = _with_damage(stream, "") if stream.corrupted() else None
                yield Framed(offset, head, body, cause)
            else:
                stream.unread(body + blanks)
                yield _with_wrong_length(stream, layout, offset, head, body)
        elif _pass_over(stream, layout, head.length):
            yield Framed(offset, head, None, None)
        else:
            yield _with_wrong_length(stream, layout, offset, head, b"")


def _can_end(stream: Unpacked, layout: Layout, blanks: bytes) -> bool:
    """Whether a record can end before these line ends, after which the stream stands."""
    if blanks.startswith(layout.close):
        return True
    following = stream.peek(_USUAL_HEADER)
    return not following or layout.start.match(following) is not None


def _pass_over(stream: Unpacked, layout: Layout, length: int) -> bool:
    """Passes over a body without holding it. False, and back where it begins, if it does not end there."""
    if stream.end is not None and stream.position + length > stream.end:
        return False  # many such claims would otherwise each cost the way to the end
    mark = stream.mark()
    if stream.skip(length) == length and _can_end(stream, layout, stream.blanks()):
        return True
    stream.reset(mark)
    return False


def _without_length(stream: Unpacked, layout: Layout, offset: int, head: Head | None) -> Framed:
    """What stands where a record should begin but has no header, or one without a length."""
    start = stream.position
    if head is None:
        stream.read(1)
    stream.find(layout.search, _LONGEST_LINE)
    if head is None:
        cause = f"{stream.position - start} bytes that are no {layout.name} record"
    else:
        cause = head.problem or "no length"
    return Framed(offset, head, b"", _with_damage(stream, cause))


def _with_wrong_length(
    stream: Unpacked, layout: Layout, offset: int, head: Head, body: bytes
) -> Framed:
    """A record that does not end where it says; the stream stands where its body begins."""
    start = stream.position
    found = stream.find(layout.search, _LONGEST_LINE)
    held = stream.position - start
    end = f"another record begins after {held}" if found else f"{held} are left"
    cause = f"declares {head.length} bytes but {end}"
    return Framed(offset, head, body[:held], _with_damage(stream, cause))


def _with_damage(stream: Unpacked, cause: str) -> str:
    """The cause, with that of the damage that ends the run here: together they are one piece."""
    damage = stream.damage_ahead()
    if damage is None:
        return cause
    stream.next_run()
    return f"{cause}: {damage.cause}" if cause else damage.cause


# Some writers turned every line end into CR CR LF.
_BLANK_LINE = re.compile(rb"\r{0,2}\n\r{0,2}\n")
_FOLD = re.compile(r"\r*\n[ \t]+")
_NUMBER = re.compile(r"[0-9]{1,18}")
_NOISE = " \t\r\ufffd"  # around values; the last where bytes were no UTF-8


def header_end(data: bytes, start: int = 0) -> tuple[int, int] | None:
    """Where the blank line that ends a header begins and ends; None if there is none."""
    at = data.find(b"\r\n\r\n", start)
    if at >= 0 and data.find(b"\n\n", start, at) < 0 and data.find(b"\n\r", start, at) < 0:
        return at, at + 4
    match = _BLANK_LINE.search(data, start)  # slower by far
    return match.span() if match else None


def _warc_head(stream: Unpacked, data: bytes) -> Head | None:
    size = len(data)
    while (end := header_end(data)) is None:
        if size >= _MAX_HEADER or len(data) < size:
            return None
        size *= 4
        data = stream.peek(size)
    if end[0] > _MAX_HEADER:
        return None
    text = stream.read(end[1])[: end[0]].decode("utf-8", "replace")
    if "\n " in text or "\n\t" in text:
        text = _FOLD.sub(" ", text)
    fields: dict[str, str] = {}
    for line in text.split("\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip().lower(), value.strip(_NOISE))
    declared = fields.get("content-length", "")
    if _NUMBER.fullmatch(declared):
        return Head(fields.get("warc-type", "").lower(), int(declared), fields)
    problem = f"Content-Length {declared[:40]!r} is no number" if declared else "no Content-Length"
    return Head(fields.get("warc-type", "").lower(), -1, fields, problem)


_ARC_LINE = re.compile(
    rb"(?P<url>[A-Za-z][\w+.\-]{1,20}:[^\r\n]{0,6000}) (?P<ip>\S*) (?P<date>\d{12,18}) "
    rb"(?P<type>[^\r\n]{0,400}?) ?(?P<rest>(?:[^ \r\n]+ [^ \r\n]+ [^ \r\n]+ [^ \r\n]+ [^ \r\n]+ )?)"
    rb"(?P<length>[\w\-]{1,20})\r?\n"
)
_ARC_START = re.compile(
    rb"[A-Za-z][\w+.\-]{1,20}:[^\r\n]{0,6000} \d{12,18} [^\r\n]{0,400}?[\w\-]{1,20}\r?\n"
)


def _arc_head(stream: Unpacked, data: bytes) -> Head | None:
    """An ARC record's line: URL, IP, date, type, length; in version 2 five more fields before the length."""
    match = _ARC_LINE.match(data)
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
    start=re.compile(rb"WARC/\d", re.IGNORECASE),
    search=re.compile(rb"\nWARC/\d\.\d\r{0,2}\n", re.IGNORECASE),
    head=_warc_head,
    close=b"\r\n\r\n",
)
ARC: Final = Layout(
    name="ARC",
    start=_ARC_START,
    search=re.compile(b"\n" + _ARC_START.pattern),
    head=_arc_head,
    close=b"\n",
)
