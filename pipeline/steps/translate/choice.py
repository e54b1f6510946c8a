"""Which kept documents are translated into which language.

Every kept document of a source language has a rank, a hash of its id and the recipe's seed. A target takes, of the
documents that it allows, those of the lowest ranks until its budget of words is spent; so targets with the same
sources translate the same documents, and a larger budget takes more without giving any back. The chosen documents of a
label, in the order of their rows, are cut into windows, a task each.

Kept documents are one a cluster, and none is a translation.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters.sampling import ranks
from polysieve.filters.url import split_address
from polysieve.pipeline.engines.engine import Counts
from polysieve.pipeline.engines.packing import packed
from polysieve.pipeline.recipe.translating import Target
from polysieve.pipeline.steps import windows
from polysieve.pipeline.steps.step import Task
from polysieve.pipeline.steps.translate.manifest import Chosen
from polysieve.pipeline.steps.translate.places import Place, windows_name
from polysieve.pipeline.storage.ledger import StepFolder

CANDIDATES = pa.schema(
    [
        ("row", pa.int64()),  # among the label's own
        ("rank", pa.uint64()),
        ("words", pa.int64()),
        ("language_score", pa.float64()),
        # Null where no target chooses by them.
        ("host", pa.string()),
        ("quality_score", pa.float64()),
        ("tier", pa.string()),
        ("attributes", pa.string()),
    ]
)
MODELS_SAY = ["quality_score", "tier", "attributes"]
_BUCKETS = 1 << 16  # of ranks; a budget is met to within the documents of one
_SHIFT = np.uint64(48)


@dataclass(frozen=True)
class Candidates(Task):
    """A source label whose kept documents are to be listed."""

    label: str
    place: Place

    @property
    def name(self) -> str:
        return f"candidates-{self.label}"


@dataclass(frozen=True)
class Windows(Task):
    """A target whose documents are to be chosen."""

    label: str
    sources: tuple[str, ...]
    """Its source labels that occur."""

    @property
    def name(self) -> str:
        return windows_name(self.label)


def list_candidates(task: Candidates) -> Counts:
    """Write the kept documents of a label, with their ranks, and commit them."""
    decisions, unit_name = task.context.folder("decisions"), task.place.unit.name
    (label,) = task.context.labels([task.label], task.place.first_row)
    kept = np.flatnonzero(windows.kept(decisions, unit_name, label))
    assert task.recipe.translate is not None
    targets = [t for t in task.recipe.translate.targets.values() if task.label in t.sources]
    documents = label.take("documents", ["id", "language_score", "url"], kept)
    columns: dict[str, object] = {
        "row": kept,
        "rank": ranks(documents["id"].to_pylist(), f"{task.recipe.seed}\0translate"),
        "words": label.take("signals", ["word_count"], kept)["word_count"].cast(pa.int64()),
        "language_score": documents["language_score"],
    }
    if any(t.hosts.allow or t.hosts.block for t in targets):
        columns["host"] = [
            split_address(url)[0] or None if url else None for url in documents["url"].to_pylist()
        ]
    if any(t.asks_models for t in targets):
        said = label.of_unit(decisions, f"{unit_name}-selected.parquet", MODELS_SAY).take(
            pa.array(kept)
        )
        columns |= {name: said[name] for name in MODELS_SAY}
    table = pa.table(
        {f.name: columns.get(f.name, pa.nulls(len(kept), f.type)) for f in CANDIDATES},
        schema=CANDIDATES,
    )
    task.folder.store.write_table(task.folder.file(f"{task.name}.parquet"), table)
    task.folder.commit(task.name, {"documents": len(kept)})
    return {"documents": len(kept)}


def bucket_of(ranks: np.ndarray) -> np.ndarray:
    """int64[n] of ranks (uint64[n])."""
    return (ranks >> _SHIFT).astype(np.int64)


def choose_windows(task: Windows) -> Counts:
    """Find the rank up to which the budget reaches and the windows of each source label, and commit them.

    The manifest has `below` (ranks in buckets under it are chosen), `documents`, `words`, and `windows`: label, first
    row, row after the last, documents, words.
    """
    settings = task.recipe.translate
    assert settings is not None
    target = settings.targets[task.label]
    histogram = np.zeros(_BUCKETS, np.int64)
    for label in task.sources:
        for part in _allowed(task.folder, label, target):
            np.add.at(histogram, bucket_of(part["rank"].to_numpy()), part["words"].to_numpy())
    spent = np.cumsum(histogram)
    bucket = int(np.searchsorted(spent, target.budget))
    below = min(bucket + 1, _BUCKETS)
    windows: list[tuple[str, int, int, int, int]] = []
    for label in task.sources:
        windows += _cut(task.folder, label, target, below, settings.window_words)
    manifest: Chosen = {
        "below": below,
        "documents": sum(w[3] for w in windows),
        "words": sum(w[4] for w in windows),
        "windows": windows,
    }
    task.folder.commit(task.name, manifest)
    return {"documents": manifest["documents"]}


def _cut(
    folder: StepFolder, label: str, target: Target, below: int, window_words: int
) -> list[tuple[str, int, int, int, int]]:
    chosen = (  # (row, words) of each document
        document
        for part in _allowed(folder, label, target, below)
        for document in zip(part["row"].to_pylist(), part["words"].to_pylist(), strict=True)
    )
    return [
        (label, window[0][0], window[-1][0] + 1, len(window), sum(words for _, words in window))
        for window in packed(chosen, itemgetter(1), window_words)
    ]


def chosen_rows(
    folder: StepFolder, label: str, target: Target, below: int, start: int, stop: int
) -> tuple[np.ndarray, np.ndarray]:
    """(rows, ranks) of a window's documents, int64 and uint64, by ascending row."""
    rows, ranks = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
    for part in _allowed(folder, label, target, below):
        row = part["row"].to_numpy()
        inside = (row >= start) & (row < stop)
        rows.append(row[inside])
        ranks.append(part["rank"].to_numpy()[inside])
    return np.concatenate(rows), np.concatenate(ranks)


