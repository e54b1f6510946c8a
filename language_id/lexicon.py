"""FunLangID's lexicon: the 150 most telling character n-grams (n ≤ 4) of 1,647 languages and
styles.

FunLangID (Google, `url-nlp`, CC-BY 4.0, see `assets/SOURCES.md`) scores a language by the share of
a text's 4-character windows, blanks at both ends removed, that are in its list. `matches` and `vote` with
weights of 1 give exactly that.
"""

from pathlib import Path

import numpy as np

from polysieve.compiling import kernel
from polysieve.language_id.text import LOWER_TABLE

with np.load(Path(__file__).parent / "assets" / "lexicon.npz") as _asset:
    TAGS: list[str] = bytes(_asset["tags"]).decode().split("\n")
    GRAMS: list[str] = bytes(_asset["grams"]).decode().split("\n")
    FIRST: np.ndarray = _asset["first"]  # int32[labels + 1]
    ENTRIES: np.ndarray = _asset["entries"]  # int32: n-gram numbers by label and rank


@kernel
def _key(a, b, c, d):
    """64-bit key of up to four code points (0 for none)."""
    key = np.uint64(a) | (np.uint64(b) << np.uint64(21)) | (np.uint64(c) << np.uint64(42))
    key = key * np.uint64(0x9E3779B97F4A7C15) + np.uint64(d) * np.uint64(0xC2B2AE3D27D4EB4F)
    key ^= key >> np.uint64(29)
    key *= np.uint64(0xBF58476D1CE4E5B9)
    return key ^ (key >> np.uint64(32))


@kernel
def _insert(points, keys, slots):
    """Puts the n-grams into the open-addressed table; returns False if two of them have one key."""
    mask = np.uint64(len(keys) - 1)
    for i in range(len(points)):
        key = _key(points[i, 0], points[i, 1], points[i, 2], points[i, 3])
        at = key & mask
        while slots[at] >= 0:
            if keys[at] == key:
                return False
            at = (at + np.uint64(1)) & mask
        keys[at] = key
        slots[at] = i
    return True


@kernel
def _find(key, keys, slots):
    mask = np.uint64(len(keys) - 1)
    at = key & mask
    while slots[at] >= 0:
        if keys[at] == key:
            return slots[at]
        at = (at + np.uint64(1)) & mask
    return np.int32(-1)


@kernel
def match(codes, starts, lower, keys, slots, found, ends, windows):
    """The n-grams of each sample that are in the table.

    Writes their numbers to `found`, where each text's end in it to `ends`, and the number of
    windows that count to `windows`. Single characters follow as numbers, too (they are in the table
    for a few languages without blanks).
    """
    n = 0
    line = np.empty(0, dtype=np.int64)
    for i in range(len(starts) - 1):
        begin, end = starts[i], starts[i + 1]
        while begin < end and (codes[begin] == 0x20 or codes[begin] == 0x2F):
            begin += 1
        while end > begin and (codes[end - 1] == 0x20 or codes[end - 1] == 0x2F):
            end -= 1
        if len(line) < 2 * (end - begin) + 2:
            line = np.empty(4 * (end - begin) + 64, dtype=np.int64)
        line[0] = 0x20
        m = 1
        for at in range(begin, end):
            code = np.int64(codes[at])
            if code == 0x130:  # İ: the one capital whose lower case is two characters
                line[m] = 0x69
                line[m + 1] = 0x307
                m += 2
                continue
            if code == 0x3A3:  # Σ at the end of a word
                final = at > begin and _cased(codes[at - 1], lower)
                if final and not (at + 1 < end and _cased(codes[at + 1], lower)):
                    line[m] = 0x3C2
                    m += 1
                    continue
            if code == 0x22:
                code = np.int64(0x27)
            elif code == 0x2F:
                code = np.int64(0x20)
            else:
                code = np.int64(lower[code])
            line[m] = code
            m += 1
        line[m] = 0x20
        m += 1
        total = 0
        for at in range(m - 4):
            a, b, c, d = line[at], line[at + 1], line[at + 2], line[at + 3]
            while a == 0x20:
                a, b, c, d = b, c, d, 0
                if a == 0:
                    break
            if d == 0x20:
                d = 0
            if d == 0 and c == 0x20:
                c = 0
            if d == 0 and c == 0 and b == 0x20:
                b = 0
            if b == 0:
                continue
            total += 1
            number = _find(_key(a, b, c, d), keys, slots)
            if number >= 0:
                found[n] = number
                n += 1
        if total > 0:
            for at in range(1, m - 1):
                if line[at] >= 0x2E80:  # no character before CJK is scored alone
                    number = _find(_key(line[at], 0, 0, 0), keys, slots)
                    if number >= 0:
                        found[n] = number
                        n += 1
        ends[i] = n
        windows[i] = total


@kernel
def _cased(code, lower):
    return lower[code] != code or 0x61 <= code <= 0x7A or 0x3AC <= code <= 0x3CE


@kernel
def vote(found, ends, first, labels, weights, scores):
    """Adds the weight of each found n-gram to its labels: `scores` float64[n, labels]."""
    begin = 0
    for i in range(len(ends)):
        for at in range(begin, ends[i]):
            gram = found[at]
            for k in range(first[gram], first[gram + 1]):
                scores[i, labels[k]] += weights[k]
        begin = ends[i]


def _table() -> tuple[np.ndarray, np.ndarray]:
    points = np.zeros((len(GRAMS), 4), dtype=np.int64)
    for i, gram in enumerate(GRAMS):
        points[i, : len(gram)] = [ord(c) for c in gram]
    keys = np.zeros(1 << 18, dtype=np.uint64)
    slots = np.full(1 << 18, -1, dtype=np.int32)
    if not _insert(points, keys, slots):
        raise ValueError("two n-grams of the lexicon have one key")
    return keys, slots


def _postings() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each n-gram:

    where its labels start, the labels, and the n-gram's rank in each label's list.
    """
    owners = np.repeat(np.arange(len(TAGS), dtype=np.int32), np.diff(FIRST))
    ranks = np.arange(len(ENTRIES), dtype=np.int32) - FIRST[owners]
    order = np.argsort(ENTRIES, kind="stable")
    first = np.zeros(len(GRAMS) + 1, dtype=np.int32)
    np.cumsum(np.bincount(ENTRIES, minlength=len(GRAMS)), out=first[1:])
    return first, owners[order], ranks[order]


KEYS, SLOTS = _table()
POSTING_FIRST, POSTING_LABELS, POSTING_RANKS = _postings()


def matches(codes: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`match` over samples (`text.sample`):

    found n-grams int32, their ends int64[n], number of windows int64[n].
    """
    n = len(starts) - 1
    found = np.empty(4 * len(codes) + 8 * n + 8, dtype=np.int32)
    ends, windows = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    match(codes, starts, LOWER_TABLE, KEYS, SLOTS, found, ends, windows)
    return found[: ends[-1] if n else 0], ends, windows
