"""Documents that another document contains: a first half, an article on a page that collects several.

Containment of A in B is the share of A's shingles that are B's, too (Broder 1997). The Jaccard similarity of a half and
its whole is a half, so bands miss it. It is found by a sample: the shingles whose hashes are among the lowest
1 / scale of all hashes. Whether a shingle is in the sample depends on the shingle alone, so what is sampled of A is
sampled of B wherever B has it (Broder 1997; FracMinHash, Irber et al. 2022). A document's lowest sampled hashes are its
anchors: a document that contains it has most of them. Candidates that share anchors are then compared by all shingles,
so the sample decides what is found, never what is true.
"""

import numpy as np

from polysieve.compiling import kernel
from polysieve.dedup.mixing import mix64

ANCHORS = 8
MOST = 64  # containers of an anchor that are looked at, the largest first


def sampled(
    shingles: np.ndarray, offsets: np.ndarray, salts: np.ndarray, scale: int = 8
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sample of n documents.

    shingles, offsets: uint64[m], int64[n + 1], as dedup.minhash.shingle_sets gives them; salts: uint64[n], different
    where documents are not to be compared; scale: one of so many shingles is sampled. Of a document of n shingles none
    is with a probability of (1 - 1 / scale)^n, and then nothing is found to contain it.

    Returns:
        (keys, owners, anchors), uint64[k] by document and ascending within it, int64[k], bool[k]. Two documents
        have the same key where they have the same shingle and salt.
    """
    owners = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    keys = np.empty(len(shingles), np.uint64)
    _keys(shingles, keys)
    chosen = np.flatnonzero(keys < np.uint64((1 << 64) // scale))
    keys, owners = keys[chosen], owners[chosen]
    order = np.lexsort((keys, owners))
    keys, owners = keys[order], owners[order]
    first = np.searchsorted(owners, np.arange(len(offsets) - 1))
    anchors = np.arange(len(keys)) - first[owners] < ANCHORS
    salted = np.empty(len(keys), np.uint64)
    _keys(keys ^ salts[owners], salted)
    return salted, owners, anchors


def candidates(
    keys: np.ndarray, documents: np.ndarray, sizes: np.ndarray, anchors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(inner, outer), int64[c] each: for each anchor the larger documents that have its key, at most MOST.

    keys: uint64[k]; documents: int64[k], numbers that order documents; sizes: int64[k], their shingles; anchors:
    bool[k]. Of two documents of one size the one with the smaller number counts as the larger.
    """
    order = np.lexsort((documents, -sizes, keys))
    ordered = keys[order], documents[order], anchors[order]
    nothing = np.empty(0, np.int64)
    count = _candidates(*ordered, nothing, nothing)
    inner, outer = np.empty(count, np.int64), np.empty(count, np.int64)
    _candidates(*ordered, inner, outer)
    return inner, outer


def enough_anchors(anchors: np.ndarray) -> np.ndarray:
    """int64[n]: how many of its anchors a document's container must have, of so many: half of them.

    At a containment of 0.9 one of three or more is lost with a probability of less than 0.4 %.
    """
    return np.maximum(anchors // 2, 1)


def shares(
    inner: tuple[np.ndarray, np.ndarray], outer: tuple[np.ndarray, np.ndarray], rows: np.ndarray
) -> np.ndarray:
    """float64[c]: the share of the shingles of each inner document that are in outer document rows[c], too.

    inner, outer: (shingles, offsets), each document's ascending; inner documents have shingles.
    """
    found = np.empty(len(rows), np.float64)
    _shares(*inner, *outer, rows, found)
    return found


@kernel
def _keys(shingles, out):
    for i in range(len(shingles)):
        out[i] = mix64(shingles[i] + np.uint64(0x9E3779B97F4A7C15))


@kernel
def _candidates(keys, documents, anchors, inner, outer):
    """Fills in the pairs and returns their number; into arrays of no length it fills nothing."""
    count = 0
    start = 0
    for p in range(len(keys)):
        if keys[p] != keys[start]:
            start = p
        if anchors[p]:
            before = min(p - start, MOST)
            for k in range(before if len(inner) else 0):
                inner[count + k], outer[count + k] = documents[p], documents[start + k]
            count += before
    return count


@kernel
def _shares(inner, inner_offsets, outer, outer_offsets, rows, found):
    for c in range(len(rows)):
        i, end = inner_offsets[c], inner_offsets[c + 1]
        k, last = outer_offsets[rows[c]], outer_offsets[rows[c] + 1]
        size = end - i
        both = 0
        while i < end and k < last:
            if inner[i] == outer[k]:
                both += 1
                i += 1
                k += 1
            elif inner[i] < outer[k]:
                i += 1
            else:
                k += 1
        found[c] = both / size
