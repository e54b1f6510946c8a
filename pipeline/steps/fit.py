"""Step B: each language's thresholds and stop words, as files that a person can read and edit."""

from collections.abc import Sequence
from typing import Any

from filters.parameters import LanguageParameters

from filters import parameters as language_parameters
from pipeline.ledger import StepFolder
from pipeline.recipe import Recipe

PIECE = "parameters"


def depends_on(recipe: Recipe) -> dict[str, Any]:
    """The names and contents of the parameter files; the defaults are part of the step's version."""
    folder = recipe.parameters.fineweb2
    return {"parameters": language_parameters.folder_hash(folder) if folder else None}


def run(folder: StepFolder, recipe: Recipe, labels: Sequence[str]) -> None:
    """Write `parameters/<label>.yaml` for every label and commit."""
    source = recipe.parameters.fineweb2
    for label in labels:
        values = language_parameters.for_label(label, source)
        folder.store.write_text(folder.file(f"parameters/{label}.yaml"), values.to_yaml())
    folder.commit(PIECE, {"labels": list(labels)})


def read(folder: StepFolder, label: str) -> LanguageParameters:
    """The parameters that B wrote for a label."""
    with folder.store.open(folder.file(f"parameters/{label}.yaml")) as file:
        return LanguageParameters.from_yaml(file.read().decode())
