"""Step G, last part (C' and D'): which translations into a language are let in beside its native documents.

The native decision is fixed and stays as it is. A translation goes, in this order, because a check of it failed
(`translation_failed`), its language score is under the cut, it is a duplicate of a native document that
remains or of a translation that stands before it, a rule drops it, or the language has its share of translations
(`translation_share`). Its `minhash_cluster_size` counts the native members of its cluster.

Only native rows that share a content or a band key with a translation are ever held, so a task's memory follows the
translations of a language, not its crawl.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from dedup import components, edges
from filters import rules
from pipeline.ledger import StepFolder
from pipeline.recipe import Recipe
from pipeline.schema import DECISIONS
from pipeline.steps import fit, judgements, selection
from pipeline.steps.decisions import DUPLICATES, OUTCOMES, language_cut, rule_thresholds
from pipeline.steps.kept import kept_members, order_columns
from pipeline.steps.population import fixed_bytes
from pipeline.steps.translate import rows_of
from pipeline.steps.units import Rows

KEPT, REMOVED, DUPLICATE = range(3)
FAILED, SHARE = "translation_failed", "translation_share"


@dataclass(frozen=True)
class Native:
    """Where the native documents of a label are decided."""

    unit_piece: str
    first_row: int
    documents: int
    kept_words: int


@dataclass(frozen=True)
class Task:
    """The translations into one label."""

    folder: StepFolder
    translate: StepFolder
    measure: StepFolder
    index_file: str
    fit: StepFolder
    decisions: StepFolder
    label: str
    windows: tuple[tuple[int, int], ...]
    """Number and documents of each window."""
    native: Native | None
    """None where no page is in the language."""
    recipe: Recipe

    @property
    def piece(self) -> str:
        return self.label


def depends_on(recipe: Recipe) -> dict[str, Any]:
    assert recipe.translate is not None
    return {"max_share": {k: t.max_share for k, t in recipe.translate.targets.items()}}


def run(task: Task) -> dict[str, Any]:
    """Decide the translations into one label and commit them; the manifest holds their counts."""
    recipe = task.recipe
    rows = rows_of(task.translate, task.label, dict(task.windows))
    count = sum(size for _, size in task.windows)
    if not count:
        task.folder.commit(task.piece, {"rows": 0, "kept": 0, "removed": {}, "duplicates": 0})
        return {"documents": 0, "kept": 0}
    documents = rows.read(
        "documents", ["language_score", "failed_checks", "text_bytes", "rank", "source_language"]
    )
    parameters = fit.parameters_of(task.fit, recipe, task.label).parameters
    names: list[str | None] = [None, FAILED, "language_score", *DUPLICATES, *recipe.column_rules]
    code = {name: number for number, name in enumerate(names)}
    reason = np.where(documents["failed_checks"].is_valid().to_numpy(), code[FAILED], 0).astype(
        np.int16
    )
    cut = language_cut(recipe, parameters)
    if cut is not None:
        low = documents["language_score"].to_numpy() < cut
        reason[low & (reason == 0)] = code["language_score"]

    found = _clusters(task, rows, np.flatnonzero(reason == 0))
    for name, duplicate in zip(DUPLICATES, (found.exact, found.near), strict=True):
        reason[duplicate] = code[name]

    limits = rule_thresholds(recipe, task.label, parameters)
    metrics = sorted({rules.RULES[name].metric for name in recipe.column_rules} | {"word_count"})
    signals = rows.read("signals", metrics)
    for name, limit in limits.items():
        if limit is not None:
            failing = rules.drops(
                rules.RULES[name], signals[rules.RULES[name].metric].to_numpy(), limit
            )
            reason[failing & (reason == 0)] = code[name]
    names += _ask_readers(rows, recipe, reason, len(names))
    names += _ask_models(rows, recipe, reason, len(names))
    words = signals["word_count"].to_numpy()
    names.append(SHARE)
    reason[_beyond_share(task, words, documents["rank"].to_numpy(), reason == 0)] = len(names) - 1

    outcome = np.full(count, REMOVED, np.int8)
    outcome[reason == 0] = KEPT
    outcome[found.exact], outcome[found.near] = DUPLICATE, DUPLICATE
    table = pa.table(
        [
            pa.DictionaryArray.from_arrays(outcome, pa.array(OUTCOMES)),
            pa.DictionaryArray.from_arrays(
                pa.array(reason - 1, mask=reason == 0), pa.array(names[1:], pa.string())
            ),
            pa.array(found.size, mask=found.size < 0),
            (outcome == KEPT).astype(np.int32),
        ],
        schema=DECISIONS,
    )
    task.folder.store.write_table(task.folder.file(f"{task.piece}.parquet"), table)
    manifest = _counts(outcome, reason, names, words, documents)
    task.folder.commit(task.piece, manifest)
    return {"documents": count, "kept": manifest["kept"]}


@dataclass(frozen=True)
class Clusters:
    """Duplicates among n translations, and the native members of each one's cluster (-1: not looked for)."""

    exact: np.ndarray
    near: np.ndarray
    size: np.ndarray


