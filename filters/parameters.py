"""Thresholds and stop words of a language, with the keys of FineWeb2's language files.

FineWeb2 publishes a YAML file per language (`configs/swh_Latn.yml`). Its files load as they are; odd values
in them mean what datatrove makes of them, and `vacuous` names those that can never drop a document.
"""

import hashlib
import math
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from polysieve.filters.rules import RULES
from polysieve.language_id.labels import INDIVIDUAL, MERGED

SUFFIXES = (".yml", ".yaml")

_TOP = tuple((n, RULES[f"gopher_top_{n}_gram"].default) for n in (2, 3, 4))
_DUPLICATED = tuple((n, RULES[f"gopher_dup_{n}_gram"].default) for n in range(5, 11))


# Scripts whose lines need not end in a mark: Thai and Lao have no full stop, the others often leave it to
# the paragraph. FineWeb2's own value is 0 for every large language in them.
LINES_WITHOUT_MARKS = frozenset({"Thai", "Laoo", "Khmr", "Mymr", "Tibt"})


class FittedValue(BaseModel):
    """Where one fitted threshold comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    method: str
    """One of `filters.fitting.METHODS`, or `judgements`."""
    low: float
    """A fit on as many other documents would give a value between `low` …"""
    high: float
    """… and `high`, with the confidence that the fit was asked for (99 %)."""


class Fit(BaseModel):
    """Where a language's fitted parameters come from."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    documents: int
    """The language's own documents behind the values."""
    relatives: str | None = None
    """Whose documents were counted in, or stand in where the language has too few of its own."""
    share: float | None = None
    """The share of documents that each limit by `tail` cuts."""
    judged: int | None = None
    """The judged documents behind the values by `judgements`."""
    values: dict[str, FittedValue] = {}
    """Rule, or `language_score` -> method and interval of its threshold."""


