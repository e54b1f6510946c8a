"""Which lines recur over the documents of a host, for the rule `host_repeated_lines` and for what is written.

A separate pass over the texts, after the step clusters: duplicates of one another count as one document, the
representative of their cluster, or every line of a page that was crawled ten times would recur. A task takes a segment,
so memory does not grow with the input, and what crosses segments are keys (dedup/host_lines.py), never hosts:

1. `count`, a segment at a time: its distinct keys in order, each with the documents that it occurs in;
2. `total`, a range of the keys' values at a time: sums over segments. Of what reaches `min_documents`, each
   segment that has the key gets the sum back;
3. `mark`, a segment at a time: for each document the lines that recur.

`marks/` is row-aligned with the tables of `measure`, a file per segment.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.dedup import host_lines
from polysieve.pipeline.engines.engine import Counts
from polysieve.pipeline.recipe.clustering import HostLines
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps import segment_passes as segments
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.segment_passes import PassTask, between, key_range
from polysieve.pipeline.storage.ledger import StepFolder

PART_KEYS = 1 << 23  # keys of one task of `total`, some 110 bytes each

KEYS = pa.schema([("key", pa.uint64()), ("documents", pa.int64())])
TOTALS = pa.schema([("segment", pa.int64()), ("key", pa.uint64()), ("documents", pa.int64())])
MARKS = pa.schema(
    [
        # Share of the characters; null where the document has no host or no text.
        ("host_repeated_line_share", pa.float64()),
        # Lines that recur, and whether no other line with letters is left.
        ("repeated", pa.int32()),
        ("nothing_else", pa.bool_()),
        # Their numbers from 0, and on how many documents of the host each was counted.
        ("numbers", pa.list_(pa.int32())),
        ("documents", pa.list_(pa.int32())),
        # Documents of the host; 0 where fewer than min_documents.
        ("host_documents", pa.int64()),
    ]
)


def settings(recipe: Recipe) -> HostLines:
    assert recipe.host_lines is not None
    return recipe.host_lines


def count(task: PassTask) -> Counts:
    """Count the keys of one segment and commit it."""
    texts, hosts, is_clustered = _segment(task)
    lines = _lines(texts, settings(task.recipe))
    is_representative = segments.representatives(task.context, task.places, len(hosts))
    keys, documents = host_lines.counted(lines, hosts, is_clustered & is_representative)
    table = pa.table([keys, documents], schema=KEYS)
    segments.write(task, "keys", table)
    manifest: segments.Keys = {"keys": len(keys), "documents": len(hosts)}
    task.folder.commit(task.name, manifest)
    return {"documents": len(hosts)}


def total(task: PassTask) -> Counts:
    """Sum the counts of one range of keys over all segments and commit it."""
    low, high = key_range(task.number, task.parts)
    keys, counts = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for segment in range(task.segments):
        part = between(task.folder, task.file("keys", segment), "key", low, high)
        keys.append(part["key"].to_numpy())
        counts.append(part["documents"].to_numpy())
    sizes = [len(part) for part in keys[1:]]
    every = np.concatenate(keys)
    distinct, sums = host_lines.summed(every, np.concatenate(counts))
    del keys, counts
    frequent = sums >= settings(task.recipe).min_documents
    distinct, sums = distinct[frequent], sums[frequent]
    owners = np.repeat(np.arange(task.segments), sizes)
    if len(distinct):
        place = np.minimum(np.searchsorted(distinct, every), len(distinct) - 1)
        rows = np.flatnonzero(distinct[place] == every)
        columns = [owners[rows], every[rows], sums[place[rows]]]
    else:
        columns = [owners[:0], every[:0], sums]
    segments.write(task, "totals", pa.table(columns, schema=TOTALS))
    task.folder.commit(task.name, {"recurring": len(distinct)})
    return {"recurring": len(distinct)}


def mark(task: PassTask) -> Counts:
    """Mark the lines of one segment that recur, and commit it."""
    asked = settings(task.recipe)
    texts, hosts, _ = _segment(task)
    lines = _lines(texts, asked)
    found = [KEYS.empty_table()]
    for part in range(task.parts):
        name = task.file("totals", part)
        own = between(task.folder, name, "segment", task.number, task.number)
        found.append(own.select(KEYS.names))
    totals = pa.concat_tables(found)  # the ranges are in the order of the keys
    known = totals["key"].to_numpy(), totals["documents"].to_numpy()
    recurring = host_lines.recurring(lines, hosts, known, asked.min_documents, asked.min_share)
    table = marks(lines, hosts, recurring)
    task.folder.store.write_table(task.folder.file(f"marks/{task.segment}.parquet"), table)
    repeated = pc.sum(table["repeated"]).as_py() or 0
    task.folder.commit(task.name, {"lines": repeated})
    return {"documents": len(hosts), "lines": repeated}


def marks(lines: host_lines.Lines, hosts: np.ndarray, recurring: host_lines.Recurring) -> pa.Table:
    """MARKS of n documents."""
    n = len(hosts)
    owners = lines.owners()
    recurs = recurring.documents > 0
    characters = np.bincount(owners, lines.sizes, n)
    share = np.bincount(owners, lines.sizes * recurs, n) / np.maximum(characters, 1)
    repeated = np.bincount(owners[recurs], minlength=n)
    others = np.bincount(owners[(lines.hashes != 0) & ~recurs], minlength=n)
    offsets = pa.array(np.r_[0, np.cumsum(repeated)], pa.int32())
    numbers = np.flatnonzero(recurs) - lines.documents[owners[recurs]]
    return pa.table(
        [
            pa.array(share, mask=(hosts == 0) | (characters == 0)),
            pa.array(repeated, pa.int32()),
            (repeated > 0) & (others == 0),
            pa.ListArray.from_arrays(offsets, pa.array(numbers, pa.int32())),
            pa.ListArray.from_arrays(offsets, pa.array(recurring.documents[recurs], pa.int32())),
            recurring.host_documents,
        ],
        schema=MARKS,
    )


def parts(folder: StepFolder, label: Label, columns: list[str]) -> Iterator[pa.Table]:
    """Columns of MARKS, in step with `Label.parts`."""
    return label.parts("marks", columns, folder)


def read(folder: StepFolder, label: Label, columns: list[str]) -> pa.Table:
    """Columns of MARKS of a label's documents."""
    return pa.concat_tables(parts(folder, label, columns))


def with_share(signals: pa.Table, marks: pa.Table) -> pa.Table:
    """Signals with the share of recurring lines in its place, where they have the column."""
    name = "host_repeated_line_share"
    if name not in signals.column_names:
        return signals
    return signals.set_column(signals.column_names.index(name), name, marks[name])


def _segment(task: PassTask) -> tuple[pa.ChunkedArray, np.ndarray, np.ndarray]:
    """(texts, hosts uint64[n], bool[n]: not cut before clustering) of a segment."""
    documents = task.context.measure.store.read_columns(
        task.context.measure.file(f"documents/{task.segment}.parquet"),
        ["text", "url", "prefilter_reason"],
    )
    hosts = host_lines.hosts(documents["url"].to_pylist())
    return documents["text"], hosts, documents["prefilter_reason"].is_null().to_numpy()


def _lines(texts: pa.ChunkedArray, asked: HostLines) -> host_lines.Lines:
    return host_lines.lines_of(texts, asked.min_letters, any_digit=asked.digits == "zero")
