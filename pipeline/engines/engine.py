"""Running many independent tasks: in this process, or on Ray.

A task is a small picklable object that says in `memory` how many bytes it may need; `function(task)` does its work by
writing files, commits it by a manifest, and returns a few counts. Nothing whose size grows with the corpus passes
through here.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from polysieve.translation.engines import EngineDown

TASK_MEMORY = 2**30
"""The bytes that a task may need which declares nothing else."""
Counts: TypeAlias = Mapping[str, float | Mapping[str, int]]
"""What a task returns: numbers, or numbers by name, which are added up while a step goes on."""
RETRIES = 2  # of a task whose worker died, before it is run again with care


@dataclass(frozen=True)
class Outcome:
    """How a task ended: its result, or the error that left it unfinished."""

    task: Any
    result: Counts | None = None
    error: str | None = None
    crashed: bool = False
    """The worker process died (rather than the task raising)."""


@dataclass(frozen=True)
class Pool:
    """Says that tasks load a model that is worth keeping: they run on workers that last as long as the step."""

    gpus: float = 0.0
    """GPUs of each worker, or the share of one."""


class BaseTask:
    """What every task says of itself."""

    @property
    def name(self) -> str:
        """The name of the manifest that commits it."""
        raise NotImplementedError

    @property
    def title(self) -> str:
        """What messages call it."""
        return self.name

    @property
    def memory(self) -> int:
        """The bytes that it may need."""
        return TASK_MEMORY

    def with_care(self) -> "BaseTask | None":
        """The task done in a way that finds the record which kills its process; None where there is no such way."""
        return None


class Teller(Protocol):
    """Where a user is told what happens."""

    def say(self, message: str, style: str | None = None) -> None:
        """One line on the terminal and in the log."""
        ...

    def log(self, event: str, **fields: Any) -> None:
        """One line in the log."""
        ...


class Engine(Protocol):
    def run(
        self,
        function: Callable[[Any], Counts],
        tasks: Iterable[Any],
        pool: Pool | None = None,
        say: Callable[[str], None] = print,
    ) -> Iterator[Outcome]:
        """Outcomes in the order in which tasks end. With `pool` the tasks run on its workers, each in one of them from
        beginning to end. say: where the user is told why tasks wait."""
        ...

    def close(self) -> None: ...


class Inline:
    """One task after the other in this process, for debugging and small jobs."""

    def run(
        self,
        function: Callable[[Any], Counts],
        tasks: Iterable[Any],
        pool: Pool | None = None,
        say: Callable[[str], None] = print,
    ) -> Iterator[Outcome]:
        for task in tasks:
            yield attempt(function, task)

    def close(self) -> None:
        pass


def attempt(function: Callable[[Any], Counts], task: Any) -> Outcome:
    """`function(task)`, or the error that it raised."""
    try:
        return Outcome(task, result=function(task))
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None:  # Ctrl-C inside a compiled kernel comes out as a SystemError
            if isinstance(cause, KeyboardInterrupt):
                raise cause from None
            cause = cause.__cause__ or cause.__context__
        log = logging.getLogger("polysieve")
        if isinstance(error, EngineDown):  # a state of the world, which its message tells whole
            log.error("%s", error)
        else:
            log.exception("task failed: %s", getattr(task, "title", task))
        return Outcome(task, error=f"{type(error).__name__}: {_one_line(error)}")


def lost(ray: Any, task: Any, error: BaseException) -> Outcome:
    """How a task ended whose worker gave no answer, by the error that Ray raised."""
    said = ray.exceptions
    if isinstance(error, said.OutOfMemoryError):
        return Outcome(task, error=f"the worker ran out of memory: {_one_line(error)}")
    died = (said.WorkerCrashedError, said.NodeDiedError, said.RayActorError)
    if isinstance(error, died):
        return Outcome(task, error=f"the worker process died: {_one_line(error)}", crashed=True)
    return Outcome(task, error=_one_line(error))


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:500]
