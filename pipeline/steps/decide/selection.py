"""What D takes from the scores of models: which documents go, are seen once only, or are flagged, and why.

A language's cuts are quantiles of the scores of its own documents, of a sample where there are very many. Every score
is cut by itself: which documents others removed has no part in it. Of several reasons a document has the first: of a
benchmark, then of the scores in the recipe's order.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from polysieve.filters.quality import selection
from polysieve.pipeline.recipe import Recipe
from polysieve.pipeline.recipe.quality import FAR, Quality, Score
from polysieve.pipeline.steps import windows
from polysieve.pipeline.steps.decide.members import Slices
from polysieve.pipeline.steps.embed import embeddings
from polysieve.pipeline.steps.score import scorers, scores
from polysieve.pipeline.steps.units import Rows, Unit
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import parquet_writer

QUANTILES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
# What a reader of the corpus sees of it; row-aligned with decisions, in the file `<piece>-selected.parquet`.
SELECTED = pa.schema(
    [
        ("quality_score", pa.float64()),
        ("tier", pa.string()),
        ("model_scores", pa.string()),
        ("attributes", pa.string()),
        ("flags", pa.string()),
        ("contaminated", pa.string()),
    ]
)

Cuts = tuple[float | None, float | None]
"""Strictly above the first and not above the second is what passes; None: no bound."""


@dataclass(frozen=True)
class Selected:
    """What is selected of a unit's n documents."""

    reasons: list[str]
    numbers: np.ndarray
    """int16[n]: number, from 1, of the reason for which a document goes; 0: it stays."""
    once: np.ndarray
    """bool[n]: the weight is 1 at most."""
    failed: np.ndarray
    """uint32[n]: a bit for each score that a document fails."""
    figures: dict[str, dict[str, Any]]
    """Label → what the report says of it."""


def select(
    folder: StepFolder, quality: Quality, seed: int, unit: Unit, rows: Rows, slices: Slices
) -> Selected:
    """Select among the documents of a unit by what `folder`, the step of scores, holds of them."""
    removing = [name for name, one in quality.scores.items() if one.action == "remove"]
    given = quality.decontaminate
    found = [f"contaminated:{name}" for name in given.benchmarks] if given else []
    reasons = [*found, *(f"quality:{name}" for name in removing)]
    numbers = np.zeros(unit.documents, np.int16)
    once, failed = np.zeros(unit.documents, bool), np.zeros(unit.documents, np.uint32)
    figures: dict[str, dict[str, Any]] = {label: {"scores": {}} for label, _, _ in slices}
    _count(folder, quality, unit, rows, slices, numbers, figures)
    keys = _sample_keys(rows, slices, unit, quality.sample, seed)
    of_models = (folder.manifest(scores.MODELS) or {}).get("models", {})
    for place, (name, one) in enumerate(quality.scores.items()):
        values = read_scores(folder, name, unit, rows)
        for label, start, stop in slices:
            own = slice(start, stop)
            known = np.flatnonzero(~np.isnan(values[own]))
            if not len(known):
                continue
            sample = values[own][known]
            if keys is not None and len(known) > quality.sample:
                first = np.argsort(keys[own][known], kind="stable")[: quality.sample]
                sample = sample[first]
            cuts = cuts_of(one, label, sample)
            fails = ~passes(values[own], cuts, one)
            failed[own][fails] |= np.uint32(1 << place)
            if one.action == "remove":
                number = len(found) + removing.index(name) + 1
                numbers[own][fails & (numbers[own] == 0)] = number
            elif one.action == "once":
                once[own] |= fails
            hashes = of_models.get(name, {})
            figures[label]["scores"][name] = {
                "model": one.path.replace(scorers.LABEL, label),
                "sha256": hashes.get(label, hashes.get("")),
                "kind": one.kind,
                "action": one.action,
                "cut": list(cuts),
                "asked": one.model_dump(
                    include={"keep", "band", "at_least", "at_most"}
                    | ({"k"} if one.nearest else set()),
                    exclude_none=True,
                ),
                "documents": len(known),
                "failed": int(fails.sum()),
                "quantiles": {str(q): selection.quantile(sample, q) for q in QUANTILES},
            }
            if name == quality.main and quality.tiers:
                low, high = (selection.quantile(sample, share) for share in quality.tiers)
                tier = selection.tiers(values[own], (low, high))
                counts = np.bincount(tier[tier >= 0], minlength=len(selection.TIERS))
                figures[label]["tiers"] = {
                    "cuts": [low, high],
                    "documents": dict(zip(selection.TIERS, counts.tolist(), strict=True)),
                }
    return Selected(reasons, numbers, once, failed, figures)


