"""Commands about the parameters of languages: fitting and checking them, and the table of rules."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from polysieve.pipeline.commands.judging import codes_of, judgements_of
from polysieve.pipeline.commands.shared import console, plan_of, recipe_of, usage


def fit(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Finished runs (their output folders), and Parquet or JSONL files or folders with `text` "
            "and a language, as reference.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of language files.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A key of the recipe's parameters.fit: method=quantile, share=0.1, "
            "methods.top_n_grams=mean_std. May be given many times.",
        ),
    ] = None,
    word_lists: Annotated[
        bool,
        typer.Option(
            "--word-lists", help="Write word lists of high affinity from the reference too."
        ),
    ] = False,
    affinity: Annotated[
        float,
        typer.Option(
            min=0.5, max=1, help="Least share of a listed word's occurrences in its language."
        ),
    ] = 0.85,
    cuts: Annotated[
        Path | None,
        typer.Option(
            "--cuts",
            help="Lowest language scores as `polysieve lid evaluate --cuts` writes them, instead of those that "
            "follow from a run's scores.",
        ),
    ] = None,
    from_judgements: Annotated[
        bool,
        typer.Option(
            "--from-judgements",
            help="From what people said of the documents of one run, in `polysieve audit serve`.",
        ),
    ] = False,
    good: Annotated[
        str,
        typer.Option(help="With --from-judgements: the codes of documents that should be kept."),
    ] = "CC,CB,CS",
    judgements: Annotated[
        Path | None,
        typer.Option(help="With --from-judgements: their SQLite file, where it is not the run's."),
    ] = None,
) -> None:
    """Fit each language's thresholds and stop words; the folder can be passed to a recipe's `parameters`."""
    from polysieve.pipeline.fitting import fitting
    from polysieve.pipeline.run.plan import OtherVersion
    from polysieve.pipeline.steps.fit.fit import settings_of
    from polysieve.pipeline.texts.reading import TextFileError

    chosen = [f"parameters.fit.{setting}" for setting in settings or []]
    recipe = recipe_of("minimal", ["parameters.fit={}", *chosen])
    how = recipe.parameters.fit
    assert how is not None
    runs = [source for source in sources if fitting.is_run(source)]
    texts = [source for source in sources if source not in runs]
    if word_lists and not texts:
        usage("--word-lists: word lists need text whose language is known; name files with it")
    if output.exists() and any(output.iterdir()) and not (output / fitting.SUMMARY).exists():
        usage(f"{output}: is not empty, and no fit wrote it; name another --output")
    if from_judgements:
        if len(runs) != 1 or texts or settings or word_lists or cuts:
            usage(
                "--from-judgements: name one finished run, and neither text, --set, --cuts nor --word-lists"
            )
        _fit_judgements(runs[0], output, good, judgements)
        return
    measured = _cuts(cuts) if cuts else {}
    screen = console()
    try:
        with screen.status("reading reference texts"):
            reference = fitting.count_texts(texts)
    except TextFileError as error:
        usage(str(error))
    crawled = fitting.Counted()
    for source in runs:
        with screen.status(f"reading {source}"):
            try:
                fitting.count_run(source, how, crawled)
            except OtherVersion as error:
                usage(f"{source}: {error}")
    whole = fitting.merged(reference, crawled, how.min_documents)
    origins = fitting.write(whole, settings_of(how), output, {"sources": sources}, measured)
    for origin in ("fit", "relatives", "defaults"):
        named = [label for label, where in origins.items() if where == origin]
        screen.print(f"{len(named):5} languages from {_ORIGINS[origin]}")
    if word_lists:
        shares = fitting.write_word_lists(texts, reference, output, affinity)
        screen.print(f"{len(shares):5} word lists in {output / fitting.WORDLISTS}")
    screen.print(
        f"language files are in {output}; use them with `parameters: {output}` in a recipe"
    )


def _cuts(path: Path) -> Mapping[str, float]:
    """Label → lowest score of a file of cuts, or exit code 2."""
    from polysieve.language_id.evaluation import read_cuts

    try:
        return read_cuts(json.loads(path.read_text("utf-8")))
    except OSError as error:
        usage(f"--cuts {path}: cannot be read ({error.strerror})")
    except ValueError as error:
        usage(f"--cuts {path}: {error}")


def _fit_judgements(run: str, output: Path, good: str, file: Path | None) -> None:
    from polysieve.pipeline.fitting import judged

    codes = codes_of(good)
    database = judgements_of(run, file, must_exist=True)
    rows = database.judged()
    database.close()
    plan = plan_of(run)
    found = judged.propose(plan, judged.documents(rows, codes))
    judged.write(plan, found, output, {"sources": [run], "good": list(codes)})
    table = Table(
        "language", "judged", "bad", "now", "held out", "proposed", title="Balanced accuracy"
    )
    for label, p in found.items():
        table.add_row(
            label,
            str(p.documents),
            str(p.bad),
            f"{p.before:.3f}",
            f"{p.held_out:.3f}",
            ", ".join(p.changed),
        )
    screen = console()
    screen.print(table)
    screen.print(
        f"{sum(bool(p.changed) for p in found.values())} of {len(found)} judged languages have other values "
        f"in {output}; use them with `parameters: {output}` in a recipe",
        soft_wrap=True,
    )


_ORIGINS = {
    "fit": "their own documents",
    "relatives": "their relatives' documents, having too few",
    "defaults": "the defaults, having too few and no relatives",
}


def lint_parameters(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A folder of language files.")],
) -> None:
    """Print the thresholds in a folder of language files that can never drop a document."""
    from polysieve.filters.parameters import load_folder, thresholds, vacuous
    from polysieve.filters.rules import RULES

    try:
        found = load_folder(folder)
    except (OSError, ValueError) as error:
        usage(str(error))
    table = Table("language", "rule", "drops if", "threshold")
    for label, values in found.items():
        limits = thresholds(values)
        for name in vacuous(values):
            limit = limits[name]
            sign = ">" if RULES[name].direction == "max" else "<"
            shown = "0: off" if limit is None else f"{limit:g}"
            table.add_row(label, name, f"{RULES[name].metric} {sign} threshold", shown)
    screen = console()
    screen.print(table)
    idle = sum(bool(vacuous(values)) for values in found.values())
    screen.print(
        f"{len(found)} files, {table.row_count} thresholds in {idle} of them can never fire"
    )


def rules() -> None:
    """Print the table of quality rules."""
    from polysieve.filters.rules import RULES

    table = Table("rule", "metric", "drops if", "default", "source")
    for rule in RULES.values():
        table.add_row(rule.name, rule.metric, rule.direction, f"{rule.default:g}", rule.source)
    Console().print(table)
