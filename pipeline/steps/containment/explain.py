"""The documents that contain a document, and those that it contains."""

from typing import Any

import numpy as np
from rich.console import Console

from polysieve.pipeline.steps.containment import containment
from polysieve.pipeline.steps.explained import Explained, Life

SHOWN = 20


def explain(document: Explained, life: Life) -> None:
    """Add `containment`: others, each with the share of the contained one's n-grams."""
    folder = document.context.folder("containment")
    inner, outer, share = containment.pairs(folder, document.label)

    def others(own: np.ndarray, other: np.ndarray) -> list[dict[str, Any]]:
        places = np.flatnonzero(own == document.row)[:SHOWN].tolist()
        return [
            {**document.another(int(other[place])), "share": float(share[place])}
            for place in places
        ]

    life["containment"] = {"contained_in": others(inner, outer), "contains": others(outer, inner)}


def show(life: Life, console: Console) -> None:
    """Print the others."""
    for how, others in life["containment"].items():
        for other in others:
            console.print(
                f"{how.replace('_', ' ')} {other['id']} {other['url'] or ''}: {other['share']:.0%} "
                f"({other['outcome']} {other['reason'] or ''})",
                markup=False,
                soft_wrap=True,
            )
