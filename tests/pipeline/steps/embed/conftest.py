"""The encoder and the crawl of the tests of vectors."""

import json
from pathlib import Path

import pytest

from polysieve.filters.quality import encoders
from tests.filters.quality.made_text import prose
from tests.pipeline.steps.embed.words import SCRIPTS, Words


@pytest.fixture
def encoder(monkeypatch) -> Words:
    made = Words()
    monkeypatch.setattr(encoders, "load", lambda name, device="cpu": made)
    monkeypatch.setattr(encoders, "loaded_bytes", lambda name: 0)
    monkeypatch.setattr(encoders, "libraries", lambda name: made.libraries)
    return made


@pytest.fixture
def crawl(tmp_path) -> Path:
    """120 English pages, every second one good, and ten in each of three scripts."""
    rows = [
        {"id": f"{i}", "text": f"{prose(('good', 'bad')[i % 2], 500 + i, 8)} Page {i}."}
        for i in range(120)
    ]
    for label, text in SCRIPTS.items():
        rows += [{"id": f"{label}-{i}", "text": f"{text} {text} {i}"} for i in range(10)]
    folder = tmp_path / "crawl"
    folder.mkdir()
    for shard in range(2):
        lines = [json.dumps(row) for row in rows[shard::2]]
        (folder / f"{shard}.jsonl").write_text("\n".join(lines) + "\n")
    return folder
