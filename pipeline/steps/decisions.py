"""Step D: what stays, why the rest goes, and how often a kept document should be seen. No text is read.

For each label: documents under the language cut go; of the members of a cluster that remain, one is
kept and the others are duplicates; the rules are applied to the kept members in recipe order, and the
first one that fails is the reason; weights follow from the removal rate per cluster size.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from dedup import rebalance
from filters import rules
from filters.parameters import LanguageParameters, thresholds
from pipeline.ledger import StepFolder
from pipeline.recipe import Recipe
from pipeline.schema import DECISIONS
from pipeline.steps import fit
from pipeline.steps.clusters import kept_members
from pipeline.steps.units import Rows, Unit, label_slices

KEPT, REMOVED, DUPLICATE = "kept", "removed", "duplicate"
DEFAULT_CUT = 0.3  # FineWeb2's lowest: 1,102 of its 1,929 languages have it
DOCUMENT_COLUMNS = ["label", "id", "date", "language_score", "cut", "text_bytes"]


@dataclass(frozen=True)
class Task:
    """One unit to decide."""

    folder: StepFolder
    measure: StepFolder
    index_file: str
    fit: StepFolder
    clusters: StepFolder
    unit: Unit
    recipe: Recipe

    @property
    def piece(self) -> str:
        return self.unit.piece


def depends_on(recipe: Recipe) -> dict[str, Any]:
    return {
        "cut": recipe.language.cut,
        "rules": list(recipe.rules.items()),  # their order matters
        "rebalance": recipe.rebalance and recipe.rebalance.model_dump(),
        "shard_bytes": recipe.output.shard_bytes,
    }


def language_cut(recipe: Recipe, parameters: LanguageParameters) -> float | None:
    """The lowest language score that stays, or None where there is no cut."""
    cut = recipe.language.cut
    if cut != "parameters":
        return cut
    own = parameters.language_score
    return DEFAULT_CUT if own is None else own


def rule_thresholds(
    recipe: Recipe, label: str, parameters: LanguageParameters
) -> dict[str, float | None]:
    """The threshold of each of the recipe's rules for a label, in order; None where a rule does not apply."""
    own = thresholds(parameters)
    found: dict[str, float | None] = {}
    for name, value in recipe.rules.items():
        if isinstance(value, dict):
            value = value.get(label)
        found[name] = own[name] if value is None else float(value)
    return found


def run(task: Task) -> dict[str, Any]:
    """Decide one unit and commit it; its manifest holds the counts of each label."""
    rows = Rows.of(task.measure, task.index_file, task.unit.labels)
    documents = rows.read("documents", DOCUMENT_COLUMNS)
    metrics = sorted({rules.RULES[name].metric for name in task.recipe.rules} | {"word_count"})
    signals = rows.read("signals", metrics)
    clusters = task.clusters.store.read_columns(
        task.clusters.file(f"{task.piece}.parquet"), ["cluster_id", "content_id"]
    )
    tables, labels = [], {}
    for label, start, stop in label_slices(documents["label"]):
        parameters = fit.read(task.fit, label)
        table, labels[label] = _decide(
            label,
            documents.slice(start, stop - start),
            signals.slice(start, stop - start),
            clusters.slice(start, stop - start),
            parameters,
            task.recipe,
        )
        tables.append(table)
    decided = pa.concat_tables(tables).unify_dictionaries()
    task.folder.store.write_table(task.folder.file(f"{task.piece}.parquet"), decided)
    task.folder.commit(task.piece, {"rows": decided.num_rows, "labels": labels})
    return {"documents": decided.num_rows, "kept": sum(v["kept"] for v in labels.values())}


