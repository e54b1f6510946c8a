"""A window of documents translated, and measured as pages are measured.

A task reads the texts of its window, translates them sentence by sentence through the cache, and writes row-aligned
tables as the step measure does (documents/, signals/, bands/), with what became of each sentence beside (sentences/).
Documents are of the target's label whatever language is identified in them: that is one of the checks.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from polysieve import language_id
from polysieve.dedup import host_lines
from polysieve.filters import precision
from polysieve.filters.signals import StopWords
from polysieve.filters.words import segment
from polysieve.pipeline.engines.engine import Counts, Pool
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.translating import CTranslate2, Target
from polysieve.pipeline.steps.fit import fit
from polysieve.pipeline.steps.host_lines import lines
from polysieve.pipeline.steps.labels import Label, Slice
from polysieve.pipeline.steps.measure import batches, languages, segment_tables
from polysieve.pipeline.steps.step import Task
from polysieve.pipeline.steps.translate import checking, choice
from polysieve.pipeline.steps.translate.manifest import Spent, TranslatedWindow
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.schema import DOCUMENTS
from polysieve.pipeline.storage.store import Store
from polysieve.pipeline.texts import cleaning
from polysieve.translation.cache import SentenceCache
from polysieve.translation.checks import CHECKS, measure_documents
from polysieve.translation.documents import Ledger, Translated, translate
from polysieve.translation.engines import Chain, Engine
from polysieve.translation.engines.opening import open_engine

SOURCE_COLUMNS = ["text", "id", "dump", "url", "date", "offset", "record"]
LINEAGE = pa.schema(
    [
        ("file_path", pa.string()),
        ("source_id", pa.string()),
        ("source_language", pa.string()),
        ("doc_group_id", pa.string()),
        ("engine", pa.string()),
        ("segment_status", pa.string()),
        ("rank", pa.uint64()),
        ("source_text", pa.large_string()),
        # Names of the checks that failed, with commas between; null where none did.
        ("failed_checks", pa.string()),
    ]
)
TRANSLATED = pa.schema([*DOCUMENTS, *LINEAGE, *CHECKS])
SENTENCES = pa.schema(
    [
        ("id", pa.string()),
        ("source_id", pa.string()),
        ("start", pa.int64()),  # in the source document, in characters
        ("source", pa.large_string()),
        ("target", pa.large_string()),
        ("status", pa.string()),
        ("score", pa.float64()),
        # Signals beyond their limits, with commas between; null where none is.
        ("flags", pa.string()),
        ("comet", pa.float64()),
    ]
)
CACHE = "sentences"


@dataclass(frozen=True)
class Window(Task):
    """One window of one source label, into one target."""

    label: str
    """The target's."""
    number: int
    source: str
    start: int
    stop: int
    """Rows of the source label."""
    below: int

    @property
    def name(self) -> str:
        return name_of(self.label, self.number)

    @property
    def target(self) -> Target:
        assert self.recipe.translate is not None
        return self.recipe.translate.targets[self.label]

    @property
    def memory(self) -> int:
        return checking.memory(self.target)

    def rows(self) -> Label:
        """The rows of the window in the tables of `measure`, those between chosen documents too."""
        (label,) = self.context.labels([self.source])
        return label.window(self.start, self.stop)


def name_of(label: str, number: int) -> str:
    """The name of a target's window."""
    return f"{label}-{number:05d}"


def pool(recipe: Recipe) -> Pool | None:
    """On what workers windows are translated: on a pool where a model of an engine or a check is large or needs a GPU.

    The others load in half a second, less than a worker needs to start (benchmarks/main_job/pool.py), and plain tasks
    share the workers of the steps before and after.
    """
    assert recipe.translate is not None
    gpus, hops = recipe.translate.gpus_of_task, recipe.translate.hops
    heavy = recipe.translate.is_heavy or any(isinstance(hop, CTranslate2) for hop in hops)
    return Pool(gpus) if gpus or heavy else None


def engine_of(target: Target, label: str) -> Engine:
    """The engine of a target, opened once per process. Raises EngineError, ImportError, EngineDown."""
    return _opened(json.dumps([hop.model_dump() for hop in target.engine]), label)


def back_engine(target: Target, source: str) -> Engine:
    """The engine of a target's round trip. Raises as `engine_of`."""
    assert target.checks.round_trip is not None
    return _opened(
        json.dumps([hop.model_dump() for hop in target.checks.round_trip.engine]), source
    )


@lru_cache(maxsize=8)
def _opened(hops: str, label: str) -> Engine:
    opened = []
    for hop in json.loads(hops):
        name, to = hop.pop("engine"), hop.pop("to") or label
        opened.append((open_engine(name, **hop), to))
    return opened[0][0] if len(opened) == 1 else Chain(opened)


