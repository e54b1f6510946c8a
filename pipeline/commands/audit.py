"""`polysieve audit`: what a person reads of a finished run, and judges in it."""

import json
import sys
from typing import Annotated, Any

import typer

from polysieve.pipeline.commands import judging
from polysieve.pipeline.commands.runs import EngineName, Quiet, Workers
from polysieve.pipeline.commands.shared import (
    Directory,
    console,
    group_of,
    plan_of,
    run_record,
    store_at,
    usage,
)

REPORT = "report"


app = typer.Typer(
    cls=group_of(REPORT),
    help="Read and judge a finished run. `audit DIR` is short for `audit report DIR`.",
    no_args_is_help=True,
)


@app.command(REPORT)
def report(
    directory: Directory,
    workers: Workers = None,
    engine: EngineName = "inline",
    quiet: Quiet = False,
) -> None:
    """Make the report of a finished run anew, from what the run measured and decided."""
    from polysieve.pipeline.engines import starting as engines
    from polysieve.pipeline.engines.watch import Watch
    from polysieve.pipeline.run.publishing import finish_swap, render_again
    from polysieve.pipeline.steps.step import ManifestGone, Unfinished
    from polysieve.pipeline.storage.lock import Held, OutputLock

    if engine not in ("ray", "inline"):
        usage(f"--engine {engine}: choose ray or inline")
    run_record(directory)
    store = store_at(directory)
    try:
        with OutputLock(store) as lock:
            finish_swap(store)  # else its staged report would be removed
            record, plan = run_record(directory), plan_of(directory)
            watch = Watch(store, quiet, False, lock.touch)
            runner = engines.start(engine, workers, None)
            try:
                render_again(plan, record, runner, watch)
            finally:
                runner.close()
    except Held as error:
        usage(str(error))
    except (FileNotFoundError, ManifestGone) as error:
        gone = getattr(error, "filename", None) or error
        usage(
            f"{directory}: the columns of the run are not there any more ({gone}); "
            "`polysieve run` with the same recipe makes them again"
        )
    except Unfinished as error:
        print(f"polysieve: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    if not quiet:
        console().print(f"{store}/report/index.html", soft_wrap=True)


app.command("serve")(judging.serve)
app.command("sample")(judging.sample_command)
app.command("export")(judging.export)
app.command("scores")(judging.scores)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="The output folder of a run.")],
    after: Annotated[str, typer.Argument(metavar="B", help="That of another.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, of all languages.")] = False,
) -> None:
    """Compare two runs by their reports: totals, languages, reasons and thresholds that differ."""
    from polysieve.audit.diff import compare, print_comparison

    found = compare(*(_index_figures(directory) for directory in (before, after)))
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        print_comparison(found, console())


def _index_figures(directory: str) -> Any:
    store = store_at(directory)
    try:
        return store.read_json("report/index.json")
    except FileNotFoundError:
        usage(f"{directory}: no report here (no report/index.json); `polysieve audit` makes it")
