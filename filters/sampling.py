"""A seeded order of documents that follows from each id alone, whatever the files, their order and the workers."""

import hashlib
from collections.abc import Iterable
from typing import Literal

import numpy as np
import xxhash

Hash = Literal["sha256", "xxh64", "xxh3"]


def ranks(ids: Iterable[str | bytes | None], seed: int | str, by: Hash = "sha256") -> np.ndarray:
    """uint64[n]: a hash of each id and the seed; a sample is of those with the least, or below a share of 2**64.

    Which documents a sample holds is part of what is published, so each place keeps its hash. `sha256` takes the
    first eight bytes over seed, NUL and id (`None` for none); the others take a whole number as seed.
    """
    if by == "sha256":
        start = f"{seed}\0".encode()
        hashed = (start + (id if isinstance(id, bytes) else str(id).encode()) for id in ids)
        digests = b"".join(hashlib.sha256(one).digest()[:8] for one in hashed)
        return np.frombuffer(digests, ">u8").astype(np.uint64)
    digest = xxhash.xxh64_intdigest if by == "xxh64" else xxhash.xxh3_64_intdigest
    known = (id if isinstance(id, bytes) else (id or "").encode() for id in ids)
    return np.array([digest(id, int(seed) & (2**64 - 1)) for id in known], np.uint64)


def least(ranks: np.ndarray, most: int) -> np.ndarray:
    """int64: rows of the `most` least ranks (uint64[n]), the least first, the first row of equals."""
    return np.argsort(ranks, kind="stable")[:most]
