"""From the bytes of a web page to its main text.

    page = extract(html, content_type=header)
    page.text, page.title, page.charset, page.language

Engines, by name (figures in docs/extraction.md):

* `trimmed` (default): resiliparse's main content, cleaned up block by block.
* `resiliparse`: resiliparse's main content, with its lists.
* `resiliparse_all`: all visible text, menus included.
* `trafilatura`: trafilatura without comments.
* `trafilatura_precision`: the same with `favor_precision`, as FineWeb2 has it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from resiliparse.parse.html import HTMLTree

from pipeline.extract import engines
from pipeline.extract.bounds import MAX_ELEMENTS, bounded
from pipeline.extract.charset import decode
from pipeline.extract.text import tidy

__all__ = ["DEFAULT_ENGINE", "ENGINES", "ExtractionError", "Page", "extract"]

# Engine name -> text of a page from its tree and its markup.
ENGINES: dict[str, Callable[[HTMLTree, str], str]] = {
    "trimmed": engines.trimmed,
    "resiliparse": engines.resiliparse,
    "resiliparse_all": engines.resiliparse_all,
    "trafilatura": engines.trafilatura,
    "trafilatura_precision": engines.trafilatura_precision,
}
DEFAULT_ENGINE = "trimmed"


class ExtractionError(ValueError):
    """A page that cannot be extracted, for a cause that lies in its bytes and that a rerun repeats."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says.

    text: its main text, one line feed between paragraphs, "" if there is none; title: the text of
    `<title>`, None without one; charset: the encoding it was read in (WHATWG name); language: the
    `lang` of its `<html>` as written, None without one.
    """

    text: str
    title: str | None
    charset: str
    language: str | None


def extract(
    html: bytes,
    *,
    content_type: str | None = None,
    url: str | None = None,
    engine: str = DEFAULT_ENGINE,
) -> Page:
    """The main text of a page.

    html: the page as it came over HTTP, any bytes; content_type: its Content-Type header; url: its
    address (no engine here needs it); engine: one of `ENGINES`. All strings of the result can be
    written as UTF-8. Raises ExtractionError for a page beyond what a parser takes, ValueError for
    an unknown engine.
    """
    if engine not in ENGINES:
        raise ValueError(
            f"unknown extraction engine {engine!r}: choose one of {', '.join(ENGINES)}"
        )
    markup, charset = decode(html, content_type)
    # A zero byte ends the text of some parsers; browsers drop it too.
    encoded, elements = bounded(markup.replace("\0", "").encode())
    if elements > MAX_ELEMENTS:
        raise ExtractionError(f"page has {elements:,} elements, more than {MAX_ELEMENTS:,}")
    markup = encoded.decode()
    try:
        tree = engines.parse(markup)
        text = ENGINES[engine](tree, markup)
        title, language = engines.title(tree), engines.language(tree)
    except MemoryError:
        raise
    except Exception as error:
        cause = " ".join(f"{type(error).__name__}: {error}".split())
        raise ExtractionError(f"engine {engine} failed: {cause}") from error
    return Page(
        text=tidy(text),
        title=" ".join(tidy(title).split()) or None,
        charset=charset,
        language=tidy(language).strip() or None,
    )
