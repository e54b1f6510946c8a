"""Commands about deduplication indexes."""

import json
import sys
from typing import Annotated, Any

import typer

from polysieve.pipeline.commands.shared import console, store_at, usage

IndexArgument = Annotated[str, typer.Argument(metavar="INDEX", help="The folder of an index.")]


def info(
    directory: IndexArgument,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show an index's runs, its documents, contents and clusters by language, and its size."""
    from polysieve.pipeline.index import tools as index_tools

    found = index_tools.info(index_store(directory))
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        index_tools.print_info(found, console())


def verify(directory: IndexArgument) -> None:
    """Check that an index's files are there and that its tables agree with one another."""
    from polysieve.pipeline.index.tools import problems

    found = problems(index_store(directory))
    for problem in found:
        print(f"polysieve: {problem}", file=sys.stderr)
    if found:
        raise typer.Exit(1)
    print(f"{directory}: in order")


def compact(directory: IndexArgument) -> None:
    """Write an index anew as one piece per language, and remove what no version needs any more."""
    from polysieve.pipeline.index import tools as index_tools
    from polysieve.pipeline.storage.lock import Held, OutputLock

    store = index_store(directory)
    try:
        with OutputLock(store):
            before, after = index_tools.compact(store)
    except Held as error:
        usage(str(error))
    print(f"{directory}: {before} files, now {after}")


def index_store(directory: str) -> Any:
    """The store of an index that is there, or exit code 2."""
    from polysieve.pipeline.index.versions import IndexUnusable, current

    store = store_at(directory)
    try:
        if current(store) is None:
            usage(f"{directory}: no index here; `polysieve run` with --index makes one")
    except IndexUnusable as error:
        usage(str(error))
    return store
