"""The deduplication index: what earlier runs measured, so that a new snapshot is an increment.

An index is a folder of files that are never changed, and `current.json`, which names the version that
holds. A version is one JSON file, `versions/<fingerprint>.json`: its runs in the order in which they came, and for
every label where the rows of its tables are. A table is a list of extents (file, first row, rows), most
of them shared with the version before. Contents and members of a label are numbered in that order.

| table | a row per | columns |
|---|---|---|
| contents | distinct content | content hash, whether it has shingles, bytes to verify by |
| keys | content with shingles, and band | band key, content; sorted by band, then key |
| components | content | its component before and after verification (a content), documents, first and last run |
| members | document | content, run, and what the representative is chosen by |
| published | document whose text is in a corpus | its number among the members |
| translations | translation whose text is in a corpus | run, id, and what it is compared by |

Members are native documents; translations stand apart, so that no native document is ever compared with one.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, TypedDict

import numpy as np
import pyarrow as pa

from polysieve.pipeline.storage.store import Store, rows_of

CURRENT = "current.json"
FORMAT = 1
WINDOW = 1 << 22  # rows of a table that are read at a time

Extent: TypeAlias = tuple[str, int, int]
"""File, first row, rows; a list where it comes from JSON."""
Extents: TypeAlias = Mapping[str, Sequence[Extent]]
"""table → extents of a label."""

KEYS = pa.schema([("key", pa.uint64()), ("content", pa.int64())])
COMPONENTS = pa.schema(
    [
        ("provisional", pa.int64()),
        ("component", pa.int64()),
        ("documents", pa.int64()),
        ("first_run", pa.int32()),
        ("last_run", pa.int32()),
    ]
)
MEMBERS = pa.schema(
    [
        ("content", pa.int64()),
        ("run", pa.int32()),
        ("language_score", pa.float64()),
        ("word_count", pa.int64()),
        ("date", pa.string()),
        ("id", pa.string()),
        ("file_path", pa.string()),
        ("offset", pa.int64()),
    ]
)
# What else of documents/ members may be chosen by; everything besides is a signal.
OTHER_COLUMNS = {"url": pa.string(), "dump": pa.string(), "text_bytes": pa.int64()}
PUBLISHED = pa.schema([("member", pa.int64())])


def members_schema(kept: Sequence[str]) -> pa.Schema:
    """The table `members` where representatives are chosen by these columns, as `dedup.kept` names them."""
    names = [
        name for name in (named.removeprefix("-") for named in kept) if name not in MEMBERS.names
    ]
    more = [pa.field(name, OTHER_COLUMNS.get(name, pa.float64())) for name in sorted(set(names))]
    return pa.schema([*MEMBERS, *more])


class Settings(TypedDict):
    """What the clusters of all runs depend on."""

    exact: bool
    minhash: dict[str, Any] | None
    """The recipe's settings of MinHash; `bands` and `rows` among them."""
    kept: list[str]
    """By what the kept member of a cluster is chosen."""


class RunAdded(TypedDict):
    """What a run says of itself."""

    inputs: str
    """A hash of the list of inputs."""
    inputs_file: str
    """The file that names them."""
    measure: str
    """The fingerprint of the step that measured them."""
    snapshots: list[str]
    documents: int


class Run(RunAdded):
    """A run of a version."""

    base: str | None
    """The version that it started from; None for an empty index."""


class Version(TypedDict):
    """A version's JSON."""

    format: int
    parent: str | None
    """The version before."""
    settings: Settings
    bands: int
    """0 where nothing was signed."""
    runs: list[Run]
    labels: dict[str, dict[str, list[Extent]]]
    """Label → table → its extents."""


class IndexUnusable(ValueError):
    """An index that cannot be used for this run; the message says why and what to do."""


def contents_schema(signature_bytes: int) -> pa.Schema:
    """The table `contents`; the signature is null where nothing was signed."""
    return pa.schema(
        [
            ("content_0", pa.uint64()),
            ("content_1", pa.uint64()),
            ("has_shingles", pa.bool_()),
            ("signature", pa.binary(signature_bytes or -1)),
        ]
    )


def translations_schema(bands: int, rows: int) -> pa.Schema:
    """The table `translations`; bands: those of MinHash, 0 where nothing was signed."""
    signed = [
        ("has_shingles", pa.bool_()),
        ("signature", pa.binary(bands * rows or -1)),
        *((f"band_{band}", pa.uint64()) for band in range(bands)),
    ]
    names = [("run", pa.int32()), ("id", pa.string())]
    contents = [("content_0", pa.uint64()), ("content_1", pa.uint64())]
    return pa.schema([*names, *contents, *(signed if bands else [])])


