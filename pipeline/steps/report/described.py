"""What the report says of each language: what was decided and written, and what became of its translations."""

from collections.abc import Mapping

from polysieve.audit.given import LanguageFigures
from polysieve.pipeline.steps.translate import synthetic
from polysieve.pipeline.steps.translate.synthetic import Shares
from polysieve.pipeline.steps.write.figures import Outcome
from polysieve.pipeline.steps.write.manifest import WrittenLabel


def described(
    details: Mapping[str, WrittenLabel],
    translated: Mapping[str, Outcome],
    shares: Shares | None,
) -> dict[str, LanguageFigures]:
    """What the report says of each language, with its translations under `translated`; shares: as `shares` gives
    them, None without translations."""
    found: dict[str, LanguageFigures] = {label: {**values} for label, values in details.items()}
    for label, values in translated.items():
        own = found.setdefault(label, {"documents": 0, "kept": 0, "kept_words": 0})
        exact = own.get("exact_duplicates", 0) + values.get("exact_duplicates", 0)
        own["exact_duplicates"] = exact
        words = values.get("kept_words", 0)
        whole = words + (own.get("kept_words") or 0)
        own["translated"] = {
            **values,
            "share_of_words": words / whole if whole else None,
            "language": shares["languages"].get(synthetic.language(label)) if shares else None,
        }
    return dict(sorted(found.items()))
