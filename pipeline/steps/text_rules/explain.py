"""What rules that read text said of a document."""

import pyarrow as pa
from rich.console import Console

from polysieve.pipeline.steps import windows
from polysieve.pipeline.steps.explained import Explained, Life


def explain(document: Explained, life: Life) -> None:
    """Add `text_rules`; `passed` is None where a rule was not asked."""
    folder, unit = document.context.folder("text_rules"), document.documents.unit
    verdicts = pa.concat_tables(part for _, part in windows.read(folder, unit.name, document.label))
    found = verdicts.slice(document.row, 1).to_pylist()[0]
    life["text_rules"] = [
        {
            "rule": name,
            "datatrove": block.datatrove,
            "passed": found[f"{name}.passed"],
            "reason": found[f"{name}.reason"],
        }
        for name, block in document.recipe.text_rules.items()
    ]


def show(life: Life, console: Console) -> None:
    """Print the verdicts."""
    for one in life["text_rules"]:
        verdict = {None: "was not asked", True: "passes", False: "FAILS"}[one["passed"]]
        reason = f": {one['reason']}" if one["reason"] else ""
        console.print(f"{one['rule']} ({one['datatrove']}) {verdict}{reason}", markup=False)
