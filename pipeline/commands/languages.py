"""Commands about language labels."""

from typing import Annotated

import typer
from rich.table import Table

from polysieve.pipeline.commands.shared import console, usage


def lint_labels(
    path: Annotated[
        str,
        typer.Argument(
            metavar="FILE|FOLDER",
            help="A list with a label a line, a corpus folder (its folders' names count), or a fastText model.",
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option("--source", help="Whose codes they are: lid.176, cld2, funlangid or glotlid."),
    ] = None,
) -> None:
    """Print the language labels that are not canonical, or mean more than one language, and what they map to.

    Exit code 1 where a label is no language's, or two labels become one.
    """
    from polysieve.language_id.labels import LanguageIdError
    from polysieve.language_id.lint import lint, read_labels

    try:
        labels = read_labels(path)
        findings = lint(labels, source)
    except LanguageIdError as error:
        usage(str(error))
    table = Table("label", "becomes", "kind", "meaning")
    for finding in findings:
        table.add_row(finding.label, finding.canonical or "", finding.kind, finding.meaning)
    screen = console()
    if findings:
        screen.print(table)
    remarked = len({finding.label for finding in findings})
    errors = len({finding.label for finding in findings if finding.is_error})
    screen.print(
        f"{len(set(labels))} labels: {remarked} with remarks, {errors} of them unusable as they are"
    )
    if errors:
        raise typer.Exit(1)
