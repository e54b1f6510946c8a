"""The steps clusters and decisions as they run, from 1 to 20 million made documents of one label: time, memory and
bytes on disk of every phase.

python -m benchmarks.dedup.scale SCRATCH [--millions 1 2 5 10 20] [--no-verify] [--task-memory 1GiB]

A quarter of the documents are in clusters, 2 % of all in one; 14 bands; a member has its cluster's key in a band with
a probability of 0.6. Band keys and bytes to verify by are made, in segments of 50,000 rows, and written as the step
measure writes them; from there on everything is the pipeline's own: tasks, files, partitions. The phases run
one task at a time in a process of their own. Memory is the most that the phase's process added to what it
held before; `components` are the arrays of the union-find alone, measured in memory.
"""

import argparse
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.dedup.common import isolated, made_plan, measured, on_disk, phase, write_index
from polysieve.dedup.components import UnionFind
from polysieve.filters import rules
from polysieve.pipeline.recipe.clustering import Dedup, MinHash
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.cluster import step as cluster
from polysieve.pipeline.steps.decide.step import DECISIONS
from polysieve.pipeline.steps.fit import step as fit
from polysieve.pipeline.steps.step import Plan
from polysieve.pipeline.storage.schema import bands_schema

BANDS = 14
LANES = 112
SEGMENT = 50_000
LABEL = "rus_Cyrl"
RULES = ("gopher_dup_line_frac", "fineweb_char_dup", "gopher_below_alpha")
STEPS = (cluster.STEP, fit.STEP, DECISIONS)
_ODD = np.uint64(0x9E3779B97F4A7C15)


def clusters_of(count: int) -> np.ndarray:
    """int64[count]: the cluster of each document, named by one of its members."""
    random = np.random.default_rng(11)
    cluster = np.arange(count)
    kind = random.random(count, dtype=np.float32)
    copies = np.flatnonzero(kind < 0.23)
    cluster[copies] = random.integers(0, count, size=len(copies))
    cluster[(kind >= 0.23) & (kind < 0.25)] = 0
    return cluster


def keys_of(cluster: np.ndarray, rows: np.ndarray, band: int) -> np.ndarray:
    """uint64[n]: made keys of one band of some rows."""
    random = np.random.default_rng([100 + band, int(rows[0])])
    alone = random.random(len(rows), dtype=np.float32) >= 0.6
    name = cluster.astype(np.uint64) << np.uint64(1)
    name[alone] = (rows[alone].astype(np.uint64) << np.uint64(1)) | np.uint64(1)
    name ^= np.uint64(band + 1) << np.uint64(40)
    name *= _ODD
    name ^= name >> np.uint64(29)
    name *= _ODD
    return name ^ (name >> np.uint64(32))


