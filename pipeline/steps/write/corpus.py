"""The corpus and what was removed from it, as Parquet shards per language.

Everything is written beside the published folders, under `write-<fingerprint>/`, and swapped in at the end.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.dedup import host_lines
from polysieve.pipeline.engines.engine import Counts
from polysieve.pipeline.engines.packing import packed
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.decide.cascade import KEPT, OUTCOMES
from polysieve.pipeline.steps.decide.manifest import Decided
from polysieve.pipeline.steps.host_lines import lines
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.step import UnitTask
from polysieve.pipeline.steps.write.manifest import Shards
from polysieve.pipeline.storage.schema import CORPUS, REMOVED, parquet_rows
from polysieve.pipeline.texts import cleaning, tokens


@dataclass(frozen=True)
class Writing(UnitTask):
    """Some labels to write whole, or one shard of a large one."""

    first_row: int = 0
    """Row, in the unit's decisions, of the first label's first document."""
    labels: tuple[tuple[str, int], ...] = ()
    """(label, documents)"""
    shard: tuple[str, int, int, int] | None = None
    """Of one label: ("corpus" or "removed", number, first row, row after the last); None: everything."""
    unchanged: frozenset[str] = frozenset()
    """Labels whose published files are what would be written; they are left out."""

    @property
    def name(self) -> str:
        first = self.labels[0][0]
        return f"{first}-{self.shard[0]}-{self.shard[1]:05d}" if self.shard else first


def tasks(template: Writing, manifest: Decided) -> Iterator[Writing]:
    """The tasks of a unit, from its decisions' manifest: about `shard_bytes` of text each."""
    limit = template.recipe.output.shard_bytes
    row = 0
    for group in packed(manifest["labels"].items(), lambda one: one[1]["text_bytes"], limit):
        labels = tuple((label, values["documents"]) for label, values in group)
        task = replace(template, first_row=row, labels=labels)
        row += sum(n for _, n in labels)
        _, first = group[0]
        if template.unchanged.issuperset(label for label, _ in labels):
            continue
        if first["text_bytes"] <= limit:
            yield task
            continue
        for kind, ends in first["shards"].items():  # of one label, larger than a shard
            for number, (start, end) in enumerate(pairwise([0, *ends])):
                yield replace(task, shard=(kind, number, start, end))


def run(task: Writing) -> Counts:
    """Write one task's files and commit it."""
    names = [label for label, _ in task.labels]
    labels = task.context.labels(names, task.first_row)
    if task.shard:
        labels = [labels[0].window(*task.shard[2:])]
    table = pa.concat_tables(_columns(task, label) for label in labels)
    sizes = {label.name: label.documents for label in labels}
    # One sort puts each file's documents side by side: a slice each, no copy.
    is_removed = ~pc.equal(table["outcome"], OUTCOMES[KEPT]).to_numpy()
    per_label = list(sizes.values())
    order = np.lexsort((is_removed, np.repeat(np.arange(len(sizes)), per_label)))
    is_written = np.repeat([label not in task.unchanged for label in sizes], per_label)
    if task.shard:
        is_written &= is_removed[order] == (task.shard[0] == "removed")
    table, found = cleaned(_without_texts(table.take(order), ~is_written), task.recipe)
    counts: dict[str, int] = {"corpus": 0, "removed": 0}
    token_counts: dict[str, int] = {}
    pii: dict[str, dict[str, int]] = {}
    number = task.shard[1] if task.shard else 0
    row = 0
    for label, n in sizes.items():
        removed = int(is_removed[row : row + n].sum())
        for kind, rows_of_kind in (("corpus", n - removed), ("removed", removed)):
            documents = table.slice(row, rows_of_kind)
            row += rows_of_kind
            if not rows_of_kind or (task.shard and task.shard[0] != kind):
                continue
            counts[kind] += rows_of_kind
            if label in task.unchanged:
                continue
            _write(task, kind, label, number, documents)
            if kind == "corpus":
                of_kind = sum(
                    (found[i] for i in range(row - rows_of_kind, row) if i in found), Counter()
                )
                pii[label] = dict(sorted(of_kind.items()))
                if task.recipe.output.tokenizer:
                    token_counts[label] = pc.sum(documents["token_count"]).as_py()
    manifest: Shards = {
        "corpus": counts["corpus"],
        "removed": counts["removed"],
        "pii": pii,
        "tokens": token_counts,
    }
    task.folder.commit(task.name, manifest)
    return counts


def _without_texts(table: pa.Table, chosen: np.ndarray) -> pa.Table:
    """The table with null for text and title of the chosen rows (bool[n]): they are not worth cleaning."""
    for name in ("text", "title"):
        column = pc.if_else(pa.array(chosen), None, table[name])
        table = table.set_column(table.column_names.index(name), table.schema.field(name), column)
    return table


