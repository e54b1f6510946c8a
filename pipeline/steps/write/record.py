"""run.json: what a run did, of what, with which code, and how every document ended."""

import platform
from collections import Counter
from importlib.metadata import version
from typing import Any, TypeAlias

from polysieve.pipeline.index.versions import Increment, Revision
from polysieve.pipeline.recipe import Recipe
from polysieve.pipeline.steps.step import Plan, manifest_of
from polysieve.pipeline.steps.translate import figures
from polysieve.pipeline.steps.write import accounting
from polysieve.pipeline.storage.schema import UNKNOWN

LIBRARIES = (
    "pyarrow",
    "polars",
    "numpy",
    "numba",
    "ray",
    "resiliparse",
    "pycld2",
    "icu4py",
    "ftfy",
    "phonenumbers",
)


Record: TypeAlias = dict[str, Any]
"""run.json."""


def record_of(
    plan: Plan, details: dict[str, dict[str, Any]], translated: dict[str, dict[str, Any]]
) -> Record:
    """run.json. details: what was decided of each language; translated: what became of its translations."""
    index = plan.context.inputs.index
    read, quarantined, files, split = 0, 0, 0, 0
    skipped: Counter[str] = Counter()
    models: set[str] = set()
    for source in plan.sources:
        manifest = manifest_of(plan.context.measure, source.key)
        read += manifest["records_read"]
        quarantined += manifest["quarantined"]
        files += manifest["unreadable"]
        split += manifest["documents_split"]
        models.add(manifest["language_model"])
        skipped.update(manifest["records_skipped"])
    languages = {
        label: accounting.entry(
            values["kept"],
            values["removed"],
            values["duplicates"],
            quarantined if label == UNKNOWN else 0,
        )
        for label, values in details.items()
    }
    if quarantined and UNKNOWN not in languages:
        languages[UNKNOWN] = accounting.entry(quarantined=quarantined)
    for label, values in translated.items():
        own = accounting.entry(values["kept"], values["removed"], values["duplicates"])
        languages[label] = accounting.with_translations(languages.get(label), own)
    return {
        "polysieve": version("polysieve"),
        "recipe_name": plan.recipe.name,
        "recipe": recorded(plan.recipe),
        "seed": plan.recipe.seed,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
        "language_model_hashes": sorted(models),
        "steps": plan.steps,
        "inputs": [
            {"address": s.address, "size": s.size, "etag": s.etag, "key": s.key}
            for s in plan.sources
        ],
        **({"index": _index_entry(index)} if index else {}),
        **({"translation": {k: v["ledger"] for k, v in translated.items()}} if translated else {}),
        **({"synthetic": figures.shares(plan.context, details, translated)} if translated else {}),
        "quarantined_files": files,
        "pii": {label: values["pii"] for label, values in details.items() if values["pii"]},
        **({"tokens": _tokens(details)} if plan.recipe.output.tokenizer else {}),
        **({"lines_removed": _lines_removed(details)} if plan.context.get("lines") else {}),
        "accounting": {
            "total": accounting.total(languages, read, dict(skipped), split),
            "languages": dict(sorted(languages.items())),
        },
    }


def _tokens(details: dict[str, dict[str, Any]]) -> dict[str, int]:
    """Label -> tokens of what is kept, where anything is."""
    return {label: values["tokens"] for label, values in details.items() if values["tokens"]}


def _lines_removed(details: dict[str, dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Label -> the kept documents that lost lines, and the lines, where there are any."""
    found = {label: values["lines_removed"] for label, values in details.items()}
    return {label: counts for label, counts in found.items() if counts["documents"]}


def _index_entry(index: Increment | Revision) -> dict[str, Any]:
    """What run.json says of the index."""
    version = index.version if isinstance(index, Revision) else index.earlier
    return {
        "address": str(index.store),
        "version": version.fingerprint if version else None,
        "run": index.run,
    }


def recorded(recipe: Recipe) -> dict[str, Any]:
    """A recipe as run.json has it: storage options may hold keys and are left out."""
    data = recipe.model_dump(mode="json")
    data["input"]["storage_options"] = {}
    return data