def _decide(
    label: str,
    documents: pa.Table,
    signals: pa.Table,
    clusters: pa.Table,
    parameters: LanguageParameters,
    recipe: Recipe,
) -> tuple[pa.Table, dict[str, Any]]:
    """The decisions on one label's documents, and its entry in the manifest."""
    n = documents.num_rows
    words = signals["word_count"].to_numpy()
    cut = pl.from_arrow(documents["cut"])
    scores = documents["language_score"].to_numpy()
    reason = np.full(n, None, object)
    reason[:] = cut.to_numpy()
    lowest = language_cut(recipe, parameters)
    if lowest is not None:
        reason[(scores < lowest) & cut.is_null().to_numpy()] = "language_score"
    remaining = np.flatnonzero(_is_none(reason))

    cluster = clusters["cluster_id"].to_numpy()[remaining]
    frame = pl.DataFrame(
        {
            "cluster": cluster,
            "language_score": scores[remaining],
            "words": words[remaining],
            "date": pl.from_arrow(documents["date"])[remaining],
            "id": pl.from_arrow(documents["id"])[remaining],
        }
    )
    stands = kept_members(frame)
    _, inverse, counts = np.unique(cluster, return_inverse=True, return_counts=True)
    size = np.zeros(n, np.int64)
    size[remaining] = counts[inverse]

    content = clusters["content_id"].to_numpy()[remaining]
    kept_content = content[stands]
    duplicates = remaining[~stands]
    exact = np.isin(content[~stands], kept_content)
    reason[duplicates] = np.where(exact, "exact_duplicate", "near_duplicate")

    kept = remaining[stands]
    failed = _first_failures(signals, kept, rule_thresholds(recipe, label, parameters))
    reason[kept] = failed
    removed_by_rule = ~_is_none(failed)
    weights, rebalancing = _weights(size[kept], removed_by_rule, recipe)

    outcome = np.full(n, REMOVED, object)
    outcome[duplicates] = DUPLICATE
    outcome[kept[~removed_by_rule]] = KEPT
    weight = np.zeros(n, np.int32)
    weight[kept[~removed_by_rule]] = weights[~removed_by_rule]
    table = pa.table(
        [
            pa.array(outcome, pa.string())
            .dictionary_encode()
            .cast(DECISIONS.field("outcome").type),
            pa.array(reason, pa.string()).dictionary_encode().cast(DECISIONS.field("reason").type),
            pa.array(size, mask=size == 0),
            weight,
        ],
        schema=DECISIONS,
    )
    text_bytes = documents["text_bytes"].to_numpy()
    is_kept = outcome == KEPT
    removed = Counter(reason[outcome == REMOVED].tolist())
    return table, {
        "documents": n,
        "kept": int(is_kept.sum()),
        "removed": dict(sorted(removed.items())),
        "duplicates": len(duplicates),
        "exact_duplicates": int(exact.sum()),
        "clusters": len(kept),
        "words": int(words.sum()),
        "kept_words": int(words[is_kept].sum()),
        "text_bytes": int(text_bytes.sum()),
        "kept_bytes": int(text_bytes[is_kept].sum()),
        "cut": lowest,
        "rebalancing": rebalancing,
        "cluster_sizes": _histogram(size[kept]),
        "shards": {
            "corpus": _shards(text_bytes * is_kept, is_kept, recipe.output.shard_bytes),
            "removed": _shards(text_bytes * ~is_kept, ~is_kept, recipe.output.shard_bytes),
        },
    }


def _is_none(values: np.ndarray) -> np.ndarray:
    """Where an object array holds None."""
    return np.equal(values, None)


def _first_failures(
    signals: pa.Table, rows: np.ndarray, limits: dict[str, float | None]
) -> np.ndarray:
    """The name of the first rule that each row fails, or None."""
    failed = np.full(len(rows), None, object)
    for name, threshold in limits.items():
        if threshold is None:
            continue
        rule = rules.RULES[name]
        values = signals[rule.metric].to_numpy()[rows]
        failed[rules.drops(rule, values, threshold) & _is_none(failed)] = name
    return failed


def _weights(
    sizes: np.ndarray, removed: np.ndarray, recipe: Recipe
) -> tuple[np.ndarray, dict[str, Any]]:
    """Weights of kept members, and how they came about, for the manifest."""
    settings = recipe.rebalance
    if settings is None:
        return np.ones(len(sizes), np.int32), {
            "note": "no rebalancing in the recipe: every weight is 1"
        }
    rates = rebalance.removal_rates(sizes, removed, settings.min_documents)
    weights = rebalance.language_weights(
        rates, settings.max_repetitions, min_clusters=settings.min_clusters
    )
    return rebalance.weights_for(sizes, weights.steps), {
        "note": weights.note,
        "cluster_sizes": rates.sizes.tolist(),
        "removal_rates": rates.rates.tolist(),
        "tail_start": rates.tail_start,
        "global_removal_rate": rates.global_rate,
        "weights": {str(size): weight for size, weight in weights.steps.items()},
    }


def _histogram(sizes: np.ndarray) -> dict[str, int]:
    values, counts = np.unique(sizes, return_counts=True)
    return {str(v): int(c) for v, c in zip(values, counts, strict=True)}


def _shards(sizes: np.ndarray, chosen: np.ndarray, limit: int) -> list[int]:
    """Row after the last of each shard; a shard closes with the row that brings it to `limit` bytes."""
    if not chosen.any():
        return []
    total = np.cumsum(sizes)
    ends: list[int] = []
    base = 0
    while True:
        end = int(np.searchsorted(total, base + limit)) + 1
        if end >= len(sizes) or not chosen[end:].any():
            return [*ends, len(sizes)]
        ends.append(end)
        base = int(total[end - 1])
