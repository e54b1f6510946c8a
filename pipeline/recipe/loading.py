"""Reading recipes: from YAML, with settings. Every fault is told with the file, the key and the cure."""

from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from polysieve.pipeline.recipe.faults import message
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.section import RecipeError
from polysieve.pipeline.recipe.settings import apply_settings

Model = TypeVar("Model", bound=BaseModel)


def bundled() -> dict[str, Path]:
    """The recipes that come with the package, by name."""
    folder = Path(str(resources.files("polysieve.recipes")))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load(recipe: str, settings: list[str] | None = None) -> Recipe:
    """The recipe at a path, or the bundled one of that name, with `key.path=value` settings applied.

    Relative paths inside a recipe are relative to its folder, those of settings to the working directory. Raises
    RecipeError.
    """
    path = Path(recipe)
    if recipe in bundled() and not path.is_file():
        path = bundled()[recipe]
    if not path.is_file():
        names = ", ".join(bundled())
        raise RecipeError(f"{recipe}: no such recipe; name a YAML file or one of: {names}")
    data = _read(path, "a recipe; see `polysieve recipe schema`")
    if isinstance(folder := data.get("parameters"), str):
        data["parameters"] = {"folder": folder}  # a section, so that settings can add to it
    return _validated(apply_settings(data, settings or []), str(path), Recipe, path.parent)


def read_model(path: Path, model: type[Model], what: str, settings: list[str]) -> Model:
    """A typed model of another kind than a recipe, read from YAML with the same messages for what is wrong.

    what: names the kind and where its keys are shown. Paths are resolved as those of `load`. Raises RecipeError.
    """
    if not path.is_file():
        raise RecipeError(f"{path}: no such file; name a YAML file with {what}")
    return _validated(apply_settings(_read(path, what), settings), str(path), model, path.parent)


def _read(path: Path, what: str) -> dict[str, Any]:
    """The mapping of a YAML file. Raises RecipeError."""
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        where = str(error)
        if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
            mark = error.problem_mark
            where = f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
        raise RecipeError(f"{path}: not valid YAML: {where}; correct it there") from None
    if not isinstance(data, dict):
        kind, _, rest = what.partition(";")
        raise RecipeError(f"{path}: {kind} is a mapping of keys{';' if rest else ''}{rest}")
    return data


def change(recorded: dict[str, Any], settings: list[str], source: str) -> Recipe:
    """The recipe that a run recorded, its paths absolute, with settings applied. Raises RecipeError."""
    return validate(apply_settings(recorded, settings), source)


def validate(data: dict[str, Any], source: str) -> Recipe:
    """A Recipe of plain data, its paths as they are; `source` names it in the error.

    Raises RecipeError, one line a fault.
    """
    return _validated(data, source, Recipe)


def _validated(
    data: dict[str, Any], source: str, model: type[Model], folder: Path | None = None
) -> Model:
    try:
        return model.model_validate(data, context={"folder": folder})
    except ValidationError as errors:
        lines = dict.fromkeys(message(source, e, model) for e in errors.errors())
        raise RecipeError("\n".join(lines)) from None
