"""What stays, why the rest goes, and how often a kept document should be seen. No text is read.

For each label: documents under the language cut go; of the members of a cluster that remain, one is
kept and the others are duplicates; the rules are applied to the kept members in recipe order, and the
first one that fails is the reason; weights follow from the removal rate per cluster size.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from polysieve.dedup import rebalance
from polysieve.filters.parameters import vacuous
from polysieve.pipeline.index.versions import Revision
from polysieve.pipeline.steps import windows
from polysieve.pipeline.steps.cluster.partitions import NARROW_BYTES
from polysieve.pipeline.steps.containment import containment
from polysieve.pipeline.steps.decide import members, reasons, selection, weighting
from polysieve.pipeline.steps.decide.members import Slices
from polysieve.pipeline.steps.decide.representatives import choose, write_published
from polysieve.pipeline.steps.decide.selection import Selected
from polysieve.pipeline.steps.decide.totals import Totals
from polysieve.pipeline.steps.fit import fit
from polysieve.pipeline.steps.host_lines import lines
from polysieve.pipeline.steps.step import Context, UnitTask, manifest_of
from polysieve.pipeline.steps.units import Rows, Unit
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.schema import DECISIONS
from polysieve.pipeline.storage.store import parquet_writer

OUTCOMES = ("kept", "removed", "duplicate")
KEPT, REMOVED, DUPLICATE = range(3)
DUPLICATES = ("exact_duplicate", "near_duplicate")
CONTAINED = ("contained", "containing")
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


def run(task: Deciding) -> dict[str, Any]:
    """Decide one unit and commit it; its manifest holds the counts of each label.

    What is held of every document is a few narrow numbers (some 30 bytes); columns are read a segment at a time.
    """
    recipe, unit, context = task.recipe, task.unit, task.context
    fitting, clustering, index = (
        context.folder("fit"),
        context.folder("clusters"),
        context.inputs.index,
    )
    recurring, containing = context.get("lines"), context.get("containment")
    rows = task.rows()
    slices = rows.labels(unit)
    fitted = fit.read(fitting)
    limits = {
        label: reasons.rule_thresholds(recipe, label, fitted[label].parameters)
        for label, _, _ in slices
    }
    lowest = {
        label: reasons.language_cut(recipe, fitted[label].parameters) for label, _, _ in slices
    }

    # Reasons are numbers into `names`; 0 is none.
    reason, early, below = reasons.before_clusters(rows, unit, slices, lowest)
    names = [None, *early, "language_score", *DUPLICATES]
    names += [*recipe.column_rules, reasons.HOST_LINES_ONLY, *CONTAINED]
    code = {name: number for number, name in enumerate(names)}
    if isinstance(index, Revision):
        clustered = members.of_index(index, slices, reason == 0)
    else:
        clustered = members.of_clusters(
            clustering, unit, slices, task.first_row, reason == 0, index
        )
    reason[below & (reason == 0)] = code["language_score"]
    remain = reason == 0
    chosen = choose(rows, recipe, clustered, remain, slices, lowest, index, context.inputs.rekeep)
    duplicate = remain & ~chosen.stands
    reason[duplicate] = code[DUPLICATES[1]]
    reason[duplicate & chosen.exact] = code[DUPLICATES[0]]
    judged = np.zeros(len(reason), bool)
    if task.verdicts:
        # Only documents that all other rules keep were judged.
        said, numbers = reasons.judged_reasons(
            windows.read(task.verdicts, unit, rows), unit, recipe
        )
        judged = numbers > 0
        reason[judged] = numbers[judged] + len(names) - 1
        names += said

    quality = reasons.apply_rules(
        recipe,
        partial(fit.signals_of, fitting, unit, rows),
        recurring,
        rows,
        slices,
        limits,
        code,
        chosen.stands,
        reason,
    )
    stands = chosen.stands
    if containing:
        # Also what rules that read text drop contains others, or these would be kept without having been judged.
        rest = stands & ((reason == 0) | judged)
        gone = reasons.contained(containing, rows, recipe, rest) & (reason == 0)
        reason[gone] = code[containment.settings(recipe).remove]
        stands = stands & ~gone  # not what a rule removes, so no part of the rates
    selected = None
    if task.scored and recipe.quality:
        # Only documents that all rules keep have scores.
        selected = selection.select(task.scored, recipe.quality, recipe.seed, unit, rows, slices)
        names += selected.reasons
    totals = {label: Totals(recipe.output.shard_bytes) for label, _, _ in slices}
    _add(task, rows, slices, reason | selected.numbers if selected else reason, totals)
    outcome = np.full(len(reason), REMOVED, np.int8)
    outcome[duplicate] = DUPLICATE
    outcome[reason == 0] = KEPT
    weight = np.zeros(len(reason), np.int32)
    size = chosen.size
    labels = {}
    for label, start, stop in slices:
        own = slice(start, stop)
        standing = stands[own]
        sizes, removed = size[own][standing], outcome[own][standing] == REMOVED
        steps, rebalancing = weighting.weights_of(
            sizes, removed, None if quality is None else quality[own][standing], recipe
        )
        for block in _blocks(start, stop):
            weights = rebalance.weights_for(size[block], steps)
            weight[block] = weights * (outcome[block] == KEPT)
        # Removal rates and weights are those of the rules: models come after.
        if selected:
            _leave_out(selected, own, names, reason, outcome, weight)
        labels[label] = {
            **_counts(outcome[own], reason[own], names, totals[label]),
            **({"lines_removed": dict(totals[label].lines)} if recurring else {}),
            "digest": _digest(
                names,
                (reason[own], outcome[own], size[own], weight[own]),
                _said(task, selected, label),
            ),
            **({"models": selected.figures[label]} if selected else {}),
            "clusters": len(sizes),
            "cluster_sizes": weighting.histogram(sizes),
            "cut": lowest[label],
            "thresholds": limits[label],
            "vacuous": [n for n in vacuous(fitted[label].parameters) if n in recipe.column_rules],
            "has_own_parameters": fitted[label].has_own,
            "parameters": fit.summary(fitted[label]),
            "rebalancing": rebalancing,
            "shards": {kind: ends.all() for kind, ends in totals[label].shards.items()},
        }
    _write(task, names, reason, outcome, size, weight)
    if task.scored and recipe.quality and selected:
        file = task.folder.file(f"{task.piece}-selected.parquet")
        selection.write(
            file, task.folder, task.scored, recipe.quality, unit, rows, selected, slices
        )
    manifest: dict[str, Any] = {"rows": len(reason), "labels": labels}
    if index:
        manifest["published"] = write_published(
            f"runs/{task.folder.fingerprint}",
            task.piece,
            chosen,
            clustered,
            outcome == KEPT,
            slices,
            index,
        )
    task.folder.commit(task.piece, manifest)
    return {"documents": len(reason), "kept": int((outcome == KEPT).sum())}


def labels_of(context: Context, units: Sequence[Unit]) -> dict[str, dict[str, Any]]:
    """What was decided of each language, in alphabetical order."""
    found: dict[str, dict[str, Any]] = {}
    for unit in units:
        found |= manifest_of(context.folder("decisions"), unit.piece)["labels"]
    return found


def _leave_out(
    selected: Selected,
    own: slice,
    names: list[str | None],
    reason: np.ndarray,
    outcome: np.ndarray,
    weight: np.ndarray,
) -> None:
    """Enter among the rows `own` what models remove, and what is to be seen once at most."""
    gone = own.start + np.flatnonzero(selected.numbers[own])
    reason[gone] = selected.numbers[gone] + (len(names) - len(selected.reasons) - 1)
    outcome[gone] = REMOVED
    weight[gone] = 0
    weight[own] = np.where(selected.once[own], np.minimum(weight[own], 1), weight[own])


def _add(
    task: Deciding, rows: Rows, slices: Slices, reason: np.ndarray, totals: dict[str, Totals]
) -> None:
    """Add the unit's documents to the `totals` of their labels."""
    marks, recurring = None, task.context.get("lines")
    if task.recipe.host_lines and task.recipe.host_lines.remove and recurring:
        marks = lines.stretches(recurring, rows, ["repeated"])
    columns = {"documents": ["text_bytes"], "signals": ["word_count"]}
    for own, read in rows.stretches(columns):
        words = read["signals"]["word_count"].to_numpy()
        text_bytes = read["documents"]["text_bytes"].to_numpy()
        repeated = next(marks)["repeated"].to_numpy() if marks else None
        for label, start, stop in slices:
            part = slice(max(start - own.start, 0), stop - own.start)
            kept = reason[own][part] == 0
            totals[label].add(kept, words[part], text_bytes[part])
            if repeated is not None:
                totals[label].add_lines(kept, repeated[part])


