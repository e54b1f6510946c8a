"""Who may import whom: folders by the order that CONTRIBUTING.md gives, and no module in a circle."""

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
BY_FOLDER = [
    ["closure"],
    ["compiling"],
    ["language_id"],
    ["filters"],
    ["dedup", "translation", "audit"],
    ["pipeline.storage", "pipeline.extract", "pipeline.recipe", "pipeline.sources"],
    ["pipeline.engines"],
    ["pipeline.texts"],
    ["pipeline.steps", "pipeline.index"],
    ["pipeline.run"],
    ["pipeline.mixing", "pipeline.inspection", "pipeline.fitting"],
    ["pipeline.commands"],
    ["pipeline.cli"],
    ["__main__"],
]
"""Lower ones first; those of one line know nothing of each other, but for steps and the index that they add to."""
LEVEL = {name: level for level, names in enumerate(BY_FOLDER) for name in names}
TOGETHER = {"pipeline.steps", "pipeline.index"}


@cache
def modules() -> dict[str, ast.Module]:
    """The package's modules by name below `polysieve`."""
    found = {}
    for folder in ("src/polysieve", *{name.partition(".")[0] for name in LEVEL}):
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            parts = parts[2:] if parts[0] == "src" else parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if name:
                found[name] = ast.parse(path.read_text("utf-8"))
    return found


def imported(tree: ast.Module) -> set[str]:
    """The modules that a module imports at any place."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("polysieve"):
            below = node.module.removeprefix("polysieve").removeprefix(".")
            for alias in node.names:
                inner = f"{below}.{alias.name}".removeprefix(".")
                names.add(inner if inner in modules() else below)
        elif isinstance(node, ast.Import):
            named = [a.name.partition(".") for a in node.names]
            names.update(rest for first, _, rest in named if first == "polysieve" and rest)
    return names


def folder_of(module: str) -> str:
    return ".".join(module.split(".")[: 2 if module.startswith("pipeline.") else 1])


def test_no_folder_imports_one_above_it() -> None:
    wrong = []
    for module, tree in modules().items():
        here = folder_of(module)
        for other in imported(tree):
            there = folder_of(other)
            if here == there or {here, there} == TOGETHER or here not in LEVEL:
                continue
            if LEVEL[there] >= LEVEL[here]:
                wrong.append(f"{module} imports {other}")
    assert wrong == []
    assert {folder_of(module) for module in modules()} - {"pipeline", "recipes"} == set(LEVEL)


def test_no_modules_import_each_other_in_a_circle() -> None:
    # An import inside a function may lead back: language_id/__init__.py opens its models so.
    graph = {}
    for module, tree in modules().items():
        outside = [s for s in tree.body if not isinstance(s, ast.FunctionDef | ast.ClassDef)]
        graph[module] = imported(ast.Module(outside, [])) - {module}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle
