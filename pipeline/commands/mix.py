"""`polysieve mix`: training shards of finished corpora, by a mixture spec."""

import json
import tempfile
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from polysieve.pipeline.commands.execution import Unusable, started, supervise
from polysieve.pipeline.commands.runs import (
    EngineName,
    OutputOption,
    Quiet,
    RayAddress,
    Verbose,
    Workers,
)
from polysieve.pipeline.commands.shared import Settings, console, group_of, store_at, usage
from polysieve.pipeline.recipe.section import RecipeError

if TYPE_CHECKING:  # slow to import
    from polysieve.pipeline.mixing.record import Stage

RUN = "run"
SHOWN = 20  # groups of a stage that are printed at the end
SpecArgument = Annotated[str, typer.Argument(metavar="SPEC", help="A mixture: a YAML file.")]

app = typer.Typer(
    cls=group_of(RUN),
    help="Mix finished corpora into training shards. `mix SPEC` is short for `mix run SPEC`.",
    no_args_is_help=True,
)


@app.command(RUN)
def run(
    spec: SpecArgument,
    output: OutputOption,
    settings: Settings = None,
    workers: Workers = None,
    engine: EngineName = "ray",
    ray_address: RayAddress = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write the stages of a mixture as shuffled shards. Run it again to go on after a stop."""
    from polysieve.pipeline.mixing.run import execute
    from polysieve.pipeline.mixing.spec import MixError
    from polysieve.pipeline.run.plan import RUN as RUN_RECORD

    if engine not in ("ray", "inline"):
        usage(f"--engine {engine}: choose ray or inline")
    loaded, inputs = _loaded(spec, settings)
    store = store_at(output)
    if store.exists(RUN_RECORD):
        usage(f"{output}: a run is there; name another --output for the mixture")
    plan = _plan(spec, loaded, inputs, store)

    def work(watch: Any) -> int:
        watch.log("mixing started", spec=spec, inputs=len(inputs), engine=engine)
        watch.write_progress(force=True)
        try:
            with started(engine, workers, ray_address) as runner:
                record, message = execute(plan, runner, watch)
        except MixError as error:
            raise Unusable(f"{spec}: {error}") from None
        if not quiet:
            _print_stages(record["stages"], loaded.unit, watch.console, SHOWN)
        watch.say(f"polysieve: {message}", style="green")
        return 0

    supervise([store], quiet, verbose, work)


@app.command("plan")
def show_plan(
    spec: SpecArgument,
    settings: Settings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what every stage would take of every group: shares, amounts, epochs. Starts nothing."""
    from polysieve.pipeline.engines.engine import Inline
    from polysieve.pipeline.engines.watch import Watch
    from polysieve.pipeline.mixing.allocation import allocate
    from polysieve.pipeline.mixing.record import described, sizes_of
    from polysieve.pipeline.mixing.run import render_pairs
    from polysieve.pipeline.mixing.spec import MixError
    from polysieve.pipeline.mixing.steps.survey import survey
    from polysieve.pipeline.storage.store import Store

    loaded, inputs = _loaded(spec, settings)
    with tempfile.TemporaryDirectory(prefix="polysieve-") as scratch:
        # Pairs are counted as they would be written.
        store = Store(scratch)
        plan = _plan(spec, loaded, inputs, store)
        render_pairs(plan, Inline(), Watch(store, quiet=True))
        try:
            sizes = sizes_of((survey(input, loaded)[1] for input in plan.inputs), loaded)
            plans = allocate(loaded, sizes)
        except MixError as error:
            usage(f"{spec}: {error}")
    stages = [described(stage) for stage in plans]
    if as_json:
        print(json.dumps(stages, indent=1, ensure_ascii=False))
    else:
        _print_stages(stages, loaded.unit, console())
        for note in (note for stage in plans for note in stage.notes(loaded.unit)):
            console().print(note)


@app.command()
def schema() -> None:
    """Print every key of a mixture, with its default and meaning, as JSON Schema."""
    from polysieve.pipeline.mixing.spec import Mix

    print(json.dumps(Mix.model_json_schema(), indent=1))


def _loaded(spec: str, settings: list[str] | None) -> tuple[Any, Any]:
    """The mixture and the files of its sources, or exit code 2."""
    from polysieve.pipeline.mixing.finding import find
    from polysieve.pipeline.mixing.spec import MixError, load

    try:
        loaded = load(spec, settings)
        return loaded, find(loaded)
    except RecipeError as error:
        usage(str(error))
    except MixError as error:
        usage(f"{spec}: {error}")


def _plan(spec: str, loaded: Any, inputs: Any, store: Any) -> Any:
    from polysieve.pipeline.mixing.dag import Plan
    from polysieve.pipeline.texts.tokens import TokenizerError

    try:
        return Plan.of(loaded, inputs, store)
    except TokenizerError as error:
        usage(f"{spec}: {error}")


def _print_stages(stages: list["Stage"], unit: str, to: Any, most: int | None = None) -> None:
    """A table for each stage, of its largest groups or of all."""
    for stage in stages:
        table = Table(
            "part", "group", *(f"{unit} there", "share asked", "share", unit, "epochs", "")
        )
        groups = stage["groups"]
        if most is not None:
            groups = sorted(groups, key=lambda group: -group["amount"])[:most]
        for group in groups:
            table.add_row(
                group["part"], group["group"], f"{group['size']:,}", f"{group['asked']:.2%}",
                f"{group['share']:.2%}", f"{group['amount']:,}", f"{group['epochs']:.2f}",
                "capped" if group["at_cap"] else "",
            )  # fmt: skip
        left_out = len(stage["groups"]) - len(groups)
        more = f"; {left_out} smaller groups are in mix.json" if left_out else ""
        to.print(f"stage {stage['name']}: {stage['taken']:,} of {stage['budget']:,} {unit}{more}")
        to.print(table)
