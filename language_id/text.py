"""From an Arrow array of text to what the classifiers read: well-formed code points of a bounded
sample of each document.

Everything works on the UTF-8 buffer of the Arrow array. Malformed bytes become U+FFFD here and can
never reach a classifier.
"""

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from polysieve.compiling import kernel

with np.load(Path(__file__).parent / "assets" / "characters.npz") as _asset:
    SCRIPT_NAMES: list[str] = [name.decode() for name in _asset["names"]]
    HANS: np.ndarray = _asset["hans"]
    HANT: np.ndarray = _asset["hant"]
    SCRIPT_TABLE: np.ndarray = np.repeat(  # uint8[0x110000]: index into SCRIPT_NAMES
        _asset["scripts"], np.diff(np.append(_asset["starts"], 0x110000))
    )
    LOWER_TABLE: np.ndarray = np.arange(0x110000, dtype=np.int32)  # simple lower-case mapping
    LOWER_TABLE[_asset["upper"]] = _asset["lower"]


def _compositions() -> np.ndarray:
    """The character that a letter below U+2000 and an accent (U+0300 to U+0345) make together, or
    0: uint16[0x2000, 0x46].
    """
    table = np.zeros((0x2000, 0x46), dtype=np.uint16)
    for code in range(0xC0, 0x2000):
        parts = unicodedata.decomposition(chr(code)).split()
        if (
            len(parts) == 2
            and parts[0][0] != "<"
            and unicodedata.normalize("NFC", chr(code)) == chr(code)
        ):
            letter, accent = (int(part, 16) for part in parts)
            if letter < 0x2000 and 0x300 <= accent < 0x346:
                table[letter, accent - 0x300] = code
    return table


COMPOSITIONS: np.ndarray = _compositions()
NO_COMPOSITIONS: np.ndarray = np.zeros((0, 0x46), dtype=np.uint16)

ZZZZ, ZYYY, ZINH = 0, 1, 2  # unassigned, common, inherited: the first three of SCRIPT_NAMES


def text_array(texts: pa.Array | pa.ChunkedArray | Sequence[str | None]) -> pa.Array:
    """`texts` as one Arrow array of type large_string.

    Lone surrogates of Python strings become U+FFFD.
    """
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
        if isinstance(texts, pa.ChunkedArray):  # older pyarrow
            texts = pa.concat_arrays(texts.chunks)
    if not isinstance(texts, pa.Array):
        try:
            texts = pa.array(texts, type=pa.large_string())
        except UnicodeEncodeError:
            clean = [None if t is None else _replace_surrogates(t) for t in texts]
            texts = pa.array(clean, type=pa.large_string())
    return texts if texts.type == pa.large_string() else texts.cast(pa.large_string())


def _replace_surrogates(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def utf8_buffer(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The UTF-8 bytes (uint8) of a large_string array and where its texts start and end (int64[n +
    1]); null is empty.
    """
    if texts.null_count:
        texts = texts.fill_null("")
    _, offsets, data = texts.buffers()
    if len(texts) == 0:
        return np.zeros(0, np.uint8), np.zeros(1, np.int64)
    bounds = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data, dtype=np.uint8) if data else np.zeros(0, np.uint8), bounds


@kernel
def decode(data, at, end):
    """The code point at byte `at` and the byte after it;

    U+FFFD and one byte further where the bytes are malformed.
    """
    lead = np.int64(data[at])
    if lead < 0x80:
        return lead, at + 1
    if lead < 0xC2 or lead > 0xF4:
        return 0xFFFD, at + 1
    length = 2 if lead < 0xE0 else (3 if lead < 0xF0 else 4)
    if at + length > end:
        return 0xFFFD, at + 1
    code = lead & (0x7F >> length)
    for k in range(1, length):
        byte = np.int64(data[at + k])
        if byte & 0xC0 != 0x80:
            return 0xFFFD, at + 1
        code = (code << 6) | (byte & 0x3F)
    if code > 0x10FFFF or (0xD800 <= code < 0xE000):
        return 0xFFFD, at + 1
    if (length == 3 and code < 0x800) or (length == 4 and code < 0x10000):
        return 0xFFFD, at + 1
    return code, at + length


@kernel
def is_space(code):
    """Whether Python's `str.isspace` holds for the code point."""
    if code <= 0x20:
        return code == 0x20 or 9 <= code <= 13 or 28 <= code <= 31
    if code < 0x1680:
        return code == 0x85 or code == 0xA0
    return (
        code == 0x1680
        or 0x2000 <= code <= 0x200A
        or code == 0x2028
        or code == 0x2029
        or code == 0x202F
        or code == 0x205F
        or code == 0x3000
    )


@kernel
def _copy(data, at, end, limit, compositions, codes, n):
    """Up to `limit` code points from byte `at`, white space as one blank;

    returns the new length and the next byte.
    """
    stop = n + limit
    while at < end and n < stop:
        lead = data[at]
        if lead < 0x80:
            code = np.int64(lead)
            at += 1
        else:
            code, at = decode(data, at, end)
        if is_space(code):
            if n == 0 or codes[n - 1] != 0x20:
                codes[n] = 0x20
                n += 1
        else:
            if 0x300 <= code < 0x346 and n > 0 and codes[n - 1] < len(compositions):
                together = compositions[codes[n - 1], code - 0x300]
                if together:
                    codes[n - 1] = together
                    continue
            codes[n] = code
            n += 1
    return n, at


@kernel
def _character_start(data, at, end):
    while at < end and data[at] & 0xC0 == 0x80:
        at += 1
    return at


@kernel
def _sample(data, bounds, head, windows, length, compositions, codes, starts):
    n = 0
    room = head + windows * (length + 1)
    for i in range(len(bounds) - 1):
        starts[i] = n
        at, end = bounds[i], bounds[i + 1]
        # Text that fits into the sample is taken whole; a byte is at most one character.
        m, at = _copy(data, at, end, room if end - at <= room else head, compositions, codes[n:], 0)
        rest = end - at
        for w in range(windows):
            if rest <= 0:
                break
            begin = _character_start(data, end - rest + rest * w // windows, end)
            if begin < at:
                begin = at
            codes[n + m] = 0x20
            m += 1
            m, at = _copy(data, begin, end, length, compositions, codes[n:], m)
        n += m
    starts[len(bounds) - 1] = n


def sample(
    data: np.ndarray,
    bounds: np.ndarray,
    head: int,
    windows: int,
    length: int,
    compositions: np.ndarray = COMPOSITIONS,
) -> tuple[np.ndarray, np.ndarray]:
    """A bounded sample of each text, as code points with every run of white space as one blank.

    The first `head` characters, then `windows` pieces of `length` characters that begin at equal
    distances in the rest. Letters and the accents after them are composed (`NO_COMPOSITIONS`: left
    as they are). Returns the code points, int32, and where each text's sample starts, int64[n + 1].
    """
    n = len(bounds) - 1
    sizes = np.minimum(np.diff(bounds), head + windows * (length + 1))
    codes = np.empty(int(sizes.sum()) + head + windows * (length + 1) + 1, dtype=np.int32)
    starts = np.empty(n + 1, dtype=np.int64)
    _sample(data, bounds, head, windows, length, compositions, codes, starts)
    return codes[: starts[-1]], starts
