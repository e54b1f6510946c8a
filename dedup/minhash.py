"""MinHash signatures of word or character n-grams, and the band keys that find near duplicates.

A document is the set of its shingles (n consecutive words). For each of `bands * rows` lanes a hash
function orders all shingles at random, and the signature keeps the smallest hash of the document's.
Two documents agree in a lane with a probability equal to the Jaccard similarity of their sets
(Broder: On the resemblance and containment of documents, 1997). A band is a group of `rows` lanes;
documents that agree in all lanes of any band become candidates (`dedup.curve` has the odds).

The lanes: a shingle is hashed once to 64 well-mixed bits, `high` and `low` of 32 bits each, and
lane i is `high + a_i * low` modulo 2**32 with an odd random `a_i` (Carter, Wegman 1979; Kirsch,
Mitzenmacher 2006: two hashes suffice): one multiplication, which the compiler vectorises.
"""

import sys
import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np

from polysieve.compiling import kernel
from polysieve.dedup.mixing import mix64, random_words
from polysieve.filters.utf8 import decode

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_LOW = np.uint64(0xFFFFFFFF)
_S32 = np.uint64(32)
_EMPTY = np.uint32(0xFFFFFFFF)
_BYTE_MIX = np.uint32(0x9E3779B1)  # 2**32 / golden ratio, odd: Fibonacci hashing
_BAND_SEED = np.uint64(0x2545F4914F6CDD1D)
_BLOCK = 8  # shingles taken per pass over the lanes: saves loading and storing the minima


@dataclass(frozen=True)
class MinHashParams:
    """What a signature depends on.

    bands, rows: `bands * rows` lanes, `rows` per band; the defaults (FineWeb's) put the middle of
    the S-curve at Jaccard 0.72. ngram: words (or characters) per shingle. seed: any integer from 0
    to 2**64 - 1; signatures of different seeds do not compare.
    """

    bands: int = 14
    rows: int = 8
    ngram: int = 5
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("bands", "rows", "ngram"):
            if getattr(self, name) < 1:
                raise ValueError(f"minhash: {name} is {getattr(self, name)}, must be 1 or more")
        if not 0 <= self.seed < 2**64:
            raise ValueError(f"minhash: seed is {self.seed}, must be from 0 to 2**64 - 1")

    @property
    def lanes(self) -> int:
        return self.bands * self.rows


def _constants(params: MinHashParams) -> tuple[np.ndarray, np.uint64, np.uint64]:
    """Odd lane multipliers uint32[lanes], the base of the rolling hash (odd), and its offset."""
    words = random_words(np.uint64(params.seed), params.lanes + 2)
    multipliers = (words[2:] >> _S32).astype(np.uint32) | np.uint32(1)
    return multipliers, words[0] | _ONE, words[1]


def signatures(folded: np.ndarray, documents: np.ndarray, params: MinHashParams) -> np.ndarray:
    """MinHash signatures over word n-grams.

    Args:
        folded: uint64[m], hash of each token's folded form, 0 for a token that is no word; such
            tokens are passed over, so punctuation never parts or joins shingles.
        documents: int64[n + 1]; document i has the tokens `documents[i]:documents[i + 1]`.

    Returns:
        uint32[n, bands * rows]. A document with fewer words than `ngram` has one shingle, of all
        its words. One without any word has no shingle: all lanes are 2**32 - 1 and
        `has_shingles` is False.
    """
    multipliers, base, offset = _constants(params)
    return _word_signatures(folded, documents, params.ngram, multipliers, base, offset)


def character_signatures(
    buffer: np.ndarray,
    text_offsets: np.ndarray,
    params: MinHashParams,
    *,
    punctuation: bool = False,
) -> np.ndarray:
    """MinHash signatures over n-grams of characters, for scripts that write no spaces.

    Args:
        buffer: uint8[...], UTF-8 text, best folded by `dedup.normalise.folded_texts`.
        text_offsets: int64[n + 1]; document i is `buffer[text_offsets[i]:text_offsets[i + 1]]`.
        punctuation: whether punctuation and symbols count.

    Returns:
        uint32[n, bands * rows], as `signatures`; a character is a code point that is a letter,
        mark or digit, all others are passed over.
    """
    multipliers, base, offset = _constants(params)
    counted = counted_characters(punctuation)
    return _character_signatures(
        buffer, text_offsets, params.ngram, multipliers, base, offset, counted
    )


