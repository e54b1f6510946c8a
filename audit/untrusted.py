"""Text from a crawl, made safe to look at.

HTML escaping alone does not do it: a bidirectional override reorders what a reader sees without a
single angle bracket, a control character shows as nothing, a page of one line of a megabyte freezes a
browser. Everything here returns plain strings, which the pages then escape as HTML.
"""

import functools
import json
import math
import re
from typing import Any

from polysieve.language_id.labels import short_codes

LINE_LIMIT = 300
"""Code points of an address, id, reason or other short string that are shown."""
PROSE_LIMIT = 2_000
"""Code points of a note or another paragraph that are shown."""

# Controls but tab and line feed, soft hyphen, Mongolian vowel separator, line and paragraph
# separator, bidirectional embeddings, overrides and isolates, invisible operators, deprecated format
# characters, byte order mark, interlinear annotation, noncharacters of the first plane, tags, and
# surrogates. Not among them: zero-width space and (non-)joiners, which Khmer, Persian, Sinhala and
# others are spelled with, and the directional marks, which Hebrew and Arabic pages use rightly and
# which cannot reach past the isolated block that a sample stands in.
_HIDDEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u180e\u2028-\u202e\u2060-\u206f\ufeff\ufdd0-\ufdef"
    r"\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e007f\ud800-\udfff"
)
_IN_PROSE = re.compile(rf"([{_HIDDEN}])\1*")
# On one line also what would break it, and what makes two different strings look the same.
_IN_LINE = re.compile(rf"([{_HIDDEN}\t\n\u061c\u200b\u200e\u200f])\1*")

# ISO 15924 scripts that are written from right to left (Unicode: Script_Extensions with strong
# right-to-left letters), with the variants that language labels use.
_RIGHT_TO_LEFT = (
    "Adlm Arab Aran Armi Avst Chrs Cprt Elym Gara Hatr Hebr Hung Khar Lydi Mand Mani Mend Merc Mero "
    "Narb Nbat Nkoo Orkh Ougr Palm Phli Phlp Phnx Prti Rohg Samr Sarb Sogd Sogo Syrc Syre Syrj Syrn "
    "Thaa Yezi"
)
_LABEL = re.compile(r"([a-z]{2,3})_([A-Z][a-z]{3})")


def prose(text: str, limit: int = PROSE_LIMIT) -> list[tuple[str, bool]]:
    """`text` in pieces, each with whether it is a mark: hidden characters are spelled out as ⟨U+202E⟩.

    At most `limit` code points are shown; what was cut shows as an ellipsis. Line feeds and tabs stay.
    A run of one hidden character becomes one mark (⟨U+0000 ×3⟩). Marks are told apart so that a page
    can isolate them: bare, their brackets would be drawn in the wrong order in a right-to-left text.
    """
    pieces, end = [], 0
    cut = text[:limit] + ("…" if len(text) > limit else "")
    for match in _IN_PROSE.finditer(cut):
        pieces += [(cut[end : match.start()], False), (_mark(match), True)]
        end = match.end()
    return [piece for piece in [*pieces, (cut[end:], False)] if piece[0]]


def line(text: str, limit: int = LINE_LIMIT) -> str:
    """One line of `text` as a plain string, in the manner of `prose`.

    Line feeds, tabs, zero-width spaces and directional marks are spelled out too.
    """
    if text.isprintable() and len(text) <= limit:  # nothing that _IN_LINE looks for is printable
        return text
    return _IN_LINE.sub(_mark, text[:limit]) + ("…" if len(text) > limit else "")


def _mark(match: re.Match[str]) -> str:
    run = match.group()
    times = f" ×{len(run)}" if len(run) > 1 else ""
    return f"⟨U+{ord(run[0]):04X}{times}⟩"


def json_escaped(document: str) -> str:
    """The JSON text `document` with hidden characters in its strings as `\\uXXXX`: the same values, safe to view.

    Lone surrogates become escapes too, so that the result can always be encoded as UTF-8.
    """
    return _IN_LINE.sub(
        lambda m: m.group() if m.group(1) in "\t\n" else "".join(map(_json_escape, m.group())),
        document,
    )


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


@functools.cache
def direction(label: str) -> str:
    """The HTML `dir` of text in `label` (`arb_Arab` -> `rtl`); `auto` where the script is not known."""
    match = _LABEL.fullmatch(label)
    if not match or match[2] in ("Zzzz", "Zyyy", "Zinh"):
        return "auto"
    return "rtl" if match[2] in _RIGHT_TO_LEFT else "ltr"


@functools.cache
def language_tag(label: str) -> str:
    """The HTML `lang` of text in `label`, a BCP 47 tag (`cmn_Hans` -> `cmn-Hans`, `tha_Thai` -> `th-Thai`).

    `und` where the label is none.
    """
    match = _LABEL.fullmatch(label)
    if not match or match[1] == "und":
        return "und"
    code = short_codes().get(match[1], match[1])
    return code if match[2] == "Zzzz" else f"{code}-{match[2]}"


_AS_IS = (str, int, bool, type(None))  # what `plain` leaves as it is


def plain(value: Any, ordered: bool = False) -> Any:
    """`value` as JSON can hold it: string keys (sorted unless `ordered`), infinities and NaN as their names."""
    if isinstance(value, dict):
        found = {
            str(key): item if type(item) in _AS_IS else plain(item, ordered)
            for key, item in value.items()
        }
        if ordered:
            return found
        numbered = any(map(str.isdigit, found))
        return {key: found[key] for key in sorted(found, key=_natural if numbered else None)}
    if isinstance(value, list | tuple):
        kinds = set(map(type, value))
        if kinds <= {int, str} or (kinds <= {int, float} and all(map(math.isfinite, value))):
            return list(value)
        return [plain(item, ordered) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _natural(key: str) -> tuple[int, str]:
    """Sorts "2" before "10", and numbers before names."""
    return (int(key), "") if key.isascii() and key.isdigit() else (2**63, key)


def json_text(value: Any) -> str:
    """`value` as JSON on one line, safe to view, sorted where it has no order of its own."""
    # Without indentation the C encoder does it, many times faster.
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False)
    return json_escaped(text)
