"""What a run would do: its inputs, the folder of each step, what is done and what is not."""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from polysieve.pipeline.recipe import Recipe
from polysieve.pipeline.sources import Source
from polysieve.pipeline.steps.cluster import clusters
from polysieve.pipeline.steps.cluster.clusters import Increment
from polysieve.pipeline.steps.containment import containment
from polysieve.pipeline.steps.decide import decisions, selection
from polysieve.pipeline.steps.decide.members import Revision
from polysieve.pipeline.steps.embed import embeddings
from polysieve.pipeline.steps.fit import fit
from polysieve.pipeline.steps.host_lines import lines
from polysieve.pipeline.steps.measure import inputs as measure
from polysieve.pipeline.steps.score import scores
from polysieve.pipeline.steps.text_rules import verdicts as judgements
from polysieve.pipeline.steps.translate import admission as admit
from polysieve.pipeline.steps.translate import choice
from polysieve.pipeline.steps.translate import translations as translate
from polysieve.pipeline.steps.write import corpus as write
from polysieve.pipeline.storage import ledger
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import Store

RUN = "run.json"
_ORDER = (
    "measure", "fit", "clusters", "lines", "containment", "screening", "judgements", "survivors",
    "embeddings", "scores", "decisions", "choice", "translate", "admit", "write",
)  # fmt: skip


_DECIDING = ("screening", "survivors", "decisions")


@dataclass(frozen=True)
class Plan:
    """The steps of a run, each with its folder."""

    recipe: Recipe
    sources: tuple[Source, ...]
    store: Store
    measure: StepFolder
    fit: StepFolder
    clusters: StepFolder
    decisions: StepFolder
    write: StepFolder
    screening: StepFolder | None = None
    """Decisions without the rules that read text, where the recipe has such rules."""
    judgements: StepFolder | None = None
    lines: StepFolder | None = None
    """Lines that recur over a host, where the recipe asks for them."""
    containment: StepFolder | None = None
    """Documents that contain others, where the recipe asks for them."""
    choice: StepFolder | None = None
    """This and the next two: where the recipe translates."""
    translate: StepFolder | None = None
    admit: StepFolder | None = None
    survivors: StepFolder | None = None
    """Decisions by all rules, where the recipe asks models too."""
    embeddings: StepFolder | None = None
    """Vectors of what all rules keep, where heads read them or the recipe wants them written."""
    scores: StepFolder | None = None
    index: Increment | Revision | None = field(default=None, kw_only=True)
    rekeep: bool = field(default=False, kw_only=True)

    @property
    def inputs(self) -> list[str]:
        """The keys of the inputs, in the order of their addresses."""
        return [measure.input_key(source) for source in self.sources]

    @property
    def folders(self) -> tuple[StepFolder, ...]:
        return tuple(self.steps.values())

    @property
    def steps(self) -> dict[str, StepFolder]:
        """The folders in the order in which they are filled, by the names that run.json gives them."""
        return {name: folder for name in _ORDER if (folder := getattr(self, name))}

    @property
    def index_file(self) -> str:
        return self.measure.file(f"index-{inputs_hash(self.inputs)}.parquet")


Index: TypeAlias = Callable[[Sequence[str], str], Increment | Revision]
"""From the keys of the inputs and the fingerprint of step A to what the index holds for them."""


