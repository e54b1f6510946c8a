"""Runs that die: killed by the system, or at a chosen moment in this process."""

import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from polysieve.pipeline.storage.ledger import StepFolder


def kill_when(command: Sequence[str], is_time: Callable[[], object]) -> None:
    """Start a run and kill all its processes with -9 as soon as it is time, if it has not ended by then."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while process.poll() is None and not is_time():
        time.sleep(0.002)
    with suppress(ProcessLookupError):  # it may have ended meanwhile
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Killed(BaseException):
    """The end of a run in this process, which no code of the run catches."""


@contextmanager
def dying_in_every_step() -> Iterator[Counter[str]]:
    """Within it, a run dies at the first task of each kind, when the task's files are there but not its manifest.

    Gives, for each kind of task (step and name without numbers), how often one was finished or died.
    """
    commit, tasks = StepFolder.commit, Counter[str]()

    def dying(folder: StepFolder, piece: str, manifest: Mapping[str, Any]) -> None:
        kind = f"{folder.step} {re.sub('[0-9a-f]{16}|[-0-9]', '', piece)}"
        tasks[kind] += 1
        if tasks[kind] == 1:
            raise Killed
        commit(folder, piece, manifest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StepFolder, "commit", dying)
        yield tasks


def until_it_ends(run: Callable[[], object]) -> int:
    """Start a run again as long as it dies; returns how often it died."""
    for deaths in range(100):
        try:
            run()
            return deaths
        except Killed:
            pass
    raise AssertionError("the run dies for ever")
