"""Measuring a batch of documents: extract, tell the language, count signals, sign for deduplication."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.dedup import exact, minhash
from polysieve.filters import parameters as language_parameters
from polysieve.filters import signals, words
from polysieve.filters.rules import RULES
from polysieve.filters.url import UrlFilter, ut1_lists
from polysieve.pipeline.extract import ExtractionError, Metadata, extract
from polysieve.pipeline.extract.charset import decode
from polysieve.pipeline.recipe import measuring
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.sources import Damaged, Document, Source
from polysieve.pipeline.steps.measure import languages
from polysieve.pipeline.steps.measure import signatures as signing
from polysieve.pipeline.storage.schema import DOCUMENTS, bands_schema
from polysieve.pipeline.texts import cleaning


class Quarantined(TypedDict):
    """A row of QUARANTINE."""

    file_path: str
    offset: int
    record: int
    id: str | None
    url: str | None
    is_document: bool
    cause: str


@dataclass
class MeasuredBatch:
    """A batch of documents with their measurements, row-aligned."""

    documents: pa.RecordBatch
    signals: pa.RecordBatch
    bands: pa.RecordBatch
    quarantined: list[Quarantined]
    added: int = 0
    """Rows that splitting by language made beyond one for each document."""


def quarantined_row(
    source: Source, record: Document | Damaged, cause: str, is_document: bool
) -> Quarantined:
    """A row of QUARANTINE."""
    return {
        "file_path": source.address,
        "offset": record.offset,
        "record": record.number,
        "id": record.id,
        "url": record.url,
        "is_document": is_document,
        "cause": cause,
    }


def measure_batch(batch: list[Document], source: Source, recipe: Recipe) -> MeasuredBatch:
    """Extract, identify and measure documents. A document's row depends on that document alone."""
    rows: list[Document] = []
    texts: list[str | bytes | None] = []
    said: list[Metadata] = []
    cuts: list[str | None] = []
    quarantined: list[Quarantined] = []
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
                quarantined.append(quarantined_row(source, document, f"extraction: {error}", True))
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
    return MeasuredBatch(documents, measured, bands, quarantined, found.added)


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


def needs_c4(recipe: Recipe) -> bool:
    """Whether one of the recipe's rules looks at a metric of C4's."""
    return any(RULES[name].metric in signals.C4_METRICS for name in recipe.column_rules)
