"""run.json: what a run did, of what, with which code, and how every document ended."""

import platform
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, TypedDict

from polysieve.pipeline.index.versions import Increment, Revision
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.decide.manifest import LinesRemoved
from polysieve.pipeline.steps.measure.manifest import Measured
from polysieve.pipeline.steps.step import Plan, manifest_of
from polysieve.pipeline.steps.translate.synthetic import Shares
from polysieve.pipeline.steps.write import accounting, figures
from polysieve.pipeline.steps.write.accounting import Accounting
from polysieve.pipeline.steps.write.figures import Cost, Outcome
from polysieve.pipeline.steps.write.manifest import WrittenLabel
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


class Input(TypedDict):
    """An input as it was when it was read."""

    address: str
    size: int
    """-1 where it is not known."""
    etag: str
    key: str


class Index(TypedDict):
    """The deduplication index that a run met."""

    address: str
    version: str | None
    """The version that it started from; None where the index was new."""
    run: int
    """The number that the run has in it."""


class Embeddings(TypedDict):
    """What the published vectors were made with."""

    encoder: str
    sha256: str
    window: int


class Parts(TypedDict, total=False):
    """What run.json has of a run with an index, translations, a tokenizer, host lines or vectors."""

    index: Index
    translation: dict[str, Cost]
    """Target -> what its translations cost."""
    synthetic: Shares
    tokens: dict[str, int]
    """Label -> tokens of what is kept, where anything is."""
    lines_removed: dict[str, LinesRemoved]
    parallel: bool
    """Whether there are pairs of translations."""
    embeddings: Embeddings
    seconds: dict[str, float]
    """Wall time of each step of the run that was published, and in total."""


class Record(Parts):
    """run.json."""

    polysieve: str
    recipe_name: str
    recipe: dict[str, Any]
    """The recipe, without storage options."""
    seed: int
    versions: dict[str, str]
    """Library -> version."""
    language_model_hashes: list[str]
    steps: dict[str, str]
    """Step -> fingerprint, in order."""
    inputs: list[Input]
    quarantined_files: int
    pii: dict[str, dict[str, int]]
    """Label -> kind -> pieces of personal data in what is kept, where there are any."""
    accounting: Accounting


def record_of(
    plan: Plan, details: Mapping[str, WrittenLabel], translated: Mapping[str, Outcome]
) -> Record:
    """run.json. details: what was decided of each language; translated: what became of its translations."""
    index = plan.context.inputs.index
    read, quarantined, files, split = 0, 0, 0, 0
    skipped: Counter[str] = Counter()
    models: set[str] = set()
    for source in plan.sources:
        manifest = manifest_of(plan.context.measure, source.key, Measured)
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
    before: Parts = {}
    if index:
        before["index"] = _index_entry(index)
    if translated:
        before["translation"] = {label: values["ledger"] for label, values in translated.items()}
        before["synthetic"] = figures.shares(plan.context, details, translated)
    after: Parts = {}
    if plan.recipe.output.tokenizer:
        after["tokens"] = {k: v["tokens"] for k, v in details.items() if v["tokens"]}
    if plan.context.get("lines"):
        after["lines_removed"] = _lines_removed(details)
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
        **before,
        "quarantined_files": files,
        "pii": {label: values["pii"] for label, values in details.items() if values["pii"]},
        **after,
        "accounting": {
            "total": accounting.total(languages, read, dict(skipped), split),
            "languages": dict(sorted(languages.items())),
        },
    }


def _lines_removed(details: Mapping[str, WrittenLabel]) -> dict[str, LinesRemoved]:
    """Label -> the kept documents that lost lines, and the lines, where there are any."""
    found = {label: values["lines_removed"] for label, values in details.items()}
    return {label: counts for label, counts in found.items() if counts["documents"]}


def _index_entry(index: Increment | Revision) -> Index:
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