def make(
    recipe: Recipe,
    sources: Sequence[Source],
    store: Store,
    measured: str | None = None,
    index: Index | None = None,
    rekeep: bool = False,
    clustered: str | None = None,
) -> Plan:
    """The plan of a run; `measured` and `clustered` are the fingerprints of steps A and C where they are known.

    Model files and parameter files are hashed; nothing is read or written besides.
    """
    ordered = tuple(sorted(sources, key=lambda s: s.address))
    keys = [measure.input_key(source) for source in ordered]
    inputs = inputs_hash(keys)
    a = measured or ledger.fingerprint("measure", **measure.depends_on(recipe))
    b = ledger.fingerprint("fit", measure=a, inputs=inputs, **fit.depends_on(recipe))
    found = index(keys, a) if index else None
    grown = {}
    if isinstance(found, Increment):
        grown = {"index": found.earlier.fingerprint if found.earlier else "new"}
    c = clustered or ledger.fingerprint(
        "clusters", measure=a, inputs=inputs, **grown, **clusters.depends_on(recipe)
    )
    if isinstance(found, Revision):
        grown = {"index": found.version.fingerprint}
    if rekeep:
        grown["rekeep"] = "yes"
    steps = {"measure": a, "fit": b, "clusters": c}
    if recipe.host_lines:
        steps["lines"] = ledger.fingerprint("lines", clusters=c, **lines.depends_on(recipe))
        grown["lines"] = steps["lines"]
    if recipe.dedup.containment:
        steps["containment"] = grown["containment"] = ledger.fingerprint(
            "containment", clusters=c, **containment.depends_on(recipe)
        )
    d = ledger.fingerprint("decisions", clusters=c, fit=b, **grown, **decisions.depends_on(recipe))
    steps["decisions"] = d
    if recipe.text_rules:
        steps["screening"] = d
        steps["judgements"] = ledger.fingerprint(
            "judgements", decisions=d, **judgements.depends_on(recipe)
        )
        steps["decisions"] = ledger.fingerprint("decisions", judgements=steps["judgements"])
    if recipe.quality:
        steps["survivors"] = steps["decisions"]
        vectors = {}
        if embeddings.is_asked(recipe.quality):
            steps["embeddings"] = vectors["embeddings"] = ledger.fingerprint(
                "embeddings", decisions=steps["survivors"], **embeddings.depends_on(recipe)
            )
        steps["scores"] = ledger.fingerprint(
            "scores", decisions=steps["survivors"], **vectors, **scores.depends_on(recipe)
        )
        steps["decisions"] = ledger.fingerprint(
            "decisions", scores=steps["scores"], selection=selection.depends_on(recipe.quality)
        )
    written = {"decisions": steps["decisions"]}
    if recipe.translate:
        steps |= _translation(recipe, steps)
        written["admit"] = steps["admit"]
    steps["write"] = ledger.fingerprint("write", **written, **write.depends_on(recipe))
    return replace(of_steps(recipe, ordered, store, steps), index=found, rekeep=rekeep)


def _translation(recipe: Recipe, steps: dict[str, str]) -> dict[str, str]:
    """The fingerprints of step G's parts, from those of the steps before."""
    chosen = ledger.fingerprint("choice", decisions=steps["decisions"], **choice.depends_on(recipe))
    translated = ledger.fingerprint(
        "translate", choice=chosen, fit=steps["fit"], **translate.depends_on(recipe)
    )
    admitted = ledger.fingerprint("admit", translate=translated, **admit.depends_on(recipe))
    return {"choice": chosen, "translate": translated, "admit": admitted}


def of_steps(
    recipe: Recipe, sources: tuple[Source, ...], store: Store, steps: dict[str, str]
) -> Plan:
    """The plan whose steps have these fingerprints, by the names of `Plan.steps`."""
    folders: dict[str, Any] = {
        name: StepFolder(store, "decisions" if name in _DECIDING else name, digits)
        for name, digits in steps.items()
    }
    return Plan(recipe, sources, store, **folders)


def measured_already(recipe: Recipe, record: dict[str, Any]) -> bool:
    """Whether what a finished run measured is what this recipe would measure.

    `record` is its run.json. Models and libraries may have changed since: what was measured stays. Stop words
    are counted again where other ones apply.
    """
    before = Recipe.model_validate(record["recipe"])
    return measure.recipe_keys(before) == measure.recipe_keys(recipe)


def inputs_hash(keys: Sequence[str]) -> str:
    """A fingerprint of the list of inputs."""
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]


def published(store: Store) -> str | None:
    """The fingerprint of the write step whose output is published, or None."""
    try:
        return store.read_json(RUN)["steps"]["write"]
    except (FileNotFoundError, KeyError, ValueError):
        return None


def has_published(store: Store, name: str) -> bool:
    """Whether the run wrote a folder that not every run writes, `parallel` say: it may be somebody else's."""
    try:
        return bool(store.read_json(RUN).get(name))
    except FileNotFoundError:
        return False


# Rough bytes on disk per byte of input, steps and corpus together, told by the address: an estimate
# to warn by, not a measurement.
_DISK_FACTORS = (
    (".wet", 3.5),
    (".warc", 1.5),
    (".jsonl.gz", 4.0),
    (".jsonl.zst", 4.5),
    (".parquet", 3.0),
)


def disk_estimate(sources: Sequence[Source]) -> int:
    """About how many bytes a run over these inputs writes."""
    total = 0.0
    for source in sources:
        factor = next((f for part, f in _DISK_FACTORS if part in source.address), 2.0)
        total += max(source.size, 0) * factor
    return int(total)


def disk_free(store: Store) -> int | None:
    """Free bytes where the output goes; None on an object store."""
    if not store.local:
        return None
    folder = store.root
    while True:
        try:
            return shutil.disk_usage(folder).free
        except (FileNotFoundError, NotADirectoryError):
            folder = folder.rpartition("/")[0] or "/"
