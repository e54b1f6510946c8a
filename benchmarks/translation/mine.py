"""Bitext mining with planted pairs: recall, precision, and equality with brute force.

    python -m benchmarks.translation.mine [--sentences 50000] [--languages 4] [--numbers 384]

Each of the languages has so many sentences, a tenth of whose meanings all languages share. An embedding is the meaning
with noise and a large part that all sentences have in common, as multilingual models' embeddings are.
"""

import argparse
import time
from itertools import combinations

import numpy as np

from polysieve.translation.mining import K, mine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=12_500)
    parser.add_argument("--languages", type=int, default=4)
    parser.add_argument("--numbers", type=int, default=384)
    arguments = parser.parse_args()
    chooser = np.random.default_rng(1)
    shared = arguments.sentences // 10
    meanings = chooser.normal(size=(shared, arguments.numbers)).astype(np.float32)
    common = chooser.normal(size=arguments.numbers).astype(np.float32) * 2
    places, embedded = [], []
    for _ in range(arguments.languages):
        rows = chooser.normal(size=(arguments.sentences, arguments.numbers)).astype(np.float32)
        place = chooser.permutation(arguments.sentences)[:shared]
        rows[place] = meanings + chooser.normal(size=meanings.shape).astype(np.float32) * 0.9
        rows += common
        places.append(place)
        embedded.append(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    for a, b in combinations(range(arguments.languages), 2):
        started = time.process_time()
        found = mine(embedded[a], embedded[b], threshold=1.03)
        seconds = time.process_time() - started
        planted = set(zip(places[a].tolist(), places[b].tolist(), strict=True))
        pairs = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
        right = sum(pair in planted for pair in pairs)
        worst = differences(embedded[a], embedded[b], pairs[:200], found.score[:200])
        print(
            f"languages {a} and {b}: {len(pairs):,} pairs, recall {right / len(planted):.3f}, precision "
            f"{right / max(1, len(pairs)):.3f}, {seconds:.0f} cpu-s; largest difference from brute force {worst:.1e}",
            flush=True,
        )


def differences(
    first: np.ndarray, second: np.ndarray, pairs: list[tuple[int, int]], scores: np.ndarray
) -> float:
    """The largest difference of scores from those computed over all sentences at once."""
    worst = 0.0
    for (a, b), score in zip(pairs, scores.tolist(), strict=True):
        forward, backward = first[a] @ second.T, second[b] @ first.T
        mean = (np.sort(forward)[-K:].mean() + np.sort(backward)[-K:].mean()) / 2
        worst = max(worst, abs(score - float(forward[b]) / float(mean)))
    return worst


if __name__ == "__main__":
    main()
