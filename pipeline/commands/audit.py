"""`polysieve audit`: what a person reads of a finished run, and judges in it."""

from typing import Any

import typer
from typer.core import TyperGroup

from pipeline.commands import judging
from pipeline.commands.shared import Directory, console, run_record, store_at, usage

REPORT = "report"


class _DirectoryFirst(TyperGroup):
    """`audit DIR` is short for `audit report DIR`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = [REPORT, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_DirectoryFirst,
    help="Read and judge a finished run. `audit DIR` is short for `audit report DIR`.",
    no_args_is_help=True,
)


@app.command(REPORT)
def report(directory: Directory) -> None:
    """Say where the report of a run is."""
    run_record(directory)
    store = store_at(directory)
    if not store.exists("report/index.html"):
        usage(f"{directory}: no report here; `polysieve run` writes it")
    console().print(f"{store}/report/index.html", soft_wrap=True)


app.command("serve")(judging.serve)
app.command("sample")(judging.sample_command)
app.command("export")(judging.export)
app.command("scores")(judging.scores)
