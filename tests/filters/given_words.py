"""Words that another tokeniser cut, so that the same words can be given to ours and to another's functions."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from polysieve.filters.characters import tables
from polysieve.filters.hashing import describe
from polysieve.filters.words import Words, text_buffer


def from_tokens(
    texts: Sequence[str], tokens: Sequence[Sequence[str]], labels: pa.Array | None = None
) -> Words:
    """`tokens` holds the words of each text. Each is looked for in its text after the one before it; one that does
    not occur has start and end -1."""
    buffer, text_offsets = text_buffer(texts)
    encoded = [[token.encode() for token in document] for document in tokens]
    flat = [token for document in encoded for token in document]
    offsets = np.r_[0, np.cumsum([len(token) for token in flat], dtype=np.int64)]
    m = len(flat)
    lengths, flags = np.empty(m, np.int32), np.zeros(m, np.uint8)
    hashes, folded = np.empty(m, np.uint64), np.empty(m, np.uint64)
    joined = np.frombuffer(b"".join(flat), np.uint8)
    describe(joined, offsets[:-1], offsets[1:], lengths, hashes, folded, flags, tables())
    starts, ends = np.full(m, -1, np.int64), np.full(m, -1, np.int64)
    k = 0
    for i, document in enumerate(encoded):
        base, place = int(text_offsets[i]), 0
        text = buffer[base : text_offsets[i + 1]].tobytes()
        for token in document:
            found = text.find(token, place)
            if found >= 0:
                place = found + len(token)
                starts[k], ends[k] = base + found, base + place
            k += 1
    documents = np.r_[0, np.cumsum([len(document) for document in encoded], dtype=np.int64)]
    return Words(
        buffer, text_offsets, text_offsets[1:], documents, starts, ends, lengths, hashes, folded, flags, labels
    )  # fmt: skip
