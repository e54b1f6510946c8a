"""The command line."""

import contextlib
import json
import os
import signal
import sys
import tempfile
import traceback
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from pipeline import audit_commands
from pipeline.recipe import Recipe, RecipeError, apply_settings, change, load
from pipeline.terminal import Directory
from pipeline.terminal import console as _console
from pipeline.terminal import plan_of as _plan_of
from pipeline.terminal import run_record as _run_record
from pipeline.terminal import store_at as _store
from pipeline.terminal import usage as _usage

app = typer.Typer(
    name="polysieve",
    help="Turns web-crawl snapshots into clean training corpora in every language.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
INTERRUPTED = 130
recipe_app = typer.Typer(help="Recipes: what a run does.", no_args_is_help=True)
app.add_typer(recipe_app, name="recipe")
index_app = typer.Typer(
    help="Deduplication indexes: what runs with --index add to.", no_args_is_help=True
)
app.add_typer(index_app, name="index")
app.add_typer(audit_commands.app, name="audit")

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
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY.PATH=VALUE",
        help="Change a key of the recipe; KEY.PATH- takes one out. May be given many times.",
    ),
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
    typer.Option("--rekeep", help="With --index: choose kept members anew, published ones too."),
]
KeepSteps = Annotated[
    bool, typer.Option("--keep-steps", help="Keep the step folders of earlier recipes.")
]


