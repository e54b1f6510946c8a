"""The recipe: what a run does, as a typed model read from YAML, its sections a file a stage.

Every key has a default and a meaning (its description, which `polysieve recipe schema` prints).
"""

from polysieve.pipeline.recipe.loading import apply_settings, bundled, change, load, validate
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.section import RecipeError

__all__ = ["Recipe", "RecipeError", "apply_settings", "bundled", "change", "load", "validate"]
