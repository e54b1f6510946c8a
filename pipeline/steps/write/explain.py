"""How a document's text is written, and the personal data in it."""

import pyarrow as pa
from rich.console import Console

from polysieve.dedup import host_lines
from polysieve.pipeline.steps.explained import Explained, Life
from polysieve.pipeline.texts import cleaning


def explain(document: Explained, life: Life) -> None:
    """Add `text_start` and `pii`; `decision` and, where lines are taken out, `host_lines` are there."""
    texts = pa.array([document.measured["text"]], pa.large_string())
    recurring = life.get("host_lines")
    if recurring and recurring["removed"] and life["decision"]["outcome"] == "kept":
        numbers = [[line["number"] for line in recurring["lines"]]]
        texts = host_lines.without_lines(texts, pa.array(numbers, pa.list_(pa.int32())))
    labels = pa.array([document.label.name])
    written = cleaning.of_written(texts, labels, document.recipe.clean)
    life["text_start"] = (written.texts[0].as_py() or "")[:200]
    life["pii"] = dict(sorted(written.counts.get(0, {}).items()))


def show(life: Life, console: Console) -> None:
    """Print the beginning of the text, and what personal data it holds."""
    console.print(f"text as written: {' '.join(life['text_start'].split())}…", markup=False)
    if life["pii"]:
        found = ", ".join(f"{kind} {count}" for kind, count in life["pii"].items())
        console.print(f"personal data: {found}", markup=False)