@app.command()
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
    keep_steps: KeepSteps = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Make a corpus: crawl shards in, corpus and report out. Run it again to go on after a stop."""
    loaded = _recipe(recipe, _input_settings(settings, limit, sample))
    sources = _resolve(loaded, inputs)
    meeting = _meeting(loaded, index, rekeep)
    _execute(
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


@app.command()
def demo(
    output: Annotated[
        str, typer.Argument(metavar="[OUT]", help="The output folder.")
    ] = "demo-output",
    workers: Workers = None,
    engine: EngineName = "ray",
    quiet: Quiet = False,
) -> None:
    """Run the main job on the sample crawl that comes with the package."""
    crawl = Path(str(resources.files("recipes"))) / "sample" / "crawl"
    loaded = _recipe("fineweb2", None)
    sources = _resolve(loaded, [f"{crawl}/*.gz"])
    _execute(loaded, sources, output, engine, workers, None, False, quiet, False)


@app.command()
def plan(
    recipe: RecipeArgument,
    inputs: Inputs,
    output: OutputOption = "output",
    settings: Settings = None,
    limit: Limit = None,
    sample: Sample = None,
) -> None:
    """Print the steps, which are done and which will run, the inputs, and the disk needed. Starts nothing."""
    from pipeline.describe import print_plan
    from pipeline.plan import make

    loaded = _recipe(recipe, _input_settings(settings, limit, sample))
    sources = _resolve(loaded, inputs)
    _preflight(loaded)
    store = _store(output, loaded.input.storage_options)
    print_plan(make(loaded, sources, store), _console())


@app.command()
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
    from pipeline.plan import measured_already
    from pipeline.sources import Source

    record = _run_record(directory, _storage_options(settings))
    try:
        changed = change(record["recipe"], settings or [], f"{directory}/run.json")
    except RecipeError as error:
        _usage(str(error))
    sources = [Source(i["address"], i["size"], i["etag"]) for i in record["inputs"]]
    if not measured_already(changed, record):
        _usage(
            f"{directory}: what was measured does not fit this recipe (a key that the measuring "
            "step reads has changed); run `polysieve run` with it instead"
        )
    steps = record["steps"]
    known = record.get("index")
    meeting = _meeting(changed, index or (known and known["address"]), rekeep, again=bool(index))
    _execute(
        changed, sources, directory, engine, workers, None, keep_steps, quiet, verbose, steps["measure"],
        meeting, steps["clusters"] if index else None,
    )  # fmt: skip


@app.command("fit")
def fit_command(
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
) -> None:
    """Fit each language's thresholds and stop words; the folder can be passed to a recipe's `parameters`."""
    from pipeline import fitting, labelled
    from pipeline.steps.fit import settings_of

    chosen = [f"parameters.fit.{setting}" for setting in settings or []]
    recipe = _recipe("minimal", ["parameters.fit={}", *chosen])
    how = recipe.parameters.fit
    assert how is not None
    runs = [source for source in sources if fitting.is_run(source)]
    texts = [source for source in sources if source not in runs]
    if word_lists and not texts:
        _usage("--word-lists: word lists need text whose language is known; name files with it")
    if output.exists() and any(output.iterdir()) and not (output / fitting.SUMMARY).exists():
        _usage(f"{output}: is not empty, and no fit wrote it; name another --output")
    console = _console()
    try:
        with console.status("reading reference texts"):
            reference = fitting.count_texts(texts)
    except labelled.LabelledTextError as error:
        _usage(str(error))
    crawled = fitting.Counted()
    for source in runs:
        with console.status(f"reading {source}"):
            fitting.count_run(source, how, crawled)
    whole = fitting.merged(reference, crawled, how.min_documents)
    origins = fitting.write(whole, settings_of(how), output, {"sources": sources})
    for origin in ("fit", "relatives", "defaults"):
        named = [label for label, where in origins.items() if where == origin]
        console.print(f"{len(named):5} languages from {_ORIGINS[origin]}")
    if word_lists:
        shares = fitting.write_word_lists(texts, reference, output, affinity)
        console.print(f"{len(shares):5} word lists in {output / fitting.WORDLISTS}")
    console.print(
        f"language files are in {output}; use them with `parameters: {output}` in a recipe"
    )


_ORIGINS = {
    "fit": "their own documents",
    "relatives": "their relatives' documents, having too few",
    "defaults": "the defaults, having too few and no relatives",
}


@app.command("lint-parameters")
def lint_parameters(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A folder of language files.")],
) -> None:
    """Print the thresholds in a folder of language files that can never drop a document."""
    from filters.parameters import load_folder, thresholds, vacuous
    from filters.rules import RULES

    try:
        found = load_folder(folder)
    except (OSError, ValueError) as error:
        _usage(str(error))
    table = Table("language", "rule", "drops if", "threshold")
    for label, values in found.items():
        limits = thresholds(values)
        for name in vacuous(values):
            limit = limits[name]
            sign = ">" if RULES[name].direction == "max" else "<"
            shown = "0: off" if limit is None else f"{limit:g}"
            table.add_row(label, name, f"{RULES[name].metric} {sign} threshold", shown)
    console = _console()
    console.print(table)
    idle = sum(bool(vacuous(values)) for values in found.values())
    console.print(
        f"{len(found)} files, {table.row_count} thresholds in {idle} of them can never fire"
    )


@app.command("lint-labels")
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
    from language_id.labels import LanguageIdError
    from language_id.lint import lint, read_labels

    try:
        labels = read_labels(path)
        findings = lint(labels, source)
    except LanguageIdError as error:
        _usage(str(error))
    table = Table("label", "becomes", "kind", "meaning")
    for finding in findings:
        table.add_row(finding.label, finding.canonical or "", finding.kind, finding.meaning)
    console = _console()
    if findings:
        console.print(table)
    remarked = len({finding.label for finding in findings})
    errors = len({finding.label for finding in findings if finding.is_error})
    console.print(
        f"{len(set(labels))} labels: {remarked} with remarks, {errors} of them unusable as they are"
    )
    if errors:
        raise typer.Exit(1)


@app.command()
def status(directory: Directory) -> None:
    """Show progress, rate, time left, failures, and the counts per reason, during and after a run."""
    from pipeline.describe import print_status

    if not print_status(_store(directory), _console()):
        _usage(f"{directory}: no run here; name the --output of a run")


@app.command()
def explain(
    directory: Directory,
    id: Annotated[str | None, typer.Option("--id", help="The document's id.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="The document's address.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a document's life: source, languages, every signal beside its threshold, cluster, decision."""
    from pipeline.explain import explain_documents, print_explanation

    if (id is None) == (url is None):
        _usage("explain: give either --id or --url")
    lives = explain_documents(_plan_of(directory), id, url)
    if as_json:
        print(json.dumps(lives, indent=1, ensure_ascii=False))
    for life in lives if not as_json else []:
        print_explanation(life, _console())
    if not lives:
        print(
            f"{directory}: no document with {'id ' + id if id else 'url ' + str(url)}",
            file=sys.stderr,
        )
        raise typer.Exit(1)


@app.command()
def gc(directory: Directory) -> None:
    """Remove step folders that the last finished run does not use."""
    from pipeline.lock import Held, OutputLock
    from pipeline.run import collect_garbage

    current = _plan_of(directory)
    try:
        with OutputLock(current.store):
            gone = collect_garbage(current)
    except Held as error:
        _usage(str(error))
    print(f"removed {len(gone)} folders and files" + "".join(f"\n  {name}" for name in gone))


IndexArgument = Annotated[str, typer.Argument(metavar="INDEX", help="The folder of an index.")]


