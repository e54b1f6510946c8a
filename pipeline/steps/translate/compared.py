"""What translations into a language are compared with, and what an index keeps of them.

Native documents of the run and, with an index, those of other runs; and the translations that other runs have in their
corpora. Only rows that share a content or a band key with a translation are ever held, so memory follows the
translations of a language, not its crawl. Native documents never see the table `translations` of an index.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.pipeline.index.versions import (
    Earlier,
    Extents,
    Increment,
    Revision,
    translations_schema,
)
from polysieve.pipeline.recipe.clustering import MinHash
from polysieve.pipeline.steps.cluster.dedup_inputs import fixed_bytes
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.storage.store import parquet_writer

TRANSLATIONS = "translations"


@dataclass(frozen=True)
class Keys:
    """What rows are compared by."""

    content: np.ndarray
    """uint64[n, 2]"""
    shingled: np.ndarray
    """bool[n]"""
    bands: np.ndarray
    """uint64[n, bands]"""
    low: np.ndarray
    """uint8[n, lanes]"""

    @classmethod
    def read(cls, table: pa.Table, settings: MinHash | None) -> "Keys":
        """The keys of rows of `bands/`, or of an index's `translations`."""
        content = _content(table)
        n = len(table)
        if settings is None:
            nothing = np.zeros((n, 0), np.uint64)
            return cls(content, np.zeros(n, bool), nothing, nothing.astype(np.uint8))
        bands = np.empty((n, settings.bands), np.uint64)
        for band in range(settings.bands):
            bands[:, band] = table[f"band_{band}"].to_numpy()
        low = fixed_bytes(table["signature"], settings.bands * settings.rows)
        return cls(content, table["has_shingles"].to_numpy(), bands, low)

    @classmethod
    def joined(cls, parts: "Iterable[Keys]") -> "Keys":
        """The rows of some parts, at least one, one part after the other."""
        columns = zip(*((p.content, p.shingled, p.bands, p.low) for p in parts), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    def take(self, chosen: np.ndarray) -> "Keys":
        return Keys(
            self.content[chosen], self.shingled[chosen], self.bands[chosen], self.low[chosen]
        )

    def none(self) -> "Keys":
        """No row."""
        return self.take(np.zeros(0, np.int64))

    def sharing(self, own: "Keys") -> np.ndarray:
        """bool[n]: the rows that share a content or a band key with a row of `own`."""
        shares = np.isin(self.content[:, 0], own.content[:, 0])
        for band in range(self.bands.shape[1]):
            shares |= self.shingled & np.isin(self.bands[:, band], own.bands[own.shingled, band])
        return shares


def columns(settings: MinHash | None) -> list[str]:
    """The columns of `bands/` that `Keys.read` reads."""
    names = ["content_0", "content_1"]
    if settings:
        names += ["has_shingles", "signature", *(f"band_{b}" for b in range(settings.bands))]
    return names


def near_native(label: Label, remains: np.ndarray, own: Keys, settings: MinHash | None) -> Keys:
    """Of a label's native rows of the run those that share a key with `own`. remains: bool[n], those under no cut."""
    found, first = [own.none()], 0
    for part in label.parts("bands", columns(settings)):
        inside = np.flatnonzero(remains[first : first + len(part)])
        keys = Keys.read(part.take(pa.array(inside)), settings)
        found.append(keys.take(np.flatnonzero(keys.sharing(own))))
        first += len(part)
    return Keys.joined(found)


def near_indexed(
    index: Increment | Revision, label: str, cut: float | None, own: Keys, settings: MinHash | None
) -> tuple[Keys, np.ndarray]:
    """(keys, documents), a row a content of a label that native documents of other runs have and that shares a key
    with `own`; documents: int64[n], how many of them reach the cut."""
    version, run = _version(index)
    if version is None or not version.contents(label) or not len(own.content):
        return own.none(), np.zeros(0, np.int64)
    numbers = np.unique(np.concatenate(list(_sharing_contents(version, label, own))))
    documents = np.zeros(len(numbers), np.int64)
    for part in version.parts(label, "members", ["content", "run", "language_score"]):
        counts = pc.not_equal(part["run"], run if run is not None else -1)
        if cut is not None:
            counts = pc.and_(counts, pc.greater_equal(part["language_score"], cut))
        content = part["content"].filter(counts).to_numpy()
        content = content[np.isin(content, numbers)]
        documents += np.bincount(np.searchsorted(numbers, content), minlength=len(numbers))
    numbers, documents = numbers[documents > 0], documents[documents > 0]
    return _of_contents(version, label, numbers, settings), documents


def _sharing_contents(version: Earlier, label: str, own: Keys) -> Iterator[np.ndarray]:
    """Numbers of the contents that share a content hash or a band key."""
    yield np.zeros(0, np.int64)
    first = 0
    for part in version.parts(label, "contents", ["content_0"]):
        yield first + np.flatnonzero(np.isin(part["content_0"].to_numpy(), own.content[:, 0]))
        first += len(part)
    for band in range(own.bands.shape[1]):
        for keys, contents in version.keys(label, band):
            yield contents[np.isin(keys, own.bands[own.shingled, band])]


def _of_contents(
    version: Earlier, label: str, numbers: np.ndarray, settings: MinHash | None
) -> Keys:
    """The keys of some contents, given by ascending numbers."""
    names = ["content_0", "content_1"]
    if settings is None or not len(numbers):
        table = version.take(label, "contents", names, numbers)
        n, width = len(numbers), settings.bands if settings else 0
        lanes = width * settings.rows if settings else 0
        nothing = np.zeros((n, width), np.uint64), np.zeros((n, lanes), np.uint8)
        return Keys(_content(table), np.zeros(n, bool), *nothing)
    table = version.take(label, "contents", [*names, "has_shingles", "signature"], numbers)
    bands = np.zeros((len(numbers), settings.bands), np.uint64)
    for band in range(settings.bands):
        for keys, contents in version.keys(label, band):
            inside = np.isin(contents, numbers)
            bands[np.searchsorted(numbers, contents[inside]), band] = keys[inside]
    low = fixed_bytes(table["signature"], settings.bands * settings.rows)
    return Keys(_content(table), table["has_shingles"].to_numpy(), bands, low)


def near_translated(
    index: Increment | Revision, label: str, own: Keys, settings: MinHash | None
) -> Keys:
    """Of the translations that other runs have in their corpora, those that share a key with `own`."""
    found = [own.none()]
    for part in _translations(index, label, columns(settings), of_run=False):
        keys = Keys.read(part, settings)
        found.append(keys.take(np.flatnonzero(keys.sharing(own))))
    return Keys.joined(found)


def published(index: Increment | Revision, label: str) -> set[str]:
    """Ids of the run's own translations that the index says are in its corpus."""
    parts = _translations(index, label, [], of_run=True)
    return {id for part in parts for id in part["id"].to_pylist()}


def write_translations(
    index: Increment | Revision,
    file: str,
    label: str,
    kept: pa.Table,
    settings: MinHash | None,
) -> Extents | None:
    """Write what the index keeps of the translations into a label that are in the corpus now; returns the label's
    extents: of an Increment those to add, of a Revision those in place of all, None where nothing changes.

    kept: their `id` and the columns that `columns` names.
    """
    replaces = isinstance(index, Revision)
    if replaces and published(index, label) == set(kept["id"].to_pylist()):
        return None
    if not replaces and not len(kept):
        return None
    schema = _schema(settings)
    run = pa.repeat(pa.scalar(index.run, pa.int32()), len(kept))
    rows = 0
    with index.store.create(file) as handle, parquet_writer(handle, schema) as writer:
        others = _translations(index, label, None, of_run=False) if replaces else iter(())
        for part in (*others, kept.append_column("run", run)):
            writer.write_table(part.select(schema.names).cast(schema), row_group_size=1 << 16)
            rows += len(part)
    index.store.sync()
    return {TRANSLATIONS: [(file, 0, rows)]}


def no_translations(settings: MinHash | None) -> pa.Table:
    """The last argument but one of `write_translations` where none is in the corpus."""
    return _schema(settings).empty_table().drop_columns(["run"])


def _schema(settings: MinHash | None) -> pa.Schema:
    return translations_schema(*((settings.bands, settings.rows) if settings else (0, 0)))


def _translations(
    index: Increment | Revision, label: str, names: list[str] | None, *, of_run: bool
) -> Iterator[pa.Table]:
    """Columns of the index's translations into a label, some at a time: of the run, or of all other runs."""
    version, run = _version(index)
    if version is None:
        return
    read = None if names is None else ["run", "id", *names]
    for part in version.parts(label, TRANSLATIONS, read):
        is_own = pc.equal(part["run"], run if run is not None else -1)
        yield part.filter(is_own if of_run else pc.invert(is_own))


def _version(index: Increment | Revision) -> tuple[Earlier | None, int | None]:
    """The version that holds other runs' documents, and the run's own number in it (None: it is not in it)."""
    if isinstance(index, Revision):
        return index.version, index.run
    return index.earlier, None


def _content(table: pa.Table) -> np.ndarray:
    content = np.empty((len(table), 2), np.uint64)
    for half in range(2):
        content[:, half] = table[f"content_{half}"].to_numpy()
    return content
