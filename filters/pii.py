"""Personal data in running text: e-mail addresses, IP addresses, phone numbers, bank accounts (IBAN).

`clean` replaces what it finds by a placeholder, or says where it stands, kind by kind. E-mail
and IPv4 addresses are found and replaced as datatrove 0.10.1's PIIFormatter does, but for its turn of placeholders,
which goes on from document to document: here it begins anew in each, so that a text depends on itself alone.

Patterns in RE2, run by Arrow over the whole column, tell the texts that can hold a kind; only those are searched.
"""

import ipaddress
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc


class Found(NamedTuple):
    """A piece of a text, as code points from the first to the one after the last."""

    kind: str
    start: int
    end: int


class Cleaned(NamedTuple):
    """What `clean` makes of n texts."""

    texts: pa.Array
    """As given, with placeholders."""
    annotations: pa.Array | None
    """A list of ANNOTATION for each text, places in `texts`, in order; None where no kind is annotated."""
    counts: dict[int, Counter[str]]
    """Number of a text -> the pieces found in it, replaced or annotated, by kind; only texts that have any."""


ANNOTATION = pa.struct([("kind", pa.string()), ("start", pa.int64()), ("end", pa.int64())])
ANNOTATIONS = pa.list_(ANNOTATION)

# The kinds in the order in which they are looked for: what one has found no other finds. FineWeb2's placeholders
# for e-mail and IPv4; documentation addresses of RFC 3849; numbers of the North American plan kept for fiction; and
# accounts of XX, which ISO 3166 never gives to a country, with a valid checksum.
PLACEHOLDERS: dict[str, tuple[str, ...]] = {
    "email": ("email@example.com", "firstname.lastname@example.org"),
    "ipv4": (
        "22.214.171.124",
        "126.96.36.199",
        "188.8.131.52",
        "184.108.40.206",
        "220.127.116.11",
        "18.104.22.168",
    ),
    "ipv6": ("2001:db8::1", "2001:db8::2", "2001:db8::3"),
    "iban": ("XX91EXAMPLE000001", "XX64EXAMPLE000002"),
    "phone": ("+1 202-555-0123", "+1 202-555-0147", "+1 202-555-0182"),
}
KINDS = tuple(PLACEHOLDERS)

_MASK = "\ufffe"
_ATOM = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~-"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)"
_IPV4 = re.compile(rf"(?:{_OCTET}\.){{3}}{_OCTET}")
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(
    rf"(?:{_LABEL}\.)+{_LABEL}|\[(?:{_OCTET}\.){{3}}(?:{_OCTET}|[A-Za-z0-9-]*[A-Za-z0-9]:)\]"
)
_IPV6 = re.compile(r"(?<![\w:.])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{1,34}(?!\w)")
_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?=(?:[ \u00a0]?[0-9A-Z]){11})")
# What may stand between the digits of a number, as in the phonenumbers package.
_BETWEEN = (
    r"-\u2010-\u2015\u2212\u30fc\uff0d-\uff0f \u00a0\u00ad\u200b\u2060\u3000()"
    r"\uff08\uff09\uff3b\uff3d.\[\]/~\u2053\u223c\uff5e"
)
_DIGITS = re.compile(rf"[+\uff0b(]?\d(?:[{_BETWEEN}]{{0,4}}\d){{6,}}")
_LONGEST_RUN = 100  # characters; longer runs of digits are tables of figures
_CONTEXT = 16  # code points around a run of digits that the matcher may want to see

# A text without any of these holds nothing of the kind.
_SIGNS = {
    "email": rf"[{_ATOM}]@[A-Za-z0-9\[]",
    "ipv4": r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
    "ipv6": r"[23][0-9A-Fa-f]{3}:[0-9A-Fa-f]{0,4}:",
    "iban": r"[A-Z]{2}[0-9]{2}(?:[ \x{a0}]?[0-9A-Z]){11}",
    "phone": r"\p{Nd}(?:["
    + re.sub(r"\\u([0-9a-f]{4})", r"\\x{\1}", _BETWEEN)
    + r"]{0,4}\p{Nd}){6}",
}

# Characters of an IBAN by country (SWIFT, IBAN Registry, release 101).
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC",
        32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip


