"""The step render: pairs of a run's `parallel/` as documents in two languages, with the columns of a corpus.

A file of pairs becomes a file of documents, which the steps after this one read like any file of a corpus.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from polysieve.filters.words import segment
from polysieve.pipeline.engines.engine import BaseTask, Counts
from polysieve.pipeline.mixing.inputs import Input
from polysieve.pipeline.mixing.spec import Mix, Source
from polysieve.pipeline.mixing.templates import backward, interleaved, interlinear
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.schema import CORPUS
from polysieve.pipeline.storage.store import parquet_writer
from polysieve.pipeline.texts import tokens

DOCUMENT_COLUMNS = ["id", "source_id", "doc_group_id", "source", "target", "engine"]
SENTENCE_COLUMNS = ["id", "source_id", "source", "target"]


@dataclass(frozen=True)
class Task(BaseTask):
    """One file of pairs."""

    folder: StepFolder
    input: Input
    spec: Mix

    @property
    def name(self) -> str:
        return self.input.key


@dataclass(frozen=True)
class Pairs:
    """Some documents: the columns that are theirs, and the source's and target's sentences, or whole texts."""

    columns: dict[str, list[Any]]
    texts: list[list[tuple[str, str]]]


def hashes(spec: Mix) -> dict[str, object]:
    """The hashes of the tokenizers of sources that are rendered. Raises TokenizerError."""
    return {
        name: tokens.fingerprint(source.tokenizer)
        for name, source in spec.sources.items()
        if source.template
    }


def run(task: Task) -> Counts:
    """Render a file and commit it."""
    input = task.input
    source = task.spec.sources[input.sources[0]]
    rows = 0
    with (
        task.folder.store.create(task.folder.file(f"{input.key}.parquet")) as file,
        parquet_writer(file, CORPUS) as writer,
    ):
        for pairs in _pairs(input, source):
            if pairs.texts:
                rendered = _rendered(pairs, source, input, task.spec.seed)
                writer.write_table(rendered, row_group_size=len(rendered))
                rows += len(rendered)
    task.folder.commit(task.name, {"documents": rows})
    return {"documents": rows}


def _pairs(input: Input, source: Source) -> Iterator[Pairs]:
    """The documents of a file, those of about a row group at a time."""
    columns = DOCUMENT_COLUMNS if source.template == "interleaved" else SENTENCE_COLUMNS
    tables = input.raw_store.read_groups(input.name, columns)
    if source.template == "interleaved":
        for table in tables:
            texts = zip(table["source"].to_pylist(), table["target"].to_pylist(), strict=True)
            names = [name for name in columns if name not in ("source", "target")]
            yield Pairs(
                {name: table[name].to_pylist() for name in names},
                [[(first or "", second or "")] for first, second in texts],
            )
        return
    yield from _by_document(tables)


def _by_document(tables: Iterable[pa.Table]) -> Iterator[Pairs]:
    """Sentences gathered by their document, which may go on in the next row group."""
    open_ids: list[str] = []
    open_sources: list[str] = []
    open_texts: list[list[tuple[str, str]]] = []
    for table in tables:
        rows = zip(*(table[name].to_pylist() for name in SENTENCE_COLUMNS), strict=True)
        for id, source_id, first, second in rows:
            if not open_ids or open_ids[-1] != id:
                open_ids.append(id)
                open_sources.append(source_id)
                open_texts.append([])
            open_texts[-1].append((first or "", second or ""))
        yield Pairs({"id": open_ids[:-1], "source_id": open_sources[:-1]}, open_texts[:-1])
        open_ids, open_sources, open_texts = open_ids[-1:], open_sources[-1:], open_texts[-1:]
    yield Pairs({"id": open_ids, "source_id": open_sources}, open_texts)


def _rendered(pairs: Pairs, source: Source, input: Input, seed: int) -> pa.Table:
    """The documents with the columns of a corpus: language and label are the target's."""
    n = len(pairs.texts)
    first, second = input.pair
    language, script = second.split("_")
    turned = backward(pairs.columns["id"], source.direction, seed)
    if source.template == "interleaved":
        sides = list(zip(*(pair[0] for pair in pairs.texts), strict=True))
        texts = interleaved(sides[0], sides[1], turned, source.between)
    else:
        texts = interlinear(pairs.texts, turned, source.between)
    text = pa.array(texts, pa.large_string())
    columns: dict[str, object] = {
        **pairs.columns,
        "text": text,
        "language": [language] * n,
        "language_script": [script] * n,
        "origin": ["mt"] * n,
        "source_language": [first] * n,
        "weight": np.ones(n, np.int32),
        "word_count": _words(pairs, 0, first) + _words(pairs, 1, second),
    }
    if source.tokenizer:
        columns["token_count"] = tokens.count(text, source.tokenizer)
    arrays = [
        pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(n, f.type)
        for f in CORPUS
    ]
    return pa.table(arrays, schema=CORPUS)


def _words(pairs: Pairs, side: int, label: str) -> np.ndarray:
    """int64[documents]: the words of one side, cut as its language is."""
    texts = pa.array(
        ["\n".join(pair[side] for pair in own) for own in pairs.texts], pa.large_string()
    )
    return np.diff(segment(texts, pa.repeat(label, len(texts))).documents)
