"""A mixture, step by step: survey, cuts, drawing, shuffle; published at the end, ledger last of all."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from polysieve.pipeline.engines import packing
from polysieve.pipeline.engines.engine import Engine
from polysieve.pipeline.mixing import card
from polysieve.pipeline.mixing.allocation import StagePlan, allocate
from polysieve.pipeline.mixing.cells import Cell, Size, added, of_json
from polysieve.pipeline.mixing.exposure import Seen, ledger
from polysieve.pipeline.mixing.inputs import Input
from polysieve.pipeline.mixing.spec import Mix, MixError
from polysieve.pipeline.mixing.steps import cut, draw, render, shuffle, survey
from polysieve.pipeline.run.plan import disk_free
from polysieve.pipeline.run.tasks import Unfinished, run_pieces
from polysieve.pipeline.run.watch import Watch
from polysieve.pipeline.storage.ledger import StepFolder, fingerprint, step_folders
from polysieve.pipeline.storage.store import TEMPORARY, Store

RECORD = "mix.json"
STEPS = ("render", "survey", "cut", "draw", "shuffle")
STAGED = "staged"
CELLS = 500
"""Cells that a task finds the cuts of, at most, unless one label has more."""


@dataclass(frozen=True)
class Plan:
    """What is mixed, and the folders of its steps."""

    spec: Mix
    inputs: list[Input]
    store: Store
    render: StepFolder
    survey: StepFolder
    cut: StepFolder
    draw: StepFolder
    shuffle: StepFolder

    @property
    def folders(self) -> list[StepFolder]:
        return [self.render, self.survey, self.cut, self.draw, self.shuffle]

    @classmethod
    def of(cls, spec: Mix, inputs: list[Input], store: Store) -> "Plan":
        rendered = fingerprint("render", **render.depends_on(spec))
        folder = StepFolder(store, "render", rendered)
        inputs = [
            replace(i, rendered=f"{store.root}/{folder.name}")
            if spec.sources[i.sources[0]].template
            else i
            for i in inputs
        ]
        surveyed = fingerprint("survey", render=rendered, **survey.depends_on(spec))
        cuts = fingerprint(
            "cut",
            survey=surveyed,
            inputs=[input.key for input in inputs],
            stages=spec.model_dump(include={"stages", "max_epochs"}),
        )
        output = spec.output.model_dump(exclude={"format"})
        drawn = fingerprint("draw", cut=cuts, output=output)
        shuffled = fingerprint("shuffle", draw=drawn, format=spec.output.format, name=spec.name)
        named = zip(STEPS, (rendered, surveyed, cuts, drawn, shuffled), strict=True)
        return cls(spec, inputs, store, *(StepFolder(store, *pair) for pair in named))


def execute(plan: Plan, engine: Engine, watch: Watch) -> tuple[dict[str, Any], str]:
    """Bring the output up to date; returns mix.json and what was done. The caller holds the output's lock.

    Raises Unfinished where a piece could not be done, MixError where the spec asks for what is not there.
    """
    store = plan.store
    store.remove(TEMPORARY)
    # First of all: what another spec left staged may have been swapped in before a kill, and is no longer whole.
    _collect_garbage(plan, besides=plan.folders)
    if (record := published(store)) and record["fingerprint"] == plan.shuffle.fingerprint:
        _collect_garbage(plan, besides=[plan.render, plan.survey])
        return record, "nothing to do: the mixture is up to date"
    if plan.shuffle.manifest(STAGED) is None:
        _stage(plan, engine, watch)
    record = _publish(plan)
    # The survey stays, and the documents that it read: other stages and shares begin with them.
    _collect_garbage(plan, besides=[plan.render, plan.survey])
    return record, "done"


def published(store: Store) -> dict[str, Any] | None:
    """mix.json of what is published, None where nothing is."""
    try:
        return store.read_json(RECORD)
    except FileNotFoundError:
        return None


def render_pairs(plan: Plan, engine: Engine, watch: Watch) -> None:
    """Make documents of the pairs, where the mixture has any."""
    tasks = [render.Task(plan.render, i, plan.spec) for i in plan.inputs if i.rendered]
    if tasks:
        run_pieces("render", render.run, plan.render, tasks, engine, watch)


def sizes_of(manifests: Iterable[dict[str, Any]], spec: Mix) -> dict[Cell, Size]:
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


def _stage(plan: Plan, engine: Engine, watch: Watch) -> None:
    """Everything up to the shards, beside what is published."""
    spec = plan.spec
    render_pairs(plan, engine, watch)
    surveying = [survey.Task(plan.survey, input, spec) for input in plan.inputs]
    run_pieces("survey", survey.run, plan.survey, surveying, engine, watch)
    sizes = sizes_of((_manifest(plan.survey, i.key) for i in plan.inputs), spec)
    stages = allocate(spec, sizes)
    for note in (note for stage in stages for note in stage.notes(spec.unit)):
        watch.say(note, style="yellow")
    shards = shards_of(spec, sizes, stages)
    _check_disk(plan, shards)
    _find_cuts(plan, sizes, stages, engine, watch)
    drawing = list(_draw_tasks(plan, shards))
    run_pieces("draw", draw.run, plan.draw, drawing, engine, watch)
    plan.draw.commit(shuffle.DRAWN, {"pieces": _not_empty(plan, drawing)})
    shuffling = list(_shuffle_tasks(plan, shards))
    run_pieces("shuffle", shuffle.run, plan.shuffle, shuffling, engine, watch)
    seen: dict[tuple[int, Cell], Seen] = {}
    for task in drawing:
        for key, own in draw.seen_of(task).items():
            seen[key] = seen.get(key, Seen()) + own
    written = [(task, _manifest(plan.shuffle, task.piece)) for task in shuffling]
    _check(seen, written, spec)
    rows = ledger(spec.unit, stages, sizes, seen)
    record = _record(plan, stages, rows, written)
    plan.store.write_text(
        plan.shuffle.file(f"{shuffle.PUBLISHED}/README.md"), card.mix_card(record)
    )
    plan.shuffle.commit(STAGED, record)


def _manifest(folder: StepFolder, piece: str) -> dict[str, Any]:
    manifest = folder.manifest(piece)
    assert manifest is not None
    return manifest


def _find_cuts(
    plan: Plan, sizes: dict[Cell, Size], stages: list[StagePlan], engine: Engine, watch: Watch
) -> None:
    if plan.cut.manifest(cut.ALL) is not None:
        return
    holders: dict[Cell, list[Input]] = {}
    for input in plan.inputs:
        for cell in of_json(_manifest(plan.survey, input.key)["cells"]):
            holders.setdefault(cell, []).append(input)
    by_label: dict[str, list[cut.Wanted]] = {}
    for number, (cell, size) in enumerate(sizes.items()):
        taken, targets = 0, []
        for stage in stages:
            taken += int(stage.targets[number])
            targets.append(taken)
        most = tuple(float(stage.most[number]) for stage in stages)
        by_label.setdefault(cell.label, []).append(
            cut.Wanted(cell, size.amount, tuple(targets), most, tuple(holders[cell]))
        )
    tasks = [
        cut.Task(plan.cut, plan.survey, number, tuple(itertools.chain.from_iterable(group)))
        for number, group in enumerate(packing.packed(by_label.values(), len, CELLS))
    ]
    run_pieces("cut", cut.run, plan.cut, tasks, engine, watch)
    found = [one for task in tasks for one in _manifest(plan.cut, task.piece)["cuts"]]
    plan.cut.commit(cut.ALL, {"cuts": found})


def shards_of(spec: Mix, sizes: dict[Cell, Size], stages: list[StagePlan]) -> tuple[int, ...]:
    """How many shards each stage has, by the bytes of text that its cells have for each word or token."""
    each = [size.text_bytes / size.amount if size.amount else 0.0 for size in sizes.values()]
    return tuple(
        max(1, -(-int(stage.targets @ each) // spec.output.shard_bytes)) for stage in stages
    )


def _draw_tasks(plan: Plan, shards: tuple[int, ...]) -> Iterable[draw.Task]:
    for input in plan.inputs:
        groups = _manifest(plan.survey, input.key)["groups"]
        for number, (start, stop) in enumerate(draw.windows(groups, plan.spec.output.window_bytes)):
            yield draw.Task(
                plan.draw, plan.survey, plan.cut, input, number, start, stop, plan.spec, shards
            )


def _not_empty(plan: Plan, tasks: Sequence[draw.Task]) -> list[str]:
    return [task.piece for task in tasks if _manifest(plan.draw, task.piece)["exposures"]]


def _shuffle_tasks(plan: Plan, shards: tuple[int, ...]) -> Iterable[shuffle.Task]:
    number = 0
    for stage, count in zip(plan.spec.stages, shards, strict=True):
        for within in range(count):
            yield shuffle.Task(plan.shuffle, plan.draw, number, stage.name, within, plan.spec)
            number += 1


def _check(
    seen: dict[tuple[int, Cell], Seen],
    written: list[tuple[shuffle.Task, dict[str, Any]]],
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


def _check_disk(plan: Plan, shards: tuple[int, ...]) -> None:
    """Raises MixError where what is drawn and the shards made of it would not fit."""
    needed, free = sum(shards) * plan.spec.output.shard_bytes, disk_free(plan.store)
    if free is not None and sum(shards) > len(shards) and needed > free:
        raise MixError(
            f"{plan.store}: about {needed / 2**30:,.0f} GiB are needed and {free / 2**30:,.0f} GiB are free; lower the "
            "budget, or name another --output"
        )


def _record(
    plan: Plan,
    stages: list[StagePlan],
    rows: list[dict[str, Any]],
    written: list[tuple[shuffle.Task, dict[str, Any]]],
) -> dict[str, Any]:
    """mix.json."""
    return {
        "polysieve": version("polysieve"),
        "fingerprint": plan.shuffle.fingerprint,
        "spec": plan.spec.model_dump(mode="json"),
        "inputs": [
            {"root": i.root, "name": i.name, "size": i.size, "etag": i.etag} for i in plan.inputs
        ],
        "stages": [described(stage) for stage in stages],
        "exposure": rows,
        "shards": [
            {"file": task.file, **manifest} for task, manifest in written if manifest["documents"]
        ],
    }


def described(plan: StagePlan) -> dict[str, Any]:
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


def _publish(plan: Plan) -> dict[str, Any]:
    """Swap in what is staged. mix.json goes first and comes last: where it is there, it tells of what is beside it."""
    record = _manifest(plan.shuffle, STAGED)
    plan.store.remove(RECORD)
    plan.store.publish(plan.shuffle.file(shuffle.PUBLISHED), shuffle.PUBLISHED)
    plan.store.write_json(RECORD, record)
    return record


def _collect_garbage(plan: Plan, besides: Iterable[StepFolder]) -> None:
    """Remove the folders of other steps, and what was made of files that are no longer mixed."""
    kept = {folder.name for folder in besides}
    for step in step_folders(plan.store, *STEPS):
        if step.name not in kept:
            plan.store.remove(step.name)
    keys = {input.key for input in plan.inputs}
    for folder in (plan.render, plan.survey):
        for name in plan.store.files(folder.name):
            if name.rpartition("/")[2].partition(".")[0] not in keys:
                plan.store.remove(name)
