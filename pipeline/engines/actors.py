"""A pool of Ray actors: processes that keep what tasks load, for as long as a step lasts.

Each has one task at a time, so that a model has one batch in memory, what is left to do waits with the driver, and no
task queues behind a long one while another actor is idle. An actor that Ray cannot place yet is given nothing.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from polysieve.pipeline.engines.engine import RETRIES, Counts, Outcome, attempt, lost


@dataclass
class _Job:
    task: Any
    deaths: int = 0
    """Of actors, while they had it."""


class _Worker:
    """What an actor runs. Models live in the caches of the modules that load them, as in any process."""

    def ready(self) -> None:
        """Answers once the actor has a process."""

    def attempt(self, function: Callable[[Any], Counts], task: Any) -> Outcome:
        return attempt(function, task)


def run(
    ray: Any,
    function: Callable[[Any], Counts],
    tasks: Iterable[Any],
    size: int,
    options: dict[str, Any],
    watch: Callable[[bool], None] = lambda has_ended: None,
) -> Iterator[Outcome]:
    """Outcomes of tasks in the order in which they end, from at most `size` actors with these options of Ray.

    A task whose actor dies is given to another, RETRIES times. If the memory of a machine runs out, the pool goes on
    with an actor less; a task that needs more than there is for one actor is lost. So is what is left to do where no
    actor can be started.
    """
    remote = ray.remote(**options)(_Worker)
    waiting = deque(_Job(task) for task in tasks)
    idle: list[Any] = []
    starting: dict[Any, Any] = {}  # what each actor was asked → the actor
    busy: dict[Any, tuple[Any, _Job]] = {}
    failures = 0
    try:
        while waiting or busy:
            while waiting and idle:
                actor, job = idle.pop(), waiting.popleft()
                busy[actor.attempt.remote(function, job.task)] = actor, job
            while len(starting) < min(len(waiting), size - len(busy)):
                actor = remote.remote()
                starting[actor.ready.remote()] = actor
            finished, _ = ray.wait([*busy, *starting], num_returns=1, timeout=1.0)
            watch(bool(finished))
            for reference in finished:
                if reference in starting:
                    actor = starting.pop(reference)
                    try:
                        ray.get(reference)
                    except ray.exceptions.RayError as error:
                        failures += 1
                        if failures > RETRIES and not busy and not starting:
                            yield from (lost(ray, job.task, error) for job in waiting)
                            return
                    else:
                        failures = 0
                        idle.append(actor)
                    continue
                actor, job = busy.pop(reference)
                try:
                    outcome = ray.get(reference)
                except ray.exceptions.RayError as error:
                    outcome = lost(ray, job.task, error)
                    ray.kill(actor)
                    if isinstance(error, ray.exceptions.OutOfMemoryError) and size > 1:
                        size -= 1
                        waiting.appendleft(job)
                        continue
                    if outcome.crashed and job.deaths < RETRIES:
                        job.deaths += 1
                        waiting.appendleft(job)
                        continue
                else:
                    idle.append(actor)
                yield outcome
    finally:
        for actor in [*idle, *starting.values(), *(actor for actor, _ in busy.values())]:
            with contextlib.suppress(Exception):  # Ray may be gone itself
                ray.kill(actor)