def _clusters(task: Task, rows: Rows, remaining: np.ndarray) -> Clusters:
    """Duplicates among the translations that remain, and of native documents that remain."""
    recipe = task.recipe
    count = sum(size for _, size in task.windows)
    exact, near = np.zeros(count, bool), np.zeros(count, bool)
    size = np.full(count, -1)
    own = _Keys.read(rows.take("bands", _columns(recipe), remaining), recipe)
    native = _near_native(task, own)
    both = own.after(native)
    sets = components.UnionFind(len(both.content))
    if recipe.dedup.exact:
        sets.union_edges(*edges.equal_pairs(both.content[:, 0], both.content[:, 1]))
    settings = recipe.dedup.minhash
    if settings:
        for band in range(settings.bands):
            keys = np.ascontiguousarray(both.bands[:, band])
            if settings.verify is None:
                sets.union_edges(*edges.band_edges(keys, both.shingled))
            else:
                shingled = np.flatnonzero(both.shingled)
                a, b = edges.verified_band_edges(
                    keys[shingled], both.low[shingled], settings.verify
                )
                sets.union_edges(shingled[a], shingled[b])
    component = sets.roots().astype(np.int64)
    first = len(native.content)
    natives = np.bincount(component[:first], minlength=len(component))[component[first:]]
    order = order_columns(rows, recipe.dedup.kept, remaining)
    stands = kept_members(
        pl.DataFrame({"cluster": component[first:], **order}), recipe.dedup.kept
    ) & (natives == 0)
    # An exact duplicate has the content of a native document or of the translation that stands.
    standing = np.concatenate([np.ones(first, bool), stands])
    same = _equal_to_any(both.content, standing)[first:]
    exact[remaining], near[remaining] = ~stands & same, ~stands & ~same
    size[remaining] = natives
    return Clusters(exact, near, size)


