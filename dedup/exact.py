"""A 128-bit content hash: documents with equal hashes are exact duplicates.

What is hashed is the document's sequence of folded words: case, canonical equivalence and width are
folded, punctuation and layout do not count, and nothing else of a script is touched (vowel signs,
viramas, tone marks, dakuten and jamo are part of the word).

Word boundaries count: "no where" is not "nowhere". Equal hashes therefore mean equal word
sequences, so exact duplicates are always near duplicates of Jaccard 1, too. Where a script writes
no spaces, the boundaries are those of the segmentation, a function of the text alone: equal texts
stay equal. Texts that differ only in where they put spaces are left to the near-duplicate search,
the error on the safe side: a document is never lost because a boundary was ignored.
"""

import numpy as np

from polysieve.compiling import kernel, leaf
from polysieve.dedup.mixing import mix64

_WORDS_1 = np.uint64(0x8BB84B93962EACC9)
_WORDS_2 = np.uint64(0x2D358DCCAA6C78A5)
_BYTES_1 = np.uint64(0x4B33A62ED433D4A3)
_BYTES_2 = np.uint64(0x4D5A2DA51DE1AA47)
_K1 = np.uint64(0x9FB21C651E98DF25)
_K2 = np.uint64(0xD6E8FEB86659FD93)
_ONE = np.uint64(1)
_ZERO = np.uint64(0)
_EIGHT = np.uint64(8)
_S29 = np.uint64(29)
_S32 = np.uint64(32)


@leaf(inline="always")
def _step(h1, h2, value):
    # Two chains that see the value through different bijections, so that a pair of inputs which
    # collides in one is no likelier to collide in the other.
    h1 = mix64((h1 ^ value) * _K1)
    h2 = h2 ^ ((value >> _S32) | (value << _S32))
    h2 = (h2 ^ (h2 >> _S29)) * _K2
    h2 = mix64(h2 + _K1)
    return h1, h2


@kernel
def content_hashes(folded, documents, buffer, text_offsets):
    """The content hash of every document.

    Args:
        folded: uint64[m], hash of each token's folded form, 0 for a token that is no word.
        documents: int64[n + 1]; document i has the tokens `documents[i]:documents[i + 1]`.
        buffer: uint8[...], the UTF-8 bytes of the texts.
        text_offsets: int64[n + 1]; document i is `buffer[text_offsets[i]:text_offsets[i + 1]]`.

    Returns:
        uint64[n, 2]. The lowest bit of the first column is 0 where words were hashed and 1 where a
        document has none (symbols, emoji): then its bytes between leading and trailing ASCII white
        space were. The two kinds cannot collide.
    """
    count = documents.shape[0] - 1
    out = np.empty((count, 2), dtype=np.uint64)
    for i in range(count):
        h1 = _WORDS_1
        h2 = _WORDS_2
        length = _ZERO
        for t in range(documents[i], documents[i + 1]):
            word = folded[t]
            if word != _ZERO:
                h1, h2 = _step(h1, h2, word)
                length += _ONE
        mark = _ZERO
        if length == _ZERO:
            mark = _ONE
            start = text_offsets[i]
            end = text_offsets[i + 1]
            while start < end and (buffer[start] == 32 or 9 <= buffer[start] <= 13):
                start += 1
            while end > start and (buffer[end - 1] == 32 or 9 <= buffer[end - 1] <= 13):
                end -= 1
            h1 = _BYTES_1
            h2 = _BYTES_2
            value = _ZERO
            filled = 0
            for p in range(start, end):
                value = (value << _EIGHT) | np.uint64(buffer[p])
                filled += 1
                if filled == 8:
                    h1, h2 = _step(h1, h2, value)
                    value = _ZERO
                    filled = 0
            h1, h2 = _step(h1, h2, value)
            length = np.uint64(end - start)
        h1, h2 = _step(h1, h2, length)
        out[i, 0] = (h1 & ~_ONE) | mark
        out[i, 1] = h2
    return out
