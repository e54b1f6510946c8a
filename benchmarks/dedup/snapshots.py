"""Snapshots one after another through an index against all at once, undisturbed and killed.

python -m benchmarks.dedup.snapshots SCRATCH --snapshot 'a/*.gz' --snapshot 'b/*.gz' … [--kills 6] [--engine ray]

Compares, by input and record, the components of the two indexes; then runs the snapshots again into another
index, each run killed with -9, with all processes that it started, again and again (once shortly after each step's
folder appears, and while the index is written, then at random moments) until it finishes, and compares corpus,
removed documents, clusters and index, byte for byte, with those of the undisturbed runs. Exits with 1 where
anything differs.
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl

STEPS = ("measure", "fit", "clusters", "decisions", "write", "report")


def command(options: argparse.Namespace, inputs: list[str], output: Path, index: Path) -> list[str]:
    more = [part for pattern in inputs for part in ("--input", pattern)]
    return [
        sys.executable, "-m", "polysieve", "run", "fineweb2", *more, "--output", str(output),
        "--index", str(index), "--engine", options.engine, "--keep-steps", "--quiet",
    ]  # fmt: skip


def run(options: argparse.Namespace, inputs: list[str], output: Path, index: Path) -> float:
    started = time.monotonic()
    subprocess.run(command(options, inputs, output, index), check=True)
    return time.monotonic() - started


def tree(pid: int) -> list[int]:
    """A process and all that it started, and they started."""
    found = [pid]
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [process for child in file.read_text().split() for process in tree(int(child))]
    return found


def killed(
    options: argparse.Namespace, inputs: list[str], output: Path, index: Path, length: float
) -> int:
    """Run until it is done, killed `options.kills` times and once in every phase; the number of kills."""
    chance = random.Random(str(output))
    triggers: list[str | float] = [f"{step}-*" for step in STEPS]
    triggers += ["staged", "swap.json", "index"]
    triggers += [chance.uniform(0.2, length) for _ in range(options.kills)]
    kills = 0
    for trigger in triggers:
        process = subprocess.Popen(
            command(options, inputs, output, index),
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        before = set(index.glob("versions/*"))
        started = time.monotonic()
        while process.poll() is None:
            waited = time.monotonic() - started
            if isinstance(trigger, float):
                due = waited > trigger
            elif trigger == "index":
                due = set(index.glob("versions/*")) != before
            elif trigger == "staged":
                due = any(output.glob("*/done/staged.json"))
            else:
                due = any(output.glob(trigger))
            if due:
                time.sleep(chance.uniform(0, 0.02))
                for pid in tree(process.pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                process.wait()
                kills += 1
            time.sleep(0.002)
        process.wait()
    subprocess.run(command(options, inputs, output, index), check=True)
    return kills


def digests(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    found = [path for name in names for path in folder.glob(name) if path.is_file()]
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(found)
    }


def components(index: Path) -> set[frozenset[tuple[str, int]]]:
    """The sets of (input, offset) that an index has as components."""
    current = json.loads((index / "current.json").read_text())["version"]
    version = json.loads((index / "versions" / f"{current}.json").read_text())
    found: dict[tuple[str, int], set[tuple[str, int]]] = {}
    for label, tables in version["labels"].items():

        def rows(pieces: list) -> pl.DataFrame:
            return pl.concat([pl.read_parquet(index / f).slice(start, n) for f, start, n in pieces])

        component = rows(tables["components"])["component"].to_list()
        members = rows(tables["members"]).select("content", "file_path", "offset")
        for content, address, offset in members.iter_rows():
            found.setdefault((label, component[content]), set()).add((address, offset))
    return {frozenset(members) for members in found.values()}


OUTPUT = (
    "corpus/**/*.parquet",
    "removed/**/*.parquet",
    "quarantine/*",
    "clusters-*/unit-*.parquet",
)
INDEX = ("current.json", "versions/*", "runs/**/*")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--snapshot", action="append", required=True, help="inputs, in order")
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--engine", default="inline")
    options = parser.parse_args()
    scratch = options.scratch / "dedup-snapshots"
    shutil.rmtree(scratch, ignore_errors=True)
    run(options, options.snapshot, scratch / "all", scratch / "index-all")
    together, wrong = components(scratch / "index-all"), 0
    for number, snapshot in enumerate(options.snapshot):
        length = run(options, [snapshot], scratch / str(number), scratch / "index")
        kills = killed(
            options, [snapshot], scratch / f"killed-{number}", scratch / "index-killed", length
        )
        same = digests(scratch / str(number), OUTPUT) == digests(
            scratch / f"killed-{number}", OUTPUT
        )
        wrong += not same
        print(
            f"{snapshot}: {length:.1f} s; killed {kills} times: {'same bytes' if same else 'DIFFERS'}"
        )
    apart = components(scratch / "index")
    equal = apart == together
    same = digests(scratch / "index", INDEX) == digests(scratch / "index-killed", INDEX)
    wrong += (not equal) + (not same)
    files = len(digests(scratch / "index", INDEX))
    print(
        f"{sum(map(len, together)):,} documents, {len(together):,} components, "
        f"{sum(len(c) > 1 for c in together):,} of several: one after another {'equal' if equal else 'DIFFER FROM'} "
        f"all at once; the killed runs' index has {'the same bytes' if same else 'OTHER BYTES'} ({files} files)"
    )
    if wrong:
        sys.exit("something differs")


if __name__ == "__main__":
    main()
