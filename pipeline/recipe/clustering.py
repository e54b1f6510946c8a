"""Sections about near-duplicates (the step clusters) and about lines that recur over a host (the step lines)."""

import difflib
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from polysieve.filters.orthography import UNSPACED_SCRIPTS
from polysieve.pipeline.recipe.section import Affects, Section, Share, Size

# Columns of documents/ that may order the members of a cluster; all signals may, too.
KEPT_COLUMNS = ("language_score", "date", "id", "url", "dump", "text_bytes")
# But for signals that are measured once clusters are known.
AFTER_CLUSTERS = ("host_repeated_line_share",)


def _known_columns(order: list[str]) -> list[str]:
    """The columns as they are; ValueError for one that is not measured."""
    from polysieve.filters.signals import METRICS

    known = [name for name in (*KEPT_COLUMNS, *METRICS) if name not in AFTER_CLUSTERS]
    for named in order:
        if named.removeprefix("-") not in known:
            close = difflib.get_close_matches(named.removeprefix("-"), known, n=1)
            hint = f"; did you mean {close[0]}?" if close else f"; known: {', '.join(known)}"
            raise ValueError(f"unknown column {named!r}{hint}")
    return order


class Normalise(Section, step="measure"):
    """What counts as the same word when documents are compared. No choice strips a mark that a script writes with."""

    form: Literal["width", "nfc", "nfkc"] = "width"
    """Canonically equivalent spellings are one (`nfc`), half and full width besides (`width`), or all
    compatibility variants (`nfkc`)."""
    case: Literal["fold", "keep"] = "fold"
    """Whether upper and lower case are one."""
    punctuation: Literal["drop", "keep"] = "drop"
    """Whether punctuation and symbols count. Dropped, they part words, too: "Node.js" is two."""
    digits: Literal["keep", "zero"] = "keep"
    """`zero`: texts that differ only in their digits are the same."""


LANES = 112  # what `threshold` divides into bands and rows


class MinHash(Section, step="measure"):
    """Near-duplicates by MinHash (Broder 1997) with banding."""

    signatures: Literal["own", "datatrove"] = "own"
    """`datatrove`: bit for bit those of datatrove 0.10, words and normalisation included (docs/dedup.md), without
    verification unless `verify` is given."""
    threshold: Annotated[Annotated[float, Field(gt=0, lt=1)] | None, Affects("nothing")] = None
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
    verify: Annotated[Share | None, Affects("clusters")] = 0.55
    """A candidate pair counts when its Jaccard similarity is at least this; absent: every candidate counts."""
    verify_by: Annotated[Literal["signatures", "texts"], Affects("clusters")] = "signatures"
    """The similarity is estimated from signatures, or computed from the texts' own n-grams (slower)."""
    split_over: Annotated[int | None, Affects("decide")] = Field(default=1000, ge=1)
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
            from polysieve.dedup.curve import parameters_for

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


class Containment(Section, step="containment"):
    """Documents that another document of their language contains, a first half say (docs/dedup.md)."""

    share: Annotated[float, Field(ge=0.5, le=1)] = 0.9
    """A document is contained in a longer one that has this share of its n-grams."""
    min_shingles: int = Field(default=20, ge=1)
    """A document with fewer different n-grams is never contained."""
    scale: int = Field(default=8, ge=2, le=1000)
    """One of so many n-grams is sampled to find candidates: more bytes on disk, or fewer short documents found."""
    remove: Annotated[Literal["contained", "containing"], Affects("decide")] = "contained"
    """Which of the two goes, where the rules keep both: the shorter, or, for pages that collect others, the longer.
    It is also the reason."""


class Dedup(Section, step="clusters"):
    """Duplicates, within a language, over all inputs."""

    exact: bool = True
    """Documents with the same normalised words are duplicates."""
    normalise: Normalise = Normalise()
    minhash: MinHash | None = MinHash()
    """Near-duplicates; absent: exact ones only."""
    containment: Containment | None = None
    """Absent: documents may contain one another."""
    kept: Annotated[list[str], Field(min_length=1), AfterValidator(_known_columns)] = [
        "-language_score",
        "-word_count",
        "date",
        "id",
    ]
    """The member of a cluster that stands for it is the first by these columns: a signal, or language_score (in
    steps of 0.1), date, id, url, dump, text_bytes; `-` before a name puts the largest first. What is
    left, the order of the input decides."""
    task_memory: Annotated[Size, Affects("nothing")] = 2**30
    """About what a clustering task may hold. Labels too large for one task are cut into several; the
    clusters do not depend on it."""

    @model_validator(mode="after")
    def _has_shingles(self) -> "Dedup":
        if self.containment and (self.minhash is None or self.minhash.signatures == "datatrove"):
            raise ValueError(
                "containment compares the n-grams of dedup.minhash; give it with `signatures: own`, or leave "
                "containment out"
            )
        return self


class HostLines(Section, step="lines"):
    """Lines that recur over the documents of one host: menus, notices, footers (docs/dedup.md). The rule
    `host_repeated_lines` goes by their share."""

    remove: Annotated[bool, Affects("decide")] = True
    """Take them out of what is written to `corpus/`; a document of which nothing else is left is removed,
    `host_lines_only`. `false`: they are only measured."""
    min_documents: int = Field(default=10, ge=2)
    """A line recurs that is on so many documents of its host; duplicates of one another are one document."""
    min_share: Share = 0.1
    """And on this share of the host's documents."""
    min_letters: int = Field(default=2, ge=1)
    """A line with fewer letters never recurs."""
    digits: Literal["keep", "zero"] = "keep"
    """`zero`: lines that differ only in their digits are the same."""
