"""What the step measure says of a document, and of what it quarantined."""

import pyarrow.compute as pc
from rich.console import Console

from polysieve.pipeline.steps.explained import Explained, Life
from polysieve.pipeline.steps.step import Plan


def explain(document: Explained, life: Life) -> None:
    """Add `id`, `url`, `source` and `title`."""
    measured = document.measured
    file_path = document.documents.clusters["file_path"][document.row].as_py()
    keys = ("offset", "record", "dump", "date")
    life |= {
        "id": measured["id"],
        "url": measured["url"],
        "source": {"file_path": file_path, **{key: measured[key] for key in keys}},
        "title": measured["title"],
    }


def quarantined(plan: Plan, column: str, value: str) -> list[Life]:
    """The lives of quarantined documents with this id or url."""
    table = plan.store.read_columns("quarantine/train-00000.parquet", None)
    found = table.filter(pc.equal(table[column], value)).to_pylist()
    return [
        {
            "id": row["id"],
            "url": row["url"],
            "source": {key: row[key] for key in ("file_path", "offset", "record")},
            "decision": {"outcome": "quarantined", "reason": row["cause"], "weight": 0},
        }
        for row in found
    ]


def show(life: Life, console: Console) -> None:
    """Print where the document comes from."""
    source = life["source"]
    where = f"{source['file_path']}, offset {source['offset']}, record {source['record']}"
    when = f"  ({source.get('dump') or 'no dump'}, {source.get('date') or 'no date'})"
    console.print(where + when, markup=False, soft_wrap=True)
