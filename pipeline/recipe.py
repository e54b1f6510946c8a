"""The recipe: what a run does, as a typed model read from YAML.

Every key has a default and a meaning (its description, which `polysieve recipe schema` prints). An
unknown key or a value of the wrong type is an error that names the file, the key and the cure.
"""

import difflib
import re
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from dedup.rebalance import FIXED_WEIGHTS
from filters.fitting import FITTED, Method
from filters.rules import RULES
from language_id.hub import is_file_name

UNITS = {
    "": 1,
    "B": 1,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
}


# Columns of documents/ that may order the members of a cluster; all signals may, too.
KEPT_COLUMNS = ("language_score", "date", "id", "url", "dump", "text_bytes")
# What leads to a document's removal beside rules.
RESERVED = (
    "language_score", "exact_duplicate", "near_duplicate", "empty_text", "translation_failed",
    "url_domain", "url_address", "url_word",
)  # fmt: skip


class RecipeError(ValueError):
    """A recipe that cannot be used; the message names the file, the key and the cure."""


def _parse_size(value: Any) -> Any:
    """Bytes of `67108864`, `"64 MiB"` or `"64MiB"`."""
    if not isinstance(value, str):
        return value
    number = value.rstrip("BKMGTibk ")
    unit = value[len(number) :].strip()
    if unit not in UNITS:
        raise ValueError(
            f"a size is a number of bytes or a number with one of {', '.join(UNITS)[2:]}"
        )
    try:
        return int(float(number) * UNITS[unit])
    except (ValueError, OverflowError):
        raise ValueError("a size is a number of bytes, as in 67108864 or 64MiB") from None


def _parameters(data: Any) -> Any:
    """The section of parameters, of a path or with FineWeb2's name for the folder."""
    if isinstance(data, str):
        return {"folder": data}
    if isinstance(data, dict) and "fineweb2" in data:
        if "folder" in data:
            raise ValueError("folder and fineweb2 are two names of one key; give one")
        return {"folder" if key == "fineweb2" else key: value for key, value in data.items()}
    return data


def _known_rules(rules: dict[str, Any]) -> dict[str, Any]:
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


def _known_quality(name: str) -> str:
    from filters.signals import METRICS

    if name.removeprefix("-") not in ("language_score", *METRICS):
        raise ValueError(f"unknown column {name!r}; known: language_score, {', '.join(METRICS)}")
    return name


def _known_columns(order: list[str]) -> list[str]:
    """The columns as they are; ValueError for one that is not measured."""
    from filters.signals import METRICS

    known = [*KEPT_COLUMNS, *METRICS]
    for named in order:
        if named.removeprefix("-") not in known:
            close = difflib.get_close_matches(named.removeprefix("-"), known, n=1)
            hint = f"; did you mean {close[0]}?" if close else f"; known: {', '.join(known)}"
            raise ValueError(f"unknown column {named!r}{hint}")
    return order


Size = Annotated[int, BeforeValidator(_parse_size), Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
# Strict, or YAML's `off` would be the number 0, the strictest threshold of many rules.
Threshold = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, frozen=True)


class Input(Section):
    """How inputs are read."""

    max_record_bytes: Size = 64 * 2**20
    """A record larger than this when unpacked is skipped, counted as `too_large`."""
    commoncrawl_base: str = "https://data.commoncrawl.org"
    """Where `commoncrawl://` inputs are read from."""
    retries: int = Field(default=6, ge=0)
    """How often a failed read is tried again, with a growing pause, before the shard is given up."""
    storage_options: dict[str, Any] = {}
    """Options of the fsspec file system of `s3://` and other remote inputs, `endpoint_url` say."""
    limit: int | None = Field(default=None, gt=0)
    """Read at most this many documents of each input (`--limit`)."""
    sample: Annotated[float, Field(gt=0, le=1)] | None = None
    """Take this share of the documents, chosen by a hash of their id (`--sample`)."""


