"""`polysieve lid`: train a model of language identification, and measure one."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from polysieve.pipeline.commands.shared import console, usage

app = typer.Typer(help="Language identification: train a model, measure one.", no_args_is_help=True)

Data = Annotated[
    list[str],
    typer.Argument(
        metavar="DATA...",
        help="Labelled text: Parquet, JSONL or TSV with `text`, a language and perhaps a `source`; .txt files named "
        "like news.swh_Latn.txt, a text a line; or folders of these.",
    ),
]


@app.command()
def train(
    data: Data,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The model: .ftz, or .bin with --full.")
    ],
    per_label: Annotated[
        int, typer.Option(min=1, help="Most texts of a label, shared between its sources.")
    ] = 5_000,
    noise: Annotated[
        int | None, typer.Option(min=0, help="Examples of noise that are made.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1)] = 10,
    dim: Annotated[int, typer.Option(min=1, help="Numbers that stand for an n-gram.")] = 64,
    buckets: Annotated[int, typer.Option(min=1, help="N-grams told apart.")] = 500_000,
    rate: Annotated[float, typer.Option(min=0.001, help="The learning rate.")] = 0.5,
    loss: Annotated[str, typer.Option(help="softmax; or hs, faster for many labels.")] = "softmax",
    held_out: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of the texts that is measured instead.")
    ] = 0.05,
    keep_features: Annotated[
        int, typer.Option(min=0, help="N-grams that stay in a quantised model; 0: all.")
    ] = 0,
    full: Annotated[bool, typer.Option("--full", help="Do not quantise.")] = False,
    threads: Annotated[
        int, typer.Option(min=1, help="More than 1 is faster; the model is another each time.")
    ] = 1,
    seed: Annotated[int, typer.Option()] = 0,
) -> None:
    """Train and quantise a fastText model; its card is written beside it. The model's path can be a recipe's
    `language.model`."""
    from polysieve.language_id.labels import LanguageIdError
    from polysieve.language_id.training import Corpus, Settings
    from polysieve.language_id.training import train as train_model
    from polysieve.pipeline.texts import labelled
    from polysieve.pipeline.texts.reading import TextFileError

    if loss not in ("softmax", "hs"):
        usage(f"--loss {loss}: choose softmax or hs")
    settings = Settings(
        per_label=per_label, noise=noise, epochs=epochs, dim=dim, buckets=buckets, rate=rate, loss=loss,
        held_out=held_out, keep_features=keep_features, quantise=not full, threads=threads, seed=seed,
    )  # fmt: skip
    corpus = Corpus(settings)
    screen = console()
    try:
        for texts, labels, sources in labelled.read(data):
            corpus.add(texts, labels.to_pylist(), sources.to_pylist())
        screen.print(f"{sum(corpus.seen.values())} texts, {len(corpus.seen)} labels; training")
        card = train_model(corpus, output)
    except (TextFileError, LanguageIdError, OSError) as error:
        usage(str(error))
    scores = card["held_out"]
    screen.print(
        f"{output}: {len(card['labels'])} labels, {card['bytes'] / 1e6:.1f} MB; on texts held out macro-F1 "
        f"{scores['macro_f1_all']:.3f}; card in {output.with_suffix('.md')}"
    )


@app.command()
def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            help="embedded, cld2, the path of a fastText model, one of the hub, or several with weights: "
            "embedded=1,glotlid=0.5."
        ),
    ],
    data: Data,
    cuts: Annotated[
        Path | None,
        typer.Option(
            "--cuts", help="Write each label's F-beta cut here, for `polysieve fit --cuts`."
        ),
    ] = None,
    beta: Annotated[float, typer.Option(min=0.001, help="Below 1 precision counts more.")] = 0.1,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
) -> None:
    """Print how good a model is on labelled text: macro-F1, classes, confusions, noise, coverage by score, speed."""
    from polysieve.language_id import evaluation
    from polysieve.language_id.labels import LanguageIdError
    from polysieve.pipeline.texts import labelled
    from polysieve.pipeline.texts.reading import TextFileError

    try:
        chosen = _model(model)
        found = evaluation.evaluate(
            chosen, ((texts, labels.to_pylist()) for texts, labels, _ in labelled.read(data))
        )
    except (TextFileError, LanguageIdError) as error:
        usage(str(error))
    if not found.labels:
        usage(f"{', '.join(data)}: no text; name other files")
    if cuts is not None:
        made = evaluation.as_cuts(found, chosen, beta)
        try:
            cuts.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
        except OSError as error:
            usage(f"--cuts {cuts}: cannot be written ({error.strerror})")
    if as_json:
        print(json.dumps(found.as_dict(), indent=1, ensure_ascii=False))
    else:
        _print(found.as_dict(), console())
        if cuts is not None:
            console().print(f"cuts of {len(made['cuts'])} labels are in {cuts}")


def _model(written: str) -> Any:
    """The model or ensemble that a command names. Raises LanguageIdError."""
    from polysieve.language_id import LanguageIdError, load_ensemble, load_model

    if "=" not in written:
        return load_model(written)
    weights: dict[str, float] = {}
    for part in written.split(","):
        name, _, weight = part.rpartition("=")
        try:
            weights[name] = float(weight)
        except ValueError:
            raise LanguageIdError(
                f"{written}: {weight!r} is no weight; write embedded=1,glotlid=0.5"
            ) from None
    return load_ensemble(weights)


def _print(figures: dict[str, Any], screen: Console) -> None:
    """The figures of an evaluation as tables."""
    classes = figures["classes"]
    lacking = sum(not c["known"] for c in classes.values())
    table = Table("class", "documents", "precision", "recall", "F1", "in the model")
    for name, c in classes.items():
        table.add_row(
            name, str(c["documents"]), f"{c['precision']:.3f}", f"{c['recall']:.3f}", f"{c['f1']:.3f}",
            "yes" if c["known"] else "no",
        )  # fmt: skip
    screen.print(table)
    if not figures["confusions"]:
        screen.print("No class was taken for another.")
    confusions = Table("class", "called", "documents", "", title="confusions")
    for c in figures["confusions"][:_MOST_CONFUSIONS]:
        note = "not in the model" if c["out_of_model"] else ""
        confusions.add_row(c["class"], c["answer"], str(c["documents"]), note)
    if figures["confusions"]:
        screen.print(confusions)
    coverage = Table(
        "score", "answered", "right of them", "other languages accepted", "noise left out"
    )
    for row in figures["coverage"]:
        coverage.add_row(f">= {row['cut']}", *(_share(row[key]) for key in _COVERAGE))
    screen.print(coverage)
    screen.print(
        f"{figures['documents']} documents, {len(classes)} classes, {lacking} of them not in the model\n"
        f"macro-F1 {figures['macro_f1_all']:.3f} over all classes, {figures['macro_f1_known']:.3f} over the model's\n"
        f"accuracy {figures['accuracy']:.3f}, false-positive rate {figures['false_positive_rate']:.6f}\n"
        f"{figures['documents_per_second']:.0f} documents, {figures['megabytes_per_second']:.1f} MB a second"
    )


_MOST_CONFUSIONS = 30
_COVERAGE = ("answered", "right_of_answered", "accepted_unknown", "noise")


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
