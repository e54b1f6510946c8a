"""How varied a document's words are: the type-token ratio, and MTLD, which does not fall with length.

MTLD (McCarthy and Jarvis 2010, MTLD, vocd-D, and HD-D): the words are read in order and a factor ends each time the
share of distinct words among those since the last factor falls below 0.72; the words left over count as the part of
a factor that their share has come down. MTLD is words over factors, the mean of reading forwards and backwards.
"""

import numpy as np

from polysieve.compiling import kernel, leaf
from polysieve.filters.hashing import clear, table_size

FEWEST_WORDS = 50  # of a text that MTLD is defined for
THRESHOLD = 0.72
_PERCENT = 72

# Columns of the counts that `measure_variety` returns.
SPELLED_WORDS, DISTINCT_WORDS = range(2)
COUNTS = 2


@leaf
def _number(folded, numbers, keys, numbers_of):
    """Number the distinct words of a document in order of appearance.

    numbers int32: filled with each word's number, tokens that are no word left out. keys uint64, of zeros, and
    numbers_of int32: an open-addressing table. Returns (words, distinct words).
    """
    mask = np.uint64(len(keys) - 1)
    words, distinct = 0, 0
    for t in range(len(folded)):
        key = folded[t]
        if key == 0:
            continue
        slot = key & mask
        while keys[slot] != 0 and keys[slot] != key:
            slot = (slot + np.uint64(1)) & mask
        # No branch: whether a word is new cannot be predicted.
        is_new = keys[slot] == 0
        keys[slot] = key
        number = distinct if is_new else numbers_of[slot]
        numbers_of[slot] = number
        numbers[words] = number
        words += 1
        distinct += is_new
    return words, distinct


@leaf
def _factors(numbers, words, first, step, factor_of):
    """MTLD's factors of `words` words, read from place `first` by `step`. factor_of: scratch by number."""
    factors, factor, types, tokens = 0.0, np.int32(1), 0, 0
    i = first
    for _ in range(words):
        number = numbers[i]
        i += step
        types += factor_of[number] != factor
        factor_of[number] = factor
        tokens += 1
        if types * 100 < tokens * _PERCENT:
            factors += 1
            factor += np.int32(1)
            types, tokens = 0, 0
    if tokens:
        factors += (1 - types / tokens) / (1 - THRESHOLD)
    return factors


@kernel
def measure_variety(documents, folded, counts, mtld):
    """Fill `counts`, int64[n, COUNTS], and `mtld`, float64[n], from the folded words of n documents.

    MTLD is NaN under FEWEST_WORDS words and where no word occurs twice.
    """
    most = 0
    for d in range(len(documents) - 1):
        most = max(most, documents[d + 1] - documents[d])
    keys = np.empty(table_size(most), np.uint64)
    numbers_of = np.empty(len(keys), np.int32)
    numbers, factor_of = np.empty(most, np.int32), np.empty(most, np.int32)
    for d in range(len(documents) - 1):
        begin, end = documents[d], documents[d + 1]
        size = table_size(end - begin)
        clear(keys, size)
        words, distinct = _number(folded[begin:end], numbers, keys[:size], numbers_of)
        counts[d, SPELLED_WORDS], counts[d, DISTINCT_WORDS] = words, distinct
        mtld[d] = np.nan
        if words >= FEWEST_WORDS and distinct < words:
            clear(factor_of, distinct)
            forwards = _factors(numbers, words, 0, 1, factor_of)
            clear(factor_of, distinct)
            backwards = _factors(numbers, words, words - 1, -1, factor_of)
            mtld[d] = (words / forwards + words / backwards) / 2
