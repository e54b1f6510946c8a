"""What stays, why the rest goes, and how often a kept document should be seen. No text is read.

For each label: documents under the language cut go; of the members of a cluster that remain, the representative is
kept and the others are duplicates; the rules are applied to representatives in recipe order, and the first one that
fails is the reason; weights follow from the removal rate per cluster size; models are asked last.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from polysieve.dedup import rebalance
from polysieve.filters.parameters import vacuous
from polysieve.pipeline.engines.engine import Counts
from polysieve.pipeline.index.versions import Increment, Revision
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.cluster.clusters import Numbering, numberings
from polysieve.pipeline.steps.cluster.partitions import NARROW_BYTES
from polysieve.pipeline.steps.containment import containment
from polysieve.pipeline.steps.decide import members, selection, weighting
from polysieve.pipeline.steps.decide import reasons as saying
from polysieve.pipeline.steps.decide.cascade import (
    DUPLICATES,
    EXACT,
    LANGUAGE_SCORE,
    NEAR,
    OUTCOMES,
    Reasons,
    decision_counts,
    joined,
)
from polysieve.pipeline.steps.decide.manifest import Decided, DecidedLabel, HostLines, OfModels
from polysieve.pipeline.steps.decide.members import Index, version_of
from polysieve.pipeline.steps.decide.reasons import CONTAINED, HOST_LINES_ONLY, RuleNames
from polysieve.pipeline.steps.decide.representatives import (
    choose,
    published_members,
    write_published,
)
from polysieve.pipeline.steps.decide.selection import Selected
from polysieve.pipeline.steps.decide.totals import Totals
from polysieve.pipeline.steps.fit import fit
from polysieve.pipeline.steps.fit.fit import Fitted
from polysieve.pipeline.steps.host_lines import lines
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.step import Context, UnitTask, manifest_of
from polysieve.pipeline.steps.units import Unit
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.schema import DECISIONS
from polysieve.pipeline.storage.store import parquet_writer

BLOCK = 100_000  # rows that are written or counted at a time


@dataclass(frozen=True)
class Deciding(UnitTask):
    """One unit to decide."""

    first_row: int
    """As the unit was clustered."""
    verdicts: StepFolder | None
    """What rules that read text said; None where the recipe has none, or none yet."""
    scored: StepFolder | None
    """What models said; None where the recipe asks none, or none yet."""

    @property
    def memory(self) -> int:
        return self.recipe.dedup.task_memory + NARROW_BYTES * self.unit.documents


@dataclass(frozen=True)
class Sources:
    """What is known of the documents of a unit when they are decided, by the folder of the step that found it."""

    unit_name: str
    fit: StepFolder
    clusters: StepFolder
    verdicts: StepFolder | None = None
    """Of rules that read text; None where the recipe has none, or none was asked yet. Likewise the next three."""
    rule_names: RuleNames | None = None
    """The reasons in the verdicts."""
    host_lines: StepFolder | None = None
    containment: StepFolder | None = None
    scores: StepFolder | None = None
    index: Index | None = None
    rekeep: bool = False
    """Whether representatives are chosen without regard to what is in a corpus."""


@dataclass(frozen=True)
class LabelDecision:
    """What was decided of a label's n documents."""

    reasons: Reasons
    size: np.ndarray
    """int[n]: members of the document's cluster, 0 for what went before clusters were counted."""
    weight: np.ndarray
    """int32[n]: how often a document should be seen, 0 where it goes."""
    selected: Selected | None
    figures: DecidedLabel
    """What the manifest says of the label."""
    published: np.ndarray | None
    """int64: with an index, the numbers of its members that are in a corpus now."""


