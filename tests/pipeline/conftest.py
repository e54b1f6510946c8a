"""What several tests of runs read."""

import json
from pathlib import Path

import pytest

from tests.pipeline.prose import PROSE


@pytest.fixture
def pages(tmp_path) -> Path:
    """A JSONL file of real prose in six scripts."""
    lines = [
        json.dumps({"text": article.split("\n\n", 1)[1], "id": f"{i}-{j}"}, ensure_ascii=False)
        for i, articles in enumerate(PROSE)
        for j, article in enumerate(articles)
        if "\n\n" in article.strip()
    ]
    path = tmp_path / "in" / "pages.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path
