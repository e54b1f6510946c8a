"""Step A: read every page of one input once, measure it, and store the measurements beside the text.

The unit is a segment: the documents of one input, in order, up to `output.segment_bytes` of text. A
segment is written as three row-aligned Parquet files (documents/, signals/, bands/), its rows sorted by
label, id and record number. The manifest of an input names its segments with the row range of each
label, its quarantine file, and its counts; it is written last.
"""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup import exact, minhash
from filters import parameters as language_parameters
from filters import signals, words
from filters.rules import RULES
from filters.url import UrlFilter, ut1_lists
from pipeline import cleaning, sources
from pipeline.extract import ExtractionError, Metadata, extract
from pipeline.extract.charset import decode
from pipeline.isolation import Crashed, survivors
from pipeline.ledger import StepFolder
from pipeline.recipe import Recipe, measuring
from pipeline.schema import DOCUMENTS, QUARANTINE, bands_schema
from pipeline.sources import Damaged, Document, Retries, Skipped, Source
from pipeline.steps import languages, signing
from pipeline.steps.units import label_slices

BATCH_BYTES = 4 * 2**20
BATCH_DOCUMENTS = 2_000
LONG_BATCH_BYTES = 4 * BATCH_BYTES
ROW_GROUP_BYTES = 8 * 2**20
LEVEL = 1  # of zstd: the tables are read back a few times and then deleted, so speed counts for more than size
OWN_ROW_GROUP = 2_000  # a label with this many rows in a segment shares no row group with another


@dataclass(frozen=True)
class Task:
    """One input to measure."""

    folder: StepFolder
    source: Source
    recipe: Recipe
    careful: bool = False
    """Process each batch in a process of its own, so that a record which kills it is found."""

    @property
    def piece(self) -> str:
        return input_key(self.source)


def input_key(source: Source) -> str:
    """16 hexadecimal digits that stand for an input's address and content (size and etag)."""
    text = "\0".join((source.address, str(source.size), source.etag))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass
class Counts:
    """What became of the records of an input, so far as A knows."""

    records_read: int = 0
    records_skipped: Counter[str] = field(default_factory=Counter)
    quarantined: int = 0
    split: int = 0
    """Documents that came of splitting by language, beyond the first of each record."""


@dataclass
class Measured:
    """A batch of documents with their measurements, row-aligned."""

    documents: pa.RecordBatch
    signals: pa.RecordBatch
    bands: pa.RecordBatch
    quarantined: list[dict[str, Any]]
    added: int = 0
    """Rows that splitting by language made beyond one for each document."""


TABLES = ("documents", "signals", "bands")
Pending: TypeAlias = dict[str, list[pa.RecordBatch]]  # by table: what has not been written


