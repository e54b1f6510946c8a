"""The mixer beside polars, pyarrow and Hugging Face datasets: CPU time and memory of an epoch and of a mixture.

    python -m benchmarks.mixing.speed SCRATCH CORPUS [--copies 16] [--datasets PYTHON]

CORPUS is the `corpus/` of a run; its documents are copied until there is enough to measure, each copy under an id of
its own and with a text that begins elsewhere. All write the same columns as Parquet, one thread each; with zstd of
level 3, but for datasets, which chooses itself. PYTHON has `datasets` installed. polars and pyarrow hold the whole
corpus in memory, datasets writes it to a cache first. The others count documents; the mixer counts words.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from polysieve.pipeline.mixing.spec import COLUMNS
from polysieve.pipeline.storage.schema import CORPUS, parquet_rows
from polysieve.pipeline.storage.store import Store

POLARS = """
import sys, polars as pl
source, target, columns = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
table = pl.read_parquet(source + "/*/*.parquet", columns=columns)
table.sample(fraction=1, shuffle=True, seed=0).write_parquet(target, compression="zstd", compression_level=3)
"""
ARROW = """
import sys, numpy as np, pyarrow as pa, pyarrow.dataset as ds, pyarrow.parquet as pq
pa.set_cpu_count(1)
source, target, columns = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
table = ds.dataset(source, format="parquet").to_table(columns=columns, use_threads=False)
order = np.random.default_rng(0).permutation(len(table))
pq.write_table(table.take(pa.array(order)), target, compression="zstd", compression_level=3, row_group_size=10_000)
"""
SHUFFLED = """
import sys, datasets
datasets.disable_progress_bars()
source, target, columns = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
found = datasets.load_dataset("parquet", data_files=source + "/*/*.parquet", split="train", cache_dir=target + ".cache")
found.select_columns(columns).shuffle(seed=0).to_parquet(target)
"""
INTERLEAVED = """
import glob, json, os, sys, datasets
datasets.disable_progress_bars()
source, target, columns = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
shares = json.loads(sys.argv[4])
parts = [
    datasets.load_dataset(
        "parquet", data_files=f"{source}/{label}/*.parquet", split="train", cache_dir=target + ".cache"
    ).select_columns(columns).shuffle(seed=0)
    for label in shares
]
mixed = datasets.interleave_datasets(parts, list(shares.values()), seed=0, stopping_strategy="first_exhausted")
mixed.to_parquet(target)
print(len(mixed))
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("scratch", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--copies", type=int, default=16)
    parser.add_argument("--datasets")
    arguments = parser.parse_args()
    scratch = arguments.scratch
    scratch.mkdir(parents=True, exist_ok=True)
    source = scratch / f"corpus-{arguments.copies}"
    if not source.exists():
        grown(arguments.corpus, source, arguments.copies)
    words, text_bytes, by_label = sizes(source)
    print(f"{len(by_label)} languages, {text_bytes / 1e6:.0f} MB of text, {words:,} words")

    epoch = [{"name": "main", "budget": words}]
    mine = [mixer(scratch, source, "epoch", epoch)]
    for name, script, python in (
        ("polars", POLARS, sys.executable),
        ("pyarrow", ARROW, sys.executable),
        ("datasets", SHUFFLED, arguments.datasets),
    ):
        if python:
            target = str(scratch / f"{name}.parquet")
            mine.append(
                measured(
                    name, [python, "-c", script, str(source), target, ",".join(COLUMNS)], text_bytes
                )
            )
    report("one epoch, shuffled", mine)

    largest = dict(sorted(by_label.items(), key=lambda item: -item[1])[:20])
    total = sum(n**0.3 for n in largest.values())
    shares = {label: n**0.3 / total for label, n in largest.items()}
    part = {"labels": list(largest), "alpha": 0.3}
    budget = int(min(n / shares[label] for label, n in largest.items()))
    stages = [{"name": "main", "budget": budget, "parts": {"all": part}}]
    theirs = [mixer(scratch, source, "alpha", stages)]
    if arguments.datasets:
        target = str(scratch / "interleaved.parquet")
        command = [
            arguments.datasets,
            "-c",
            INTERLEAVED,
            str(source),
            target,
            ",".join(COLUMNS),
            json.dumps(shares),
        ]
        theirs.append(measured("datasets", command, None, Path(target)))
    report("20 languages at alpha 0.3", theirs)


def grown(corpus: Path, target: Path, copies: int) -> None:
    """The corpus's native files so many times, each document of each copy with an id of its own."""
    for path in sorted(corpus.glob("*/train-*.parquet")):
        table = pq.read_table(path)
        column = table.column_names.index("id")
        ids = table["id"].to_pylist()
        texts = table["text"].to_pylist()
        tables = []
        for copy in range(copies):
            turned = [text[(at := len(text) * copy // copies) :] + text[:at] for text in texts]
            own = table.set_column(
                column, CORPUS.field("id"), pa.array([f"{copy}:{id}" for id in ids])
            )
            tables.append(
                own.set_column(0, CORPUS.field("text"), pa.array(turned, pa.large_string()))
            )
        whole = pa.concat_tables(tables)
        Store(str(target)).write_table(
            f"{path.parent.name}/{path.name}", whole, parquet_rows(whole)
        )


def sizes(source: Path) -> tuple[int, int, dict[str, int]]:
    """Words, bytes of text, and words by label."""
    words: dict[str, int] = {}
    text_bytes = 0
    for path in sorted(source.glob("*/*.parquet")):
        table = pq.read_table(path, columns=["word_count", "text"])
        words[path.parent.name] = (
            words.get(path.parent.name, 0) + pa.compute.sum(table["word_count"]).as_py()
        )
        text_bytes += pa.compute.sum(pa.compute.binary_length(table["text"])).as_py()
    return sum(words.values()), text_bytes, words


def mixer(scratch: Path, source: Path, name: str, stages: list[dict]) -> tuple:
    spec, output = scratch / f"{name}.yaml", scratch / f"mixed-{name}"
    shutil.rmtree(output, ignore_errors=True)
    spec.write_text(yaml.safe_dump({"sources": {"web": {"path": str(source)}}, "stages": stages}))
    command = [
        sys.executable,
        "-m",
        "polysieve",
        "mix",
        str(spec),
        "-o",
        str(output),
        "--engine",
        "inline",
        "-q",
    ]
    row = measured("polysieve", command, None)
    shards = json.loads((output / "mix.json").read_text())["shards"]
    return (*row[:3], sum(shard["text_bytes"] for shard in shards))


def measured(
    name: str, command: list[str], text_bytes: int | None, written: Path | None = None
) -> tuple:
    """(name, CPU seconds, peak resident bytes, bytes of text written) of a command."""
    environment = {
        **os.environ,
        "POLARS_MAX_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    peak = 0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
            found = [line for line in status.splitlines() if line.startswith(("VmHWM", "RssAnon"))]
            peak = max(
                [
                    peak,
                    *(int(line.split()[1]) * 1024 for line in found if line.startswith("RssAnon")),
                ]
            )
        except OSError:
            pass
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"{name}: {process.stderr.read()[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if written:
        text = pq.read_table(written, columns=["text"])["text"]
        text_bytes = pa.compute.sum(pa.compute.binary_length(text)).as_py()
    return name, seconds, peak, text_bytes


def report(title: str, rows: list[tuple]) -> None:
    print(title)
    base = rows[0][3] / rows[0][1]
    for name, seconds, peak, text_bytes in rows:
        rate = text_bytes / seconds
        print(
            f"  {name:<10} {text_bytes / 1e6:7.0f} MB of text  {seconds:6.1f} CPU s  {rate / 1e6:6.1f} MB/s  "
            f"{base / rate:5.2f} x  peak {peak / 2**20:6.0f} MiB"
        )


if __name__ == "__main__":
    main()
