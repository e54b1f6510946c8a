"""What is decided by the scores of models: which documents go, are seen once only, or are flagged, and why.

A language's cuts are quantiles of the scores of its own documents, of a sample where there are very many. Every score
is cut by itself: which documents others removed has no part in it. Of several reasons a document has the first: of a
benchmark, then of the scores in the recipe's order.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters.quality import selection
from polysieve.filters.sampling import least, ranks
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.quality import FAR, Quality, Score
from polysieve.pipeline.steps import scorers, windows
from polysieve.pipeline.steps.decide.cascade import Reasons
from polysieve.pipeline.steps.decide.manifest import ModelFigures
from polysieve.pipeline.steps.embed import embeddings
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.score import scores
from polysieve.pipeline.steps.score.scores import ScoringModels
from polysieve.pipeline.steps.step import manifest_of
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import parquet_writer

GROUP = 10_000  # rows of a row group
QUANTILES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
# What a reader of the corpus sees of it; row-aligned with decisions, in the file `<unit>-selected.parquet`.
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
    """What is selected of a label's n documents, besides the reasons that it adds."""

    once: np.ndarray
    """bool[n]: the weight is 1 at most."""
    failed: np.ndarray
    """uint32[n]: a bit for each score that a document fails."""
    figures: ModelFigures
    """What the report says of the label."""


def reason_names(quality: Quality, origin: str = "web") -> list[str]:
    """The reasons for which models remove documents of an origin, in the order in which they are asked."""
    given = quality.decontaminate
    return [
        *(f"contaminated:{name}" for name in (given.benchmarks if given else ())),
        *(f"quality:{name}" for name, one in removing(quality, origin).items()),
    ]


def removing(quality: Quality, origin: str) -> dict[str, Score]:
    """The scores that remove documents of an origin: translations are asked all that are made for them."""
    if origin == "mt":
        return {name: one for name, one in quality.scores.items() if "mt" in one.origins}
    return {name: one for name, one in quality.scores.items() if one.action == "remove"}


def add_contaminated(
    reasons: Reasons, column: pa.ChunkedArray, quality: Quality, rows: slice
) -> None:
    """Add the benchmark that documents hold passages of (string[k], null: none), where the recipe removes those."""
    given = quality.decontaminate
    if given and given.action == "remove":
        said = pc.if_else(
            pc.is_in(column, pa.array(list(given.benchmarks), pa.string())), column, None
        )
        reasons.add_values(pc.binary_join_element_wise("contaminated", said, ":"), rows)


def select(
    reasons: Reasons,
    folder: StepFolder,
    unit_name: str,
    label: Label,
    quality: Quality,
    seed: int,
) -> Selected:
    """Add what models remove of a label's documents, by what `folder`, the step of scores, holds of them."""
    n = label.documents
    once, failed = np.zeros(n, bool), np.zeros(n, np.uint32)
    figures: ModelFigures = {"scores": {}}
    _count(reasons, folder, unit_name, label, quality, figures)
    keys = _sample_keys(label, quality.sample, seed)
    of_models = manifest_of(folder, scores.MODELS, ScoringModels)["models"]
    for place, (name, one) in enumerate(quality.scores.items()):
        values = read_scores(folder, unit_name, label, name)
        known = np.flatnonzero(~np.isnan(values))
        if not len(known):
            continue
        sample = values[known]
        if keys is not None and len(known) > quality.sample:
            sample = sample[least(keys[known], quality.sample)]
        cuts = cuts_of(one, label.name, sample)
        fails = ~passes(values, cuts, one)
        failed[fails] |= np.uint32(1 << place)
        if one.action == "remove":
            reasons.add(f"quality:{name}", fails)
        elif one.action == "once":
            once |= fails
        hashes = of_models.get(name, {})
        figures["scores"][name] = {
            "model": one.path.replace(scorers.LABEL, label.name),
            "sha256": hashes.get(label.name, hashes.get("")),
            "kind": one.kind,
            "action": one.action,
            "cut": list(cuts),
            "asked": one.model_dump(
                include={"keep", "band", "at_least", "at_most"} | ({"k"} if one.nearest else set()),
                exclude_none=True,
            ),
            "documents": len(known),
            "failed": int(fails.sum()),
            "quantiles": {str(q): selection.quantile(sample, q) for q in QUANTILES},
        }
        if name == quality.main and quality.tiers:
            low, high = (selection.quantile(sample, share) for share in quality.tiers)
            tier = selection.tiers(values, (low, high))
            counts = np.bincount(tier[tier >= 0], minlength=len(selection.TIERS))
            figures["tiers"] = {
                "cuts": (low, high),
                "documents": dict(zip(selection.TIERS, counts.tolist(), strict=True)),
            }
    return Selected(once, failed, figures)


