"""A few documents per language and reason for the report, chosen by a hash of their ids."""

import hashlib
from typing import Any

import pyarrow.compute as pc

from pipeline.ledger import StepFolder

PER_REASON = 3
CHARACTERS = 600
COLUMNS = ["id", "url", "text", "language_score"]


def sample_documents(
    folder: StepFolder, details: dict[str, dict[str, Any]], seed: int
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """label -> reason (or "kept") -> documents, from the first shard of corpus/ and removed/ of each language."""
    samples: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for label in details:
        samples[label] = {}
        for kind in ("corpus", "removed"):
            name = folder.file(f"{kind}/{label}/train-00000.parquet")
            if not folder.store.exists(name):
                continue
            head = folder.store.read_columns(
                name, ["id", *(["filter_reason"] if kind == "removed" else [])], 0, 2_000
            )
            reasons = (
                head["filter_reason"].to_pylist() if kind == "removed" else ["kept"] * head.num_rows
            )
            chosen: dict[str, list[tuple[bytes, int]]] = {}
            for row, (id, reason) in enumerate(zip(head["id"].to_pylist(), reasons, strict=True)):
                key = hashlib.sha256(f"{seed}\0{id}".encode()).digest()
                chosen.setdefault(reason, []).append((key, row))
            present = [c for c in COLUMNS if kind == "corpus" or c in _columns(folder, name)]
            table = folder.store.read_columns(name, present, 0, 2_000)
            if "text" in present:
                cut = pc.utf8_slice_codeunits(table["text"], 0, CHARACTERS)
                table = table.set_column(table.column_names.index("text"), "text", cut)
            for reason, keys in sorted(chosen.items()):
                rows = [row for _, row in sorted(keys)[:PER_REASON]]
                samples[label][reason] = table.take(rows).to_pylist()
    return samples


def _columns(folder: StepFolder, name: str) -> list[str]:
    return folder.store.read_columns(name, None, 0, 0).column_names
