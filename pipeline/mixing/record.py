"""mix.json: what a mixture is made of, what was to be seen and what is, and which shards there are."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, TypedDict

from polysieve.pipeline.mixing.allocation import StagePlan
from polysieve.pipeline.mixing.cells import Cell, Size, added, of_json
from polysieve.pipeline.mixing.exposure import Exposure, Seen, ledger
from polysieve.pipeline.mixing.inputs import Input
from polysieve.pipeline.mixing.spec import Mix, MixError
from polysieve.pipeline.mixing.steps import draw, shuffle
from polysieve.pipeline.mixing.steps.survey import Surveyed
from polysieve.pipeline.run.disk import disk_free
from polysieve.pipeline.steps.step import Unfinished
from polysieve.pipeline.storage.store import Store

RECORD = "mix.json"
STAGED = "staged"
"""The manifest that says that all is ready to be swapped in, and what mix.json will be."""


class InputFile(TypedDict):
    """A file that is mixed."""

    root: str
    name: str
    size: int
    etag: str


class Group(TypedDict):
    """A group of a part in a stage; sizes and amounts in words or tokens, as the mixture counts."""

    part: str
    group: str
    size: int
    asked: float
    """The share of the stage that the spec asks for."""
    share: float
    """The share that it has."""
    amount: int
    epochs: float
    at_cap: bool
    """Whether no more of it may be taken."""


class Stage(TypedDict):
    """A stage: what was to be taken, what is, and of which groups."""

    name: str
    budget: int
    taken: int
    groups: list[Group]


class Shard(shuffle.Shard):
    """A shard that is published."""

    file: str


class Record(TypedDict):
    """mix.json."""

    polysieve: str
    steps: dict[str, str]
    """Step -> fingerprint."""
    spec: dict[str, Any]
    inputs: list[InputFile]
    stages: list[Stage]
    exposure: list[Exposure]
    shards: list[Shard]


def sizes_of(manifests: Iterable[Surveyed], spec: Mix) -> dict[Cell, Size]:
    """What all files hold, cell by cell. Raises MixError where documents have no tokens and these are counted."""
    parts, uncounted = [], 0
    for manifest in manifests:
        parts.append(of_json(manifest["cells"]))
        uncounted += manifest["uncounted"]
    if uncounted:
        raise MixError(
            f"unit: tokens: {uncounted:,} documents have no token_count; make their corpus with output.tokenizer, "
            "or count words"
        )
    return added(parts)


def shards_of(spec: Mix, sizes: dict[Cell, Size], stages: list[StagePlan]) -> tuple[int, ...]:
    """How many shards each stage has, by the bytes of text that its cells have for each word or token."""
    each = [size.text_bytes / size.amount if size.amount else 0.0 for size in sizes.values()]
    return tuple(
        max(1, -(-int(stage.targets @ each) // spec.output.shard_bytes)) for stage in stages
    )


def check_disk(store: Store, spec: Mix, shards: tuple[int, ...]) -> None:
    """Raises MixError where what is drawn and the shards made of it would not fit."""
    needed, free = sum(shards) * spec.output.shard_bytes, disk_free(store)
    if free is not None and sum(shards) > len(shards) and needed > free:
        raise MixError(
            f"{store}: about {needed / 2**30:,.0f} GiB are needed and {free / 2**30:,.0f} GiB are free; lower the "
            "budget, or name another --output"
        )


def of(
    spec: Mix,
    inputs: Sequence[Input],
    steps: Mapping[str, str],
    sizes: dict[Cell, Size],
    stages: list[StagePlan],
    drawn: Sequence[draw.Task],
    written: Sequence[tuple[shuffle.Task, shuffle.Shard]],
) -> Record:
    """mix.json. steps: their fingerprints; drawn, written: the tasks that are done, the latter with their manifests.

    Raises Unfinished where the shards do not hold what was drawn.
    """
    seen: dict[tuple[int, Cell], Seen] = {}
    for task in drawn:
        for key, own in draw.seen_of(task).items():
            seen[key] = seen.get(key, Seen()) + own
    _check(seen, written, spec)
    return {
        "polysieve": version("polysieve"),
        "steps": dict(steps),
        "spec": spec.model_dump(mode="json"),
        "inputs": [
            {"root": i.root, "name": i.name, "size": i.size, "etag": i.etag} for i in inputs
        ],
        "stages": [described(stage) for stage in stages],
        "exposure": ledger(spec.unit, stages, sizes, seen),
        "shards": [
            {"file": task.file, **manifest} for task, manifest in written if manifest["documents"]
        ],
    }


def _check(
    seen: dict[tuple[int, Cell], Seen],
    written: Sequence[tuple[shuffle.Task, shuffle.Shard]],
    spec: Mix,
) -> None:
    """What was drawn of each stage is what its shards hold. Raises Unfinished."""
    drawn: Counter[str] = Counter()
    for (stage, _), own in seen.items():
        drawn[spec.stages[stage].name] += own.exposures
    held: Counter[str] = Counter()
    for task, manifest in written:
        held[task.stage] += manifest["documents"]
    if drawn != held:
        raise Unfinished(
            f"the shards do not hold what was drawn, nothing was published: {dict(drawn)} and {dict(held)}"
        )


def described(plan: StagePlan) -> Stage:
    """A stage's groups as mix.json has them and `mix plan` prints them."""
    budget = plan.stage.budget
    return {
        "name": plan.stage.name,
        "budget": budget,
        "taken": plan.taken,
        "groups": [
            {
                "part": group.part,
                "group": group.name,
                "size": group.size,
                "asked": round(group.share, 6),
                "share": round(group.target / plan.taken, 6) if plan.taken else 0.0,
                "amount": int(plan.targets[group.cells].sum()),
                "epochs": round(group.target / group.size, 6) if group.size else 0.0,
                "at_cap": bool(group.target >= group.capacity - 1),
            }
            for group in plan.groups
        ],
    }


def published(store: Store) -> Record | None:
    """mix.json of what is published, None where nothing is."""
    try:
        return store.read_json(RECORD)
    except FileNotFoundError:
        return None
