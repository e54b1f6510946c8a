"""Sections about thresholds, rules and weights: the steps fit and decisions."""

import difflib
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator, model_validator

from polysieve.dedup.rebalance import FIXED_WEIGHTS
from polysieve.filters.fitting import FITTED, Method
from polysieve.filters.rules import RULES
from polysieve.pipeline.recipe.paths import FilePath
from polysieve.pipeline.recipe.section import Affects, Block, Section, Share, Threshold

# What leads to a document's removal beside rules.
RESERVED = (
    "language_score", "exact_duplicate", "near_duplicate", "empty_text", "translation_failed", "translation_share",
    "url_domain", "url_address", "url_word", "host_lines_only", "contained",
    "containing", "quality", "contaminated",
)  # fmt: skip


def _kind_of_rule(value: Any) -> str:
    is_block = isinstance(value, dict) and value.keys() & Block.model_fields.keys()
    return "block" if is_block or isinstance(value, Block) else "threshold"


RuleValue = Annotated[
    Annotated[Block, Tag("block"), Affects("text_rules")]
    | Annotated[Threshold | dict[str, Threshold] | None, Tag("threshold"), Affects("decide")],
    Discriminator(_kind_of_rule),
]


def known_rules(rules: dict[str, Any]) -> dict[str, Any]:
    """The rules as they are; ValueError for a name that means nothing, and for a wrong order."""
    reads_text = None
    for name, value in rules.items():
        if isinstance(value, Block):
            if name in RULES or name in RESERVED or not re.fullmatch(r"[A-Za-z][\w-]*", name):
                raise ValueError(
                    f"{name!r} cannot name a datatrove filter; choose a word of letters, digits, _ "
                    "and - that is no other rule or reason"
                )
            reads_text = name
        elif reads_text:
            raise ValueError(
                f"{name} stands after {reads_text}, a datatrove filter; such filters read text and "
                "are slow, so they run on what the other rules keep: move them to the end"
            )
        elif name not in RULES:
            close = difflib.get_close_matches(name, RULES, n=1)
            hint = f"; did you mean {close[0]}?" if close else f"; known rules: {', '.join(RULES)}"
            raise ValueError(f"unknown rule {name!r}{hint}")
    return rules


class Fit(Section):
    """Thresholds and stop words fitted to the run's own documents (docs/fitting.md)."""

    method: Method = "tail"
    """How a threshold is carried over: `tail` cuts the worst `share` of the language's documents;
    `quantile` cuts the share that the English threshold cuts in English; `mean_std` keeps its distance
    from the mean in standard deviations; `median_ratio` its ratio to the median; `english` keeps it."""
    methods: dict[str, Method] = {}
    """Another method for some values, by their key in a language's file: `top_n_grams: mean_std`."""
    share: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """What `tail` cuts, each rule by itself."""
    min_documents: int = Field(default=20, ge=1)
    """A language with fewer documents inherits its values from its relatives by family and script."""
    pooled_documents: int = Field(default=50, ge=0)
    """The weight of its relatives among a language's own documents, in documents."""
    word_documents: int = Field(default=4000, ge=1)
    """Documents whose words are counted for stop words, chosen by a hash of their ids."""

    @field_validator("methods")
    @classmethod
    def _known_keys(cls, methods: dict[str, Method]) -> dict[str, Method]:
        known = sorted({rule.parameter for rule in FITTED if rule.parameter})
        for key in methods:
            if key not in known:
                raise ValueError(f"unknown key {key!r}; known keys: {', '.join(known)}")
        return methods


class Precision(Section):
    """Word lists that a document of a language with little text must meet (docs/fitting.md)."""

    wordlists: FilePath
    """A folder of `<lang>_<Script>.txt`, a word a line: FineWeb2's, or what `polysieve fit` wrote."""
    contamination: FilePath | None = None
    """A JSON file of label and share: languages at or below `min_contamination` are left alone. Absent:
    every language that has a list."""
    min_contamination: Share = 0.1
    """The share of documents without a word of the list above which a language is filtered."""
    url_whitelist: FilePath | None = None
    """A JSON file of ISO 639-3 code and terms; a document whose address holds one stays."""


class Parameters(Section, step="fit"):
    """Where each language's thresholds and stop words come from: the folder's file, else the fit, else
    the documented defaults. A path in place of this section is the folder."""

    folder: FilePath | None = None
    """A folder of `<lang>_<Script>.yml` files, FineWeb2's (`fineweb2:` is another name of this key) or
    what a run wrote to `parameters/`."""
    fit: Fit | None = None
    """Absent: nothing is fitted."""
    precision: Precision | None = None
    """Absent: no word lists."""

    @model_validator(mode="before")
    @classmethod
    def _one_folder(cls, data: Any) -> Any:
        return _parameters(data)


def _parameters(data: Any) -> Any:
    """The section of parameters, of a path or with FineWeb2's name for the folder."""
    if isinstance(data, str):
        return {"folder": data}
    if isinstance(data, dict) and "fineweb2" in data:
        if "folder" in data:
            raise ValueError("folder and fineweb2 are two names of one key; give one")
        return {"folder" if key == "fineweb2" else key: value for key, value in data.items()}
    return data


def _known_quality(name: str) -> str:
    from polysieve.filters.signals import METRICS

    if name.removeprefix("-") not in ("language_score", *METRICS):
        raise ValueError(f"unknown column {name!r}; known: language_score, {', '.join(METRICS)}")
    return name


class Rebalance(Section, step="decide"):
    """How often a kept document should be seen, from its cluster's size (FineWeb2, rehydration)."""

    method: Literal["rates", "table", "quality"] = "rates"
    """`rates`: FineWeb2's formula, from the language's own removal rate per cluster size. `table`: one table for all
    languages. `quality`: the formula, with what is kept counted the less the lower its quality."""
    table: dict[int, Annotated[int, Field(ge=1, le=100)]] = dict(FIXED_WEIGHTS)
    """Of `table`: the cluster size where a step starts → weight (default: FineWeb2's older table)."""
    quality: Annotated[str, AfterValidator(_known_quality)] = "language_score"
    """Of `quality`: language_score or a signal, the larger the better; `-` before its name: the smaller."""
    guard_singletons: bool = False
    """Repeat only sizes that rules remove less often than documents without a copy: where copied spam dominates, the
    formula repeats the latter, noise and all. FineWeb2 has no such guard."""
    max_repetitions: int = Field(default=10, ge=1, le=100)
    """The largest weight."""
    min_documents: int = Field(default=1000, ge=1)
    """Cluster sizes with fewer representatives are pooled into the tail."""
    min_clusters: int = Field(default=10_000, ge=1)
    """A language with fewer clusters gets weight 1."""
