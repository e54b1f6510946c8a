"""Which lines of a document recur on its host."""

from rich.console import Console

from polysieve.pipeline.steps.explained import Explained, Life
from polysieve.pipeline.steps.host_lines import lines


def explain(document: Explained, life: Life) -> None:
    """Add `host_lines`, and to the signals the share of lines that recur.

    `host_documents` is None where the host has fewer than `min_documents`.
    """
    marks = lines.read(document.context.folder("lines"), document.label, lines.MARKS.names)
    found = marks.slice(document.row, 1).to_pylist()[0]
    life["signals"]["host_repeated_line_share"] = found["host_repeated_line_share"]
    text = (document.measured["text"] or "").split("\n")
    life["host_lines"] = {
        "removed": lines.settings(document.recipe).remove,
        "host_documents": found["host_documents"] or None,
        "lines": [
            {"number": number, "documents": seen, "line": text[number].strip()}
            for number, seen in zip(found["numbers"], found["documents"], strict=True)
        ],
    }


def show(life: Life, console: Console) -> None:
    """Print the lines that recur, and whether they were taken out."""
    found = life["host_lines"]
    if not found["lines"]:
        why = "too few documents of it" if found["host_documents"] is None else "none recurs"
        console.print(f"lines of the host: {why}")
        return
    is_kept = life["decision"]["outcome"] == "kept"
    taken = "taken out" if found["removed"] and is_kept else "not taken out"
    console.print(f"lines that recur on the host ({found['host_documents']:,} documents), {taken}:")
    for line in found["lines"]:
        console.print(
            f"  line {line['number'] + 1}, on {line['documents']:,} documents: {line['line'][:120]}",
            markup=False,
            soft_wrap=True,
        )
