"""Which documents another document of their language contains, among the representatives of clusters.

A separate pass over the texts, after the step clusters. A task takes a segment; what crosses segments are files:

1. `sample`, a segment at a time: the sampled shingles of its documents, in the order of their keys;
2. `match`, a range of keys at a time: candidates, pairs of documents that share an anchor;
3. `ask`, a segment at a time: of its documents, those with candidates that have enough of their anchors; all their
   shingles are written to be read where the other document is;
4. `answer`, a segment at a time: the share of those shingles that its own documents have.

Texts are read twice, those without candidates once. No task holds more than a segment's shingles or PART_KEYS keys.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from polysieve.dedup import containment
from polysieve.filters import words
from polysieve.pipeline.engines.engine import Counts
from polysieve.pipeline.engines.packing import ranges
from polysieve.pipeline.recipe.clustering import Containment
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps import segment_passes as segments
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.measure import signatures as signing
from polysieve.pipeline.steps.segment_passes import PassTask, between, key_range
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import parquet_writer

PART_KEYS = 1 << 22  # keys of one task of `match`, some 200 bytes each
BATCH_BYTES = 4 * 2**20
ASKED = 1 << 21  # shingles that are written or compared at a time
_ROW = np.int64(32)  # a document is a segment's number and, in the low bits, a row

KEYS = pa.schema(
    [("key", pa.uint64()), ("row", pa.int64()), ("size", pa.int64()), ("anchor", pa.bool_())]
)
PAIRS = pa.schema([("segment", pa.int64()), ("inner", pa.int64()), ("outer", pa.int64())])
ASKS = pa.schema(
    [
        ("segment", pa.int64()),
        ("outer_row", pa.int64()),
        ("inner_row", pa.int64()),
        ("shingles", pa.list_(pa.uint64())),
    ]
)
ANSWERS = pa.schema(
    [
        ("outer_row", pa.int64()),
        ("segment", pa.string()),
        ("inner_row", pa.int64()),
        ("share", pa.float64()),
    ]
)


def settings(recipe: Recipe) -> Containment:
    assert recipe.dedup.containment is not None
    return recipe.dedup.containment


def sample(task: PassTask) -> Counts:
    """Sample the documents of one segment and commit it."""
    columns = ["text", "label", "prefilter_reason"]
    file = task.context.measure.file(f"documents/{task.segment}.parquet")
    documents = task.context.measure.store.read_columns(file, columns)
    chosen = segments.representatives(task.context, task.places, len(documents))
    rows = np.flatnonzero(chosen & documents["prefilter_reason"].is_null().to_numpy())
    found = [KEYS.empty_table()]
    for own, labels, shingles, offsets in _shingles(documents, rows, task.recipe):
        sizes = np.diff(offsets)
        salts = np.array([xxhash.xxh3_64_intdigest(label.encode()) for label in labels], np.uint64)
        keys, owners, anchors = containment.sampled(
            shingles, offsets, salts, settings(task.recipe).scale
        )
        large = sizes[owners] >= settings(task.recipe).min_shingles
        part = [keys, own[owners], sizes[owners], anchors]
        found.append(pa.table([column[large] for column in part], schema=KEYS))
    table = pa.concat_tables(found).sort_by([("key", "ascending"), ("row", "ascending")])
    segments.write(task, "keys", table)
    manifest: segments.Keys = {"keys": len(table)}
    task.folder.commit(task.name, manifest)
    return {"documents": len(rows)}


def match(task: PassTask) -> Counts:
    """Find the candidates of one range of keys and commit it."""
    low, high = key_range(task.number, task.parts)
    tables, numbers = [KEYS.empty_table()], [np.empty(0, np.int64)]
    for segment in range(task.segments):
        part = between(task.folder, task.file("keys", segment), "key", low, high)
        tables.append(part)
        numbers.append(part["row"].to_numpy() + (segment << _ROW))
    table = pa.concat_tables(tables)
    columns = [table[name].to_numpy() for name in ("key", "size", "anchor")]
    inner, outer = containment.candidates(columns[0], np.concatenate(numbers), *columns[1:])
    order = np.lexsort((outer, inner))
    inner, outer = inner[order], outer[order]
    segments.write(task, "pairs", pa.table([inner >> _ROW, inner, outer], schema=PAIRS))
    task.folder.commit(task.name, {"candidates": len(inner)})
    return {"candidates": len(inner)}


def ask(task: PassTask) -> Counts:
    """Write the shingles of one segment's documents for the segments of their candidates, and commit it."""
    parts = [PAIRS.empty_table()]
    for part in range(task.parts):
        name = task.file("pairs", part)
        parts.append(between(task.folder, name, "segment", task.number, task.number))
    pairs = pl.DataFrame(pa.concat_tables(parts)).group_by("inner", "outer").len()
    own = task.folder.store.read_columns(task.file("keys"), ["row", "anchor"])
    anchors = np.bincount(own["row"].filter(own["anchor"]).to_numpy(), minlength=1)
    inner = pairs["inner"].to_numpy() & 0xFFFFFFFF
    enough = pairs["len"].to_numpy() >= containment.enough_anchors(anchors[inner])
    pairs = pairs.filter(pl.Series(enough, dtype=pl.Boolean)).sort("outer", "inner")
    inner = pairs["inner"].to_numpy() & 0xFFFFFFFF
    outer = pairs["outer"].to_numpy()
    rows, places = np.unique(inner, return_inverse=True)
    shingles, offsets = _sets(task, rows)
    file = task.file("asks")
    with task.folder.store.create(file) as handle, parquet_writer(handle, ASKS) as writer:
        lengths = np.diff(offsets)[places]
        for first, stop in ranges(lengths, ASKED):
            block = slice(first, stop)
            ends = np.cumsum(np.r_[0, lengths[block]])
            parts_of = [shingles[offsets[p] : offsets[p + 1]] for p in places[block]]
            column = pa.ListArray.from_arrays(ends.astype(np.int32), np.concatenate(parts_of))
            columns = [outer[block] >> _ROW, outer[block] & 0xFFFFFFFF, inner[block], column]
            writer.write_table(pa.table(columns, schema=ASKS), row_group_size=1_000)
    task.folder.commit(task.name, {"asks": len(pairs)})
    return {"asks": len(pairs)}