def add_for_translations(reasons: Reasons, documents: pa.Table, recipe: Recipe) -> None:
    """Add what models remove of translations into one language (columns `text` and `label`). Bounds that are quantiles
    are of these translations.

    Only scores made for translations are asked, and benchmarks: what holds one of those is removed in any origin.
    """
    quality = recipe.quality
    if quality is None or not len(documents):
        return
    said = scores.said(documents, recipe, "mt")
    said = embeddings.answers(said, embeddings.of_texts(documents, quality, "mt"), quality, "mt")
    add_contaminated(reasons, said["contaminated"], quality, slice(None))
    for name, one in removing(quality, "mt").items():
        values = said[f"score.{name}"].to_numpy()
        known = values[~np.isnan(values)]
        if len(known):
            cuts = cuts_of(one, documents["label"][0].as_py(), known)
            reasons.add(f"quality:{name}", ~passes(values, cuts, one))


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


def read_scores(folder: StepFolder, unit_name: str, label: Label, name: str) -> np.ndarray:
    """float32[n]: a score of a label's documents, NaN where there is none. Cuts of four digits are compared as
    float32, too, so that what equals a cut ties with it."""
    found = np.full(label.documents, np.nan, np.float32)
    for own, part in windows.read(folder, unit_name, label, [f"score.{name}"]):
        found[own] = part.column(0).to_numpy()
    return found


def _count(
    reasons: Reasons,
    folder: StepFolder,
    unit_name: str,
    label: Label,
    quality: Quality,
    figures: ModelFigures,
) -> None:
    """Add the reasons of contaminated documents, and count them and each attribute."""
    columns = ["contaminated", *(f"attribute.{name}" for name in quality.attributes)]
    for own, part in windows.read(folder, unit_name, label, columns):
        add_contaminated(reasons, part["contaminated"], quality, own)
        for column in columns:
            for entry in pc.value_counts(part[column].drop_null()).to_pylist():
                if column == "contaminated":
                    counts = figures.setdefault("contaminated", {})
                else:
                    of_attributes = figures.setdefault("attribute", {})
                    counts = of_attributes.setdefault(column.partition(".")[2], {})
                counts[entry["values"]] = counts.get(entry["values"], 0) + entry["counts"]


def _sample_keys(label: Label, most: int, seed: int) -> np.ndarray | None:
    """uint64[n]: seeded hashes of ids, where there are more documents than the sample has; else None."""
    if label.documents <= most:
        return None
    found = np.zeros(label.documents, np.uint64)
    for own, read in label.stretches({"documents": ["id"]}):
        found[own] = ranks(read["documents"]["id"].to_pylist(), seed, "xxh64")
    return found


def tables(
    scored: StepFolder, unit_name: str, label: Label, quality: Quality, selected: Selected
) -> Iterator[pa.Table]:
    """SELECTED of a label, some rows at a time."""
    for own, part in windows.read(scored, unit_name, label):
        yield columns(part, quality, selected.failed[own], _tiers(part, quality, selected.figures))


def write(file: str, folder: StepFolder, tables: Iterable[pa.Table]) -> None:
    """Write SELECTED for a unit, given in parts of any size, to `file` of `folder`, in row groups of 10,000."""
    waiting = SELECTED.empty_table()
    with folder.store.create(file) as handle, parquet_writer(handle, SELECTED) as writer:
        for table in tables:
            waiting = pa.concat_tables([waiting, table])
            while len(waiting) >= GROUP:
                writer.write_table(waiting.slice(0, GROUP).combine_chunks())
                waiting = waiting.slice(GROUP)
        if len(waiting):
            writer.write_table(waiting.combine_chunks())


def _tiers(part: pa.Table, quality: Quality, figures: ModelFigures) -> pa.Array:
    """The tier of each row of a part."""
    codes = np.full(len(part), -1, np.int8)
    if tiers := figures.get("tiers"):
        codes = selection.tiers(part[f"score.{quality.main}"].to_numpy(), tiers["cuts"])
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
