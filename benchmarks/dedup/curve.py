"""Planted pairs of known Jaccard similarity: bias of the estimates, and hits of the bands.

python -m benchmarks.dedup.curve [--pairs 3000]

For word signatures, verification bytes and datatrove mode; exits with 1 where a bias exceeds 0.005
or a hit rate is farther than three standard deviations from 1 - (1 - s^8)^14.
"""

import argparse
import sys

import numpy as np

from polysieve.dedup import datatrove
from polysieve.dedup.curve import probability
from polysieve.dedup.edges import agreement
from polysieve.dedup.minhash import MinHashParams, band_keys, low_bytes, signatures

SIMILARITIES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
SIZES = (30, 150, 600)
GRAM = 5


def planted(similarity: float, size: int, pairs: int, seed: int) -> tuple[np.ndarray, float]:
    """Pairs of documents of about `size` 5-grams, which share a run of words: (uint64[2 * pairs,
    words], exact Jaccard similarity of their 5-grams); rows 2 i and 2 i + 1 are a pair."""
    random = np.random.default_rng(seed)
    words = size + GRAM - 1
    shared_grams = round(2 * size * similarity / (1 + similarity))
    shared = shared_grams + GRAM - 1
    a = random.integers(1, 2**64, size=(pairs, words), dtype=np.uint64)
    b = random.integers(1, 2**64, size=(pairs, words), dtype=np.uint64)
    b[:, :shared] = a[:, :shared]
    both = np.stack([a, b], axis=1).reshape(2 * pairs, words)
    return both, shared_grams / (2 * size - shared_grams)


def ours(documents: np.ndarray, params: MinHashParams) -> np.ndarray:
    bounds = np.arange(0, documents.size + 1, documents.shape[1])
    return signatures(documents.ravel(), bounds, params)


def theirs(documents: np.ndarray, params: MinHashParams) -> np.ndarray:
    return datatrove.signatures([[f"{word:x}" for word in row] for row in documents], params)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=3000, help="pairs per similarity and size")
    pairs = parser.parse_args().pairs
    params = MinHashParams(ngram=GRAM)
    failures = 0
    print(
        "signature   grams  Jaccard  bias lanes  bias bytes    rmse  theory     hits  theory     z"
    )
    for name, sign in (("words", ours), ("datatrove", theirs)):
        for size in SIZES:
            for number, similarity in enumerate(SIMILARITIES):
                documents, truth = planted(similarity, size, pairs, 1000 * size + number)
                signed = sign(documents, params)
                estimate = np.mean(signed[::2] == signed[1::2], axis=1)
                rows = np.arange(0, 2 * pairs, 2)
                from_bytes = agreement(low_bytes(signed), rows, rows + 1)
                keys = band_keys(signed, params)
                hits = np.any(keys[::2] == keys[1::2], axis=1).mean()
                odds = float(probability(truth, params.bands, params.rows))
                deviation = np.sqrt(max(odds * (1 - odds), 1e-12) / pairs)
                z = (hits - odds) / deviation
                biases = estimate.mean() - truth, from_bytes.mean() - truth
                # One pair more or less is no deviation where hardly any pair is expected.
                bad = max(map(abs, biases)) > 0.005 or abs(hits - odds) > 3 * deviation + 1 / pairs
                failures += bad
                print(
                    f"{name:10} {size:6}   {truth:.4f}     {biases[0]:+.4f}     {biases[1]:+.4f}"
                    f"  {estimate.std():.4f}  {np.sqrt(truth * (1 - truth) / params.lanes):.4f}"
                    f"   {hits:.4f}  {odds:.4f}  {z:+.2f}{'  FAILED' if bad else ''}"
                )
    print(f"{failures} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