def clean(
    texts: pa.Array,
    labels: Sequence[str | None] | pa.Array,
    replace: Collection[str] = (),
    annotate: Collection[str] = (),
) -> Cleaned:
    """Replace or annotate personal data in n texts (string or large_string; null where there is none).

    labels: the language of each, which says whose national phone numbers to expect. replace, annotate: KINDS,
    each in one of the two at most. Raises ValueError for another kind.
    """
    wanted = [kind for kind in KINDS if kind in replace or kind in annotate]
    unknown = {*replace, *annotate} - set(KINDS)
    if unknown:
        raise ValueError(f"unknown kind of personal data {sorted(unknown)[0]!r}; known: {KINDS}")
    possible = {
        kind: pc.fill_null(pc.match_substring_regex(texts, _SIGNS[kind]), False) for kind in wanted
    }
    rows = pa.array([False] * len(texts), pa.bool_())
    for signs in possible.values():
        rows = pc.or_(rows, signs)
    numbers = pc.indices_nonzero(rows).to_pylist()
    label_of = labels.to_pylist() if isinstance(labels, pa.Array) else list(labels)
    per_kind = {kind: signs.filter(rows).to_pylist() for kind, signs in possible.items()}
    changed: list[str] = []
    annotations: dict[int, list[dict[str, object]]] = {}
    counts: dict[int, Counter[str]] = {}
    for k, (row, text) in enumerate(zip(numbers, texts.filter(rows).to_pylist(), strict=True)):
        kinds = [kind for kind in wanted if per_kind[kind][k]]
        found = find(text, kinds, label_of[row])
        text, kept = _replace(text, found, replace)
        changed.append(text)
        annotations[row] = [piece._asdict() for piece in kept]
        if found:
            counts[row] = Counter(piece.kind for piece in found)
    return Cleaned(
        pc.replace_with_mask(texts, rows, pa.array(changed, texts.type)),
        pa.array([annotations.get(row, []) for row in range(len(texts))], ANNOTATIONS)
        if annotate
        else None,
        counts,
    )


