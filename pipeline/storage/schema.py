"""The columns of every table that a run writes."""

import pyarrow as pa

from polysieve.filters.pii import ANNOTATIONS

CORPUS_VERSION = "4"

# What a reader of corpus/ and removed/ sees; new columns are only appended. `removed/` has
# filter_reason besides.
CORPUS = pa.schema(
    [
        ("text", pa.large_string()),
        ("id", pa.string()),
        ("dump", pa.string()),
        ("url", pa.string()),
        ("date", pa.string()),
        ("file_path", pa.string()),
        ("language", pa.string()),
        ("language_score", pa.float64()),
        ("language_script", pa.string()),
        ("top_langs", pa.string()),
        ("minhash_cluster_size", pa.int64()),
        ("weight", pa.int32()),
        ("offset", pa.int64()),
        ("token_count", pa.int64()),
        ("word_count", pa.int64()),
        ("quality_score", pa.float64()),
        ("origin", pa.string()),
        ("source_id", pa.string()),
        ("source_language", pa.string()),
        ("doc_group_id", pa.string()),
        ("engine", pa.string()),
        ("segment_status", pa.string()),
        ("title", pa.string()),
        # Personal data that the recipe annotates: kind, first code point of `text`, the one after the last.
        ("pii", ANNOTATIONS),
        # What the models of an ensemble said: JSON object model -> label, and the share of their weight that is for
        # another label than the document's; null with a single model.
        ("language_votes", pa.string()),
        ("language_disagreement", pa.float64()),
        # JSON object label -> share of bytes, of a document whose passages were identified; null where none were.
        ("language_shares", pa.string()),
        # Lines that recur on the document's host and were taken out of `text`; null where the recipe takes none out,
        # and in removed/, where texts keep their lines.
        ("lines_removed", pa.int64()),
        # Of models (docs/quality.md): low, mid or high by `quality_score`; JSON objects score -> number and
        # attribute -> label; names of scores that the document fails without being removed for it, with commas; the
        # benchmark that it holds passages of. Null where no model was asked, or none had an answer.
        ("tier", pa.string()),
        ("model_scores", pa.string()),
        ("attributes", pa.string()),
        ("flags", pa.string()),
        ("contaminated", pa.string()),
        # What an HTML page says of itself: `lang` of <html>, rel=canonical, date of publication (ISO 8601), address of
        # its licence; null where it does not say, and for other records.
        ("html_language", pa.string()),
        ("canonical_url", pa.string()),
        ("published", pa.string()),
        ("licence", pa.string()),
    ],
    metadata={"polysieve_schema": CORPUS_VERSION},
)
REMOVED = CORPUS.append(pa.field("filter_reason", pa.string()))

# measure-*/documents: a row per document of a segment, sorted by label, id and record number.
# `prefilter_reason` is set for what leaves before identification: a URL reason or `empty_text`.
DOCUMENTS = pa.schema(
    [
        ("text", pa.large_string()),
        ("id", pa.string()),
        ("dump", pa.string()),
        ("url", pa.string()),
        ("date", pa.string()),
        ("title", pa.string()),
        ("label", pa.string()),
        ("language_score", pa.float64()),
        ("top_langs", pa.string()),
        ("offset", pa.int64()),
        ("record", pa.int64()),
        ("text_bytes", pa.int64()),
        ("prefilter_reason", pa.string()),
        ("language_votes", pa.string()),
        ("language_disagreement", pa.float64()),
        ("language_shares", pa.string()),
        ("html_language", pa.string()),
        ("canonical_url", pa.string()),
        ("published", pa.string()),
        ("licence", pa.string()),
    ]
)

QUARANTINE = pa.schema(
    [
        ("file_path", pa.string()),
        ("offset", pa.int64()),
        ("record", pa.int64()),
        ("id", pa.string()),
        ("url", pa.string()),
        ("is_document", pa.bool_()),
        ("cause", pa.string()),
    ]
)

# clusters-*: a row per document, singletons too. `content_id` is the cluster_id-like number of the
# first document with the same normalised words; `kept` is the member that stands for the cluster when no
# language cut has been applied.
CLUSTERS = pa.schema(
    [
        ("id", pa.string()),
        ("file_path", pa.string()),
        ("offset", pa.int64()),
        ("cluster_id", pa.int64()),
        ("cluster_size", pa.int64()),
        ("kept", pa.bool_()),
        ("label", pa.string()),
        ("content_id", pa.int64()),
    ]
)

# decisions-*: a row per document, aligned with clusters-*. `outcome` is kept, removed or duplicate;
# `reason` is null where kept.
DECISIONS = pa.schema(
    [
        ("outcome", pa.dictionary(pa.int8(), pa.string())),
        ("reason", pa.dictionary(pa.int16(), pa.string())),
        ("minhash_cluster_size", pa.int64()),
        ("weight", pa.int32()),
    ]
)

UNKNOWN = "und_Zzzz"


def parquet_rows(table: pa.Table, group_bytes: int = 16 * 2**20) -> list[int]:
    """Rows of each row group, so that a group holds about `group_bytes` of the table."""
    per_row = max(1, table.nbytes // max(1, table.num_rows))
    rows = max(1, group_bytes // per_row)
    return [min(rows, table.num_rows - start) for start in range(0, table.num_rows, rows)]


def bands_schema(bands: int, signature_bytes: int) -> pa.Schema:
    """measure-*/bands: content hash, band keys and the signature's low bytes, row-aligned with documents/.

    `has_shingles` is false where a document has no word; its band keys are zero and mean nothing.
    """
    fields = [("content_0", pa.uint64()), ("content_1", pa.uint64())]
    if bands:
        fields.append(("has_shingles", pa.bool_()))
        fields += [(f"band_{b}", pa.uint64()) for b in range(bands)]
        fields.append(("signature", pa.binary(signature_bytes)))
    return pa.schema(fields)
