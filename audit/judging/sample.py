"""Which documents of a language a person judges: the same for everyone who asks with the same seed.

A language's documents have two stages, kept and removed, and within a stage a stratum for each reason. From each
stratum come the documents with the smallest hashes of seed and id: a simple random sample without replacement,
whatever machine draws it, and one that keeps most of its members when thresholds change and documents move.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from polysieve.filters.sampling import least, ranks

KEPT, REMOVED = "kept", "removed"
FOLDERS = {KEPT: "corpus", REMOVED: "removed"}
SHOWN = 20_000
"""Code points of a text that are stored and shown; how many there are is stored beside."""

DUPLICATES = ("exact_duplicate", "near_duplicate")
_COLUMNS = (
    "id",
    "url",
    "file_path",
    "offset",
    "language_score",
    "text",
    "source_id",
    "source_language",
)
_ROWS = 50_000


class Files(Protocol):
    """The output of a run: `pipeline.storage.store.Store`, or anything that lists and opens files alike."""

    def files(self, folder: str) -> list[str]: ...
    def open(self, name: str) -> IO[bytes]: ...


@dataclass(frozen=True)
class Stratum:
    """The documents of a language with one outcome."""

    stage: str
    """KEPT or REMOVED."""
    reason: str
    """Why they were removed; KEPT for those that stay."""
    population: int
    """How many there are."""


@dataclass(frozen=True)
class Sampled:
    """One document to judge."""

    document: str
    """32 hexadecimal digits that name it and its text: see `name_of`."""
    stage: str
    reason: str
    columns: Mapping[str, Any]
    """id, url, file_path, offset, language_score, text (its first SHOWN code points), characters, and of a
    translation source_language and source_text."""


@dataclass(frozen=True)
class Sample:
    """What is drawn of one language."""

    strata: list[Stratum]
    """Those that hold documents, kept first, then by reason."""
    documents: list[Sampled]
    """In the order in which they are shown: mixed by a hash, so that those judged before somebody stops are a
    random part of each stratum."""


def name_of(id: str, file_path: str | None, offset: int | None, text: str) -> str:
    """The name of a document as it is shown, 32 hexadecimal digits.

    `id` alone may repeat in a crawl; and what was said of one text says nothing of another, which a changed
    extraction made of the same page.
    """
    return hashlib.sha256(f"{id}\0{file_path}\0{offset}\0{text}".encode()).hexdigest()[:32]


def is_judged(reason: str) -> bool:
    """Whether documents with this reason are shown: not duplicates, whose text says nothing of why they went, nor
    those that left by their address or for want of text, which have none."""
    return reason not in DUPLICATES and reason != "empty_text" and not reason.startswith("url")


def allotted(sizes: Mapping[str, int], n: int) -> dict[str, int]:
    """n places over the strata: as equally as their sizes allow; what remains goes to the first by name.

    Equal shares give each filter's precision the same certainty; figures over several strata weight them by size.
    """
    given = dict.fromkeys(sorted(sizes), 0)
    left = min(n, sum(sizes.values()))
    while left:
        open_ = [name for name in given if given[name] < sizes[name]]
        each = max(1, left // len(open_))
        for name in open_:
            more = min(each, sizes[name] - given[name], left)
            given[name] += more
            left -= more
    return given


def draw(files: Files, label: str, n: int = 100, seed: int = 0) -> Sample:
    """At most n documents of each stage of a language.

    Reads ids and reasons of all the language's documents, a row group at a time, and the texts of those that are
    drawn. Where `removed/` holds no texts (`output.removed: reasons`, `none`), that stage has no documents.
    """
    strata: list[Stratum] = []
    chosen: list[tuple[str, str, str, int]] = []  # stage, reason, file, row
    for stage, folder in FOLDERS.items():
        smallest = _Smallest(n)
        names = [f for f in files.files(f"{folder}/{label}") if f.endswith(".parquet")]
        for number, name in enumerate(names):
            with files.open(name) as file:
                for first, ids, reasons in _ids(pq.ParquetFile(file), stage):
                    smallest.add(
                        ranks([id or b"" for id in _bytes(ids)], seed), reasons, number, first
                    )
        strata += [Stratum(stage, reason, size) for reason, size in sorted(smallest.sizes.items())]
        places = allotted(smallest.sizes, n)
        chosen += [
            (stage, reason, names[number], row)
            for reason, many in places.items()
            for number, row in smallest.rows(reason)[:many]
        ]
    documents = _texts(files, chosen)
    _add_sources(files, documents)
    found = [Sampled(d.pop("document"), d.pop("stage"), d.pop("reason"), d) for d in documents]
    order = least(ranks([d.document for d in found], f"{seed}\0order"), len(found))
    return Sample(strata, [found[i] for i in order])


def _bytes(strings: pa.Array | pa.ChunkedArray) -> list[bytes | None]:
    """A column's strings as bytes: a Parquet file may hold what is not UTF-8."""
    return strings.cast(pa.large_binary()).to_pylist()


