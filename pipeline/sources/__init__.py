"""Inputs: addresses resolved, files of any known type read as records. See docs/sources.md."""

from polysieve.pipeline.sources.addresses import resolve
from polysieve.pipeline.sources.model import (
    MAX_RECORD_BYTES,
    SKIP_REASONS,
    Damaged,
    Document,
    InputError,
    Record,
    Retries,
    Skipped,
    Source,
    SourceError,
)
from polysieve.pipeline.sources.reading import read_records

__all__ = [
    "MAX_RECORD_BYTES",
    "SKIP_REASONS",
    "Damaged",
    "Document",
    "InputError",
    "Record",
    "Retries",
    "Skipped",
    "Source",
    "SourceError",
    "read_records",
    "resolve",
]
