"""Translations as they are written: files of their own in the corpus, beside the native ones, and the pairs they came
from.

`corpus/<label>/translated-00000.parquet` and `removed/<label>/translated-00000.parquet` have the columns of native
files. `parallel/<source>-<label>/documents-00000.parquet` and `sentences-00000.parquet` hold the pairs of what is kept,
with the figures of the checks.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.pipeline.engines.engine import Counts
from polysieve.pipeline.steps.decide.cascade import KEPT, OUTCOMES
from polysieve.pipeline.steps.step import Task
from polysieve.pipeline.steps.translate.translations import name_of
from polysieve.pipeline.steps.write.corpus import cleaned
from polysieve.pipeline.steps.write.manifest import Translated
from polysieve.pipeline.steps.write.samples import Sample, sample
from polysieve.pipeline.storage.schema import CORPUS, REMOVED
from polysieve.pipeline.storage.shards import Shards
from polysieve.translation.checks import CHECKS

PREFIX = "translated-"
PARALLEL = "parallel"
PAIRS = pa.schema(
    [
        ("source_id", pa.string()),
        ("id", pa.string()),
        ("doc_group_id", pa.string()),
        ("source_language", pa.string()),
        ("target_language", pa.string()),
        ("source", pa.large_string()),
        ("target", pa.large_string()),
        ("engine", pa.string()),
        ("segment_status", pa.string()),
        ("language_score", pa.float64()),
        *CHECKS,
    ]
)
SENTENCE_PAIRS = pa.schema(
    [
        ("source_id", pa.string()),
        ("id", pa.string()),
        ("source", pa.large_string()),
        ("target", pa.large_string()),
        ("status", pa.string()),
        ("score", pa.float64()),
        ("flags", pa.string()),
        ("comet", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Translations(Task):
    """The translations into one label."""

    label: str
    windows: tuple[tuple[int, int], ...]
    """Number and documents of each window."""

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.label}"


def run(task: Translations) -> Counts:
    """Write the translations into one label and commit them."""
    counts: dict[str, int] = {"corpus": 0, "removed": 0}
    samples: dict[str, list[Sample]] = {}
    translate, admit = task.context.folder("translate"), task.context.folder("admit")
    first = 0
    with Shards(task.folder.store, task.recipe.output.shard_bytes) as shards:
        for number, size in task.windows:
            if not size:
                continue
            name = name_of(task.label, number)
            store = translate.store
            documents = store.read_columns(translate.file(f"documents/{name}.parquet"), None)
            words = store.read_columns(translate.file(f"signals/{name}.parquet"), ["word_count"])
            decisions = admit.store.read_columns(
                admit.file(f"{task.label}.parquet"), None, first, first + size
            )
            first += size
            table = _columns(documents, words, decisions)
            kept = pc.equal(decisions["outcome"].cast(pa.string()), OUTCOMES[KEPT]).to_numpy()
            table, _ = cleaned(table, task.recipe)
            for kind, chosen in (("corpus", kept), ("removed", ~kept)):
                part = table.filter(pa.array(chosen))
                if not len(part):
                    continue
                counts[kind] += len(part)
                for reason, found in sample(part, task.recipe.seed).items():
                    samples.setdefault(reason, found)
                _put(task, shards, kind, part)
            if task.recipe.translate and task.recipe.translate.parallel:
                _put_pairs(task, shards, documents, kept, name)
    manifest: Translated = {
        "corpus": counts["corpus"],
        "removed": counts["removed"],
        "samples": samples,
    }
    task.folder.commit(task.name, manifest)
    return counts


def _columns(documents: pa.Table, words: pa.Table, decisions: pa.Table) -> pa.Table:
    """The columns of removed/, for translations and their decisions."""
    n = documents.num_rows
    parts = pc.split_pattern(documents["label"], "_")
    columns = {name: documents[name] for name in documents.column_names}
    columns |= {
        "language": pc.list_element(parts, 0),
        "language_script": pc.list_element(parts, 1),
        "minhash_cluster_size": decisions["minhash_cluster_size"],
        "weight": decisions["weight"],
        "word_count": words["word_count"].cast(pa.int64()),
        "origin": pa.repeat(pa.scalar("mt"), n),
        "filter_reason": decisions["reason"].cast(pa.string()),
    }
    arrays = [columns[f.name] if f.name in columns else pa.nulls(n, f.type) for f in REMOVED]
    return pa.table(arrays, schema=REMOVED)


def _put(task: Translations, shards: Shards, kind: str, part: pa.Table) -> None:
    folder = task.folder.file(f"{kind}/{task.label}/{PREFIX}")
    if kind == "corpus":
        shards.put(folder, part.select(CORPUS.names).cast(CORPUS))
    elif task.recipe.output.removed == "full":
        shards.put(folder, part)
    elif task.recipe.output.removed == "reasons":
        shards.put(folder, part.drop_columns(["text"]))


def _put_pairs(
    task: Translations, shards: Shards, documents: pa.Table, kept: np.ndarray, name: str
) -> None:
    chosen = documents.filter(pa.array(kept))
    if not len(chosen):
        return
    source = chosen["source_language"][0].as_py()
    folder = task.folder.file(f"{PARALLEL}/{source}-{task.label}/")
    named = {
        "target": chosen["text"],
        "source": chosen["source_text"],
        "target_language": chosen["label"],
    }
    columns = {n: chosen[n] for n in chosen.column_names} | named
    shards.put(f"{folder}documents-", pa.table([columns[n] for n in PAIRS.names], schema=PAIRS))
    translate = task.context.folder("translate")
    sentences = translate.store.read_columns(
        translate.file(f"sentences/{name}.parquet"), SENTENCE_PAIRS.names
    )
    inside = pc.is_in(sentences["id"], chosen["id"].combine_chunks())
    inside = pc.and_(inside, pc.not_equal(sentences["status"], "failed"))
    shards.put(f"{folder}sentences-", sentences.filter(inside).cast(SENTENCE_PAIRS))
