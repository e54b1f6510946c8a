"""The step measure: every page of every input is read once; everything later is decided from what is stored here.

A task is an input. Its fingerprint does not hold the list of inputs, so a shard more is measured alone.
"""

import importlib.util
import unicodedata
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

from polysieve.filters import parameters as language_parameters
from polysieve.filters.url import ut1_lists
from polysieve.language_id import LanguageIdError
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.measure import explain, inputs, languages
from polysieve.pipeline.steps.measure.batches import needs_c4, url_filter
from polysieve.pipeline.steps.step import Phase, Plan, Step
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.texts import cleaning

EXTRAS = {"trafilatura": "trafilatura", "trafilatura_precision": "trafilatura"}
"""Extractors that the base installation lacks, each with the extra, and module, that brings it."""


def phases(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """A task for each input; the largest first, so that the last one to end is short."""
    largest = sorted(plan.sources, key=lambda s: (-s.size, s.address))
    yield Phase("measure", inputs.run, [inputs.Input(plan.context, folder, s) for s in largest])


def read_keys(recipe: Recipe) -> dict[str, object]:
    """What of fields that affect other steps is read here: whether texts are repaired, whether metrics of C4's rules
    are counted, and the seed of a sample of the input."""
    return {
        "repaired": recipe.clean.encoding == "measured",
        "c4": needs_c4(recipe),
        "seed": recipe.seed if recipe.input.sample else None,
    }


def hashes(recipe: Recipe) -> dict[str, object]:
    """Hashes of the models and lists that the recipe names, and versions of the libraries that texts pass through."""
    lists, folder = recipe.url_filter, recipe.parameters.folder
    return {
        **read_keys(recipe),
        "url_filter": [url_filter(lists).hash, lists.soft_word_count] if lists else None,
        "language_model": languages.model(recipe.language).hash,
        "stop_words": language_parameters.stop_words_hash(folder) if folder else None,
        "libraries": _library_versions(recipe),
    }


def _library_versions(recipe: Recipe) -> dict[str, str]:
    """A new release may extract, identify or class otherwise."""
    names = ["resiliparse", "pycld2", "icu4py", "charset-normalizer"]
    if recipe.extract.engine.startswith("trafilatura"):
        names.append("trafilatura")
    if recipe.dedup.minhash and recipe.dedup.minhash.signatures == "datatrove":
        names.append("datatrove")
    found = {"unicode": unicodedata.unidata_version, **{name: version(name) for name in names}}
    return found | cleaning.versions(recipe.clean, "measured")


def problems(recipe: Recipe) -> list[str]:
    """Extractors, language models, lists of addresses and formatters that cannot be used here."""
    found = []
    extra = EXTRAS.get(recipe.extract.engine)
    if extra and importlib.util.find_spec(extra) is None:
        found.append(
            f"extract.engine: {recipe.extract.engine} is not installed; run: pip install 'polysieve[{extra}]', "
            "or name another engine (inputs that are text, WET say, need none)"
        )
    if recipe.dedup.minhash and recipe.dedup.minhash.signatures == "datatrove":
        from polysieve.dedup.datatrove import tokeniser

        try:
            tokeniser("eng_Latn")
        except ImportError as error:
            found.append(f"dedup.minhash.signatures: datatrove's words are needed: {error}")
    if recipe.language.model != "embedded":
        try:
            languages.model(recipe.language)
        except LanguageIdError as error:
            found.append(f"language.model: {error}")
    return found + _list_problems(recipe)


def _list_problems(recipe: Recipe) -> list[str]:
    lists = recipe.url_filter
    if lists is None:
        return []
    found = []
    for key in ("domains", "urls", "words", "soft_words", "subwords"):
        for path in getattr(lists, key):
            if not Path(path).exists():
                found.append(f"url_filter.{key}: {path}: no such file; correct the path")
    if lists.ut1:
        try:
            ut1_lists(lists.ut1, lists.categories)
        except ValueError as error:
            found.append(f"url_filter.ut1: {error}")
    elif lists.categories:
        found.append("url_filter.categories: they need the folder of the lists in url_filter.ut1")
    return found


def stale(plan: Plan, folder: StepFolder) -> Iterable[str]:
    """The files of inputs that the plan does not have."""
    keys = {source.key for source in plan.sources}
    for name in folder.store.files(folder.name):
        if name.rpartition("/")[2].partition(".")[0].partition("-")[0] not in keys:
            yield name


STEP: Step = Step(
    "measure",
    (),
    phases,
    inputs.__name__,
    hashes=hashes,
    inputs=lambda inputs: {},
    problems=problems,
    stale=stale,
    explain=explain.explain,
    shows="source",
    show=explain.show,
    lives=explain.quarantined,
)
