"""The exposure ledger: what was to be seen and what is seen, of every cell in every stage."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict, TypeVar

from polysieve.pipeline.mixing.allocation import StagePlan
from polysieve.pipeline.mixing.cells import Cell, Size

K = TypeVar("K")
Unit = Literal["words", "tokens"]
"""What a mixture counts."""


class Holds(TypedDict):
    """What a cell holds; words or tokens, as the mixture counts, of every copy once."""

    documents: int
    copies: int
    words: NotRequired[int]
    tokens: NotRequired[int]


class Predicted(TypedDict, total=False):
    """What a stage was to take of a cell, in words or tokens."""

    words: int
    tokens: int
    epochs: float


class Realised(TypedDict):
    """What a stage shows of a cell, as `Seen` has it."""

    exposures: int
    documents: int
    words: int
    tokens: int
    text_bytes: int
    repetitions: int
    epochs: float


class OfAttributes(TypedDict, total=False):
    """What is said of a cell of a mixture that makes groups by attributes."""

    attributes: list[str]


class Exposure(OfAttributes):
    """A cell in a stage."""

    stage: str
    source: str
    label: str
    origin: str
    tier: str | None
    holds: Holds
    predicted: Predicted
    realised: Realised


class Sum(TypedDict):
    """What is added up over cells and stages."""

    documents: int
    held: int
    predicted: int
    """Both in words or tokens, as the mixture counts."""
    exposures: int
    words: int
    tokens: int
    repetitions: int
    """The most."""


@dataclass(frozen=True)
class Seen:
    """What a stage shows of a cell."""

    exposures: int = 0
    documents: int = 0
    """Each counted once."""
    words: int = 0
    tokens: int = 0
    text_bytes: int = 0
    repetitions: int = 0
    """How often one document was shown at most, from the first stage to this one's end."""

    def __add__(self, other: "Seen") -> "Seen":
        return Seen(
            self.exposures + other.exposures,
            self.documents + other.documents,
            self.words + other.words,
            self.tokens + other.tokens,
            self.text_bytes + other.text_bytes,
            max(self.repetitions, other.repetitions),
        )


def ledger(
    unit: Unit, plans: list[StagePlan], sizes: dict[Cell, Size], seen: dict[tuple[int, Cell], Seen]
) -> list[Exposure]:
    """A row for each stage and cell of which something was to be taken or was: the cell, what it holds, what is
    predicted and what is realised; amounts in words or tokens, as `unit` says; an epoch is every copy once."""
    rows: list[Exposure] = []
    for number, plan in enumerate(plans):
        for target, (cell, size) in zip(plan.targets.tolist(), sizes.items(), strict=True):
            own = seen.get((number, cell), Seen())
            if not target and not own.exposures:
                continue
            realised = own.tokens if unit == "tokens" else own.words
            attributes: OfAttributes = {}
            if cell.attributes:
                attributes["attributes"] = list(cell.attributes)
            holds: Holds = {"documents": size.documents, "copies": size.copies}
            predicted: Predicted = {}
            holds[unit] = size.amount
            predicted[unit] = target
            predicted["epochs"] = _ratio(target, size.amount)
            rows.append(
                {
                    "stage": plan.stage.name,
                    "source": cell.source,
                    "label": cell.label,
                    "origin": cell.origin,
                    "tier": cell.tier or None,
                    **attributes,
                    "holds": holds,
                    "predicted": predicted,
                    "realised": {
                        "exposures": own.exposures,
                        "documents": own.documents,
                        "words": own.words,
                        "tokens": own.tokens,
                        "text_bytes": own.text_bytes,
                        "repetitions": own.repetitions,
                        "epochs": _ratio(realised, size.amount),
                    },
                }
            )
    return rows


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


def summed(rows: Iterable[Exposure], unit: Unit, key: Callable[[Exposure], K]) -> dict[K, Sum]:
    """Rows of the ledger added up by a key: what is held, predicted and realised, epochs, most repetitions."""
    found: dict[K, Sum] = {}
    for row in rows:
        total = found.setdefault(
            key(row),
            {
                "documents": 0,
                "held": 0,
                "predicted": 0,
                "exposures": 0,
                "words": 0,
                "tokens": 0,
                "repetitions": 0,
            },
        )
        total["documents"] += row["holds"]["documents"]
        total["held"] += row["holds"][unit]
        total["predicted"] += row["predicted"][unit]
        total["exposures"] += row["realised"]["exposures"]
        total["words"] += row["realised"]["words"]
        total["tokens"] += row["realised"]["tokens"]
        total["repetitions"] = max(total["repetitions"], row["realised"]["repetitions"])
    return found
