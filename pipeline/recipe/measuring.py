"""Sections about what is read, extracted, cleaned and measured: the step measure."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, JsonValue, Tag, model_validator

from polysieve.language_id.hub import is_file_name
from polysieve.pipeline.recipe.paths import FilePath, Located
from polysieve.pipeline.recipe.section import Affects, Block, Section, Share, Size


class Input(Section, step="measure"):
    """How inputs are read."""

    max_record_bytes: Size = 64 * 2**20
    """A record larger than this when unpacked is skipped, counted as `too_large`."""
    commoncrawl_base: Annotated[str, Affects("nothing")] = "https://data.commoncrawl.org"
    """Where `commoncrawl://` inputs are read from."""
    retries: Annotated[int, Affects("nothing")] = Field(default=6, ge=0)
    """How often a failed read is tried again, with a growing pause, before the shard is given up."""
    storage_options: Annotated[dict[str, JsonValue], Affects("nothing")] = {}
    """Options of the fsspec file system of `s3://` and other remote inputs, `endpoint_url` say."""
    limit: int | None = Field(default=None, gt=0)
    """Read at most this many documents of each input (`--limit`)."""
    sample: Annotated[float, Field(gt=0, le=1)] | None = None
    """Take this share of the documents, chosen by a hash of their id (`--sample`)."""


class UrlFilter(Section, step="measure"):
    """Lists of addresses whose documents are removed before extraction."""

    ut1: FilePath | None = None
    """The folder of the University of Toulouse's lists: a folder per category with files `domains` and `urls`."""
    categories: list[str] = []
    """The categories of `ut1` that are blocked, `adult` say; absent: all."""
    domains: list[FilePath] = []
    """Text files (or folders of them, UT1's layout) with a domain a line; subdomains match too."""
    urls: list[FilePath] = []
    """Text files with an address a line."""
    words: list[FilePath] = []
    """Text files with a word a line, compared with the words of the address."""
    soft_words: list[FilePath] = []
    """Text files with a word a line that blocks an address only together with others."""
    soft_word_count: int = Field(default=2, ge=1)
    """How many different soft words block an address."""
    subwords: list[FilePath] = []
    """Text files with a piece of a word a line, looked for anywhere in the address."""


class Extract(Section, step="measure"):
    """Main text from HTML."""

    engine: Literal[
        "polysieve",
        "trimmed",
        "resiliparse",
        "resiliparse_all",
        "trafilatura",
        "trafilatura_precision",
    ] = "polysieve"
    """The extractor; docs/extraction.md compares them. trafilatura is an extra."""
    form: Literal["text", "markdown"] = "text"
    """How headings, lists, tables and code are written; `markdown` needs the engine `polysieve`."""
    comments: bool = False
    """Whether readers' comments are kept, after the main text; needs the engine `polysieve`."""

    @model_validator(mode="after")
    def _choices_have_an_engine(self) -> "Extract":
        if self.form == "markdown" and self.engine != "polysieve":
            raise ValueError(
                f"the engine {self.engine} writes no markdown: set engine to polysieve, or form to text"
            )
        if self.comments and self.engine != "polysieve":
            raise ValueError(
                f"the engine {self.engine} reads no comments: set engine to polysieve, or comments to false"
            )
        return self


Treatment = Literal["replace", "annotate"]


class Pii(Section):
    """Personal data in what is written: for each kind `replace` (by a placeholder) or `annotate` (the text stays, and
    the column `pii` says where it stands); absent: left alone. docs/cleaning.md says what is found."""

    email: Treatment | None = None
    """E-mail addresses."""
    ipv4: Treatment | None = None
    """Public IPv4 addresses."""
    ipv6: Treatment | None = None
    """Public IPv6 addresses."""
    iban: Treatment | None = None
    """Bank accounts: IBANs with a valid checksum."""
    phone: Treatment | None = None
    """Valid phone numbers, international ones and those of the language's regions."""


class Clean(Section, step="translate"):
    """What is changed in texts."""

    encoding: Literal["measured", "written"] | None = None
    """Repair mojibake, entities and control characters (ftfy's encoding repair): in the text that everything is
    measured on (`measured`), or only in what is written, as FineWeb2 does (`written`); absent: nowhere."""
    table_pipes: bool = False
    """Take out lines of nothing but `|` and spaces, in what is written."""
    pii: Pii = Pii()
    formatters: list[Block] = []
    """Formatters written for datatrove, run in order on what is written, after all of the above."""

    @model_validator(mode="after")
    def _places_hold(self) -> "Clean":
        if self.formatters and "annotate" in self.pii.model_dump().values():
            raise ValueError(
                "pii: annotate cannot stand beside formatters, which change the text that its places "
                "refer to; replace, or leave the formatters out"
            )
        return self


def _is_language_model_file(value: str, folder: Path) -> bool:
    return value.startswith(".") or is_file_name(value) or (folder / value).is_file()


LanguageModel = Annotated[str, Located(_is_language_model_file)]
"""A file, or a name that language_id/hub.py knows or finds."""
Weight = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Ensemble(Section):
    """Several models that vote (docs/language-id.md)."""

    models: Annotated[dict[LanguageModel, Weight], Field(min_length=2)]
    """Model, named as in `language.model` → the weight of its vote."""
    agree: int | None = Field(default=None, ge=1)
    """So many models must have the answer as their own first one, else the document is `und_Yyyy` with score 0.
    Absent: the best label wins."""

    @model_validator(mode="after")
    def _possible(self) -> "Ensemble":
        if self.agree is not None and self.agree > len(self.models):
            raise ValueError(
                f"{self.agree} of {len(self.models)} models cannot agree; give at most that"
            )
        return self


def _kind_of_model(value: Any) -> str:
    return "ensemble" if isinstance(value, dict | Ensemble) else "name"


ModelChoice = Annotated[
    Annotated[LanguageModel, Tag("name")] | Annotated[Ensemble, Tag("ensemble")],
    Discriminator(_kind_of_model),
]


class Passages(Section):
    """Documents in several languages: their passages are identified one by one and vote by their bytes. The share of
    the main language becomes the signal `main_language_share`, all shares the column `language_shares`."""

    by: Literal["lines", "spans"] = "lines"
    """A passage is a line, or what CLD2 takes for one language."""
    min_bytes: int = Field(default=90, ge=1)
    """Shorter passages do not vote."""
    label: Literal["document", "vote"] = "document"
    """The document's label: that of its text as a whole, or the vote's."""
    split: bool = False
    """Make a document of each language's passages."""
    min_share: Annotated[float, Field(gt=0, le=0.5)] = 0.2
    """A language with a smaller share of the vote gets no document of its own."""


class Language(Section, step="measure"):
    """Language identification and its cut."""

    model: ModelChoice = "embedded"
    """`embedded`; the path of a fastText `.bin`/`.ftz` with `__label__xxx_Yyyy` labels; a model of the Hugging Face
    hub: `glotlid`, `openlid`, or `owner/name:file@revision`; or several that vote, as in
    `{models: {embedded: 1, glotlid: 1}}`."""
    sample: int = Field(default=1200, ge=100)
    """Characters from the beginning of a document that the embedded model reads; of a longer one it reads three
    quarters as many more, in three pieces."""
    passages: Passages | None = None
    """Absent: a document has one language."""
    cut: Annotated[
        Literal["parameters"] | Annotated[Share, Field(strict=True)] | None, Affects("decide")
    ] = None
    """The lowest score that stays: each language's own `language_score` (`parameters`; for a language
    without one 0.5 where the embedded model scores, else 0.3), one number for all, or absent: no cut."""
