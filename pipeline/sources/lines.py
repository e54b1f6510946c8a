"""JSON lines: one object a line, with a `text`."""

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from polysieve.pipeline.sources.model import Damaged, Document, Record, Skipped
from polysieve.pipeline.sources.pages import content_id, iso_date
from polysieve.pipeline.sources.runs import Unpacked
from polysieve.pipeline.sources.unpack import Damage

_BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_lines(stream: Unpacked, dump: str | None, max_record_bytes: int) -> Iterator[Record]:
    """The records of a JSONL file. Offsets are those of lines in the unpacked stream."""
    number = 0
    while True:
        offset = stream.position
        line = stream.line(max_record_bytes + 1)
        if not line:
            event = stream.next_run()
            if event is False:
                return
            if isinstance(event, Damage):
                yield Damaged(number, event.offset, event.cause, is_document=False)
                number += 1
            continue
        if len(line) > max_record_bytes and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = stream.line(1 << 20)
            yield Skipped(number, offset, "too_large")
            number += 1
            continue
        if offset == 0 and line.startswith(_BOM):
            line = line[len(_BOM) :]
        if not line.strip():
            continue
        damage = None if line.endswith(b"\n") else stream.damage_ahead()
        if damage is not None:  # the rest of the line is lost
            stream.next_run()
            yield Damaged(number, offset, damage.cause, is_document=True)
        else:
            yield _record(number, offset, line, dump)
        number += 1


def _record(number: int, offset: int, line: bytes, dump: str | None) -> Record:
    try:
        value = _parse(line)
    except (ValueError, RecursionError) as error:
        cause = f"line is not JSON ({str(error).split(': line')[0][:120]})"
        return Damaged(number, offset, cause, is_document=True)
    if not isinstance(value, dict):
        return Damaged(number, offset, "line is not a JSON object", is_document=True)
    if "text" not in value:
        names = ", ".join(sorted(map(str, value))[:8])
        return Damaged(
            number, offset, f"line has no text (it has: {names})"[:300], is_document=True
        )
    text = value["text"]
    if text is None or text == "":
        return Skipped(number, offset, "empty")
    if not isinstance(text, str):
        cause = f"text is no string but {type(text).__name__}"
        id, url = _string(value.get("id")), _string(value.get("url"))
        return Damaged(number, offset, cause, True, id, url)
    payload = text.encode("utf-8")
    url = _string(value.get("url"))
    date = _string(value.get("date"))
    return Document(
        number=number,
        offset=offset,
        id=_string(value.get("id")) or content_id(url, date, payload),
        url=url,
        date=iso_date(date) or date,
        dump=_string(value.get("dump")) or dump,
        kind="text",
        payload=payload,
        decoded=True,
        content_type=None,
    )


def _parse(line: bytes) -> Any:
    """A line's value. Invalid UTF-8 and lone surrogates, which JSON proper does not have, become U+FFFD."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        text = line.decode("utf-8", "replace")
        if "\ufffd" not in text and not _ESCAPED_SURROGATE.search(line):
            raise
        return _clean(json.loads(text))


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value


def _string(value: Any) -> str | None:
    """A value as the string to keep: numbers as written, None for what is no scalar."""
    if isinstance(value, bool) or value is None:
        return None
    return str(value) if isinstance(value, str | int | float) and value != "" else None
