"""What a page says of itself: title, language, canonical address, date of publication, licence."""

import html
import re
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urljoin

import numpy as np

from polysieve.pipeline.extract.markup import DATE_NAMES
from polysieve.pipeline.extract.parser import NOTE_HTML, NOTE_JSON, NOTE_LICENCE, NOTE_TITLE
from polysieve.pipeline.extract.text import tidy

_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))""")
_JSON_DATE = re.compile(r'"datePublished"\s*:\s*"([^"]{8,40})"')
_CREATIVE_COMMONS = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/", re.IGNORECASE
)
_DATE_NAMES = DATE_NAMES.split()
_JSON_RANK = 1.5  # JSON-LD stands between the first two and the rest
_ISO_DATE = re.compile(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?:[T ](\S+))?")
_YEARS = range(1990, 2100)


class Metadata(NamedTuple):
    """title: one line; language: `lang` of `<html>` as written; canonical_url, licence: addresses (`rel=license`,
    else a link to Creative Commons); published: ISO 8601, a date or a time. None where the page does not say."""

    title: str | None = None
    language: str | None = None
    canonical_url: str | None = None
    published: str | None = None
    licence: str | None = None


def read_metadata(page: np.ndarray, notes: np.ndarray, url: str | None = None) -> Metadata:
    """The metadata of a page (uint8[n], UTF-8) from the parser's notes; relative addresses start at `url`."""
    title = language = canonical = licence = linked = None
    dates: list[tuple[float, str]] = []
    for kind, start, end in notes.tolist():
        source = page[start:end].tobytes().decode("utf-8", "replace")
        if kind == NOTE_TITLE:
            title = title or one_line(html.unescape(source))
            continue
        if kind == NOTE_JSON:
            found = _JSON_DATE.search(source)
            if found and (date := iso_date(found.group(1))):
                dates.append((_JSON_RANK, date))
            continue
        tag = {
            name.lower(): html.unescape(next(v for v in values if v is not None))
            for name, *values in (match.groups("") for match in _ATTRIBUTE.finditer(source))
            for values in [[v for v in values if v] or [""]]
        }
        rel = tag.get("rel", "").lower().split()
        if kind == NOTE_HTML:
            language = language or one_line(tag.get("lang") or tag.get("xml:lang", ""))
        elif "canonical" in rel:
            canonical = canonical or _address(tag.get("href"), url)
        elif "license" in rel:
            licence = licence or _address(tag.get("href"), url)
        elif kind == NOTE_LICENCE:
            if _CREATIVE_COMMONS.match(tag.get("href", "")):
                linked = linked or _address(tag.get("href"), url)
        else:
            names = {tag.get(key, "").lower() for key in ("property", "name", "itemprop")}
            rank = next((i for i, name in enumerate(_DATE_NAMES) if name in names), None)
            if rank is not None:
                date = iso_date(tag.get("content") or tag.get("datetime") or "")
                if date:
                    dates.append((rank, date))
    published = min(dates)[1] if dates else None
    return Metadata(title, language, canonical, published, licence or linked)


def one_line(text: str) -> str | None:
    """The text on one line, without control characters; None for nothing."""
    return " ".join(tidy(text).split()) or None


def iso_date(text: str) -> str | None:
    """An ISO 8601 date, with its time where that can be read, of a date that begins with the year; else None."""
    found = _ISO_DATE.match(text.strip())
    if not found:
        return None
    year, month, day, time = found.groups()
    try:
        date = datetime(int(year), int(month), int(day))
    except ValueError:
        return None
    if date.year not in _YEARS:
        return None
    if time:
        try:
            return datetime.fromisoformat(f"{date.date()}T{time}").isoformat()
        except ValueError:
            pass
    return date.date().isoformat()


def _address(href: str | None, url: str | None) -> str | None:
    try:
        address = urljoin(url or "", (href or "").strip())
    except ValueError:
        return None
    if not address.lower().startswith(("http://", "https://")):
        return None
    return one_line(address)
