"""Pages from templates: the one environment that renders them, and how values are shown.

Everything that may come from a crawl is escaped, and characters that cannot be seen are spelled out.
"""

import base64
import functools
import hashlib
import json
import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypedDict

import jinja2
from markupsafe import Markup

from polysieve.audit import figures, untrusted
from polysieve.audit.figures import Outcome, Step

SAMPLE_CHARACTERS = 600
SAMPLE_BYTES = 2_000
"""Bytes of a page that a sample's text may take: enough for SAMPLE_CHARACTERS of any script, but not of marks."""
SOURCE_LIMIT = 100
"""Code points of a sample's address and id that are shown."""
PLOTS = "assets/plotly.min.js"


@functools.cache
def plotly() -> str:
    """Plotly's own bundle (MIT licence), as its package carries it."""
    spec = find_spec("plotly")
    assert spec is not None and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0], "package_data")
    return (folder / "plotly.min.js").read_text("utf-8")


@functools.cache
def _taken_styles() -> tuple[str, ...]:
    """Ids of style elements that Plotly's bundle adds where no element has them.

    The pages' policy forbids styles but their own, and nothing that is drawn here needs these (of maps).
    """
    found = re.findall(
        r'getElementById\("([0-9a-f]{64})"\)\)\{var \w+=document\.createElement\("style"\)',
        plotly(),
    )
    return tuple(found)


@functools.cache
def appearance() -> str:
    """A hash of all that pages are made from but their figures: templates, styles, scripts."""
    environment = _environment()
    sources = [_source(environment, name) for name in environment.list_templates()]
    digest = hashlib.sha256("\0".join([*sources, *_taken_styles()]).encode())
    return digest.hexdigest()[:16]


_OF_DICTIONARIES = frozenset(dir(dict))


class _Environment(jinja2.Environment):
    """Looks for `one.key` among a dictionary's keys before its attributes: missing an attribute takes long."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute in obj and attribute not in _OF_DICTIONARIES:
            return obj[attribute]
        return super().getattr(obj, attribute)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = _Environment(
        loader=jinja2.PackageLoader("polysieve.audit", "templates"),
        autoescape=True,
        undefined=jinja2.ChainableUndefined,  # any key of the data may be missing
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        number=_number,
        percent=_percent,
        size=_size,
        threshold=_threshold,
        prose=_prose,
        slots=_slots,
        data=_data,
        source=_source_line,
        waterfall=_waterfall,
    )
    style, table, plots = (
        _source(environment, name) for name in ("style.css", "table.js", "plots.js")
    )
    environment.globals.update(
        style=Markup(style),
        style_hash=_hash(style),
        table_script=Markup(table),
        table_hash=_hash(table),
        plots_script=Markup(plots),
        plots_hash=_hash(plots),
        plotly=PLOTS,
        taken_styles=_taken_styles(),
        direction=untrusted.direction,
        language_tag=untrusted.language_tag,
        sample_characters=SAMPLE_CHARACTERS,
        sample_bytes=SAMPLE_BYTES,
        kinds=KINDS,
    )
    return environment


KINDS = {
    "kept": "kept",
    "duplicate": "duplicates",
    "rule": "removed by a rule",
    "cut": "cut before clustering",
    "quarantined": "quarantined",
}
"""Kinds of outcome in the order of their colours, and what the legend calls them."""


def render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(values)


def _shown(value: Any) -> Any:
    """What an expression of a template shows: a string with hidden characters spelled out, None as a dash."""
    if type(value) is str:  # most of them; Markup is another type
        return untrusted.line(value)
    if value is None:
        return "–"
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return untrusted.line(str(value)) if is_text else value


def _prose(text: Any, limit: int = untrusted.PROSE_LIMIT, most_bytes: int | None = None) -> Markup:
    """A paragraph with hidden characters spelled out, each mark isolated from the direction of its text.

    limit: code points of the text that are shown; fewer are where they would take more than `most_bytes` of the page.
    """
    while True:
        pieces = untrusted.prose("" if _is_missing(text) else str(text), limit)
        shown = Markup().join(
            Markup("<bdi dir=ltr>{}</bdi>").format(piece) if is_mark else Markup.escape(piece)
            for piece, is_mark in pieces
        )
        if most_bytes is None or len(shown.encode("utf-8", "replace")) <= most_bytes:
            return shown
        limit = limit * 3 // 4


def _source_line(text: Any) -> str:
    return untrusted.line("" if _is_missing(text) else str(text), SOURCE_LIMIT)


def _data(value: Any) -> Markup:
    """A value as the content of a script element that holds data: no markup can begin or end in it."""
    text = untrusted.json_escaped(json.dumps(value, ensure_ascii=False, allow_nan=False))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _source(environment: jinja2.Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0].replace("\r\n", "\n")


def _hash(source: str) -> Markup:
    """The CSP source expression of an inline script or style."""
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    return Markup(f"'sha256-{digest}'")  # base64: nothing to escape


def _is_missing(value: Any) -> bool:
    return value is None or isinstance(value, jinja2.Undefined)


def _number(value: Any) -> str:
    """1234567 -> "1,234,567"."""
    return "–" if _is_missing(value) else f"{value:,}"


def _percent(value: Any) -> str:
    """0.1234 -> "12.3%"; what is neither nothing nor everything never shows as 0.0% or 100.0%."""
    if _is_missing(value):
        return "–"
    if 0 < value < 0.0005:
        return "<0.1%"
    if 0.9995 <= value < 1:
        return ">99.9%"
    return f"{100 * value:.1f}%"


def _size(value: Any) -> str:
    """Bytes in decimal units: 1234567 -> "1.23 MB"."""
    if _is_missing(value):
        return "–"
    if value < 1000:
        return f"{value} B"
    units = ["kB", "MB", "GB", "TB", "PB"]
    value /= 1000
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.3g} {units[0]}"


def _threshold(value: Any) -> str:
    """A threshold as a recipe would have it: up to six significant digits."""
    return "–" if _is_missing(value) else f"{value:.6g}"


class Part(TypedDict):
    """A share of something, by kind."""

    kind: str
    share: float | None


class Slot(TypedDict):
    """Where a part shows on a bar, in percent."""

    kind: str
    x: str
    width: str


def _slots(parts: Sequence[Part | Outcome | Step]) -> list[Slot]:
    """Shares laid end to end: `kind`, and `x` and `width` in percent, for the parts that show."""
    start = 0.0
    found: list[Slot] = []
    for part in parts:
        width = 100 * min(max(part["share"] or 0, 0), 1)
        if width:
            found.append({"kind": part["kind"], "x": f"{start:.3f}", "width": f"{width:.3f}"})
            start += width
    return found


def _waterfall(step: Step, whole: int | None) -> list[Slot]:
    """A funnel step's bar: what is left in a pale tone, what the step took beyond it."""
    left = figures.share(step["left"], whole)
    if step["kind"] in ("in", "kept"):
        return _slots([step])
    return _slots([{"kind": "left", "share": left}, step])
