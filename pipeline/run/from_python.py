"""A run started from Python, as `polysieve run` starts one from a terminal; `polysieve.run` is `run`."""

from collections.abc import Sequence

from polysieve.pipeline.engines.starting import start
from polysieve.pipeline.engines.watch import Watch
from polysieve.pipeline.recipe.loading import load
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.section import RecipeError
from polysieve.pipeline.run.plan import make
from polysieve.pipeline.run.preflight import foreign_files, problems
from polysieve.pipeline.run.run import FAILED, Result, execute
from polysieve.pipeline.run.warm import compile_kernels, groups
from polysieve.pipeline.sources import Retries, resolve
from polysieve.pipeline.storage.lock import OutputLock
from polysieve.pipeline.storage.store import Store


def run(
    recipe: str | Recipe,
    inputs: str | Sequence[str],
    output: str,
    *,
    settings: Sequence[str] = (),
    engine: str = "inline",
    workers: int | None = None,
    quiet: bool = True,
) -> Result:
    """Make a corpus, or go on with one that was stopped; everything is written below `output`.

    recipe: a YAML file, the name of a bundled recipe, or a recipe as `load` gives it. inputs: paths, globs or
    addresses. settings: `key.path=value`, as `--set` takes them, for a recipe that is named. engine: `inline`, one
    task at a time in this process, or `ray`, with `workers` CPUs (None: all). quiet: say nothing on the terminal.

    Returns the exit code of `polysieve run` (0, or 3 where much is damaged), its message and run.json. Raises
    RecipeError for a recipe that cannot be used here, InputError or SourceError for inputs that cannot be had,
    ValueError for another engine, FileExistsError for an output that is not a run's, Held where another run holds it,
    Unfinished where a task failed: then the same call goes on.
    """
    loaded = recipe if isinstance(recipe, Recipe) else load(recipe, list(settings))
    if found := problems(loaded):
        raise RecipeError("\n".join(found))
    sources = resolve(
        [inputs] if isinstance(inputs, str) else list(inputs),
        base_url=loaded.input.commoncrawl_base,
        storage_options=loaded.input.storage_options,
        retries=Retries(loaded.input.retries),
    )
    store = Store(output, loaded.input.storage_options if "://" in output else None)
    if foreign := foreign_files(store, sources, loaded):
        raise FileExistsError(foreign)
    with OutputLock(store) as lock:
        watch = Watch(store, quiet, alive=lock.touch)
        try:
            runner = start(engine, workers, None)
            try:
                if engine == "ray":  # or each worker would compile what it calls
                    compile_kernels(groups(loaded, sources))
                result = execute(make(loaded, sources, store), runner, watch)
            finally:
                runner.close()
        except BaseException as error:
            watch.end("failed", exit_code=FAILED, error=f"{type(error).__name__}: {error}")
            raise
        watch.end("done", exit_code=result.exit_code)
    return result
