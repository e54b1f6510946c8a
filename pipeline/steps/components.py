"""The components of a unit's rows: equal contents, edges of shared band keys, their union, verification.

Three stages, each of which may be cut into tasks whose results are files: edges, by ranges of the keys;
their union, by merging forests; verification, by groups of whole components. What comes out
does not depend on the cuts. A unit whose rows fit into a task's memory goes through all of it in one call
(`find`), a larger one in tasks (`phases`).

A component before verification ("provisional") is what shared keys connect. Verification compares pairs
inside provisional components only, and all that share a key.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from dedup import components, edges
from filters import words
from pipeline.index import Earlier
from pipeline.ledger import StepFolder
from pipeline.recipe import Recipe
from pipeline.steps import signing
from pipeline.steps.population import Population, packed
from pipeline.steps.units import Rows, Unit

# Bytes a task holds per row of what it is cut by, measured with room to spare.
UNIT_BYTES = 400  # a whole unit
KEY_BYTES = 160  # a key of a partition
EDGE_BYTES = 64  # an edge of a merge
VERIFIED_BYTES = 600  # a row to verify
COMPARED_BYTES = 50_000  # a row to compare by its text
BLOCK = 1 << 20  # rows or edges that are taken at a time

EDGES = pa.schema([("a", pa.int64()), ("b", pa.int64())])


@dataclass(frozen=True)
class Found:
    """Of every row of a population: the first row with its content, and the first row of its component
    (int32 each, int64 beyond 2**31 rows)."""

    content: np.ndarray
    component: np.ndarray
    provisional: np.ndarray | None = None
    """The component before verification, where an index takes it."""


def find(population: Population, recipe: Recipe) -> Found:
    """The components of a population that fits into memory."""
    content = _numbers(population.count)
    if recipe.dedup.exact:
        first, later = population.equal_contents()
        content[later] = first
    settings = recipe.dedup.minhash
    if settings is None:
        return Found(content, content, content)
    members = content == np.arange(population.count)
    bits = packed(members)
    sets = components.UnionFind(population.count)
    for a, b in _known(population, "provisional"):
        sets.union_edges(a, b)
    for band in range(settings.bands):
        sets.union_edges(*star_edges(population, band, bits))
    provisional = sets.roots()
    component = provisional.copy()
    if settings.verify is not None:
        component = _before(population, provisional)
        rows = _to_verify(provisional, members, population.earlier)
        roots, others = verified_forest(population, recipe, rows)
        component[others] = roots
    return Found(content, _through(component, content), _through(provisional, content))


def _numbers(count: int) -> np.ndarray:
    return np.arange(count, dtype=components.narrow(count))


def _through(component: np.ndarray, content: np.ndarray) -> np.ndarray:
    """`component` with each document in the component of the first one with its content. Changes the array."""
    for start in range(0, len(component), BLOCK):
        own = slice(start, start + BLOCK)
        component[own] = component[content[own]]  # the first ones' entries stay what they are
    return component


def _before(population: Population, provisional: np.ndarray) -> np.ndarray:
    """The components that an index knows; a row's own where a document has come to its provisional component."""
    component = _numbers(population.count)
    if population.earlier:
        for roots, later in _known(population, "component"):
            component[later] = roots
        fresh = np.zeros(population.count, bool)
        fresh[provisional[population.earlier :]] = True
        again = np.flatnonzero(fresh[provisional[: population.earlier]])
        component[again] = again
    return component


