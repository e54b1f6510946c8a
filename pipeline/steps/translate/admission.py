"""Which translations into a language are let in beside its native documents.

The native decision is fixed and stays as it is. A translation goes, in this order, because a check of it failed
(`translation_failed`), its language score is under the cut, it is a duplicate of a native document that
remains or of a translation that stands before it, a rule drops it, or the language has its share of translations
(`translation_share`). Its `minhash_cluster_size` counts the native members of its cluster. With an index, the
native documents and the translations of other runs count too; a translation that is in a corpus stays unless a native
document has come (pipeline/steps/compared.py).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.dedup import components, edges
from polysieve.filters import rules
from polysieve.pipeline.engines.engine import TASK_MEMORY
from polysieve.pipeline.recipe import Recipe
from polysieve.pipeline.steps.cluster.partitions import NARROW_BYTES
from polysieve.pipeline.steps.decide import selection
from polysieve.pipeline.steps.decide.decisions import DUPLICATES, OUTCOMES
from polysieve.pipeline.steps.decide.order import kept_members, order_columns
from polysieve.pipeline.steps.decide.reasons import language_cut, rule_thresholds
from polysieve.pipeline.steps.fit import fit
from polysieve.pipeline.steps.measure import languages
from polysieve.pipeline.steps.score import scores
from polysieve.pipeline.steps.step import Task
from polysieve.pipeline.steps.text_rules import verdicts as judgements
from polysieve.pipeline.steps.translate import compared
from polysieve.pipeline.steps.translate.compared import Keys
from polysieve.pipeline.steps.translate.places import Place
from polysieve.pipeline.steps.translate.translations import rows_of
from polysieve.pipeline.steps.units import Rows
from polysieve.pipeline.storage.schema import DECISIONS

KEPT, REMOVED, DUPLICATE = range(3)
FAILED, SHARE = "translation_failed", "translation_share"


@dataclass(frozen=True)
class Admission(Task):
    """The translations into one label."""

    label: str
    windows: tuple[tuple[int, int], ...]
    """Number and documents of each window."""
    native: Place | None
    """Where the native documents of the label are decided; None where no page is in the language."""

    @property
    def piece(self) -> str:
        return self.label

    @property
    def memory(self) -> int:
        """The scores that are asked of translations, and the keys of the native documents of the label."""
        models = scores.memory_of(self.recipe, "mt") if self.recipe.quality else TASK_MEMORY
        natives = self.native.documents if self.native else 0
        return models + NARROW_BYTES * natives


def run(task: Admission) -> dict[str, Any]:
    """Decide the translations into one label and commit them; the manifest holds their counts."""
    recipe = task.recipe
    rows = rows_of(task.context.folder("translate"), task.label, dict(task.windows))
    count = sum(size for _, size in task.windows)
    if not count:
        nothing = {"rows": 0, "kept": 0, "removed": {}, "duplicates": 0}
        task.folder.commit(task.piece, {**nothing, **_indexed(task, rows, np.zeros(0, np.int64))})
        return {"documents": 0, "kept": 0}
    documents = rows.read(
        "documents", ["language_score", "failed_checks", "text_bytes", "rank", "source_language"]
    )
    parameters = fit.parameters_of(task.context.folder("fit"), recipe, task.label).parameters
    names: list[str | None] = [None, FAILED, "language_score", *DUPLICATES, *recipe.column_rules]
    code = {name: number for number, name in enumerate(names)}
    reason = np.where(documents["failed_checks"].is_valid().to_numpy(), code[FAILED], 0).astype(
        np.int16
    )
    cut = language_cut(recipe, parameters)
    if not languages.is_known(task.label, recipe.language):
        cut = None  # of a language that the model does not have there are no scores
    if cut is not None:
        low = documents["language_score"].to_numpy() < cut
        reason[low & (reason == 0)] = code["language_score"]

    found = _clusters(task, rows, np.flatnonzero(reason == 0), cut)
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
    indexed = _indexed(task, rows, np.flatnonzero(outcome == KEPT))
    task.folder.commit(task.piece, {**manifest, **indexed})
    return {"documents": count, "kept": manifest["kept"]}


def _indexed(task: Admission, rows: Rows, kept: np.ndarray) -> dict[str, Any]:
    """What the manifest says of an index: the pieces of its table of translations, where there is something to say."""
    index = task.context.inputs.index
    if index is None:
        return {}
    settings = task.recipe.dedup.minhash
    table = compared.no_translations(settings)
    if len(kept):
        ids = rows.take("documents", ["id"], kept)["id"]
        table = rows.take("bands", compared.columns(settings), kept).append_column("id", ids)
    file = f"runs/{task.folder.fingerprint}/{task.piece}-translations.parquet"
    return {"index": compared.write_translations(index, file, task.label, table, settings)}


@dataclass(frozen=True)
class Clusters:
    """Duplicates among n translations, and the native members of each one's cluster (-1: not looked for)."""

    exact: np.ndarray
    near: np.ndarray
    size: np.ndarray


