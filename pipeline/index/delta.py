"""What a run adds to the index: contents that it saw first, their keys, its documents, the components as they are now.

See pipeline/index.py for the tables. The files of a unit are written before C commits it; no version of the
index names them until the run has been published.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.pipeline.index.versions import (
    COMPONENTS,
    KEYS,
    OTHER_COLUMNS,
    Earlier,
    contents_schema,
    members_schema,
)
from polysieve.pipeline.steps.cluster.components import Found
from polysieve.pipeline.steps.cluster.dedup_inputs import Population
from polysieve.pipeline.storage.store import Store, parquet_writer

GROUP = 1 << 18  # rows of a row group: a label's slice of a shared file costs no more to read

Ranges = dict[str, dict[str, list[tuple[str, int, int]]]]
"""label → table → pieces that were written (file, first row, rows)."""


def write(
    store: Store,
    folder: str,
    population: Population,
    found: Found,
    run: int,
    kept: Sequence[str],
) -> Ranges:
    """Write the tables of a unit under `folder`; returns where each label's rows are.

    run: the number that this run will have in the index. kept: the columns that members are chosen by.
    """
    earlier = population.earlier
    uncut = pc.is_null(population.rows.read("documents", ["cut"])["cut"]).to_numpy()
    rows = np.arange(earlier, population.count)
    new = uncut & (found.content[earlier:] == rows)
    numbers = _numbers(population, new)
    ranges: Ranges = {label: {} for label in population.unit.labels}
    name = f"{folder}/{population.unit.piece}"

    def put(table: str, schema: pa.Schema, parts: Iterator[tuple[str, pa.Table]]) -> None:
        file = f"{name}-{table}.parquet"
        row = 0
        with store.create(file) as handle, parquet_writer(handle, schema) as writer:
            for label, part in parts:
                pieces = ranges[label].setdefault(table, [])
                if pieces:
                    pieces[-1] = (file, pieces[-1][1], pieces[-1][2] + len(part))
                else:
                    pieces.append((file, row, len(part)))
                writer.write_table(part.cast(schema), row_group_size=GROUP)
                row += len(part)

    lanes = population.minhash.bands * population.minhash.rows if population.minhash else 0
    put("contents", contents_schema(lanes), _contents(population, new, lanes))
    if population.minhash:
        put("keys", KEYS, _keys(population, new, numbers))
    put("components", COMPONENTS, _components(population, found, new, numbers, uncut, run))
    schema = members_schema(kept)
    put("members", schema, _members(population, found, uncut, numbers, run, schema))
    return ranges


def _numbers(population: Population, new: np.ndarray) -> np.ndarray:
    """int64[count]: the number within its label of every row that stands for a content, -1 for others."""
    numbers = np.full(population.count, -1)
    base = 0
    for label, start, stop in population.own_slices:
        known = population.index.contents(label) if population.index else 0
        numbers[base : base + known] = np.arange(known)
        own = population.earlier + start + np.flatnonzero(new[start:stop])
        numbers[own] = known + np.arange(len(own))
        base += known
    return numbers


def _contents(
    population: Population, new: np.ndarray, lanes: int
) -> Iterator[tuple[str, pa.Table]]:
    columns = ["content_0", "content_1"] + (["has_shingles", "signature"] if lanes else [])
    for label, rows, part in _by_label(population, "bands", columns):
        chosen = part.filter(pa.array(new[rows]))
        if not lanes:
            n = len(chosen)
            chosen = chosen.append_column("has_shingles", pa.repeat(pa.scalar(False), n))
            chosen = chosen.append_column("signature", pa.nulls(n, pa.binary()))
        yield label, chosen


def _by_label(
    population: Population, table: str, columns: list[str]
) -> Iterator[tuple[str, slice, pa.Table]]:
    """(label, rows, columns of a table): a label at a time, or of a unit of one label a segment at a time."""
    slices = population.own_slices
    for own, read in population.rows.stretches({table: columns}):
        if len(slices) == 1:
            yield slices[0][0], own, read[table]
            continue
        for label, start, stop in slices:
            yield label, slice(start, stop), read[table].slice(start, stop - start)


def _keys(
    population: Population, new: np.ndarray, numbers: np.ndarray
) -> Iterator[tuple[str, pa.Table]]:
    assert population.minhash is not None
    names = [f"band_{band}" for band in range(population.minhash.bands)]
    whole = None
    if len(population.own_slices) > 1:
        whole = population.rows.read("bands", ["has_shingles", *names])
    for label, start, stop in population.own_slices:
        for name in names:
            if whole is None:
                part = population.rows.read("bands", ["has_shingles", name])
            else:
                part = whole.select(["has_shingles", name]).slice(start, stop - start)
            rows = np.flatnonzero(part["has_shingles"].to_numpy() & new[start:stop])
            keys = part[name].to_numpy()[rows]
            order = np.argsort(keys, kind="stable")
            contents = numbers[population.earlier + start + rows]
            yield label, pa.table([keys[order], contents[order]], schema=KEYS)


def _components(
    population: Population,
    found: Found,
    new: np.ndarray,
    numbers: np.ndarray,
    uncut: np.ndarray,
    run: int,
) -> Iterator[tuple[str, pa.Table]]:
    assert found.provisional is not None
    earlier = population.earlier
    seen = np.bincount(found.content[earlier:][uncut], minlength=population.count)
    base = 0
    for label, start, stop in population.own_slices:
        known = population.index.contents(label) if population.index else 0
        own = earlier + start + np.flatnonzero(new[start:stop])
        rows = np.concatenate([np.arange(base, base + known), own])
        before = _before(population.index, label, run)
        documents = seen[rows] + np.r_[before["documents"].to_numpy(), np.zeros(len(own), np.int64)]
        first = np.r_[before["first_run"].to_numpy(), np.full(len(own), run, np.int32)]
        last = np.r_[before["last_run"].to_numpy(), np.full(len(own), run, np.int32)]
        last[seen[rows] > 0] = run
        yield (
            label,
            pa.table(
                [
                    numbers[found.provisional[rows]],
                    numbers[found.component[rows]],
                    documents,
                    first.astype(np.int32),
                    last.astype(np.int32),
                ],
                schema=COMPONENTS,
            ),
        )
        base += known


def _before(index: Earlier | None, label: str, run: int) -> pa.Table:
    columns = ["documents", "first_run", "last_run"]
    if index is None:
        return pa.schema([COMPONENTS.field(name) for name in columns]).empty_table()
    return index.table(label, "components", COMPONENTS, columns)


def _members(
    population: Population,
    found: Found,
    uncut: np.ndarray,
    numbers: np.ndarray,
    run: int,
    schema: pa.Schema,
) -> Iterator[tuple[str, pa.Table]]:
    contents = numbers[found.content[population.earlier :]]
    own = {"content", "run", "file_path"}
    columns = ["language_score", "date", "id", "offset"]
    columns += [name for name in schema.names if name in OTHER_COLUMNS]
    measured = [name for name in schema.names if name not in own and name not in columns]
    addresses = population.rows.addresses() if population.rows.several_labels else None
    sources = iter(population.rows.slices)
    documents = _by_label(population, "documents", columns)
    signals = _by_label(population, "signals", measured)
    for (label, rows, part), (_, _, figures) in zip(documents, signals, strict=True):
        n = len(part)
        if addresses is None:
            address = pa.repeat(pa.scalar(next(sources)[1], pa.string()), n)
        else:
            address = addresses.slice(rows.start, n)
        for name in measured:
            part = part.append_column(name, figures[name].cast(schema.field(name).type))
        part = part.append_column("file_path", address)
        part = part.append_column("content", pa.array(contents[rows]))
        part = part.append_column("run", pa.array(np.full(n, run, np.int32)))
        yield label, part.select(schema.names).filter(pa.array(uncut[rows]))