def _columns(task: Writing, label: Label) -> pa.Table:
    """`corpus_columns` of a label, without lines that recur over hosts where the recipe removes these."""
    decided, unit_name, recipe = task.context.folder("decisions"), task.unit.name, task.recipe
    decisions, selected = label.of_unit(decided, f"{unit_name}.parquet", None), None
    if recipe.quality:
        selected = label.of_unit(decided, f"{unit_name}-selected.parquet", None)
    table = corpus_columns(label, decisions, selected)
    recurring = task.context.get("lines")
    if recurring and recipe.host_lines and recipe.host_lines.remove:
        table = without_repeated(table, lines.read(recurring, label, ["numbers"])["numbers"])
    return table


def cleaned(table: pa.Table, recipe: Recipe) -> tuple[pa.Table, dict[int, Counter[str]]]:
    """The table with texts and titles as they are written and the tokens of these texts, and the personal data found in
    texts, by row."""
    labels = pc.binary_join_element_wise(table["language"], table["language_script"], "_")
    labels = labels.combine_chunks()
    written = cleaning.of_written(table["text"].combine_chunks(), labels, recipe.clean)
    titles = cleaning.of_written(table["title"].combine_chunks(), labels, recipe.clean).texts
    columns = {"text": written.texts, "title": titles, "pii": written.pii}
    if recipe.output.tokenizer:
        columns["token_count"] = tokens.count(written.texts, recipe.output.tokenizer)
    for name, column in columns.items():
        table = table.set_column(table.column_names.index(name), table.schema.field(name), column)
    return table, written.counts


def corpus_columns(label: Label, decisions: pa.Table, selected: pa.Table | None) -> pa.Table:
    """The columns of `removed/` and the outcome, for a label's documents, their decisions, and what models said of
    them."""
    documents = label.read(
        "documents",
        [
            "text",
            "id",
            "dump",
            "url",
            "date",
            "title",
            "label",
            "language_score",
            "top_langs",
            "offset",
            "language_votes",
            "language_disagreement",
            "language_shares",
            "html_language",
            "canonical_url",
            "published",
            "licence",
        ],
    )
    words = label.read("signals", ["word_count"])["word_count"]
    n = documents.num_rows
    parts = pc.split_pattern(documents["label"], "_")
    columns = {name: documents[name] for name in documents.column_names}
    columns |= {
        "file_path": label.addresses(),
        "language": pc.list_element(parts, 0),
        "language_script": pc.list_element(parts, 1),
        "minhash_cluster_size": decisions["minhash_cluster_size"],
        "weight": decisions["weight"],
        "word_count": words.cast(pa.int64()),
        "origin": pa.repeat(pa.scalar("web"), n),
        "filter_reason": decisions["reason"].cast(pa.string()),
    }
    if selected is not None:
        columns |= {name: selected[name] for name in selected.column_names}
    arrays = [columns[f.name] if f.name in columns else pa.nulls(n, f.type) for f in REMOVED]
    table = pa.table(arrays, schema=REMOVED)
    return table.append_column("outcome", decisions["outcome"].cast(pa.string()))


def without_repeated(table: pa.Table, numbers: pa.ChunkedArray) -> pa.Table:
    """The table with the texts that are kept without the lines of these numbers (list<int32>[n]), and how many each
    lost. Texts that are removed keep theirs: they are there to be judged."""
    kept = np.flatnonzero(pc.equal(table["outcome"], OUTCOMES[KEPT]).to_numpy())
    own = numbers.take(pa.array(kept)).combine_chunks()
    shortened = host_lines.without_lines(table["text"].take(pa.array(kept)), own)
    place = np.full(table.num_rows, -1)
    place[kept] = np.arange(len(kept))
    at = pa.array(place, mask=place < 0)
    columns = {
        "text": pc.coalesce(shortened.take(at), table["text"]),
        "lines_removed": pc.list_value_length(own).cast(pa.int64()).take(at),
    }
    for name, column in columns.items():
        table = table.set_column(table.column_names.index(name), table.schema.field(name), column)
    return table


def _write(task: Writing, kind: str, label: str, number: int, documents: pa.Table) -> None:
    if kind == "corpus":
        documents = documents.select(CORPUS.names).cast(CORPUS)
    elif task.recipe.output.removed == "none":
        return
    else:
        documents = documents.select(REMOVED.names).cast(REMOVED)
        if task.recipe.output.removed == "reasons":
            documents = documents.drop_columns(["text"])
    name = task.folder.file(f"{kind}/{label}/train-{number:05d}.parquet")
    task.folder.store.write_table(name, documents, parquet_rows(documents))
