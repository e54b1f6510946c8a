"""What a module of this package is made of: the modules that importing it may reach, and a hash of their sources.

Imports are read from the sources, not from a running interpreter: nothing is imported, and an import inside a
function, which may not have happened yet, counts as well.
"""

import ast
import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path

PACKAGE = __name__.partition(".")[0]


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
    """A SHA-256 hash (hexadecimal) of the names and sources of `modules(name)`; where they are installed is no part
    of it."""
    digest = hashlib.sha256()
    for module in modules(name):
        source = _source(module)
        digest.update(f"{module} {len(source)}\n".encode() + source)
    return digest.hexdigest()


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
def _source(name: str) -> bytes:
    """A module's source; nothing for a folder without `__init__.py`."""
    spec = _spec(name)
    return Path(spec.origin).read_bytes() if spec and spec.has_location and spec.origin else b""


@cache
def _direct(name: str) -> tuple[str, ...]:
    """The modules of this package that a module's source imports, and the package around it."""
    found = {imported for imported in _imported(name) if _spec(imported)}
    if parent := name.rpartition(".")[0]:
        found.add(parent)
    return tuple(sorted(found))


def _imported(name: str) -> Iterator[str]:
    """Names in this package that a module's imports mention: modules, and what is taken out of them, which may be
    modules too."""
    for node in ast.walk(ast.parse(_source(name))):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute(name, node)
            named = [origin, *(f"{origin}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (module for module in named if f"{module}.".startswith(f"{PACKAGE}."))


def _absolute(name: str, node: ast.ImportFrom) -> str:
    """The module that `from … import` names, where dots before it stand for packages around the module `name`."""
    if not node.level:
        return node.module or ""
    spec = _spec(name)
    is_package = spec is not None and spec.submodule_search_locations is not None
    around = name.split(".")
    around = around[: len(around) - node.level + is_package]
    return ".".join([*around, *([node.module] if node.module else [])])
