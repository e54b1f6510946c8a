"""Bytes of a page to text: which character encoding, in the order browsers use, checked against the bytes.

The order is that of the HTML standard (section 13.2.3.2): byte order mark, HTTP header, `<meta>` or
XML declaration, detection, windows-1252. Two things differ from a browser. A declaration that the
bytes contradict is not believed: a crawl has many pages that declare ISO-8859-1 and are UTF-8, or the
reverse. And encodings that browsers refuse for safety (UTF-32, ISO-2022-KR, HZ) or do not know (Johab,
IBM855 and other DOS code pages) are read, since nothing here runs a script.

The encodings themselves are in encodings.py.
"""

import codecs
import re
import string

import numpy as np
import pyarrow as pa
from charset_normalizer import from_bytes
from resiliparse.parse.encoding import detect_encoding

from polysieve.compiling import leaf
from polysieve.pipeline.extract.encodings import ENCODINGS, SINGLE_BYTE_TABLES, encoding_name

_MULTIBYTE = {"GBK", "gb18030", "Big5", "EUC-JP", "Shift_JIS", "EUC-KR", "Johab"}
_UNICODE = {"UTF-8", "UTF-16BE", "UTF-16LE", "UTF-32BE", "UTF-32LE"}
_DOS_LATIN = {"IBM437", "IBM850", "IBM852"}
_OTHER_SCRIPTS = {
    *("IBM855", "IBM862", "IBM864", "IBM866", "ISO-8859-5", "ISO-8859-6", "ISO-8859-7"),
    *("ISO-8859-8", "ISO-8859-8-I", "KOI8-R", "KOI8-U", "windows-874", "windows-1251"),
    *("windows-1253", "windows-1255", "windows-1256", "x-mac-cyrillic"),
}
_WIDE = {"UTF-16BE", "UTF-16LE", "UTF-32BE", "UTF-32LE"}  # contradicted by bytes that are ASCII

# The standard looks at 1,024 bytes and later obeys a <meta> that the parser meets; pages whose head
# begins with scripts have it far behind.
_PRESCAN_BYTES = 64 * 1024
_SAMPLE_BYTES = 256 * 1024
_SECOND_OPINION_BYTES = 32 * 1024  # charset-normalizer is slow
# So many multi-byte sequences, all valid UTF-8, are no accident in any other encoding: in EUC and GBK
# text about one character in ten forms one.
_UTF8_IS_SURE = 4

_HIGH_BYTES = bytes(range(0x80, 0x100))
_ASCII_LETTERS = string.ascii_letters.encode()
_SURROGATES = re.compile("[\ud800-\udfff]")
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"<\?xml[^>]{0,256}?\sencoding\s*=\s*[\"']\s*([A-Za-z0-9._:\-]+)")
_META_OR_COMMENT = re.compile(rb"<!--|<meta[\s/]", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"[\s/]*([^\s/>=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"'][^\s>]*)))?"
)
_TAGS = re.compile(rb"</?[A-Za-z][^<>]*>")


def declared_in_header(content_type: str | None) -> str | None:
    """The encoding that a Content-Type header names, or None."""
    found = _HEADER_CHARSET.search(content_type) if content_type else None
    return encoding_name(found.group(1)) if found else None


def declared_in_markup(data: bytes) -> str | None:
    """The encoding that a page's XML declaration or first usable `<meta>` names, or None.

    As the standard has it, UTF-16 here means UTF-8 (the bytes that say so are ASCII) and
    x-user-defined means windows-1252.
    """
    head = data[:_PRESCAN_BYTES]
    xml = _XML_ENCODING.match(head)
    label = xml.group(1).decode("ascii") if xml else None
    if label is None or encoding_name(label) is None:
        label = _meta_charset(head)
    name = encoding_name(label) if label else None
    if name in _WIDE:
        return "UTF-8"
    return "windows-1252" if name == "x-user-defined" else name