def _equal_to_any(content: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """bool[n]: rows (uint64[n, 2]) that are equal to one of the chosen rows."""
    pairs = np.ascontiguousarray(content).view([("a", np.uint64), ("b", np.uint64)]).ravel()
    return np.isin(pairs, pairs[chosen])


@dataclass(frozen=True)
class _Keys:
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
    def read(cls, table: pa.Table, recipe: Recipe) -> "_Keys":
        settings = recipe.dedup.minhash
        n = len(table)
        content = np.empty((n, 2), np.uint64)
        for half in range(2):
            content[:, half] = table[f"content_{half}"].to_numpy()
        if settings is None:
            nothing = np.zeros((n, 0), np.uint64)
            return cls(content, np.zeros(n, bool), nothing, nothing.astype(np.uint8))
        bands = np.empty((n, settings.bands), np.uint64)
        for band in range(settings.bands):
            bands[:, band] = table[f"band_{band}"].to_numpy()
        low = fixed_bytes(table["signature"], settings.bands * settings.rows)
        return cls(content, table["has_shingles"].to_numpy(), bands, low)

    def after(self, other: "_Keys") -> "_Keys":
        """The rows of `other`, then these."""
        pairs = ((getattr(other, name), getattr(self, name)) for name in self.__dataclass_fields__)
        return _Keys(*(np.concatenate(pair) for pair in pairs))

    def take(self, chosen: np.ndarray) -> "_Keys":
        return _Keys(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def _columns(recipe: Recipe) -> list[str]:
    settings = recipe.dedup.minhash
    names = ["content_0", "content_1"]
    if settings:
        names += ["has_shingles", "signature", *(f"band_{b}" for b in range(settings.bands))]
    return names


def _near_native(task: Task, own: _Keys) -> _Keys:
    """The native rows that remain after the language cut and share a content or a band key with a translation."""
    found = [own.take(np.zeros(0, np.int64))]
    for keys in _native_parts(task):
        shares = np.isin(keys.content[:, 0], own.content[:, 0])
        for band in range(keys.bands.shape[1]):
            theirs = own.bands[own.shingled, band]
            shares |= keys.shingled & np.isin(keys.bands[:, band], theirs)
        found.append(keys.take(np.flatnonzero(shares)))
    whole = found[0]
    for part in found[1:]:
        whole = part.after(whole)
    return whole


def _native_parts(task: Task) -> Iterator[_Keys]:
    native = task.native
    if native is None:
        return
    sizes = task.decisions.store.read_columns(
        task.decisions.file(f"{native.unit_piece}.parquet"),
        ["minhash_cluster_size"],
        native.first_row,
        native.first_row + native.documents,
    )["minhash_cluster_size"]
    remains = sizes.is_valid().to_numpy()
    first = 0
    for part in Rows.of(task.measure, task.index_file, [task.label]).parts(
        "bands", _columns(task.recipe)
    ):
        inside = np.flatnonzero(remains[first : first + len(part)])
        yield _Keys.read(part.take(pa.array(inside)), task.recipe)
        first += len(part)


def _ask_readers(rows: Rows, recipe: Recipe, reason: np.ndarray, known: int) -> list[str | None]:
    """Apply the rules that read text to what is kept so far; returns their names, as they continue the `known` ones."""
    kept = np.flatnonzero(reason == 0)
    if not recipe.text_rules or not len(kept):
        return []
    columns = [
        "text",
        "id",
        "dump",
        "url",
        "date",
        "label",
        "language_score",
        "top_langs",
        "file_path",
    ]
    verdicts = judgements.judged(
        judgements.as_metadata(rows.take("documents", columns, kept)), recipe
    )
    for number, name in enumerate(recipe.text_rules):
        failed = pc.fill_null(pc.invert(verdicts[f"{name}.passed"]), False).to_numpy()
        reason[kept[failed]] = known + number
        kept, verdicts = kept[~failed], verdicts.filter(pa.array(~failed))
    return list(recipe.text_rules)


def _ask_models(rows: Rows, recipe: Recipe, reason: np.ndarray, known: int) -> list[str]:
    """Apply scores made for translations, and benchmarks, to what is kept so far; returns the names of reasons."""
    kept = np.flatnonzero(reason == 0)
    if recipe.quality is None or not len(kept):
        return []
    names, numbers = selection.of_translations(
        rows.take("documents", ["text", "label"], kept), recipe
    )
    reason[kept] = np.where(numbers > 0, numbers + known - 1, 0)
    return names


def _beyond_share(task: Task, words: np.ndarray, ranks: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """int64: of the kept translations, by rank, those with which they would be more than their share of all words."""
    assert task.recipe.translate is not None
    most = task.recipe.translate.targets[task.label].max_share
    if most is None:
        return np.empty(0, np.int64)
    native = task.native.kept_words if task.native else 0
    order = np.flatnonzero(kept)
    order = order[np.argsort(ranks[order], kind="stable")]
    return order[np.cumsum(words[order]) > native * most / (1 - most)]


def _counts(
    outcome: np.ndarray,
    reason: np.ndarray,
    names: list[str | None],
    words: np.ndarray,
    documents: pa.Table,
) -> dict[str, Any]:
    per_reason = np.bincount(reason, minlength=len(names))
    by_name = {name: int(per_reason[i]) for i, name in enumerate(names) if name and per_reason[i]}
    exact, near = (by_name.pop(name, 0) for name in DUPLICATES)
    kept = outcome == KEPT
    sources = pc.value_counts(documents["source_language"].filter(pa.array(kept))).to_pylist()
    text_bytes = documents["text_bytes"].to_numpy()
    return {
        "rows": len(outcome),
        "kept": int(kept.sum()),
        "removed": dict(sorted(by_name.items())),
        "duplicates": exact + near,
        "exact_duplicates": exact,
        "words": int(words.sum()),
        "kept_words": int(words[kept].sum()),
        "text_bytes": int(text_bytes.sum()),
        "kept_bytes": int(text_bytes[kept].sum()),
        "kept_sources": {
            s["values"]: s["counts"] for s in sorted(sources, key=lambda s: s["values"])
        },
    }
