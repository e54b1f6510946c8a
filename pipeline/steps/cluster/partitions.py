"""The components of a label that is too large for one task: the same stages, cut into tasks whose results are files.

Equal contents and edges are cut by ranges of the keys, their union by merging forests, verification by groups of whole
provisional components; a last task (pipeline/steps/cluster/clusters.py) puts together what they found. What comes out
does not depend on the cuts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import pyarrow as pa

from polysieve.dedup.components import UnionFind, component_ranges, merged_forest
from polysieve.pipeline.engines.engine import Counts
from polysieve.pipeline.engines.packing import ranges
from polysieve.pipeline.index.versions import Earlier
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.cluster.components import (
    BLOCK,
    Found,
    before,
    known_forest,
    numbers_of,
    star_edges,
    through,
    verified_forest,
)
from polysieve.pipeline.steps.cluster.dedup_inputs import DedupInputs, packed
from polysieve.pipeline.steps.cluster.manifest import Edges
from polysieve.pipeline.steps.step import Phase, UnitTask, manifest_of

# Bytes a task holds per row of what it is cut by, measured with room to spare.
LABEL_BYTES = 400  # a whole label
KEY_BYTES = 160  # a key of a partition
EDGE_BYTES = 64  # an edge of a merge
VERIFIED_BYTES = 600  # a row to verify
NARROW_BYTES = 32  # a document of the unit, in the last task
COMPARED_BYTES = 50_000  # a row to compare by its text

EDGES = pa.schema([("a", pa.int64()), ("b", pa.int64())])


@dataclass(frozen=True)
class Part(UnitTask):
    """A task of a label that is too large for one: what it does, and which of how many. Its unit is the label alone."""

    stage: str
    """`contents`, `band-<number>`, `merge-<level>`, `verify`."""
    number: int
    of: int
    inputs: tuple[str, ...] = ()
    """Of an edge task: the names of contents; of a merge: the names it takes; of a verification: the name
    that holds the components."""
    index: Earlier | None = None

    @property
    def name(self) -> str:
        return f"{self.unit.name}-{self.unit.labels[0]}-{self.stage}-{self.number:05d}-of-{self.of:05d}"

    @property
    def memory(self) -> int:
        return self.recipe.dedup.task_memory + NARROW_BYTES * self.unit.documents

    def dedup_inputs(self) -> DedupInputs:
        (label,) = self.context.labels(self.unit.labels)
        return DedupInputs(label, self.recipe.dedup.minhash, self.index)


def is_large(documents: int, recipe: Recipe, earlier: int = 0) -> bool:
    """Whether a label of so many documents, and contents in an index, is cut into tasks."""
    settings = recipe.dedup.minhash
    by_texts = settings is not None and settings.verify_by == "texts"
    each = COMPARED_BYTES // 4 if by_texts else LABEL_BYTES  # about a quarter have copies
    return (documents + earlier) * each > recipe.dedup.task_memory


def phases(start: Part) -> Iterator[Phase]:
    """The phases of a large label. `start` holds what all tasks have in common."""
    recipe, memory = start.recipe, start.recipe.dedup.task_memory
    count = start.dedup_inputs().count
    parts = max(1, -(-count * KEY_BYTES // memory))
    first = [replace(start, stage="contents", number=p, of=parts) for p in range(parts)]
    contents = tuple(task.name for task in first) if recipe.dedup.exact else ()
    if recipe.dedup.exact:
        yield Phase("contents", run_part, first)
    settings = recipe.dedup.minhash
    if settings is None:
        return
    found = [
        replace(start, stage=f"band-{band:03d}", number=p, of=parts, inputs=contents)
        for band in range(settings.bands)
        for p in range(parts)
    ]
    yield Phase("edges", run_part, found)
    names = [task.name for task in found]
    level = 0
    while True:
        groups = _groups(start, names, count)
        merges = [
            replace(start, stage=f"merge-{level}", number=n, of=len(groups), inputs=tuple(group))
            for n, group in enumerate(groups)
        ]
        yield Phase(f"merge {level}", run_part, merges)
        names, level = [task.name for task in merges], level + 1
        if len(names) == 1:
            break
    if settings.verify is not None:
        tasks = len(manifest_of(start.folder, names[0], Edges)["groups"])
        verifying = [
            replace(start, stage="verify", number=n, of=tasks, inputs=(names[0],))
            for n in range(tasks)
        ]
        yield Phase("verify", run_part, verifying)


def _groups(task: Part, names: list[str], count: int) -> list[list[str]]:
    """Extents to merge at once: all where an array over all rows fits into memory, else what edges fit."""
    memory = task.recipe.dedup.task_memory
    if _array_fits(count, memory):
        return [names]
    edges = np.array([manifest_of(task.folder, name, Edges)["edges"] for name in names], np.int64)
    # Two at least, or merging would not end.
    return [names[first:stop] for first, stop in ranges(edges * EDGE_BYTES, memory, least=2)]


def _array_fits(count: int, memory: int) -> bool:
    return 8 * count <= memory


def run_part(task: Part) -> Counts:
    """Do one task and commit it."""
    kind = task.stage.partition("-")[0]
    inputs = task.dedup_inputs()
    groups: list[tuple[int, int]] | None = None
    if kind == "contents":
        a, b = inputs.equal_contents(task.number, task.of)
    elif kind == "band":
        band = int(task.stage.partition("-")[2])
        members = _members(task, inputs, task.inputs)
        a, b = star_edges(inputs, band, members, task.number, task.of)
    elif kind == "merge":
        a, b, groups = _merge(task, inputs)
    else:
        group = manifest_of(task.folder, task.inputs[0], Edges)["groups"][task.number]
        a, b = verified_forest(inputs, task.recipe, _group(task, inputs, *group))
    table = pa.table([a, b], schema=EDGES)
    task.folder.store.write_table(task.folder.file(f"{task.name}/edges.parquet"), table)
    manifest: Edges = {"edges": len(a)}
    if groups is not None:
        manifest["groups"] = groups
    task.folder.commit(task.name, manifest)
    return {"edges": len(a)}


def edges_of(task: Part, names: Sequence[str]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The edges that names hold, BLOCK at most at a time."""
    for name in names:
        file, count = (
            task.folder.file(f"{name}/edges.parquet"),
            manifest_of(task.folder, name, Edges)["edges"],
        )
        for start in range(0, count, BLOCK):
            table = task.folder.store.read_columns(file, None, start, start + BLOCK)
            yield table["a"].to_numpy(), table["b"].to_numpy()