def find(text: str, kinds: Collection[str] = KINDS, label: str | None = None) -> list[Found]:
    """The personal data of a text, in order and without overlap."""
    found: list[Found] = []
    for kind in KINDS:
        if kind not in kinds:
            continue
        spans = list(_phones(text, label) if kind == "phone" else _FINDERS[kind](text))
        found += [Found(kind, start, end) for start, end in spans]
        text = _masked(text, spans)
    return sorted(found, key=lambda piece: piece.start)


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with spans overwritten by a character that is in no pattern."""
    parts: list[str] = []
    done = 0
    for start, end in spans:
        parts += text[done:start], _MASK * (end - start)
        done = end
    return "".join([*parts, text[done:]])


def _replace(text: str, found: list[Found], replace: Collection[str]) -> tuple[str, list[Found]]:
    """The text with placeholders, and the other pieces where they stand in it."""
    parts: list[str] = []
    kept: list[Found] = []
    used: Counter[str] = Counter()
    done = shift = 0
    for piece in found:
        if piece.kind not in replace:
            kept.append(Found(piece.kind, piece.start + shift, piece.end + shift))
            continue
        choices = PLACEHOLDERS[piece.kind]
        placeholder = choices[used[piece.kind] % len(choices)]
        used[piece.kind] += 1
        parts += text[done : piece.start], placeholder
        shift += len(placeholder) - (piece.end - piece.start)
        done = piece.end
    return "".join([*parts, text[done:]]), kept


def _emails(text: str) -> Iterator[tuple[int, int]]:
    """Addresses, from the sign outwards: a pattern that begins with the name would try every word."""
    done = 0
    at = text.find("@")
    while at >= 0:
        domain = _DOMAIN.match(text, at + 1)
        start = _start_of_name(text, done, at) if domain else None
        if domain and start is not None:
            yield start, domain.end()
            done = domain.end()
        at = text.find("@", max(at + 1, done))


_IN_NAME = re.compile(rf"[{_ATOM}]")


def _start_of_name(text: str, low: int, at: int) -> int | None:
    """Where the longest name before an "@" begins: atoms joined by single dots, at the border of a word (re's \\b)."""
    best = None
    i = at
    while i > low:
        c = text[i - 1]
        if c == ".":
            if i == at or text[i] == ".":
                break
        elif not _IN_NAME.match(c):
            break
        elif _is_word(c) != (i > 1 and _is_word(text[i - 2])):
            best = i - 1
        i -= 1
    return best


def _is_word(c: str) -> bool:
    return c.isalnum() or c == "_"


def _public_ipv4(text: str) -> Iterator[tuple[int, int]]:
    for match in _IPV4.finditer(text):
        try:
            if ipaddress.IPv4Address(match[0]).is_global:
                yield match.span()
        except ValueError:  # zeros before a number
            continue


def _public_ipv6(text: str) -> Iterator[tuple[int, int]]:
    """Global unicast addresses, of which those that begin with 2 or 3 are given out (RFC 4291)."""
    for match in _IPV6.finditer(text):
        start, end = match.span()
        if match[0].endswith(":") and not match[0].endswith("::"):
            end -= 1  # the colon of the sentence
        try:
            if ipaddress.IPv6Address(text[start:end]).is_global:
                yield start, end
        except ValueError:
            continue


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    """Accounts of the right length with the right checksum (ISO 13616, ISO 7064 MOD 97-10)."""
    for match in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(match[0][:2], 0)
        digits, end = match[0], match.end()
        while len(digits) < length and end < len(text):
            step = end + (text[end] in " \u00a0")
            if step == len(text) or not ("0" <= text[step] <= "9" or "A" <= text[step] <= "Z"):
                break
            digits += text[step]
            end = step + 1
        is_whole = end == len(text) or not text[end].isalnum()
        if length and len(digits) == length and is_whole:
            number = int("".join(str(int(c, 36)) for c in digits[4:] + digits[:4]))
            if number % 97 == 1:
                yield match.start(), end


_FINDERS: dict[str, Callable[[str], Iterator[tuple[int, int]]]] = {
    "email": _emails,
    "ipv4": _public_ipv4,
    "ipv6": _public_ipv6,
    "iban": _ibans,
}


@cache
def phone_regions() -> dict[str, tuple[str, ...]]:
    """Label -> the regions (ISO 3166) whose national numbers a text in it may hold, those with most speakers first."""
    text = (resources.files("polysieve.filters") / "assets" / "phone_regions.tsv").read_text(
        "utf-8"
    )
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return {label: tuple(regions.split()) for label, regions in rows}


def _phones(text: str, label: str | None) -> Iterator[tuple[int, int]]:
    """Valid numbers: in international form, and in the national form of the label's regions."""
    regions = phone_regions().get(label or "", ()) or (None,)
    done = 0
    for run in _DIGITS.finditer(text):
        if run.end() - run.start() > _LONGEST_RUN or _is_date(run[0]):
            continue
        low = max(done, text.rfind("\n", 0, run.start()) + 1, run.start() - _CONTEXT)
        high = text.find("\n", run.end(), run.end() + _CONTEXT)
        window = text[low : high if high >= 0 else run.end() + _CONTEXT]
        for region in regions:
            matches = [
                match
                for match in phonenumbers.PhoneNumberMatcher(window, region)
                if low + match.start < run.end()  # what begins after it may be cut by the window
                and _is_plausible(match.raw_string, window[: match.start], window[match.end :])
            ]
            for match in matches:
                yield low + match.start, low + match.end
                done = low + match.end
            if matches:
                break


_YEAR = re.compile("(?:19|20)[0-9]{2}")
_TIMES = re.compile(r"\d\d?\.\d\d ?[-\u2013] ?\d\d?\.\d\d")
_FRACTION = re.compile(r"\d{1,4}\.\d+")
_VERSION = re.compile(r"\d\.\d{1,2}\.\d{1,2}(?!\d)")
_MINUTES = re.compile(r":\d")
_NUMBER_OF_A_BOOK = re.compile(r"(?i:is[bs]n)\D{0,4}$")
_JOINED = re.compile(r"\w[-./:_]$")


def _is_date(number: str) -> bool:
    """Whether digits are a date, a span of years or of hours."""
    groups = re.findall(r"\d+", number)
    years = [group for group in groups if _YEAR.fullmatch(group)]
    small = [group for group in groups if len(group) <= 2]
    is_date = bool(years) and len(years) + len(small) == len(groups)
    return is_date or _TIMES.fullmatch(number) is not None


def _is_plausible(number: str, before: str, after: str) -> bool:
    """Whether a valid number was meant as one. Without a + much else has as many digits: dates, fractions,
    versions, book numbers, parts of longer codes, bare counts."""
    if number[0] in "+\uff0b" or before.endswith(("+", "\uff0b")):
        return True
    if number.isdecimal() and unicodedata.digit(number[0]) != 0:
        return False
    return not (
        _is_date(number)
        or _FRACTION.fullmatch(number)
        or _VERSION.match(number)
        or _MINUTES.match(after)
        or _NUMBER_OF_A_BOOK.search(before)
        or _JOINED.search(before)
    )
