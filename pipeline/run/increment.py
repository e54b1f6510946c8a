"""How a run meets an index: what it starts from, and what it leaves there.

A run starts from the version that holds, or, run again, from the one that it started from before. Once its
output is published, it makes the next version. `decide --index` reads a version in which the output is
already, and makes a next one where the choice of published members has changed.
"""

from collections.abc import Sequence

from polysieve.pipeline.index import versions as index
from polysieve.pipeline.index.versions import (
    Earlier,
    Extents,
    Increment,
    IndexUnusable,
    Revision,
    RunAdded,
    Settings,
)
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.run.plan import inputs_hash
from polysieve.pipeline.steps.cluster import clusters
from polysieve.pipeline.steps.cluster.manifest import Clusters
from polysieve.pipeline.steps.cluster.step import settings_of
from polysieve.pipeline.steps.decide.manifest import Decided
from polysieve.pipeline.steps.step import Plan, manifest_of
from polysieve.pipeline.steps.translate import compared
from polysieve.pipeline.steps.translate.manifest import Admitted
from polysieve.pipeline.storage.store import Store


def increment(store: Store, recipe: Recipe, inputs: Sequence[str], measure: str) -> Increment:
    """What a run over these inputs starts from. Raises IndexUnusable."""
    check(recipe)
    latest = index.current(store)
    if latest is None:
        return Increment(store, None, 0)
    _check_settings(latest, recipe)
    number = latest.run_of(inputs_hash(inputs), measure)
    if number is None:
        _refuse_overlap(latest, inputs)
        return Increment(store, latest, len(latest.runs))
    if number < len(latest.runs) - 1:
        raise IndexUnusable(
            f"{store}: these inputs are in the index, and others came after them; "
            "use `polysieve decide` with --index"
        )
    base = latest.runs[number]["base"]
    if base is not None and not store.exists(index.version_file(base)):
        raise IndexUnusable(
            f"{store}: these inputs are in the index, which has been compacted since; "
            "use `polysieve decide` with --index"
        )
    return Increment(store, Earlier(store, base) if base else None, number)


def revision(store: Store, recipe: Recipe, inputs: Sequence[str], measure: str) -> Revision:
    """The version by which an output of these inputs is decided again. Raises IndexUnusable."""
    check(recipe)
    latest = index.current(store)
    number = latest.run_of(inputs_hash(inputs), measure) if latest else None
    if latest is None or number is None:
        raise IndexUnusable(
            f"{store}: this output is not in the index; add it by `polysieve run` with --index"
        )
    _check_settings(latest, recipe)
    return Revision(store, latest, number)


def _check_settings(latest: Earlier, recipe: Recipe) -> None:
    """Raises IndexUnusable where the index was made with other settings of deduplication."""
    settings = settings_of(recipe)
    if latest.record["settings"] != settings:
        raise IndexUnusable(
            f"{latest.store}: made with other settings of dedup "
            f"({_difference(latest.record['settings'], settings)}); use them, or another index"
        )


def check(recipe: Recipe) -> None:
    """Raises IndexUnusable where a recipe asks for what an index does not hold."""
    if recipe.dedup.minhash and recipe.dedup.minhash.verify_by == "texts":
        raise IndexUnusable(
            "dedup.minhash.verify_by: an index holds signatures, 112 bytes a document, and no texts or shingles "
            "(some 4,000); with --index, use verify_by: signatures"
        )


def _difference(one: Settings, other: Settings) -> str:
    def flat(values: Settings) -> dict[str, object]:
        minhash = values["minhash"] or {"minhash": None}
        return {**{k: v for k, v in values.items() if k != "minhash"}, **minhash}

    a, b = flat(one), flat(other)
    keys = [key for key in {**a, **b} if a.get(key) != b.get(key)]
    return ", ".join(f"{key}: {a.get(key)} there, {b.get(key)} here" for key in keys)


def _refuse_overlap(latest: Earlier, inputs: Sequence[str]) -> None:
    mine = set(inputs)
    for number, run in enumerate(latest.runs):
        if mine.intersection(latest.store.read_json(run["inputs_file"])):
            raise IndexUnusable(
                f"{latest.store}: some of these inputs are in the index already (run {number}); "
                "leave them out, or their documents would be duplicates of themselves"
            )


def finish(plan: Plan) -> None:
    """Make the version of the index that holds what a published run found; done already, it does nothing."""
    context, met = plan.context, plan.context.inputs.index
    published: dict[str, Extents] = {}
    for unit in plan.units:
        published |= manifest_of(context.folder("decisions"), unit.name, Decided)["published"]
    translated = _translated(plan)
    if isinstance(met, Revision):
        version = met.version
        if translated or any(
            _changed(version, label, tables) for label, tables in published.items()
        ):
            record = index.with_published(
                {**version.record, "parent": version.fingerprint}, published
            )
            index.commit(met.store, index.with_translations(record, translated))
        return
    assert met is not None
    store = met.store
    added: dict[str, Extents] = {}
    dumps: set[str] = set()
    for unit in plan.units:
        manifest = manifest_of(context.folder("clusters"), unit.name, Clusters)
        added |= manifest["index"]
        dumps.update(manifest["dumps"])
    for label, tables in translated.items():
        added[label] = {**added.get(label, {}), **tables}
    inputs_file = f"{clusters.delta_folder(context.folder('clusters'))}/inputs.json"
    run: RunAdded = {
        "inputs": context.inputs.hash,
        "inputs_file": inputs_file,
        "measure": context.measure.fingerprint,
        "snapshots": sorted(dumps),
        "documents": sum(unit.documents for unit in plan.units),
    }
    record = index.with_run(met.earlier, settings_of(plan.recipe), run, added, published)
    latest = index.current(store)
    if latest is None or latest.fingerprint != index.fingerprint_of(record):
        store.write_json(inputs_file, [source.key for source in plan.sources])
        index.commit(store, record)


def _translated(plan: Plan) -> dict[str, Extents]:
    """What the translations of a run add to the index: label → the extents of its table of translations."""
    context, met = plan.context, plan.context.inputs.index
    targets = plan.recipe.translate.targets if plan.recipe.translate else {}
    found: dict[str, Extents] = {}
    for label in targets:
        if extents := manifest_of(context.folder("admit"), label, Admitted)["index"]:
            found[label] = extents
    if isinstance(met, Revision):
        # Languages that the output had translations into, and has no more.
        settings = plan.recipe.dedup.minhash
        nothing = compared.no_translations(settings)
        folder = f"runs/{context.folder('write').fingerprint}"
        for label in met.version.record["labels"]:
            file = f"{folder}/{label}-translations.parquet"
            if label not in targets and (
                extents := compared.write_translations(met, file, label, nothing, settings)
            ):
                found[label] = extents
    return found


def _changed(version: Earlier, label: str, tables: Extents) -> bool:
    before = version.table(label, "published", index.PUBLISHED, ["member"])
    after = [
        version.store.read_columns(file, ["member"], start, start + rows)["member"].to_pylist()
        for file, start, rows in tables["published"]
    ]
    return before["member"].to_pylist() != [member for part in after for member in part]