class LanguageParameters(BaseModel):
    """One language's values. Without arguments: the English defaults of Gopher and FineWeb, and no stop
    words, word lengths or language cut, which mean nothing for another language."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    dup_line_frac: float = RULES["gopher_dup_line_frac"].default
    """Most duplicate lines, as a share of lines; 0 switches the rule off."""
    dup_n_grams: tuple[tuple[int, float], ...] = _DUPLICATED
    """Most characters in duplicate n-grams, as a share, for each n (5 to 10)."""
    language_score: float | None = None
    """Lowest score of language identification; null: no cut."""
    line_punct_thr: float = RULES["fineweb_line_punct"].default
    """Fewest lines that end in punctuation, as a share; below 0 it drops nothing."""
    max_avg_word_length: float | None = None
    """Longest mean word, in characters; null: the rule does not apply."""
    max_non_alpha_words_ratio: float = RULES["gopher_below_alpha"].default
    """Despite its name, FineWeb2's key for the fewest words with a letter, as a share; 0 switches it off."""
    min_avg_word_length: float | None = None
    """Shortest mean word, in characters; null: the rule does not apply."""
    new_line_ratio: float = RULES["fineweb_new_line"].default
    """Most line feeds per word."""
    stopwords: tuple[str, ...] = ()
    """Stop words, compared as they are; empty: the rule does not apply."""
    top_n_grams: tuple[tuple[int, float], ...] = Field(default=_TOP)
    """Most characters in the most frequent n-gram, as a share, for each n (2 to 4)."""
    fitted: Fit | None = None
    """Where the values come from, if they were fitted; nothing else reads it."""

    def to_yaml(self, header: str = "") -> str:
        """The parameters as YAML, keys in a fixed order, under `header` as comment lines."""
        comment = "".join(f"# {line}".rstrip() + "\n" for line in header.splitlines())
        values: dict[str, Any] = {}
        for key in type(self).model_fields:
            value = getattr(self, key)
            if key in ("dup_n_grams", "top_n_grams"):
                value = [[n, _plain(limit)] for n, limit in value]
            elif key == "stopwords":
                value = list(value)
            elif key == "fitted":
                if value is None:
                    continue
                value = value.model_dump(exclude_none=True)
            elif value is not None:
                value = _plain(value)
            values[key] = value
        return comment + yaml.dump(
            values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
        )

    @classmethod
    def from_yaml(cls, text: str, name: str = "parameters") -> "LanguageParameters":
        """Read YAML. Raises ValueError, one line that names `name`, the key and the cure."""
        try:
            values = yaml.load(text, Loader=_Loader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f":{mark.line + 1}" if mark else ""
            problem = getattr(error, "problem", None) or str(error).splitlines()[0]
            raise ValueError(f"{name}{place}: not YAML: {problem}; correct the file") from None
        if not isinstance(values, dict):
            raise ValueError(
                f"{name}: expected keys such as dup_line_frac with their values, found "
                f"{type(values).__name__}; use a language file of FineWeb2 as a model"
            )
        # An empty list of n-grams or stop words may be written as nothing at all.
        values = {
            k: () if v is None and k in ("stopwords", "dup_n_grams", "top_n_grams") else v
            for k, v in values.items()
        }
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            if first["type"] == "extra_forbidden":
                known = ", ".join(cls.model_fields)
                raise ValueError(f"{name}: unknown key {key!r}; known keys: {known}") from None
            raise ValueError(
                f"{name}: {key}: {first['msg']}, got {first['input']!r}; correct the value"
            ) from None


class _Dumper(yaml.SafeDumper):
    """Lists within lists, and what holds no list, on one line, so that a file of limits reads and diffs by line."""

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> Any:
        flat = all(not isinstance(item, list) for item in sequence)
        numbers = flat and all(isinstance(item, int | float) for item in sequence)
        return super().represent_sequence(tag, sequence, flow_style=numbers or not sequence)

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> Any:
        flat = not any(isinstance(item, dict | list) for item in mapping.values())
        within = bool(self.object_keeper)  # the file itself is the first mapping that is seen
        return super().represent_mapping(tag, mapping, flow_style=flat and within)

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML in which the stop words "no", "on" and "yes" are words."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def _plain(value: float) -> int | float:
    return int(value) if math.isfinite(value) and value == int(value) else value


# Labels whose file another label's parameters stand in for, in order, where they have none of their own.
ALIASES: dict[str, tuple[str, ...]] = {
    "cmn_Hans": ("cmn_Hani", "cmn_Hant"),
    "cmn_Hant": ("cmn_Hani", "cmn_Hans"),
    "cmn_Hani": ("cmn_Hans", "cmn_Hant"),
}
_OTHER = {kept: merged for merged, kept in reversed(MERGED.items())} | MERGED | INDIVIDUAL
"""The other code that a language's file may have: of a macrolanguage its individual language, of two that were
merged the one or the other."""


def candidates(label: str) -> tuple[str, ...]:
    """The labels whose file may serve `label`, best first: itself, its aliases, its other code."""
    code, _, script = label.partition("_")
    found = [label, *ALIASES.get(label, ())]
    other = _OTHER.get(code)
    if other:
        found += [f"{other}_{script}", *ALIASES.get(f"{other}_{script}", ())]
    return tuple(dict.fromkeys(found))


def _file(label: str, folder: str | Path) -> Path | None:
    for candidate in candidates(label):
        for suffix in SUFFIXES:
            path = Path(folder) / f"{candidate}{suffix}"
            if path.is_file():
                return path
    return None


def load_file(path: str | Path) -> LanguageParameters:
    """Read one language's file. Raises ValueError that names the file and the key, OSError."""
    path = Path(path)
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    return LanguageParameters.from_yaml(text, str(path))


@lru_cache(4096)
def _loaded(path: str, mtime_ns: int) -> LanguageParameters:
    return load_file(path)


def _key(path: Path) -> tuple[str, int]:
    return str(path), path.stat().st_mtime_ns


def for_label(label: str, folder: str | Path | None = None) -> LanguageParameters:
    """A label's parameters: from its file in `folder` (or an alias's), else the defaults."""
    path = _file(label, folder) if folder else None
    return _loaded(*_key(path)) if path else defaults(label)


def defaults(label: str) -> LanguageParameters:
    """The parameters of a label that has none: English ones, but for what its script makes senseless."""
    if label.partition("_")[2] in LINES_WITHOUT_MARKS:
        return LanguageParameters(line_punct_thr=0)
    return LanguageParameters()


def has_own(label: str, folder: str | Path | None) -> bool:
    """Whether `folder` has a file for a label or an alias of it."""
    return bool(folder) and _file(label, str(folder)) is not None


def files(folder: str | Path) -> dict[str, Path]:
    """The parameter files of a folder by label, in order of labels.

    Raises ValueError where the folder is missing or holds none.
    """
    root = Path(folder)
    if not root.is_dir():
        raise ValueError(f"{root}: no such folder; give the folder with FineWeb2's language files")
    found = {path.stem: path for path in sorted(root.iterdir()) if path.suffix in SUFFIXES}
    if not found:
        raise ValueError(f"{root}: no .yml file in it; give the folder with the language files")
    return found


def load_folder(folder: str | Path) -> dict[str, LanguageParameters]:
    """Read every file of a folder, by label. Raises ValueError that names file and key."""
    return {label: _loaded(*_key(path)) for label, path in files(folder).items()}


def check_folder(folder: str | Path) -> None:
    """Raises ValueError, one line that names file and key, where a file of a folder cannot be used."""
    load_folder(folder)


def folder_hash(folder: str | Path) -> str:
    """SHA-256 of the names and contents of a folder's parameter files."""
    digest = hashlib.sha256()
    for label, path in files(folder).items():
        digest.update(f"{label}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def stop_words_hash(folder: str | Path) -> str:
    """SHA-256 of the stop words of a folder's files, which is all that measuring reads of them."""
    digest = hashlib.sha256()
    for label, path in files(folder).items():
        stopwords = _loaded(*_key(path)).stopwords
        digest.update("\0".join((label, *stopwords, "\n")).encode())
    return digest.hexdigest()


def stop_list_hash(words: Iterable[str]) -> str | None:
    """A hash of a language's stop words, 16 hexadecimal digits; None where it has none."""
    listed = "\0".join(words)
    return hashlib.sha256(listed.encode()).hexdigest()[:16] if listed else None


def _value(parameters: LanguageParameters, parameter: str, size: int | None) -> float | None:
    value = getattr(parameters, parameter)
    if size is None:
        return value
    return dict(value).get(size)


def thresholds(parameters: LanguageParameters) -> dict[str, float | None]:
    """The threshold of each rule of RULES for a language; None where the rule does not apply.

    A threshold of 0 is None for the rules that datatrove switches off so.
    """
    found: dict[str, float | None] = {}
    for name, rule in RULES.items():
        value: float | None = rule.default
        if rule.parameter:
            value = _value(parameters, rule.parameter, rule.size)
        elif name == "gopher_stop_words" and not parameters.stopwords:
            value = None
        found[name] = None if value == 0 and rule.zero_disables else value
    return found


# The range of each metric that has one: outside it, a threshold drops nothing or everything.
_SHARES: Iterable[str] = (
    "gopher_dup_line_frac",
    "gopher_below_alpha",
    "fineweb_line_punct",
    *(f"gopher_dup_{n}_gram" for n in range(5, 11)),
)


def vacuous(parameters: LanguageParameters) -> list[str]:
    """The rules that can drop no document with these parameters, or are switched off by a value of 0.

    Shares cannot exceed 1 nor fall below 0. The most frequent n-gram's share is not bounded by 1 in theory
    (occurrences overlap), but a limit of 1 or more is passed only by texts of one repeated word. A document has at
    least 50 words, so more than 1 line feed per word, or a mean word above 1,000 characters, is no limit either.
    """
    found = []
    limits = thresholds(parameters)
    for name, limit in limits.items():
        rule = RULES[name]
        if limit is None:
            off = rule.parameter and _value(parameters, rule.parameter, rule.size) == 0
            if off:
                found.append(name)
            continue
        if name in _SHARES:
            never = limit >= 1 if rule.direction == "max" else limit <= 0
        elif name.startswith("gopher_top_") or name == "fineweb_new_line":
            never = limit >= 1
        elif name == "gopher_above_avg_word_length":
            never = limit >= 1_000
        elif name == "gopher_below_avg_word_length":
            never = limit <= 1
        else:
            never = False
        if never:
            found.append(name)
    return found
