"""What several tests of runs read."""

import json
from pathlib import Path

import pytest

from tools.sample_crawl.articles import WRITTEN

PAGES = [
    path.read_text("utf-8").split("=====")
    for path in sorted(WRITTEN.glob("*.txt"))
    if path.stem in ("eng_Latn", "tha_Thai", "amh_Ethi", "hin_Deva", "kor_Hang", "yor_Latn")
]


@pytest.fixture
def pages(tmp_path) -> Path:
    """A JSONL file of real prose in six scripts."""
    lines = [
        json.dumps({"text": article.split("\n\n", 1)[1], "id": f"{i}-{j}"}, ensure_ascii=False)
        for i, articles in enumerate(PAGES)
        for j, article in enumerate(articles)
        if "\n\n" in article.strip()
    ]
    path = tmp_path / "in" / "pages.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path
