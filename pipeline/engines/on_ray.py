"""Tasks on Ray: of Ray Core, with a bounded number in flight, or on a pool of actors."""

import contextlib
import logging
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from polysieve.pipeline.engines import actors
from polysieve.pipeline.engines.engine import RETRIES, Outcome, Pool, attempt, lost


class OnRay:
    """The engine on Ray."""

    def __init__(self, workers: int | None, address: str | None) -> None:
        """Connect to the cluster at `address`, or start Ray on this machine with `workers` CPUs.

        Raises ConnectionError where there is no cluster at `address`.
        """
        # Read by Ray when it is imported or started: no usage statistics, no noise on the terminal.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        # Ray would try a task for ever that needs more memory than there is.
        os.environ.setdefault("RAY_task_oom_retries", str(RETRIES))
        import ray

        self._ray = ray
        # Ray puts the folder that it is started in before everything else on its workers' import
        # path, and its workers live there: a `pipeline/` that happens to lie there would be
        # taken for ours. So it is started in an empty folder.
        self._start = tempfile.TemporaryDirectory(prefix="polysieve-")
        self._is_cluster = bool(address)
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
        pool: Pool | None = None,
    ) -> Iterator[Outcome]:
        ray = self._ray
        there = ray.cluster_resources()
        # Memory is declared so that a node is not overfilled; a machine too small for the
        # declaration still runs one task at a time.
        declared = min(memory, max(1, int(there.get("memory", memory) * 0.9)))
        if pool is not None:
            yield from self._on_actors(function, tasks, declared, pool, there.get("GPU", 0.0))
            return
        # Workers are replaced now and then, since some libraries leak.
        remote = ray.remote(num_cpus=1, memory=declared, max_retries=RETRIES, max_calls=200)(
            attempt
        )
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
                except ray.exceptions.RayError as error:
                    yield lost(ray, task, error)
            start()

    def _on_actors(
        self,
        function: Callable[[Any], dict[str, Any]],
        tasks: Iterable[Any],
        memory: int,
        pool: Pool,
        gpus: float,
    ) -> Iterator[Outcome]:
        size = self.workers
        if pool.gpus:
            # A cluster may have nodes that are started when something waits for them.
            if gpus < pool.gpus and not self._is_cluster:
                why = f"it asks Ray for {pool.gpus:g} GPU, and Ray finds {gpus:g} on this machine"
                yield from (Outcome(task, error=f"{why}; use cpu as the device") for task in tasks)
                return
            size = min(size, max(1, math.floor(gpus / pool.gpus + 1e-6)))
        options = {"num_cpus": 1, "num_gpus": pool.gpus, "memory": memory}
        yield from actors.run(self._ray, function, tasks, size, options)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._ray.shutdown()
        self._start.cleanup()


@contextlib.contextmanager
def _inside(folder: str) -> Iterator[None]:
    """Be in `folder` for a while."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
