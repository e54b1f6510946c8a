"""The recipe: what a run does, as a typed model."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from polysieve.pipeline.recipe.clustering import Dedup, HostLines
from polysieve.pipeline.recipe.deciding import Parameters, Rebalance, RuleValue, known_rules
from polysieve.pipeline.recipe.measuring import Clean, Extract, Input, Language, UrlFilter
from polysieve.pipeline.recipe.paths import FilePath
from polysieve.pipeline.recipe.quality import Quality
from polysieve.pipeline.recipe.section import Affects, Block, Section, Share, Size
from polysieve.pipeline.recipe.translating import Translate

STEPS = (
    "measure", "fit", "clusters", "lines", "containment", "decide", "text_rules", "embeddings", "scores", "select",
    "choice", "translate", "admit", "write", "report",
)  # fmt: skip
"""What a key of the recipe may affect first, or `nothing`: then no result changes with it."""


class Output(Section, step="write"):
    """What is written."""

    removed: Literal["none", "reasons", "full"] = "full"
    """`removed/`: nothing, every column but the text, or all."""
    shard_bytes: Annotated[Size, Affects("decide")] = 256 * 2**20
    """Text per corpus shard, before compression."""
    tokenizer: FilePath | None = None
    """The `tokenizer.json` of a model, of which `token_count` is counted in what is written (the extra `tokenizers`);
    absent: the column is null."""
    segment_bytes: Annotated[Size, Affects("measure")] = 128 * 2**20
    """Text that a worker holds before it writes a segment."""


class Quarantine(Section, step="nothing"):
    """How much damage a run tolerates before it ends in exit code 3."""

    max_share: Share = 0.05
    """Quarantined documents as a share of the documents in."""
    max_files: int | None = Field(default=None, ge=0)
    """Files that could not be read at all; absent: any number."""


class Recipe(Section):
    """A whole run."""

    name: Annotated[str, Affects("write")] = "custom"
    """Shown in reports."""
    input: Input = Input()
    url_filter: UrlFilter | None = None
    """Absent: no address is blocked."""
    extract: Extract = Extract()
    clean: Clean = Clean()
    language: Language = Language()
    dedup: Dedup = Dedup()
    parameters: Parameters = Parameters()
    rules: Annotated[
        dict[str, RuleValue], AfterValidator(known_rules), Affects("decide", ordered=True)
    ] = {}
    """Quality rules, in the order in which they are tried; a rule that is not named is off. The
    value is a threshold for every language, a map from label to threshold, or empty: the
    language's own threshold from `parameters`, else the rule's default. A rule of any other name is a
    filter written for datatrove, `{datatrove: IMPORT.PATH, arguments: {}}`; it stands after all others."""
    host_lines: HostLines | None = None
    """Absent: lines are not counted over hosts."""
    rebalance: Rebalance | None = None
    """Absent: every weight is 1."""
    quality: Quality | None = None
    """Absent: no model is asked."""
    translate: Translate | None = None
    """Absent: nothing is translated."""
    output: Output = Output()
    quarantine: Quarantine = Quarantine()
    seed: Annotated[int, Affects("fit")] = 0
    """Seed of every sample."""

    @model_validator(mode="after")
    def _measured(self) -> "Recipe":
        if "host_repeated_lines" in self.rules and self.host_lines is None:
            raise ValueError(
                "rules.host_repeated_lines: its metric is measured where the recipe has the section host_lines; "
                "add `host_lines: {}`, with `remove: false` if only the rule is wanted"
            )
        return self

    @model_validator(mode="after")
    def _scored(self) -> "Recipe":
        targets = self.translate.targets if self.translate else {}
        quality = self.quality or Quality()
        main = quality.scores.get(quality.main or "")
        for label, target in targets.items():
            key = f"translate.targets.{label}"
            if target.min_quality is not None and (main is None or "web" not in main.origins):
                raise ValueError(
                    f"{key}.min_quality: no score of web documents is the column quality_score; "
                    "add one to quality.scores"
                )
            if target.tiers and not quality.tiers:
                raise ValueError(
                    f"{key}.tiers: nothing has a tier; add quality.tiers, [0.5, 0.9] say"
                )
            for name in target.attributes:
                if name not in quality.attributes:
                    known = ", ".join(quality.attributes) or "none"
                    raise ValueError(
                        f"{key}.attributes: {name!r} is no attribute of quality.attributes; known: {known}"
                    )
        return self

    @property
    def column_rules(self) -> dict[str, float | dict[str, float] | None]:
        """The rules that compare a column with a threshold, in order."""
        return {k: v for k, v in self.rules.items() if not isinstance(v, Block)}

    @property
    def text_rules(self) -> dict[str, Block]:
        """The rules that read text, in order; they come after the others."""
        return {k: v for k, v in self.rules.items() if isinstance(v, Block)}
