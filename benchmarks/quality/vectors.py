"""Vectors of texts, kept on disk between runs of a benchmark: encoding is what takes long."""

import time
from pathlib import Path

import numpy as np
import xxhash

from polysieve.filters.quality import encoders

SAVED = 50  # texts between two savings


def encode(texts: list[str], cache: Path, encoder: str, window: int) -> np.ndarray:
    """float32[n, dim]; texts that `cache`, a .npz file, does not hold are encoded and added."""
    known: dict[str, np.ndarray] = {}
    if cache.exists():
        with np.load(cache) as stored:
            known = dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
    keys = [f"{encoder}-{window}-{xxhash.xxh64_hexdigest(text.encode())}" for text in texts]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    todo = list(missing.items())
    started = time.monotonic()
    for start in range(0, len(todo), SAVED):
        part = todo[start : start + SAVED]
        vectors = encoders.load(encoder).encode([text for _, text in part], window)
        known |= {key: vector for (key, _), vector in zip(part, vectors, strict=True)}
        np.savez(cache, keys=np.array(list(known)), vectors=np.array(list(known.values())))
        rate = (start + len(part)) / (time.monotonic() - started)
        print(
            f"\r{start + len(part)} of {len(todo)} texts encoded, {rate:.1f} a second",
            end="",
            flush=True,
        )
    if todo:
        print()
    return np.array([known[key] for key in keys])
