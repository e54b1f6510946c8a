"""Executing a run: what stands before it starts, its locks, and its ends."""

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

import typer

from polysieve.pipeline.commands.shared import store_at, usage
from polysieve.pipeline.recipe.model import Recipe

INTERRUPTED = 130


@dataclass(frozen=True)
class Meeting:
    """An index that a run meets."""

    store: Any
    find: Any
    """What `make` of pipeline/run/plan.py calls."""
    rekeep: bool


def meet(recipe: Recipe, address: str | None, rekeep: bool, again: bool = False) -> Meeting | None:
    """The index at an address; `again`: the output is in it already."""
    from polysieve.pipeline.run.increment import increment, revision

    if address is None:
        if rekeep:
            usage("--rekeep: only with --index")
        return None
    store = store_at(address, recipe.input.storage_options)
    function = revision if again else increment
    return Meeting(store, partial(function, store, recipe), rekeep)


def preflight(recipe: Recipe, is_measured: bool = False) -> None:
    from polysieve.pipeline.run.preflight import problems

    if found := problems(recipe, is_measured):
        usage("\n".join(found))


def resolve_inputs(recipe: Recipe, inputs: list[str]) -> list[Any]:
    from polysieve.pipeline.sources import InputError, Retries, SourceError, resolve

    try:
        return resolve(
            inputs,
            base_url=recipe.input.commoncrawl_base,
            storage_options=recipe.input.storage_options,
            retries=Retries(recipe.input.retries),
        )
    except (InputError, SourceError) as error:
        usage(str(error))


def execute(
    recipe: Recipe,
    sources: list[Any],
    output: str,
    engine_name: str,
    workers: int | None,
    ray_address: str | None,
    keep_steps: bool,
    quiet: bool,
    verbose: bool,
    meeting: Meeting | None = None,
    known: Mapping[str, str] | None = None,
) -> NoReturn:
    from polysieve.pipeline.index.versions import IndexUnusable
    from polysieve.pipeline.inspection.describe import human_bytes, print_summary
    from polysieve.pipeline.run.disk import disk_estimate, disk_free
    from polysieve.pipeline.run.plan import make
    from polysieve.pipeline.run.preflight import foreign_files
    from polysieve.pipeline.run.run import execute as execute_plan

    if engine_name not in ("ray", "inline"):
        usage(f"--engine {engine_name}: choose ray or inline")
    preflight(recipe, known is not None)
    store = store_at(output, recipe.input.storage_options)
    if foreign := foreign_files(store, sources, recipe):
        usage(foreign)
    needed, free = disk_estimate(sources), disk_free(store)
    if free is not None and needed > free and known is None:
        usage(
            f"{output}: about {human_bytes(needed)} are needed and {human_bytes(free)} are free; name another --output"
        )

    def work(watch: Any) -> int:
        watch.log(
            "run started",
            recipe=recipe.name,
            inputs=len(sources),
            engine=engine_name,
            pid=os.getpid(),
        )
        watch.write_progress(force=True)
        watch.detail(
            f"{len(sources)} inputs, {human_bytes(sum(max(s.size, 0) for s in sources))}, recipe {recipe.name}"
        )
        index, rekeep = (meeting.find, meeting.rekeep) if meeting else (None, False)
        try:
            wanted = make(recipe, sources, store, index, rekeep, known)
        except IndexUnusable as error:
            raise Unusable(str(error)) from None
        if known is None:
            warm_up(watch, recipe, sources)
        with started(engine_name, workers, ray_address) as runner:
            result = execute_plan(wanted, runner, watch, keep_steps)
        if not quiet and result.record:
            print_summary(result.record, store, watch.console)
        watch.say(f"polysieve: {result.message}", style="yellow" if result.exit_code else "green")
        return result.exit_code

    supervise([store, *([meeting.store] if meeting else [])], quiet, verbose, work)


class Unusable(Exception):
    """The command cannot work as it was given, which showed after it had begun; exit code 2."""


@contextlib.contextmanager
def started(name: str, workers: int | None, ray_address: str | None) -> Iterator[Any]:
    """The engine of that name, closed at the end. Raises Unusable."""
    from polysieve.pipeline.engines import starting

    try:
        runner = starting.start(name, workers, ray_address)
    except ConnectionError as error:
        raise Unusable(f"--ray-address: {error}") from None
    try:
        yield runner
    finally:
        runner.close()


def supervise(
    stores: Sequence[Any], quiet: bool, verbose: bool, work: Callable[[Any], int]
) -> NoReturn:
    """Hold the locks of outputs, call `work` with the watch of the first, and end with the exit code that it returns
    or that its error calls for."""
    from polysieve.pipeline.engines.watch import Watch
    from polysieve.pipeline.run.run import FAILED
    from polysieve.pipeline.steps.step import Unfinished
    from polysieve.pipeline.storage.lock import Held, OutputLock

    locks = contextlib.ExitStack()
    held = [OutputLock(store) for store in stores]
    for lock in held:
        try:
            locks.enter_context(lock)
        except Held as error:
            locks.close()
            usage(str(error))
        except OSError as error:
            locks.close()
            usage(f"{lock.name}: cannot be written ({error.strerror or error}); name another")

    def touch() -> None:
        for lock in held:
            lock.touch()

    watch = Watch(stores[0], quiet, verbose, touch)
    code = FAILED
    try:
        code = work(watch)
        watch.end("done", exit_code=code)
    except Unusable as error:
        watch.end("failed", error=str(error))
        usage(str(error))
    except Unfinished as error:
        print(f"polysieve: {error}", file=sys.stderr)
        watch.end("failed", exit_code=FAILED, error=str(error))
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        code = INTERRUPTED
        print(
            "\npolysieve: interrupted; what is done is kept, and the same command goes on from there",
            file=sys.stderr,
        )
        watch.end("interrupted", exit_code=code)
    except Exception as error:
        watch.log("crashed", traceback=traceback.format_exc())
        watch.end("failed", exit_code=FAILED, error=f"{type(error).__name__}: {error}")
        raise
    finally:
        locks.close()
    raise typer.Exit(code)


def warm_up(watch: Any, recipe: Recipe, sources: Sequence[Any]) -> None:
    """Compile the kernels once, before workers would each do it, and show how far that is."""
    from polysieve.pipeline.run.warm import compile_kernels, groups

    begun = time.monotonic()
    chosen = groups(recipe, sources)
    title = "compiling kernels for this machine, once"
    with watch.preparation(title, len(chosen)) as (started, ready):
        compile_kernels(chosen, started, ready)
    watch.detail(f"kernels ready after {time.monotonic() - begun:.1f} s")
