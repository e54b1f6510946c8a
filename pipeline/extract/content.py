"""The project's own extractor: blocks from the bytes, judged by a small model, put together as text or Markdown."""

import html

import numpy as np

from polysieve.pipeline.extract import assemble, classifier, features
from polysieve.pipeline.extract.bounds import MAX_ELEMENTS
from polysieve.pipeline.extract.comments import comments
from polysieve.pipeline.extract.errors import ExtractionError
from polysieve.pipeline.extract.parser import NOTE_TITLE, Parsed, parse
from polysieve.pipeline.extract.text import tidy, without_controls


def read(encoded: bytes) -> tuple[np.ndarray, Parsed]:
    """A page (UTF-8) as uint8[n] and its blocks; those of a page with too many elements are not all there."""
    page = np.frombuffer(encoded, np.uint8)
    return page, parse(page, MAX_ELEMENTS)


def main_text(
    page: np.ndarray, parsed: Parsed, form: str = "text", with_comments: bool = False
) -> str:
    """The main text of a page that was read, "" for none. form: "text" or "markdown".

    with_comments: what readers wrote below it comes after it.

    Raises ExtractionError where the page has too many elements.
    """
    if parsed.elements > MAX_ELEMENTS:
        raise ExtractionError(f"page has more than {MAX_ELEMENTS:,} elements")
    model = classifier.default()
    described = features.describe(parsed, title_of(page, parsed))
    keep = classifier.choose(model, parsed, described)
    parts = [keep, comments(parsed, described, keep)] if with_comments else [keep]
    if form == "markdown":
        pieces = (without_controls(assemble.markdown(parsed, part)) for part in parts)
        return "\n\n".join(filter(None, pieces))
    return "\n".join(filter(None, (tidy(assemble.plain(parsed, part)) for part in parts)))


def title_of(page: np.ndarray, parsed: Parsed) -> bytes:
    """The content of the first `<title>`, as UTF-8; empty without one."""
    for kind, start, end in parsed.notes.tolist():
        if kind == NOTE_TITLE:
            return html.unescape(page[start:end].tobytes().decode("utf-8", "replace")).encode()
    return b""
