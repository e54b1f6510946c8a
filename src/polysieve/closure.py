"""What a module of this package is made of: the modules that importing it may reach, their data files, and a hash of
both.

Imports are read from the sources, not from a running interpreter: nothing is imported, and an import inside a
function, which may not have happened yet, counts as well. Of a module counts what it does: comments, docstrings and
the layout of its source do not. Of a package count its data files too: all files in its folder and in folders inside
that are not packages, but for Python's own, prose (`.md`) and hidden ones.

Reading all sources takes a second or two. A wheel brings what was read when it was built (`freeze`), with a hash of
the source that each entry was read from, so that an entry is used for that very source alone.
"""

import ast
import hashlib
import json
import sys
from collections.abc import Iterator
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import NamedTuple

PACKAGE = __name__.partition(".")[0]
FROZEN = "closure.json"
"""The file beside this one, in a wheel, of what was read when it was built: name -> source, code, mentions."""
NO_DATA = (".py", ".pyc", ".pyi", ".md", ".typed")


class _Module(NamedTuple):
    """What is read from a module's source."""

    source: str
    """A hash of the source as it is."""
    code: str
    """A hash of what it does."""
    mentions: list[str]
    """Full names in this package that its imports mention: modules, and what is taken out of them."""


def modules(name: str) -> list[str]:
    """The modules of this package that importing `name` may reach, itself and the packages around it among them.

    name: a module by its full name. Returns full names, sorted. Raises ModuleNotFoundError for a module that does
    not exist.
    """
    if _spec(name) is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    reached: set[str] = set()
    ahead = [name]
    while ahead:
        module = ahead.pop()
        if module not in reached:
            reached.add(module)
            ahead += _direct(module)
    return sorted(reached)


@cache
def source_hash(name: str) -> str:
    """16 hexadecimal digits of a hash of what `modules(name)` do and of their data files, by name; where they are
    installed is no part of it. Raises ModuleNotFoundError for a module that does not exist."""
    digest = hashlib.sha256()
    for module in modules(name):
        digest.update(f"{module} {_module(module).code} {_data_hash(module)}\n".encode())
    return digest.hexdigest()[:16]


def data_files(package: str) -> list[Path]:
    """The data files of a package (a module by its full name), sorted; none for a module that is no package."""
    spec = _spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return sorted(file for folder in folders for file in _data_below(Path(folder)))


def freeze() -> None:
    """Write what is read from all modules in the folder of this one to FROZEN, which the building of a wheel does."""
    folder = Path(__file__).parent
    read = {}
    for file in sorted(folder.rglob("*.py")):
        parts = (PACKAGE, *file.relative_to(folder).with_suffix("").parts)
        name = ".".join(parts[:-1] if file.name == "__init__.py" else parts)
        read[name] = _read(name, file.read_bytes())
    (folder / FROZEN).write_text(json.dumps(read, indent=0), "utf-8")


@cache
def _spec(name: str) -> ModuleSpec | None:
    """Where a module lies, as the import system would find it, without importing the packages around it."""
    parent = name.rpartition(".")[0]
    within = _spec(parent) if parent else None
    if parent and (within is None or within.submodule_search_locations is None):
        return None
    path = within.submodule_search_locations if within else None
    for finder in sys.meta_path:
        if found := finder.find_spec(name, path):
            return found
    return None


@cache
def _frozen() -> dict[str, _Module]:
    try:
        text = (Path(__file__).parent / FROZEN).read_text("utf-8")
    except FileNotFoundError:
        return {}
    return {name: _Module(*entry) for name, entry in json.loads(text).items()}


@cache
def _module(name: str) -> _Module:
    """What a module's source holds; that of a folder without `__init__.py` is empty."""
    spec = _spec(name)
    source = Path(spec.origin).read_bytes() if spec and spec.has_location and spec.origin else b""
    frozen = _frozen().get(name)
    return frozen if frozen and frozen.source == _hash(source) else _read(name, source)


def _read(name: str, source: bytes) -> _Module:
    tree = ast.parse(source)
    mentions: set[str] = set()
    for node in ast.walk(tree):
        mentions.update(_mentioned(name, node))
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [statement for statement in body if not _is_text(statement)]  # type: ignore[attr-defined]
    return _Module(_hash(source), _hash(ast.unparse(tree).encode()), sorted(mentions))


def _is_text(statement: ast.stmt) -> bool:
    """Whether a statement is nothing but a string, as docstrings are."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


@cache
def _direct(name: str) -> tuple[str, ...]:
    """The modules of this package that a module's source imports, and the package around it."""
    found = {mentioned for mentioned in _module(name).mentions if _spec(mentioned)}
    if parent := name.rpartition(".")[0]:
        found.add(parent)
    return tuple(sorted(found))


def _mentioned(name: str, node: ast.AST) -> Iterator[str]:
    """Names in this package that an import in the module `name` mentions; none for a node that is no import."""
    if isinstance(node, ast.Import):
        named = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        origin = _absolute(name, node)
        named = [origin, *(f"{origin}.{alias.name}" for alias in node.names)]
    else:
        return
    yield from (mentioned for mentioned in named if f"{mentioned}.".startswith(f"{PACKAGE}."))


def _absolute(name: str, node: ast.ImportFrom) -> str:
    """The module that `from … import` names, where dots before it stand for packages around the module `name`."""
    if not node.level:
        return node.module or ""
    spec = _spec(name)
    is_package = spec is not None and spec.submodule_search_locations is not None
    around = name.split(".")
    around = around[: len(around) - node.level + is_package]
    return ".".join([*around, *([node.module] if node.module else [])])


@cache
def _data_hash(package: str) -> str:
    """A hash of the names and contents of a package's data files."""
    digest = hashlib.sha256()
    for file in data_files(package):
        digest.update(f"{file.name} {_hash(file.read_bytes())}\n".encode())
    return digest.hexdigest()


def _data_below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith((".", "__pycache__")) or path.name == FROZEN:
            continue
        if path.is_dir():
            if not (path / "__init__.py").exists():
                yield from _data_below(path)
        elif path.suffix not in NO_DATA:
            yield path


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
