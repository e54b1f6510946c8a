"""What several tests of runs read."""

import json
from pathlib import Path

import pytest

from tests.pipeline.prose import PROSE
from tests.pipeline.runs import run_sample


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


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory) -> Path:
    """The output of `fineweb2` over the sample crawl; tests read it and change nothing in it."""
    folder = tmp_path_factory.mktemp("sample") / "out"
    run_sample(folder)
    return folder
