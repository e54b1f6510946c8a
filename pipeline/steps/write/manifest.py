"""What the step write says of its tasks and of each label."""

from typing import TypedDict

from polysieve.pipeline.steps.decide.manifest import DecidedLabel
from polysieve.pipeline.steps.write.samples import Sample


class Files(TypedDict):
    """Documents of a task, by the folder that they go to."""

    corpus: int
    removed: int


class Shards(Files):
    """The manifest of some labels, or of a shard of one; documents of unchanged labels are counted too."""

    pii: dict[str, dict[str, int]]
    """Label -> kind -> pieces of personal data in what is kept."""
    tokens: dict[str, int]
    """Label -> tokens of what is kept; none without a tokenizer."""


class Translated(Files):
    """The manifest of the translations into a label."""

    samples: dict[str, list[Sample]]
    """Reason, or `kept` -> a few documents."""


class WrittenLabel(DecidedLabel):
    """What was decided of a label's documents, and what is in the written texts of those that are kept."""

    pii: dict[str, int]
    """Kind -> pieces of personal data."""
    tokens: int | None
    """None without a tokenizer."""
