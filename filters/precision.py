"""The precision filter for languages with little text (FineWeb2, precision filtering).

A document of such a language must hold at least one word that hardly any other language uses, or have an address that
speaks for the language. A word is on the list of its language where it is among the 5 % most frequent and at least
85 % of all its occurrences, over all languages, are in that language. The filter is meant for languages whose
contamination, the share of documents without any such word, is above 10 %.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import polars as pl

from polysieve.filters.parameters import candidates
from polysieve.filters.signals import StopWords
from polysieve.filters.url import split_address
from polysieve.filters.words import Words

FREQUENT = 0.05
AFFINITY = 0.85
CONTAMINATED = 0.1
_SHORT = 5  # a term of fewer letters must be a whole word of the address
_TOKEN = re.compile(r"[^\W_]+")


def word_lists(
    counts: Mapping[str, pl.DataFrame], affinity: float = AFFINITY
) -> dict[str, list[str]]:
    """Label -> its words of high affinity, most frequent first.

    counts: label -> table with the columns `word` and `count`. Words are compared as they are spelled, over all
    labels given: a word of another script competes with nobody.
    """
    whole = (
        pl.concat([table.select("word", "count") for table in counts.values()])
        .group_by("word")
        .agg(pl.col("count").sum().alias("whole"))
    )
    found: dict[str, list[str]] = {}
    for label, table in counts.items():
        if table.is_empty():
            found[label] = []
            continue
        least = table["count"].quantile(1 - FREQUENT, "higher")
        own = (
            table.filter(pl.col("count") >= least)
            .join(whole, on="word")
            .filter(pl.col("count") >= affinity * pl.col("whole"))
            .sort(["count", "word"], descending=[True, False])
        )
        found[label] = own["word"].to_list()
    return found


@dataclass(frozen=True)
class WordList:
    """A language's words of high affinity, and what in an address speaks for it."""

    words: StopWords
    """Hashes of the words as they are spelled."""
    code: str
    """ISO 639-3."""
    terms: tuple[str, ...] = ()
    """Names of the language, its countries and regions, lower case; with a dot before it, a top-level domain."""

    def vouches(self, url: str | None) -> bool:
        """Whether an address speaks for the language: its code as a word of it or in capitals, a term, a domain."""
        if not url:
            return False
        host, rest = split_address(url)
        text = unquote(f"{host}{rest}")
        lower = text.lower()
        tokens = set(_TOKEN.findall(lower))
        if self.code.upper() in text or self.code in tokens:
            return True
        domains = tuple(term for term in self.terms if term.startswith("."))
        return host.endswith(domains) or any(
            term in (tokens if len(term) < _SHORT else lower) for term in self.terms
        )


def ratios(words: Words, lists: list[WordList | None], urls: list[str | None]) -> np.ndarray:
    """float64[n]: the share of a document's distinct words that are on its language's list.

    NaN, so that no rule applies, where there is no list or word, or where the address speaks for the language.
    lists, urls: one for each of n documents.
    """
    found = np.full(len(words), np.nan)
    for d, (own, url) in enumerate(zip(lists, urls, strict=True)):
        if own is None or own.vouches(url):
            continue
        part = slice(words.documents[d], words.documents[d + 1])
        distinct = np.unique(words.hashes[part][words.folded[part] != 0])
        if len(distinct):
            found[d] = np.isin(distinct, own.words.hashes, assume_unique=True).mean()
    return found


def contamination(found: np.ndarray) -> float:
    """The share of documents without any word of the list. `found`: from `ratios`, addresses left out of account."""
    found = found[~np.isnan(found)]
    return float((found == 0).mean()) if len(found) else 0.0


def read_words(folder: str | Path, label: str) -> list[str] | None:
    """A label's list from a folder of `<label>.txt`, a word a line, as FineWeb2 publishes them; None without one."""
    for name in candidates(label):
        path = Path(folder) / f"{name}.txt"
        if path.is_file():
            try:
                return path.read_text("utf-8").split("\n")
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8"
                ) from None
    return None


def load(
    folder: str | Path,
    labels: list[str],
    contamination: str | Path | None = None,
    url_whitelist: str | Path | None = None,
    least: float = CONTAMINATED,
) -> dict[str, WordList]:
    """The word lists of those labels that have one and whose contamination is above `least`.

    contamination: a JSON file label -> share; without it every list applies. url_whitelist: a JSON file ISO 639-3
    code -> terms. Both as FineWeb2 publishes them. Raises ValueError that names the file and the cure, OSError.
    """
    scores = dict(_numbers(contamination)) if contamination else {}
    terms = dict(_terms(url_whitelist)) if url_whitelist else {}
    found = {}
    for label in labels:
        code = label.partition("_")[0]
        score = next((scores[name] for name in candidates(label) if name in scores), None)
        if contamination and (score is None or score <= least):
            continue
        listed = read_words(folder, label)
        if listed:
            hashes = StopWords.of([word for word in listed if word])
            found[label] = WordList(hashes, code, terms.get(code, ()))
    return found


def files_hash(folder: str | Path, *files: str | Path | None) -> str:
    """SHA-256 of the names and contents of a folder's lists, and of the contents of further files."""
    digest = hashlib.sha256()
    for path in sorted(Path(folder).glob("*.txt")):
        digest.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    for file in files:
        digest.update(hashlib.sha256(Path(file).read_bytes()).digest() if file else b"-")
    return digest.hexdigest()


def _numbers(path: str | Path) -> Iterator[tuple[str, float]]:
    for label, score in _object(path).items():
        if not isinstance(score, int | float):
            raise ValueError(f"{path}: {label}: expected a share such as 0.12, found {score!r}")
        yield label, float(score)


def _terms(path: str | Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    for code, terms in _object(path).items():
        if not isinstance(terms, list) or not all(isinstance(term, str) for term in terms):
            raise ValueError(f"{path}: {code}: expected a list of terms, found {terms!r}")
        yield code, tuple(term.strip().lower() for term in terms if term.strip())


def _object(path: str | Path) -> dict:
    try:
        found = json.loads(Path(path).read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: expected a JSON object, found {type(found).__name__}")
    return found
