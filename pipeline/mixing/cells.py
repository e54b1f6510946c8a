"""Cells: the documents that a mixture does not tell apart, and how large they are."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from typing import TypeAlias

from polysieve.pipeline.mixing.spec import KEYS


@dataclass(frozen=True, order=True)
class Cell:
    """What a mixture knows of a document. Nulls are empty strings."""

    source: str
    label: str
    origin: str
    tier: str
    attributes: tuple[str, ...] = ()
    """Values of the attributes by which the mixture makes groups, in the order of `Mix.attributes`."""

    @classmethod
    def of(cls, key: Sequence[str]) -> "Cell":
        """The cell of a key."""
        source, label, origin, tier, *attributes = key
        return cls(source, label, origin, tier, tuple(attributes))

    @property
    def key(self) -> list[str]:
        """What manifests name it by."""
        return [self.source, self.label, self.origin, self.tier, *self.attributes]

    def value(self, key: str, attributes: Sequence[str]) -> str:
        """What the cell has for a key of a part's `by`."""
        if key == "language":
            return self.label.partition("_")[0]
        if key in KEYS:
            return str(getattr(self, key))
        return self.attributes[attributes.index(key)]


@dataclass(frozen=True)
class Size:
    """How much a cell holds. Without weights, copies are the documents."""

    documents: int = 0
    copies: int = 0
    words: int = 0
    tokens: int = 0
    """0 where no tokenizer ran."""
    amount: int = 0
    """Words or tokens, as the mixture counts, of all copies: an epoch."""
    text_bytes: int = 0
    """UTF-8 bytes of the texts of all copies, about."""

    def __add__(self, other: "Size") -> "Size":
        return Size(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Size)))


Cells: TypeAlias = list[tuple[list[str], list[int]]]
"""What a manifest holds of cells: the key of each and its size; a pair is a list where it comes from JSON."""


def as_json(sizes: dict[Cell, Size]) -> Cells:
    """What a manifest holds of cells; `of_json` reads it."""
    return [(cell.key, [*astuple(size)]) for cell, size in sizes.items()]


def of_json(data: Cells) -> dict[Cell, Size]:
    """The cells that `as_json` wrote, in the same order."""
    return {Cell.of(key): Size(*size) for key, size in data}


def added(parts: Iterable[dict[Cell, Size]]) -> dict[Cell, Size]:
    """All cells, sorted, with what they hold over all parts."""
    total: dict[Cell, Size] = {}
    for part in parts:
        for cell, size in part.items():
            total[cell] = total.get(cell, Size()) + size
    return dict(sorted(total.items()))
