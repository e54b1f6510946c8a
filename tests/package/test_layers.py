"""Folders import downwards: libraries know nothing of files and recipes, and no folder imports itself in a circle."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("audit", "dedup", "filters", "language_id", "pipeline", "recipes", "translation")
MAY_IMPORT = {
    "language_id": set(),
    "filters": {"language_id"},
    "dedup": {"filters"},
    "translation": {"filters", "language_id"},
    "audit": {"filters", "language_id"},
    "recipes": set(),
}


def room(path: Path) -> str:
    """The folder of a module; of pipeline/, the folder inside, and of its steps each one's own."""
    parts = path.parts
    depth = 1 if parts[0] != "pipeline" else 3 if parts[:2] == ("pipeline", "steps") else 2
    folders = parts[:depth]
    while not (ROOT / Path(*folders)).is_dir():
        folders = folders[:-1]
    return "/".join(folders)


def imports(file: Path) -> Iterator[str]:
    """The rooms that a module imports from."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("polysieve."):
            for alias in node.names:
                path = Path(*f"{node.module}.{alias.name}".split(".")[1:])
                if path.parts[0] in FOLDERS:
                    yield room(path)


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    """Room -> rooms that it imports from."""
    found: dict[str, set[str]] = {}
    for folder in FOLDERS:
        for file in (ROOT / folder).rglob("*.py"):
            own = room(file.relative_to(ROOT))
            found.setdefault(own, set()).update(set(imports(file)) - {own})
    return found


def test_no_rooms_import_each_other_in_a_circle(graph) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_the_libraries_import_no_more_than_they_may(graph, folder: str) -> None:
    assert graph.get(folder, set()) <= MAY_IMPORT[folder]