class UrlFilter(Section):
    """Lists of addresses whose documents are removed before extraction."""

    ut1: str | None = None
    """The folder of the University of Toulouse's lists: a folder per category with files `domains` and `urls`."""
    categories: list[str] = []
    """The categories of `ut1` that are blocked, `adult` say; absent: all."""
    domains: list[str] = []
    """Text files (or folders of them, UT1's layout) with a domain a line; subdomains match too."""
    urls: list[str] = []
    """Text files with an address a line."""
    words: list[str] = []
    """Text files with a word a line, compared with the words of the address."""
    soft_words: list[str] = []
    """Text files with a word a line that blocks an address only together with others."""
    soft_word_count: int = Field(default=2, ge=1)
    """How many different soft words block an address."""
    subwords: list[str] = []
    """Text files with a piece of a word a line, looked for anywhere in the address."""


class Extract(Section):
    """Main text from HTML."""

    engine: Literal[
        "trimmed", "resiliparse", "resiliparse_all", "trafilatura", "trafilatura_precision"
    ] = "trimmed"
    """The extractor; docs/extraction.md compares them. trafilatura is an extra."""


class Block(Section):
    """A datatrove filter or formatter, or one of the user's own, by the import path of its class."""

    datatrove: str
    """The import path, `datatrove.pipeline.filters.C4QualityFilter` say."""
    arguments: dict[str, Any] = {}
    """Its arguments by name."""


def _kind_of_rule(value: Any) -> str:
    is_block = isinstance(value, dict) and value.keys() & Block.model_fields.keys()
    return "block" if is_block or isinstance(value, Block) else "threshold"


RuleValue = Annotated[
    Annotated[Block, Tag("block")]
    | Annotated[Threshold | dict[str, Threshold] | None, Tag("threshold")],
    Discriminator(_kind_of_rule),
]


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


class Clean(Section):
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


Weight = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Ensemble(Section):
    """Several models that vote (docs/language-id.md)."""

    models: Annotated[dict[str, Weight], Field(min_length=2)]
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
    Annotated[str, Tag("name")] | Annotated[Ensemble, Tag("ensemble")],
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


class Language(Section):
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
    cut: Literal["parameters"] | Annotated[Share, Field(strict=True)] | None = None
    """The lowest score that stays: each language's own `language_score` (`parameters`; 0.3 for a
    language without one), one number for all, or absent: no cut."""


class Normalise(Section):
    """What counts as the same word when documents are compared. No choice strips a mark that a script writes with."""

    form: Literal["width", "nfc", "nfkc"] = "width"
    """Canonically equivalent spellings are one (`nfc`), half and full width besides (`width`), or all
    compatibility variants (`nfkc`)."""
    case: Literal["fold", "keep"] = "fold"
    """Whether upper and lower case are one."""
    punctuation: Literal["drop", "keep"] = "drop"
    """Whether punctuation and symbols count."""
    digits: Literal["keep", "zero"] = "keep"
    """`zero`: texts that differ only in their digits are the same."""


# Scripts that write no spaces: a word is what a dictionary says, and an edit moves its neighbours' borders.
UNSPACED_SCRIPTS = (
    "Hani", "Hans", "Hant", "Jpan", "Thai", "Laoo", "Khmr", "Mymr", "Tibt", "Lana", "Talu", "Tale", "Tavt",
    "Ahom", "Java", "Bali", "Yiii", "Nshu", "Tang", "Kits",
)  # fmt: skip
LANES = 112  # what `threshold` divides into bands and rows