def _allowed(
    folder: StepFolder, label: str, target: Target, below: int = _BUCKETS
) -> Iterator[pa.Table]:
    """The candidates of a label that a target allows, of ranks in buckets under `below`, a part at a time."""
    name = folder.file(f"candidates-{label}.parquet")
    for part in folder.store.read_groups(name):
        words = part["words"].to_numpy()
        inside = (words >= target.min_words) & (words <= target.max_words)
        inside &= part["language_score"].to_numpy() >= target.min_language_score
        inside &= bucket_of(part["rank"].to_numpy()) < below
        if target.hosts.allow:
            inside &= are_under(part["host"], target.hosts.allow)
        if target.hosts.block:
            inside &= ~are_under(part["host"], target.hosts.block)
        if target.min_quality is not None:
            good = pc.greater_equal(part["quality_score"], target.min_quality)
            inside &= pc.fill_null(good, False).to_numpy()
        if target.tiers:
            inside &= pc.is_in(part["tier"], pa.array(target.tiers)).to_numpy()
        if target.attributes:
            inside &= have_attributes(part["attributes"], target.attributes)
        yield part.filter(pa.array(inside))


def are_under(hosts: pa.ChunkedArray, names: Sequence[str]) -> np.ndarray:
    """bool[n]: which of n hosts are one of the names or a host under one; a null is not."""
    wanted = set(names)

    def is_under(host: str | None) -> bool:
        parts = host.split(".") if host else []
        return any(".".join(parts[i:]) in wanted for i in range(len(parts)))

    return _of_distinct(hosts, is_under)


def have_attributes(said: pa.ChunkedArray, wanted: Mapping[str, Sequence[str]]) -> np.ndarray:
    """bool[n]: which of n documents' attributes (JSON objects, or null) have, for every name, one of its labels."""

    def matches(text: str | None) -> bool:
        own = json.loads(text) if text else {}
        return all(own.get(name) in labels for name, labels in wanted.items())

    return _of_distinct(said, matches)


def _of_distinct(column: pa.ChunkedArray, is_so: Callable[[str | None], bool]) -> np.ndarray:
    """bool[n]: what holds of each value, asked once of each distinct one."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    answers = np.array([is_so(value) for value in encoded.dictionary.to_pylist()], bool)
    return answers[encoded.indices.to_numpy()]


def sources_of(targets: Sequence[Target]) -> list[str]:
    """Every label that a target translates from."""
    return sorted({label for target in targets for label in target.sources})
