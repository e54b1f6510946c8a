"""The step survey: of every document of a mixture's files, its cell, its rank, its weight and what it counts.

A table per file, row-aligned with it; no text is read. It depends on the sources alone: other stages and shares
are planned from it without reading a file again.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from polysieve.filters.sampling import ranks
from polysieve.pipeline.engines.engine import BaseTask, Counts
from polysieve.pipeline.mixing.cells import Cell, Cells, Size, added, as_json
from polysieve.pipeline.mixing.inputs import Input
from polysieve.pipeline.mixing.spec import Mix, Source
from polysieve.pipeline.steps.translate.choice import have_attributes
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.schema import CORPUS, UNKNOWN

SURVEY = pa.schema(
    [
        ("cell", pa.int32()),  # among the file's own; -1: no source takes the document
        ("rank", pa.uint64()),
        ("weight", pa.int32()),
        ("amount", pa.int64()),  # words or tokens, as the mixture counts
    ]
)
NEEDED = ("id", "language", "language_script", "word_count")
OPTIONAL = (
    "token_count", "weight", "origin", "tier", "quality_score", "attributes", "doc_group_id",
)  # fmt: skip
MOST_COPIES = 1000


@dataclass(frozen=True)
class Task(BaseTask):
    """One file."""

    folder: StepFolder
    input: Input
    spec: Mix

    @property
    def name(self) -> str:
        return self.input.key


def run(task: Task) -> Counts:
    """Survey a file and commit it."""
    table, manifest = survey(task.input, task.spec)
    task.folder.store.write_table(task.folder.file(f"{task.name}.parquet"), table)
    task.folder.commit(task.name, manifest)
    return {"documents": len(table)}


class Surveyed(TypedDict):
    """The manifest of a file."""

    cells: Cells
    """In the order of their numbers."""
    groups: list[list[int]]
    """Rows and bytes of text of each row group."""
    uncounted: int
    """Documents without tokens, where these are counted."""


def survey(input: Input, spec: Mix) -> tuple[pa.Table, Surveyed]:
    """The table of a file, and its manifest."""
    numbers: dict[Cell, int] = {}
    parts, sizes, groups, uncounted = [], [], [], 0
    for documents, text_bytes in _row_groups(input):
        n = len(documents)
        groups.append([n, text_bytes])
        if not n:
            continue
        names = ["word_count", "token_count"]
        words, tokens = (pc.fill_null(documents[c], 0).to_numpy().astype(np.int64) for c in names)
        amounts = tokens if spec.unit == "tokens" else words
        weights = np.ones(n, np.int64)
        if spec.use_weights:
            weights = pc.fill_null(documents["weight"], 1).to_numpy().astype(np.int64)
            weights = np.clip(weights, 0, MOST_COPIES)
        cells, own = _cells(documents, input, spec)
        if spec.unit == "tokens":
            uncounted += int(
                (own >= 0).sum() - pc.is_valid(documents["token_count"]).to_numpy()[own >= 0].sum()
            )
        columns = (
            np.ones(n, np.int64),
            weights,
            words,
            tokens,
            amounts * weights,
            weights * (text_bytes // n),
        )
        inside = own >= 0
        totals = [
            np.bincount(own[inside], c[inside], len(cells)).astype(np.int64).tolist()
            for c in columns
        ]
        sizes.append({cell: Size(*size) for cell, *size in zip(cells, *totals, strict=True)})
        for cell in cells:
            numbers.setdefault(cell, len(numbers))
        place = np.array([numbers[cell] for cell in cells] + [-1], np.int32)
        parts.append(
            pa.table(
                [
                    place[own],
                    ranks(documents["id"].to_pylist(), spec.seed, "xxh3"),
                    weights.astype(np.int32),
                    amounts,
                ],
                schema=SURVEY,
            )
        )
    total = added(sizes)
    manifest: Surveyed = {
        "cells": as_json({cell: total[cell] for cell in numbers}),
        "groups": groups,
        "uncounted": uncounted,
    }
    return pa.concat_tables(parts) if parts else SURVEY.empty_table(), manifest


def _row_groups(input: Input) -> Iterator[tuple[pa.Table, int]]:
    """The columns of each row group, those that the file lacks null, and about how many bytes its texts have."""
    with input.store.open(input.file) as file:
        parquet = pq.ParquetFile(file)
        schema = parquet.schema_arrow
        there = [name for name in (*NEEDED, *OPTIONAL) if name in schema.names]
        text = parquet.metadata.schema.names.index("text")
        for number in range(parquet.num_row_groups):
            table = parquet.read_row_group(number, columns=there, use_threads=False)
            table = pa.table(
                {
                    name: table[name].cast(CORPUS.field(name).type)
                    if name in there
                    else pa.nulls(len(table), CORPUS.field(name).type)
                    for name in (*NEEDED, *OPTIONAL)
                }
            )
            yield table, parquet.metadata.row_group(number).column(text).total_uncompressed_size


def _cells(documents: pa.Table, input: Input, spec: Mix) -> tuple[list[Cell], np.ndarray]:
    """The cells that occur, and the number of each document's among them, -1 where no source takes it."""
    columns = {
        "label": pc.fill_null(
            pc.binary_join_element_wise(documents["language"], documents["language_script"], "_"),
            UNKNOWN,
        ),
        "origin": pc.fill_null(documents["origin"], "web"),
        "tier": pc.fill_null(documents["tier"], ""),
        "attributes": _attributes(documents["attributes"], spec.attributes),
    }
    codes = np.full(len(documents), -1, np.int64)
    for number, name in reversed(list(enumerate(input.sources))):
        taken = _taken(spec.sources[name], documents, columns)
        if labels := input.renderings[number]:
            taken &= _chosen(documents, columns, labels, spec.seed)
        codes[taken] = number
    outside = codes < 0
    values: list[list[str]] = [list(input.sources)]
    for column in columns.values():
        encoded = pa.chunked_array(column).combine_chunks().dictionary_encode()
        values.append(encoded.dictionary.to_pylist())
        codes = codes * len(values[-1]) + encoded.indices.to_numpy()
    codes[outside] = -1
    distinct, own = np.unique(codes, return_inverse=True)
    cells = []
    for code in distinct[distinct >= 0]:
        key = []
        for choices in reversed(values):
            code, place = divmod(int(code), len(choices))
            key.append(choices[place])
        attributes, tier, origin, label, source = key
        named = tuple(json.loads(attributes)) if spec.attributes else ()
        cells.append(Cell(source, label, origin, tier, named))
    return cells, own - int((distinct < 0).any())


