"""Peak memory of a process that measures one input of documents as large as a record may be, a row a case.

    python -m benchmarks.signals.memory [--limit 1000]

Each case is a Parquet file of one document of 64 MiB, or of three, and runs in a process of its own: the step measure
as a run has it (pipeline/steps/measure/inputs.py), language identification included. Exit code 1 where a peak exceeds
`--limit` (megabytes). It takes some minutes.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SIZE = 64 << 20
SENTENCE = "The river rises in the hills and runs past the mill to the sea, and boats go down it every day. "


def _filled(piece: str) -> str:
    """`piece` over and over, SIZE bytes at most."""
    return piece * (SIZE // len(piece.encode()))


def _shuffled(characters: str, size: int) -> str:
    """Characters in an order that does not repeat: a mebibyte of them at random, then cuts of it."""
    chance = random.Random(1)
    block = "".join(chance.choices(characters, k=1 << 20))
    pieces = []
    left = size // len(characters[0].encode())
    while left > 0:
        start = chance.randrange(len(block))
        pieces.append(block[start : start + min(left, len(block))])
        left -= len(pieces[-1])
    return "".join(pieces)


def _short_lines() -> str:
    """Lines of three letters, few of them equal."""
    chance = random.Random(1)
    letters = [chr(c) for c in (*range(0x41, 0x5B), *range(0x61, 0x7B))]
    return "".join("".join(chance.choices(letters, k=3)) + "\n" for _ in range(SIZE // 4))


CASES: dict[str, tuple[Callable[[], str], int]] = {
    "a short document": (lambda: SENTENCE, 1),
    "punctuation": (lambda: _shuffled("!?;,:()[]", SIZE), 1),
    "Thai without a space": (lambda: _filled("แม่น้ำไหลผ่านหมู่บ้านไปสู่ทะเล"), 1),
    "Chinese without a space": (lambda: _filled("河流经过村庄流向大海每天都有船经过"), 1),
    "combining marks": (lambda: _filled("a" + "\u0301\u0323" * 500_000), 1),
    "a line of Latin": (lambda: _filled(SENTENCE), 1),
    "lines of three letters": (_short_lines, 1),
    "words of one letter": (lambda: _shuffled("abcdefgh ", SIZE), 1),
    "emoji": (lambda: _shuffled("😀😁😂🤣😃", SIZE), 1),
    "three of punctuation": (lambda: _shuffled("!?;,:()[]", SIZE), 3),
    "three of Latin": (lambda: _filled(SENTENCE), 3),
}


def _measure(path: Path) -> None:
    """In a process of its own: measure the input, print seconds of CPU and the peak in megabytes."""
    from polysieve.pipeline.recipe.model import Recipe
    from polysieve.pipeline.sources import Source
    from polysieve.pipeline.steps.measure import inputs
    from polysieve.pipeline.steps.step import Context, Inputs
    from polysieve.pipeline.storage.ledger import StepFolder
    from polysieve.pipeline.storage.store import Store

    started = time.process_time()
    store = Store(str(path.parent / "out"))
    folder = StepFolder(store, "measure", "benchmark")
    context = Context(Recipe(), store, {"measure": folder}, Inputs("benchmark"))
    source = Source(str(path), path.stat().st_size, "")
    result = inputs.run(inputs.Input(context, folder, source))
    # Not getrusage's figure, which a process inherits from the one that started it.
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    print(result["documents"], f"{time.process_time() - started:.1f}", f"{peak:.0f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=float, help="most megabytes of a case")
    parser.add_argument("--cases", nargs="*", choices=CASES, help="default: all")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        _measure(given.measure)
        return 0
    highest = 0.0
    print(f"{'case':26} {'documents':>9} {'CPU s':>7} {'peak MB':>8}")
    for name in given.cases or CASES:
        make, copies = CASES[name]
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch, "input.parquet")
            texts = pa.array([make()] * copies, pa.large_string())
            pq.write_table(pa.table({"text": texts}), path, row_group_size=1, compression="zstd")
            del texts
            command = [sys.executable, "-m", __spec__.name, "--measure", str(path)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        documents, seconds, peak = done.stdout.split()
        highest = max(highest, float(peak))
        print(f"{name:26} {documents:>9} {seconds:>7} {peak:>8}", flush=True)
    return int(given.limit is not None and highest > given.limit)


if __name__ == "__main__":
    sys.exit(main())
