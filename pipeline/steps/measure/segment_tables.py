"""The three tables of a segment: documents/, signals/, bands/, row-aligned, sorted by label, id and record number."""

from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters import parameters as language_parameters
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.measure.manifest import LabelRange, Segment
from polysieve.pipeline.steps.units import label_slices
from polysieve.pipeline.storage.ledger import StepFolder

ROW_GROUP_BYTES = 8 * 2**20
LEVEL = 1  # of zstd: the tables are read back a few times and then deleted, so speed counts for more than size
OWN_ROW_GROUP = 2_000  # a label with this many rows in a segment shares no row group with another
TABLES = ("documents", "signals", "bands")
Pending: TypeAlias = dict[str, list[pa.RecordBatch]]  # by table: what has not been written


def write_segment(folder: StepFolder, name: str, pending: Pending, recipe: Recipe) -> Segment:
    """Write a segment's three tables and empty `pending`; returns the segment's entry in the manifest."""
    tables: dict[str, pa.Table] = {}
    for table, batches in pending.items():
        # In one piece, for `take` would put the pieces together anew each time, and only once in memory.
        tables[table] = pa.Table.from_batches(batches).combine_chunks()
        batches.clear()
    keys = tables["documents"].select(["label", "id", "record"])
    order = pc.sort_indices(
        keys, sort_keys=[("label", "ascending"), ("id", "ascending"), ("record", "ascending")]
    )
    sizes = tables["documents"]["text_bytes"].take(order).to_numpy()
    ranges = _label_ranges(tables["documents"]["label"].take(order), sizes, recipe)
    groups = _row_groups(sizes, ranges)
    for table in TABLES:
        path = folder.file(f"{table}/{name}.parquet")
        folder.store.write_table(path, tables[table], groups, level=LEVEL, order=order)
    return {
        "name": name,
        "rows": len(order),
        "text_bytes": int(sizes.sum()),
        "labels": ranges,
    }


def _label_ranges(labels: pa.ChunkedArray, sizes: np.ndarray, recipe: Recipe) -> list[LabelRange]:
    """For each label in order: its first row, its rows, its bytes of text, the stop list that was counted."""
    return [
        {
            "label": label,
            "start": start,
            "rows": stop - start,
            "text_bytes": int(sizes[start:stop].sum()),
            "stop_list": language_parameters.stop_list_hash(
                language_parameters.for_label(label, recipe.parameters.folder).stopwords
            ),
        }
        for label, start, stop in label_slices(labels)
    ]


def _row_groups(sizes: np.ndarray, ranges: list[LabelRange]) -> list[int]:
    """Rows of each row group: about ROW_GROUP_BYTES of text; a large label begins and ends its own."""
    groups: list[int] = []
    rows = size = 0

    def close() -> None:
        nonlocal rows, size
        if rows:
            groups.append(rows)
        rows = size = 0

    for entry in ranges:
        large = entry["rows"] >= OWN_ROW_GROUP
        if large:
            close()
        for row in range(entry["start"], entry["start"] + entry["rows"]):
            rows += 1
            size += int(sizes[row])
            if size >= ROW_GROUP_BYTES:
                close()
        if large:
            close()
    close()
    return groups
