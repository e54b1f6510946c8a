"""Tiny folders of what steps measured and found, of documents written down in a test."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from polysieve.filters import signals
from polysieve.pipeline.recipe.clustering import MinHash
from polysieve.pipeline.steps.index.build import build_index
from polysieve.pipeline.steps.labels import Label, labels_of
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.schema import CLUSTERS, DOCUMENTS, bands_schema
from polysieve.pipeline.storage.store import Store

LABEL = "eng_Latn"
MINHASH = MinHash(bands=2, rows=4, verify=0.4, split_over=None)
INDEX = "index.parquet"

Document = Mapping[str, Any]
"""Columns of a document; what is left out is null, its own content, or a signature like no other's.

`content`: a number, equal for equal words; `signature`: eight letters, four to a band."""


def folder(root: Path, step: str) -> StepFolder:
    return StepFolder(Store(str(root)), step, "0" * 16)


def measured(root: Path, segments: Mapping[str, Sequence[Document]]) -> StepFolder:
    """A folder of measured segments, and beside it their index, INDEX; an input has one segment."""
    found = folder(root, "measure")
    number = 0
    for segment, documents in segments.items():
        ordered = sorted(documents, key=lambda one: one.get("label", LABEL))
        write(found, segment, ordered, number)
        number += len(ordered)
        labels = [one.get("label", LABEL) for one in ordered]
        ranges = [
            {
                "label": label,
                "start": labels.index(label),
                "rows": labels.count(label),
                "text_bytes": 0,
                "stop_list": "",
            }
            for label in dict.fromkeys(labels)
        ]
        address = f"{segment}.warc"
        found.commit(
            segment, {"address": address, "segments": [{"name": segment, "labels": ranges}]}
        )
    index = build_index(found, list(segments))
    found.store.write_table(INDEX, index)
    return found


def write(
    measure: StepFolder,
    segment: str,
    documents: Sequence[Document],
    first: int = 0,
    schema: pa.Schema = DOCUMENTS,
) -> None:
    """The tables of one segment. first: the number of the first document, which tells its content from others'."""
    filled = [
        {"id": f"{first + n}", "label": LABEL, "language_score": 1.0, "text_bytes": 10, **one}
        for n, one in enumerate(documents)
    ]
    columns = {f.name: pa.array([d.get(f.name) for d in filled], f.type) for f in schema}
    tables = {"documents": pa.table(columns, schema=schema)}
    counted = [{"word_count": 100, **one} for one in filled]
    counted = [{"plain_word_count": one["word_count"], **one} for one in counted]
    columns = {f.name: pa.array([d.get(f.name) for d in counted], f.type) for f in signals.SCHEMA}
    tables["signals"] = pa.table(columns, schema=signals.SCHEMA)
    content = [d.get("content", 1000 + first + n) for n, d in enumerate(filled)]
    given = [d.get("signature") for d in filled]
    signatures = [(one or "\0" * 8).encode() for one in given]
    columns = {
        "content_0": np.array(content, np.uint64),
        "content_1": np.array(content, np.uint64),
        "has_shingles": [one is not None for one in given],
        "signature": signatures,
    }
    for band in range(2):
        keys = [int.from_bytes(s[4 * band : 4 * band + 4], "big") for s in signatures]
        columns[f"band_{band}"] = np.array(keys, np.uint64)
    names = bands_schema(2, 8)
    tables["bands"] = pa.table([columns[name] for name in names.names], schema=names)
    for name, table in tables.items():
        measure.store.write_table(measure.file(f"{name}/{segment}.parquet"), table)


def labels(measure: StepFolder, names: Sequence[str] = (LABEL,)) -> list[Label]:
    return labels_of(measure, INDEX, names)


def clustered(
    root: Path, clusters: Sequence[int], contents: Sequence[int] | None = None
) -> StepFolder:
    """The clusters of a unit, `unit-00000`: of each document the first of its cluster, and of its content."""
    found = folder(root, "clusters")
    cluster = np.array(clusters, np.int64)
    columns = {"cluster_id": cluster, "content_id": np.array(contents or clusters, np.int64)}
    n = len(cluster)
    arrays = [columns.get(f.name, pa.nulls(n, f.type)) for f in CLUSTERS]
    table = pa.table(arrays, schema=CLUSTERS)
    found.store.write_table(found.file("unit-00000.parquet"), table)
    found.commit("unit-00000", {})
    return found


def window(step: StepFolder, columns: Mapping[str, pa.Array], number: int = 0) -> StepFolder:
    """A window's file of a step of `unit-00000`."""
    name = step.file(f"unit-00000-{number:05d}.parquet")
    step.store.write_table(name, pa.table(dict(columns)))
    return step