def of_translations(documents: pa.Table, recipe: Recipe) -> tuple[list[str], np.ndarray]:
    """(reasons, int64[n]): why models remove translations into one language (columns `text` and `label`), as a number
    from 1, or 0. Cuts that are quantiles are of these translations.

    Only scores made for translations are asked, and benchmarks: what holds one of those is removed in any origin.
    """
    quality = recipe.quality
    if quality is None or not len(documents):
        return [], np.zeros(len(documents), np.int64)
    given = quality.decontaminate
    asked = [name for name, one in quality.scores.items() if "mt" in one.origins]
    found = [f"contaminated:{name}" for name in given.benchmarks] if given else []
    said = scores.said(documents, recipe, "mt")
    said = embeddings.answers(said, embeddings.of_texts(documents, quality, "mt"), quality, "mt")
    numbers = np.zeros(len(documents), np.int64)
    if given and given.action == "remove":
        place = pc.index_in(said["contaminated"], pa.array(list(given.benchmarks), pa.string()))
        numbers[:] = pc.fill_null(pc.add(place, 1), 0).to_numpy()
    for place, name in enumerate(asked):
        one = quality.scores[name]
        values = said[f"score.{name}"].to_numpy()
        known = values[~np.isnan(values)]
        if not len(known):
            continue
        cuts = cuts_of(one, documents["label"][0].as_py(), known)
        fails = ~passes(values, cuts, one)
        numbers[fails & (numbers == 0)] = len(found) + place + 1
    return [*found, *(f"quality:{name}" for name in asked)], numbers


def cuts_of(one: Score, label: str, sample: np.ndarray) -> Cuts:
    """The bounds of a score in a language, of the scores of a sample of its documents."""
    if one.nearest is not None:
        return FAR, None
    if one.band is not None:
        return selection.quantile(sample, one.band[0]), selection.quantile(sample, one.band[1])
    if one.at_least is not None or one.at_most is not None:
        return one.at_least, one.at_most
    share = one.share_kept(label)
    return (None if share is None else selection.quantile(sample, 1 - share)), None


def passes(values: np.ndarray, cuts: Cuts, one: Score) -> np.ndarray:
    """bool[n]: whether a score is within its bounds; what has no score passes."""
    if one.at_least is not None:
        return ~(values < one.at_least)
    low, high = cuts
    return selection.is_above(values, low) & ~(values > (np.inf if high is None else high))


def read_scores(folder: StepFolder, name: str, unit: Unit, rows: Rows) -> np.ndarray:
    """float32[n]: a score of a unit's documents, NaN where there is none. Cuts of four digits are compared as
    float32, too, so that what equals a cut ties with it."""
    found = np.full(unit.documents, np.nan, np.float32)
    for own, part in windows.read(folder, unit, rows, [f"score.{name}"]):
        found[own] = part.column(0).to_numpy()
    return found


def _count(
    folder: StepFolder,
    quality: Quality,
    unit: Unit,
    rows: Rows,
    slices: Slices,
    numbers: np.ndarray,
    figures: dict[str, dict[str, Any]],
) -> None:
    """Enter the reasons of contaminated documents, and count them and each attribute by language."""
    given = quality.decontaminate
    names = list(given.benchmarks) if given else []
    columns = ["contaminated", *(f"attribute.{name}" for name in quality.attributes)]
    for own, part in windows.read(folder, unit, rows, columns):
        if given and given.action == "remove":
            place = pc.index_in(part["contaminated"], pa.array(names, pa.string()))
            numbers[own] = pc.fill_null(pc.add(place, 1), 0).to_numpy()
        for label, start, stop in slices:
            low, high = max(start, own.start), min(stop, own.stop)
            if low >= high:
                continue
            here = part.slice(low - own.start, high - low)
            for column in columns:
                for entry in pc.value_counts(here[column].drop_null()).to_pylist():
                    counts = figures[label].setdefault(column.partition(".")[0], {})
                    if column != "contaminated":
                        counts = counts.setdefault(column.partition(".")[2], {})
                    counts[entry["values"]] = counts.get(entry["values"], 0) + entry["counts"]


