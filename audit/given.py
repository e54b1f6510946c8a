"""What a report is made from: what a run says of itself and of each language. Any key may be missing: what is there is
shown.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from polysieve.audit.tally import ColumnFigures


class Ended(TypedDict):
    """How documents ended, as run.json has it."""

    documents_in: int
    kept: int
    removed: dict[str, int]
    """Reason -> documents."""
    duplicates: int
    quarantined: int


class LanguageEnded(Ended):
    """The same of a language; `mt` among its origins are translations."""

    origins: dict[str, Ended]


class RunEnded(Ended):
    """The same of all languages, with the records behind them."""

    records_read: int
    records_skipped: dict[str, int]
    documents_split: NotRequired[int]
    documents_translated: NotRequired[int]


class Accounting(TypedDict, total=False):
    """How every document of a run ended."""

    total: RunEnded
    languages: Mapping[str, LanguageEnded]


class InputsRead(TypedDict):
    """How much was read."""

    count: int
    bytes: int


class Quarantined(TypedDict):
    """What could not be read."""

    file_path: str
    offset: int
    cause: str
    is_document: bool


class SyntheticShare(TypedDict):
    """What of some languages' kept documents is translated: documents and words, and what they are once each source
    counts for its longest rendering; shares are of all words kept."""

    documents: int
    sources: int
    words: int
    words_once: int
    share: float
    share_once: float


class Synthetic(TypedDict):
    """How much of a corpus is translated."""

    total: SyntheticShare
    languages: dict[str, SyntheticShare]
    """By code of the language."""


class Run(TypedDict, total=False):
    """What a report says of a run."""

    recipe_name: str
    recipe: dict[str, Any]
    """The recipe's JSON; its `rules` in the order in which they are tried."""
    inputs: InputsRead
    accounting: Accounting
    quarantine_rows: list[Quarantined]
    quarantine_total: int
    synthetic: Synthetic | None
    notes: list[str]
    """Warnings."""


class LinesRemoved(TypedDict):
    """What kept documents lost because it recurs on their host."""

    documents: int
    lines: int


class FittedValue(TypedDict):
    """Where a threshold comes from, and the interval that holds it."""

    method: str
    low: float
    high: float


class Parameters(TypedDict, total=False):
    """Where a language's thresholds come from."""

    origin: str
    """`file`, `fit`, `relatives` or `defaults`."""
    documents: int
    relatives: str | None
    share: float | None
    judged: int | None
    values: dict[str, FittedValue]


class Rebalancing(TypedDict, total=False):
    """How weights came about: a note, or rates of removal in percent by cluster size (parallel)."""

    note: str | None
    cluster_sizes: list[int]
    removal_rates: list[float]
    tail_start: int | None
    global_removal_rate: float
    weights: dict[str, int]
    """First size of a step -> weight."""


class Score(TypedDict):
    """What a score did in a language."""

    model: str
    sha256: str | None
    kind: str
    action: str
    cut: list[float | None]
    asked: dict[str, object]
    documents: int
    failed: int
    quantiles: dict[str, float | None]


class Tiers(TypedDict):
    """Documents by tier of the main score, and the scores between tiers."""

    cuts: tuple[float | None, float | None]
    documents: dict[str, int]


class Models(TypedDict):
    """What models said of a language's documents."""

    scores: dict[str, Score]
    tiers: NotRequired[Tiers]
    contaminated: NotRequired[dict[str, int]]
    """Benchmark -> documents."""
    attribute: NotRequired[dict[str, dict[str, int]]]
    """Name -> label -> documents."""


class Document(TypedDict, total=False):
    """A document that a page shows."""

    id: str | None
    url: str | None
    text: str | None
    language_score: float | None
    value: float
    """What was measured of it, where documents are ordered by nearness to a threshold."""


class Samples(TypedDict, total=False):
    """Documents of one reason."""

    metric: str
    threshold: float | None
    """By what they are ordered, where they are."""
    removed: list[Document]
    kept: list[Document]


class Translated(TypedDict, total=False):
    """What became of the translations into a language."""

    rows: int
    kept: int
    removed: dict[str, int]
    duplicates: int
    exact_duplicates: int
    words: int
    kept_words: int
    text_bytes: int
    kept_bytes: int
    kept_sources: dict[str, int]
    """Source label -> documents."""
    index: object
    """What a deduplication index keeps of them."""
    samples: Mapping[str, Sequence[Mapping[str, object]]]
    """Reason, or `kept` -> documents."""
    ledger: Mapping[str, object]
    """What they cost: `engine`, `statuses`, `source_words`, `words_per_second`."""
    share_of_words: float | None
    """Of the language's words in the corpus."""
    language: SyntheticShare | None


class LanguageFigures(TypedDict, total=False):
    """What a report says of a language."""

    name: str
    """For readers."""
    documents: int
    kept: int
    removed: dict[str, int]
    """Reason -> documents."""
    duplicates: int
    exact_duplicates: int
    clusters: int
    words: int
    kept_words: int
    tokens: int | None
    """Of the documents kept."""
    text_bytes: int
    kept_bytes: int
    pii: dict[str, int]
    """Kind -> pieces of personal data found in what is kept."""
    lines_removed: LinesRemoved
    digest: str
    """Of all decisions."""
    cut: float | None
    """The lowest language score that stays."""
    thresholds: dict[str, float | None]
    """Rule -> threshold; None where the rule does not apply."""
    vacuous: list[str]
    """Rules whose threshold can never fire."""
    has_own_parameters: bool
    parameters: Parameters
    rebalancing: Rebalancing
    models: Models
    cluster_sizes: dict[str, int]
    """Size -> clusters."""
    shards: dict[str, list[int]]
    columns: ColumnFigures
    """The index needs `sites`, `snapshots`, `contamination` and `means` only."""
    samples: dict[str, Samples]
    """Reason, or `kept` -> documents."""
    words_of: int
    """Documents whose words and lines were counted."""
    frequent_words: list[dict[str, object]]
    recurring_lines: list[dict[str, object]]
    """Both as `audit.recurring` finds them."""
    translated: Translated


Languages = Mapping[str, LanguageFigures]
