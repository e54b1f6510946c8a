"""The components of a unit's rows: equal contents, edges of shared band keys, their union, verification.

Three stages, each of which may be cut into tasks whose results are files: edges, by ranges of the keys;
their union, by merging forests; verification, by groups of whole components. What comes out
does not depend on the cuts. A unit whose rows fit into a task's memory goes through all of it in one call
(`find`), a larger one in tasks (`phases`).

A component before verification ("provisional") is what shared keys connect. Verification compares pairs
inside provisional components only, and all that share a key.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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

EDGES = pa.schema([("a", pa.int64()), ("b", pa.int64())])


@dataclass(frozen=True)
class Found:
    """Of every row of a population, the first row with its content, and the first row of its component before
    and after verification (int64 each)."""

    content: np.ndarray
    provisional: np.ndarray
    component: np.ndarray


def find(population: Population, recipe: Recipe) -> Found:
    """The components of a population that fits into memory."""
    count = population.count
    content = np.arange(count)
    if recipe.dedup.exact:
        first, later = population.equal_contents()
        content[later] = first
    settings = recipe.dedup.minhash
    if settings is None:
        return Found(content, content, content)
    members = content == np.arange(count)
    bits = packed(members)
    known = _known(population)
    sets = components.UnionFind(count)
    sets.union_edges(*known.provisional)
    for band in range(settings.bands):
        sets.union_edges(*star_edges(population, band, bits))
    provisional = sets.roots().astype(np.int64)
    if settings.verify is None:
        final = provisional
    else:
        final = np.arange(count)
        final[known.component[1]] = known.component[0]
        rows = _to_verify(provisional, members, population.earlier)
        final[rows] = rows
        roots, others = verified_forest(population, recipe, rows)
        final[others] = roots
    # A document joins the component of the first document with its content.
    return Found(content, provisional[content], final[content])


@dataclass(frozen=True)
class Known:
    """The forests of an index's contents, over the population's rows."""

    provisional: tuple[np.ndarray, np.ndarray]
    component: tuple[np.ndarray, np.ndarray]


def _known(population: Population) -> Known:
    forests: dict[str, list[np.ndarray]] = {"provisional": [], "component": []}
    base = 0
    for label in population.unit.labels if population.index else ():
        assert population.index is not None
        for part in population.index.parts(label, "components", list(forests)):
            for name, found in forests.items():
                found.append(part[name].to_numpy() + base)
        base += population.index.contents(label)
    rows = np.arange(base)

    def forest(name: str) -> tuple[np.ndarray, np.ndarray]:
        roots = np.concatenate([np.empty(0, np.int64), *forests[name]])
        later = np.flatnonzero(roots != rows)
        return roots[later], later

    return Known(forest("provisional"), forest("component"))


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
    """Of a merge: the pieces it takes; of a verification: the piece that holds the components."""
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
    from dataclasses import replace

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
        ends = _manifest(start, pieces[0])["batches"]
        yield (
            "verify",
            run_part,
            [
                replace(
                    start, stage="verify", number=n, of=len(ends), inputs=(pieces[0], *contents)
                )
                for n in range(len(ends))
            ],
        )


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
        start, stop = _manifest(task, task.inputs[0])["batches"][task.number]
        grouped = _read(task, task.inputs[0], "groups", start, stop)["row"].to_numpy()
        a, b = verified_forest(population, task.recipe, np.sort(grouped))
    table = pa.table([a, b], schema=EDGES)
    task.folder.store.write_table(task.folder.file(f"{task.piece}/edges.parquet"), table)
    task.folder.commit(task.piece, {"edges": len(a), **extra})
    return {"edges": len(a)}


def _read(task: Part, piece: str, name: str, start: int = 0, stop: int | None = None) -> pa.Table:
    file = task.folder.file(f"{piece}/{name}.parquet")
    return task.folder.store.read_columns(file, None, start, stop)


def edges_of(task: Part, pieces: Sequence[str]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The edges that pieces hold."""
    for piece in pieces:
        table = _read(task, piece, "edges")
        yield table["a"].to_numpy(), table["b"].to_numpy()


def _members(task: Part, population: Population, contents: Sequence[str]) -> np.ndarray:
    """Packed bits: the rows whose content did not come before."""
    members = np.ones(population.count, bool)
    for _, later in edges_of(task, contents):
        members[later] = False
    return packed(members)


def _merge(task: Part, population: Population) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """The forest of some pieces; the last merge adds what the index knows, and cuts the work of verifying."""
    memory, last = task.recipe.dedup.task_memory, task.of == 1
    known = _known(population).provisional if last else None
    if _array_fits(population.count, memory):
        sets = components.UnionFind(population.count)
        for a, b in edges_of(task, task.inputs):
            sets.union_edges(a, b)
        if known:
            sets.union_edges(*known)
        roots, rows = sets.forest()
    else:
        found = list(edges_of(task, task.inputs))
        roots, rows = components.merged_forest([*found, known] if known else found)
    settings = task.recipe.dedup.minhash
    if not last or settings is None or settings.verify is None:
        return roots, rows, {}
    return roots, rows, {"batches": _write_groups(task, population, roots, rows)}


def _write_groups(
    task: Part, population: Population, roots: np.ndarray, rows: np.ndarray
) -> list[tuple[int, int]]:
    """Write the rows to verify, component by component; the ranges that a task each takes."""
    own = np.unique(roots)
    names, members = np.concatenate([own, roots]), np.concatenate([own, rows])
    if population.earlier:  # components without a new document stay what they are
        fresh = np.unique(names[members >= population.earlier])
        chosen = np.isin(names, fresh)
        names, members = names[chosen], members[chosen]
    order = np.lexsort((members, names))
    names, members = names[order], members[order]
    table = pa.table({"row": members})
    task.folder.store.write_table(task.folder.file(f"{task.piece}/groups.parquet"), table)
    settings = task.recipe.dedup.minhash
    by_texts = settings is not None and settings.verify_by == "texts"
    each = COMPARED_BYTES if by_texts else VERIFIED_BYTES
    limit = max(1, task.recipe.dedup.task_memory // each)
    ends = np.r_[np.flatnonzero(names[1:] != names[:-1]) + 1, len(names)] if len(names) else []
    batches: list[tuple[int, int]] = []
    start = last = 0
    for end in map(int, ends):
        if end - start > limit and last > start:
            batches.append((start, last))
            start = last
        last = end
    if last > start:
        batches.append((start, last))
    return batches


def found_by_parts(start: Part) -> Found:
    """What the phases of a large unit found."""
    population = start.population()
    content, provisional, final = (np.arange(population.count) for _ in range(3))
    last: dict[str, list[Part]] = {}
    for _, _, tasks in phases(start):
        kind = tasks[0].stage.partition("-")[0] if tasks else "verify"
        last[kind] = tasks
    for a, b in edges_of(start, [task.piece for task in last.get("contents", ())]):
        content[b] = a
    settings = start.recipe.dedup.minhash
    if settings is None:
        return Found(content, content, content)
    for a, b in edges_of(start, [task.piece for task in last["merge"]]):
        provisional[b] = a
    if settings.verify is None:
        return Found(content, provisional[content], provisional[content])
    known = _known(population)
    final[known.component[1]] = known.component[0]
    merged = last["merge"][0].piece
    for start_row, stop_row in _manifest(start, merged)["batches"]:
        rows = _read(start, merged, "groups", start_row, stop_row)["row"].to_numpy()
        final[rows] = rows
    for a, b in edges_of(start, [task.piece for task in last["verify"]]):
        final[b] = a
    return Found(content, provisional[content], final[content])
