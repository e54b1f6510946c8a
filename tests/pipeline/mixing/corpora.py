"""Small corpora for the mixer, written as a run writes them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polysieve.pipeline.storage.schema import CORPUS

SENTENCES = {
    "fra_Latn": "Le vent se lève, il faut tenter de vivre.",
    "arb_Arab": "العلم في الصغر كالنقش على الحجر",
    "hin_Deva": "अब पछताए होत क्या जब चिड़िया चुग गई खेत",
    "tha_Thai": "น้ำขึ้นให้รีบตัก",
    "amh_Ethi": "ቀስ በቀስ እንቁላል በእግሩ ይሄዳል",
    "cmn_Hans": "千里之行，始于足下。",
    "yor_Latn": "Àgbà kì í wà lọ́jà, kí orí ọmọ tuntun wọ́.",
}


def write(folder: Path, documents: list[dict[str, Any]], group: int = 20) -> Path:
    """A corpus of documents with `label` and any columns of the schema; words default to those of the text."""
    by_label: dict[str, list[dict[str, Any]]] = {}
    for number, document in enumerate(documents):
        label = document.pop("label")
        language, script = label.split("_")
        text = document.get("text") or f"{SENTENCES[label]} {number}"
        by_label.setdefault(label, []).append(
            {
                "text": text, "id": f"{label}-{number}", "language": language, "language_script": script,
                "word_count": len(text.split()), "weight": 1, "origin": "web", **document,
            }
        )  # fmt: skip
    for label, rows in by_label.items():
        path = folder / label / "train-00000.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, CORPUS), path, row_group_size=group)
    return folder


def languages(folder: Path, **counts: int) -> Path:
    """A corpus with so many documents of each label."""
    return write(folder, [{"label": label} for label, n in counts.items() for _ in range(n)])
