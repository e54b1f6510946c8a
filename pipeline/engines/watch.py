"""What a person sees while a run goes on: progress bars or plain lines, a log, and `progress.json`."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NotRequired, TypeAlias, TypedDict

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from polysieve.pipeline.engines.engine import Counts
from polysieve.pipeline.storage.store import Store

PROGRESS = "progress.json"
LOG = "log.jsonl"
PLAIN_SECONDS = 60


Totals: TypeAlias = dict[str, float | dict[str, int]]
"""Sums of what tasks returned (`Counts`)."""


class StepProgress(TypedDict):
    """How far a step is; rate and time left are there once a task of it has ended."""

    total: int
    """Extents."""
    done: int
    found_done: int
    """Of those done, the ones that an earlier run did."""
    started: str
    counts: Totals
    seconds: NotRequired[float]
    rate: NotRequired[str]
    seconds_left: NotRequired[float]


class Failure(TypedDict):
    """A task that was left unfinished."""

    step: str
    task: str
    error: str


class RunProgress(TypedDict):
    """progress.json."""

    state: str
    """`running`, `done`, `failed` or `interrupted`."""
    started: str
    updated: NotRequired[str]
    ended: NotRequired[str]
    steps: dict[str, StepProgress]
    failures: NotRequired[list[Failure]]
    exit_code: NotRequired[int]
    error: NotRequired[str]


class Watch:
    """Tells the terminal, the log and `progress.json` how far a run is.

    On a terminal each step has a bar with its rate and the time left; elsewhere one plain line a minute. The log
    has a JSON object per line, on local outputs appended as it happens, on object stores written at the end.
    """

    def __init__(
        self,
        store: Store,
        quiet: bool = False,
        verbose: bool = False,
        alive: Callable[[], None] | None = None,
    ) -> None:
        self.console = Console(stderr=True, quiet=quiet, highlight=False, markup=False)
        self.verbose = verbose
        self._store = store
        self._alive = alive
        self._lines: list[str] = []
        self._state: RunProgress = {"state": "running", "started": _now(), "steps": {}}
        self._written = 0.0

    def log(self, event: str, **fields: Any) -> None:
        """One line in the log."""
        line = json.dumps(
            {"time": _now(), "event": event, **fields}, ensure_ascii=False, default=str
        )
        if self._store.local:
            with open(self._store.path(LOG), "a", encoding="utf-8") as file:
                file.write(line + "\n")
        else:
            self._lines.append(line)

    def say(self, message: str, style: str | None = None) -> None:
        """One line on the terminal and in the log."""
        self.console.print(message, style=style, markup=False, soft_wrap=True)
        self.log("message", text=message)

    def detail(self, message: str) -> None:
        """One line on the terminal with `--verbose`; always in the log."""
        if self.verbose:
            self.console.print(message, markup=False, soft_wrap=True)
        self.log("message", text=message)

    @contextmanager
    def step(self, name: str, total: int, done: int) -> Iterator[Callable[[Counts], None]]:
        """Follow a step of `total` tasks of which `done` were finished before; call the result with the
        counts of each further task. A step without tasks is not shown."""
        counts: Totals = {}
        state: StepProgress = {
            "total": total,
            "done": done,
            "found_done": done,
            "started": _now(),
            "counts": counts,
        }
        self._state["steps"][name] = state
        self.log("step started", step=name, total=total, done=done)
        begun = last_line = time.monotonic()
        bar = self.console.is_terminal and not self.console.quiet
        progress = Progress(
            TextColumn("{task.description:>10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            disable=not bar or not total,
        )
        with progress:
            row = progress.add_task(name, total=total, completed=done, rate="")

            def advance(task: Counts) -> None:
                nonlocal last_line
                add_counts(counts, task)
                state["done"] += 1
                seconds = max(time.monotonic() - begun, 1e-9)
                state["seconds"] = round(seconds, 1)
                state["rate"] = _rate(counts, seconds)
                fresh = state["done"] - done
                state["seconds_left"] = round((total - state["done"]) * seconds / fresh, 1)
                progress.update(row, completed=state["done"], rate=state["rate"])
                if not bar and time.monotonic() - last_line >= PLAIN_SECONDS:
                    last_line = time.monotonic()
                    self.console.print(
                        f"{name}: {state['done']}/{total}, {state['rate']}, about {state['seconds_left']:.0f} s left",
                        markup=False,
                    )
                self.write_progress()

            yield advance
        state["seconds"] = round(time.monotonic() - begun, 1)
        self.log("step ended", step=name, seconds=state["seconds"], counts=counts)
        if total and not bar:
            extra = f", {done} found done" if done else ""
            self.console.print(
                f"{name}: {state['done']}/{total}{extra}, {state['seconds']} s", markup=False
            )
        self.write_progress(force=True)

    @contextmanager
    def preparation(
        self, title: str, parts: int
    ) -> Iterator[tuple[Callable[[], None], Callable[[str], None]]]:
        """Show how far a preparation of so many parts is, which may turn out to be needless.

        Of what is yielded, call the first once there is something to do, and the second with the name of each part
        that is ready. Nothing is shown before the first has been called.
        """
        bar = self.console.is_terminal and not self.console.quiet
        progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            disable=not bar,
        )
        row = progress.add_task(title, total=parts, start=False)
        has_begun = False
        done = 0

        def begin() -> None:
            nonlocal has_begun
            has_begun = True
            self.log("message", text=title)
            if not bar:
                self.console.print(title, markup=False, soft_wrap=True)
            progress.start_task(row)
            progress.start()

        def ready(part: str) -> None:
            nonlocal done
            done += 1
            progress.update(row, completed=done)
            if has_begun and not bar:
                self.console.print(f"{part}: {done}/{parts}", markup=False)

        try:
            yield begin, ready
        finally:
            progress.stop()

    def failure(self, step: str, task: str, error: str) -> None:
        """A task that was left unfinished."""
        self._state.setdefault("failures", []).append({"step": step, "task": task, "error": error})
        self.say(f"{step}: {task} failed: {error}", style="red")
        self.write_progress(force=True)

    def end(self, state: str, exit_code: int | None = None, error: str | None = None) -> None:
        """The run is over: `done`, `failed` or `interrupted`."""
        self._state.update({"state": state, "ended": _now()})
        if exit_code is not None:
            self._state["exit_code"] = exit_code
        if error is not None:
            self._state["error"] = error
        self.log("run ended", state=state)
        self.write_progress(force=True)
        if self._lines:
            self._store.write_text(LOG, "\n".join(self._lines) + "\n")

    def write_progress(self, force: bool = False) -> None:
        """Bring `progress.json` up to date: every second locally, every ten on an object store."""
        now = time.monotonic()
        if force or now - self._written > (1 if self._store.local else 10):
            self._written = now
            self._store.write_json(PROGRESS, {**self._state, "updated": _now()})
            if self._alive:
                self._alive()

    def seconds(self) -> dict[str, float]:
        """Wall time of each step of this run."""
        return {
            name: state["seconds"]
            for name, state in self._state["steps"].items()
            if "seconds" in state
        }


def add_counts(total: Totals, task: Counts) -> None:
    """Add numbers, and maps of numbers, key by key."""
    for key, value in task.items():
        before = total.get(key)
        if isinstance(value, Mapping):
            sums = before if isinstance(before, dict) else {}
            total[key] = sums | {name: sums.get(name, 0) + n for name, n in value.items()}
        else:
            total[key] = value + (before if isinstance(before, int | float) else 0)


def _rate(counts: Totals, seconds: float) -> str:
    parts = []
    if isinstance(documents := counts.get("documents"), int | float):
        parts.append(f"{documents / seconds:,.0f} documents/s")
    if isinstance(text_bytes := counts.get("text_bytes"), int | float):
        parts.append(f"{text_bytes / seconds / 1e6:.1f} MB text/s")
    return ", ".join(parts)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