def _members(task: Part, inputs: DedupInputs, contents: Sequence[str]) -> np.ndarray:
    """Packed bits: the rows whose content did not come before."""
    members = np.ones(inputs.count, bool)
    for _, later in edges_of(task, contents):
        members[later] = False
    return packed(members)


def _merge(
    task: Part, inputs: DedupInputs
) -> tuple[np.ndarray, np.ndarray, list[tuple[int, int]] | None]:
    """The forest of some names; the last merge adds what the index knows, and cuts the work of verifying (None: there
    is none)."""
    last = task.of == 1
    known = known_forest(inputs, "provisional") if last else iter(())
    found = chain(edges_of(task, task.inputs), known)
    if _array_fits(inputs.count, task.recipe.dedup.task_memory):
        sets = UnionFind(inputs.count)
        for a, b in found:
            sets.union_edges(a, b)
        roots, rows = sets.forest()
        del sets
    else:
        roots, rows = merged_forest(found)
    settings = task.recipe.dedup.minhash
    if not last or settings is None or settings.verify is None:
        return roots, rows, None
    return roots, rows, _groups_to_verify(task, inputs.earlier, roots, rows)


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
        for first, stop in component_ranges(later + 1, limit)
    ]


def _fresh(roots: np.ndarray, rows: np.ndarray, earlier: int) -> np.ndarray:
    """bool: the edges of a forest that belong to components with a document that is new."""
    if not earlier:
        return np.ones(len(roots), bool)
    return np.isin(roots, roots[rows >= earlier])


def _group(task: Part, inputs: DedupInputs, start: int, stop: int) -> np.ndarray:
    """The rows to verify, ascending, of the provisional components with names from `start` to before `stop`."""
    found = [(np.empty(0, np.int64),) * 2]
    for roots, rows in edges_of(task, task.inputs):
        inside = (roots >= start) & (roots < stop)
        found.append((roots[inside], rows[inside]))
    roots, rows = (np.concatenate(side) for side in zip(*found, strict=True))
    chosen = _fresh(roots, rows, inputs.earlier)
    return np.sort(np.concatenate([np.unique(roots[chosen]), rows[chosen]]))


def found_by_parts(start: Part, *, indexed: bool) -> Found:
    """What the phases of a large label found, in 8 bytes a row, and 4 more for an index (8 and 4 more beyond
    2**31 rows)."""
    inputs = start.dedup_inputs()
    last: dict[str, Sequence[Part]] = {}
    for phase in phases(start):
        kind = phase.tasks[0].stage.partition("-")[0] if phase.tasks else "verify"
        last[kind] = phase.tasks

    def forest(kind: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return edges_of(start, [task.name for task in last.get(kind, ())])

    def filled(kind: str) -> np.ndarray:
        array = numbers_of(inputs.count)
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
        component = numbers_of(inputs.count) if provisional is None else before(inputs, provisional)
        for roots, rows in forest("verify"):
            component[rows] = roots
    if not indexed:
        return Found(content, through(component, content))
    assert provisional is not None
    return Found(content, through(component, content), through(provisional, content))
