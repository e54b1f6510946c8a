"""Lines that recur over the documents of one host: navigation, notices, footers.

A line is what stands between line feeds. Two lines are the same if they have the same characters once white space
at their ends is taken off and runs of it inside count as one space; nothing is folded, so nothing of a script can be
damaged, and a site writes its furniture with the same bytes everywhere. On request all decimal digits count as
0 ("12 comments"). A line with fewer than `least_letters` letters never recurs: braces, rules, numbers, bullets.

What is counted are keys: 64-bit hashes of host and line, and of the host itself. Counts of keys can be summed in any
order and cut by the keys' value into parts that have nothing to do with each other, however large a host is.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import xxhash

from polysieve.compiling import kernel
from polysieve.dedup.mixing import mix64
from polysieve.filters.characters import IS_DIGIT, IS_LETTER, IS_SPACE, tables
from polysieve.filters.lines import stripped
from polysieve.filters.url import split_address
from polysieve.filters.utf8 import decode_call
from polysieve.filters.words import Texts, text_buffer

_LINE = np.uint64(0x9E3779B97F4A7C15)
_HOST = np.uint64(0xC2B2AE3D27D4EB4F)


class Lines(NamedTuple):
    """The m lines of n documents."""

    documents: np.ndarray
    """int64[n + 1]: document i has the lines documents[i]:documents[i + 1]."""
    hashes: np.ndarray
    """uint64[m]; 0 for a line of too few letters."""
    sizes: np.ndarray
    """int64[m]: characters, white space at the ends not counted and runs of it counted as one."""

    def owners(self) -> np.ndarray:
        """int64[m]: the document of each line."""
        return np.repeat(np.arange(len(self.documents) - 1), np.diff(self.documents))


class Recurring(NamedTuple):
    """Which of the m lines of n documents recur."""

    documents: np.ndarray
    """int64[m]: on how many documents of its host the line was counted; 0 where it does not recur."""
    host_documents: np.ndarray
    """int64[n]: documents of the host, or 0 where they are too few for any line to recur."""


def hosts(urls: Sequence[str | None]) -> np.ndarray:
    """uint64[n]: a hash of each address's host, 0 where there is none.

    The host, not the registered domain: subdomains are often different people's sites (user.example.com), and a line is
    never taken out because strangers wrote it, too. `www.` and the port are no part of it.
    """
    known: dict[str, int] = {}
    found = np.zeros(len(urls), np.uint64)
    for i, url in enumerate(urls):
        host = split_address(url)[0].removeprefix("www.") if url else ""
        if host:
            if host not in known:
                known[host] = xxhash.xxh3_64_intdigest(host.encode("utf-8", "surrogatepass")) or 1
            found[i] = known[host]
    return found


def lines_of(texts: Texts, least_letters: int = 2, *, any_digit: bool = False) -> Lines:
    """The lines of n documents; a null has none. any_digit: whether all decimal digits are the same."""
    buffer, offsets = text_buffer(texts)
    documents = np.zeros(len(offsets), np.int64)
    _count_lines(buffer, offsets, documents)
    np.cumsum(documents, out=documents)
    hashes, sizes = np.empty(documents[-1], np.uint64), np.empty(documents[-1], np.int64)
    _hash_lines(
        buffer, offsets, documents, tables().properties, least_letters, any_digit, hashes, sizes
    )
    return Lines(documents, hashes, sizes)


def keys_of(lines: Lines, hosts: np.ndarray) -> np.ndarray:
    """uint64[m]: the key of each line on its document's host, 0 where the line or the host is none."""
    keys = np.empty(len(lines.hashes), np.uint64)
    _line_keys(lines.documents, lines.hashes, hosts, keys)
    return keys


def host_keys(hosts: np.ndarray) -> np.ndarray:
    """uint64[n]: the key under which a host's documents are counted, 0 for none."""
    keys = np.empty(len(hosts), np.uint64)
    _host_keys(hosts, keys)
    return keys