def _known(population: Population, column: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(roots, rows) of an index's contents that are not the first of their component, over the population's rows."""
    if population.index is None:
        return
    base = first = 0
    for label in population.unit.labels:
        for part in population.index.parts(label, "components", [column]):
            roots = part[column].to_numpy() + base
            later = np.flatnonzero(roots != np.arange(first, first + len(roots)))
            yield roots[later], first + later
            first += len(roots)
        base = first


def star_edges(
    population: Population, band: int, members: np.ndarray, part: int = 0, parts: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """(a, b) over the population's rows: each member to the first with its key of the band."""
    keys, rows = population.band(band, members, part, parts)
    a, b = edges.band_edges(keys)
    return rows[a], rows[b]


def _to_verify(provisional: np.ndarray, members: np.ndarray, earlier: int) -> np.ndarray:
    """The rows of provisional components of two members or more, one of them a document that is new."""
    rows = np.flatnonzero(members)
    roots = provisional[rows]
    sizes = np.bincount(roots, minlength=len(provisional))
    fresh = np.zeros(len(provisional), bool)
    fresh[roots[rows >= earlier]] = True
    return rows[(sizes[roots] > 1) & fresh[roots]]


def verified_forest(
    population: Population, recipe: Recipe, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(root, row) of the verified components among ascending rows, which hold provisional components whole."""
    settings = recipe.dedup.minhash
    assert settings is not None and settings.verify is not None
    keys, low = population.take(rows)
    shingles = _shingles(population, recipe, rows) if settings.verify_by == "texts" else None
    sets = components.UnionFind(len(rows))
    for band in range(settings.bands):
        own = np.ascontiguousarray(keys[:, band])
        if shingles:
            sets.union_edges(*edges.compared_band_edges(own, *shingles, settings.verify))
        else:
            sets.union_edges(*edges.verified_band_edges(own, low, settings.verify))
    roots, others = sets.forest()
    return rows[roots], rows[others]


def _shingles(
    population: Population, recipe: Recipe, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    table = population.rows.take("documents", ["text", "label"], rows - population.earlier)
    texts = table["text"].combine_chunks()
    return signing.shingle_sets(texts, words.segment(texts, table["label"]), recipe.dedup)


@dataclass(frozen=True)
class Part:
    """A task of a unit that is too large for one: what it does, and which of how many."""

    folder: StepFolder
    measure: StepFolder
    index_file: str
    unit: Unit
    recipe: Recipe
    stage: str
    """`contents`, `band-<number>`, `merge-<level>`, `verify`."""
    number: int
    of: int
    inputs: tuple[str, ...] = ()
    """Of an edge task: the pieces of contents; of a merge: the pieces it takes; of a verification: the piece
    that holds the components."""
    index: Earlier | None = None

    @property
    def piece(self) -> str:
        return f"{self.unit.piece}-{self.stage}-{self.number:05d}-of-{self.of:05d}"

    def population(self) -> Population:
        rows = Rows.of(self.measure, self.index_file, self.unit.labels)
        return Population(rows, self.unit, self.recipe.dedup.minhash, self.index)


def is_large(unit: Unit, recipe: Recipe, earlier: int = 0) -> bool:
    """Whether a unit is cut into tasks."""
    settings = recipe.dedup.minhash
    by_texts = settings is not None and settings.verify_by == "texts"
    each = COMPARED_BYTES // 4 if by_texts else UNIT_BYTES  # about a quarter have copies
    return (unit.documents + earlier) * each > recipe.dedup.task_memory


def phases(
    start: Part,
) -> Iterator[tuple[str, Callable[[Part], dict[str, Any]], list[Part]]]:
    """(name, function, tasks) of the phases of a large unit; each is made when the one before is done.

    `start` holds what all tasks have in common. The last phase's pieces are `final_pieces`.
    """
    recipe, memory = start.recipe, start.recipe.dedup.task_memory
    count = start.population().count
    parts = max(1, -(-count * KEY_BYTES // memory))
    first = [replace(start, stage="contents", number=p, of=parts) for p in range(parts)]
    contents = tuple(task.piece for task in first) if recipe.dedup.exact else ()
    if recipe.dedup.exact:
        yield "contents", run_part, first
    settings = recipe.dedup.minhash
    if settings is None:
        return
    found = [
        replace(start, stage=f"band-{band:03d}", number=p, of=parts, inputs=contents)
        for band in range(settings.bands)
        for p in range(parts)
    ]
    yield "edges", run_part, found
    pieces = [task.piece for task in found]
    level = 0
    while True:
        groups = _groups(start, pieces, count)
        merges = [
            replace(start, stage=f"merge-{level}", number=n, of=len(groups), inputs=tuple(group))
            for n, group in enumerate(groups)
        ]
        yield f"merge {level}", run_part, merges
        pieces, level = [task.piece for task in merges], level + 1
        if len(pieces) == 1:
            break
    if settings.verify is not None:
        tasks = len(_manifest(start, pieces[0])["groups"])
        yield "verify", run_part, [
            replace(start, stage="verify", number=n, of=tasks, inputs=(pieces[0],))
            for n in range(tasks)
        ]  # fmt: skip


def _manifest(task: Part, piece: str) -> dict[str, Any]:
    manifest = task.folder.manifest(piece)
    assert manifest is not None
    return manifest


def _groups(task: Part, pieces: list[str], count: int) -> list[list[str]]:
    """Pieces to merge at once: all where an array over all rows fits into memory, else what edges fit."""
    memory = task.recipe.dedup.task_memory
    if _array_fits(count, memory):
        return [pieces]
    groups: list[list[str]] = []
    held = 0
    for piece in pieces:
        size = _manifest(task, piece)["edges"] * EDGE_BYTES
        # Two at least, or merging would not end.
        if groups and (held + size <= memory or len(groups[-1]) < 2):
            groups[-1].append(piece)
            held += size
        else:
            groups.append([piece])
            held = size
    return groups


def _array_fits(count: int, memory: int) -> bool:
    return 8 * count <= memory


def run_part(task: Part) -> dict[str, Any]:
    """Do one task and commit it."""
    kind = task.stage.partition("-")[0]
    population = task.population()
    extra: dict[str, Any] = {}
    if kind == "contents":
        a, b = population.equal_contents(task.number, task.of)
    elif kind == "band":
        band = int(task.stage.partition("-")[2])
        members = _members(task, population, task.inputs)
        a, b = star_edges(population, band, members, task.number, task.of)
    elif kind == "merge":
        a, b, extra = _merge(task, population)
    else:
        group = _manifest(task, task.inputs[0])["groups"][task.number]
        a, b = verified_forest(population, task.recipe, _group(task, population, *group))
    table = pa.table([a, b], schema=EDGES)
    task.folder.store.write_table(task.folder.file(f"{task.piece}/edges.parquet"), table)
    task.folder.commit(task.piece, {"edges": len(a), **extra})
    return {"edges": len(a)}


def edges_of(task: Part, pieces: Sequence[str]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The edges that pieces hold, BLOCK at most at a time."""
    for piece in pieces:
        file, count = task.folder.file(f"{piece}/edges.parquet"), _manifest(task, piece)["edges"]
        for start in range(0, count, BLOCK):
            table = task.folder.store.read_columns(file, None, start, start + BLOCK)
            yield table["a"].to_numpy(), table["b"].to_numpy()


def _members(task: Part, population: Population, contents: Sequence[str]) -> np.ndarray:
    """Packed bits: the rows whose content did not come before."""
    members = np.ones(population.count, bool)
    for _, later in edges_of(task, contents):
        members[later] = False
    return packed(members)


def _merge(task: Part, population: Population) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """The forest of some pieces; the last merge adds what the index knows, and cuts the work of verifying."""
    last = task.of == 1
    known = _known(population, "provisional") if last else iter(())
    found = chain(edges_of(task, task.inputs), known)
    if _array_fits(population.count, task.recipe.dedup.task_memory):
        sets = components.UnionFind(population.count)
        for a, b in found:
            sets.union_edges(a, b)
        roots, rows = sets.forest()
        del sets
    else:
        roots, rows = components.merged_forest(found)
    settings = task.recipe.dedup.minhash
    if not last or settings is None or settings.verify is None:
        return roots, rows, {}
    return roots, rows, {"groups": _groups_to_verify(task, population.earlier, roots, rows)}


def _groups_to_verify(
    task: Part, earlier: int, roots: np.ndarray, rows: np.ndarray
) -> list[tuple[int, int]]:
    """Ranges of the names of provisional components, each of which a task verifies."""
    settings = task.recipe.dedup.minhash
    by_texts = settings is not None and settings.verify_by == "texts"
    limit = task.recipe.dedup.task_memory // (COMPARED_BYTES if by_texts else VERIFIED_BYTES)
    names, later = np.unique(roots[_fresh(roots, rows, earlier)], return_counts=True)
    return [
        (int(names[first]), int(names[stop - 1]) + 1)
        for first, stop in components.component_ranges(later + 1, limit)
    ]


def _fresh(roots: np.ndarray, rows: np.ndarray, earlier: int) -> np.ndarray:
    """bool: the edges of a forest that belong to components with a document that is new."""
    if not earlier:
        return np.ones(len(roots), bool)
    return np.isin(roots, roots[rows >= earlier])


def _group(task: Part, population: Population, start: int, stop: int) -> np.ndarray:
    """The rows to verify, ascending, of the provisional components with names from `start` to before `stop`."""
    found = [(np.empty(0, np.int64),) * 2]
    for roots, rows in edges_of(task, task.inputs):
        inside = (roots >= start) & (roots < stop)
        found.append((roots[inside], rows[inside]))
    roots, rows = (np.concatenate(side) for side in zip(*found, strict=True))
    chosen = _fresh(roots, rows, population.earlier)
    return np.sort(np.concatenate([np.unique(roots[chosen]), rows[chosen]]))


def found_by_parts(start: Part, *, indexed: bool) -> Found:
    """What the phases of a large unit found, in 8 bytes a row, and 4 more for an index (8 and 4 more beyond
    2**31 rows)."""
    population = start.population()
    last: dict[str, list[Part]] = {}
    for _, _, tasks in phases(start):
        kind = tasks[0].stage.partition("-")[0] if tasks else "verify"
        last[kind] = tasks

    def forest(kind: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return edges_of(start, [task.piece for task in last.get(kind, ())])

    def filled(kind: str) -> np.ndarray:
        array = _numbers(population.count)
        for roots, rows in forest(kind):
            array[rows] = roots
        return array

    content = filled("contents")
    settings = start.recipe.dedup.minhash
    if settings is None:
        return Found(content, content, content)
    provisional = filled("merge") if indexed or settings.verify is None else None
    if settings.verify is None:
        assert provisional is not None
        component = provisional.copy() if indexed else provisional
    else:
        component = (
            _numbers(population.count) if provisional is None else _before(population, provisional)
        )
        for roots, rows in forest("verify"):
            component[rows] = roots
    if not indexed:
        return Found(content, _through(component, content))
    assert provisional is not None
    return Found(content, _through(component, content), _through(provisional, content))
