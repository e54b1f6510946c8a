"""Runs that are killed."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence


def kill_when(command: Sequence[str], is_time: Callable[[], object]) -> None:
    """Start a run and kill all its processes with -9 as soon as it is time, if it has not ended by then."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while process.poll() is None and not is_time():
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
