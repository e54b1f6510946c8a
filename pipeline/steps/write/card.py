"""The corpus's dataset card: its YAML lets `datasets.load_dataset(DIR/corpus, "swh_Latn")` work."""

import yaml

from polysieve.pipeline.steps.write.record import Record


def dataset_card(record: Record, kept: dict[str, int]) -> str:
    """Markdown for `corpus/README.md`; `kept` has the documents of each label that has any."""
    head = {
        "pretty_name": f"polysieve corpus ({record['recipe_name']})",
        "task_categories": ["text-generation"],
        "language": sorted({label.partition("_")[0] for label in kept}),
        "configs": [
            {"config_name": label, "data_files": [{"split": "train", "path": f"{label}/*.parquet"}]}
            for label in kept
        ],
    }
    total = record["accounting"]["total"]
    rows = "\n".join(f"| {label} | {count:,} |" for label, count in kept.items())
    return f"""---
{yaml.safe_dump(head, sort_keys=False, allow_unicode=True).strip()}
---

# A corpus made by polysieve {record["polysieve"]}

{total["kept"]:,} documents in {len(kept)} languages, kept of {total["documents_in"]:,} with the recipe
`{record["recipe_name"]}`. What was removed, with the reason for each document, is beside this folder in `removed/`;
figures per language are in `report/`, thresholds in `parameters/`, the whole run in `run.json`.

```python
from datasets import load_dataset

load_dataset("corpus", "{next(iter(kept), "swh_Latn")}", split="train")
```

| language | documents |
|---|---:|
{rows}
"""