class MinHash(Section):
    """Near-duplicates by MinHash (Broder 1997) with banding."""

    signatures: Literal["own", "datatrove"] = "own"
    """`datatrove`: bit for bit those of datatrove 0.10, words and normalisation included (docs/dedup.md), without
    verification unless `verify` is given."""
    threshold: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Instead of bands and rows: the Jaccard similarity from which pairs should be found; datasketch's optimiser
    divides 112 minima for it."""

    bands: int = Field(default=14, ge=1, le=255)
    """Bands; two documents that agree in one whole band are candidates."""
    rows: int = Field(default=8, ge=1, le=64)
    """Minima per band."""
    ngram: int = Field(default=5, ge=1, le=64)
    """Words per shingle."""
    characters: dict[str, Annotated[int, Field(ge=1, le=64)]] = dict.fromkeys(UNSPACED_SCRIPTS, 5)
    """Script or label → n: documents of these are compared by n-grams of characters, not of words."""
    seed: int = Field(default=1, ge=0)
    """Seed of the permutations."""
    verify: Share | None = 0.55
    """A candidate pair counts when its Jaccard similarity is at least this; absent: every candidate counts."""
    verify_by: Literal["signatures", "texts"] = "signatures"
    """The similarity is estimated from signatures, or computed from the texts' own n-grams (slower)."""
    split_over: int | None = Field(default=1000, ge=1)
    """A cluster of more members than this is split: a member stays with the first member, in the order of `kept`,
    whose signature is as near as `verify` asks. Absent, or without `verify`: chains are not cut."""

    @model_validator(mode="before")
    @classmethod
    def _derived(cls, data: Any) -> Any:
        """Bands and rows for a threshold, and what datatrove mode changes, where the recipe does not say."""
        if not isinstance(data, dict):
            return data
        data = dict(data)
        threshold = data.get("threshold")
        if isinstance(threshold, float) and 0 < threshold < 1 and not {"bands", "rows"} & set(data):
            from dedup.curve import parameters_for

            data["bands"], data["rows"] = parameters_for(threshold, LANES)
        if data.get("signatures") == "datatrove":
            data.setdefault("verify", None)
            data.setdefault("characters", {})
        return data

    @model_validator(mode="after")
    def _possible(self) -> "MinHash":
        if self.signatures == "datatrove" and self.characters:
            raise ValueError("datatrove compares words only; leave `characters` out")
        if self.signatures == "datatrove" and self.verify_by == "texts":
            raise ValueError(
                "datatrove's signatures are verified by signatures only, or not at all"
            )
        return self


class Dedup(Section):
    """Duplicates, within a language, over all inputs."""

    exact: bool = True
    """Documents with the same normalised words are duplicates."""
    normalise: Normalise = Normalise()
    minhash: MinHash | None = MinHash()
    """Near-duplicates; absent: exact ones only."""
    kept: Annotated[list[str], Field(min_length=1), AfterValidator(_known_columns)] = [
        "-language_score",
        "-word_count",
        "date",
        "id",
    ]
    """The member of a cluster that stands for it is the first by these columns: a signal, or language_score (in
    steps of 0.1), date, id, url, dump, text_bytes; `-` before a name puts the largest first. What is
    left, the order of the input decides."""
    task_memory: Size = 2**30
    """About what a clustering task may hold. Labels too large for one task are cut into several; the
    clusters do not depend on it."""


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

    wordlists: str
    """A folder of `<lang>_<Script>.txt`, a word a line: FineWeb2's, or what `polysieve fit` wrote."""
    contamination: str | None = None
    """A JSON file of label and share: languages at or below `min_contamination` are left alone. Absent:
    every language that has a list."""
    min_contamination: Share = 0.1
    """The share of documents without a word of the list above which a language is filtered."""
    url_whitelist: str | None = None
    """A JSON file of ISO 639-3 code and terms; a document whose address holds one stays."""


class Parameters(Section):
    """Where each language's thresholds and stop words come from: the folder's file, else the fit, else
    the documented defaults. A path in place of this section is the folder."""

    folder: str | None = None
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


class Rebalance(Section):
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
    """Cluster sizes with fewer kept members are pooled into the tail."""
    min_clusters: int = Field(default=10_000, ge=1)
    """A language with fewer clusters gets weight 1."""


class Output(Section):
    """What is written."""

    removed: Literal["none", "reasons", "full"] = "full"
    """`removed/`: nothing, every column but the text, or all."""
    shard_bytes: Size = 256 * 2**20
    """Text per corpus shard, before compression."""
    segment_bytes: Size = 128 * 2**20
    """Text that a worker holds before it writes a segment."""