def _write(
    task: Deciding,
    names: list[str | None],
    reason: np.ndarray,
    outcome: np.ndarray,
    size: np.ndarray,
    weight: np.ndarray,
) -> None:
    """The table of decisions, in row groups of 10,000."""
    outcomes, given = pa.array(OUTCOMES), pa.array(names[1:], pa.string())
    file = task.folder.file(f"{task.piece}.parquet")
    with task.folder.store.create(file) as handle, parquet_writer(handle, DECISIONS) as writer:
        for own in _blocks(0, len(reason)):
            columns = [
                pa.DictionaryArray.from_arrays(outcome[own], outcomes),
                pa.DictionaryArray.from_arrays(
                    pa.array(reason[own] - 1, mask=reason[own] == 0), given
                ),
                pa.array(size[own].astype(np.int64), mask=size[own] == 0),
                weight[own],
            ]
            writer.write_table(pa.table(columns, schema=DECISIONS), row_group_size=10_000)


def _blocks(start: int, stop: int) -> Iterator[slice]:
    """The rows from `start` to before `stop`, BLOCK at a time."""
    for first in range(start, stop, BLOCK):
        yield slice(first, min(first + BLOCK, stop))


def _said(task: Deciding, selected: Selected | None, label: str) -> Any:
    """What models said of a label, in short; None where none was asked."""
    if task.scored is None or selected is None:
        return None
    return [task.scored.fingerprint, selected.figures[label]]


