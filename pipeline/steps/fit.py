"""Step B: each language's thresholds and stop words, as files that a person can read and edit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from filters import parameters as language_parameters
from filters.parameters import LanguageParameters
from pipeline.ledger import StepFolder
from pipeline.recipe import Recipe

PIECE = "parameters"
VALUES = "parameters.json"


@dataclass(frozen=True)
class Fitted:
    """One language's parameters, and whether they are its own rather than the defaults."""

    parameters: LanguageParameters
    has_own: bool


def depends_on(recipe: Recipe) -> dict[str, Any]:
    """The names and contents of the parameter files; the defaults are part of the step's version."""
    folder = recipe.parameters.fineweb2
    return {"parameters": language_parameters.folder_hash(folder) if folder else None}


def run(folder: StepFolder, recipe: Recipe, labels: Sequence[str]) -> None:
    """Write `parameters/<label>.yaml` for people, one JSON file for the next step, and commit."""
    source = recipe.parameters.fineweb2
    every: dict[str, Any] = {}
    for label in labels:
        values = language_parameters.for_label(label, source)
        folder.store.write_text(folder.file(f"parameters/{label}.yaml"), values.to_yaml())
        own = language_parameters.has_own(label, source)
        every[label] = {"has_own": own, "values": values.model_dump()}
    folder.store.write_json(folder.file(VALUES), every)
    folder.commit(PIECE, {"labels": list(labels)})


def read(folder: StepFolder) -> dict[str, Fitted]:
    """What B wrote, by label."""
    every = folder.store.read_json(folder.file(VALUES))
    return {
        label: Fitted(LanguageParameters.model_validate(entry["values"]), entry["has_own"])
        for label, entry in every.items()
    }
