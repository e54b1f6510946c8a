"""Running `polysieve` as a user does, watching its memory, and comparing what it wrote."""

import contextlib
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared" / "data"
BUILT = SHARED / "warc" / "built"
COMMAND = [sys.executable, "-m", "polysieve"]
SAME_BYTES = ("corpus", "removed", "quarantine", "parameters")


@dataclass(frozen=True)
class Run:
    """A finished command: exit code, wall seconds, peak memory of its processes in bytes, output, CPU seconds (of the
    command's own process, which with `--engine inline` does everything)."""

    code: int
    seconds: float
    peak: int
    output: str
    cpu: float


def polysieve(*arguments: str, kill_when: Callable[[], bool] | None = None) -> Run:
    """Run the command in a session of its own; kill -9 every process of it as soon as `kill_when()`."""
    started, cpu = time.monotonic(), _children()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    peak = [0]
    over = threading.Event()

    def sample() -> None:
        while not over.wait(0.25):
            peak[0] = max(peak[0], sum(_pss(pid) for pid in descendants(process.pid)))

    watcher = threading.Thread(target=sample, daemon=True)
    watcher.start()
    if kill_when is not None:
        while process.poll() is None and not kill_when():
            time.sleep(0.02)
        for pid in descendants(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    output, _ = process.communicate()
    over.set()
    watcher.join()
    seconds = time.monotonic() - started
    return Run(process.returncode, seconds, peak[0], output, _children() - cpu)


def _children() -> float:
    """CPU seconds of the processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def descendants(root: int) -> list[int]:
    """The process, those of its session, and their descendants."""
    parents: dict[int, int] = {}
    sessions: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry)], sessions[int(entry)] = int(stat[1]), int(stat[3])
    found = {pid for pid, session in sessions.items() if session == root} | {root}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return sorted(found)


def _pss(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def digest(output: Path) -> dict[str, str]:
    """What must be the same in every run: each file of the corpus and so on, clusters, accounting."""
    found = {}
    folders = [output / name for name in SAME_BYTES] + sorted(output.glob("clusters-*"))
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found[path.relative_to(output).as_posix()] = hashlib.sha256(
                    path.read_bytes()
                ).hexdigest()
    accounting = json.loads((output / "run.json").read_text())["accounting"]
    found["accounting"] = hashlib.sha256(
        json.dumps(accounting, sort_keys=True).encode()
    ).hexdigest()
    return found


def differences(a: Path, b: Path) -> list[str]:
    """The names of files that are not the same in two outputs."""
    left, right = digest(a), digest(b)
    return sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))


def fineweb2_configs(scratch: Path) -> Path:
    """FineWeb2's language files, unpacked from the shared data."""
    import tarfile

    target = scratch / "lists"
    if not target.exists():
        with tarfile.open(SHARED / "lists.tar.xz") as tar:
            tar.extractall(target, filter="data")
    return target / "lists" / "fineweb-2" / "configs"