def run(task: Task) -> dict[str, Any]:
    """Measure one input and commit its manifest. Returns the counts for the progress display.

    Raises sources.SourceError where the input cannot be read for a reason that a rerun may cure.
    """
    key, recipe, source = task.piece, task.recipe, task.source
    counts = Counts()
    quarantine: list[dict[str, Any]] = []
    segments: list[dict[str, Any]] = []
    pending: Pending = {table: [] for table in TABLES}
    pending_bytes = 0

    def flush() -> None:
        nonlocal pending_bytes
        if pending["documents"]:
            segments.append(_write_segment(task, f"{key}-{len(segments):04d}", pending))
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
    manifest = {
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


def _readable(task: Task, counts: Counts, quarantine: list[dict[str, Any]]) -> Iterator[Document]:
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
            quarantine.append(_quarantined(task.source, record, record.cause, record.is_document))
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
    digest = hashlib.sha256(f"{seed}\0{id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def _quarantined(
    source: Source, record: Document | Damaged, cause: str, is_document: bool
) -> dict[str, Any]:
    return {
        "file_path": source.address,
        "offset": record.offset,
        "record": record.number,
        "id": record.id,
        "url": record.url,
        "is_document": is_document,
        "cause": cause,
    }


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


def _measure(batch: list[Document], task: Task) -> Iterator[Measured]:
    """Measurements of a batch; in careful mode the documents that kill a process are quarantined."""
    if not task.careful:
        yield measure_batch(batch, task.source, task.recipe)
        return
    for result in survivors(measure_batch, batch, task.source, task.recipe):
        if isinstance(result, Crashed):
            row = _quarantined(task.source, result.item, result.cause, True)
            empty = measure_batch([], task.source, task.recipe)
            yield Measured(empty.documents, empty.signals, empty.bands, [row])
        else:
            yield result


def measure_batch(batch: list[Document], source: Source, recipe: Recipe) -> Measured:
    """Extract, identify and measure documents. A document's row depends on that document alone."""
    rows: list[Document] = []
    texts: list[str | bytes | None] = []
    said: list[Metadata] = []
    cuts: list[str | None] = []
    quarantined: list[dict[str, Any]] = []
    blocked = (
        url_filter(lists).blocked([d.url for d in batch], lists.soft_word_count)
        if (lists := recipe.url_filter)
        else [None] * len(batch)
    )
    for document, reason in zip(batch, blocked, strict=True):
        text: str | bytes | None = None
        metadata = Metadata()
        if reason is None:
            try:
                text, metadata = main_text(document, recipe.extract)
            except ExtractionError as error:
                quarantined.append(_quarantined(source, document, f"extraction: {error}", True))
                continue
            if not text:
                text, reason = "", "empty_text"
        rows.append(document)
        texts.append(text)
        said.append(metadata)
        cuts.append(reason)

    column = pa.array(texts, pa.large_binary()).view(pa.large_string())
    column = cleaning.before_measuring(column, recipe.clean)
    filled = pc.fill_null(column, "")
    cut = pa.array(cuts, pa.string())
    cut = pc.if_else(pc.and_(pc.is_null(cut), pc.equal(filled, "")), "empty_text", cut)
    found = languages.identify(filled, pc.is_null(cut), recipe.language)
    if found.rows is not None:  # documents that were split have several rows
        column, cut = column.take(found.rows), cut.take(found.rows)
        column = pc.if_else(found.is_part, found.texts, column)
        filled = found.texts
        chosen = found.rows.to_pylist()
        rows, said = [rows[i] for i in chosen], [said[i] for i in chosen]

    measured, bands = measure_texts(filled, found.labels, recipe)
    measured = _with_column(measured, "main_language_share", found.main_share)
    documents = pa.RecordBatch.from_arrays(
        [
            column,
            pa.array([d.id for d in rows], pa.string()),
            pa.array([d.dump for d in rows], pa.string()),
            pa.array([d.url for d in rows], pa.string()),
            pa.array([d.date for d in rows], pa.string()),
            pa.array([m.title for m in said], pa.string()),
            found.labels,
            found.scores,
            found.candidates,
            pa.array([d.offset for d in rows], pa.int64()),
            pa.array([d.number for d in rows], pa.int64()),
            pc.binary_length(filled).cast(pa.int64()),
            cut,
            found.votes,
            found.disagreement,
            found.shares,
            pa.array([m.language for m in said], pa.string()),
            pa.array([m.canonical_url for m in said], pa.string()),
            pa.array([m.published for m in said], pa.string()),
            pa.array([m.licence for m in said], pa.string()),
        ],
        schema=DOCUMENTS,
    )
    return Measured(documents, measured, bands, quarantined, found.added)


def measure_texts(
    texts: pa.Array,
    labels: pa.Array,
    recipe: Recipe,
    stop_words: Mapping[str, signals.StopWords | None] | None = None,
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Signals and bands of n texts whose labels are known, from one segmentation into words.

    stop_words: those of each label; None: those of the recipe's folder.
    """
    tokens = words.segment(texts, labels)
    stop_words = _stop_words(recipe, labels) if stop_words is None else stop_words
    return signals.measure(texts, tokens, stop_words, with_c4=needs_c4(recipe)), _bands(
        texts, tokens, recipe
    )


def main_text(document: Document, settings: measuring.Extract) -> tuple[str | bytes, Metadata]:
    """Main text, as a string or as UTF-8, of a record, and what it says of itself. Raises ExtractionError."""
    if document.kind == "html":
        page = extract(
            document.payload,
            content_type=document.content_type,
            url=document.url,
            engine=settings.engine,
            form=settings.form,
            comments=settings.comments,
        )
        return page.text, page.metadata
    if document.decoded:
        return _stripped(document.payload.replace(b"\0", b"")), Metadata()
    text, _ = decode(document.payload, document.content_type, html=False)
    return text.replace("\0", "").strip(), Metadata()


def _stripped(data: bytes) -> bytes:
    """`str.strip` of UTF-8, decoding no more than the ends unless there is white space beyond ASCII to strip."""
    data = data.strip()
    ends = data[:4].decode("utf-8", "ignore")[:1], data[-4:].decode("utf-8", "ignore")[-1:]
    if any(character.isspace() for character in ends):
        return data.decode("utf-8").strip().encode("utf-8")
    return data


def _with_column(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    return batch.set_column(batch.schema.get_field_index(name), name, column)


_URL_FILTERS: dict[str, UrlFilter] = {}


def url_filter(lists: measuring.UrlFilter) -> UrlFilter:
    """The recipe's lists of addresses, loaded once per process. Raises ValueError for one that is not there."""
    key = lists.model_dump_json()
    if key not in _URL_FILTERS:
        given = lists.model_dump(include={"domains", "urls", "words", "soft_words", "subwords"})
        if lists.ut1:
            for kind, files in ut1_lists(lists.ut1, lists.categories).items():
                given[kind] += files
        _URL_FILTERS[key] = UrlFilter.load(**given)
    return _URL_FILTERS[key]


_STOP_WORDS: dict[tuple[str | None, str], signals.StopWords | None] = {}


def _stop_words(recipe: Recipe, labels: pa.Array) -> dict[str, signals.StopWords | None]:
    """The stop words of each label that occurs, where the parameters have any."""
    folder = recipe.parameters.folder
    found = {}
    for label in pc.unique(labels).to_pylist():
        key = (folder, label)
        if key not in _STOP_WORDS:
            values = language_parameters.for_label(label, folder)
            _STOP_WORDS[key] = signals.StopWords.of(values.stopwords) if values.stopwords else None
        found[label] = _STOP_WORDS[key]
    return found


def _bands(texts: pa.Array, tokens: words.Words, recipe: Recipe) -> pa.RecordBatch:
    by = signing.compared(tokens, recipe.dedup)
    content = exact.content_hashes(*by, tokens.buffer, tokens.text_offsets)
    for i in np.flatnonzero(tokens.text_ends < tokens.text_offsets[1:]):
        _add_rest(content[i], tokens.buffer[tokens.text_ends[i] : tokens.text_offsets[i + 1]])
    arrays: list[Any] = [content[:, 0], content[:, 1]]
    settings = recipe.dedup.minhash
    if settings is None:
        return pa.RecordBatch.from_arrays([pa.array(a) for a in arrays], schema=bands_schema(0, 0))
    parameters = signing.parameters(settings)
    signatures = signing.signatures(texts, tokens, by, recipe.dedup)
    has_shingles = minhash.has_shingles(signatures)
    keys = minhash.band_keys(signatures, parameters)
    keys[~has_shingles] = 0
    low = minhash.low_bytes(signatures)
    width = low.shape[1]
    arrays.append(has_shingles)
    arrays += [np.ascontiguousarray(keys[:, band]) for band in range(settings.bands)]
    columns = [pa.array(a) for a in arrays]
    columns.append(
        pa.Array.from_buffers(
            pa.binary(width), len(low), [None, pa.py_buffer(np.ascontiguousarray(low))]
        )
    )
    return pa.RecordBatch.from_arrays(columns, schema=bands_schema(settings.bands, width))


def _add_rest(content: np.ndarray, rest: np.ndarray) -> None:
    """Change a content hash by the bytes that no word was made of, for documents of a length that none has.

    Its lowest bit, the kind of the hash, stays.
    """
    digest = hashlib.blake2b(rest.data, digest_size=16).digest()
    content ^= np.frombuffer(digest, np.uint64) & np.array([~np.uint64(1), ~np.uint64(0)])


def _write_segment(task: Task, name: str, pending: Pending) -> dict[str, Any]:
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
    ranges = _label_ranges(tables["documents"]["label"].take(order), sizes, task.recipe)
    groups = _row_groups(sizes, ranges)
    for table in TABLES:
        path = task.folder.file(f"{table}/{name}.parquet")
        task.folder.store.write_table(path, tables[table], groups, level=LEVEL, order=order)
    return {
        "name": name,
        "rows": len(order),
        "text_bytes": int(sizes.sum()),
        "labels": ranges,
    }


def _label_ranges(
    labels: pa.ChunkedArray, sizes: np.ndarray, recipe: Recipe
) -> list[dict[str, Any]]:
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


def _row_groups(sizes: np.ndarray, ranges: list[dict[str, Any]]) -> list[int]:
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


# Keys of dedup.minhash that change no signature.
NOT_SIGNED = {"verify", "verify_by", "split_over", "threshold"}


def needs_c4(recipe: Recipe) -> bool:
    """Whether one of the recipe's rules looks at a metric of C4's."""
    return any(RULES[name].metric in signals.C4_METRICS for name in recipe.column_rules)


def recipe_keys(recipe: Recipe) -> dict[str, Any]:
    """The keys of the recipe that A reads, but for the parameters' stop words."""
    minhash_settings = recipe.dedup.minhash
    return {
        "input": recipe.input.model_dump(include={"max_record_bytes", "limit", "sample"}),
        "seed": recipe.seed if recipe.input.sample else None,
        "url_filter": recipe.url_filter and recipe.url_filter.model_dump(),
        "extract": recipe.extract.model_dump(),
        "repaired": recipe.clean.encoding == "measured",
        "c4": needs_c4(recipe),
        "language": recipe.language.model_dump(exclude={"cut"}),
        "normalise": recipe.dedup.normalise.model_dump(),
        "minhash": minhash_settings and minhash_settings.model_dump(exclude=NOT_SIGNED),
        "segment_bytes": recipe.output.segment_bytes,
    }


def depends_on(recipe: Recipe) -> dict[str, Any]:
    """What A's fingerprint holds: keys of the recipe, and hashes of the models and lists they name."""
    lists, folder = recipe.url_filter, recipe.parameters.folder
    return {
        **recipe_keys(recipe),
        "url_filter": [url_filter(lists).hash, lists.soft_word_count] if lists else None,
        "language_model": languages.model(recipe.language).hash,
        "stop_words": language_parameters.stop_words_hash(folder) if folder else None,
        "libraries": _library_versions(recipe),
    }


def _library_versions(recipe: Recipe) -> dict[str, str]:
    """Versions of what A's output rests on: a new release may extract, identify or class otherwise."""
    names = ["resiliparse", "pycld2", "icu4py", "charset-normalizer"]
    if recipe.extract.engine.startswith("trafilatura"):
        names.append("trafilatura")
    found = {"unicode": unicodedata.unidata_version, **{name: version(name) for name in names}}
    return found | cleaning.versions(recipe.clean, "measured")
