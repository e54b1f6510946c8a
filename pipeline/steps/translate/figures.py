"""What became of the translations of a run: counts, samples and cost, for run.json and the report."""

from typing import Any

from polysieve.pipeline.steps.step import Context, manifest_of
from polysieve.pipeline.steps.translate import synthetic
from polysieve.pipeline.steps.translate.places import sizes
from polysieve.pipeline.steps.translate.translations import piece


def outcomes(context: Context, samples: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Of each target: the counts of its translations, their samples, and what they cost."""
    if context.recipe.translate is None:
        return {}
    return {
        label: {
            **manifest_of(context.folder("admit"), label),
            "samples": samples.get(label, {}),
            "ledger": ledger(context, label),
        }
        for label in context.recipe.translate.targets
    }


def ledger(context: Context, label: str) -> dict[str, Any]:
    """What translating into a label cost, over its windows."""
    total: dict[str, Any] = {"engine": [], "statuses": {}, "usage": {}}
    for number, _ in sizes(context, label):
        manifest = manifest_of(context.folder("translate"), piece(label, number))
        for key in ("documents", "source_words", "target_words"):
            total[key] = total.get(key, 0) + manifest[key]
        for key, value in manifest["ledger"].items():
            if key != "usage":
                total[key] = round(total.get(key, 0) + value, 3)
        for key, part in (
            ("statuses", manifest["statuses"]),
            ("usage", manifest["ledger"]["usage"]),
        ):
            for name, value in part.items():
                total[key][name] = total[key].get(name, 0) + value
        total["engine"] = manifest["engine"]
    seconds = total.get("seconds", 0)
    total["words_per_second"] = (
        round(total.get("source_words", 0) / seconds, 1) if seconds else None
    )
    return total


def shares(
    context: Context, details: dict[str, dict[str, Any]], translated: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """How much is translated, of the corpus and of each language (`synthetic.shares`)."""
    return synthetic.shares(
        context, {label: sizes(context, label) for label in translated}, details, translated
    )


def described(
    details: dict[str, dict[str, Any]],
    translated: dict[str, dict[str, Any]],
    synthetic_shares: dict[str, Any],
) -> dict[str, dict[str, Any]]:
    """What the report says of each language, with its translations under `translated`; the last argument is of
    `shares`."""
    found = {label: dict(values) for label, values in details.items()}
    for label, values in translated.items():
        own = found.setdefault(label, {"documents": 0, "kept": 0, "kept_words": 0})
        exact = own.get("exact_duplicates", 0) + values.get("exact_duplicates", 0)
        own["exact_duplicates"] = exact
        words = values.get("kept_words", 0)
        whole = words + (own.get("kept_words") or 0)
        own["translated"] = {
            **values,
            "share_of_words": words / whole if whole else None,
            "language": synthetic_shares.get("languages", {}).get(synthetic.language(label)),
        }
    return dict(sorted(found.items()))
