"""What a run would do: its inputs and the folder of each step."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from polysieve.pipeline.index.versions import Increment, Revision
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.owners import keys_of
from polysieve.pipeline.run import walk
from polysieve.pipeline.run.dag import STEPS
from polysieve.pipeline.sources import Source
from polysieve.pipeline.steps.measure.step import read_keys
from polysieve.pipeline.steps.step import Context, Inputs, Plan
from polysieve.pipeline.steps.write.record import Record
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import Store

RUN = "run.json"

Index: TypeAlias = Callable[[Sequence[str], str], Increment | Revision]
"""From the keys of the inputs and the fingerprint of the first step to what a deduplication index holds for them."""


def make(
    recipe: Recipe,
    sources: Sequence[Source],
    store: Store,
    index: Index | None = None,
    rekeep: bool = False,
    known: Mapping[str, str] | None = None,
) -> Plan:
    """The plan of a run. known: fingerprints of steps whose results are there and are to be used as they are.

    Model files and parameter files are hashed; nothing is read or written besides.
    """
    ordered = tuple(sorted(sources, key=lambda s: s.address))
    inputs = Inputs(inputs_hash([source.key for source in ordered]), None, rekeep)
    folders: dict[str, StepFolder] = {}
    for step in walk.asked(STEPS, recipe):
        digits = (known or {}).get(step.name)
        if digits is None:
            digits = walk.fingerprint_of(step, recipe, inputs, folders)
        if not folders and index:  # an index knows a run by its inputs and how they were measured
            found = index([source.key for source in ordered], digits)
            inputs = Inputs(inputs.hash, found, rekeep)
        folders[step.name] = walk.folder_of(step, store, digits)
    return Plan(Context(recipe, store, folders, inputs), ordered)


class OtherVersion(ValueError):
    """An output of a version of polysieve that had other steps."""


def _check_steps(record: Record) -> None:
    names = [step.name for step in walk.asked(STEPS, Recipe.model_validate(record["recipe"]))]
    if list(record["steps"]) != names:
        raise OtherVersion(
            f"made by a version of polysieve with other steps ({', '.join(record['steps'])}); "
            "`polysieve run` with the same recipe and inputs makes it anew"
        )


def recorded(store: Store, record: Record) -> Plan:
    """The plan of a finished run, as its run.json tells it: a later library version changes nothing.

    Raises OtherVersion.
    """
    _check_steps(record)
    sources = tuple(Source(i["address"], i["size"], i["etag"]) for i in record["inputs"])
    inputs = Inputs(inputs_hash([source.key for source in sources]))
    by_name = {step.name: step for step in STEPS}
    folders = {
        name: walk.folder_of(by_name[name], store, digits)
        for name, digits in record["steps"].items()
    }
    recipe = Recipe.model_validate(record["recipe"])
    return Plan(Context(recipe, store, folders, inputs), sources)


def measured_already(recipe: Recipe, record: Record) -> bool:
    """Whether what a finished run measured is what this recipe would measure.

    Models and libraries may have changed since: what was measured stays. Stop words are counted again where other ones
    apply.
    """
    first, before = STEPS[0], Recipe.model_validate(record["recipe"])
    return all(
        keys_of(before, owner, paths=True) == keys_of(recipe, owner, paths=True)
        for owner in first.keys or (first.name,)
    ) and read_keys(before) == read_keys(recipe)


def measured_steps(record: Record) -> dict[str, str]:
    """The fingerprints of a finished run's first two steps: what was measured, where it lies. Raises OtherVersion."""
    _check_steps(record)
    return dict(list(record["steps"].items())[:2])


def inputs_hash(keys: Sequence[str]) -> str:
    """A fingerprint of the list of inputs, from their keys."""
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]


def published_steps(store: Store) -> dict[str, str] | None:
    """The fingerprints of the steps whose output is published, by name; None where nothing is."""
    try:
        record: Record = store.read_json(RUN)
        return record["steps"]
    except (FileNotFoundError, KeyError, ValueError):
        return None


def has_published(store: Store, name: str) -> bool:
    """Whether the run wrote a folder that not every run writes, `parallel` say: it may be somebody else's."""
    try:
        return bool(store.read_json(RUN).get(name))
    except FileNotFoundError:
        return False