def answer(task: PassTask) -> Counts:
    """Compare one segment's documents with those that asked, and commit it."""
    names = _segment_names(task)
    wanted = [np.empty(0, np.int64)]
    for segment in range(task.segments):
        wanted += [own["outer_row"].to_numpy() for own in _asks(task, segment)]
    rows = np.unique(np.concatenate(wanted))
    sets = _sets(task, rows)
    found = [ANSWERS.empty_table()]
    for segment in range(task.segments):
        for own in _asks(task, segment):
            lists = own["shingles"].combine_chunks()
            inner = lists.flatten().to_numpy(), np.r_[0, np.cumsum(pc.list_value_length(lists))]
            place = np.searchsorted(rows, own["outer_row"].to_numpy())
            shares = containment.shares(inner, sets, place)
            columns = [
                own["outer_row"],
                pa.repeat(pa.scalar(names[segment]), len(own)),
                own["inner_row"],
                shares,
            ]
            enough = pa.array(shares >= settings(task.recipe).share)
            found.append(pa.table(columns, schema=ANSWERS).filter(enough))
    by = [(name, "ascending") for name in ("outer_row", "segment", "inner_row")]
    table = pa.concat_tables(found).sort_by(by)
    name = task.folder.file(f"answers/{task.segment}.parquet")
    task.folder.store.write_table(name, table)
    task.folder.commit(task.name, {"contained": len(table)})
    return {"contained": len(table)}


def pairs(folder: StepFolder, label: Label) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(inner, outer, share), int64[p], int64[p], float64[p]: rows of a label of which one contains the other, and how
    much of it."""
    base, first = {}, 0
    for segment, _, start, stop in label.slices:
        base[segment] = first - start
        first += stop - start
    inner, outer = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    shares = [np.empty(0)]
    for segment, _, start, stop in label.slices:
        own = _answers(folder, label, segment, start, stop)
        others = own["segment"].combine_chunks().dictionary_encode()
        offsets = np.array([base[name] for name in others.dictionary.to_pylist()], np.int64)
        outer.append(own["outer_row"].to_numpy() + base[segment])
        inner.append(own["inner_row"].to_numpy() + offsets[others.indices.to_numpy()])
        shares.append(own["share"].to_numpy())
    return np.concatenate(inner), np.concatenate(outer), np.concatenate(shares)


def _answers(folder: StepFolder, label: Label, segment: str, start: int, stop: int) -> pa.Table:
    """ANSWERS to some rows of a segment."""
    file = f"answers/{segment}.parquet"
    if label.shared is None:
        return between(folder, folder.file(file), "outer_row", start, stop - 1)
    answers = label.file(folder, file)
    low, high = np.searchsorted(answers["outer_row"].to_numpy(), [start, stop])
    return answers.slice(low, high - low)


def _asks(task: PassTask, segment: int) -> Iterator[pa.Table]:
    """What one segment asks of the task's, some shingles at a time."""
    table = between(task.folder, task.file("asks", segment), "segment", task.number, task.number)
    for first, stop in ranges(pc.list_value_length(table["shingles"]).to_numpy(), ASKED):
        yield table.slice(first, stop - first)


def _segment_names(task: PassTask) -> list[str]:
    places = task.context.store.read_columns(segments.places_of(task.context), ["segment"])
    return sorted(places["segment"].unique().to_pylist())


def _sets(task: PassTask, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(shingles, offsets) of some rows of the task's segment."""
    found, lengths = [np.empty(0, np.uint64)], [np.zeros(1, np.int64)]
    if len(rows):
        file = task.context.measure.file(f"documents/{task.segment}.parquet")
        documents = task.context.measure.store.read_columns(file, ["text", "label"])
        for _, _, shingles, offsets in _shingles(documents, rows, task.recipe):
            found.append(shingles)
            lengths.append(np.diff(offsets))
    return np.concatenate(found), np.cumsum(np.concatenate(lengths))


def _shingles(
    documents: pa.Table, rows: np.ndarray, recipe: Recipe
) -> Iterator[tuple[np.ndarray, list[str], np.ndarray, np.ndarray]]:
    """(rows, labels, shingles, offsets) of some documents, a batch of text at a time."""
    sizes = pc.fill_null(pc.binary_length(documents["text"]), 0).to_numpy()[rows]
    for first, stop in ranges(sizes, BATCH_BYTES):
        own = rows[first:stop]
        part = documents.take(pa.array(own))
        texts, labels = part["text"].combine_chunks(), part["label"].combine_chunks()
        tokens = words.segment(texts, labels)
        yield own, labels.to_pylist(), *signing.shingle_sets(texts, tokens, recipe.dedup)
