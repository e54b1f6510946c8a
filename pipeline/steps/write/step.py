"""The step write: the corpus, what was removed from it, translations and vectors, and what is said of the run.

Everything is written beside what is published, and swapped in when the whole run is done (pipeline/run/publishing.py).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

from polysieve.filters import datatrove
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.decide.decisions import decided_labels
from polysieve.pipeline.steps.decide.manifest import Decided, DecidedLabel
from polysieve.pipeline.steps.embed import embeddings as vectors
from polysieve.pipeline.steps.measure.manifest import Measured
from polysieve.pipeline.steps.step import Context, Phase, Plan, Step, Unfinished, manifest_of
from polysieve.pipeline.steps.translate.places import sizes
from polysieve.pipeline.steps.write import (
    accounting,
    corpus,
    embeddings,
    explain,
    figures,
    translations,
)
from polysieve.pipeline.steps.write.card import dataset_card
from polysieve.pipeline.steps.write.manifest import Shards, Translated, WrittenLabel
from polysieve.pipeline.steps.write.record import Record, record_of
from polysieve.pipeline.steps.write.samples import Sample
from polysieve.pipeline.steps.write.unchanged import (
    PublishedLabel,
    unchanged_labels,
    written_hashes,
)
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.schema import QUARANTINE
from polysieve.pipeline.storage.store import parquet_writer
from polysieve.pipeline.texts import tokens

RECORD = "record"
"""The manifest that says what was written (`Recorded`)."""


class Recorded(TypedDict):
    """The manifest of all that was written."""

    record: Record
    samples: dict[str, dict[str, list[Sample]]]
    """Target -> reason, or `kept` -> a few translations."""


def phases(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """Shards of every label that changed, translations, vectors; then what goes with them."""
    context, recipe = plan.context, plan.recipe
    details = decided_labels(context, plan.units)
    unchanged = unchanged_labels(context, details)
    writing = _corpus_tasks(plan, folder, frozenset(unchanged))
    yield Phase("write", corpus.run, writing)
    if recipe.translate:
        targets = recipe.translate.targets
        translated = [
            translations.Translations(context, folder, label, sizes(context, label))
            for label in targets
        ]
        yield Phase("write translations", translations.run, translated)
    if recipe.quality and recipe.quality.embeddings:
        encoding = vectors.written(recipe.quality)
        writing_vectors = [
            embeddings.Vectors(context, folder, unit, encoding) for unit in plan.units
        ]
        yield Phase("write embeddings", embeddings.run, writing_vectors)
    if folder.manifest(RECORD) is None:
        written = _with_written(folder, recipe, writing, unchanged, details)
        _complete(plan, folder, written, unchanged)


def _corpus_tasks(
    plan: Plan, folder: StepFolder, unchanged: frozenset[str]
) -> list[corpus.Writing]:
    found: list[corpus.Writing] = []
    for unit in plan.units:
        manifest = manifest_of(plan.context.folder("decisions"), unit.name, Decided)
        template = corpus.Writing(plan.context, folder, unit, unchanged=unchanged)
        found += corpus.tasks(template, manifest)
    return found


def _with_written(
    folder: StepFolder,
    recipe: Recipe,
    writing: Sequence[corpus.Writing],
    unchanged: Mapping[str, PublishedLabel],
    details: Mapping[str, DecidedLabel],
) -> dict[str, WrittenLabel]:
    """`details` with the personal data found in what is kept of each label, and its tokens."""
    pii: dict[str, Counter[str]] = {label: Counter() for label in details}
    token_counts = dict.fromkeys(details, 0)
    for label, entry in unchanged.items():
        pii[label].update(entry["pii"])
        token_counts[label] += entry["tokens"] or 0
    for task in writing:
        manifest = manifest_of(folder, task.name, Shards)
        for label, found in manifest["pii"].items():
            pii[label].update(found)
        for label, n in manifest["tokens"].items():
            token_counts[label] += n
    return {
        label: {
            **values,
            "pii": dict(sorted(pii[label].items())),
            "tokens": token_counts[label] if recipe.output.tokenizer else None,
        }
        for label, values in details.items()
    }


def _complete(
    plan: Plan,
    folder: StepFolder,
    details: Mapping[str, WrittenLabel],
    unchanged: Mapping[str, PublishedLabel],
) -> None:
    """Write what goes with the corpus: unchanged labels, quarantine, parameters, card; commit what run.json will say.

    Raises Unfinished where documents are not accounted for.
    """
    context, store = plan.context, plan.store
    targets = plan.recipe.translate.targets if plan.recipe.translate else {}
    samples = {
        label: manifest_of(folder, f"{translations.PREFIX}{label}", Translated)["samples"]
        for label in targets
    }
    record = record_of(plan, details, figures.outcomes(context, samples))
    if wrong := accounting.violations(record["accounting"]):
        raise Unfinished("the accounting does not hold, nothing was published: " + "; ".join(wrong))
    if store.exists(folder.file(translations.PARALLEL)):
        record["parallel"] = True
    if plan.recipe.quality and plan.recipe.quality.embeddings:
        encoding = vectors.written(plan.recipe.quality)
        record["embeddings"] = {
            "encoder": encoding.encoder,
            "sha256": encoding.hash,
            "window": encoding.window,
        }
    for name in STEP.publishes:
        store.make_folder(folder.file(name))
    _write_quarantine(plan, folder)
    _copy_parameters(context, folder, details)
    for label in unchanged:
        for kind in ("corpus", "removed"):
            store.link(f"{kind}/{label}", folder.file(f"{kind}/{label}"), "train-")
    _write_card(folder, record)
    recorded: Recorded = {"record": record, "samples": samples}
    folder.commit(RECORD, recorded)


def _write_card(folder: StepFolder, record: Record) -> None:
    languages = record["accounting"]["languages"]
    kept = {label: values["kept"] for label, values in languages.items() if values["kept"]}
    folder.store.write_text(folder.file("corpus/README.md"), dataset_card(record, kept))


def _write_quarantine(plan: Plan, folder: StepFolder) -> None:
    """All inputs' quarantine rows in one file, in the order of the inputs."""
    measure = plan.context.measure
    with (
        folder.store.create(folder.file("quarantine/train-00000.parquet")) as file,
        parquet_writer(file, QUARANTINE) as writer,
    ):
        for source in plan.sources:
            if manifest_of(measure, source.key, Measured)["quarantine_rows"]:
                name = measure.file(f"quarantine/{source.key}.parquet")
                writer.write_table(measure.store.read_columns(name, None))


