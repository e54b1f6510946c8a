"""What commands share: arguments, the console, and reading what a user named or ending with exit code 2."""

import sys
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from typer.core import TyperGroup

from polysieve.pipeline.recipe.loading import load
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.section import RecipeError
from polysieve.pipeline.recipe.settings import apply_settings

if TYPE_CHECKING:  # slow to import
    from polysieve.pipeline.steps.step import Plan
    from polysieve.pipeline.steps.write.record import Record
    from polysieve.pipeline.storage.store import Store

Directory = Annotated[str, typer.Argument(metavar="DIR", help="The output folder of a run.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY.PATH=VALUE",
        help="Change a key of the recipe; KEY.PATH- takes one out. May be given many times.",
    ),
]


def group_of(command: str) -> type[TyperGroup]:
    """A group of commands in which `GROUP ARGUMENT` is short for `GROUP COMMAND ARGUMENT`."""

    class Group(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
                args = [command, *args]
            return super().parse_args(ctx, args)

    return Group


def console() -> Console:
    """Where results are printed: nothing is marked up, and a pipe or a file has room for a table."""
    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=160)


def store_at(address: str, options: dict[str, Any] | None = None) -> "Store":
    """The output store at an address, or exit code 2."""
    from polysieve.pipeline.storage.store import Store

    if not address:
        usage("--output: an empty name; give a folder")
    try:
        return Store(address, options if "://" in address else None)
    except (ValueError, ImportError) as error:
        usage(f"{address}: no output can be written there ({error})")


def storage_options(settings: list[str] | None) -> dict[str, Any]:
    """The storage options that `--set` gives; they are never recorded."""
    try:
        return apply_settings({}, settings or []).get("input", {}).get("storage_options", {})
    except RecipeError:
        return {}  # it will be told when the settings meet the recipe


def usage(message: str) -> NoReturn:
    """End with exit code 2: the command or recipe is wrong, nothing was started."""
    for line in message.splitlines():
        print(f"polysieve: {line}", file=sys.stderr)
    raise typer.Exit(2)


def recipe_of(name: str, settings: list[str] | None) -> Recipe:
    try:
        return load(name, settings)
    except RecipeError as error:
        usage(str(error))


def run_record(directory: str, options: dict[str, Any] | None = None) -> "Record":
    from polysieve.pipeline.run.plan import RUN

    try:
        return store_at(directory, options).read_json(RUN)
    except FileNotFoundError:
        usage(
            f"{directory}: no finished run here (no {RUN}); name the --output of one, "
            "or finish it with `polysieve run`"
        )
    except Exception as error:
        if "://" not in directory:
            raise
        usage(f"{directory}: cannot be read ({' '.join(str(error).split())}); see docs/running.md")


def plan_of(directory: str) -> "Plan":
    """The plan of the finished run in a folder, from its run.json."""
    from polysieve.pipeline.run.plan import OtherVersion, recorded

    try:
        return recorded(store_at(directory), run_record(directory))
    except OtherVersion as error:
        usage(f"{directory}: {error}")


def measured_of(directory: str, record: "Record") -> dict[str, str]:
    """The fingerprints of what a finished run measured, which are kept when it is decided again."""
    from polysieve.pipeline.run.plan import OtherVersion, measured_steps

    try:
        return measured_steps(record)
    except OtherVersion as error:
        usage(f"{directory}: {error}")
