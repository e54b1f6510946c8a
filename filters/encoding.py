"""Encoding repair by ftfy (Speer 2019): mojibake, entities, control characters; never how a text is written.

The settings are those of FineWeb2's finishing: widths, quotes, ligatures, line breaks and normal forms stay as they
are. ftfy looks at every line in Python. Here one regular expression, run by Arrow over the whole column, tells the
texts in which it could change anything; the others are not touched. It is built from ftfy's own test for mojibake.
"""

import re
from functools import cache

import ftfy
import pyarrow as pa
import pyarrow.compute as pc
from ftfy.badness import BADNESS_RE

SETTINGS = ftfy.TextFixerConfig(
    fix_latin_ligatures=False,
    fix_character_width=False,
    uncurl_quotes=False,
    fix_line_breaks=False,
    normalization=None,
    explain=False,
)

_ENTITY = "&#?[0-9A-Za-z]{1,24};"
_REMOVED = r"[\x00-\x08\x0b\x0e-\x1f\x7f\x{206a}-\x{206f}\x{feff}\x{fff9}-\x{fffc}]"
# Python's classes hold letters and spaces of all scripts: whatever is not ASCII may belong to them.
_CLASSES = {
    r"\s": r"[\x09-\x0d\x1c-\x20\x{80}-\x{10ffff}]",
    r"\w": r"[0-9A-Z_a-z\x{80}-\x{10ffff}]",
}


@cache
def suspicion() -> str:
    """A pattern in RE2's syntax that is found in every text which ftfy would change with SETTINGS."""
    return "|".join((_without_layout(BADNESS_RE.pattern), _ENTITY, _REMOVED))


def _without_layout(pattern: str) -> str:
    """A verbose pattern of Python's `re` for RE2, which knows no verbose mode.

    White space and comments go, `^` goes (ftfy looks at pieces of a text, and any place may begin one), and \\s
    and \\w become classes that hold Python's. What is found by the given pattern is found by the result.
    """
    found: list[str] = []
    in_class = in_comment = False
    i = 0
    while i < len(pattern):
        c = pattern[i]
        i += 1
        if in_comment:
            in_comment = c != "\n"
        elif c == "\\":
            escape = pattern[i - 1 : i + 1]
            i += 1
            found.append(_CLASSES.get(escape, escape))
        elif in_class:
            found.append(c)
            in_class = c != "]"
        elif c == "#":
            in_comment = True
        elif not c.isspace() and c != "^":
            found.append(c)
            in_class = c == "["
    return "".join(found)


def repair(texts: pa.Array) -> pa.Array:
    """Texts (string or large_string, null where there is none) as ftfy.fix_text gives them back with SETTINGS.

    ftfy goes from line to line, so a suspect text is split as there, and only its suspect lines are repaired.
    """
    rows = pc.fill_null(pc.match_substring_regex(texts, suspicion()), False)
    split = [_segments(text) for text in texts.filter(rows).to_pylist()]
    lines = pa.array([segment for segments in split for segment in segments], pa.large_string())
    is_suspect = iter(pc.match_substring_regex(lines, suspicion()).to_pylist())
    repaired = []
    for segments in split:
        settings = SETTINGS
        for i, segment in enumerate(segments):
            if "<" in segment:  # from the first markup on, entities of a text are meant as such
                settings = SETTINGS._replace(unescape_html=False)
            if next(is_suspect):
                segments[i] = ftfy.fix_text_segment(segment, settings)
        repaired.append("".join(segments))
    return pc.replace_with_mask(texts, rows, pa.array(repaired, texts.type))


def _segments(text: str) -> list[str]:
    """The lines of a text, each with its line feed, long ones in pieces, as ftfy.fix_text cuts them."""
    longest = SETTINGS.max_decode_length
    lines = re.findall("[^\n]*\n|[^\n]+", text)
    return [line[i : i + longest] for line in lines for i in range(0, len(line), longest)]
