"""What every command shares: messages, exit codes, the output folder that an argument names."""

import sys
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

Directory = Annotated[str, typer.Argument(metavar="DIR", help="The output folder of a run.")]


def console() -> Console:
    """Where results are printed: nothing is marked up, and a pipe or a file has room for a table."""
    found = Console(highlight=False, markup=False)
    return found if found.is_terminal else Console(highlight=False, markup=False, width=160)


def usage(message: str) -> NoReturn:
    """End with exit code 2: the command or recipe is wrong, nothing was started."""
    for line in message.splitlines():
        print(f"polysieve: {line}", file=sys.stderr)
    raise typer.Exit(2)


def store_at(address: str, options: dict[str, Any] | None = None) -> Any:
    """The output store at an address, or exit code 2."""
    from pipeline.store import Store

    if not address:
        usage("--output: an empty name; give a folder")
    try:
        return Store(address, options if "://" in address else None)
    except (ValueError, ImportError) as error:
        usage(f"{address}: no output can be written there ({error})")


def run_record(directory: str, options: dict[str, Any] | None = None) -> dict[str, Any]:
    """The run.json of the finished run in a folder, or exit code 2."""
    from pipeline.plan import RUN

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


def plan_of(directory: str) -> Any:
    """The plan of the finished run in a folder, from its run.json."""
    from pipeline.describe import recorded_plan

    return recorded_plan(store_at(directory), run_record(directory))
