"""Where native documents of a label stand in the decisions, and how many translations each window holds."""

from dataclasses import dataclass

from polysieve.pipeline.steps.decide.manifest import Decided
from polysieve.pipeline.steps.step import Context, manifest_of
from polysieve.pipeline.steps.translate.manifest import Chosen
from polysieve.pipeline.steps.units import Unit


@dataclass(frozen=True)
class Place:
    """Where a label's native documents are decided."""

    unit: Unit
    first_row: int
    """Row, in the unit's decisions, of the label's first document."""
    documents: int
    kept_words: int


def windows_name(label: str) -> str:
    """The name of what the step choice chose for a target."""
    return f"windows-{label}"


def places(context: Context, units: list[Unit]) -> dict[str, Place]:
    """The labels of the run, each with its place in the decisions."""
    found = {}
    for unit in units:
        row = 0
        decided = manifest_of(context.folder("decisions"), unit.name, Decided)
        for label, values in decided["labels"].items():
            found[label] = Place(unit, row, values["documents"], values["kept_words"])
            row += values["documents"]
    return found


def sizes(context: Context, label: str) -> tuple[tuple[int, int], ...]:
    """Number and documents of each window of the translations into a label."""
    chosen = manifest_of(context.folder("choice"), windows_name(label), Chosen)
    return tuple((number, window[3]) for number, window in enumerate(chosen["windows"]))
