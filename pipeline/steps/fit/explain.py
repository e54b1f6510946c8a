"""What was measured of a document, with the words that were measured again once thresholds were fitted."""

import pyarrow as pa
from rich.console import Console

from polysieve.pipeline.steps.explained import Explained, Life
from polysieve.pipeline.steps.fit import fit


def explain(document: Explained, life: Life) -> None:
    """Add `signals`."""
    label, unit = document.label, document.documents.unit
    metrics = next(label.parts("signals", None)).column_names
    parts = fit.signals_of(document.context.folder("fit"), unit.name, label, metrics)
    signals = pa.concat_tables(part for _, part, _ in parts)
    life["signals"] = signals.slice(document.row, 1).to_pylist()[0]


def show(life: Life, console: Console) -> None:
    """Print the signals that no rule of the recipe compares."""
    judged = {rule["metric"] for rule in life["rules"]}
    others = {k: v for k, v in life["signals"].items() if k not in judged and v is not None}
    shown = (
        f"{k} {v:.6g}" if isinstance(v, int | float) else f"{k} {v}" for k, v in others.items()
    )
    console.print("other signals: " + ", ".join(shown), markup=False, soft_wrap=True)
