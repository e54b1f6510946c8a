"""The exposure ledger: what was to be seen and what is seen, of every cell in every stage."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from polysieve.pipeline.mixing.allocation import StagePlan
from polysieve.pipeline.mixing.cells import Cell, Size


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
    unit: str, plans: list[StagePlan], sizes: dict[Cell, Size], seen: dict[tuple[int, Cell], Seen]
) -> list[dict[str, Any]]:
    """A row for each stage and cell of which something was to be taken or was: the cell, what it holds, what is
    predicted and what is realised; amounts in words or tokens, as `unit` says; an epoch is every copy once."""
    rows = []
    for number, plan in enumerate(plans):
        for target, (cell, size) in zip(plan.targets.tolist(), sizes.items(), strict=True):
            own = seen.get((number, cell), Seen())
            if not target and not own.exposures:
                continue
            realised = own.tokens if unit == "tokens" else own.words
            rows.append(
                {
                    "stage": plan.stage.name,
                    "source": cell.source,
                    "label": cell.label,
                    "origin": cell.origin,
                    "tier": cell.tier or None,
                    **({"attributes": list(cell.attributes)} if cell.attributes else {}),
                    "holds": {
                        "documents": size.documents,
                        "copies": size.copies,
                        unit: size.amount,
                    },
                    "predicted": {unit: target, "epochs": _ratio(target, size.amount)},
                    "realised": {
                        **vars(own),
                        "epochs": _ratio(realised, size.amount),
                    },
                }
            )
    return rows


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


def summed(
    rows: Iterable[dict[str, Any]], unit: str, key: Callable[[dict[str, Any]], Any]
) -> dict[Any, dict[str, Any]]:
    """Rows of the ledger added up by a key: what is held, predicted and realised, epochs, most repetitions."""
    found: dict[Any, dict[str, Any]] = {}
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
        for name in ("exposures", "words", "tokens"):
            total[name] += row["realised"][name]
        total["repetitions"] = max(total["repetitions"], row["realised"]["repetitions"])
    return found
