"""The nearest documents of seeds beside scikit-learn's brute force: the same vectors, one thread, one run.

    python -m benchmarks.quality.nearest [--documents 200000] [--dim 384] [--seeds 1000] [--k 100]

Random unit vectors in float16, as a run stores them, half of them about a seed. Ours reads them in windows of 1,000, as
a run does; scikit-learn is given them whole, in float64. Prints CPU seconds and the memory that each adds, each in a
process of its own. scikit-learn divides by lengths, which float16 leaves a little off 1, so a few neighbours differ:
exit code 1 where more than one in a thousand do.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

WINDOW = 1_000


def made(documents: int, dim: int, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    """(float16[documents, dim], float16[seeds, dim]) of unit length; half of the documents are near a seed."""
    rng = np.random.default_rng(0)

    def unit(vectors: np.ndarray) -> np.ndarray:
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)

    own = unit(rng.normal(size=(seeds, dim)))
    found = np.empty((documents, dim), np.float16)
    for start in range(0, documents, 10_000):
        n = min(10_000, documents - start)
        about = own[rng.integers(0, seeds, n)] * (np.arange(n) % 2)[:, None]
        found[start : start + n] = unit(about + rng.normal(size=(n, dim)) / dim**0.5)
    return found, own


def ours(vectors: np.ndarray, seeds: np.ndarray, k: int) -> np.ndarray:
    from polysieve.filters.quality.nearest import Nearest

    search = Nearest(seeds, k)
    for start in range(0, len(vectors), WINDOW):
        part = vectors[start : start + WINDOW]
        search.add(part, np.arange(start, start + len(part)))
    return np.array([np.sort(search.neighbours(seed)[0]) for seed in range(len(seeds))])


def sklearn(vectors: np.ndarray, seeds: np.ndarray, k: int) -> np.ndarray:
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=k, algorithm="brute", metric="cosine")
    search.fit(vectors.astype(np.float64))
    return np.sort(search.kneighbors(seeds.astype(np.float64), return_distance=False), axis=1)


def measured(way: str, given: argparse.Namespace) -> None:
    """Print CPU seconds, memory and neighbours of one way."""
    vectors, seeds = made(given.documents, given.dim, given.seeds)
    Path("/proc/self/clear_refs").write_text("5")  # the peak is the present size
    before = _peak()
    started = time.process_time()
    found = (ours if way == "ours" else sklearn)(vectors, seeds, given.k)
    seconds = time.process_time() - started
    added = _peak() - before
    print(json.dumps({"seconds": seconds, "mib": added / 1024, "rows": found.tolist()}))


def _peak() -> int:
    """Of this process, in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--seeds", type=int, default=1_000)
    parser.add_argument("--k", type=int, default=100)
    parser.add_argument("--way", choices=("ours", "sklearn"))
    given = parser.parse_args()
    if given.way:
        measured(given.way, given)
        return 0
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    found = {}
    for way in ("ours", "sklearn"):
        command = [sys.executable, "-m", "benchmarks.quality.nearest", "--way", way]
        for name in ("documents", "dim", "seeds", "k"):
            command += [f"--{name}", str(getattr(given, name))]
        done = subprocess.run(
            command, env={**os.environ, **threads}, check=True, capture_output=True
        )
        found[way] = json.loads(done.stdout)
        print(f"{way}: {found[way]['seconds']:.1f} CPU s, {found[way]['mib']:.0f} MiB more")
    print(f"ratio {found['sklearn']['seconds'] / found['ours']['seconds']:.2f}")
    pairs = zip(found["ours"]["rows"], found["sklearn"]["rows"], strict=True)
    differ = sum(len(set(a) ^ set(b)) // 2 for a, b in pairs)
    print(f"{differ} of {given.seeds * given.k:,} neighbours differ")
    return int(differ * 1_000 > given.seeds * given.k)


if __name__ == "__main__":
    sys.exit(main())