def _sample_keys(rows: Rows, slices: Slices, unit: Unit, most: int, seed: int) -> np.ndarray | None:
    """uint64[n]: seeded hashes of ids, where a language has more documents than the sample; else None."""
    if max(stop - start for _, start, stop in slices) <= most:
        return None
    found = np.zeros(unit.documents, np.uint64)
    for own, read in rows.stretches({"documents": ["id"]}):
        ids = read["documents"]["id"].to_pylist()
        found[own] = [xxhash.xxh64_intdigest((id or "").encode(), seed) for id in ids]
    return found


def write(
    file: str, folder: StepFolder, scored: StepFolder, quality: Quality, unit: Unit, rows: Rows, selected: Selected,
    slices: Slices,
) -> None:  # fmt: skip
    """Write SELECTED for a unit to `file` of `folder`, in row groups of 10,000."""
    with folder.store.create(file) as handle, parquet_writer(handle, SELECTED) as writer:
        for own, part in windows.read(scored, unit, rows):
            for start in range(own.start, own.stop, windows.WINDOW_DOCUMENTS):
                stop = min(start + windows.WINDOW_DOCUMENTS, own.stop)
                here = part.slice(start - own.start, stop - start)
                table = columns(
                    here,
                    quality,
                    selected.failed[start:stop],
                    _tiers(here, quality, selected, slices, start),
                )
                writer.write_table(table, row_group_size=10_000)


def _tiers(
    part: pa.Table, quality: Quality, selected: Selected, slices: Slices, first: int
) -> pa.Array:
    """The tier of each row of a part that begins with row `first`."""
    codes = np.full(len(part), -1, np.int8)
    if quality.tiers:
        values = part[f"score.{quality.main}"].to_numpy()
        for label, start, stop in slices:
            own = slice(max(start - first, 0), max(stop - first, 0))
            if tiers := selected.figures[label].get("tiers"):
                codes[own] = selection.tiers(values[own], tuple(tiers["cuts"]))
    return pa.array(selection.TIERS, pa.string()).take(pa.array(codes, mask=codes < 0))


def columns(part: pa.Table, quality: Quality, failed: np.ndarray, tier: pa.Array) -> pa.Table:
    """SELECTED for some rows of scores."""
    n = len(part)
    main = pa.nulls(n, pa.float64())
    if quality.main:
        values = selection.rounded(part[f"score.{quality.main}"].to_numpy())
        main = pa.array(values, mask=np.isnan(values))
    flagged = [
        (1 << place, name)
        for place, (name, one) in enumerate(quality.scores.items())
        if one.action != "remove"
    ]
    flags = [
        ",".join(name for bit, name in flagged if bits & bit) or None for bits in failed.tolist()
    ]
    return pa.table(
        [
            main,
            tier,
            pa.array(_objects(part, "score", list(quality.scores)), pa.string()),
            pa.array(_objects(part, "attribute", list(quality.attributes)), pa.string()),
            pa.array(flags, pa.string()),
            part["contaminated"],
        ],
        schema=SELECTED,
    )


def _objects(part: pa.Table, kind: str, names: list[str]) -> Iterator[str | None]:
    """For each row a JSON object name → value of the columns that hold one; None where there is none."""
    values = [part[f"{kind}.{name}"].to_pylist() for name in names]
    for row in zip(*values, strict=True) if values else ((),) * len(part):
        found = {
            name: round(value, selection.DIGITS) if kind == "score" else value
            for name, value in zip(names, row, strict=True)
            if value is not None
        }
        yield json.dumps(found, ensure_ascii=False) if found else None
