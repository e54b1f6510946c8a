"""What can be known to be wrong with a recipe before anything starts."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from polysieve.filters import datatrove, precision
from polysieve.filters import parameters as language_parameters
from polysieve.filters.url import ut1_lists
from polysieve.pipeline.recipe import Recipe
from polysieve.pipeline.run.plan import has_published
from polysieve.pipeline.run.watch import PROGRESS
from polysieve.pipeline.sources import Source
from polysieve.pipeline.steps.score import scores
from polysieve.pipeline.steps.write.corpus import PUBLISHED
from polysieve.pipeline.steps.write.embeddings import EMBEDDINGS
from polysieve.pipeline.steps.write.translations import PARALLEL
from polysieve.pipeline.storage.store import Store
from polysieve.pipeline.texts import tokens

# What a recipe may ask for beyond the base installation: (extra, module that it brings).
EXTRAS = {
    "trafilatura": ("trafilatura", "trafilatura"),
    "trafilatura_precision": ("trafilatura", "trafilatura"),
}


def problems(recipe: Recipe) -> list[str]:
    """One line for each thing that is missing or unusable; empty where the recipe can run."""
    found = []
    if recipe.extract.engine in EXTRAS:
        extra, module = EXTRAS[recipe.extract.engine]
        if importlib.util.find_spec(module) is None:
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
    found += deciding_problems(recipe)
    if recipe.language.model != "embedded":
        from polysieve.language_id import LanguageIdError
        from polysieve.pipeline.steps.measure import languages

        try:
            languages.model(recipe.language)
        except LanguageIdError as error:
            found.append(f"language.model: {error}")
    if lists := recipe.url_filter:
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
            found.append(
                "url_filter.categories: they need the folder of the lists in url_filter.ut1"
            )
    return found


def deciding_problems(recipe: Recipe) -> list[str]:
    """Of `problems` those that matter to what comes after measuring."""
    found = [
        *block_problems(recipe),
        *scores.problems(recipe),
        *translation_problems(recipe),
    ]
    if recipe.output.tokenizer:
        try:
            tokens.load(recipe.output.tokenizer)
        except tokens.TokenizerError as error:
            found.append(f"output.tokenizer: {error}")
    folder, lists = recipe.parameters.folder, recipe.parameters.precision
    if folder:
        try:
            language_parameters.check_folder(folder)
        except (OSError, ValueError) as error:
            found.append(f"parameters.folder: {error}")
    if lists:
        if not any(Path(lists.wordlists).glob("*.txt")):
            found.append(
                f"parameters.precision.wordlists: {lists.wordlists}: no .txt file in such a folder; correct the path"
            )
        try:
            precision.load(lists.wordlists, [], lists.contamination, lists.url_whitelist)
        except (OSError, ValueError) as error:
            found.append(f"parameters.precision: {error}")
    return found


def translation_problems(recipe: Recipe) -> list[str]:
    """One line for each engine that cannot translate here, or not between the languages of its target."""
    if recipe.translate is None:
        return []
    from polysieve.pipeline.steps.translate import checking
    from polysieve.pipeline.steps.translate.translations import back_engine, engine_of
    from polysieve.translation.engines import EngineDown, EngineError

    found = []
    if importlib.util.find_spec("sentencex") is None:
        found.append(
            "translate: sentencex is not installed; run: pip install 'polysieve[translate]'"
        )
    if recipe.translate.cache:
        try:
            Path(recipe.translate.cache).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            found.append(f"translate.cache: {error}; name a folder on a local disk")
    for label, target in recipe.translate.targets.items():
        if target.checks.is_target and _is_unknown(recipe, label):
            found.append(
                f"translate.targets.{label}: the language model has no {label}, so no translation could pass; "
                "use another language.model, or checks: {is_target: false}"
            )
        found += [
            f"translate.targets.{label}.checks.{problem}"
            for problem in checking.problems(target, label)
        ]
        try:
            engine = engine_of(target, label)
        except (EngineError, EngineDown, ImportError) as error:
            found.append(f"translate.targets.{label}.engine: {error}")
            continue
        problems = (engine.problem(source, label) for source in target.sources)
        found += [f"translate.targets.{label}: {problem}" for problem in problems if problem]
        for source in target.sources if target.checks.round_trip else ():
            try:
                problem = back_engine(target, source).problem(label, source)
            except (EngineError, EngineDown, ImportError) as error:
                problem = str(error)
            if problem:
                found.append(f"translate.targets.{label}.checks.round_trip.engine: {problem}")
    return found


def _is_unknown(recipe: Recipe, label: str) -> bool:
    """Whether the language model has no such label; False where it cannot be loaded, which is told elsewhere."""
    from polysieve.language_id import LanguageIdError
    from polysieve.pipeline.steps.measure import languages

    try:
        return not languages.is_known(label, recipe.language)
    except LanguageIdError:
        return False


def block_problems(recipe: Recipe) -> list[str]:
    """One line for each datatrove filter or formatter of the recipe that cannot run here."""
    found = [
        (f"rules.{name}", datatrove.problem(block.datatrove, block.arguments, "filter"))
        for name, block in recipe.text_rules.items()
    ]
    found += [
        (f"clean.formatters.{i}", datatrove.problem(block.datatrove, block.arguments, "formatter"))
        for i, block in enumerate(recipe.clean.formatters)
    ]
    return [f"{key}: {problem}" for key, problem in found if problem]


def foreign_files(store: Store, sources: Sequence[Source], recipe: Recipe) -> str | None:
    """Why an output folder is not this program's to write; None where it is.

    The folders that a run publishes replace what is there. So they must be a run's, or not be there
    yet; and no input may lie in the output.
    """
    inside = [s.address for s in sources if s.address.startswith(f"{store.root}/")]
    if inside:
        return f"{store}: the input {inside[0]} lies in the output; name another --output"
    taken = [] if store.exists(PROGRESS) else [name for name in PUBLISHED if store.exists(name)]
    more = [PARALLEL] if recipe.translate else []
    more += [EMBEDDINGS] if recipe.quality and recipe.quality.embeddings else []
    taken += [name for name in more if store.exists(name) and not has_published(store, name)]
    if taken:
        return f"{store}: {taken[0]}/ is there and no run made it; name another --output"
    return None
