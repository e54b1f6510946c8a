"""What a module is made of is read from its imports: in functions, of packages around it, and relative ones."""

from pathlib import Path

import pytest

from polysieve import closure
from tests.package import small

FILES = {
    "near/__init__.py": "from polysieve.near import names\n",
    "near/names.py": "NAME = 'a'\n",
    "near/work.py": "import json\n\ndef work():\n    from polysieve.far.table import SIZE\n    return SIZE\n",
    "near/apart.py": "from . import names\nfrom .work import work\n",
    "far/table.py": "import polysieve.far.sizes\nSIZE = polysieve.far.sizes.SIZE\n",
    "far/sizes.py": "SIZE = 1\n",
    "far/unused.py": "raise RuntimeError\n",
}


def ask(folder: Path, expression: str) -> str:
    return small.run(folder, f"from polysieve.closure import *; print({expression})")


def test_imports_are_followed_into_functions_and_packages(tmp_path: Path) -> None:
    small.package(tmp_path, FILES, "closure.py")
    assert ask(tmp_path, "*modules('polysieve.near.work')").split() == [
        "polysieve",
        "polysieve.far",
        "polysieve.far.sizes",
        "polysieve.far.table",
        "polysieve.near",
        "polysieve.near.names",
        "polysieve.near.work",
    ]


def test_relative_imports_are_followed(tmp_path: Path) -> None:
    small.package(tmp_path, FILES, "closure.py")
    direct = "set(modules('polysieve.near.apart')) - set(modules('polysieve.near.work'))"
    assert ask(tmp_path, direct) == "{'polysieve.near.apart'}"
    assert ask(tmp_path, "'polysieve.far.sizes' in modules('polysieve.near.apart')") == "True"


@pytest.mark.parametrize(
    ("changed", "is_reached"),
    [
        ("near/work.py", True),
        ("near/__init__.py", True),
        ("far/sizes.py", True),
        ("near/apart.py", False),
        ("far/unused.py", False),
    ],
)
def test_the_hash_changes_with_what_is_reached(
    tmp_path: Path, changed: str, is_reached: bool
) -> None:
    package = small.package(tmp_path, FILES, "closure.py")
    hashed = "source_hash('polysieve.near.work')"
    before = ask(tmp_path, hashed)
    with open(package / changed, "a") as file:
        file.write("# more\n")
    assert (ask(tmp_path, hashed) != before) == is_reached


def test_the_hash_is_the_same_wherever_the_package_lies(tmp_path: Path) -> None:
    for place in ("here", "there"):
        small.package(tmp_path / place, FILES, "closure.py")
    hashed = "source_hash('polysieve.near.work')"
    assert ask(tmp_path / "here", hashed) == ask(tmp_path / "there", hashed)


def test_modules_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"polysieve\.nowhere"):
        closure.modules("polysieve.nowhere")


def test_the_installed_package_reaches_kernels_from_the_command_line() -> None:
    reached = closure.modules("polysieve.pipeline.cli")
    assert {
        "polysieve.filters.words",
        "polysieve.language_id.text",
        "polysieve.dedup.edges",
    } <= set(reached)
