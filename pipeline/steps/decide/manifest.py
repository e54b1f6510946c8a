"""What the steps that decide say of a unit: the counts of each label, and by what it was decided."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from polysieve.pipeline.index.versions import Extents
from polysieve.pipeline.steps.fit.manifest import Parameters


class Decided(TypedDict):
    """The manifest of a unit."""

    rows: int
    labels: dict[str, "DecidedLabel"]
    """In the order of the unit's rows."""
    published: NotRequired[Mapping[str, Extents]]
    """With an index: label -> extents of its table of what is in a corpus."""


class LinesRemoved(TypedDict):
    """What kept documents lost because it recurs on their host."""

    documents: int
    lines: int


class Rebalancing(TypedDict, total=False):
    """How weights came about; sizes and rates are parallel, shares in percent."""

    note: str | None
    weights: dict[str, int]
    """First cluster size of a step -> weight."""
    cluster_sizes: list[int]
    removal_rates: list[float]
    tail_start: int | None
    global_removal_rate: float


class ScoreFigures(TypedDict):
    """What a score did in a language."""

    model: str
    sha256: str | None
    kind: str
    action: str
    cut: list[float | None]
    """Strictly above the first and not above the second is what passes; None: no bound."""
    asked: dict[str, object]
    """The recipe's bounds."""
    documents: int
    failed: int
    quantiles: dict[str, float | None]


class Tiers(TypedDict):
    """Documents by tier of the main score, and the scores between tiers."""

    cuts: tuple[float | None, float | None]
    documents: dict[str, int]


class ModelFigures(TypedDict):
    """What models said of a language's documents."""

    scores: dict[str, ScoreFigures]
    tiers: NotRequired[Tiers]
    contaminated: NotRequired[dict[str, int]]
    """Benchmark -> documents."""
    attribute: NotRequired[dict[str, dict[str, int]]]
    """Name -> label -> documents."""


class Outcomes(TypedDict):
    """How documents ended."""

    kept: int
    removed: dict[str, int]
    """Reason -> documents."""
    duplicates: int
    exact_duplicates: int


class HostLines(TypedDict, total=False):
    """What is said where the recipe has host lines."""

    lines_removed: LinesRemoved


class OfModels(TypedDict, total=False):
    """What is said where models were asked."""

    models: ModelFigures


class DecidedLabel(Outcomes, HostLines, OfModels):
    """What was decided of a label's documents."""

    documents: int
    words: int
    kept_words: int
    text_bytes: int
    kept_bytes: int
    digest: str
    """Of all decisions: equal digests mean equal files."""
    clusters: int
    cluster_sizes: dict[str, int]
    """Size -> clusters."""
    cut: float | None
    """The lowest language score that stays."""
    thresholds: dict[str, float | None]
    """Rule -> threshold; None where the rule does not apply."""
    vacuous: list[str]
    """Rules whose threshold can never fire."""
    has_own_parameters: bool
    parameters: Parameters
    rebalancing: Rebalancing
    shards: dict[str, list[int]]
    """`corpus` and `removed` -> the row of the label after the last of each file."""
