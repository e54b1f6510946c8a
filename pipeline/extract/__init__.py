"""From the bytes of a web page to its main text.

    page = extract(html, content_type=header)
    page.text, page.title, page.charset, page.language

Engines, by name (figures in docs/extraction.md):

* `polysieve` (default): blocks of the page judged by a small model, compiled; also as Markdown.
* `trimmed`: resiliparse's main content, cleaned up block by block.
* `resiliparse`: resiliparse's main content, with its lists.
* `resiliparse_all`: all visible text, menus included.
* `trafilatura`: trafilatura without comments.
* `trafilatura_precision`: the same with `favor_precision`, as FineWeb2 has it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from resiliparse.parse.html import HTMLTree

from polysieve.pipeline.extract import content, engines
from polysieve.pipeline.extract.bounds import MAX_ELEMENTS, bounded
from polysieve.pipeline.extract.charset import to_utf8
from polysieve.pipeline.extract.errors import ExtractionError
from polysieve.pipeline.extract.metadata import Metadata, read_metadata
from polysieve.pipeline.extract.text import tidy

__all__ = ["DEFAULT_ENGINE", "ENGINES", "ExtractionError", "Metadata", "Page", "extract"]

DEFAULT_ENGINE = "polysieve"
# Libraries' engine name -> text of a page from its tree and its markup.
_LIBRARIES: dict[str, Callable[[HTMLTree, str], str]] = {
    "trimmed": engines.trimmed,
    "resiliparse": engines.resiliparse,
    "resiliparse_all": engines.resiliparse_all,
    "trafilatura": engines.trafilatura,
    "trafilatura_precision": engines.trafilatura_precision,
}
ENGINES = (DEFAULT_ENGINE, *_LIBRARIES)


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says.

    text: its main text, one line feed between paragraphs (as Markdown, a blank line), "" if there is none;
    charset: the encoding it was read in (WHATWG name); metadata: what it says of itself.
    """

    text: str
    charset: str
    metadata: Metadata


def extract(
    html: bytes,
    *,
    content_type: str | None = None,
    url: str | None = None,
    engine: str = DEFAULT_ENGINE,
    form: str = "text",
    comments: bool = False,
) -> Page:
    """The main text of a page.

    html: the page as it came over HTTP, any bytes; content_type: its Content-Type header; url: its
    address, where relative ones in it start; engine: one of `ENGINES`; form: "text", or "markdown";
    comments: whether those of readers come after the main text. Only `polysieve` has Markdown and comments.
    All strings of the result can be written as UTF-8. Raises ExtractionError for a page beyond what a
    parser takes, ValueError for an engine that is unknown or has not what is asked.
    """
    if engine not in ENGINES:
        raise ValueError(
            f"unknown extraction engine {engine!r}: choose one of {', '.join(ENGINES)}"
        )
    if form != "text" and (form != "markdown" or engine in _LIBRARIES):
        raise ValueError(f"the engine {engine} has no form {form!r}")
    if comments and engine in _LIBRARIES:
        raise ValueError(f"the engine {engine} reads no comments")
    encoded, charset = to_utf8(html, content_type)
    page, parsed = content.read(encoded)
    metadata = read_metadata(page, parsed.notes, url)
    text = (
        _by_library(engine, encoded)
        if engine in _LIBRARIES
        else content.main_text(page, parsed, form, comments)
    )
    return Page(text, charset, metadata)


def _by_library(engine: str, page: bytes) -> str:
    # A zero byte ends the text of some parsers; browsers drop it too.
    encoded, elements = bounded(page.replace(b"\0", b""))
    if elements > MAX_ELEMENTS:
        raise ExtractionError(f"page has more than {MAX_ELEMENTS:,} elements")
    markup = encoded.decode()
    try:
        return tidy(_LIBRARIES[engine](engines.parse(markup), markup))
    except MemoryError:
        raise
    except Exception as error:
        cause = " ".join(f"{type(error).__name__}: {error}".split())
        raise ExtractionError(f"engine {engine} failed: {cause}") from error
