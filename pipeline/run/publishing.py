"""Publishing: what of the published output is still right, and swapping in what was built beside it."""

from typing import Any

from polysieve.pipeline.run.plan import RUN, Plan, has_published, inputs_hash
from polysieve.pipeline.steps.report import report as reporting
from polysieve.pipeline.steps.write import corpus as write
from polysieve.pipeline.steps.write.embeddings import EMBEDDINGS
from polysieve.pipeline.steps.write.translations import PARALLEL
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import Store

STAGED = "staged"  # the piece of the write step that says that all is ready to be swapped in
OPTIONAL = (PARALLEL, EMBEDDINGS)  # folders that not every run writes; the record says which it did
SWAP = "swap.json"  # there while folders are being swapped


def label_keys(plan: Plan, details: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Label -> what its written files depend on."""
    inputs = inputs_hash(plan.inputs)
    return {
        label: write.label_key(
            inputs, plan.measure.fingerprint, plan.recipe, values["digest"], plan.lines
        )
        for label, values in details.items()
    }


def unchanged_labels(plan: Plan, details: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The labels whose published files need not be written again, with their entries in WRITTEN."""
    try:
        written = plan.store.read_json(reporting.WRITTEN)
    except FileNotFoundError:
        return {}
    keys = label_keys(plan, details)
    same = {k: v for k, v in written.items() if k in keys and v["key"] == keys[k]}
    return {k: v for k, v in same.items() if _is_there(plan, k, details[k])}


def _is_there(plan: Plan, label: str, values: dict[str, Any]) -> bool:
    """Whether a label's published files are in place."""
    removed = values["documents"] > values["kept"] and plan.recipe.output.removed != "none"
    wanted = {"corpus": values["kept"] > 0, "removed": removed}
    return all(
        plan.store.exists(f"{kind}/{label}/train-00000.parquet")
        for kind, expected in wanted.items()
        if expected
    )


def swap(folder: StepFolder) -> dict[str, Any]:
    """Make what is staged the output; returns run.json, which is written last of all.

    Only what the manifest holds is used here: the labels that were taken over from the published
    output cannot be told any more once the swap has begun. From the first folder to the last the
    marker SWAP is there, so that whoever comes next finishes the swap before anything else.
    """
    store = folder.store
    staged = folder.manifest(STAGED)
    assert staged is not None
    store.write_json(SWAP, {"write": folder.fingerprint})
    store.remove(reporting.WRITTEN)
    for name in write.PUBLISHED:
        store.publish(folder.file(name), name)
    for name in OPTIONAL:
        if staged["record"].get(name):
            store.publish(folder.file(name), name)
        elif has_published(store, name):
            store.remove(name)
    store.write_json(reporting.WRITTEN, staged["written"])
    store.write_json(RUN, staged["record"])
    store.remove(SWAP)
    store.remove(folder.name)
    return staged["record"]


def finish_swap(store: Store) -> None:
    """Finish a swap that was cut short. The caller holds the output's lock."""
    try:
        marker = store.read_json(SWAP)
    except FileNotFoundError:
        return
    swap(StepFolder(store, "write", marker["write"]))
