"""Commands about main text from HTML."""

from pathlib import Path
from typing import Annotated

import typer

from polysieve.pipeline.commands.shared import usage

app = typer.Typer(help="Main text from HTML: train the model of it.", no_args_is_help=True)


@app.callback()
def _commands() -> None:
    """Keeps `train` a command of its own."""


@app.command()
def train(
    pages: Annotated[
        str,
        typer.Argument(
            help="A Parquet file of pages: html (bytes), group (pages of one site), and text, or wanted, "
            "unwanted and teachers (lists of strings)."
        ),
    ],
    output: Annotated[Path, typer.Argument(help="The folder for the model and its card.")],
    about: Annotated[
        str, typer.Option("--about", help="What the pages are, for the model's card.")
    ] = "",
    seed: Annotated[int, typer.Option("--seed", help="Of the boosting and the folds.")] = 0,
) -> None:
    """Train the classifier of main text from pages whose text is known."""
    from polysieve.pipeline.extract import classifier, training

    try:
        examples = training.examples(training.read_pages(pages))
        model = training.train(examples, seed)
    except training.TrainingError as error:
        usage(str(error))
    output.mkdir(parents=True, exist_ok=True)
    (output / classifier.MODEL).write_bytes(classifier.dump(model))
    (output / classifier.CARD).write_text(training.card(examples, about) + "\n", "utf-8")
    typer.echo(f"{output / classifier.MODEL}: trained on {len(examples)} pages")
