"""Tasks that load a model run on actors of Ray that keep it, as many as CPUs and GPUs admit."""

import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest

from polysieve.pipeline.engines.engine import RETRIES, BaseTask, Inline, Outcome, Pool
from polysieve.pipeline.engines.on_ray import OnRay

CPUS, GPUS = 3, 2


@dataclass(frozen=True)
class Task(BaseTask):
    folder: Path
    number: int

    @property
    def name(self) -> str:
        return f"{self.number}"

    @property
    def memory(self) -> int:
        return 2**20

    @property
    def attempts(self) -> Path:
        return self.folder / f"attempts-{self.number}"


@lru_cache
def model(folder: Path) -> list[int]:
    """A model in a file, whose loading leaves a line."""
    with (folder / "loads").open("a") as file:
        file.write(f"{os.getpid()}\n")
    return [int(weight) for weight in (folder / "model").read_text().split()]


def score(task: Task) -> dict:
    with task.attempts.open("a") as file:
        file.write("x")
    found = sum(weight * task.number for weight in model(task.folder))
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    return {"score": found, "pid": os.getpid(), "gpu": seen}


def score_slowly(task: Task) -> dict:
    time.sleep(0.2)
    return score(task)


def dies_once_at_three(task: Task) -> dict:
    if task.number == 3 and not task.attempts.exists():
        task.attempts.write_text("x")
        os.kill(os.getpid(), signal.SIGKILL)
    return score(task)


def dies_at_three(task: Task) -> dict:
    if task.number == 3:
        with task.attempts.open("a") as file:
            file.write("x")
        os.kill(os.getpid(), signal.SIGKILL)
    return score(task)


def raises_at_three(task: Task) -> dict:
    if task.number == 3:
        raise ValueError("three is too much")
    return score(task)


@pytest.fixture(scope="module")
def engine():
    """Ray on this machine, told that it has GPUs; its workers import this file."""
    paths = [str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_OVERRIDE_RESOURCES", f'{{"GPU": {GPUS}}}')
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        started = OnRay(CPUS, None)
    yield started
    started.close()


@pytest.fixture
def tasks(tmp_path) -> list[Task]:
    (tmp_path / "model").write_text("1 2 3")
    return [Task(tmp_path, number) for number in range(12)]


def loads(tasks: list[Task]) -> list[str]:
    return (tasks[0].folder / "loads").read_text().split()


def answers(outcomes: list[Outcome]) -> dict[int, int]:
    return {o.task.number: o.result["score"] for o in outcomes if o.result is not None}


def test_a_model_is_loaded_once_by_each_worker_however_many_tasks(engine, tasks) -> None:
    many = [Task(tasks[0].folder, number) for number in range(450)]
    outcomes = list(engine.run(score, many, Pool()))
    assert len(loads(many)) == len(set(loads(many))) <= CPUS
    assert {str(o.result["pid"]) for o in outcomes if o.result} == set(loads(many))
    assert answers(outcomes) == answers(list(Inline().run(score, many, Pool())))


def test_each_worker_has_its_gpu_and_there_are_no_more_workers_than_gpus(engine, tasks) -> None:
    outcomes = list(engine.run(score_slowly, tasks, Pool(gpus=1.0)))
    assert len(outcomes) == len(tasks)
    own = {(o.result["pid"], o.result["gpu"]) for o in outcomes if o.result}
    assert sorted(gpu for _, gpu in own) == ["0", "1"]


def test_workers_can_share_a_gpu(engine, tasks) -> None:
    outcomes = list(engine.run(score_slowly, tasks, Pool(gpus=0.5)))
    own = {(o.result["pid"], o.result["gpu"]) for o in outcomes if o.result}
    assert len(own) == CPUS
    assert max(Counter(gpu for _, gpu in own).values()) == 2


def test_more_gpus_than_there_are_is_told(engine, tasks) -> None:
    outcomes = list(engine.run(score, tasks, Pool(gpus=3.0)))
    assert [o.task for o in outcomes] == tasks
    assert all("asks Ray for 3 GPU, and Ray finds 2 on this machine" in o.error for o in outcomes)
    assert not any(task.attempts.exists() for task in tasks)


def test_no_more_tasks_are_begun_than_there_are_workers(engine, tasks) -> None:
    outcomes = engine.run(score, tasks, Pool())
    next(outcomes)
    time.sleep(0.3)
    assert sum(task.attempts.exists() for task in tasks) <= CPUS
    outcomes.close()
    assert next(engine.run(score, tasks[:1])).result, "its workers are gone"


def test_the_task_of_a_worker_that_died_is_done_by_another(engine, tasks) -> None:
    outcomes = list(engine.run(dies_once_at_three, tasks, Pool()))
    assert answers(outcomes) == {task.number: 6 * task.number for task in tasks}
    assert tasks[3].attempts.read_text() == "xx"
    assert all(t.attempts.read_text() == "x" for t in tasks if t.number != 3)


def test_a_task_that_kills_its_workers_is_given_up_and_costs_no_other(engine, tasks) -> None:
    outcomes = list(engine.run(dies_at_three, tasks, Pool()))
    assert len(outcomes) == len(tasks)
    (lost,) = [o for o in outcomes if o.result is None]
    assert (lost.task, lost.crashed) == (tasks[3], True)
    assert "the worker process died" in lost.error
    assert tasks[3].attempts.read_text() == "x" * (1 + RETRIES)


def test_an_error_of_a_task_costs_no_worker(engine, tasks) -> None:
    outcomes = list(engine.run(raises_at_three, tasks, Pool()))
    (failed,) = [o for o in outcomes if o.result is None]
    assert (failed.error, failed.crashed) == ("ValueError: three is too much", False)
    assert len(loads(tasks)) <= CPUS
    assert tasks[3].attempts.exists() is False
