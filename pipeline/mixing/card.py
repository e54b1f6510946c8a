"""The mixture's card: its YAML lets `datasets.load_dataset(DIR/mix)` work, its tables say what was seen."""

from collections.abc import Callable

import yaml

from polysieve.pipeline.mixing.exposure import Exposure, Unit, summed
from polysieve.pipeline.mixing.record import Record
from polysieve.pipeline.mixing.steps.shuffle import PUBLISHED
from polysieve.pipeline.storage.ledger import StepFolder

MOST_ROWS = 100


def write_card(folder: StepFolder, record: Record) -> None:
    """Write the mixture's card beside its shards."""
    folder.store.write_text(folder.file(f"{PUBLISHED}/README.md"), mix_card(record))


def mix_card(record: Record) -> str:
    """Markdown for `mix/README.md`, of what mix.json holds."""
    spec = record["spec"]
    unit: Unit = spec["unit"]
    kind = spec["output"]["format"]
    files: dict[str, list[str]] = {stage["name"]: [] for stage in record["stages"]}
    for shard in record["shards"]:
        path = shard["file"].partition("/")[2]
        files[path.partition("/")[0]].append(path)
    filled = {stage: own for stage, own in files.items() if own}
    head = {
        "pretty_name": f"polysieve mixture ({spec['name']})",
        "task_categories": ["text-generation"],
        "language": sorted({row["label"].partition("_")[0] for row in record["exposure"]}),
        "configs": [
            _config("default", [f"{stage}/*.{kind}" for stage in filled]),
            *(_config(stage, [f"{stage}/*.{kind}"]) for stage in filled if stage != "default"),
        ],
    }
    tables = [
        _table(record, unit, f"By {names}", names.split(" and "), key)
        for names, key in (
            ("stage and source", lambda row: (row["stage"], row["source"])),
            ("stage and label", lambda row: (row["stage"], row["label"])),
            ("stage and origin", lambda row: (row["stage"], row["origin"])),
            ("stage and tier", lambda row: (row["stage"], row["tier"] or "none")),
        )
    ]
    exposures = sum(row["realised"]["exposures"] for row in record["exposure"])
    amount = sum(row["realised"][unit] for row in record["exposure"])
    return f"""---
{yaml.safe_dump(head, sort_keys=False, allow_unicode=True).strip()}
---

# A mixture made by polysieve {record["polysieve"]}

{exposures:,} documents with {amount:,} {unit}, in {len(record["stages"])} stages, shuffled within each. A document
may be there several times, and `repetition` counts how often it stood before. What each stage took of what, and the
spec, are in `mix.json` beside this folder.

```python
from datasets import load_dataset

load_dataset("mix", "{next(iter(filled), "default")}", split="train")
```

{chr(10).join(tables)}"""


def _config(name: str, paths: list[str]) -> dict[str, object]:
    return {"config_name": name, "data_files": [{"split": "train", "path": paths}]}


def _table(
    record: Record,
    unit: Unit,
    title: str,
    names: list[str],
    key: Callable[[Exposure], tuple[str, ...]],
) -> str:
    """One of the ledger's sums, its largest rows."""
    found = summed(record["exposure"], unit, key)
    rows = sorted(found.items(), key=lambda item: (-item[1][unit], item[0]))[:MOST_ROWS]
    lines = [
        f"| {' | '.join(values)} | {own['exposures']:,} | {own['predicted']:,} | {own[unit]:,} "
        f"| {own[unit] / own['held'] if own['held'] else 0:.2f} | {own['repetitions']} |"
        for values, own in rows
    ]
    return f"""## {title}

| {" | ".join(names)} | documents | {unit} planned | {unit} | epochs | most repetitions |
|{"---|" * len(names)}---:|---:|---:|---:|---:|
{chr(10).join(lines)}
"""
