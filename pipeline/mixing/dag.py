"""The mixer's DAG: its steps, in the order in which they are done; as pipeline/run/dag.py for a run."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from polysieve.pipeline.engines import packing
from polysieve.pipeline.engines.engine import Teller
from polysieve.pipeline.mixing import card, record
from polysieve.pipeline.mixing.allocation import StagePlan, allocate
from polysieve.pipeline.mixing.cells import Cell, Size, of_json
from polysieve.pipeline.mixing.inputs import Input
from polysieve.pipeline.mixing.record import STAGED, check_disk, shards_of, sizes_of
from polysieve.pipeline.mixing.spec import Mix
from polysieve.pipeline.mixing.steps import cut, draw, render, shuffle, survey
from polysieve.pipeline.run import walk
from polysieve.pipeline.run.plan import inputs_hash
from polysieve.pipeline.steps.step import Inputs, Phase, Step, manifest_of
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import Store

CELLS = 500
"""Cells that a task finds the cuts of, at most, unless one label has more."""


@dataclass(frozen=True)
class Plan:
    """What is mixed, and the folders of the steps by name."""

    spec: Mix
    inputs: list[Input]
    store: Store
    folders: dict[str, StepFolder]

    @property
    def steps(self) -> dict[str, str]:
        """The fingerprints of the steps by name."""
        return {name: folder.fingerprint for name, folder in self.folders.items()}

    @classmethod
    def of(cls, spec: Mix, inputs: list[Input], store: Store) -> "Plan":
        """The plan of a mixture. Raises TokenizerError."""
        start = Inputs(inputs_hash([input.key for input in inputs]))
        folders: dict[str, StepFolder] = {}
        for step in walk.asked(STEPS, spec):
            digits = walk.fingerprint_of(step, spec, start, folders)
            folders[step.name] = walk.folder_of(step, store, digits)
        if rendered := folders.get("render"):
            inputs = [
                replace(i, rendered=f"{store.root}/{rendered.name}")
                if spec.sources[i.sources[0]].template
                else i
                for i in inputs
            ]
        return cls(spec, inputs, store, folders)


def _render(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """A task for each file of pairs that become documents."""
    yield Phase(
        "render", render.run, [render.Task(folder, i, plan.spec) for i in plan.inputs if i.rendered]
    )


def _survey(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """A task for each file."""
    yield Phase("survey", survey.run, [survey.Task(folder, i, plan.spec) for i in plan.inputs])


def surveyed(plan: Plan) -> tuple[dict[Cell, Size], list[StagePlan]]:
    """What all files hold, cell by cell, and what every stage takes of it."""
    manifests = (
        manifest_of(plan.folders["survey"], input.key, survey.Surveyed) for input in plan.inputs
    )
    sizes = sizes_of(manifests, plan.spec)
    return sizes, allocate(plan.spec, sizes)


def _tell_stages(plan: Plan, folder: StepFolder, teller: Teller) -> None:
    for note in (note for stage in surveyed(plan)[1] for note in stage.notes(plan.spec.unit)):
        teller.say(note, style="yellow")


def _cut(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """A task for each label, several small ones at once."""
    sizes, stages = surveyed(plan)
    check_disk(plan.store, plan.spec, shards_of(plan.spec, sizes, stages))
    if folder.manifest(cut.ALL) is not None:
        return
    by_label = _wanted(plan, sizes, stages)
    tasks = [
        cut.Task(folder, plan.folders["survey"], number, tuple(chain.from_iterable(group)))
        for number, group in enumerate(packing.packed(by_label.values(), len, CELLS))
    ]
    yield Phase("cut", cut.run, tasks)
    found = [one for t in tasks for one in manifest_of(folder, t.name, cut.Found)["cuts"]]
    manifest: cut.Found = {"cuts": found}
    folder.commit(cut.ALL, manifest)


def _wanted(
    plan: Plan, sizes: dict[Cell, Size], stages: list[StagePlan]
) -> dict[str, list[cut.Wanted]]:
    """Label -> what every stage wants of its cells, and which files hold them."""
    holders: dict[Cell, list[Input]] = {}
    for input in plan.inputs:
        for cell in of_json(
            manifest_of(plan.folders["survey"], input.key, survey.Surveyed)["cells"]
        ):
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
    return by_label


def _draw_tasks(plan: Plan, folder: StepFolder, shards: tuple[int, ...]) -> list[draw.Task]:
    return [
        draw.Task(
            folder, plan.folders["survey"], plan.folders["cut"], input, number, start, stop, plan.spec, shards
        )
        for input in plan.inputs
        for number, (start, stop) in enumerate(
            draw.windows(
                manifest_of(plan.folders["survey"], input.key, survey.Surveyed)["groups"],
                plan.spec.output.window_bytes,
            )
        )
    ]  # fmt: skip


def _draw(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """A task for each window of each file."""
    tasks = _draw_tasks(plan, folder, shards_of(plan.spec, *surveyed(plan)))
    yield Phase("draw", draw.run, tasks)
    names = [task.name for task in tasks if _exposures(task)]
    manifest: shuffle.DrawnTasks = {"tasks": names}
    folder.commit(shuffle.DRAWN, manifest)


def _exposures(task: draw.Task) -> int:
    return manifest_of(task.folder, task.name, draw.DrawnCounts)["exposures"]


def _shuffle(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """A task for each shard; then the card, and the manifest that says that all is there."""
    sizes, stages = surveyed(plan)
    shards = shards_of(plan.spec, sizes, stages)
    tasks = list(_shuffle_tasks(plan, folder, shards))
    yield Phase("shuffle", shuffle.run, tasks)
    if folder.manifest(STAGED) is None:
        drawn = _draw_tasks(plan, plan.folders["draw"], shards)
        written = [(task, manifest_of(folder, task.name, shuffle.Shard)) for task in tasks]
        made = record.of(plan.spec, plan.inputs, plan.steps, sizes, stages, drawn, written)
        card.write_card(folder, made)
        folder.commit(STAGED, made)


def _shuffle_tasks(plan: Plan, folder: StepFolder, shards: Sequence[int]) -> Iterable[shuffle.Task]:
    number = 0
    for stage, count in zip(plan.spec.stages, shards, strict=True):
        for within in range(count):
            yield shuffle.Task(folder, plan.folders["draw"], number, stage.name, within, plan.spec)
            number += 1


def _stale(plan: Plan, folder: StepFolder) -> Iterable[str]:
    """What was made of files that are not mixed."""
    keys = {input.key for input in plan.inputs}
    for name in folder.store.files(folder.name):
        if name.rpartition("/")[2].partition(".")[0] not in keys:
            yield name


def _by_file(inputs: Inputs) -> dict[str, object]:
    return {}


STEPS: tuple[Step, ...] = (
    Step(
        "render",
        (),
        _render,
        render.__name__,
        is_asked=lambda spec: any(source.template for source in spec.sources.values()),
        hashes=render.hashes,
        inputs=_by_file,
        stale=_stale,
        is_durable=False,
    ),
    Step(
        "survey",
        ("render",),
        _survey,
        survey.__name__,
        keys=("render", "survey"),
        hashes=lambda spec: {"attributes": spec.attributes},
        inputs=_by_file,
        stale=_stale,
        is_durable=False,
    ),
    Step("cut", ("survey",), _cut, cut.__name__, after=_tell_stages, is_durable=False),
    Step("draw", ("survey", "cut"), _draw, draw.__name__, is_durable=False),
    Step(
        "shuffle",
        ("draw",),
        _shuffle,
        shuffle.__name__,
        publishes=(shuffle.PUBLISHED,),
        is_durable=False,
    ),
)
KEPT = ("render", "survey")
"""Steps whose results stay when a mixture is published: other stages and shares begin with them."""