class Quarantine(Section):
    """How much damage a run tolerates before it ends in exit code 3."""

    max_share: Share = 0.05
    """Quarantined documents as a share of the documents in."""
    max_files: int | None = Field(default=None, ge=0)
    """Files that could not be read at all; absent: any number."""


class Recipe(Section):
    """A whole run."""

    name: str = "custom"
    """Shown in reports."""
    input: Input = Input()
    url_filter: UrlFilter | None = None
    """Absent: no address is blocked."""
    extract: Extract = Extract()
    clean: Clean = Clean()
    language: Language = Language()
    dedup: Dedup = Dedup()
    parameters: Parameters = Parameters()
    rules: Annotated[dict[str, RuleValue], AfterValidator(_known_rules)] = {}
    """Quality rules, in the order in which they are tried; a rule that is not named is off. The
    value is a threshold for every language, a map from label to threshold, or empty: the
    language's own threshold from `parameters`, else the rule's default. A rule of any other name is a
    filter written for datatrove, `{datatrove: IMPORT.PATH, arguments: {}}`; it stands after all others."""
    rebalance: Rebalance | None = None
    """Absent: every weight is 1."""
    output: Output = Output()
    quarantine: Quarantine = Quarantine()
    seed: int = 0
    """Seed of every sample."""

    @property
    def column_rules(self) -> dict[str, float | dict[str, float] | None]:
        """The rules that compare a column with a threshold, in order."""
        return {k: v for k, v in self.rules.items() if not isinstance(v, Block)}

    @property
    def text_rules(self) -> dict[str, Block]:
        """The rules that read text, in order; they come after the others."""
        return {k: v for k, v in self.rules.items() if isinstance(v, Block)}


def bundled() -> dict[str, Path]:
    """The recipes that come with the package, by name."""
    folder = Path(str(resources.files("recipes")))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load(recipe: str, settings: list[str] | None = None) -> Recipe:
    """The recipe at a path, or the bundled one of that name, with `key.path=value` settings applied.

    Relative paths inside a recipe are relative to its folder. Raises RecipeError.
    """
    path = Path(recipe)
    if recipe in bundled() and not path.is_file():
        path = bundled()[recipe]
    if not path.is_file():
        names = ", ".join(bundled())
        raise RecipeError(f"{recipe}: no such recipe; name a YAML file or one of: {names}")
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        where = " ".join(str(error).split())
        raise RecipeError(f"{path}: not valid YAML ({where}); correct it there") from None
    if not isinstance(data, dict):
        raise RecipeError(f"{path}: a recipe is a mapping of keys; see `polysieve recipe schema`")
    data = _resolve_paths(data, path.parent)
    return validate(apply_settings(data, settings or []), str(path))


def change(recorded: dict[str, Any], settings: list[str], source: str) -> Recipe:
    """The recipe that a run recorded, with settings applied. Raises RecipeError."""
    return validate(apply_settings(recorded, settings), source)


def validate(data: dict[str, Any], source: str) -> Recipe:
    """A Recipe of plain data; `source` names it in the error. Raises RecipeError, one line a fault."""
    try:
        return Recipe.model_validate(data)
    except ValidationError as errors:
        lines = dict.fromkeys(_message(source, e) for e in errors.errors())
        raise RecipeError("\n".join(lines)) from None


def apply_settings(data: dict[str, Any], settings: list[str]) -> dict[str, Any]:
    """`data` with each `key.path=value` set, the value read as YAML. `key.path-` takes the key out.

    Relative paths in values are relative to the working directory. Raises RecipeError.
    """
    result = _copy(data)
    for setting in settings:
        if setting.endswith("-") and "=" not in setting:
            _take_out(result, setting[:-1].split("."), setting)
            continue
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise RecipeError(
                f"--set {setting}: write key.path=value, as in rules.gopher_short_doc=30"
            )
        try:
            value = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError):
            raise RecipeError(f"--set {setting}: {text!r} is not valid YAML; quote it") from None
        node = result
        *parents, last = key.split(".")
        for name in parents:
            child = node.get(name)
            if child is None:
                child = node[name] = {}
            if not isinstance(child, dict):
                raise RecipeError(f"--set {setting}: {name} is a value, not a section")
            node = child
        node[last] = value
    return _resolve_paths(result, Path.cwd())


