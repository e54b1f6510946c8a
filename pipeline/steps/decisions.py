"""Step D: what stays, why the rest goes, and how often a kept document should be seen. No text is read.

For each label: documents under the language cut go; of the members of a cluster that remain, one is
kept and the others are duplicates; the rules are applied to the kept members in recipe order, and the
first one that fails is the reason; weights follow from the removal rate per cluster size.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup import rebalance
from filters import rules
from filters.parameters import LanguageParameters, thresholds, vacuous
from pipeline.ledger import StepFolder
from pipeline.recipe import Recipe
from pipeline.schema import DECISIONS
from pipeline.steps import fit, judgements, members
from pipeline.steps.clusters import Increment
from pipeline.steps.members import Revision
from pipeline.steps.standing import choose, write_published
from pipeline.steps.units import Rows, Unit, label_slices

OUTCOMES = ("kept", "removed", "duplicate")
KEPT, REMOVED, DUPLICATE = range(3)
DUPLICATES = ("exact_duplicate", "near_duplicate")
MOST_REASONS = 50
DEFAULT_CUT = 0.3  # FineWeb2's lowest: 1,102 of its 1,929 languages have it
DOCUMENT_COLUMNS = ["label", "language_score", "cut", "text_bytes"]


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
    first_row: int
    """As the unit was clustered."""
    index: Increment | Revision | None = None
    rekeep: bool = False
    """Choose the members of clusters anew, published ones too."""
    judgements: StepFolder | None = None
    """What rules that read text said; None where the recipe has none."""

    @property
    def piece(self) -> str:
        return self.unit.piece


def depends_on(recipe: Recipe) -> dict[str, Any]:
    return {
        "cut": recipe.language.cut,
        "split_over": recipe.dedup.minhash and recipe.dedup.minhash.split_over,
        "rules": list(recipe.column_rules.items()),  # their order matters
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
    """The threshold of each rule that has one for a label, in order; None where a rule does not apply."""
    own = thresholds(parameters)
    found: dict[str, float | None] = {}
    for name, value in recipe.column_rules.items():
        if isinstance(value, dict):
            value = value.get(label)
        found[name] = own[name] if value is None else float(value)
    return found


def run(task: Task) -> dict[str, Any]:
    """Decide one unit and commit it; its manifest holds the counts of each label."""
    recipe = task.recipe
    rows = Rows.of(task.measure, task.index_file, task.unit.labels)
    documents = rows.read("documents", DOCUMENT_COLUMNS)
    wanted = {rules.RULES[name].metric for name in recipe.column_rules} | {"word_count"}
    metrics = sorted(wanted | _quality_signal(recipe))
    signals = fit.read_signals(task.fit, task.unit, rows, metrics)
    slices = label_slices(documents["label"])
    if isinstance(task.index, Revision):
        clustered = members.of_index(task.index, documents["label"], documents["cut"])
    else:
        clustered = members.of_clusters(
            task.clusters, task.unit, task.first_row, documents["cut"], task.index
        )
    fitted = fit.read(task.fit)
    limits = {
        label: rule_thresholds(recipe, label, fitted[label].parameters) for label, _, _ in slices
    }
    lowest = {label: language_cut(recipe, fitted[label].parameters) for label, _, _ in slices}

    # Reasons are numbers into `names`; 0 is none.
    early = sorted(set(documents["cut"].unique().drop_null().to_pylist()))
    names = [None, *early, "language_score", *DUPLICATES, *recipe.column_rules]
    code = {name: number for number, name in enumerate(names)}
    reason = pc.fill_null(pc.index_in(documents["cut"], pa.array(names[1:], pa.string())), -1)
    reason = reason.to_numpy().astype(np.int16) + 1

    per_row = _per_row({label: _or_nan(cut) for label, cut in lowest.items()}, slices)
    scores = documents["language_score"].to_numpy()
    reason[(scores < per_row) & (reason == 0)] = code["language_score"]
    remaining = np.flatnonzero(reason == 0)
    chosen = choose(rows, recipe, clustered, remaining, slices, lowest, task.index, task.rekeep)
    size = chosen.size
    kept, duplicates = remaining[chosen.stands], remaining[~chosen.stands]
    exact = chosen.exact[~chosen.stands]
    reason[duplicates] = np.where(exact, code[DUPLICATES[0]], code[DUPLICATES[1]])

    for name in recipe.column_rules:
        threshold = _per_row({label: _or_nan(v[name]) for label, v in limits.items()}, slices)[kept]
        values = signals[rules.RULES[name].metric].to_numpy()[kept]
        failing = rules.drops(rules.RULES[name], values, threshold)
        reason[kept[failing & (reason[kept] == 0)]] = code[name]

    if task.judgements:
        # Only documents that all other rules keep were judged.
        said, numbers = _judged_reasons(judgements.read(task.judgements, task.unit, rows), recipe)
        reason[numbers > 0] = numbers[numbers > 0] + len(names) - 1
        names += said
    outcome = np.full(len(reason), REMOVED, np.int8)
    outcome[duplicates] = DUPLICATE
    outcome[reason == 0] = KEPT
    weight = np.zeros(len(reason), np.int32)
    quality = _quality(recipe, documents, signals)
    labels = {}
    for label, start, stop in slices:
        own = slice(start, stop)
        standing = start + np.flatnonzero(size[own] * (outcome[own] != DUPLICATE))
        weights, rebalancing = _weights(
            size[standing], outcome[standing] == REMOVED, quality and quality(standing), recipe
        )
        weight[standing] = weights * (outcome[standing] == KEPT)
        words = signals["word_count"].slice(start, stop - start).to_numpy()
        text_bytes = documents["text_bytes"].slice(start, stop - start).to_numpy()
        labels[label] = {
            **_counts(outcome[own], reason[own], names, words, text_bytes),
            "digest": _digest(names, reason[own], outcome[own], size[own], weight[own]),
            "clusters": len(standing),
            "cluster_sizes": _histogram(size[standing]),
            "cut": lowest[label],
            "thresholds": limits[label],
            "vacuous": [n for n in vacuous(fitted[label].parameters) if n in recipe.column_rules],
            "has_own_parameters": fitted[label].has_own,
            "parameters": fit.summary(fitted[label]),
            "rebalancing": rebalancing,
            "shards": _shards(outcome[own] == KEPT, text_bytes, recipe.output.shard_bytes),
        }
    table = pa.table(
        [
            pa.DictionaryArray.from_arrays(outcome, pa.array(OUTCOMES)),
            pa.DictionaryArray.from_arrays(
                pa.array(reason - 1, mask=reason == 0), pa.array(names[1:], pa.string())
            ),
            pa.array(size, mask=size == 0),
            weight,
        ],
        schema=DECISIONS,
    )
    task.folder.store.write_table(task.folder.file(f"{task.piece}.parquet"), table)
    manifest: dict[str, Any] = {"rows": table.num_rows, "labels": labels}
    if task.index:
        manifest["published"] = write_published(
            f"runs/{task.folder.fingerprint}",
            task.piece,
            chosen,
            clustered,
            outcome == KEPT,
            slices,
            task.index,
        )
    task.folder.commit(task.piece, manifest)
    return {"documents": table.num_rows, "kept": int((outcome == KEPT).sum())}


def _judged_reasons(judged: pa.Table, recipe: Recipe) -> tuple[list[str], np.ndarray]:
    """The reasons of rules that read text, and for each row the number, from 1, of the one that dropped it.

    A reason is `<rule>`, or `<rule>:<the rule's own>`. A rule's own may be of any number: the MOST_REASONS most
    frequent of a unit stay, the others become `<rule>:other`. 0 stands for none.
    """
    names: list[str] = []
    numbers = np.zeros(judged.num_rows, np.int16)
    for name in recipe.text_rules:
        failed = np.flatnonzero(pc.fill_null(pc.invert(judged[f"{name}.passed"]), False))
        given = pc.fill_null(judged[f"{name}.reason"].take(failed), "").combine_chunks()
        encoded = given.dictionary_encode()
        distinct = encoded.dictionary.to_pylist()
        counts = np.bincount(encoded.indices, minlength=len(distinct)).tolist()
        ranked = sorted(range(len(distinct)), key=lambda i: (-counts[i], distinct[i]))
        own = [f"{name}:{distinct[i]}" if distinct[i] else name for i in ranked[:MOST_REASONS]]
        number = np.full(len(distinct), len(names) + len(own) + 1, np.int16)
        number[ranked[:MOST_REASONS]] = np.arange(len(own)) + len(names) + 1
        names += [*own, f"{name}:other"]
        numbers[failed] = number[encoded.indices]
    return names, numbers


def _or_nan(value: float | None) -> float:
    """A threshold that no comparison passes, where there is none."""
    return np.nan if value is None else value


def _per_row(values: dict[str, float], slices: list[tuple[str, int, int]]) -> np.ndarray:
    """float64[n]: each label's value at each of its rows."""
    rows = [stop - start for _, start, stop in slices]
    return np.repeat(np.array([values[label] for label, _, _ in slices], np.float64), rows)


