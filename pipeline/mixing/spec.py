"""The mixture spec: what is mixed, in which stages and shares, and how it is written; a typed model read from YAML.

Every key has a default and a meaning, which `polysieve mix schema` prints.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from polysieve.pipeline.recipe.loading import read_model
from polysieve.pipeline.recipe.paths import FilePath
from polysieve.pipeline.recipe.section import Affects, Section, Share, Size
from polysieve.pipeline.storage.schema import CORPUS

MAGNITUDES = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
COLUMNS = (
    "text", "id", "url", "date", "language", "language_script", "origin", "doc_group_id",
    "quality_score", "tier", "word_count", "token_count",
)  # fmt: skip
"""What is written of a document where the spec does not say; `source` and `repetition` are always written."""
KEYS = ("source", "label", "language", "origin", "tier")


class MixError(ValueError):
    """A mixture that cannot be made; the message names the place and the cure."""


def _parse_amount(value: Any) -> Any:
    """Words or tokens of `2500000`, `"2.5M"` or `"2.5 M"`."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"([\d_]+(?:\.\d+)?(?:e\d+)?) ?([KMBT]?)", value)
    if not match:
        raise ValueError("an amount is a number, or a number with K, M, B or T, as in 2.5M")
    return int(float(match[1].replace("_", "")) * MAGNITUDES[match[2]])


Amount = Annotated[int, BeforeValidator(_parse_amount), Field(gt=0)]
Epochs = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Source(Section, step="survey"):
    """Documents that have a name in the mixture. A document that several sources would take is the first one's."""

    path: FilePath
    """A run's output (its `corpus/` is read), or a folder of Parquet files with the corpus's columns."""
    labels: list[str] | None = None
    """These labels only, as in [fra_Latn, oci_Latn]. Absent: all."""
    origins: list[Literal["web", "mt"]] | None = None
    """`web`: native documents; `mt`: translations. Absent: both."""
    tiers: list[str] | None = None
    """These tiers of the column `tier` only."""
    min_quality: float | None = None
    """At least this `quality_score`; a document without a score is left out."""
    attributes: dict[str, list[str]] = {}
    """Of the column `attributes`: for every name, one of the labels."""
    one_rendering: bool = False
    """Of the translations of one document (same `doc_group_id`), take the one into the label that a hash chooses among
    the labels that have translations; a document without that translation is not taken."""
    template: Annotated[Literal["interleaved", "interlinear"] | None, Affects("render")] = None
    """Pairs of the run's `parallel/` in place of its corpus, a document a pair: `interleaved` has one text after the
    other, `interlinear` sentence after sentence. Their label is the target's, their origin `mt`."""
    direction: Annotated[Literal["forward", "backward", "both"], Affects("render")] = "both"
    """Of a template: the source first, the target first, or half of the pairs each way by a hash of their ids."""
    separator: Annotated[str | None, Affects("render")] = None
    """Of a template: what stands between two texts (default: a blank line) or two sentences (a line break)."""
    tokenizer: Annotated[FilePath | None, Affects("render")] = None
    """Of a template: the `tokenizer.json` that counts tokens, where `unit` is tokens."""

    @model_validator(mode="after")
    def _of_pairs(self) -> "Source":
        only_pairs = {"direction", "separator", "tokenizer"} & self.model_fields_set
        if self.template is None and only_pairs:
            raise ValueError(f"{min(only_pairs)} is for pairs; add template: interleaved, say")
        others = {"tiers", "min_quality", "attributes", "one_rendering"} & self.model_fields_set
        if self.template and others:
            raise ValueError(f"{min(others)}: pairs have none; leave it out")
        return self

    @property
    def between(self) -> str:
        """What stands between two texts or sentences of a document made of pairs."""
        if self.separator is not None:
            return self.separator
        return "\n\n" if self.template == "interleaved" else "\n"


