"""What can be known to be wrong with a recipe before anything starts."""

import importlib.util
from pathlib import Path

from filters import parameters as language_parameters
from pipeline.recipe import Recipe

# What a recipe may ask for beyond the base installation: (extra, module that it brings).
EXTRAS = {
    "trafilatura": ("trafilatura", "trafilatura"),
    "trafilatura_precision": ("trafilatura", "trafilatura"),
}


def problems(recipe: Recipe) -> list[str]:
    """One line for each thing that is missing or unusable; empty where the recipe can run."""
    found = []
    if recipe.extract.engine in EXTRAS:
        extra, module = EXTRAS[recipe.extract.engine]
        if importlib.util.find_spec(module) is None:
            found.append(
                f"extract.engine: {recipe.extract.engine} is not installed; run: pip install 'polysieve[{extra}]'"
            )
    folder = recipe.parameters.fineweb2
    if folder:
        try:
            language_parameters.check_folder(folder)
        except (OSError, ValueError) as error:
            found.append(f"parameters.fineweb2: {error}")
    if recipe.language.model != "embedded":
        import language_id

        try:
            language_id.load_model(recipe.language.model)
        except language_id.LanguageIdError as error:
            found.append(f"language.model: {error}")
    if recipe.url_filter:
        for key in ("domains", "urls", "words"):
            for path in getattr(recipe.url_filter, key):
                if not Path(path).exists():
                    found.append(f"url_filter.{key}: {path}: no such file; correct the path")
    return found