def _ids(file: pq.ParquetFile, stage: str) -> Iterator[tuple[int, pa.Array, pa.Array]]:
    """(first row, ids, reasons) of each part of a file; nothing where it has no texts."""
    if "text" not in file.schema_arrow.names:
        return
    columns = ["id"] if stage == KEPT else ["id", "filter_reason"]
    first = 0
    for batch in file.iter_batches(_ROWS, columns=columns):
        reasons = (
            pa.repeat(pa.scalar(KEPT), len(batch)) if stage == KEPT else batch["filter_reason"]
        )
        yield first, batch["id"], reasons
        first += len(batch)


class _Smallest:
    """The n smallest hashes of each reason, and how many documents each has."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.sizes: dict[str, int] = {}
        self._best: dict[str, np.ndarray] = {}  # hash, file, row

    def add(self, hashes: np.ndarray, reasons: pa.Array, file: int, first: int) -> None:
        """Documents of one file whose rows begin at `first`."""
        encoded = reasons.dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        for code, reason in enumerate(encoded.dictionary.to_pylist()):
            rows = np.flatnonzero(codes == code)
            if not is_judged(reason) or not len(rows):
                continue
            self.sizes[reason] = self.sizes.get(reason, 0) + len(rows)
            new = np.empty(len(rows), [("hash", "u8"), ("file", "i8"), ("row", "i8")])
            new["hash"], new["file"], new["row"] = hashes[rows], file, first + rows
            both = np.concatenate([self._best[reason], new]) if reason in self._best else new
            self._best[reason] = np.sort(both, order=["hash", "file", "row"])[: self.n]

    def rows(self, reason: str) -> list[tuple[int, int]]:
        """(file, row), smallest hash first."""
        return [(int(one["file"]), int(one["row"])) for one in self._best[reason]]


def _texts(files: Files, chosen: list[tuple[str, str, str, int]]) -> list[dict[str, Any]]:
    """The columns of chosen documents; of each file only the row groups that hold some are read."""
    found: list[dict[str, Any]] = []
    for name in dict.fromkeys(name for _, _, name, _ in chosen):
        own = sorted((row, stage, reason) for stage, reason, at, row in chosen if at == name)
        with files.open(name) as file:
            documents = list(_rows(pq.ParquetFile(file), [row for row, _, _ in own], _COLUMNS))
        for (_, stage, reason), document in zip(own, documents, strict=True):
            key = name_of(
                document["id"], document["file_path"], document["offset"], document["text"]
            )
            found.append({**document, "document": key, "stage": stage, "reason": reason})
    return found


def _rows(
    file: pq.ParquetFile, rows: list[int], columns: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """Columns of some rows, given in ascending order, with `text` cut to SHOWN and `characters` beside."""
    first = 0
    for group in range(file.num_row_groups):
        size = file.metadata.row_group(group).num_rows
        wanted = [row - first for row in rows if first <= row < first + size]
        first += size
        if wanted:
            table = file.read_row_group(group, columns=list(columns), use_threads=False).take(
                wanted
            )
            for row in zip(*map(_values, table.columns), strict=True):
                document = dict(zip(table.column_names, row, strict=True))
                text = document["text"] or ""
                yield {**document, "text": text[:SHOWN], "characters": len(text)}


def _values(column: pa.ChunkedArray) -> list[Any]:
    """A column's values; what is not UTF-8 in a string becomes U+FFFD."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return [v and v.decode("utf-8", "replace") for v in _bytes(column)]
    return column.to_pylist()


def _add_sources(files: Files, documents: list[dict[str, Any]]) -> None:
    """Give translations the text that they were made from, where the corpus has it."""
    wanted: dict[str, set[str]] = {}
    for document in documents:
        if document["source_id"] and document["source_language"]:
            wanted.setdefault(document["source_language"], set()).add(document["source_id"])
    texts: dict[tuple[str, str], str] = {}
    for label, ids in sorted(wanted.items()):
        for name in files.files(f"corpus/{label}"):
            with files.open(name) as file:
                parquet = pq.ParquetFile(file)
                column = parquet.read(["id"], use_threads=False)["id"]
                rows = pc.indices_nonzero(pc.is_in(column, pa.array(sorted(ids)))).to_pylist()
                for source in _rows(parquet, rows, ("id", "text")):
                    texts.setdefault((label, source["id"]), source["text"])
    for document in documents:
        key = (document["source_language"], document.pop("source_id"))
        document["source_text"] = texts.get(key)