def _copy_parameters(
    context: Context, folder: StepFolder, details: Mapping[str, WrittenLabel]
) -> None:
    """Each language's parameters as they were fitted."""
    fit = context.folder("fit")
    for label in details:
        with fit.store.open(fit.file(f"parameters/{label}.yaml")) as file:
            folder.store.write_text(folder.file(f"parameters/{label}.yaml"), file.read().decode())


def hashes(recipe: Recipe) -> dict[str, object]:
    """All of the recipe: the card and run.json show it."""
    return {
        "recipe": recipe.model_dump(exclude={"input": {"storage_options", "retries"}}),
        **written_hashes(recipe),
    }


def problems(recipe: Recipe) -> list[str]:
    """Formatters and the tokenizer, if they cannot be used."""
    found = []
    for number, block in enumerate(recipe.clean.formatters):
        if problem := datatrove.problem(block.datatrove, block.arguments, "formatter"):
            found.append(f"clean.formatters.{number}: {problem}")
    if recipe.output.tokenizer:
        try:
            tokens.load(recipe.output.tokenizer)
        except tokens.TokenizerError as error:
            found.append(f"output.tokenizer: {error}")
    return found


def may_publish(recipe: Recipe) -> list[str]:
    """Pairs of translations, and vectors."""
    found = [translations.PARALLEL] if recipe.translate else []
    return found + ([embeddings.EMBEDDINGS] if recipe.quality and recipe.quality.embeddings else [])


STEP: Step = Step(
    "write",
    (
        "measure",
        "index",
        "fit",
        "clusters",
        "lines",
        "embeddings",
        "decisions",
        "choice",
        "translate",
        "admit",
    ),
    phases,
    __name__,
    hashes=hashes,
    problems=problems,
    is_durable=False,
    publishes=("corpus", "removed", "quarantine", "parameters"),
    may_publish=may_publish,
    optional=(translations.PARALLEL, embeddings.EMBEDDINGS),
    explain=explain.explain,
    shows="text_start",
    show=explain.show,
)
