"""A few documents per language and reason for the report, chosen by a hash of their ids."""

import hashlib
from typing import TypedDict

import pyarrow as pa
import pyarrow.compute as pc

PER_REASON = 3
CHARACTERS = 600
HEAD = 2_000  # documents of a shard that are looked at
COLUMNS = ["id", "url", "text", "language_score"]


class Sample(TypedDict):
    """A document that the report shows."""

    id: str | None
    url: str | None
    text: str | None
    language_score: float | None


def sample(table: pa.Table, seed: int) -> dict[str, list[Sample]]:
    """Reason (or "kept") -> documents, of a table with the columns of `removed/`."""
    head = table.slice(0, HEAD)
    chosen: dict[str, list[tuple[bytes, int]]] = {}
    reasons = head["filter_reason"].to_pylist()
    for row, (id, reason) in enumerate(zip(head["id"].to_pylist(), reasons, strict=True)):
        key = hashlib.sha256(f"{seed}\0{id}".encode()).digest()
        chosen.setdefault(reason or "kept", []).append((key, row))
    rows = {
        reason: [row for _, row in sorted(keys)[:PER_REASON]] for reason, keys in chosen.items()
    }
    documents = head.select(COLUMNS).take([row for group in rows.values() for row in group])
    text = pc.utf8_slice_codeunits(documents["text"], 0, CHARACTERS)
    position = documents.column_names.index("text")
    found = iter(documents.set_column(position, "text", text).to_pylist())
    return {reason: [next(found) for _ in group] for reason, group in rows.items()}
