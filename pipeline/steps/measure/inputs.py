"""Read every page of one input once, measure it, and store the measurements beside the text.

The unit is a segment: the documents of one input, in order, up to `output.segment_bytes` of text. A
segment is written as three row-aligned Parquet files (documents/, signals/, bands/), its rows sorted by
label, id and record number. The manifest of an input names its segments with the row range of each
label, its quarantine file, and its counts; it is written last.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters.sampling import ranks
from polysieve.pipeline import sources
from polysieve.pipeline.engines.engine import Counts
from polysieve.pipeline.engines.isolation import Crashed, isolated
from polysieve.pipeline.sources import Damaged, Document, Retries, Skipped, Source
from polysieve.pipeline.steps.measure import languages
from polysieve.pipeline.steps.measure.batches import (
    MeasuredBatch,
    Quarantined,
    measure_batch,
    quarantined_row,
)
from polysieve.pipeline.steps.measure.manifest import Measured, Segment
from polysieve.pipeline.steps.measure.segment_tables import TABLES, Pending, write_segment
from polysieve.pipeline.steps.step import Task
from polysieve.pipeline.storage.schema import QUARANTINE

BATCH_BYTES = 4 * 2**20
BATCH_DOCUMENTS = 2_000
LONG_BATCH_BYTES = 4 * BATCH_BYTES


@dataclass(frozen=True)
class Input(Task):
    """One input to measure."""

    source: Source
    careful: bool = False
    """Process each batch in a process of its own, so that a record which kills it is found."""

    @property
    def name(self) -> str:
        return self.source.key

    @property
    def title(self) -> str:
        return self.source.address

    def with_care(self) -> "Input":
        return replace(self, careful=True)


@dataclass
class RecordCounts:
    """What became of the records of an input, so far as the step measure knows."""

    records_read: int = 0
    records_skipped: Counter[str] = field(default_factory=Counter)
    quarantined: int = 0
    split: int = 0
    """Documents that came of splitting by language, beyond the first of each record."""


def run(task: Input) -> Counts:
    """Measure one input and commit its manifest. Returns the counts for the progress display.

    Raises sources.SourceError where the input cannot be read for a reason that a rerun may cure.
    """
    key, recipe, source = task.name, task.recipe, task.source
    counts = RecordCounts()
    quarantine: list[Quarantined] = []
    segments: list[Segment] = []
    pending: Pending = {table: [] for table in TABLES}
    pending_bytes = 0

    def flush() -> None:
        nonlocal pending_bytes
        if pending["documents"]:
            segments.append(
                write_segment(task.folder, f"{key}-{len(segments):04d}", pending, recipe)
            )
            pending_bytes = 0
            pa.default_memory_pool().release_unused()  # else it is kept beside what comes next

    for batch in _batches(_readable(task, counts, quarantine)):
        # Segments are cut between batches and from the input alone. What is pending stays below segment_bytes, and
        # a batch of one very long document finds nothing pending, since to measure it takes several times its size.
        size = sum(len(document.payload) for document in batch)
        if size > LONG_BATCH_BYTES or pending_bytes + size > recipe.output.segment_bytes:
            flush()
        for measured in _measure(batch, task):
            quarantine += measured.quarantined
            counts.quarantined += len(measured.quarantined)
            counts.split += measured.added
            if measured.documents.num_rows:
                for table in TABLES:
                    pending[table].append(getattr(measured, table))
                pending_bytes += pc.sum(measured.documents["text_bytes"]).as_py()
            del measured
        for document in batch:  # generators still hold the documents
            document.payload = b""
        if size > LONG_BATCH_BYTES:  # written before the next one is read
            flush()
    flush()
    if quarantine:
        rows = sorted(quarantine, key=lambda r: (r["record"], r["offset"]))
        task.folder.store.write_table(
            task.folder.file(f"quarantine/{key}.parquet"), pa.Table.from_pylist(rows, QUARANTINE)
        )
    manifest: Measured = {
        "address": source.address,
        "size": source.size,
        "segments": segments,
        "records_read": counts.records_read,
        "records_skipped": dict(sorted(counts.records_skipped.items())),
        "quarantined": counts.quarantined,
        "documents_split": counts.split,
        "language_model": languages.model(recipe.language).hash,
        "unreadable": counts.records_read > 0
        and counts.records_read == counts.records_skipped["damaged"],
        "quarantine_rows": len(quarantine),
    }
    task.folder.commit(key, manifest)
    documents = sum(segment["rows"] for segment in segments)
    return {
        "documents": documents + counts.quarantined,
        "text_bytes": sum(segment["text_bytes"] for segment in segments),
        "records_skipped": manifest["records_skipped"],
        "quarantined": counts.quarantined,
    }


def _readable(
    task: Input, counts: RecordCounts, quarantine: list[Quarantined]
) -> Iterator[Document]:
    """The input's documents; skipped and damaged records are counted on the way."""
    settings = task.recipe.input
    records = sources.read_records(
        task.source,
        max_record_bytes=settings.max_record_bytes,
        retries=Retries(settings.retries),
        storage_options=settings.storage_options,
    )
    taken = 0
    for record in records:
        if isinstance(record, Damaged):
            quarantine.append(
                quarantined_row(task.source, record, record.cause, record.is_document)
            )
            counts.records_read += 1
            if record.is_document:
                counts.quarantined += 1
            else:
                counts.records_skipped["damaged"] += 1
        elif isinstance(record, Skipped):
            counts.records_read += 1
            counts.records_skipped[record.reason] += 1
        elif not _sampled(record.id, settings.sample, task.recipe.seed):
            counts.records_read += 1
            counts.records_skipped["not_sampled"] += 1
        else:
            counts.records_read += 1
            yield record
            taken += 1
            if taken == settings.limit:
                return


def _sampled(id: str, share: float | None, seed: int) -> bool:
    if share is None:
        return True
    return int(ranks([id], seed)[0]) < share * 2**64


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(document.payload)
        if size >= BATCH_BYTES or len(batch) >= BATCH_DOCUMENTS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _measure(batch: list[Document], task: Input) -> Iterator[MeasuredBatch]:
    """Measurements of a batch; in careful mode the documents that kill a process are quarantined."""
    if not task.careful:
        yield measure_batch(batch, task.source, task.recipe)
        return
    for result in isolated(measure_batch, batch, task.source, task.recipe):
        if isinstance(result, Crashed):
            row = quarantined_row(task.source, result.item, result.cause, True)
            empty = measure_batch([], task.source, task.recipe)
            yield MeasuredBatch(empty.documents, empty.signals, empty.bands, [row])
        else:
            yield result