def counted(
    lines: Lines, hosts: np.ndarray, is_counted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(keys, documents), uint64[k] ascending and int64[k]: the keys of all documents, and in how many of those
    that count each occurs. A line that a document repeats is counted once.

    hosts: uint64[n]; is_counted: bool[n].
    """
    keys = np.empty(len(lines.hashes) + len(hosts), np.uint64)
    owners = np.empty(len(keys), np.int64)
    size = _distinct_keys(lines.documents, keys_of(lines, hosts), host_keys(hosts), keys, owners)
    return summed(keys[:size], is_counted[owners[:size]].astype(np.int64))


def summed(keys: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(keys, counts): the distinct keys, ascending, and the sum of each one's counts."""
    if not len(keys):
        return keys, counts
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    return ordered[first], np.add.reduceat(counts[order], first)


def recurring(
    lines: Lines,
    hosts: np.ndarray,
    known: tuple[np.ndarray, np.ndarray],
    least_documents: int,
    least_share: float,
) -> Recurring:
    """The lines on at least `least_documents` documents of their host, and on that share of them.

    known: (keys, documents), the keys ascending; those with fewer than `least_documents` may be missing.
    """
    of_host = _looked_up(known, host_keys(hosts))
    total = _looked_up(known, keys_of(lines, hosts))
    least = np.maximum(least_documents, least_share * of_host)[lines.owners()]
    return Recurring(np.where(total >= least, total, 0), of_host)


def _looked_up(known: tuple[np.ndarray, np.ndarray], keys: np.ndarray) -> np.ndarray:
    """int64: the count of each key, 0 for the key 0 and for those that are not known."""
    if not len(known[0]):
        return np.zeros(len(keys), np.int64)
    place = np.minimum(np.searchsorted(known[0], keys), len(known[0]) - 1)
    return np.where((known[0][place] == keys) & (keys != 0), known[1][place], 0)


def without_lines(texts: Texts, numbers: pa.Array) -> pa.Array:
    """Texts (large_string) without some of their lines.

    numbers: list<int32>[n], ascending line numbers from 0; an empty list or null leaves a text as it is, byte
    for byte; a null text becomes "". Blank lines that would then stand at the beginning or end, or would be doubled,
    go with them.
    """
    buffer, offsets = text_buffer(texts)
    lists = numbers.fill_null([]) if numbers.null_count else numbers
    places = lists.offsets.to_numpy().astype(np.int64)
    values = lists.values.to_numpy(zero_copy_only=False)
    out = np.empty(offsets[-1] - offsets[0] if len(offsets) else 0, np.uint8)
    ends = np.zeros(len(offsets), np.int64)
    size = _copy_without(buffer, offsets, places, values, tables().properties, out, ends)
    return pa.LargeStringArray.from_buffers(
        len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(out[:size])
    )


@kernel
def _count_lines(buffer, offsets, documents):
    """documents[i + 1]: the lines of document i, none where it is empty."""
    for i in range(len(offsets) - 1):
        count = 1 if offsets[i + 1] > offsets[i] else 0
        for p in range(offsets[i], offsets[i + 1]):
            count += buffer[p] == 10
        documents[i + 1] = count


@kernel
def _hash_lines(buffer, offsets, documents, properties, least_letters, any_digit, hashes, sizes):
    for i in range(len(offsets) - 1):
        p, end = offsets[i], offsets[i + 1]
        for line in range(documents[i], documents[i + 1]):
            h = _LINE
            letters = 0
            size = 0
            is_gap = False
            while p < end and buffer[p] != 10:
                code, p = decode_call(buffer, p, end)
                prop = properties[code]
                if prop & IS_SPACE:
                    is_gap = True
                    continue
                if is_gap and size:
                    h = mix64(h ^ np.uint64(32))
                    size += 1
                is_gap = False
                if any_digit and prop & IS_DIGIT:
                    code = np.int32(48)
                h = mix64(h ^ np.uint64(code))
                size += 1
                letters += (prop & IS_LETTER) != 0
            p += 1
            hashes[line] = h if letters >= least_letters and letters > 0 else np.uint64(0)
            sizes[line] = size


@kernel
def _line_keys(documents, hashes, hosts, keys):
    for i in range(len(documents) - 1):
        for line in range(documents[i], documents[i + 1]):
            keys[line] = np.uint64(0)
            if hosts[i] != 0 and hashes[line] != 0:
                keys[line] = mix64(hashes[line] ^ mix64(hosts[i]))


@kernel
def _host_keys(hosts, keys):
    for i in range(len(hosts)):
        keys[i] = mix64(hosts[i] ^ _HOST) if hosts[i] != 0 else np.uint64(0)


@kernel
def _distinct_keys(documents, keys, host_keys, out, owners):
    """Fill `out` with the distinct keys of each document that has a host, the host's own first. Returns how many."""
    size = 0
    for i in range(len(documents) - 1):
        if host_keys[i] == 0:
            continue
        out[size], owners[size] = host_keys[i], i
        size += 1
        last = np.uint64(0)
        for key in np.sort(keys[documents[i] : documents[i + 1]]):
            if key != last:
                out[size], owners[size] = key, i
                size += 1
                last = key
    return size


@kernel
def _copy_without(buffer, offsets, places, values, properties, out, ends):
    o = 0
    for i in range(len(offsets) - 1):
        p, end = offsets[i], offsets[i + 1]
        gone, gone_end = places[i], places[i + 1]
        if gone == gone_end:
            for q in range(p, end):
                out[o] = buffer[q]
                o += 1
            ends[i + 1] = o
            continue
        number = 0
        filled_until = o  # the end of the last line that is not blank
        kept = 0
        after_gap, after_blank = False, False
        while True:
            e = p
            while e < end and buffer[e] != 10:
                e += 1
            if gone < gone_end and values[gone] == number:
                gone += 1
                after_gap = True
            else:
                a, b = stripped(buffer, p, e, properties)
                is_blank = a == b
                if not (is_blank and after_gap and (kept == 0 or after_blank)):
                    if kept:
                        out[o] = 10
                        o += 1
                    for q in range(p, e):
                        out[o] = buffer[q]
                        o += 1
                    kept += 1
                    after_gap, after_blank = False, is_blank
                    if not is_blank:
                        filled_until = o
            number += 1
            if e >= end:
                break
            p = e + 1
        if after_gap:
            o = filled_until
        ends[i + 1] = o
    return o
