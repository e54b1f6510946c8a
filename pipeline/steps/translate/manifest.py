"""What the steps of translation say of their extents."""

from typing import NotRequired, TypedDict

from polysieve.pipeline.index.versions import Extents


class Chosen(TypedDict):
    """The manifest of a target's choice."""

    below: int
    """Ranks in buckets under it are chosen."""
    documents: int
    words: int
    windows: list[tuple[str, int, int, int, int]]
    """Source label, first row, row after the last, documents, words."""


class Spent(TypedDict):
    """What a window cost, as translation.documents.Ledger counts it."""

    segments: int
    distinct: int
    cache_hits: int
    source_characters: int
    target_characters: int
    seconds: float
    usage: dict[str, float]


class TranslatedWindow(TypedDict):
    """The manifest of a window."""

    source: str
    engine: list[dict[str, str]]
    """Engine, model and hash of each hop."""
    documents: int
    source_words: int
    target_words: int
    text_bytes: int
    statuses: dict[str, int]
    """Status -> segments."""
    ledger: Spent


class Indexed(TypedDict, total=False):
    """What is said where the run meets an index."""

    index: Extents | None
    """The extents of its table of translations, None where nothing changes."""


class Admitted(Indexed):
    """The manifest of the translations into a label; all but the first four only where there are any."""

    rows: int
    kept: int
    removed: dict[str, int]
    """Reason -> documents."""
    duplicates: int
    exact_duplicates: NotRequired[int]
    words: NotRequired[int]
    kept_words: NotRequired[int]
    text_bytes: NotRequired[int]
    kept_bytes: NotRequired[int]
    kept_sources: NotRequired[dict[str, int]]
    """Source label -> documents."""
