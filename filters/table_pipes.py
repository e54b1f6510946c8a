"""Lines of nothing but table borders: what extraction leaves of empty cells.

The result is that of datatrove 0.10.1's SymbolLinesFormatter(["|"], "\\n"), the last step of FineWeb2: a run of such
lines becomes one empty paragraph, and every other end of a line (of `str.splitlines`) becomes a line feed.
"""

import pyarrow as pa
import pyarrow.compute as pc

_BORDER = r"(?m:^ *\|[ |]*$)"
_OTHER_LINE_END = r"[\r\x0b\x0c\x1c-\x1e\x{85}\x{2028}\x{2029}]|\n\z"


def remove(texts: pa.Array) -> pa.Array:
    """Texts (string or large_string, null where there is none) without lines that hold only pipes and spaces."""
    found = pc.match_substring_regex(texts, f"{_BORDER}|{_OTHER_LINE_END}")
    rows = pc.fill_null(found, False)
    changed = [_without_borders(text) for text in texts.filter(rows).to_pylist()]
    return pc.replace_with_mask(texts, rows, pa.array(changed, texts.type))


def _without_borders(text: str) -> str:
    kept: list[str] = []
    after_border = False
    for line in text.splitlines():
        is_border = "|" in line and not line.strip(" |")
        if not is_border:
            kept.append(line)
        elif not after_border:
            kept.append("\n")
        after_border = is_border
    return "\n".join(kept)
