"""A worker stays under a gigabyte whatever it reads."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_documents_of_64_mebibytes_are_measured_in_less_than_a_gigabyte() -> None:
    command = [sys.executable, "-m", "benchmarks.signals.memory", "--limit", "1000"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