def run(task: Deciding) -> Counts:
    """Decide one unit and commit it; its manifest holds the counts of each label.

    What is held of every document is a few narrow numbers (some 30 bytes); columns are read a segment at a time.
    """
    recipe, unit, context = task.recipe, task.unit, task.context
    index, labels = context.inputs.index, task.unit_labels()
    rule_names = None
    if task.verdicts:
        rule_names = saying.text_rule_names(task.verdicts, unit.name, labels, recipe)
    sources = Sources(
        unit.name,
        context.folder("fit"),
        context.folder("clusters"),
        task.verdicts,
        rule_names,
        context.get("lines"),
        context.get("containment"),
        task.scored,
        index,
        context.inputs.rekeep,
    )
    started = index.earlier if isinstance(index, Increment) else None
    fitted = fit.read(sources.fit)
    decided = [
        decide_label(label, fitted[label.name], numbering, sources, recipe)
        for label, numbering in zip(
            labels, numberings(labels, started, task.first_row), strict=True
        )
    ]
    names = reason_names(
        [one.reasons for one in decided], recipe, rule_names, task.scored is not None
    )
    for one in decided:
        one.reasons.number(names)
    whole = joined([one.reasons for one in decided])
    size, weight = (
        np.concatenate(each) if len(each) > 1 else each[0]
        for each in ([one.size for one in decided], [one.weight for one in decided])
    )
    _write(task.folder, f"{task.name}.parquet", whole, size, weight)
    if task.scored and recipe.quality:
        tables = (
            selection.tables(task.scored, unit.name, label, recipe.quality, one.selected)
            for label, one in zip(labels, decided, strict=True)
            if one.selected
        )
        file = task.folder.file(f"{task.name}-selected.parquet")
        selection.write(file, task.folder, chain.from_iterable(tables))
    manifest: Decided = {
        "rows": len(weight),
        "labels": {label.name: one.figures for label, one in zip(labels, decided, strict=True)},
    }
    if index:
        published = {
            label.name: one.published
            for label, one in zip(labels, decided, strict=True)
            if one.published is not None
        }
        file = f"runs/{task.folder.fingerprint}/{task.name}-published.parquet"
        manifest["published"] = write_published(index.store, file, published)
    task.folder.commit(task.name, manifest)
    return {"documents": len(weight), "kept": int(np.count_nonzero(whole.kept))}


def decided_labels(context: Context, units: Sequence[Unit]) -> dict[str, DecidedLabel]:
    """What was decided of each language, in alphabetical order."""
    found: dict[str, DecidedLabel] = {}
    for unit in units:
        found |= manifest_of(context.folder("decisions"), unit.name, Decided)["labels"]
    return found


def reason_names(
    found: Sequence[Reasons], recipe: Recipe, rule_names: RuleNames | None, scored: bool
) -> list[str]:
    """All reasons that documents of a unit may have, in the order in which they are decided. Those of the prefilter
    are of any number and come first, by name."""
    names = [LANGUAGE_SCORE, *DUPLICATES, *recipe.column_rules, HOST_LINES_ONLY, *CONTAINED]
    if rule_names is not None:
        names += saying.in_order(rule_names)
    if scored and recipe.quality:
        names += selection.reason_names(recipe.quality)
    prefilter = {name for reasons in found for name in reasons.names} - set(names)
    return [*sorted(prefilter), *names]


def decide_label(
    label: Label, fitted: Fitted, numbering: Numbering, sources: Sources, recipe: Recipe
) -> LabelDecision:
    """Decide the documents of one label. numbering: as they were clustered."""
    limits = saying.rule_thresholds(recipe, label.name, fitted.parameters)
    cut = saying.language_cut(recipe, fitted.parameters)
    reasons = Reasons(label.documents)
    below = saying.add_prefilter(reasons, label, cut)
    if isinstance(sources.index, Revision):
        clustered = members.of_index(sources.index, label, reasons.kept)
    else:
        clustered = members.of_clusters(
            sources.clusters, sources.unit_name, label, numbering, reasons.kept, sources.index
        )
    reasons.add(LANGUAGE_SCORE, below)
    chosen = choose(
        label,
        recipe.dedup,
        clustered,
        reasons.kept,
        cut,
        version_of(sources.index),
        sources.rekeep,
    )
    reasons.add(EXACT, ~chosen.is_representative & chosen.exact)
    reasons.add(NEAR, ~chosen.is_representative)
    quality = saying.add_rules(
        reasons,
        label,
        recipe,
        limits,
        sources.fit,
        sources.unit_name,
        sources.host_lines,
        chosen.is_representative,
    )
    counted = chosen.is_representative
    if sources.containment:
        remove = containment.settings(recipe).remove
        gone = saying.contained(sources.containment, label, remove, reasons.kept)
        reasons.add(remove, gone)
        counted = counted & ~gone  # not what a rule removes, so no part of the rates
    if sources.verdicts and sources.rule_names is not None:
        saying.add_text_rules(
            reasons, sources.verdicts, sources.unit_name, label, sources.rule_names
        )
    sizes, removed = chosen.size[counted], ~reasons.kept[counted]
    steps, rebalancing = weighting.weights_of(
        sizes, removed, None if quality is None else quality[counted], recipe
    )
    weight = np.zeros(label.documents, np.int32)
    for block in _blocks(label.documents):
        weight[block] = rebalance.weights_for(chosen.size[block], steps) * reasons.kept[block]
    selected = None
    if sources.scores and recipe.quality:
        # Removal rates and weights are those of the rules: models come after.
        selected = selection.select(
            reasons, sources.scores, sources.unit_name, label, recipe.quality, recipe.seed
        )
        weight *= reasons.kept
        np.minimum(weight, 1, out=weight, where=selected.once)
    totals = _totals(label, recipe, reasons.kept, sources.host_lines)
    names = reason_names([reasons], recipe, sources.rule_names, sources.scores is not None)
    reasons.number(names)
    models = said = None
    if selected and sources.scores:
        models, said = selected.figures, [sources.scores.fingerprint, selected.figures]
    lost: HostLines = {"lines_removed": totals.lines} if sources.host_lines else {}
    judged: OfModels = {"models": models} if models else {}
    figures: DecidedLabel = {
        "documents": label.documents,
        **decision_counts(reasons),
        "words": totals.words,
        "kept_words": totals.kept_words,
        "text_bytes": totals.text_bytes,
        "kept_bytes": totals.kept_bytes,
        **lost,
        "digest": _digest(reasons, chosen.size, weight, said),
        **judged,
        "clusters": len(sizes),
        "cluster_sizes": weighting.histogram(sizes),
        "cut": cut,
        "thresholds": limits,
        "vacuous": [n for n in vacuous(fitted.parameters) if n in recipe.column_rules],
        "has_own_parameters": fitted.has_own,
        "parameters": fit.summary(fitted),
        "rebalancing": rebalancing,
        "shards": {kind: ends.all() for kind, ends in totals.shards.items()},
    }
    published = published_members(chosen, clustered, reasons.kept) if sources.index else None
    return LabelDecision(reasons, chosen.size, weight, selected, figures, published)


