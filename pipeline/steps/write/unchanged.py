"""Which labels' published files are what would be written again: they are linked, not written."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from polysieve import closure
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.decide.manifest import DecidedLabel
from polysieve.pipeline.steps.step import Context
from polysieve.pipeline.steps.write import corpus
from polysieve.pipeline.steps.write.samples import Sample
from polysieve.pipeline.storage.ledger import fingerprint
from polysieve.pipeline.texts import cleaning, tokens

WRITTEN = "written.json"
"""The file that says of each label what its published files and its page were made from (`PublishedLabel`)."""


class PublishedLabel(TypedDict):
    """A label in WRITTEN; all but the key is there where it has native documents, or translations."""

    key: str
    """What its published files depend on; empty where it has translations alone."""
    pii: NotRequired[dict[str, int]]
    tokens: NotRequired[int | None]
    page: NotRequired[str]
    """What its page depends on."""
    brief: NotRequired[Mapping[str, object]]
    """The figures of its page that the report's index shows too."""
    translated: NotRequired[dict[str, list[Sample]]]
    """Reason, or `kept` -> a few translations."""


def label_keys(context: Context, details: Mapping[str, DecidedLabel]) -> dict[str, str]:
    """Label -> what its written files depend on; `digest` of its details is that of its decisions."""
    recipe = context.recipe
    removes = recipe.host_lines and recipe.host_lines.remove
    common = {
        "source": closure.source_hash(corpus.__name__),
        "inputs": context.inputs.hash,
        "measure": context.measure.fingerprint,
        "lines": context.folder("lines").fingerprint if removes else None,
        "output": recipe.output.model_dump(include={"removed", "shard_bytes"}),
        **written_hashes(recipe),
    }
    return {
        label: fingerprint("write", decisions=values["digest"], **common)
        for label, values in details.items()
    }


def written_hashes(recipe: Recipe) -> dict[str, object]:
    """What is done to texts that are written, with the versions of what does it."""
    return {
        "clean": recipe.clean.model_dump(),
        "libraries": cleaning.versions(recipe.clean, "written"),
        "tokenizer": tokens.fingerprint(recipe.output.tokenizer),
    }


def unchanged_labels(
    context: Context, details: Mapping[str, DecidedLabel]
) -> dict[str, PublishedLabel]:
    """The labels whose published files need not be written again, with their entries in WRITTEN."""
    try:
        written: dict[str, PublishedLabel] = context.store.read_json(WRITTEN)
    except FileNotFoundError:
        return {}
    keys = label_keys(context, details)
    same = {k: v for k, v in written.items() if k in keys and v["key"] == keys[k]}
    return {k: v for k, v in same.items() if _is_there(context, k, details[k])}


def _is_there(context: Context, label: str, values: DecidedLabel) -> bool:
    """Whether a label's published files are in place."""
    removed = values["documents"] > values["kept"] and context.recipe.output.removed != "none"
    wanted = {"corpus": values["kept"] > 0, "removed": removed}
    return all(
        context.store.exists(f"{kind}/{label}/train-00000.parquet")
        for kind, expected in wanted.items()
        if expected
    )
