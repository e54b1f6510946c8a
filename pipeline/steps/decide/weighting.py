"""How often kept documents should be seen: the recipe's rebalancing over one language's clusters."""

import numpy as np

from polysieve.dedup import rebalance
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.decide.manifest import Rebalancing


def quality_column(recipe: Recipe) -> str:
    """The column that documents are rebalanced by, with a `-` before it where less is better; "" for none."""
    if recipe.rebalance is None or recipe.rebalance.method != "quality":
        return ""
    return recipe.rebalance.quality


def weights_of(
    sizes: np.ndarray, removed: np.ndarray, quality: np.ndarray | None, recipe: Recipe
) -> tuple[dict[int, int], Rebalancing]:
    """Weights of representatives by cluster size, as steps, and how they came about, for the manifest."""
    settings = recipe.rebalance
    if settings is None:
        return {}, {"note": "no rebalancing in the recipe: every weight is 1"}
    if settings.method == "table":
        table = {str(size): weight for size, weight in sorted(settings.table.items())}
        return settings.table, {
            "note": "weights from the recipe's table, the same for every language",
            "weights": table,
        }
    lost, by_quality = removed, None
    if quality is not None:
        lost = rebalance.quality_loss(removed, quality)
        by_quality = f"rates count what is kept the more, the worse it ranks by {settings.quality}"
    rates = rebalance.removal_rates(sizes, lost, settings.min_documents)
    weights = rebalance.language_weights(
        rates,
        settings.max_repetitions,
        min_clusters=settings.min_clusters,
        guard_singletons=settings.guard_singletons,
    )
    return weights.steps, {
        "note": weights.note or by_quality,
        "cluster_sizes": rates.sizes.tolist(),
        "removal_rates": rates.rates.tolist(),
        "tail_start": rates.tail_start,
        "global_removal_rate": rates.global_rate,
        "weights": {str(size): weight for size, weight in weights.steps.items()},
    }


def histogram(sizes: np.ndarray) -> dict[str, int]:
    """Cluster size -> clusters."""
    values, counts = rebalance.size_counts(sizes)
    return {str(v): int(c) for v, c in zip(values, counts, strict=True)}
