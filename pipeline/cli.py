"""The command line: what each command is called; what it does stands in pipeline/commands."""

import os
import signal
import sys
from typing import Any

import typer

from polysieve.pipeline.commands import (
    audit,
    extract,
    index,
    languages,
    lid,
    mix,
    parameters,
    quality,
    recipes,
    runs,
    translate,
)
from polysieve.pipeline.commands.execution import INTERRUPTED

app = typer.Typer(
    name="polysieve",
    help="Turns web-crawl snapshots into clean training corpora in every language.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(runs.run)
app.command("demo")(runs.demo)
app.command("plan")(runs.plan)
app.command("decide")(runs.decide)
app.command("fit")(parameters.fit)
app.command("lint-parameters")(parameters.lint_parameters)
app.command("lint-labels")(languages.lint_labels)
app.command("status")(runs.status)
app.command("explain")(runs.explain)
app.command("gc")(runs.gc)
app.command("rules")(parameters.rules)

recipe_app = typer.Typer(help="Recipes: what a run does.", no_args_is_help=True)
recipe_app.command("schema")(recipes.schema)
recipe_app.command("list")(recipes.bundled_recipes)
app.add_typer(recipe_app, name="recipe")

index_app = typer.Typer(
    help="Deduplication indexes: what runs with --index add to.", no_args_is_help=True
)
index_app.command("info")(index.info)
index_app.command("verify")(index.verify)
index_app.command("compact")(index.compact)
app.add_typer(index_app, name="index")
app.add_typer(audit.app, name="audit")
app.add_typer(extract.app, name="extract")
app.add_typer(quality.app, name="quality")
app.add_typer(lid.app, name="lid")
app.add_typer(translate.app, name="translate")
app.add_typer(mix.app, name="mix")


def main() -> None:
    """The entry point: SIGTERM ends a run as Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    code: Any = 0
    try:
        app()
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of the libraries may outlive the interpreter and abort the process while it is taken
    # down: all is written by now, so it ends here.
    os._exit(code if isinstance(code, int) else 1)
