"""The form that extracted text has, whatever engine it came from."""

import re

# Control characters and noncharacters carry no text. Format characters do (ZWNJ and ZWJ in Persian and
# Indic scripts, direction marks, the zero-width space of Thai and Khmer) and stay.
_NO_TEXT = re.compile(
    "[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
_TABS = re.compile("\t{2,}")


def without_controls(text: str) -> str:
    """`text` without control characters, noncharacters, lone surrogates, and blanks at line ends."""
    return "\n".join(map(str.rstrip, _NO_TEXT.sub("", text).splitlines()))


def tidy(text: str) -> str:
    """`text` as lines with one line feed between them, no blank lines and no blanks at line ends.

    Control characters, noncharacters and lone surrogates are gone, so the result can always be
    written as UTF-8. Nothing is normalised, and indentation (code) stays.
    """
    lines = map(str.rstrip, _NO_TEXT.sub("", text).splitlines())
    return _TABS.sub("\t", "\n".join(filter(None, lines)))
