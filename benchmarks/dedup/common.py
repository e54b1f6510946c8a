"""Measuring one function, or one phase of a step over made documents, in a process of its own."""

import gc
import multiprocessing
import os
import resource
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps import segment_passes, units
from polysieve.pipeline.steps.step import Context, Inputs, Plan, Step
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import Store

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass(frozen=True)
class Measured:
    """What a function returned, its CPU and wall seconds, and the memory it added at most, in MiB
    (over what the process held when the function started)."""

    value: Any
    cpu: float
    wall: float
    memory: float


def resident() -> float:
    """Resident memory of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def measured(function: Callable[..., Any], *arguments: Any) -> Measured:
    """Run `function(*arguments)` here and measure it; call it inside `isolated` for a clean start."""
    gc.collect()
    before = resident()
    peak = [before]
    over = threading.Event()

    def sample() -> None:
        while not over.wait(0.01):
            peak[0] = max(peak[0], resident())

    watcher = threading.Thread(target=sample, daemon=True)
    watcher.start()
    wall, cpu = time.monotonic(), time.process_time()
    value = function(*arguments)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    peak[0] = max(peak[0], resident())
    over.set()
    watcher.join()
    return Measured(value, cpu, wall, peak[0] - before)


def isolated(function: Callable[..., Any], *arguments: Any) -> Any:
    """`function(*arguments)` in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def made_plan(root: Path, recipe: Recipe, steps: Sequence[str]) -> Plan:
    """The plan of a run whose documents are made here: a folder for each of these steps, `<step>-0000000000000000`."""
    store = Store(str(root))
    folders = {step: StepFolder(store, step, "0" * 16) for step in steps}
    return Plan(Context(recipe, store, folders, Inputs("made")), ())


def write_index(context: Context, rows: Sequence[tuple[Any, ...]]) -> None:
    """What the step index would leave: both tables, of rows of `units.INDEX` sorted by label and input."""
    columns = list(zip(*rows, strict=True))
    arrays = [pa.array(c, f.type) for c, f in zip(columns, units.INDEX, strict=True)]
    index = pa.table(arrays, schema=units.INDEX)
    context.store.write_table(context.index_file, index)
    places = segment_passes.places(index, units.units(index))
    context.store.write_table(segment_passes.places_of(context), places)


def phase(plan: Plan, steps: Sequence[Step], number: int) -> tuple[str, int, Measured] | None:
    """Run the tasks of one phase of some steps here, one at a time: its name, how many tasks, what they took.

    The phases before it must be done; None behind the last.
    """
    every = (found for step in steps for found in step.phases(plan, plan.context.folder(step.name)))
    chosen = next(islice(every, number, None), None)
    if chosen is None:
        return None
    return chosen.name, len(chosen.tasks), measured(list, map(chosen.run, chosen.tasks))


def best(function: Callable[..., Any], *arguments: Any, times: int = 5) -> float:
    """The least CPU seconds of several calls, after one that may compile."""
    function(*arguments)
    least = float("inf")
    for _ in range(times):
        start = time.process_time()
        function(*arguments)
        least = min(least, time.process_time() - start)
    return least


def unpacked(archive: str, shared: Path = SHARED) -> Path:
    """The folder that holds an archive of the shared data, unpacked once per machine."""
    target = Path(tempfile.gettempdir()) / f"polysieve-benchmarks-{os.getuid()}" / archive
    if not target.exists():
        partial = Path(f"{target}.{os.getpid()}")
        with tarfile.open(shared / archive) as tar:
            tar.extractall(partial, filter="data")
        partial.rename(target)
    return target


def on_disk(*paths: Path) -> int:
    """Bytes of files and of all files below folders."""
    return sum(
        part.stat().st_size
        for path in paths
        for part in ([path] if path.is_file() else path.rglob("*"))
        if part.is_file()
    )