def cache_folder(store: Store, recipe: Recipe) -> str:
    """Where this machine keeps translated sentences."""
    assert recipe.translate is not None
    if recipe.translate.cache:
        return recipe.translate.cache
    if store.local:
        return store.path(CACHE)
    return os.path.join(tempfile.gettempdir(), f"polysieve-{CACHE}-{os.getuid()}")


def run(task: Window) -> Counts:
    """Translate and measure one window and commit it. Raises EngineDown where the engine cannot work now."""
    rows, ranks = choice.chosen_rows(
        task.context.folder("choice"), task.source, task.target, task.below, task.start, task.stop
    )
    sources, addresses = _sources(task, rows)
    texts = sources["text"].to_pylist()
    engine = engine_of(task.target, task.label)
    ledger = Ledger()
    cache = SentenceCache(
        cache_folder(task.folder.store, task.recipe), engine, task.source, task.label
    )
    try:
        translated = translate(texts, engine, task.source, task.label, cache, ledger)
    finally:
        cache.close()
    flags = checking.flags(task.target, task.source, task.label, translated)
    judged = checking.judged(task.target, translated)
    back = _back(task, translated, ledger)
    documents, signals, bands = _measured(
        task, sources, addresses, ranks, translated, flags, judged, back, engine
    )
    for table, rows_of_table in (
        ("documents", documents),
        ("signals", signals),
        ("bands", bands),
        ("sentences", _sentences(documents, translated, flags, judged)),
    ):
        name = task.folder.file(f"{table}/{task.name}.parquet")
        task.folder.store.write_table(name, rows_of_table, level=segment_tables.LEVEL)
    manifest: TranslatedWindow = {
        "source": task.source,
        "engine": engine.describe(),
        "documents": len(texts),
        "source_words": int(pc.sum(_words(task, rows)).as_py() or 0),
        "target_words": int(pc.sum(signals["word_count"]).as_py() or 0),
        "text_bytes": int(pc.sum(documents["text_bytes"]).as_py() or 0),
        "statuses": _total(t.statuses for t in translated),
        "ledger": cast(Spent, asdict(ledger)),
    }
    task.folder.commit(task.name, manifest)
    return {"documents": len(texts), "text_bytes": manifest["text_bytes"]}


def _words(task: Window, rows: np.ndarray) -> pa.ChunkedArray:
    """Words of some rows of the source label."""
    return task.rows().take("signals", ["word_count"], rows - task.start)["word_count"]


def _sources(task: Window, rows: np.ndarray) -> tuple[pa.Table, list[str]]:
    """Columns of the window's documents, their texts as the corpus has them, and the addresses of their inputs."""
    window, recurring = task.rows(), task.context.get("lines")
    numbers = rows - task.start
    sources = window.take("documents", SOURCE_COLUMNS, numbers)
    texts = sources["text"]
    if recurring and task.recipe.host_lines and task.recipe.host_lines.remove:
        repeated = lines.read(recurring, window, ["numbers"])["numbers"].take(pa.array(numbers))
        texts = pa.chunked_array([host_lines.without_lines(texts, repeated.combine_chunks())])
    labels = pa.repeat(pa.scalar(task.source), len(sources))
    written = cleaning.of_written(texts.combine_chunks(), labels, task.recipe.clean).texts
    sources = sources.set_column(0, sources.schema.field("text"), written)
    return sources, window.addresses().take(pa.array(numbers)).to_pylist()


