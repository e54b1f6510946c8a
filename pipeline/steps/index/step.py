"""The step index: one table for all steps after `measure`, of the rows that each label has in each segment.

`index.parquet` is sorted by label and input (pipeline/steps/units.py); `places.parquet` has the same rows by segment,
for the passes over segments (pipeline/steps/segment_passes.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from polysieve.pipeline.engines.engine import Counts
from polysieve.pipeline.steps import segment_passes
from polysieve.pipeline.steps.index.build import build_index
from polysieve.pipeline.steps.step import Phase, Plan, Step, Task
from polysieve.pipeline.steps.units import units
from polysieve.pipeline.storage.ledger import StepFolder

TASK = "index"


@dataclass(frozen=True)
class Index(Task):
    """All inputs."""

    inputs: tuple[str, ...]
    """Their task names, in the order of their addresses."""

    @property
    def name(self) -> str:
        return TASK


def run(task: Index) -> Counts:
    """Write both tables from the manifests of the inputs and commit them."""
    store, folder = task.context.store, task.folder
    index = build_index(task.context.measure, task.inputs)
    store.write_table(folder.file("index.parquet"), index)
    places = segment_passes.places(index, units(index))
    store.write_table(folder.file(segment_passes.PLACES), places)
    folder.commit(TASK, {"rows": index.num_rows})
    return {}


def phases(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """One task."""
    yield Phase("index", run, [Index(plan.context, folder, tuple(s.key for s in plan.sources))])


STEP: Step = Step("index", ("measure",), phases, __name__)
