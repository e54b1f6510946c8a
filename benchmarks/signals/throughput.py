"""Megabytes of text per second and core that segmentation and signals take in, by script.

    python -m benchmarks.signals.throughput GOLD_TEXT.jsonl.xz [--floor 30]

Reads documents with `text` and `lang` (or `label`) from JSONL (plain, .gz, .xz) or Parquet. Times are CPU time of
one thread, the best of five, in batches of about 4 MB as the pipeline makes them. With `--floor`, exit code 1 where
all scripts together stay below it.
"""

import argparse
import gzip
import json
import lzma
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from polysieve.filters import signals, words

BATCH = 4 * 2**20
LEAST = 250_000  # bytes of a script, for a figure that means something


def read(path: Path) -> Iterator[tuple[str, str]]:
    """(label, text) of each document."""
    if path.suffix == ".parquet":
        for row in pq.read_table(path).to_pylist():
            yield row.get("lang") or row.get("label") or "", row["text"]
        return
    opener: Any = {".xz": lzma.open, ".gz": gzip.open}.get(path.suffix, open)
    with opener(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield row.get("lang") or row.get("label") or "", row["text"]


def batches(documents: list[tuple[str, str]]) -> list[tuple[pa.Array, pa.Array]]:
    """Arrow columns (texts, labels) of about BATCH bytes each."""
    found, start, size = [], 0, 0
    for i, (_, text) in enumerate(documents):
        size += len(text.encode())
        if size >= BATCH or i == len(documents) - 1:
            part = documents[start : i + 1]
            found.append((pa.array([t for _, t in part]), pa.array([label for label, _ in part])))
            start, size = i + 1, 0
    return found


def seconds(work: Callable[[], object]) -> float:
    """CPU time of the fastest of five runs."""
    best = np.inf
    for _ in range(5):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return float(best)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("documents", type=Path)
    parser.add_argument("--floor", type=float, help="least MB/s for all scripts together")
    given = parser.parse_args()
    scripts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for label, text in read(given.documents):
        scripts[label.partition("_")[2] or "?"].append((label, text))
    sizes = {s: sum(len(t.encode()) for _, t in found) for s, found in scripts.items()}
    stop_list = signals.StopWords.of(["the", "of", "and", "de", "la", "в", "и", "的", "の"])
    warm = pa.array(["warm ไทย 한국"])
    signals.measure(warm, words.segment(warm), [stop_list])

    print(f"{'script':8} {'MB':>7} {'words':>10} {'segment':>9} {'measure':>9} {'both':>9}   MB/s")
    total = np.zeros(3)
    for script in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if sizes[script] < LEAST:
            continue
        parts = batches(scripts[script])
        cut = [words.segment(*part) for part in parts]
        first = seconds(lambda parts=parts: [words.segment(*part) for part in parts])  # type: ignore[misc]
        second = seconds(
            lambda parts=parts, cut=cut: [  # type: ignore[misc]
                signals.measure(texts, w, [stop_list] * len(w))
                for (texts, _), w in zip(parts, cut, strict=True)
            ]
        )
        megabytes = sizes[script] / 1e6
        total += megabytes, first, second
        print(
            f"{script:8} {megabytes:7.1f} {sum(len(w.starts) for w in cut):10,} "
            f"{megabytes / first:9.1f} {megabytes / second:9.1f} {megabytes / (first + second):9.1f}"
        )
    rate = total[0] / (total[1] + total[2])
    print(
        f"{'all':8} {total[0]:7.1f} {'':10} {total[0] / total[1]:9.1f} {total[0] / total[2]:9.1f} {rate:9.1f}"
    )
    return 1 if given.floor and rate < given.floor else 0


if __name__ == "__main__":
    sys.exit(main())
