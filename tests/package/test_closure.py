"""What a module is made of is read from its imports (in functions, of packages around it, and relative ones) and from
the data files beside it."""

from pathlib import Path

import pytest

from polysieve import closure
from tests.package import small

FILES = {
    "near/__init__.py": "from polysieve.near import names\n",
    "near/names.py": "NAME = 'a'\n",
    "near/work.py": "import json\n\ndef work():\n    from polysieve.far.table import SIZE\n    return SIZE\n",
    "near/README.md": "Prose.\n",
    "near/assets/deep/list.tsv": "one\n",
    "near/apart.py": "from . import names\nfrom .work import work\n",
    "far/table.py": "import polysieve.far.sizes\nSIZE = polysieve.far.sizes.SIZE\n",
    "far/sizes.py": "SIZE = 1\n",
    "far/weights.npz": "1 -2 3\n",
    "far/inner/__init__.py": "",
    "far/inner/page/style.css": "a {}\n",
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
    ("changed", "added", "counts"),
    [
        ("near/work.py", "MORE = 1\n", True),
        ("near/__init__.py", "MORE = 1\n", True),
        ("far/sizes.py", "MORE = 1\n", True),
        ("far/sizes.py", "# more\n", False),
        ("far/sizes.py", '"""More."""\n', False),
        ("near/apart.py", "MORE = 1\n", False),
        ("far/unused.py", "MORE = 1\n", False),
        ("far/weights.npz", "4\n", True),
        ("near/assets/deep/list.tsv", "two\n", True),
        ("near/assets/new.tsv", "two\n", True),
        ("near/README.md", "More prose.\n", False),
        ("far/inner/page/style.css", "b {}\n", False),
    ],
)
def test_the_hash_changes_with_what_is_reached(
    tmp_path: Path, changed: str, added: str, counts: bool
) -> None:
    package = small.package(tmp_path, FILES, "closure.py")
    hashed = "source_hash('polysieve.near.work')"
    before = ask(tmp_path, hashed)
    with open(package / changed, "a") as file:
        file.write(added)
    assert (ask(tmp_path, hashed) != before) == counts


def test_what_is_frozen_is_used_for_the_very_source_that_it_was_read_from(tmp_path: Path) -> None:
    package = small.package(tmp_path, FILES, "closure.py")
    hashed = "source_hash('polysieve.near.work')"
    before = ask(tmp_path, hashed)
    ask(tmp_path, "freeze()")
    assert ask(tmp_path, hashed) == before

    frozen = package / "closure.json"
    frozen.write_text(frozen.read_text().replace("polysieve.far.table", "polysieve.far.unused"))
    assert "polysieve.far.unused" in ask(tmp_path, "modules('polysieve.near.work')")

    with open(package / "near/work.py", "a") as file:
        file.write("# more\n")
    assert "polysieve.far.unused" not in ask(tmp_path, "modules('polysieve.near.work')")
    assert ask(tmp_path, hashed) == before


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
