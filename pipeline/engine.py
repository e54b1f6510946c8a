"""Running many independent tasks: in this process, or on Ray.

A task is a small picklable object; `function(task)` does its work by writing files, commits it by a
manifest, and returns a few counts. Nothing whose size grows with the corpus passes through here.
"""

import contextlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

RETRIES = 2  # of a task whose worker died, before it is run again with care


@dataclass(frozen=True)
class Outcome:
    """How a task ended: its result, or the error that left it unfinished."""

    task: Any
    result: dict[str, Any] | None = None
    error: str | None = None
    crashed: bool = False
    """The worker process died (rather than the task raising)."""


class Engine(Protocol):
    def run(
        self,
        function: Callable[[Any], dict[str, Any]],
        tasks: Iterable[Any],
        memory: int,
        gpus: float = 0.0,
    ) -> Iterator[Outcome]:
        """Outcomes in the order in which tasks end; `memory` is what one task may need, in bytes, `gpus` how many
        (or what share of one) it is given."""
        ...

    def close(self) -> None: ...


class Inline:
    """One task after the other in this process, for debugging and small jobs."""

    def run(
        self,
        function: Callable[[Any], dict[str, Any]],
        tasks: Iterable[Any],
        memory: int,
        gpus: float = 0.0,
    ) -> Iterator[Outcome]:
        for task in tasks:
            yield _attempt(function, task)

    def close(self) -> None:
        pass


class OnRay:
    """Ray Core tasks with a bounded number in flight."""

    def __init__(self, workers: int | None, address: str | None) -> None:
        """Connect to the cluster at `address`, or start Ray on this machine with `workers` CPUs.

        Raises ConnectionError where there is no cluster at `address`.
        """
        # Read by Ray when it is imported: no usage statistics, no noise on the terminal.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        import ray

        self._ray = ray
        # Ray puts the folder that it is started in before everything else on its workers' import
        # path, and its workers live there: a `pipeline/` that happens to lie there would be
        # taken for ours. So it is started in an empty folder.
        self._start = tempfile.TemporaryDirectory(prefix="polysieve-")
        options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
        if address:
            try:
                with _inside(self._start.name):
                    ray.init(address=address, **options)
            except Exception as error:
                raise ConnectionError(f"no Ray cluster at {address}: {error}") from None
            self.workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        else:
            self.workers = workers or os.cpu_count() or 1
            with _inside(self._start.name):
                ray.init(num_cpus=self.workers, include_dashboard=False, **options)

    def run(
        self,
        function: Callable[[Any], dict[str, Any]],
        tasks: Iterable[Any],
        memory: int,
        gpus: float = 0.0,
    ) -> Iterator[Outcome]:
        ray = self._ray
        total = int(ray.cluster_resources().get("memory", memory))
        # Memory is declared so that a node is not overfilled; a machine too small for the
        # declaration still runs one task at a time.
        declared = min(memory, max(1, int(total * 0.9)))
        # Workers are replaced now and then, since some libraries leak.
        remote = ray.remote(
            num_cpus=1, num_gpus=gpus, memory=declared, max_retries=RETRIES, max_calls=200
        )(_attempt)
        waiting = iter(tasks)
        running: dict[Any, Any] = {}

        def start() -> None:
            while len(running) < 2 * self.workers:
                task = next(waiting, None)
                if task is None:
                    return
                running[remote.remote(function, task)] = task

        start()
        while running:
            finished, _ = ray.wait(list(running), num_returns=1, timeout=1.0)
            for reference in finished:
                task = running.pop(reference)
                try:
                    yield ray.get(reference)
                except ray.exceptions.OutOfMemoryError as error:
                    yield Outcome(task, error=f"the worker ran out of memory: {_one_line(error)}")
                except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError) as error:
                    yield Outcome(
                        task, error=f"the worker process died: {_one_line(error)}", crashed=True
                    )
                except ray.exceptions.RayError as error:
                    yield Outcome(task, error=_one_line(error))
            start()

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._ray.shutdown()
        self._start.cleanup()


def start(engine: str, workers: int | None, address: str | None) -> Engine:
    """The engine named `ray` or `inline`."""
    return Inline() if engine == "inline" else OnRay(workers, address)


@contextlib.contextmanager
def _inside(folder: str) -> Iterator[None]:
    """Be in `folder` for a while."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _attempt(function: Callable[[Any], dict[str, Any]], task: Any) -> Outcome:
    try:
        return Outcome(task, result=function(task))
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None:  # Ctrl-C inside a compiled kernel comes out as a SystemError
            if isinstance(cause, KeyboardInterrupt):
                raise cause from None
            cause = cause.__cause__ or cause.__context__
        logging.getLogger("polysieve").exception("task failed: %s", task)
        return Outcome(task, error=f"{type(error).__name__}: {_one_line(error)}")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:500]
