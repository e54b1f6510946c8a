"""What became of the translations of a run: counts, samples and cost, for run.json and the report."""

from collections.abc import Mapping
from typing import Literal, TypedDict

from polysieve.pipeline.steps.step import Context, manifest_of
from polysieve.pipeline.steps.translate import synthetic
from polysieve.pipeline.steps.translate.manifest import Admitted, TranslatedWindow
from polysieve.pipeline.steps.translate.places import sizes
from polysieve.pipeline.steps.translate.synthetic import Shares
from polysieve.pipeline.steps.translate.translations import name_of
from polysieve.pipeline.steps.write.manifest import WrittenLabel
from polysieve.pipeline.steps.write.samples import Sample

Samples = Mapping[str, dict[str, list[Sample]]]
"""Target -> reason, or `kept` -> a few translations."""


class Cost(TypedDict, total=False):
    """What translating into a label cost; sums are there where there are windows."""

    engine: list[dict[str, str]]
    """Engine, model and hash of each hop."""
    statuses: dict[str, int]
    """Status -> segments."""
    usage: dict[str, float]
    documents: int
    source_words: int
    target_words: int
    segments: int
    distinct: int
    cache_hits: int
    source_characters: int
    target_characters: int
    seconds: float
    words_per_second: float | None


WORDS: tuple[Literal["documents", "source_words", "target_words"], ...] = (
    "documents", "source_words", "target_words",
)  # fmt: skip
SPENT: tuple[
    Literal["segments", "distinct", "cache_hits", "source_characters", "target_characters"], ...
] = ("segments", "distinct", "cache_hits", "source_characters", "target_characters")


class Outcome(Admitted):
    """What became of the translations into a label."""

    samples: dict[str, list[Sample]]
    ledger: Cost


def outcomes(context: Context, samples: Samples) -> dict[str, Outcome]:
    """Of each target: the counts of its translations, their samples, and what they cost."""
    if context.recipe.translate is None:
        return {}
    return {
        label: {
            **manifest_of(context.folder("admit"), label, Admitted),
            "samples": samples.get(label, {}),
            "ledger": ledger(context, label),
        }
        for label in context.recipe.translate.targets
    }


def ledger(context: Context, label: str) -> Cost:
    """What translating into a label cost, over its windows."""
    statuses: dict[str, int] = {}
    usage: dict[str, float] = {}
    total: Cost = {"engine": [], "statuses": statuses, "usage": usage}
    for number, _ in sizes(context, label):
        window = manifest_of(context.folder("translate"), name_of(label, number), TranslatedWindow)
        for key in WORDS:
            total[key] = total.get(key, 0) + window[key]
        spent = window["ledger"]
        for count in SPENT:
            total[count] = total.get(count, 0) + spent[count]
        total["seconds"] = round(total.get("seconds", 0) + spent["seconds"], 3)
        for status, n in window["statuses"].items():
            statuses[status] = statuses.get(status, 0) + n
        for name, value in spent["usage"].items():
            usage[name] = usage.get(name, 0) + value
        total["engine"] = window["engine"]
    seconds = total.get("seconds", 0)
    total["words_per_second"] = (
        round(total.get("source_words", 0) / seconds, 1) if seconds else None
    )
    return total


def shares(
    context: Context, details: Mapping[str, WrittenLabel], translated: Mapping[str, Outcome]
) -> Shares:
    """How much is translated, of the corpus and of each language (`synthetic.shares`)."""
    return synthetic.shares(
        context, {label: sizes(context, label) for label in translated}, details, translated
    )
