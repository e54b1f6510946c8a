"""The passes over segments, lines of hosts and containment, over 1 and 4 million made documents of one label: time,
memory and bytes on disk of every phase.

python -m benchmarks.dedup.passes_at_scale SCRATCH [--millions 1 4]

A document has 60 to 300 words of its own, drawn evenly from 200,000, in lines of twelve, under five lines that all
documents of its host have; a host has 500 documents, in all segments. One in fifty has the first three fifths of
another document in place of words of its own, so it is contained. Segments hold 40,000 documents, about as many as
256 MiB of a crawl's text. From there on everything is the pipeline's own: tasks, files, partitions. The phases run one
task at a time in a process of their own; memory is the most that a phase's process added to what it held before.
"""

import argparse
import functools
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.dedup.common import isolated, made_plan, on_disk, phase, write_index
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.containment import step as containment
from polysieve.pipeline.steps.host_lines import step as host_lines
from polysieve.pipeline.steps.step import Plan

LABEL = "eng_Latn"
SEGMENT = 40_000
WORDS = 200_000
HOST_DOCUMENTS = 500
FURNITURE, FURNITURE_WORDS = 5, 4
PASSES = (host_lines.STEP, containment.STEP)


def vocabulary() -> pa.Array:
    """WORDS made words, each followed by a space, then the same ones followed by a line feed."""
    random = np.random.default_rng(5)
    letters = np.frombuffer(b"etaoinshrdlucmfwypvbgk", np.uint8)
    lengths = random.integers(3, 10, WORDS)
    made = ["".join(map(chr, letters[random.integers(0, len(letters), n)])) for n in lengths]
    return pa.array([word + " " for word in made] + [word + "\n" for word in made])


def bodies(number: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(words, offsets) of the documents of one segment, without those of hosts and of others."""
    random = np.random.default_rng([21, number])
    offsets = np.r_[0, np.cumsum(random.integers(60, 301, n))]
    words = random.integers(0, WORDS, offsets[-1])
    words[np.arange(len(words)) % 12 == 11] += WORDS
    return words, offsets


@functools.cache
def furniture_of(host: int) -> np.ndarray:
    """The words of the lines that all documents of a host begin with."""
    words = np.random.default_rng([23, host]).integers(0, WORDS, FURNITURE * FURNITURE_WORDS)
    words[FURNITURE_WORDS - 1 :: FURNITURE_WORDS] += WORDS
    return words


def texts_of(number: int, hosts: list[int], known: pa.Array) -> pa.Array:
    """The texts of one segment, whose documents are of these hosts."""
    n = len(hosts)
    words, offsets = bodies(number, n)
    other_words, other_offsets = bodies(number // 2, n)
    random = np.random.default_rng([22, number])
    parts, ends = [], [0]
    contained = random.random(n) < 0.02
    for row in range(n):
        furniture = furniture_of(hosts[row])
        own = words[offsets[row] : offsets[row + 1]]
        if contained[row] and number:
            start, stop = other_offsets[row], other_offsets[row + 1]
            own = other_words[start : start + (stop - start) * 3 // 5]
            furniture = furniture[:0]
        parts += [furniture, own]
        ends.append(ends[-1] + len(furniture) + len(own))
    spelled = known.take(pa.array(np.concatenate(parts)))
    starts = np.frombuffer(spelled.buffers()[1], np.int32)[: len(spelled) + 1]
    bounds = starts[np.array(ends)].astype(np.int64)
    return pa.Array.from_buffers(
        pa.large_string(), n, [None, pa.py_buffer(bounds), spelled.buffers()[2]]
    )


def make(scratch: Path, count: int) -> int:
    """Write what the steps before the passes would have left; the bytes of text."""
    context = plan_of(scratch).context
    store, measure = context.store, context.measure
    known = vocabulary()
    entries, total = [], 0
    for number in range(count // SEGMENT):
        rows = np.arange(SEGMENT) + number * SEGMENT
        hosts = (rows % (count // HOST_DOCUMENTS)).tolist()
        texts = texts_of(number, hosts, known)
        size = int(texts.nbytes)
        total += size
        documents = pa.table(
            {
                "label": pa.repeat(pa.scalar(LABEL), SEGMENT),
                "text": texts,
                "url": [f"https://host{h}.example/{r}" for h, r in zip(hosts, rows, strict=True)],
                "prefilter_reason": pa.nulls(SEGMENT, pa.string()),
            }
        )
        name = f"seg-{number:04d}"
        store.write_table(measure.file(f"documents/{name}.parquet"), documents)
        entries.append((LABEL, number, name, "s3://made/segment.warc.gz", 0, SEGMENT, size, ""))
    write_index(context, entries)
    (unit,) = context.units()
    kept = pa.table({"kept": np.ones(unit.documents, bool)})
    store.write_table(context.folder("clusters").file(f"{unit.name}.parquet"), kept)
    return total


def plan_of(scratch: Path) -> Plan:
    recipe = Recipe.model_validate({"host_lines": {}, "dedup": {"containment": {}}})
    steps = ("measure", "index", "clusters", *(step.name for step in PASSES))
    return made_plan(scratch, recipe, steps)


def run_phase(scratch: Path, place: int, number: int) -> tuple[str, int, float, float] | None:
    """Run the tasks of one phase of a pass here: (phase, tasks, CPU seconds, MiB added at most)."""
    found = phase(plan_of(scratch), [PASSES[place]], number)
    if found is None:
        return None
    title, tasks, got = found
    return title, tasks, got.cpu, got.memory


def run(scratch: Path, count: int) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    size = isolated(make, scratch, count)
    print(f"\n{count / 1e6:g} million documents, {size / 1e9:.2f} GB of text", flush=True)
    for place, step in enumerate(PASSES):
        number, total = 0, 0.0
        while got := isolated(run_phase, scratch, place, number):
            title, tasks, cpu, memory = got
            total += cpu
            print(
                f"  {title:17} {tasks:4} tasks {cpu:8.1f} CPU s {cpu / count * 1e6:7.1f} µs a document "
                f"{memory:6.0f} MiB",
                flush=True,
            )
            number += 1
        left = on_disk(scratch / f"{step.name}-{'0' * 16}") / count
        print(
            f"  {step.name}: {total / count * 1e6:.1f} µs, {left:.0f} bytes on disk a document",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 4])
    options = parser.parse_args()
    for millions in options.millions:
        count = int(millions * 1_000_000) // SEGMENT * SEGMENT
        run(options.scratch / "passes-scale", count)
    shutil.rmtree(options.scratch / "passes-scale", ignore_errors=True)


if __name__ == "__main__":
    main()
