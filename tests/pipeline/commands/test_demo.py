"""The demo's inputs: files of the package, whose times are those of the installation."""

import os
from pathlib import Path

from polysieve.pipeline.commands.runs import of_package
from polysieve.pipeline.commands.shared import recipe_of


def test_the_sample_crawl_is_told_by_what_it_holds_and_not_by_when_it_was_installed(
    tmp_path: Path,
) -> None:
    file = tmp_path / "pages.wet.gz"

    def keys() -> list[str]:
        return [s.key for s in of_package(recipe_of("minimal", []), f"{tmp_path}/*.gz")]

    file.write_bytes(b"one")
    first = keys()
    os.utime(file, (1, 1))
    assert keys() == first
    file.write_bytes(b"two")
    assert keys() != first
