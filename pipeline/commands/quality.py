"""Commands about models of good text."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pipeline.commands.shared import console, usage

app = typer.Typer(
    help="Models of good text: train them and look at what they say.", no_args_is_help=True
)

Texts = Annotated[
    list[str],
    typer.Option(
        help="Parquet or JSONL files or folders with `text` and a language; a run's corpus/ too. "
        "May be given many times."
    ),
]


@app.command()
def train(
    positives: Texts,
    negatives: Texts,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of the models.")],
    settings: Annotated[
        str, typer.Option(help="small, fineweb2_hq (the published settings) or autotune.")
    ] = "small",
    seconds: Annotated[
        int, typer.Option(min=1, help="How long autotune searches, per language.")
    ] = 300,
    language: Annotated[
        str | None, typer.Option(help="What texts that name no language are in, as in fra_Latn.")
    ] = None,
    most: Annotated[int, typer.Option(min=100, help="Examples of a class and language.")] = 100_000,
    seed: Annotated[
        int, typer.Option(help="Seed of the choice, the division and the training.")
    ] = 0,
) -> None:
    """Train a fastText classifier per language, and print how well it tells the held-out examples apart."""
    from filters.quality import fasttext_training
    from pipeline import labelled, quality

    if settings not in ("small", "fineweb2_hq", "autotune"):
        usage(f"--settings {settings}: choose small, fineweb2_hq or autotune")
    how = fasttext_training.Training(settings, seconds, seed)  # type: ignore[arg-type]
    screen = console()
    try:
        with screen.status("reading examples"):
            pools = [
                quality.gather(paths, seed, most, language) for paths in (positives, negatives)
            ]
    except labelled.LabelledTextError as error:
        usage(str(error))
    with screen.status("training"):
        cards, left = quality.train(
            pools[0],
            pools[1],
            output,
            ".bin",
            lambda path, label, parts: fasttext_training.train(path, label, parts, how),
        )
    if cards:
        about = {
            "method": "fasttext", "settings": settings, "seed": seed, "positives": positives, "negatives": negatives,
        }  # fmt: skip
        quality.write_cards(output, cards, about)
    table = Table("language", "trained on", "tested on", "AUC", "precision of the best tenth")
    for label, card in cards.items():
        test = card["test"]
        table.add_row(
            label, f"{card['examples']['train']:,}", f"{test['texts']:,}",
            *("" if test[k] is None else f"{test[k]:.3f}" for k in ("auc", "precision_at")),
        )  # fmt: skip
    screen.print(table)
    for label, why in left.items():
        screen.print(f"{label}: no model: {why}")
    if not cards:
        raise typer.Exit(1)
    screen.print(
        f"models are in {output}; use them with `fasttext: {output}/{{label}}.bin` in a recipe's quality.scores"
    )
