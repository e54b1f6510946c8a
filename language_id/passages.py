"""Documents in several languages: which parts are in which.

A document is cut into passages, by lines or by CLD2's spans, and each passage that is long enough is identified by
itself. Their bytes vote: a label's share is its bytes over those of all passages that have a language. Passages that
are too short, that no language fits, or whose score is low do not vote.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pycld2

from polysieve.language_id import Model
from polysieve.language_id.answers import as_json
from polysieve.language_id.text import SCRIPT_TABLE

By = Literal["lines", "spans"]
LEAST_BYTES = 90
"""A shorter passage says little of its language."""
LEAST_SCORE = 0.5
"""A passage with a lower score is not counted for any language."""
_MOST_SPANS_BYTES = 2**20  # of a document that CLD2 reads; what follows is one span


class Passages(NamedTuple):
    """The passages of n documents, row-aligned; `text` of a document is the concatenation of its passages."""

    documents: np.ndarray
    """int64[n + 1]: where each document's passages start."""
    texts: pa.Array
    """large_string, line ends included."""
    labels: list[str | None]
    """None: does not vote."""
    scores: np.ndarray
    """float64."""
    sizes: np.ndarray
    """int64, bytes."""


class Vote(NamedTuple):
    """What the passages of one document say together."""

    label: str | None
    """The label with most bytes; None where no passage votes."""
    score: float
    """The mean score of its passages, weighted by bytes; 0 without any."""
    shares: dict[str, float]
    """Label -> share of the bytes that vote, largest first."""

    @property
    def as_json(self) -> str:
        """The shares as a JSON object."""
        return as_json(self.shares)


class Part(NamedTuple):
    """The passages of one language of a document, joined."""

    text: str
    label: str
    score: float


def identify_passages(
    texts: pa.Array, model: Model, by: By = "lines", least_bytes: int = LEAST_BYTES
) -> Passages:
    """Cut each text of a large_string array and identify its passages of `least_bytes` or more.

    `lines`: a passage is a line. `spans`: what CLD2 takes for one language; it finds a change inside a line, too, but
    only between languages that it has or that look different to it.
    """
    cut = [_lines(t) if by == "lines" else _spans(t) for t in pc.fill_null(texts, "").to_pylist()]
    documents = np.zeros(len(cut) + 1, np.int64)
    np.cumsum([len(one) for one in cut], out=documents[1:])
    passages = pa.array([p for one in cut for p in one], pa.large_string())
    sizes = pc.binary_length(passages).to_numpy(zero_copy_only=False).astype(np.int64)
    asked = np.flatnonzero(sizes >= least_bytes)
    answers = model.identify(passages.take(pa.array(asked)))
    scores = np.zeros(len(passages))
    scores[asked] = answers.field("score").to_numpy(zero_copy_only=False)
    labels: list[str | None] = [None] * len(passages)
    for place, label in zip(asked.tolist(), answers.field("label").to_pylist(), strict=True):
        if label[:3] not in ("und", "zxx") and scores[place] >= LEAST_SCORE:
            labels[place] = label
    return Passages(documents, passages, labels, scores, sizes)


def votes(passages: Passages) -> list[Vote]:
    """The vote of each document's passages, by bytes."""
    return [
        _vote(passages, start, stop)
        for start, stop in zip(passages.documents, passages.documents[1:], strict=False)
    ]


def _vote(passages: Passages, start: int, stop: int) -> Vote:
    sizes: dict[str, int] = {}
    weighted: dict[str, float] = {}
    for i in range(start, stop):
        label = passages.labels[i]
        if label is not None:
            size = int(passages.sizes[i])
            sizes[label] = sizes.get(label, 0) + size
            weighted[label] = weighted.get(label, 0.0) + size * float(passages.scores[i])
    if not sizes:
        return Vote(None, 0.0, {})
    whole = sum(sizes.values())
    ranked = sorted(sizes, key=lambda label: (-sizes[label], label))
    best = ranked[0]
    return Vote(
        best,
        round(weighted[best] / sizes[best], 4),
        {label: round(sizes[label] / whole, 4) for label in ranked},
    )


def split(passages: Passages, vote: Vote, document: int, least_share: float) -> list[Part]:
    """A document's text by language: the passages of each label that has `least_share` of the vote, in their order.

    A passage that does not vote, or whose label has less, goes with the one before it (the first ones with the
    first that votes). One part, or none where nothing votes: the document is in one language.
    """
    chosen = [label for label, share in vote.shares.items() if share >= least_share]
    if len(chosen) < 2:
        return []
    start, stop = passages.documents[document : document + 2]
    own = [label if label in chosen else None for label in passages.labels[start:stop]]
    current = next(label for label in own if label is not None)
    pieces: dict[str, list[str]] = {label: [] for label in chosen}
    for label, text in zip(own, passages.texts[start:stop].to_pylist(), strict=True):
        current = label or current
        pieces[current].append(text)
    parts = []
    for label in chosen:
        rows = [i for i in range(start, stop) if passages.labels[i] == label]
        weight = passages.sizes[rows]
        score = float((passages.scores[rows] * weight).sum() / weight.sum())
        parts.append(Part("".join(pieces[label]).strip(), label, round(score, 4)))
    return parts


def _lines(text: str) -> list[str]:
    """The lines with the line feeds that end them."""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _spans(text: str) -> list[str]:
    """What CLD2 takes for stretches of one language each, the gaps between them added to the stretch before."""
    if not text:
        return []
    data = _readable(text).encode()
    whole = text.encode()
    try:
        found = pycld2.detect(
            data[:_MOST_SPANS_BYTES].decode("utf-8", "ignore").encode(),
            isPlainText=True,
            bestEffort=True,
            returnVectors=True,
        )
    except pycld2.error:
        return [text]
    starts = sorted({0, *(int(start) for start, *_ in found[3])})
    # A border inside a character (there is none in practice) would tear it.
    starts = [s for s in starts if s < len(whole) and whole[s] & 0xC0 != 0x80]
    pieces = [whole[a:b].decode() for a, b in zip(starts, [*starts[1:], len(whole)], strict=True)]
    return [piece for piece in pieces if piece]


def _readable(text: str) -> str:
    """The text with what CLD2 rejects as blanks, byte for byte as long."""
    return "".join(
        c if c.isprintable() and SCRIPT_TABLE[ord(c)] else " " * len(c.encode()) for c in text
    )


def shares_column(found: Sequence[Vote | None]) -> pa.Array:
    """float64: the share of each document's first label; null where nothing votes."""
    return pa.array(
        [next(iter(v.shares.values()), None) if v else None for v in found], pa.float64()
    )
