"""Bytes of a page to text: which character encoding, in the order browsers use, checked against the bytes.

The order is that of the HTML standard (section 13.2.3.2): byte order mark, HTTP header, `<meta>` or
XML declaration, detection, windows-1252. Two things differ from a browser. A declaration that the
bytes contradict is not believed: a crawl has many pages that declare ISO-8859-1 and are UTF-8, or the
reverse. And encodings that browsers refuse for safety (UTF-32, ISO-2022-KR, HZ) or do not know (Johab,
IBM855 and other DOS code pages) are read, since nothing here runs a script.

Labels and names are those of the WHATWG Encoding Standard (section 4.2).
"""

import codecs
import re
import string

import numpy as np
import pyarrow as pa
from charset_normalizer import from_bytes
from resiliparse.parse.encoding import detect_encoding

from filters.compiling import leaf

# Encoding name -> (Python codecs, best first; labels in lower case). Several codecs: Python splits what
# the standard holds in one index; the first without an error wins, else the one with the fewest.
_ENCODINGS: dict[str, tuple[tuple[str, ...], str]] = {
    "UTF-8": (
        ("utf-8",),
        "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8",
    ),
    "IBM866": (("cp866",), "866 cp866 csibm866 ibm866"),
    "ISO-8859-2": (
        ("iso8859-2",),
        "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
    ),
    "ISO-8859-3": (
        ("iso8859-3",),
        "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3",
    ),
    "ISO-8859-4": (
        ("iso8859-4",),
        "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4",
    ),
    "ISO-8859-5": (
        ("iso8859-5",),
        "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988",
    ),
    "ISO-8859-6": (
        ("iso8859-6",),
        "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e "
        "iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
    ),
    "ISO-8859-7": (
        ("iso8859-7",),
        "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 "
        "iso_8859-7 iso_8859-7:1987 sun_eu_greek",
    ),
    "ISO-8859-8": (
        ("iso8859-8",),
        "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 "
        "iso_8859-8 iso_8859-8:1988 visual",
    ),
    "ISO-8859-8-I": (("iso8859-8",), "csiso88598i iso-8859-8-i logical"),
    "ISO-8859-10": (
        ("iso8859-10",),
        "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    ),
    "ISO-8859-13": (("iso8859-13",), "iso-8859-13 iso8859-13 iso885913"),
    "ISO-8859-14": (("iso8859-14",), "iso-8859-14 iso8859-14 iso885914"),
    "ISO-8859-15": (
        ("iso8859-15",),
        "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9",
    ),
    "ISO-8859-16": (("iso8859-16",), "iso-8859-16"),
    "KOI8-R": (("koi8-r",), "cskoi8r koi koi8 koi8-r koi8_r"),
    "KOI8-U": (("koi8-u",), "koi8-ru koi8-u"),
    "macintosh": (("mac-roman",), "csmacintosh mac macintosh x-mac-roman"),
    "windows-874": (
        ("cp874", "tis-620"),
        "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874",
    ),
    "windows-1250": (("cp1250",), "cp1250 windows-1250 x-cp1250"),
    "windows-1251": (("cp1251",), "cp1251 windows-1251 x-cp1251"),
    "windows-1252": (
        ("cp1252",),
        "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 "
        "iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252",
    ),
    "windows-1253": (("cp1253",), "cp1253 windows-1253 x-cp1253"),
    "windows-1254": (
        ("cp1254",),
        "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 "
        "latin5 windows-1254 x-cp1254",
    ),
    "windows-1255": (("cp1255",), "cp1255 windows-1255 x-cp1255"),
    "windows-1256": (("cp1256",), "cp1256 windows-1256 x-cp1256"),
    "windows-1257": (("cp1257",), "cp1257 windows-1257 x-cp1257"),
    "windows-1258": (("cp1258",), "cp1258 windows-1258 x-cp1258"),
    "x-mac-cyrillic": (
        ("mac-cyrillic",),
        "x-mac-cyrillic x-mac-ukrainian maccyrillic mac-cyrillic",
    ),
    "GBK": (
        ("gb18030",),
        "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk",
    ),
    "gb18030": (("gb18030",), "gb18030"),
    "Big5": (("big5hkscs", "cp950"), "big5 big5-hkscs cn-big5 csbig5 x-x-big5 cp950"),
    "EUC-JP": (("euc_jp", "euc_jis_2004"), "cseucpkdfmtjapanese euc-jp x-euc-jp"),
    "ISO-2022-JP": (
        ("iso2022_jp", "iso2022_jp_ext", "iso2022_jp_2004"),
        "csiso2022jp iso-2022-jp iso2022-jp",
    ),
    "Shift_JIS": (
        ("cp932", "shift_jis_2004"),
        "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis cp932",
    ),
    "EUC-KR": (
        ("cp949",),
        "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 "
        "ksc_5601 windows-949 cp949",
    ),
    "UTF-16BE": (("utf-16-be",), "unicodefffe utf-16be"),
    "UTF-16LE": (
        ("utf-16-le",),
        "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
    ),
    "x-user-defined": (("x-user-defined",), "x-user-defined"),
    # Not in the standard, or there only to be refused.
    "UTF-32BE": (("utf-32-be",), "utf-32be"),
    "UTF-32LE": (("utf-32-le",), "utf-32 utf-32le"),
    "ISO-2022-KR": (("iso2022_kr",), "csiso2022kr iso-2022-kr iso2022-kr"),
    "HZ-GB-2312": (("hz",), "hz-gb-2312 hz"),
    "Johab": (("johab",), "johab cp1361 ms1361"),
    "IBM437": (("cp437",), "cp437 ibm437"),
    "IBM850": (("cp850",), "cp850 ibm850"),
    "IBM852": (("cp852",), "cp852 ibm852"),
    "IBM855": (("cp855",), "cp855 ibm855"),
    "IBM862": (("cp862",), "cp862 ibm862"),
    "IBM864": (("cp864",), "cp864 ibm864"),
}
_LABELS = {label: name for name, (_, labels) in _ENCODINGS.items() for label in labels.split()}
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

# Python leaves bytes undefined that the standard maps to C1 controls; windows-1252 has text with them.
_SINGLE_BYTE_TABLES = {
    "cp1252": "".join(bytes([i]).decode("cp1252", "ignore") or chr(i) for i in range(256)),
    "x-user-defined": "".join(chr(i if i < 0x80 else 0xF700 + i) for i in range(256)),
}

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


def encoding_name(label: str) -> str | None:
    """The name of the encoding that a label stands for (`iso-8859-1` -> `windows-1252`), or None."""
    return _LABELS.get(label.strip(" \t\n\f\r").lower())


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
    for codec in _ENCODINGS[name][0]:
        if table := _SINGLE_BYTE_TABLES.get(codec):
            text, _ = codecs.charmap_decode(data, "replace", table)
        else:
            text = data.decode(codec, "replace")
        errors = text.count("\ufffd")
        if name in _UNICODE and errors:
            errors -= data.count("\ufffd".encode(_ENCODINGS[name][0][0]))
        if best is None or errors < best[1]:
            best = (text, errors)
        if errors <= 0:
            break
    assert best is not None
    return _SURROGATES.sub("\ufffd", best[0]).removeprefix("\ufeff"), best[1]