def _digest(names: list[str | None], reason: np.ndarray, *columns: np.ndarray) -> str:
    """What tells the writing step whether anything was decided otherwise for a label.

    Only reasons that occur count: a rule that drops none of the label's documents changes nothing.
    """
    used, inverse = np.unique(reason, return_inverse=True)
    digest = hashlib.sha256("\0".join(names[code] or "" for code in used).encode())
    for column in (inverse, *columns):
        digest.update(column.tobytes())
    return digest.hexdigest()


def _counts(
    outcome: np.ndarray,
    reason: np.ndarray,
    names: list[str | None],
    words: np.ndarray,
    text_bytes: np.ndarray,
) -> dict[str, Any]:
    """The counts of one label for the manifest."""
    per_reason = np.bincount(reason, minlength=len(names))
    by_name = {name: int(per_reason[i]) for i, name in enumerate(names) if name and per_reason[i]}
    exact, near = (by_name.pop(name, 0) for name in DUPLICATES)
    kept = outcome == KEPT
    return {
        "documents": len(outcome),
        "kept": int(kept.sum()),
        "removed": dict(sorted(by_name.items())),
        "duplicates": exact + near,
        "exact_duplicates": exact,
        "words": int(words.sum()),
        "kept_words": int(words[kept].sum()),
        "text_bytes": int(text_bytes.sum()),
        "kept_bytes": int(text_bytes[kept].sum()),
    }


