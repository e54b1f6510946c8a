"""Compiling the kernels that a run needs once per machine, so that its workers find them in the cache."""

import gc
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numba.core import event

from polysieve.dedup import components, containment, edges, host_lines
from polysieve.filters import words
from polysieve.pipeline.extract import extract
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.sources import Source
from polysieve.pipeline.steps.measure import batches, languages

_TEXT = (
    "The river rises in the hills and runs past the mill to the sea, and boats go down it.\n"
    "แม่น้ำไหลผ่านหมู่บ้าน 河流经过村庄 川は村を流れる"
)
# Names of inputs that hold text; any other may hold pages of HTML.
_IS_TEXT = re.compile(r"\.wet\b|\.(jsonl?|ndjson|parquet)(\.\w+)?$", re.IGNORECASE)

Group = tuple[str, Callable[[], object]]


def groups(recipe: Recipe, sources: Sequence[Source]) -> list[Group]:
    """What has kernels of its own in a run, by name, each with a function that calls them all on next to nothing."""
    chosen: list[Group] = []
    if not all(_IS_TEXT.search(source.address) for source in sources):
        chosen.append(("pages", partial(_extract, recipe)))
    chosen.append(
        ("languages", partial(languages.identify, _texts(), pa.array([True]), recipe.language))
    )
    chosen.append(("words", partial(words.segment, _texts(), pa.array(["eng_Latn"]))))
    chosen.append(("signals", partial(_measure, recipe)))
    if recipe.dedup.minhash:
        chosen.append(("clusters", _cluster))
    if recipe.dedup.containment:
        chosen.append(("containment", _contain))
    if recipe.host_lines:
        chosen.append(("host lines", _count_lines))
    return chosen


def compile_kernels(
    chosen: Sequence[Group],
    started: Callable[[], None] = lambda: None,
    ready: Callable[[str], None] = lambda name: None,
) -> None:
    """Compile the kernels of groups, or load them from the cache.

    started: called when the first one has to be compiled; ready: with the name of each group, once it is.
    """
    watcher = _Watcher(started)
    thresholds = gc.get_threshold()
    with event.install_listener("numba:compile", watcher):
        try:
            for name, call in chosen:
                call()
                ready(name)
        finally:
            gc.set_threshold(*thresholds)


class _Watcher(event.Listener):
    """Sees when compiling begins, and then spares the garbage collector: the compiler makes millions of objects that
    live on, and looking through them again and again would take a tenth of the time."""

    def __init__(self, started: Callable[[], None]) -> None:
        self._started = started
        self._has_begun = False

    def on_start(self, event: Any) -> None:
        if not self._has_begun:
            self._has_begun = True
            gc.set_threshold(100_000, 50, 1000)
            self._started()

    def on_end(self, event: Any) -> None:
        pass


def _texts() -> pa.Array:
    return pa.array([_TEXT], pa.large_string())


def _extract(recipe: Recipe) -> None:
    page = f"<html><body><main><p>{_TEXT.replace(chr(10), '</p><p>')}</p></main></body></html>".encode()
    settings = recipe.extract
    for content in (page, b"\xe9" + page):  # the second is not clearly UTF-8
        extract(content, engine=settings.engine, form=settings.form, comments=settings.comments)


def _measure(recipe: Recipe) -> None:
    labels = ["eng_Latn"]
    if (settings := recipe.dedup.minhash) and settings.characters:  # by script or by label
        key = min(settings.characters)
        labels.append(key if "_" in key else f"und_{key}")
    texts = pa.array([_TEXT] * len(labels), pa.large_string())
    batches.measure_texts(texts, pa.array(labels), recipe)


def _cluster() -> None:
    low = np.zeros((2, 112), np.uint8)
    a, b = edges.verified_band_edges(np.zeros(2, np.uint64), low, 0.55)
    forest = components.UnionFind(2)
    forest.union_edges(a, b)
    for kind in (np.int32, np.int64):
        components.component_ranges(components.member_counts(forest.roots().astype(kind), 2), 2)


def _contain() -> None:
    one = np.zeros(1, np.uint64), np.array([0, 1])
    keys, owners, anchors = containment.sampled(*one, np.ones(1, np.uint64))
    containment.candidates(keys, owners, owners, anchors)
    containment.shares(one, one, np.zeros(1, np.int64))


def _count_lines() -> None:
    texts = pa.array(["a line\nanother"])
    host_lines.counted(host_lines.lines_of(texts), np.ones(1, np.uint64), np.ones(1, bool))
    host_lines.without_lines(texts, pa.array([[0]], pa.list_(pa.int32())))
