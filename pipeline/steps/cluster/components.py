"""The components of a label's rows: equal contents, edges of shared band keys, their union, verification.

A component before verification ("provisional") is what shared keys connect. Verification compares pairs
inside provisional components only, and all that share a key. `find` does all of it for a label whose rows fit into a
task's memory; pipeline/steps/cluster/partitions.py cuts a larger one into tasks, of which the same functions are the
work.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from polysieve.dedup import components, edges
from polysieve.filters import words
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.cluster.dedup_inputs import DedupInputs, packed
from polysieve.pipeline.steps.measure import signatures as signing

BLOCK = 1 << 20  # rows that are taken at a time


@dataclass(frozen=True)
class Found:
    """Of every row of dedup inputs: the first row with its content, and the first row of its component
    (int32 each, int64 beyond 2**31 rows)."""

    content: np.ndarray
    component: np.ndarray
    provisional: np.ndarray | None = None
    """The component before verification, where an index takes it."""


def find(inputs: DedupInputs, recipe: Recipe) -> Found:
    """The components of a label that fits into memory."""
    content = numbers_of(inputs.count)
    if recipe.dedup.exact:
        first, later = inputs.equal_contents()
        content[later] = first
    settings = recipe.dedup.minhash
    if settings is None:
        return Found(content, content, content)
    members = content == np.arange(inputs.count)
    bits = packed(members)
    sets = components.UnionFind(inputs.count)
    for a, b in known_forest(inputs, "provisional"):
        sets.union_edges(a, b)
    for band in range(settings.bands):
        sets.union_edges(*star_edges(inputs, band, bits))
    provisional = sets.roots()
    component = provisional.copy()
    if settings.verify is not None:
        component = before(inputs, provisional)
        rows = _to_verify(provisional, members, inputs.earlier)
        roots, others = verified_forest(inputs, recipe, rows)
        component[others] = roots
    return Found(content, through(component, content), through(provisional, content))


def numbers_of(count: int) -> np.ndarray:
    """0 … count - 1, int32 or int64."""
    return np.arange(count, dtype=components.narrow(count))


def through(component: np.ndarray, content: np.ndarray) -> np.ndarray:
    """`component` with each document in the component of the first one with its content. Changes the array."""
    for start in range(0, len(component), BLOCK):
        own = slice(start, start + BLOCK)
        component[own] = component[content[own]]  # the first ones' entries stay what they are
    return component


def before(inputs: DedupInputs, provisional: np.ndarray) -> np.ndarray:
    """The components that an index knows; a row's own where a document has come to its provisional component."""
    component = numbers_of(inputs.count)
    if inputs.earlier:
        for roots, later in known_forest(inputs, "component"):
            component[later] = roots
        fresh = np.zeros(inputs.count, bool)
        fresh[provisional[inputs.earlier :]] = True
        again = np.flatnonzero(fresh[provisional[: inputs.earlier]])
        component[again] = again
    return component


def known_forest(inputs: DedupInputs, column: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(roots, rows) of an index's contents that are not the first of their component, over the inputs' rows."""
    if inputs.index is None:
        return
    first = 0
    for part in inputs.index.parts(inputs.label.name, "components", [column]):
        roots = part[column].to_numpy()
        later = np.flatnonzero(roots != np.arange(first, first + len(roots)))
        yield roots[later], first + later
        first += len(roots)


def star_edges(
    inputs: DedupInputs, band: int, members: np.ndarray, part: int = 0, parts: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """(a, b) over the inputs' rows: each member to the first with its key of the band."""
    keys, rows = inputs.band(band, members, part, parts)
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
    inputs: DedupInputs, recipe: Recipe, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(root, row) of the verified components among ascending rows, which hold provisional components whole."""
    settings = recipe.dedup.minhash
    assert settings is not None and settings.verify is not None
    keys, low = inputs.take(rows)
    shingles = _shingles(inputs, recipe, rows) if settings.verify_by == "texts" else None
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
    inputs: DedupInputs, recipe: Recipe, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    table = inputs.label.take("documents", ["text", "label"], rows - inputs.earlier)
    texts = table["text"].combine_chunks()
    return signing.shingle_sets(texts, words.segment(texts, table["label"]), recipe.dedup)