def _digest(names: list[str | None], columns: tuple[np.ndarray, ...], said: Any) -> str:
    """What tells the writing step whether anything was decided otherwise for a label. The first column is the reason.

    Only reasons that occur count: a rule that drops none of the label's documents changes nothing. said: of models.
    """
    reason = columns[0]
    used = np.flatnonzero(np.bincount(reason, minlength=len(names)))
    digest = hashlib.sha256("\0".join(names[code] or "" for code in used).encode())
    among = np.zeros(len(names), np.int16)
    among[used] = np.arange(len(used))
    for column in columns:
        for own in _blocks(0, len(column)):
            block = among[reason[own]] if column is reason else column[own]
            digest.update(block.astype(np.int64).tobytes())
    if said is not None:
        digest.update(json.dumps(said, sort_keys=True).encode())
    return digest.hexdigest()


def _counts(
    outcome: np.ndarray, reason: np.ndarray, names: list[str | None], totals: Totals
) -> dict[str, Any]:
    """The counts of one label for the manifest."""
    per_reason = np.bincount(reason, minlength=len(names))
    by_name = {name: int(per_reason[i]) for i, name in enumerate(names) if name and per_reason[i]}
    exact, near = (by_name.pop(name, 0) for name in DUPLICATES)
    return {
        "documents": len(outcome),
        "kept": int(np.count_nonzero(outcome == KEPT)),
        "removed": dict(sorted(by_name.items())),
        "duplicates": exact + near,
        "exact_duplicates": exact,
        "words": totals.words,
        "kept_words": totals.kept_words,
        "text_bytes": totals.text_bytes,
        "kept_bytes": totals.kept_bytes,
    }