def _meta_charset(head: bytes) -> str | None:
    position = 0
    while found := _META_OR_COMMENT.search(head, position):
        if found.group() == b"<!--":
            end = head.find(b"-->", found.start() + 2)
            if end < 0:
                return None
            position = end + 3
            continue
        position = found.end()
        attributes: dict[bytes, bytes] = {}
        while attribute := _ATTRIBUTE.match(head, position):
            name, *values = attribute.groups()
            attributes.setdefault(name.lower(), next((v for v in values if v is not None), b""))
            position = attribute.end()
        label = attributes.get(b"charset")
        if label is None and attributes.get(b"http-equiv", b"").lower() == b"content-type":
            content = _HEADER_CHARSET.search(attributes.get(b"content", b"").decode("latin-1"))
            label = content.group(1).encode("latin-1") if content else None
        if label is not None and encoding_name(label.decode("latin-1")):
            return label.decode("latin-1")
    return None


def decode(data: bytes, content_type: str | None = None, *, html: bool = True) -> tuple[str, str]:
    """The text of `data` and the name of its encoding.

    data: a page as it came; content_type: its HTTP header; html: whether markup may declare an
    encoding. The text has no byte order mark and no lone surrogate, so it can always be written as
    UTF-8; what is not valid in the encoding is U+FFFD. Never raises.
    """
    if name := _byte_order_mark(data):
        return _decode_as(data, name)[0], name
    if name := _zero_bytes(data) or _escape_sequences(data):
        return _decode_as(data, name)[0], name
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        beyond_ascii = len(data) - len(text)  # one to three for each multi-byte sequence
        if not beyond_ascii or beyond_ascii > 3 * _UTF8_IS_SURE:
            return text, "UTF-8"
    declared = [declared_in_header(content_type), declared_in_markup(data) if html else None]
    return _on_evidence(data, [name for name in declared if name and name not in _WIDE])


def to_utf8(data: bytes, content_type: str | None = None) -> tuple[bytes, str]:
    """What `decode` gives, encoded as UTF-8, and the name of the encoding; of a page that is UTF-8, its own bytes."""
    if (
        _byte_order_mark(data) is None
        and _zero_bytes(data) is None
        and _escape_sequences(data) is None
        and _is_clearly_utf8(data)
    ):
        return data, "UTF-8"
    text, name = decode(data, content_type)
    return text.encode(), name


def _is_clearly_utf8(data: bytes) -> bool:
    """Whether `decode` reads the bytes as UTF-8 without asking what is declared; without making a string of them."""
    if data.isascii():
        return True
    if not _has_more_continuations(np.frombuffer(data, np.uint8), 3 * _UTF8_IS_SURE):
        return False
    offsets = pa.py_buffer(np.array([0, len(data)], np.int64))
    column = pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(data)])
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


@leaf
def _has_more_continuations(page, most):
    """Whether more than `most` bytes are of the kind that continues a character of UTF-8."""
    count = 0
    for i in range(page.size):
        if page[i] & 0xC0 == 0x80:
            count += 1
            if count > most:
                return True
    return False


def _byte_order_mark(data: bytes) -> str | None:
    if data.startswith(b"\xef\xbb\xbf"):
        return "UTF-8"
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "UTF-32LE" if data[0] else "UTF-32BE"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16LE" if data[0] == 0xFF else "UTF-16BE"
    return None