@dataclass(frozen=True)
class Earlier:
    """One version of an index, read by label."""

    store: Store
    fingerprint: str

    @cached_property
    def record(self) -> Version:
        """The version's JSON."""
        return self.store.read_json(version_file(self.fingerprint))

    @property
    def runs(self) -> list[Run]:
        return self.record["runs"]

    def contents(self, label: str) -> int:
        """Distinct contents of a label."""
        return self._count(label, "contents")

    def documents(self, label: str) -> int:
        """Documents of a label."""
        return self._count(label, "members")

    def _count(self, label: str, table: str) -> int:
        return sum(rows for _, _, rows in self.extents(label, table))

    def extents(self, label: str, table: str) -> list[Extent]:
        """Where the rows of a table are, in order."""
        return self.record["labels"].get(label, {}).get(table, [])

    def parts(self, label: str, table: str, columns: list[str] | None) -> Iterator[pa.Table]:
        """Columns of a table, some rows at a time, in order."""
        for file, start, rows in self.extents(label, table):
            for first in range(start, start + rows, WINDOW):
                last = min(first + WINDOW, start + rows)
                yield self.store.read_columns(file, columns, first, last)

    def table(self, label: str, table: str, schema: pa.Schema, columns: list[str]) -> pa.Table:
        """Columns of a whole table."""
        empty = pa.schema([schema.field(name) for name in columns]).empty_table()
        return pa.concat_tables([empty, *self.parts(label, table, columns)])

    def take(self, label: str, table: str, columns: list[str], numbers: np.ndarray) -> pa.Table:
        """Columns of some rows of a table, given by ascending numbers."""
        return rows_of(self.parts(label, table, columns), numbers)

    def keys(self, label: str, band: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """(keys, contents) of a band, uint64 and int64, each part sorted by key."""
        for file, start, rows in self.extents(label, "keys"):
            each = rows // self.record["bands"]
            stop = start + (band + 1) * each
            for first in range(start + band * each, stop, WINDOW):
                part = self.store.read_columns(file, None, first, min(first + WINDOW, stop))
                yield part["key"].to_numpy(), part["content"].to_numpy()

    def run_of(self, inputs: str, measure: str) -> int | None:
        """The number of the run with these inputs, measured so, or None."""
        for number, run in enumerate(self.runs):
            if (run["inputs"], run["measure"]) == (inputs, measure):
                return number
        return None


@dataclass(frozen=True)
class Increment:
    """An index that a run reads and adds to."""

    store: Store
    earlier: Earlier | None
    """The version that the run starts from; None where the index is new."""
    run: int
    """The number that the run has in the index."""


@dataclass(frozen=True)
class Revision:
    """A version of an index by which an output that is in it is decided again."""

    store: Store
    version: Earlier
    run: int
    """The output's number among the index's runs."""


def version_file(fingerprint: str) -> str:
    return f"versions/{fingerprint}.json"


def current(store: Store) -> Earlier | None:
    """The version that holds, or None where the index is new. Raises IndexUnusable for another format."""
    try:
        record = store.read_json(CURRENT)
    except FileNotFoundError:
        return None
    if record.get("format") != FORMAT:
        raise IndexUnusable(
            f"{store}: an index of format {record.get('format')}, this program knows {FORMAT}; make it anew"
        )
    return Earlier(store, record["version"])


def commit(store: Store, record: Version) -> None:
    """Write a version and make it the one that holds. Its data files must be there already."""
    fingerprint = fingerprint_of(record)
    store.sync()
    store.write_json(version_file(fingerprint), record)
    store.sync()
    store.write_json(CURRENT, {"format": FORMAT, "version": fingerprint})


def fingerprint_of(record: Version) -> str:
    """16 hexadecimal digits of a version's JSON."""
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def with_run(
    base: Earlier | None,
    settings: Settings,
    run: RunAdded,
    added: Mapping[str, Extents],
    published: Mapping[str, Extents],
) -> Version:
    """The version that follows `base` (None: an empty index) with one run more.

    settings: what the clusters of all runs depend on. run: what is told of the run. added: label → the
    extents that the run wrote; published: likewise, of its decisions.
    """
    labels = (
        {label: dict(tables) for label, tables in base.record["labels"].items()} if base else {}
    )
    for label, tables in added.items():
        own = labels.setdefault(label, {})
        for table, extents in tables.items():
            # Components are those of all contents; the other tables grow.
            known = [] if table == "components" else own.get(table, [])
            own[table] = [*known, *extents]
    parent = base.fingerprint if base else None
    record: Version = {
        "format": FORMAT,
        "parent": parent,
        "settings": settings,
        "bands": settings["minhash"]["bands"] if settings["minhash"] else 0,
        "runs": [*(base.runs if base else []), {**run, "base": parent}],
        "labels": labels,
    }
    return with_published(record, published)


def with_published(record: Version, published: Mapping[str, Extents]) -> Version:
    """A version's JSON with other tables of what is published."""
    labels = dict(record["labels"])
    for label, tables in published.items():
        labels[label] = {**labels[label], "published": list(tables["published"])}
    return {**record, "labels": labels}


def with_translations(record: Version, replaced: Mapping[str, Extents]) -> Version:
    """A version's JSON with other tables of the translations into some labels."""
    labels = dict(record["labels"])
    for label, tables in replaced.items():
        labels[label] = {
            **labels.get(label, {}), "translations": list(tables["translations"])
        }  # fmt: skip
    return {**record, "labels": labels}