class Part(Section):
    """A part of a stage: documents and how the part's share is divided among their groups."""

    share: Share | None = None
    """Of the stage's budget. One part may leave it out and takes what remains."""
    sources: list[str] | None = None
    """Names of sources. Absent: all."""
    labels: list[str] | None = None
    """Absent: all."""
    origins: list[Literal["web", "mt"]] | None = None
    """Absent: both."""
    tiers: list[str] | None = None
    """Absent: all, and documents without a tier."""
    by: list[str] = ["label"]
    """What makes a group: of source, label, language, origin, tier, and names of attributes."""
    alpha: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Shares in proportion to size ** alpha: 1 as large as they are (the default), 0.3 flatter, 0 equal."""
    unimax: Epochs | None = None
    """Equal shares, no group over so many epochs, the rest to the others."""
    fixed: dict[str, Share] | None = None
    """Group -> share of the part, sum 1; with several keys in `by` a group is written `web/fra_Latn`."""
    floor: Share = 0.0
    """No group's share of the part is under it, as far as its documents reach."""
    floors: dict[str, Share] = {}
    """Another floor for some groups."""
    max_epochs: Epochs | None = None
    """Passes over the part's documents, each as often as its weight, up to the end of this stage. Absent: what the spec
    says."""
    native_share: Share = 0.0
    """Of every group, at least this share is native (`origin: web`)."""

    @field_validator("by")
    @classmethod
    def _some_keys(cls, by: list[str]) -> list[str]:
        if not by or len(set(by)) != len(by):
            raise ValueError(f"name each key once, of {', '.join(KEYS)} or an attribute")
        return by

    @model_validator(mode="after")
    def _one_rule(self) -> "Part":
        given = [n for n in ("alpha", "unimax", "fixed") if getattr(self, n) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are two ways to divide a part; keep one")
        if self.unimax is not None and self.max_epochs is not None:
            raise ValueError("unimax says how many epochs at most; leave max_epochs out")
        if self.fixed is not None and abs(sum(self.fixed.values()) - 1) > 1e-6:
            raise ValueError(
                f"fixed: the shares add up to {sum(self.fixed.values()):g}; they must add up to 1"
            )
        return self


class Stage(Section, step="cut"):
    """A stage of training: a budget and its parts. Within a stage documents are shuffled."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    """Names the folder of its shards."""
    budget: Amount
    """Words or tokens, as `unit` says: 2500000 or 2.5M."""
    parts: Annotated[dict[str, Part], Field(min_length=1)] = {"all": Part()}
    """No document may fall into two parts of a stage."""
    on_shortfall: Literal["redistribute", "leave", "shrink", "fail"] = "redistribute"
    """Where documents do not suffice for a share under the caps: `redistribute` gives what is lacking to the other
    groups of the part, then to other parts; `leave` leaves it out; `shrink` makes the budget smaller until all
    shares hold; `fail` ends with exit code 2."""

    @model_validator(mode="after")
    def _shares_of_parts(self) -> "Stage":
        given = [part.share for part in self.parts.values() if part.share is not None]
        open_parts = len(self.parts) - len(given)
        if open_parts > 1:
            raise ValueError("parts: one part may leave its share out, not several")
        if (not open_parts and abs(sum(given) - 1) > 1e-6) or sum(given) > 1 + 1e-6:
            raise ValueError(f"parts: the shares add up to {sum(given):g}; they must add up to 1")
        return self

    def share_of(self, part: str) -> float:
        """A part's share of the budget."""
        own = self.parts[part].share
        if own is not None:
            return own
        return max(0.0, 1 - sum(p.share for p in self.parts.values() if p.share is not None))


class Output(Section, step="draw"):
    """What is written."""

    format: Annotated[Literal["parquet", "jsonl.zst"], Affects("shuffle")] = "parquet"
    """Of the shards; of jsonl.zst, an object a line, without what is null."""
    shard_bytes: Size = 256 * 2**20
    """Text per shard, before compression."""
    columns: Annotated[list[str], Field(min_length=1)] = list(COLUMNS)
    """Columns of the corpus; `source` and `repetition` (how often the document was shown before) are added."""
    window_bytes: Size = 64 * 2**20
    """Text that a worker reads at once."""

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, columns: list[str]) -> list[str]:
        for name in columns:
            if name not in CORPUS.names or columns.count(name) > 1:
                raise ValueError(
                    f"{name!r} is no column, or named twice; columns of a corpus: {', '.join(CORPUS.names)}"
                )
        return columns


class Mix(Section, step="survey"):
    """A whole mixture."""

    name: Annotated[str, Affects("shuffle")] = "mix"
    """Shown in the card."""
    seed: Annotated[int, Affects("render")] = 0
    """Of what is taken and of the order."""
    unit: Literal["words", "tokens"] = "words"
    """What budgets and shares count. `tokens` needs `token_count` in every source (`output.tokenizer` of a recipe)."""
    use_weights: bool = True
    """A document of weight w counts as w documents, all of which are seen in an epoch."""
    max_epochs: Annotated[Epochs | None, Affects("cut")] = None
    """Passes over the documents, each as often as its weight, over all stages. Absent: as many as the budget asks."""
    sources: Annotated[dict[str, Source], Field(min_length=1), Affects("survey", ordered=True)]
    """In the order in which they take documents."""
    stages: Annotated[list[Stage], Field(min_length=1)]
    """In the order of training."""
    output: Output = Output()

    @model_validator(mode="after")
    def _names(self) -> "Mix":
        names = [stage.name for stage in self.stages]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"stages: two stages are named {name}; choose another name")
        for stage in self.stages:
            for key, part in stage.parts.items():
                for source in part.sources or ():
                    if source not in self.sources:
                        raise ValueError(
                            f"stages.{stage.name}.parts.{key}.sources: {source!r} is no source; "
                            f"known: {', '.join(self.sources)}"
                        )
        return self

    @property
    def attributes(self) -> list[str]:
        """The attributes by which a part makes groups."""
        named = {key for stage in self.stages for part in stage.parts.values() for key in part.by}
        return sorted(named - set(KEYS))


def load(path: str, settings: list[str] | None = None) -> Mix:
    """The mixture at a path, with `key.path=value` settings applied. Paths are relative to its folder.

    Raises RecipeError, one line a fault.
    """
    return read_model(Path(path), Mix, "a mixture; see `polysieve mix schema`", settings or [])
