"""What a step is: one value that says everything that the rest of the program needs to know of it.

A step is a name, the steps that it needs, the recipe fields that change its result, and a function that lists its
tasks. pipeline/run/dag.py lists the steps of a run. Whatever walks that list (planning, running, garbage collection,
checks before a run, printing) knows no step by name.

Tasks are small: they are sent to workers. What they share is their `Context`. A task does its work by writing files
into its step's folder, commits it by a manifest, and returns a few counts.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from rich.console import Console

from polysieve.pipeline.engines.engine import BaseTask, Counts, Pool, Teller
from polysieve.pipeline.index.versions import Increment, Revision
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.sources import Source
from polysieve.pipeline.steps.labels import Label, labels_of
from polysieve.pipeline.steps.units import Unit, units
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import Store

S = TypeVar("S")
P = TypeVar("P")
M = TypeVar("M")


class Unfinished(RuntimeError):
    """Something of a run could not be done; the same command tries it again."""


class ManifestGone(Unfinished):
    """A manifest that a later step reads is not there."""


@dataclass(frozen=True)
class Inputs:
    """What a run starts from, besides its recipe."""

    hash: str
    """Of the inputs' addresses, sizes and etags, in order."""
    index: Increment | Revision | None = None
    """What a deduplication index holds for them; None where the run meets no index."""
    rekeep: bool = False
    """Choose the representatives of clusters anew, published ones too."""


@dataclass(frozen=True)
class Context:
    """What all tasks of a run share."""

    recipe: Recipe
    store: Store
    folders: Mapping[str, StepFolder]
    """The folders of the steps that the recipe asks for, by name, in the order in which they are filled."""
    inputs: Inputs

    def folder(self, step: str) -> StepFolder:
        """The folder of a step that the recipe asks for."""
        return self.folders[step]

    def get(self, step: str) -> StepFolder | None:
        """The folder of a step, None where the recipe does not ask for it."""
        return self.folders.get(step)

    @property
    def measure(self) -> StepFolder:
        """The folder of the tables that all other steps read: documents, signals, bands."""
        return self.folders["measure"]

    @property
    def index_file(self) -> str:
        """The table of the rows that each label has in each segment (pipeline/steps/index)."""
        return self.folders["index"].file("index.parquet")

    def labels(self, names: Sequence[str], first: int = 0) -> list[Label]:
        """The documents of some labels of a unit, which follow one another; `first` is the place of the first of them
        in the unit's files."""
        return labels_of(self.measure, self.index_file, names, first)

    def units(self) -> list[Unit]:
        """The units of the run, once its inputs are measured and indexed."""
        return units(self.store.read_columns(self.index_file, None))


@dataclass(frozen=True)
class Plan:
    """What a run would do: its inputs, and the folders of its steps."""

    context: Context
    sources: tuple[Source, ...]
    """Sorted by address."""

    @property
    def recipe(self) -> Recipe:
        return self.context.recipe

    @property
    def store(self) -> Store:
        return self.context.store

    @property
    def steps(self) -> dict[str, str]:
        """The fingerprints of the steps by name, as run.json has them."""
        return {name: folder.fingerprint for name, folder in self.context.folders.items()}

    @cached_property
    def units(self) -> list[Unit]:
        """The units of the run, once its inputs are measured and indexed."""
        return self.context.units()


@dataclass(frozen=True)
class Task(BaseTask):
    """A piece of a step's work. Subclasses add what tells it from the step's other tasks."""

    context: Context
    folder: StepFolder
    """Of the step: where files and the manifest go."""

    @property
    def recipe(self) -> Recipe:
        return self.context.recipe


@dataclass(frozen=True)
class UnitTask(Task):
    """The labels of one unit."""

    unit: Unit

    @property
    def name(self) -> str:
        return self.unit.name

    def unit_labels(self) -> list[Label]:
        """The documents of the unit, label by label."""
        return self.context.labels(self.unit.labels)


@dataclass(frozen=True)
class Phase:
    """Tasks of a step that may run at the same time. A phase is listed when the one before it is done."""

    name: str
    run: Callable[[Any], Counts]
    """From a task to its counts, which progress adds up."""
    tasks: Sequence[Any]
    pool: Pool | None = None
    """Where tasks load a model that is worth keeping; see `Pool`."""


def _always(settings: Any) -> bool:
    return True


def _nothing(settings: Any) -> dict[str, object]:
    return {}


def _no_lines(settings: Any) -> list[str]:
    return []


def of_inputs(inputs: Inputs) -> dict[str, object]:
    """What a step depends on that reads what was measured of all inputs."""
    return {"inputs": inputs.hash}


@dataclass(frozen=True)
class Step(Generic[S, P]):
    """One step of a DAG; S is the type of its settings (a recipe), P that of its plan."""

    name: str
    needs: tuple[str, ...]
    """The steps whose results it reads; those that the settings do not ask for are passed over."""
    phases: Callable[[P, StepFolder], Iterator[Phase]]
    """The step's work, from the plan and the step's folder."""
    module: str
    """The module whose sources and assets, with those of all that it imports, make the step's result."""
    keys: tuple[str, ...] = ()
    """The fields of the settings that change the result are those that affect these (pipeline/recipe/section.py,
    `Affects`); absent: the step's name."""
    is_asked: Callable[[S], bool] = _always
    hashes: Callable[[S], Mapping[str, object]] = _nothing
    """What changes the result and is no field: hashes of models and files, versions of libraries."""
    inputs: Callable[[Inputs], Mapping[str, object]] = of_inputs
    """What of the inputs changes the result."""
    problems: Callable[[S], list[str]] = _no_lines
    """What can be known to be wrong before anything starts, a line each."""
    describe: Callable[[S], list[str]] = _no_lines
    """Lines for `polysieve plan`."""
    stale: Callable[[P, StepFolder], Iterable[str]] = lambda plan, folder: ()
    """Files in the step's own folder that the plan does not use."""
    after: Callable[[P, StepFolder, Teller], None] = lambda plan, folder, teller: None
    """What the user is told once the step has been done."""
    explain: Callable[[Any, dict[str, Any]], None] = lambda document, life: None
    """Adds what the step knows of a document (pipeline/steps/explained.py) to its life, for `polysieve explain`."""
    shows: str = ""
    """The key of a life without which `show` has nothing to say."""
    show: Callable[[dict[str, Any], Console], None] = lambda life, console: None
    """Prints what the step has added to a life."""
    lives: Callable[[P, str, str], list[dict[str, Any]]] = lambda plan, column, value: []
    """The lives of documents with this value in a column that no later step decides about."""
    publishes: tuple[str, ...] = ()
    """Folders of the step's own that become folders of the output when the run is done."""
    may_publish: Callable[[S], list[str]] = _no_lines
    """Likewise, folders that not every run has: those that a run with these settings may have; run.json has an entry of
    that name where one is there."""
    optional: tuple[str, ...] = ()
    """All folders that `may_publish` may name."""
    is_durable: bool = True
    """Whether manifests wait until files are on the disk; not where results are made again in no time."""


def manifest_of(folder: StepFolder, task: str, kind: type[M]) -> M:
    """The manifest of a task that is done, of the type that its step declares. Raises ManifestGone."""
    manifest = folder.manifest(task)
    if manifest is None:
        raise ManifestGone(
            f"{folder.name}: {task} is not done or its manifest is gone; run the same command again"
        )
    return cast(M, manifest)