def shingle_sets(
    folded: np.ndarray, documents: np.ndarray, params: MinHashParams
) -> tuple[np.ndarray, np.ndarray]:
    """The shingles themselves, where the true similarity of pairs is wanted.

    Args:
        folded, documents: as in `signatures`.

    Returns:
        (shingles, offsets): uint64[m], each document's hashes sorted and without repetition, and
        int64[n + 1].
    """
    _, base, offset = _constants(params)
    return _shingle_sets(folded, documents, params.ngram, base, offset)


def character_shingle_sets(
    buffer: np.ndarray,
    text_offsets: np.ndarray,
    params: MinHashParams,
    *,
    punctuation: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """`shingle_sets` of characters; arguments as in `character_signatures`."""
    items, documents = _character_items(buffer, text_offsets, counted_characters(punctuation))
    return shingle_sets(items, documents, params)


@cache
def counted_characters(punctuation: bool = False) -> np.ndarray:
    """uint8[0x110000 / 8]: bit `c % 8` of byte `c // 8` is set where code point c is a letter,
    mark or digit, with `punctuation` a symbol too, by the Unicode version of this Python."""
    kinds = "LMNPS" if punctuation else "LMN"
    wanted = np.fromiter(
        (unicodedata.category(chr(code))[0] in kinds for code in range(sys.maxunicode + 1)),
        dtype=np.bool_,
        count=sys.maxunicode + 1,
    )
    return np.packbits(wanted, bitorder="little")


def has_shingles(signatures: np.ndarray) -> np.ndarray:
    """bool[n]: False where a document has no shingle and can only be an exact duplicate.

    (A document with shingles has a lane of 2**32 - 1 with a probability of 2**-32 per lane and
    shingle count of one; all lanes at once do not occur.)
    """
    return ~np.all(signatures == np.iinfo(signatures.dtype).max, axis=1)


@kernel
def _minima(shingles, count, multipliers, high, low, out):
    """Fold `count` shingle hashes (uint64) into the running minima `out` (uint32[lanes])."""
    # The last block is filled up with the last shingle: a repeated shingle changes no minimum.
    for begin in range(0, count, _BLOCK):
        for k in range(_BLOCK):
            x = shingles[min(begin + k, count - 1)]
            high[k] = np.uint32(x >> _S32)
            low[k] = np.uint32(x & _LOW)
        for j in range(multipliers.shape[0]):
            a = multipliers[j]
            smallest = out[j]
            for k in range(_BLOCK):
                smallest = min(smallest, np.uint32(high[k] + np.uint32(a * low[k])))
            out[j] = smallest


@kernel
def _roll(items, count, ngram, base, offset):
    """Replace `items[:count]` (uint64) by the hashes of their n-grams, in place; the new count.

    The polynomial sum(items[i + k] * base ** (n - 1 - k)) modulo 2**64, mixed. An n-gram starts
    where its first item stood, so the front of the array is free when its hash is known.
    """
    if count == 0:
        return 0
    width = min(ngram, count)
    leading = _ONE  # base ** (width - 1)
    for _ in range(width - 1):
        leading = leading * base
    rolling = _ZERO
    for k in range(width):
        rolling = rolling * base + items[k]
    last = count - width
    for i in range(last):
        first = items[i]
        items[i] = mix64(rolling ^ offset)
        rolling = (rolling - first * leading) * base + items[i + width]
    items[last] = mix64(rolling ^ offset)
    return last + 1


@kernel
def _longest(offsets):
    longest = 0
    for i in range(offsets.shape[0] - 1):
        longest = max(longest, offsets[i + 1] - offsets[i])
    return longest


@kernel
def _words(folded, begin, end, items):
    """The hashes of words among folded[begin:end] into `items`, tokens that are no word left out; their number."""
    size = 0
    for t in range(begin, end):
        if folded[t] != _ZERO:
            items[size] = folded[t]
            size += 1
    return size


@kernel
def _word_signatures(folded, documents, ngram, multipliers, base, offset):
    count = documents.shape[0] - 1
    items = np.empty(_longest(documents) + 1, dtype=np.uint64)
    high = np.empty(_BLOCK, dtype=np.uint32)
    low = np.empty(_BLOCK, dtype=np.uint32)
    out = np.full((count, multipliers.shape[0]), _EMPTY, dtype=np.uint32)
    for i in range(count):
        size = _words(folded, documents[i], documents[i + 1], items)
        size = _roll(items, size, ngram, base, offset)
        _minima(items, size, multipliers, high, low, out[i])
    return out


@kernel
def _characters(buffer, position, end, counted, items):
    """Hashes of the counted characters of one document into `items`; their number."""
    size = 0
    while position < end:
        code, position = decode(buffer, position, end)
        if counted[code >> 3] & (1 << (code & 7)):
            items[size] = mix64(np.uint64(code) + _ONE)
            size += 1
    return size


@kernel
def _character_signatures(buffer, text_offsets, ngram, multipliers, base, offset, counted):
    count = text_offsets.shape[0] - 1
    items = np.empty(_longest(text_offsets) + 1, dtype=np.uint64)
    high = np.empty(_BLOCK, dtype=np.uint32)
    low = np.empty(_BLOCK, dtype=np.uint32)
    out = np.full((count, multipliers.shape[0]), _EMPTY, dtype=np.uint32)
    for i in range(count):
        size = _characters(buffer, text_offsets[i], text_offsets[i + 1], counted, items)
        size = _roll(items, size, ngram, base, offset)
        _minima(items, size, multipliers, high, low, out[i])
    return out


@kernel
def _character_items(buffer, text_offsets, counted):
    count = text_offsets.shape[0] - 1
    items = np.empty(text_offsets[count] - text_offsets[0], dtype=np.uint64)
    documents = np.zeros(count + 1, dtype=np.int64)
    size = 0
    for i in range(count):
        size += _characters(buffer, text_offsets[i], text_offsets[i + 1], counted, items[size:])
        documents[i + 1] = size
    return items[:size], documents


@kernel
def _shingle_sets(folded, documents, ngram, base, offset):
    count = documents.shape[0] - 1
    items = np.empty(_longest(documents) + 1, dtype=np.uint64)
    shingles = np.empty(folded.shape[0], dtype=np.uint64)
    offsets = np.zeros(count + 1, dtype=np.int64)
    written = 0
    for i in range(count):
        size = _words(folded, documents[i], documents[i + 1], items)
        size = _roll(items, size, ngram, base, offset)
        ordered = np.sort(items[:size])
        for k in range(size):
            if k == 0 or ordered[k] != ordered[k - 1]:
                shingles[written] = ordered[k]
                written += 1
        offsets[i + 1] = written
    return shingles[:written].copy(), offsets


@kernel
def _band_keys(signatures, bands, rows):
    count = signatures.shape[0]
    keys = np.empty((count, bands), dtype=np.uint64)
    for i in range(count):
        for band in range(bands):
            key = mix64(_BAND_SEED + np.uint64(band))
            for j in range(band * rows, (band + 1) * rows):
                key = mix64(key ^ np.uint64(signatures[i, j]))
            keys[i, band] = key
    return keys


def band_keys(signatures: np.ndarray, params: MinHashParams) -> np.ndarray:
    """One 64-bit key per document and band: uint64[n, bands].

    Equal keys of a band mean equal rows of that band but for a chance of 2**-64 per pair; the
    band's number is mixed in, so the keys of all bands may share one table.
    """
    if signatures.ndim != 2 or signatures.shape[1] != params.lanes:
        raise ValueError(
            f"minhash: signatures of shape {signatures.shape} do not have "
            f"{params.bands} bands of {params.rows} rows"
        )
    return _band_keys(signatures, params.bands, params.rows)


def low_bytes(signatures: np.ndarray) -> np.ndarray:
    """Eight bits of each minimum, enough to verify a candidate pair: uint8[n, bands * rows].

    b-bit minwise hashing (Li, König: b-Bit Minwise Hashing, WWW 2010). All bits of the minimum are
    folded into the byte, so that different minima share it with a probability of 1/256 whatever the
    document's length. `dedup.edges.agreement` estimates the Jaccard similarity from them.
    """
    if signatures.dtype == np.uint64:
        signatures = (signatures ^ (signatures >> _S32)).astype(np.uint32)
    mixed = (signatures ^ (signatures >> np.uint32(15))) * _BYTE_MIX
    return (mixed >> np.uint32(24)).astype(np.uint8)