def _take_out(data: dict[str, Any], path: list[str], setting: str) -> None:
    *parents, last = path
    node: Any = data
    for name in parents:
        node = node.get(name) if isinstance(node, dict) else None
    if not isinstance(node, dict) or last not in node:
        raise RecipeError(f"--set {setting}: the recipe has no key {'.'.join(path)}")
    del node[last]


def _copy(data: Any) -> Any:
    return {k: _copy(v) for k, v in data.items()} if isinstance(data, dict) else data


def _resolve_paths(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Relative paths in the file become absolute, so that a run does not depend on where it starts."""

    def absolute(value: Any) -> Any:
        if isinstance(value, str) and "://" not in value and not Path(value).is_absolute():
            return str((folder / value).resolve())
        return value

    data = _copy(data)
    if isinstance(data.get("parameters"), str):
        data["parameters"] = {"folder": data["parameters"]}
    if isinstance(section := data.get("parameters"), dict):
        for key in ("folder", "fineweb2"):
            if key in section:
                section[key] = absolute(section[key])
        if isinstance(lists := section.get("precision"), dict):
            for key in ("wordlists", "contamination", "url_whitelist"):
                if key in lists:
                    lists[key] = absolute(lists[key])
    if isinstance(section := data.get("language"), dict):

        def model(name: Any) -> Any:
            is_path = isinstance(name, str) and (is_file_name(name) or (folder / name).is_file())
            return absolute(name) if is_path else name

        named = section.get("model")
        if isinstance(named, dict) and isinstance(named.get("models"), dict):
            named["models"] = {model(name): weight for name, weight in named["models"].items()}
        elif named is not None:
            section["model"] = model(named)
    if isinstance(section := data.get("url_filter"), dict):
        if section.get("ut1"):
            section["ut1"] = absolute(section["ut1"])
        for key in ("domains", "urls", "words", "soft_words", "subwords"):
            if isinstance(section.get(key), list):
                section[key] = [absolute(v) for v in section[key]]
    return data


def _message(source: str, error: Any) -> str:
    path = [
        str(part)
        for part in error["loc"]
        if not str(part).startswith(("function-", "constrained-"))
    ]
    # What follows a rule's name in pydantic's place names the kinds of value that it tried.
    if path[:1] == ["rules"] and len(path) > 2:
        if path[2] == "threshold":
            return f"{source}: {'.'.join(path[:2])}: a threshold is a number, or a map from label to number"
        path.remove("block")
    if path[:2] == ["language", "model"]:
        path = [part for part in path if part not in ("name", "ensemble")]
    if path[:2] == ["language", "cut"]:
        return f"{source}: language.cut: write parameters, or a score from 0 to 1"
    key = ".".join(path)
    if error["type"] == "extra_forbidden":
        known = _keys_at(path[:-1])
        close = difflib.get_close_matches(path[-1], known, n=1)
        hint = f"; did you mean {close[0]}?" if close else f"; keys here: {', '.join(known)}"
        return f"{source}: unknown key {key}{hint}"
    if error["type"] == "value_error":
        return f"{source}: {key}: {error['ctx']['error']}"
    if error["input"] is None:
        return f"{source}: {key}: nothing is given; leave the key out, or give it a value"
    return f"{source}: {key}: {error['msg'].lower()}, not {error['input']!r}"


def _keys_at(path: list[str]) -> list[str]:
    model: Any = Recipe
    for name in path:
        if name.isdigit():
            continue
        if model is Recipe and name == "rules":
            return list(Block.model_fields)
        annotation = model.model_fields[name].annotation
        options = [annotation, *getattr(annotation, "__args__", ())]
        options += [getattr(option, "__origin__", None) for option in options]  # of Annotated
        model = next(o for o in options if isinstance(o, type) and issubclass(o, BaseModel))
    return list(model.model_fields)