def bytes_of(cluster: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """uint8[n, LANES]: members of a cluster agree in nine lanes of ten with its first."""
    lanes = np.arange(LANES, dtype=np.uint64) << np.uint64(33)
    random = np.random.default_rng([12, int(rows[0])])
    value = (cluster.astype(np.uint64)[:, None] + lanes) * _ODD
    made = ((value ^ (value >> np.uint64(29))) >> np.uint64(20)).astype(np.uint8)
    changed = random.integers(0, 10, size=made.shape, dtype=np.uint8) == 0
    return np.where(changed, random.integers(0, 256, made.shape, dtype=np.uint8), made)


def make(scratch: Path, count: int) -> None:
    """Write what the steps measure and index would have left."""
    context = made_plan(scratch / "out", Recipe(), ("measure", "index")).context
    store, folder = context.store, context.measure
    whole = clusters_of(count)
    entries = []
    for number, first in enumerate(range(0, count, SEGMENT)):
        rows = np.arange(first, min(first + SEGMENT, count))
        cluster = whole[rows]
        n = len(rows)
        ids = pa.array([f"<urn:uuid:{row * 7919:032x}>" for row in rows.tolist()])
        documents = pa.table(
            {
                "label": pa.repeat(pa.scalar(LABEL), n),
                "id": ids,
                "date": pa.repeat(pa.scalar("2024-10-01T00:00:00Z"), n),
                "offset": rows,
                "language_score": np.full(n, 0.95),
                "prefilter_reason": pa.nulls(n, pa.string()),
                "dump": pa.repeat(pa.scalar("CC-MAIN-2024-42"), n),
                "text_bytes": np.full(n, 3000),
            }
        )
        content = rows.astype(np.uint64) * _ODD
        low = bytes_of(cluster, rows)
        signature = pa.Array.from_buffers(pa.binary(LANES), n, [None, pa.py_buffer(low)])
        bands = pa.table(
            [content, content ^ _ODD, np.ones(n, bool)]
            + [keys_of(cluster, rows, band) for band in range(BANDS)]
            + [signature],
            schema=bands_schema(BANDS, LANES),
        )
        name = f"seg-{number:04d}"
        groups = [min(10_000, n - start) for start in range(0, n, 10_000)]
        store.write_table(folder.file(f"documents/{name}.parquet"), documents, groups)
        store.write_table(folder.file(f"bands/{name}.parquet"), bands, groups)
        random = np.random.default_rng([13, number])
        shares = {rules.RULES[rule].metric: random.random(n) for rule in RULES}
        signals = pa.table({"word_count": random.integers(30, 900, n, np.int32), **shares})
        store.write_table(folder.file(f"signals/{name}.parquet"), signals, groups)
        entries.append((LABEL, number, name, "s3://made/segment.warc.gz", 0, n, 3000 * n, ""))
    write_index(context, entries)


def plan_of(scratch: Path, verify: bool, memory: str) -> Plan:
    recipe = Recipe(
        dedup=Dedup.model_validate(
            {"minhash": MinHash(verify=0.55 if verify else None), "task_memory": memory}
        ),
        rules=dict.fromkeys(RULES),
    )
    steps = ("measure", "index", *(step.name for step in STEPS))
    return made_plan(scratch / "out", recipe, steps)


def run_phase(
    scratch: Path, verify: bool, memory: str, number: int
) -> tuple[str, int, list[float]] | None:
    """Run the tasks of one phase here; (name, tasks, [CPU seconds, wall seconds, MiB added at most])."""
    found = phase(plan_of(scratch, verify, memory), STEPS, number)
    if found is None:
        return None
    name, tasks, got = found
    return name, tasks, [got.cpu, got.wall, got.memory]


def union(scratch: Path, count: int) -> tuple[int, list[float]]:
    """The union-find over all edges of the bands: edges, [CPU seconds, MiB]."""
    warm = UnionFind(9)
    warm.union_edges(np.array([0]), np.array([1]))
    warm.roots()
    files = sorted((scratch / "out").glob("clusters-*/*-band-*/edges.parquet"))
    edges = sum(pq.ParquetFile(file).metadata.num_rows for file in files)
    cpu = memory = 0.0
    created = measured(UnionFind, count)
    for file in files:
        table = pq.read_table(file)
        got = measured(created.value.union_edges, table["a"].to_numpy(), table["b"].to_numpy())
        cpu += got.cpu
        memory = max(memory, got.memory)
        del table
    roots = measured(created.value.roots)
    return edges, [cpu + roots.cpu, created.memory + max(memory, roots.memory)]


def disk(scratch: Path) -> dict[str, float]:
    """Bytes of what the step clusters reads and leaves."""
    found: dict[str, float] = defaultdict(float)
    for file in (scratch / "out").glob("measure-*/bands/*.parquet"):
        metadata = pq.ParquetFile(file).metadata
        for group in range(metadata.num_row_groups):
            for place in range(metadata.num_columns):
                column = metadata.row_group(group).column(place)
                name = column.path_in_schema.partition("_")[0]
                found[name] += column.total_compressed_size
    pieces = list((scratch / "out").glob("clusters-*/*/"))
    found["edges"] = on_disk(*[p for p in pieces if p.name != "done"])
    for file in (scratch / "out").glob("clusters-*/unit-*.parquet"):
        metadata = pq.ParquetFile(file).metadata
        for group in range(metadata.num_row_groups):
            for place in range(metadata.num_columns):
                column = metadata.row_group(group).column(place)
                if column.path_in_schema in ("cluster_id", "content_id", "cluster_size", "kept"):
                    found["components"] += column.total_compressed_size
    return found


def run(scratch: Path, count: int, verify: bool, memory: str) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    isolated(make, scratch, count)
    print(f"\n{count / 1e6:g} million documents", flush=True)
    number, total = 0, 0.0
    while found := isolated(run_phase, scratch, verify, memory, number):
        name, tasks, (cpu, wall, added) = found
        total += cpu
        print(
            f"  {name:10} {tasks:5} tasks {cpu:8.2f} CPU s {wall:8.2f} s {cpu / count * 1e9:8.1f} ns a document "
            f"{added:8.0f} MiB {added * 2**20 / count:7.1f} bytes a document",
            flush=True,
        )
        number += 1
    edges, (cpu, added) = isolated(union, scratch, count)
    print(
        f"  components {edges:,} edges, {cpu:.2f} CPU s, {added * 2**20 / count:.1f} bytes a document"
    )
    table = pq.read_table(scratch / "out" / "clusters-0000000000000000" / "unit-00000.parquet")
    sizes = np.bincount(table["cluster_id"].to_numpy())
    held = disk(scratch)
    each = {name: held[name] / count for name in ("band", "edges", "components", "signature")}
    print(
        f"  all {total:.1f} CPU s; {np.count_nonzero(sizes):,} clusters, the largest of {sizes.max():,}; "
        f"bytes a document on disk: band keys {each['band']:.0f}, edges {each['edges']:.0f}, components "
        f"{each['components']:.0f}, to verify by {each['signature']:.0f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 2, 5, 10, 20])
    parser.add_argument("--no-verify", action="store_true")
    parser.add_argument("--task-memory", default="1GiB")
    options = parser.parse_args()
    for millions in options.millions:
        count = int(millions * 1_000_000)
        run(options.scratch / "dedup-scale", count, not options.no_verify, options.task_memory)
    shutil.rmtree(options.scratch / "dedup-scale", ignore_errors=True)


if __name__ == "__main__":
    main()
