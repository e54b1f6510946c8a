"""Kernels are compiled before a run starts: those that it needs, with a sign of how far that is."""

from pathlib import Path

import pytest

from polysieve.compiling import kernel
from polysieve.pipeline.engines.watch import Watch
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.run import warm
from polysieve.pipeline.sources import Source
from polysieve.pipeline.storage.store import Store


def names(recipe: Recipe, *addresses: str) -> list[str]:
    return [name for name, _ in warm.groups(recipe, [Source(a, 0, "") for a in addresses])]


@pytest.mark.parametrize(
    ("address", "has_pages"),
    [
        ("/in/CC-MAIN-1.warc.gz", True),
        ("/in/CC-MAIN-1.warc.wet.gz", False),
        ("/in/documents.jsonl", False),
        ("/in/documents.jsonl.zst", False),
        ("s3://bucket/part-0.parquet", False),
        ("/in/unknown", True),
    ],
)
def test_inputs_of_text_need_no_kernels_for_pages(address: str, has_pages: bool) -> None:
    assert ("pages" in names(Recipe(), address)) == has_pages
    assert "pages" in names(Recipe(), address, "/in/CC-MAIN-2.warc.gz")


def test_what_the_recipe_leaves_out_is_not_compiled() -> None:
    full = Recipe.model_validate({"dedup": {"containment": {}}, "host_lines": {}})
    bare = Recipe.model_validate({"dedup": {"minhash": None}})
    assert set(names(full)) - set(names(bare)) == {"clusters", "containment", "host lines"}


@kernel
def doubled(x):
    return 2 * x


def test_progress_is_shown_once_something_is_compiled(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    chosen = [("integers", lambda: doubled(1)), ("floats", lambda: doubled(1.0))]
    for expected in (["compiling", "integers: 1/2", "floats: 2/2"], []):
        with Watch(Store(str(tmp_path))).preparation("compiling", 2) as (started, ready):
            warm.compile_kernels(chosen, started, ready)
        assert capfd.readouterr().err.splitlines() == expected
