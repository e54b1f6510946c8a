"""Running a function over items in a process of its own, so that an item which kills it is found."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Crashed:
    """An item that killed its process twice when it was alone in it."""

    item: Any
    cause: str


def isolated(function: Callable[..., Any], items: list[Any], *arguments: Any) -> Iterator[Any]:
    """`function(part, *arguments)` for parts of `items` that a fresh process survives, in order.

    A part whose process dies is halved until single items are left; such an item is tried once more and then
    yielded as Crashed. An exception that `function` raises passes through. `function` must be
    importable by name and its results picklable.
    """
    context = multiprocessing.get_context("spawn")

    def attempt(part: list[Any]) -> Any:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            pool.submit(_ignore_interrupt).result()
            return pool.submit(function, part, *arguments).result()

    def halves(part: list[Any]) -> Iterator[Any]:
        try:
            yield attempt(part)
            return
        except BrokenProcessPool:
            pass
        if len(part) > 1:
            middle = len(part) // 2
            yield from halves(part[:middle])
            yield from halves(part[middle:])
            return
        try:
            yield attempt(part)
        except BrokenProcessPool:
            yield Crashed(part[0], "killed the process that measured it")

    if items:
        yield from halves(items)


def _ignore_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
