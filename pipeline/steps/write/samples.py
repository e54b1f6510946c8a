"""A few documents per language and reason for the report, chosen by a hash of their ids."""

from typing import TypedDict

import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters.sampling import least, ranks

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
    reasons = [reason or "kept" for reason in head["filter_reason"].to_pylist()]
    rows: dict[str, list[int]] = {reason: [] for reason in reasons}
    for row in least(ranks(head["id"].to_pylist(), seed), HEAD).tolist():
        of_reason = rows[reasons[row]]
        if len(of_reason) < PER_REASON:
            of_reason.append(row)
    documents = head.select(COLUMNS).take([row for group in rows.values() for row in group])
    text = pc.utf8_slice_codeunits(documents["text"], 0, CHARACTERS)
    position = documents.column_names.index("text")
    found = iter(documents.set_column(position, "text", text).to_pylist())
    return {reason: [next(found) for _ in group] for reason, group in rows.items()}
