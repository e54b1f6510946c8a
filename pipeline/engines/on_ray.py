"""Tasks on Ray: of Ray Core, with a bounded number in flight, or on a pool of actors."""

import contextlib
import logging
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from polysieve.pipeline.engines import actors
from polysieve.pipeline.engines.engine import RETRIES, Counts, Outcome, Pool, attempt, lost

SHARE = 0.9  # of a node's memory that one task may declare
LOOK_SECONDS = 5.0
WAITING_SECONDS = 30  # without a task that ends or holds memory, before the user is told why


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
        self._is_cluster = bool(address)
        options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
        if address:
            try:
                ray.init(address=address, **options)
            except Exception as error:
                raise ConnectionError(f"no Ray cluster at {address}: {error}") from None
            self.workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        else:
            self.workers = workers or os.cpu_count() or 1
            # "local": otherwise Ray would join a cluster that happens to run on this machine.
            ray.init(address="local", num_cpus=self.workers, include_dashboard=False, **options)

    def run(
        self,
        function: Callable[[Any], Counts],
        tasks: Iterable[Any],
        pool: Pool | None = None,
        say: Callable[[str], None] = print,
    ) -> Iterator[Outcome]:
        """As `Engine.run`. Memory is declared so that a node is not overfilled; a task that declares more than the
        largest node has is given that node to itself, and the user is told."""
        ray = self._ray
        if pool is not None:
            yield from self._on_actors(function, list(tasks), pool, say)
            return
        # Workers are replaced now and then, since some libraries leak.
        remote = ray.remote(num_cpus=1, max_retries=RETRIES, max_calls=200)(attempt)
        waiting = iter(tasks)
        running: dict[Any, Any] = {}
        limits = _Limits(ray, say)

        def start() -> None:
            while len(running) < 2 * self.workers:
                task = next(waiting, None)
                if task is None:
                    return
                options = {"memory": limits.declared(task.memory)}
                running[remote.options(**options).remote(function, task)] = task

        start()
        while running:
            finished, _ = ray.wait(list(running), num_returns=1, timeout=1.0)
            for reference in finished:
                task = running.pop(reference)
                try:
                    yield ray.get(reference)
                except ray.exceptions.RayError as error:
                    yield lost(ray, task, error)
            limits.watch(bool(finished))
            start()

    def _on_actors(
        self,
        function: Callable[[Any], Counts],
        tasks: list[Any],
        pool: Pool,
        say: Callable[[str], None],
    ) -> Iterator[Outcome]:
        size = self.workers
        gpus = self._ray.cluster_resources().get("GPU", 0.0)
        if pool.gpus:
            # A cluster may have nodes that are started when something waits for them.
            if gpus < pool.gpus and not self._is_cluster:
                why = f"it asks Ray for {pool.gpus:g} GPU, and Ray finds {gpus:g} on this machine"
                yield from (Outcome(task, error=f"{why}; use cpu as the device") for task in tasks)
                return
            size = min(size, max(1, math.floor(gpus / pool.gpus + 1e-6)))
        # An actor takes any of the tasks, so it is given what the largest needs.
        limits = _Limits(self._ray, say)
        memory = limits.declared(max((task.memory for task in tasks), default=1))
        options = {"num_cpus": 1, "num_gpus": pool.gpus, "memory": memory}
        yield from actors.run(self._ray, function, tasks, size, options, limits.watch)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._ray.shutdown()


class _Limits:
    """What nodes can hold, and how long nothing has been placed on them."""

    def __init__(self, ray: Any, say: Callable[[str], None]) -> None:
        self._ray = ray
        self._say = say
        self._told: set[str] = set()
        self._last = time.monotonic()
        self._asked = 0
        self._largest = 0.0
        self._looked = -math.inf

    def declared(self, memory: int) -> int:
        """The bytes to declare for a task: no more than one node can give, or Ray would wait for a larger one."""
        largest = self._largest_node()
        limit = int(largest * SHARE) if largest else memory
        if memory > limit:
            self._tell(
                f"a task may need {_size(memory)}, and the largest node has {_size(largest)} for tasks; "
                "it runs there alone"
            )
        self._asked = max(1, min(memory, limit))
        return self._asked

    def _largest_node(self) -> float:
        """The bytes for tasks of the largest node, looked up every few seconds: nodes come and go."""
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
            sizes = (node.get("memory", 0.0) for node in nodes if node.get("CPU"))
            self._largest, self._looked = max(sizes, default=0.0), now
        return self._largest

    def watch(self, has_ended: bool) -> None:
        """Tell the user why tasks wait, where nothing has ended for a while and nothing runs."""
        now = time.monotonic()
        if has_ended:
            self._last = now
        if now - self._last < WAITING_SECONDS:
            return
        there, free = self._ray.cluster_resources(), self._ray.available_resources()
        if there.get("CPU", 0.0) > free.get("CPU", 0.0):  # something runs, ours or another's
            return
        self._tell(
            f"no task has been placed for {WAITING_SECONDS} seconds: each needs 1 CPU and {_size(self._asked)}, "
            f"and the cluster has {there.get('CPU', 0.0):g} CPUs and {_size(there.get('memory', 0.0))} on "
            f"{len(self._ray.nodes())} nodes; add a node with as much, or stop what holds it"
        )

    def _tell(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            self._say(message)


def _size(count: float) -> str:
    return f"{count / 2**20:,.0f} MiB"
