"""What the step fit says of a label's parameters."""

from typing import TypedDict


class FittedValue(TypedDict):
    """As filters.parameters.FittedValue."""

    method: str
    low: float
    high: float


class Parameters(TypedDict, total=False):
    """Where a language's thresholds come from; all but the origin as filters.parameters.Fit has it."""

    origin: str
    """`file`, `fit`, `relatives` or `defaults`."""
    documents: int
    relatives: str | None
    share: float | None
    judged: int | None
    values: dict[str, FittedValue]
    """Rule, or `language_score` -> method and interval of its threshold."""