@index_app.command("info")
def index_info(
    directory: IndexArgument,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show an index's runs, its documents, contents and clusters by language, and its size."""
    from pipeline.index_tools import info, print_info

    found = info(_index_store(directory))
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        print_info(found, _console())


@index_app.command("verify")
def index_verify(directory: IndexArgument) -> None:
    """Check that an index's files are there and that its tables agree with one another."""
    from pipeline.index_tools import problems

    found = problems(_index_store(directory))
    for problem in found:
        print(f"polysieve: {problem}", file=sys.stderr)
    if found:
        raise typer.Exit(1)
    print(f"{directory}: in order")


@index_app.command("compact")
def index_compact(directory: IndexArgument) -> None:
    """Write an index anew as one piece per language, and remove what no version needs any more."""
    from pipeline.index_tools import compact
    from pipeline.lock import Held, OutputLock

    store = _index_store(directory)
    try:
        with OutputLock(store):
            before, after = compact(store)
    except Held as error:
        _usage(str(error))
    print(f"{directory}: {before} files, now {after}")


@recipe_app.command("schema")
def recipe_schema() -> None:
    """Print the JSON Schema of recipes: every key, its type, default and meaning."""
    print(json.dumps(Recipe.model_json_schema(), indent=2))


@recipe_app.command("list")
def recipe_list() -> None:
    """Print the bundled recipes."""
    from pipeline.recipe import bundled

    for name, path in bundled().items():
        print(f"{name}\t{path}")


@app.command()
def rules() -> None:
    """Print the table of quality rules."""
    from filters.rules import RULES

    table = Table("rule", "metric", "drops if", "default", "source")
    for rule in RULES.values():
        table.add_row(rule.name, rule.metric, rule.direction, f"{rule.default:g}", rule.source)
    Console().print(table)


def main() -> None:
    """The entry point: SIGTERM ends a run as Ctrl-C does."""
    _find_kernel_cache()
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    code: Any = 0
    try:
        app()
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of the libraries may outlive the interpreter and abort the process while it is taken
    # down: all is written by now, so it ends here.
    os._exit(code if isinstance(code, int) else 1)


def _find_kernel_cache() -> None:
    """Where neither the installation nor the home can be written, kernels are cached beside temporary files."""
    home = Path(os.path.expanduser("~"))
    here = Path(__file__).parent
    if "NUMBA_CACHE_DIR" not in os.environ and not any(os.access(p, os.W_OK) for p in (here, home)):
        folder = Path(tempfile.gettempdir()) / f"polysieve-kernels-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid == os.getuid():
            os.environ["NUMBA_CACHE_DIR"] = str(folder)


def _storage_options(settings: list[str] | None) -> dict[str, Any]:
    """The storage options that `--set` gives; they are never recorded."""
    try:
        return apply_settings({}, settings or []).get("input", {}).get("storage_options", {})
    except RecipeError:
        return {}  # it will be told when the settings meet the recipe


def _recipe(name: str, settings: list[str] | None) -> Recipe:
    try:
        return load(name, settings)
    except RecipeError as error:
        _usage(str(error))


def _input_settings(
    settings: list[str] | None, limit: int | None, sample: float | None
) -> list[str]:
    extra = [f"input.limit={limit}"] if limit else []
    extra += [f"input.sample={sample}"] if sample is not None else []
    return [*(settings or []), *extra]


def _resolve(recipe: Recipe, inputs: list[str]) -> list[Any]:
    from pipeline.sources import InputError, Retries, SourceError, resolve

    try:
        return resolve(
            inputs,
            base_url=recipe.input.commoncrawl_base,
            storage_options=recipe.input.storage_options,
            retries=Retries(recipe.input.retries),
        )
    except (InputError, SourceError) as error:
        _usage(str(error))


def _preflight(recipe: Recipe, is_measured: bool = False) -> None:
    from pipeline.preflight import deciding_problems, problems

    found = deciding_problems(recipe) if is_measured else problems(recipe)
    if found:
        _usage("\n".join(found))


@dataclass(frozen=True)
class Meeting:
    """An index that a run meets."""

    store: Any
    find: Any
    """What pipeline.plan.make calls."""
    rekeep: bool


def _meeting(
    recipe: Recipe, address: str | None, rekeep: bool, again: bool = False
) -> Meeting | None:
    """The index at an address; `again`: the output is in it already."""
    from pipeline.increment import increment, revision

    if address is None:
        if rekeep:
            _usage("--rekeep: only with --index")
        return None
    store = _store(address, recipe.input.storage_options)
    function = revision if again else increment
    return Meeting(store, partial(function, store, recipe), rekeep)


def _index_store(directory: str) -> Any:
    """The store of an index that is there, or exit code 2."""
    from pipeline.index import IndexUnusable, current

    store = _store(directory)
    try:
        if current(store) is None:
            _usage(f"{directory}: no index here; `polysieve run` with --index makes one")
    except IndexUnusable as error:
        _usage(str(error))
    return store


def _execute(
    recipe: Recipe,
    sources: list[Any],
    output: str,
    engine_name: str,
    workers: int | None,
    ray_address: str | None,
    keep_steps: bool,
    quiet: bool,
    verbose: bool,
    measured: str | None = None,
    meeting: Meeting | None = None,
    clustered: str | None = None,
) -> NoReturn:
    from pipeline import engine
    from pipeline.describe import human_bytes, print_summary
    from pipeline.index import IndexUnusable
    from pipeline.lock import Held, OutputLock
    from pipeline.plan import disk_estimate, disk_free, make
    from pipeline.preflight import foreign_files
    from pipeline.run import FAILED, Unfinished, execute
    from pipeline.watch import Watch

    if engine_name not in ("ray", "inline"):
        _usage(f"--engine {engine_name}: choose ray or inline")
    _preflight(recipe, measured is not None)
    store = _store(output, recipe.input.storage_options)
    if foreign := foreign_files(store, sources):
        _usage(foreign)
    needed, free = disk_estimate(sources), disk_free(store)
    if free is not None and needed > free and measured is None:
        _usage(
            f"{output}: about {human_bytes(needed)} are needed and {human_bytes(free)} are free; name another --output"
        )
    locks = contextlib.ExitStack()
    held = [OutputLock(store), *([OutputLock(meeting.store)] if meeting else [])]
    for lock in held:
        try:
            locks.enter_context(lock)
        except Held as error:
            locks.close()
            _usage(str(error))
        except OSError as error:
            locks.close()
            _usage(f"{lock.name}: cannot be written ({error.strerror or error}); name another")

    def touch() -> None:
        for lock in held:
            lock.touch()

    watch = Watch(store, quiet, verbose, touch)
    runner: engine.Engine | None = None
    code = FAILED
    try:
        try:
            watch.log(
                "run started",
                recipe=recipe.name,
                inputs=len(sources),
                engine=engine_name,
                pid=os.getpid(),
            )
            watch.write_progress(force=True)
            watch.detail(
                f"{len(sources)} inputs, {human_bytes(sum(max(s.size, 0) for s in sources))}, recipe {recipe.name}"
            )
            index, rekeep = (meeting.find, meeting.rekeep) if meeting else (None, False)
            try:
                wanted = make(recipe, sources, store, measured, index, rekeep, clustered)
            except IndexUnusable as error:
                watch.end("failed", error=str(error))
                _usage(str(error))
            if measured is None:
                warm_up(watch)
            try:
                runner = engine.start(engine_name, workers, ray_address)
            except ConnectionError as error:
                watch.end("failed", error=str(error))
                _usage(f"--ray-address: {error}")
            result = execute(wanted, runner, watch, keep_steps)
            code = result.exit_code
            if not quiet and result.record:
                print_summary(result.record, store, watch.console)
            watch.say(f"polysieve: {result.message}", style="yellow" if code else "green")
            watch.end("done", exit_code=code)
        except Unfinished as error:
            print(f"polysieve: {error}", file=sys.stderr)
            watch.end("failed", exit_code=FAILED, error=str(error))
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            code = INTERRUPTED
            print(
                "\npolysieve: interrupted; what is done is kept, and the same command goes on from there",
                file=sys.stderr,
            )
            watch.end("interrupted", exit_code=code)
        except Exception as error:
            watch.log("crashed", traceback=traceback.format_exc())
            watch.end("failed", exit_code=FAILED, error=f"{type(error).__name__}: {error}")
            raise
        finally:
            if runner is not None:
                runner.close()
    finally:
        locks.close()
    raise typer.Exit(code)


def warm_up(watch: Any) -> None:
    """Compile the kernels once, before workers would each do it, and say so where it takes a while."""
    import time

    from pipeline.warm import compile_kernels, is_cached

    if not is_cached():
        watch.say("compiling kernels for this machine (once, about half a minute)")
    started = time.monotonic()
    compile_kernels()
    watch.detail(f"kernels ready after {time.monotonic() - started:.1f} s")
