"""Tasks on Ray: each declares its own memory, none waits for a node that does not exist, and waiting is explained."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from polysieve.pipeline.engines import on_ray
from polysieve.pipeline.engines.engine import BaseTask
from polysieve.pipeline.engines.on_ray import OnRay

MIB = 2**20


@dataclass(frozen=True)
class Task(BaseTask):
    number: int
    needs: int

    @property
    def memory(self) -> int:
        return self.needs


def square(task: Task) -> dict:
    return {"square": task.number**2}


@pytest.fixture(scope="module")
def cluster():
    """Two nodes with 700 MiB for tasks each; their workers import this file."""
    from ray.cluster_utils import Cluster

    paths = [str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        made = Cluster()
        for _ in range(2):
            made.add_node(num_cpus=1, memory=700 * MIB, object_store_memory=80 * MIB)
    yield made
    made.shutdown()


@pytest.fixture
def engine(cluster):
    started = OnRay(None, cluster.address)
    yield started
    started.close()


def test_a_task_that_declares_more_than_a_node_has_runs_on_one_and_the_user_is_told(engine) -> None:
    said: list[str] = []
    tasks = [Task(number, 1024 * MIB) for number in range(3)]
    outcomes = list(engine.run(square, tasks, None, said.append))
    assert sorted(o.result["square"] for o in outcomes) == [0, 1, 4]
    assert len(said) == 1
    assert "1,024 MiB, and the largest node has 700 MiB" in said[0]


def test_tasks_that_no_node_can_take_are_explained(cluster, engine, monkeypatch) -> None:
    import ray

    monkeypatch.setattr(on_ray, "WAITING_SECONDS", 2)

    @ray.remote(num_cpus=0, memory=600 * MIB)
    class Holder:
        def ready(self) -> None: ...

    holders = [Holder.remote() for _ in range(2)]
    ray.get([holder.ready.remote() for holder in holders])
    said: list[str] = []

    def tell(message: str) -> None:
        said.append(message)
        for holder in holders:
            ray.kill(holder)

    (outcome,) = engine.run(square, [Task(5, 500 * MIB)], None, tell)
    assert outcome.result == {"square": 25}
    assert len(said) == 1
    assert "no task has been placed for 2 seconds" in said[0]
    assert "each needs 1 CPU and 500 MiB" in said[0]
    assert "2 CPUs and 1,400 MiB on 2 nodes" in said[0]


ALONE = """
import ray
from polysieve.pipeline.engines.on_ray import OnRay
OnRay(1, None)
print(ray.cluster_resources()["CPU"])
"""


def test_a_cluster_that_runs_on_this_machine_is_not_joined_unasked(cluster) -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[-1]) == 1