def _clusters(task: Admission, rows: Rows, remaining: np.ndarray, cut: float | None) -> Clusters:
    """Duplicates among the translations that remain, of native documents that remain, and of what an index has."""
    settings = task.recipe.dedup.minhash
    count = sum(size for _, size in task.windows)
    exact, near = np.zeros(count, bool), np.zeros(count, bool)
    size = np.full(count, -1)
    table = rows.take("bands", compared.columns(settings), remaining)
    own = Keys.read(table, settings)
    before = [_native(task, own)]
    documents = [np.ones(len(before[0].content), np.int64)]
    mine = np.zeros(len(remaining), bool)  # in a corpus already, as the index has it
    if index := task.context.inputs.index:
        indexed, counts = compared.near_indexed(index, task.label, cut, own, settings)
        made = compared.near_translated(index, task.label, own, settings)
        before += [indexed, made]
        documents += [counts, np.zeros(len(made.content), np.int64)]
        ids = compared.published(index, task.label)
        mine[:] = [id in ids for id in rows.take("documents", ["id"], remaining)["id"].to_pylist()]
    component = _components(Keys.joined([*before, own]), task.recipe)
    first = len(component) - len(remaining)
    weights = np.concatenate(documents)
    natives = _per_component(component, first, weights)
    others = _per_component(component, first, weights == 0)
    order = {
        "cluster": component[first:],
        "published": mine,
        **order_columns(rows, task.recipe.dedup.kept, remaining),
    }
    stands = kept_members(pl.DataFrame(order), task.recipe.dedup.kept, rekeep=False)
    stands &= (natives == 0) & (mine | (others == 0))
    # An exact duplicate has the content of a document before it or of the translation that stands.
    content = np.concatenate([*(keys.content for keys in before), own.content])
    same = _equal_to_any(content, np.r_[np.ones(first, bool), stands])[first:]
    exact[remaining], near[remaining] = ~stands & same, ~stands & ~same
    size[remaining] = natives
    return Clusters(exact, near, size)


def _components(keys: Keys, recipe: Recipe) -> np.ndarray:
    """int64[n]: rows of one cluster have the same number."""
    sets = components.UnionFind(len(keys.content))
    if recipe.dedup.exact:
        sets.union_edges(*edges.equal_pairs(keys.content[:, 0], keys.content[:, 1]))
    settings = recipe.dedup.minhash
    for band in range(settings.bands if settings else 0):
        assert settings is not None
        own = np.ascontiguousarray(keys.bands[:, band])
        if settings.verify is None:
            sets.union_edges(*edges.band_edges(own, keys.shingled))
        else:
            shingled = np.flatnonzero(keys.shingled)
            a, b = edges.verified_band_edges(own[shingled], keys.low[shingled], settings.verify)
            sets.union_edges(shingled[a], shingled[b])
    return sets.roots().astype(np.int64)


def _per_component(component: np.ndarray, first: int, weights: np.ndarray) -> np.ndarray:
    """int64: for each row from `first` on, the sum of the weights of the rows before `first` in its component."""
    sums = np.zeros(len(component), np.int64)
    np.add.at(sums, component[:first], weights)
    return sums[component[first:]]


def _native(task: Admission, own: Keys) -> Keys:
    """The native rows of the run that remain after the cut and share a key with a translation."""
    if task.native is None:
        return own.take(np.zeros(0, np.int64))
    decisions = task.context.folder("decisions")
    sizes = decisions.store.read_columns(
        decisions.file(f"{task.native.unit.piece}.parquet"),
        ["minhash_cluster_size"],
        task.native.first_row,
        task.native.first_row + task.native.documents,
    )["minhash_cluster_size"]
    remains = sizes.is_valid().to_numpy()
    natives = task.context.rows([task.label])
    return compared.near_native(natives, remains, own, task.recipe.dedup.minhash)


def _equal_to_any(content: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """bool[n]: rows (uint64[n, 2]) that are equal to one of the chosen rows."""
    pairs = np.ascontiguousarray(content).view([("a", np.uint64), ("b", np.uint64)]).ravel()
    return np.isin(pairs, pairs[chosen])


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


def _beyond_share(
    task: Admission, words: np.ndarray, ranks: np.ndarray, kept: np.ndarray
) -> np.ndarray:
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