def _measured(
    task: Window,
    sources: pa.Table,
    addresses: Sequence[str],
    ranks: np.ndarray,
    translated: Sequence[Translated],
    flags: Sequence[Sequence[str | None]],
    judged: Sequence[Sequence[float | None]],
    back: Sequence[str] | None,
    engine: Engine,
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """(documents, signals, bands) of the translations, row-aligned."""
    n = len(translated)
    texts = pa.array([t.text for t in translated], pa.large_string())
    found = language_id.identify(texts, model=languages.model(task.recipe.language))
    scores = [
        score if label == task.label else orjson.loads(candidates or "{}").get(task.label, 0.0)
        for label, score, candidates in zip(
            *(found.field(name).to_pylist() for name in ("label", "score", "candidates")),
            strict=True,
        )
    ]
    labels = pa.repeat(pa.scalar(task.label), n)
    signals, bands = _signals(task, texts, labels, sources["url"].to_pylist())
    flagged = [[flag is not None for flag in own] for own in flags]
    checks = measure_documents(
        sources["text"].to_pylist(), translated, task.label, flagged, back, judged
    )
    groups = [
        _group(address, record, id)
        for address, record, id in zip(
            addresses, sources["record"].to_pylist(), sources["id"].to_pylist(), strict=True
        )
    ]
    lineage = json.dumps(engine.describe(), ensure_ascii=False)
    columns: dict[str, object] = {
        "text": texts,
        "id": [_id(group, task.label, engine) for group in groups],
        **{name: sources[name] for name in ("dump", "url", "date", "offset", "record")},
        "label": labels,
        "language_score": scores,
        "top_langs": found.field("candidates"),
        "text_bytes": pc.binary_length(texts).cast(pa.int64()),
        "file_path": addresses,
        "source_id": sources["id"],
        "source_language": [task.source] * n,
        "doc_group_id": groups,
        "engine": [lineage] * n,
        "segment_status": [orjson.dumps(t.statuses).decode() for t in translated],
        "rank": ranks,
        "source_text": sources["text"],
        "failed_checks": checking.failed(
            checks, found.field("label").to_pylist(), task.label, task.target.checks
        ),
        **{name: checks[name] for name in checks.column_names},
    }
    arrays = [
        _array(columns[f.name], f.type) if f.name in columns else pa.nulls(n, f.type)
        for f in TRANSLATED
    ]
    return pa.table(arrays, schema=TRANSLATED), pa.table(signals), pa.table(bands)


def _back(task: Window, translated: Sequence[Translated], ledger: Ledger) -> list[str] | None:
    """The translations translated back, where the recipe checks by that; their cost is in the ledger too."""
    settings = task.target.checks.round_trip
    if settings is None:
        return None
    engine = back_engine(task.target, task.source)
    folder = cache_folder(task.folder.store, task.recipe)
    cache = SentenceCache(folder, engine, task.label, task.source)
    try:
        texts = [t.text for t in translated]
        return [t.text for t in translate(texts, engine, task.label, task.source, cache, ledger)]
    finally:
        cache.close()


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks().cast(kind)
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


def _signals(
    task: Window, texts: pa.Array, labels: pa.Array, urls: list[str | None]
) -> tuple[pa.Table, pa.Table]:
    """Signals and bands, with the stop words and word list that were fitted for the target."""
    fitted = fit.parameters_of(task.context.folder("fit"), task.recipe, task.label)
    stop_list = StopWords.of(fitted.parameters.stopwords) if fitted.parameters.stopwords else None
    signals, bands = batches.measure_texts(texts, labels, task.recipe, {task.label: stop_list})
    lists = fit.word_lists(task.recipe, [task.label])
    table = pa.Table.from_batches([signals])
    if lists:
        ratios = precision.ratios(
            segment(texts, labels), [lists.get(task.label)] * len(texts), urls
        )
        place = table.column_names.index("wordlist_ratio")
        table = table.set_column(place, "wordlist_ratio", pa.array(ratios, mask=np.isnan(ratios)))
    return table, pa.Table.from_batches([bands])


def _group(address: str, record: int, id: str) -> str:
    """The id that all versions of one document share, from its key in the run."""
    return "sha256:" + hashlib.sha256(f"{address}\0{record}\0{id}".encode()).hexdigest()


def _id(group: str, label: str, engine: Engine) -> str:
    """A translation's own id."""
    return "sha256:" + hashlib.sha256(f"{group}\0{label}\0{engine.hash}".encode()).hexdigest()


def _sentences(
    documents: pa.Table,
    translated: Sequence[Translated],
    flags: Sequence[Sequence[str | None]],
    judged: Sequence[Sequence[float | None]],
) -> pa.Table:
    ids = (documents[name].to_pylist() for name in ("id", "source_id"))
    rows = [
        (id, source_id, s.start, s.source, s.target, s.status, s.score, flag, score)
        for id, source_id, t, own, scores in zip(*ids, translated, flags, judged, strict=True)
        for s, flag, score in zip(t.sentences, own, scores, strict=True)
    ]
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [[]] * len(SENTENCES)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, SENTENCES, strict=True)]
    return pa.table(arrays, schema=SENTENCES)


def _total(counts: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for status, number in one.items():
            total[status] = total.get(status, 0) + number
    return dict(sorted(total.items()))


def translations_of(folder: StepFolder, label: str, sizes: Mapping[int, int]) -> Label:
    """The translations into a label; `sizes` are the documents of each of its windows."""
    windows = [(name_of(label, number), size) for number, size in sorted(sizes.items()) if size]
    return Label(label, folder, tuple(Slice(name, "", 0, size) for name, size in windows))
