"""Commands about recipes."""

import json

from polysieve.pipeline.recipe.model import Recipe


def schema() -> None:
    """Print the JSON Schema of recipes: every key, its type, default and meaning."""
    print(json.dumps(Recipe.model_json_schema(), indent=2))


def bundled_recipes() -> None:
    """Print the bundled recipes."""
    from polysieve.pipeline.recipe.loading import bundled

    for name, path in bundled().items():
        print(f"{name}\t{path}")