def _quality_signal(recipe: Recipe) -> set[str]:
    """The signal that documents are rebalanced by, if any."""
    if recipe.rebalance is None or recipe.rebalance.method != "quality":
        return set()
    return {recipe.rebalance.quality.removeprefix("-")} - set(DOCUMENT_COLUMNS)


def _quality(
    recipe: Recipe, documents: pa.Table, signals: pa.Table
) -> Callable[[np.ndarray], np.ndarray] | None:
    """From rows to the quality by which they are rebalanced, where the recipe does that."""
    if recipe.rebalance is None or recipe.rebalance.method != "quality":
        return None
    name = recipe.rebalance.quality.removeprefix("-")
    column = documents[name] if name in documents.column_names else signals[name]
    values = column.cast(pa.float64()).to_numpy()
    sign = -1.0 if recipe.rebalance.quality.startswith("-") else 1.0
    return lambda rows: sign * values[rows]


def _weights(
    sizes: np.ndarray, removed: np.ndarray, quality: np.ndarray | None, recipe: Recipe
) -> tuple[np.ndarray, dict[str, Any]]:
    """Weights of kept members, and how they came about, for the manifest."""
    settings = recipe.rebalance
    if settings is None:
        return np.ones(len(sizes), np.int32), {
            "note": "no rebalancing in the recipe: every weight is 1"
        }
    if settings.method == "table":
        table = {str(size): weight for size, weight in sorted(settings.table.items())}
        return rebalance.weights_for(sizes, settings.table), {
            "note": "weights from the recipe's table, the same for every language",
            "weights": table,
        }
    lost, by_quality = removed, None
    if quality is not None:
        lost = rebalance.quality_loss(removed, quality)
        by_quality = f"rates count what is kept the more, the worse it ranks by {settings.quality}"
    rates = rebalance.removal_rates(sizes, lost, settings.min_documents)
    weights = rebalance.language_weights(
        rates,
        settings.max_repetitions,
        min_clusters=settings.min_clusters,
        guard_singletons=settings.guard_singletons,
    )
    return rebalance.weights_for(sizes, weights.steps), {
        "note": weights.note or by_quality,
        "cluster_sizes": rates.sizes.tolist(),
        "removal_rates": rates.rates.tolist(),
        "tail_start": rates.tail_start,
        "global_removal_rate": rates.global_rate,
        "weights": {str(size): weight for size, weight in weights.steps.items()},
    }


def _histogram(sizes: np.ndarray) -> dict[str, int]:
    values, counts = np.unique(sizes, return_counts=True)
    return {str(v): int(c) for v, c in zip(values, counts, strict=True)}


def _shards(kept: np.ndarray, text_bytes: np.ndarray, limit: int) -> dict[str, list[int]]:
    """For `corpus` and `removed` the row after the last of each shard of about `limit` bytes."""
    return {
        "corpus": _ends(text_bytes * kept, kept, limit),
        "removed": _ends(text_bytes * ~kept, ~kept, limit),
    }


def _ends(sizes: np.ndarray, chosen: np.ndarray, limit: int) -> list[int]:
    """A shard closes with the row that brings it to `limit`; every shard has a chosen row."""
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
