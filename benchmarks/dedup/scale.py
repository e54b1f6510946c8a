"""Time and memory of edges and components from 1 to 20 million made documents.

python -m benchmarks.dedup.scale [--millions 1 2 5 10 20] [--verify]

A quarter of the documents are in clusters, 2 % of all in one; 14 bands; a member has its cluster's key
in a band with a probability of 0.6. Keys are made band by band, as partitions would be read. Memory
counts what is added beside the keys (and bytes to verify by) themselves.
"""

import argparse

import numpy as np

from benchmarks.dedup.common import isolated, measured
from dedup.components import UnionFind
from dedup.edges import band_edges, verified_band_edges

BANDS = 14
LANES = 112
_ODD = np.uint64(0x9E3779B97F4A7C15)


def clusters_of(count: int) -> np.ndarray:
    """int32[count]: the cluster of each document, named by one of its members."""
    random = np.random.default_rng(11)
    cluster = np.arange(count, dtype=np.int32)
    kind = random.random(count, dtype=np.float32)
    copies = np.flatnonzero(kind < 0.23)
    cluster[copies] = random.integers(0, count, size=len(copies), dtype=np.int32)
    cluster[(kind >= 0.23) & (kind < 0.25)] = 0
    return cluster


def keys_of(cluster: np.ndarray, band: int) -> np.ndarray:
    """uint64[count]: made keys of one band."""
    random = np.random.default_rng(100 + band)
    alone = random.random(len(cluster), dtype=np.float32) >= 0.6
    name = cluster.astype(np.uint64) << np.uint64(1)
    name[alone] = (np.flatnonzero(alone).astype(np.uint64) << np.uint64(1)) | np.uint64(1)
    name ^= np.uint64(band + 1) << np.uint64(40)
    name *= _ODD
    name ^= name >> np.uint64(29)
    name *= _ODD
    return name ^ (name >> np.uint64(32))


def bytes_of(cluster: np.ndarray) -> np.ndarray:
    """uint8[count, LANES]: members of a cluster agree in nine lanes of ten."""
    low = np.empty((len(cluster), LANES), dtype=np.uint8)
    lanes = np.arange(LANES, dtype=np.uint64) << np.uint64(33)
    random = np.random.default_rng(12)
    for start in range(0, len(cluster), 100_000):
        part = cluster[start : start + 100_000].astype(np.uint64)
        value = (part[:, None] + lanes) * _ODD
        made = (value >> np.uint64(56)).astype(np.uint8)
        noise = random.integers(0, 256, size=made.shape, dtype=np.uint8)
        changed = random.integers(0, 10, size=made.shape, dtype=np.uint8) == 0
        low[start : start + len(part)] = np.where(changed, noise, made)
    return low


def run(count: int, verify: bool) -> None:
    small = np.arange(9, dtype=np.uint64)
    verified_band_edges(small, np.zeros((9, LANES), dtype=np.uint8))
    warm = UnionFind(9)
    warm.union_edges(*band_edges(small))
    warm.union_edges(np.array([0]), np.array([1]))
    warm.roots()
    del warm
    cluster = clusters_of(count)
    low = bytes_of(cluster) if verify else None
    created = measured(UnionFind, count)
    sets = created.value
    edge_seconds = union_seconds = 0.0
    edge_memory = union_memory = 0.0
    edges = 0
    for band in range(BANDS):
        keys = keys_of(cluster, band)
        found = (
            measured(band_edges, keys) if low is None else measured(verified_band_edges, keys, low)
        )
        del keys
        joined = measured(sets.union_edges, *found.value)
        edges += len(found.value[0])
        edge_seconds += found.cpu
        union_seconds += joined.cpu
        edge_memory = max(edge_memory, found.memory)
        union_memory = max(union_memory, joined.memory)
        del found
    roots = measured(sets.roots)
    union_seconds += created.cpu + roots.cpu
    union_memory = created.memory + max(union_memory, roots.memory)
    clusters = int(np.count_nonzero(roots.value == np.arange(count, dtype=roots.value.dtype)))
    largest = int(np.bincount(roots.value, minlength=count).max())
    each = 2**20 / count
    print(
        f"{count / 1e6:5.0f} M {edge_seconds:8.2f} {edge_seconds / count / BANDS * 1e9:10.1f}"
        f" {edge_memory * each:11.1f} {union_seconds:9.2f} {union_seconds / edges * 1e9:9.1f}"
        f" {union_memory * each:10.1f}   {clusters:12,} {largest:10,}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--millions", type=int, nargs="+", default=[1, 2, 5, 10, 20])
    parser.add_argument("--verify", action="store_true", help="verify edges (112 bytes a document)")
    options = parser.parse_args()
    print(
        "          edges   ns a key   bytes a    components   ns an   bytes a       clusters    largest"
    )
    print("          CPU s              document        CPU s    edge   document")
    for millions in options.millions:
        isolated(run, millions * 1_000_000, options.verify)


if __name__ == "__main__":
    main()
