"""What the step measure says of an input."""

from typing import TypedDict


class Measured(TypedDict):
    """The manifest of an input."""

    address: str
    size: int
    segments: list["Segment"]
    records_read: int
    records_skipped: dict[str, int]
    """Reason -> records."""
    quarantined: int
    """Documents in quarantine."""
    documents_split: int
    """Documents that came of splitting by language, beyond the first of each record."""
    language_model: str
    """The hash of the model."""
    unreadable: bool
    """Whether no record could be read."""
    quarantine_rows: int
    """Rows of the input's quarantine file, damaged records among them; there is no file where there are none."""


class Segment(TypedDict):
    """A segment of an input: three row-aligned tables of that name."""

    name: str
    rows: int
    text_bytes: int
    labels: list["LabelRange"]


class LabelRange(TypedDict):
    """The rows of a label in a segment."""

    label: str
    start: int
    rows: int
    text_bytes: int
    stop_list: str | None
    """The hash of the stop words that were counted; None where there are none."""