def _attributes(said: pa.ChunkedArray, names: list[str]) -> pa.ChunkedArray:
    """The values of the attributes that make groups, as a JSON list."""
    if not names:
        return pa.chunked_array([pa.repeat("", len(said))])
    encoded = said.combine_chunks().dictionary_encode(null_encoding="encode")
    own = [json.loads(text) if text else {} for text in encoded.dictionary.to_pylist()]
    texts = pa.array(
        [json.dumps([found.get(name) or "" for name in names]) for found in own], pa.string()
    )
    return pa.chunked_array([texts.take(encoded.indices)])


def _taken(source: Source, documents: pa.Table, columns: dict[str, pa.ChunkedArray]) -> np.ndarray:
    """bool[n]: which documents a source takes."""
    inside = np.ones(len(documents), bool)
    for wanted, name in (
        (source.labels, "label"),
        (source.origins, "origin"),
        (source.tiers, "tier"),
    ):
        if wanted is not None:
            inside &= pc.is_in(columns[name], pa.array(wanted, pa.string())).to_numpy()
    if source.min_quality is not None:
        good = pc.greater_equal(documents["quality_score"], source.min_quality)
        inside &= pc.fill_null(good, False).to_numpy()
    if source.attributes:
        inside &= have_attributes(documents["attributes"], source.attributes)
    return inside


def _chosen(
    documents: pa.Table,
    columns: dict[str, pa.ChunkedArray],
    labels: Sequence[str],
    seed: int,
) -> np.ndarray:
    """bool[n]: which documents are native, or the one rendering of theirs among those into `labels`."""
    groups = documents["doc_group_id"]
    choice = (ranks(groups.to_pylist(), seed, "xxh3") % np.uint64(len(labels))).astype(np.int64)
    own = pc.index_in(columns["label"], pa.array(labels, pa.string()))
    is_own = pc.fill_null(own, -1).to_numpy() == choice
    return is_own | pc.is_null(groups).to_numpy() | ~pc.equal(columns["origin"], "mt").to_numpy()
