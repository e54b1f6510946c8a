"""Which translations into a language are let in beside its native documents.

The native decision is fixed and stays as it is. A translation goes, in this order, because a check of it failed
(`translation_failed`), its language score is under the cut, it is a duplicate of a native document that
remains or of a translation that is preferred to it, a rule drops it, or the language has its share of translations
(`translation_share`). Its `minhash_cluster_size` counts the native members of its cluster. With an index, the
native documents and the translations of other runs count too; a translation that is in a corpus stays unless a native
document has come (pipeline/steps/translate/compared.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.dedup import edges
from polysieve.dedup.components import components
from polysieve.filters import rules
from polysieve.filters.parameters import LanguageParameters
from polysieve.pipeline.engines.engine import TASK_MEMORY, Counts
from polysieve.pipeline.recipe.clustering import Dedup
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.cluster.order import order_columns, representatives
from polysieve.pipeline.steps.cluster.partitions import NARROW_BYTES
from polysieve.pipeline.steps.decide import reasons as saying
from polysieve.pipeline.steps.decide import selection
from polysieve.pipeline.steps.decide.cascade import (
    EXACT,
    KEPT,
    LANGUAGE_SCORE,
    NEAR,
    OUTCOMES,
    Reasons,
    decision_counts,
)
from polysieve.pipeline.steps.decide.members import Index
from polysieve.pipeline.steps.fit import fit
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.measure import languages
from polysieve.pipeline.steps.score import scores
from polysieve.pipeline.steps.step import Task
from polysieve.pipeline.steps.text_rules import verdicts as rule_verdicts
from polysieve.pipeline.steps.translate import compared
from polysieve.pipeline.steps.translate.compared import Keys
from polysieve.pipeline.steps.translate.manifest import Admitted, Indexed
from polysieve.pipeline.steps.translate.places import Place
from polysieve.pipeline.steps.translate.translations import translations_of
from polysieve.pipeline.storage.schema import DECISIONS

FAILED, SHARE = "translation_failed", "translation_share"
JUDGED_COLUMNS = [
    "text", "id", "dump", "url", "date", "label", "language_score", "top_langs", "file_path",
]  # fmt: skip
# Which member of a cluster comes before the others.
_NATIVE, _PUBLISHED, _OF_OTHER_RUN, _NEW = 3, 2, 1, 0


@dataclass(frozen=True)
class Admission(Task):
    """The translations into one label."""

    label: str
    windows: tuple[tuple[int, int], ...]
    """Number and documents of each window."""
    native: Place | None
    """Where the native documents of the label are decided; None where no page is in the language."""

    @property
    def name(self) -> str:
        return self.label

    @property
    def memory(self) -> int:
        """The scores that are asked of translations, and the keys of the native documents of the label."""
        models = scores.memory_of(self.recipe, "mt") if self.recipe.quality else TASK_MEMORY
        natives = self.native.documents if self.native else 0
        return models + NARROW_BYTES * natives


def run(task: Admission) -> Counts:
    """Decide the translations into one label and commit them; the manifest holds their counts."""
    recipe, context, native = task.recipe, task.context, task.native
    assert recipe.translate is not None
    label = translations_of(context.folder("translate"), task.label, dict(task.windows))
    if not label.documents:
        indexed = _indexed(task, label, np.zeros(0, np.int64))
        nothing: Admitted = {"rows": 0, "kept": 0, "removed": {}, "duplicates": 0, **indexed}
        task.folder.commit(task.name, nothing)
        return {"documents": 0, "kept": 0}
    natives = None
    if native:
        (documents,) = context.labels([task.label], native.first_row)
        file = f"{native.unit.name}.parquet"
        sizes = documents.of_unit(context.folder("decisions"), file, ["minhash_cluster_size"])
        natives = documents, sizes["minhash_cluster_size"].is_valid().to_numpy()
    parameters = fit.parameters_of(context.folder("fit"), recipe, task.label).parameters
    reasons, size = admitted(
        label,
        parameters,
        natives,
        native.kept_words if native else 0,
        recipe,
        recipe.translate.targets[task.label].max_share,
        context.inputs.index,
    )
    outcome = reasons.outcomes()
    table = pa.table(
        [
            pa.DictionaryArray.from_arrays(outcome, pa.array(OUTCOMES)),
            reasons.column(),
            pa.array(size, mask=size < 0),
            (outcome == KEPT).astype(np.int32),
        ],
        schema=DECISIONS,
    )
    task.folder.store.write_table(task.folder.file(f"{task.name}.parquet"), table)
    counts = _counts(reasons, label)
    indexed = _indexed(task, label, np.flatnonzero(reasons.kept))
    task.folder.commit(task.name, {**counts, **indexed})
    return {"documents": len(size), "kept": counts["kept"]}


def admitted(
    label: Label,
    parameters: LanguageParameters,
    natives: tuple[Label, np.ndarray] | None,
    native_words: int,
    recipe: Recipe,
    max_share: float | None,
    index: Index | None = None,
) -> tuple[Reasons, np.ndarray]:
    """Decide n translations into a label, at least one.

    Args:
        natives: the label's native documents, and which of them are under no cut (bool); None where there are none.
        native_words: of the native documents that are kept.
        max_share: of all words; what is beyond it goes.

    Returns:
        (reasons, int64[n]: native members of each one's cluster, -1 where no cluster was looked for).
    """
    cut = saying.language_cut(recipe, parameters)
    if not languages.is_known(label.name, recipe.language):
        cut = None  # of a language that the model does not have there are no scores
    reasons = Reasons(label.documents)
    documents = label.read("documents", ["failed_checks", "language_score", "rank"])
    reasons.add(FAILED, documents["failed_checks"].is_valid().to_numpy())
    if cut is not None:
        reasons.add(LANGUAGE_SCORE, documents["language_score"].to_numpy() < cut)
    size = _add_duplicates(reasons, label, natives, cut, recipe.dedup, index)
    limits = saying.rule_thresholds(recipe, label.name, parameters)
    metrics = sorted({rules.RULES[name].metric for name in recipe.column_rules} | {"word_count"})
    signals = label.read("signals", metrics)
    for name, failing in saying.failing_rules(limits, signals):
        reasons.add(name, failing)
    _add_text_rules(reasons, label, recipe)
    if recipe.quality:
        kept = np.flatnonzero(reasons.kept)
        own = Reasons(len(kept))
        selection.add_for_translations(
            own, label.take("documents", ["text", "label"], kept), recipe
        )
        reasons.add_values(_spread(own, kept, label.documents))
    if max_share is not None:
        words, ranks = signals["word_count"].to_numpy(), documents["rank"].to_numpy()
        most = native_words * max_share / (1 - max_share)
        reasons.add(SHARE, beyond(words, ranks, reasons.kept, most))
    return reasons, size


def _spread(reasons: Reasons, rows: np.ndarray, n: int) -> pa.DictionaryArray:
    """The column of some of n documents' reasons, null for the others."""
    whole = Reasons(n)
    whole.names = reasons.names
    whole.codes[rows] = reasons.codes
    return whole.column()


def _add_text_rules(reasons: Reasons, label: Label, recipe: Recipe) -> None:
    """Add the rules that read text; each is asked about what is kept so far."""
    kept = np.flatnonzero(reasons.kept)
    if not recipe.text_rules or not len(kept):
        return
    documents = rule_verdicts.as_metadata(label.take("documents", JUDGED_COLUMNS, kept))
    verdicts = rule_verdicts.judged(documents, recipe)
    for name in recipe.text_rules:
        failed = pc.fill_null(pc.invert(verdicts[f"{name}.passed"]), False).to_numpy()
        failing = np.zeros(label.documents, bool)
        failing[kept[failed]] = True
        reasons.add(name, failing)


def beyond(words: np.ndarray, ranks: np.ndarray, kept: np.ndarray, most: float) -> np.ndarray:
    """bool[n]: of the kept documents, by rank, those with which they would have more than `most` words."""
    order = np.flatnonzero(kept)
    order = order[np.argsort(ranks[order], kind="stable")]
    found = np.zeros(len(kept), bool)
    found[order[np.cumsum(words[order]) > most]] = True
    return found


def _indexed(task: Admission, label: Label, kept: np.ndarray) -> Indexed:
    """What the manifest says of an index: the extents of its table of translations, where there is something to say."""
    index = task.context.inputs.index
    if index is None:
        return {}
    settings = task.recipe.dedup.minhash
    table = compared.no_translations(settings)
    if len(kept):
        ids = label.take("documents", ["id"], kept)["id"]
        table = label.take("bands", compared.columns(settings), kept).append_column("id", ids)
    file = f"runs/{task.folder.fingerprint}/{task.name}-translations.parquet"
    return {"index": compared.write_translations(index, file, task.label, table, settings)}


def _add_duplicates(
    reasons: Reasons,
    label: Label,
    natives: tuple[Label, np.ndarray] | None,
    cut: float | None,
    dedup: Dedup,
    index: Index | None,
) -> np.ndarray:
    """Add what is a duplicate among the translations that remain, of native documents that remain, and of what an index
    has. Returns int64[n]: native members of each one's cluster, -1 for those that do not remain."""
    remaining = np.flatnonzero(reasons.kept)
    settings = dedup.minhash
    own = Keys.read(label.take("bands", compared.columns(settings), remaining), settings)
    before = [compared.near_native(*natives, own, settings)] if natives else [own.none()]
    documents = [np.ones(len(before[0].content), np.int64)]
    precedence = np.full(len(remaining), _NEW, np.int8)
    if index:
        indexed, counts = compared.near_indexed(index, label.name, cut, own, settings)
        made = compared.near_translated(index, label.name, own, settings)
        before += [indexed, made]
        documents += [counts, np.zeros(len(made.content), np.int64)]
        ids = compared.published(index, label.name)
        table = label.take("documents", ["id"], remaining)
        precedence[[id in ids for id in table["id"].to_pylist()]] = _PUBLISHED
    weights = np.concatenate(documents)
    first = len(weights)
    every = Keys.joined([*before, own])
    cluster = components(len(every.content), _edges(every, dedup))
    known = pl.DataFrame(
        {
            "cluster": cluster[:first],
            "precedence": np.where(weights > 0, _NATIVE, _OF_OTHER_RUN).astype(np.int8),
        }
    )
    mine = pl.DataFrame({"cluster": cluster[first:], "precedence": precedence})
    mine = mine.with_columns(**order_columns(label, dedup.kept, remaining))
    is_representative = representatives(pl.concat([known, mine], how="diagonal"), dedup.kept)
    # An exact duplicate has the content of a document before it or of the translation that represents its cluster.
    content = np.concatenate([*(keys.content for keys in before), own.content])
    holds = is_representative.copy()
    holds[:first] = True
    same = np.zeros(label.documents, bool)
    same[remaining] = _equal_to_any(content, holds)[first:]
    duplicate = np.zeros(label.documents, bool)
    duplicate[remaining] = ~is_representative[first:]
    reasons.add(EXACT, duplicate & same)
    reasons.add(NEAR, duplicate)
    sums = np.zeros(len(cluster), np.int64)
    np.add.at(sums, cluster[:first], weights)
    size = np.full(label.documents, -1)
    size[remaining] = sums[cluster[first:]]
    return size


def _edges(keys: Keys, dedup: Dedup) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of rows that belong to one cluster, a key at a time."""
    if dedup.exact:
        yield edges.equal_pairs(keys.content[:, 0], keys.content[:, 1])
    settings = dedup.minhash
    for band in range(settings.bands if settings else 0):
        assert settings is not None
        own = np.ascontiguousarray(keys.bands[:, band])
        if settings.verify is None:
            yield edges.band_edges(own, keys.shingled)
        else:
            shingled = np.flatnonzero(keys.shingled)
            a, b = edges.verified_band_edges(own[shingled], keys.low[shingled], settings.verify)
            yield shingled[a], shingled[b]


def _equal_to_any(content: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """bool[n]: rows (uint64[n, 2]) that are equal to one of the chosen rows."""
    pairs = np.ascontiguousarray(content).view([("a", np.uint64), ("b", np.uint64)]).ravel()
    return np.isin(pairs, pairs[chosen])


def _counts(reasons: Reasons, label: Label) -> Admitted:
    kept = reasons.kept
    documents = label.read("documents", ["text_bytes", "source_language"])
    sources = pc.value_counts(documents["source_language"].filter(pa.array(kept))).to_pylist()
    text_bytes = documents["text_bytes"].to_numpy()
    words = label.read("signals", ["word_count"])["word_count"].to_numpy()
    return {
        "rows": len(kept),
        **decision_counts(reasons),
        "words": int(words.sum()),
        "kept_words": int(words[kept].sum()),
        "text_bytes": int(text_bytes.sum()),
        "kept_bytes": int(text_bytes[kept].sum()),
        "kept_sources": {
            s["values"]: s["counts"] for s in sorted(sources, key=lambda s: s["values"])
        },
    }