def _zero_bytes(data: bytes) -> str | None:
    """UTF-32 or UTF-16 without a mark, told by where the zero bytes of its ASCII characters lie."""
    head = data[:4096]
    if b"\0" not in head:
        return None
    for name in ("UTF-32BE", "UTF-32LE"):
        # One code unit in 2,000 is a valid code point by chance.
        whole = head[: len(head) // 4 * 4]
        if len(whole) >= 16 and _decode_as(whole, name)[1] == 0:
            return name
    even, odd = head[::2].count(0) / len(head), head[1::2].count(0) / len(head)
    if max(even, odd) > 0.1 and min(even, odd) < 0.01:
        return "UTF-16BE" if even > odd else "UTF-16LE"
    return None


def _escape_sequences(data: bytes) -> str | None:
    """The 7-bit encodings that switch character sets by escape sequences."""
    if not data.isascii() or b"\x1b" not in data:  # the one-byte search is many times as fast
        return None
    if b"\x1b$)C" in data[:4096]:
        return "ISO-2022-KR"
    return "ISO-2022-JP" if b"\x1b$B" in data or b"\x1b$@" in data else None


def _on_evidence(data: bytes, declared: list[str]) -> tuple[str, str]:
    """Decides for bytes that are not clearly UTF-8. `declared`: most binding first."""
    utf8, errors = _decode_as(data, "UTF-8")
    valid = _count_sequences(np.frombuffer(data, np.uint8))
    first = declared[0] if declared else None
    # Broken UTF-8 (cut off, or with pieces from elsewhere pasted in) is still UTF-8; what does not
    # claim to be must be cleaner.
    if valid >= errors * (1 if first == "UTF-8" else 20) and not (
        errors == 0 and first in _MULTIBYTE and _decode_as(data, first)[1] == 0
    ):
        return utf8, "UTF-8"
    high = _count_bytes(data, _HIGH_BYTES)
    found = None
    for name in declared:
        if name == "UTF-8":
            continue
        if name == "windows-1252":
            # What servers and editors declare without looking. Western European text is mostly
            # ASCII letters; where it is not, or where a later declaration says otherwise, look.
            found = found or _detect(data)
            if found != name and (found in declared or _share_beyond_ascii(data) > 0.3):
                continue
        text, errors = _decode_as(data, name)
        if errors <= high // 100:
            return text, name
    found = found or _detect(data)
    return _decode_as(data, found)[0], found


def _detect(data: bytes) -> str:
    """The encoding by the look of the bytes: uchardet, then charset-normalizer, else windows-1252."""
    text = _TAGS.sub(b" ", data[:_SAMPLE_BYTES])
    name = _name_of_codec(detect_encoding(text, max_len=0, html5_compatible=False))
    if name is None or name in _DOS_LATIN:
        # uchardet knows no Johab and takes some Western European text for that of DOS.
        best = from_bytes(text[:_SECOND_OPINION_BYTES]).best()
        name = _name_of_codec(best.encoding if best else None)
    if name is None or name in _UNICODE or name in _DOS_LATIN:
        return "windows-1252"
    if name in _OTHER_SCRIPTS and _share_beyond_ascii(data) < 0.1:
        return "windows-1252"  # a text in another script has more than a stray letter of it
    return name


def _name_of_codec(codec: str | None) -> str | None:
    if codec is None:
        return None
    labels = (codec, codec.replace("_", "-"), codec.replace("-", "_"), codec.replace("_", ""))
    return next((name for label in labels if (name := encoding_name(label))), None)


def _share_beyond_ascii(data: bytes) -> float:
    """Of the letters outside tags, the share that is not ASCII (each byte counted)."""
    text = _TAGS.sub(b" ", data[:_SAMPLE_BYTES])
    high = _count_bytes(text, _HIGH_BYTES)
    return high / (high + _count_bytes(text, _ASCII_LETTERS) or 1)


def _count_bytes(data: bytes, kind: bytes) -> int:
    """How many bytes are among those of `kind`."""
    return len(data) - len(data.translate(None, kind))


@leaf
def _count_sequences(page):
    """How many multi-byte characters of UTF-8 there are, overlong ones and surrogates included."""
    count = i = 0
    while i < page.size:
        first = page[i]
        i += 1
        if not 0xC2 <= first <= 0xF4:
            continue
        more = 1 if first < 0xE0 else 2 if first < 0xF0 else 3
        end = i
        while end < page.size and end < i + more and page[end] & 0xC0 == 0x80:
            end += 1
        if end == i + more:
            count += 1
            i = end
    return count


def _decode_as(data: bytes, name: str) -> tuple[str, int]:
    """The text of `data` in the named encoding, U+FFFD for what is not valid, and how often that was."""
    best: tuple[str, int] | None = None
    for codec in ENCODINGS[name][0]:
        if table := SINGLE_BYTE_TABLES.get(codec):
            text, _ = codecs.charmap_decode(data, "replace", table)
        else:
            text = data.decode(codec, "replace")
        errors = text.count("\ufffd")
        if name in _UNICODE and errors:
            errors -= data.count("\ufffd".encode(ENCODINGS[name][0][0]))
        if best is None or errors < best[1]:
            best = (text, errors)
        if errors <= 0:
            break
    assert best is not None
    return _SURROGATES.sub("\ufffd", best[0]).removeprefix("\ufeff"), best[1]