def _totals(
    label: Label, recipe: Recipe, kept: np.ndarray, host_lines: StepFolder | None
) -> Totals:
    """Sums over the label's documents; kept: bool[n]."""
    totals = Totals(recipe.output.shard_bytes)
    marks = None
    if recipe.host_lines and recipe.host_lines.remove and host_lines:
        marks = lines.parts(host_lines, label, ["repeated"])
    columns = {"documents": ["text_bytes"], "signals": ["word_count"]}
    for own, read in label.stretches(columns):
        words = read["signals"]["word_count"].to_numpy()
        totals.add(kept[own], words, read["documents"]["text_bytes"].to_numpy())
        if marks:
            totals.add_lines(kept[own], next(marks)["repeated"].to_numpy())
    return totals


def _write(
    folder: StepFolder, name: str, reasons: Reasons, size: np.ndarray, weight: np.ndarray
) -> None:
    """The table of decisions, in row groups of 10,000."""
    outcomes, outcome = pa.array(OUTCOMES), reasons.outcomes()
    with (
        folder.store.create(folder.file(name)) as handle,
        parquet_writer(handle, DECISIONS) as writer,
    ):
        for own in _blocks(len(weight)):
            columns = [
                pa.DictionaryArray.from_arrays(outcome[own], outcomes),
                reasons.column(own),
                pa.array(size[own].astype(np.int64), mask=size[own] == 0),
                weight[own],
            ]
            writer.write_table(pa.table(columns, schema=DECISIONS), row_group_size=10_000)


def _blocks(n: int) -> Iterator[slice]:
    """The rows of n, BLOCK at a time."""
    for first in range(0, n, BLOCK):
        yield slice(first, min(first + BLOCK, n))


def _digest(reasons: Reasons, size: np.ndarray, weight: np.ndarray, models: Any) -> str:
    """What tells the writing step whether anything was decided otherwise for a label.

    Only reasons that occur count: a rule that drops none of the label's documents changes nothing. models: what they
    said, in short; None where none was asked.
    """
    codes = reasons.codes
    used = np.flatnonzero(np.bincount(codes, minlength=len(reasons.names) + 1))
    digest = hashlib.sha256("\0".join(["", *reasons.names][code] for code in used).encode())
    among = np.zeros(len(reasons.names) + 1, np.int16)
    among[used] = np.arange(len(used))
    for column in (codes, reasons.outcomes(), size, weight):
        for own in _blocks(len(column)):
            block = among[codes[own]] if column is codes else column[own]
            digest.update(block.astype(np.int64).tobytes())
    if models is not None:
        digest.update(json.dumps(models, sort_keys=True).encode())
    return digest.hexdigest()
