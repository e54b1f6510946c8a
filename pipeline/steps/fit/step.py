"""The step fit: thresholds and stop words of every language that occurs."""

from collections.abc import Iterator
from pathlib import Path

from polysieve.filters import parameters as language_parameters
from polysieve.filters import precision
from polysieve.filters.parameters import vacuous
from polysieve.pipeline.engines.engine import Teller
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.fit import explain, fit
from polysieve.pipeline.steps.step import Phase, Plan, Step
from polysieve.pipeline.storage.ledger import StepFolder


def phases(plan: Plan, folder: StepFolder) -> Iterator[Phase]:
    """Counts of every unit, where the recipe fits; then all languages together; then the words of some units again."""
    context, units = plan.context, plan.units
    if plan.recipe.parameters.fit:
        yield Phase("count", fit.count, [fit.Counting(context, folder, unit) for unit in units])
    yield Phase("fit", fit.run, [fit.Fitting(context, folder, tuple(units))])
    if again := fit.word_tasks(context, folder, units):
        yield Phase("words", fit.measure_words, again)


def hashes(recipe: Recipe) -> dict[str, object]:
    """Hashes of the files that are read, and which rules need words measured again."""
    folder, lists = recipe.parameters.folder, recipe.parameters.precision
    return {
        "parameters": language_parameters.folder_hash(folder) if folder else None,
        "precision": lists
        and precision.files_hash(lists.wordlists, lists.contamination, lists.url_whitelist),
        "words": [name for name in fit.RULES_ON_WORDS if name in recipe.rules],
    }


def problems(recipe: Recipe) -> list[str]:
    """Folders of parameters and word lists that cannot be used."""
    found = []
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


def warn_of_idle_rules(plan: Plan, folder: StepFolder, teller: Teller) -> None:
    """Name the thresholds that can never fire: each in the log and the report, their number on the screen."""
    idle = {
        label: [rule for rule in vacuous(fitted.parameters) if rule in plan.recipe.rules]
        for label, fitted in fit.read(folder).items()
    }
    idle = {label: rules for label, rules in idle.items() if rules}
    for label, rules in idle.items():
        teller.log("idle rules", language=label, rules=rules)
    if idle:
        teller.say(
            f"{sum(map(len, idle.values()))} thresholds of {len(idle)} languages can never drop a document: "
            "see the report, or polysieve lint-parameters",
            style="yellow",
        )


STEP: Step = Step(
    "fit",
    ("measure", "index"),
    phases,
    fit.__name__,
    hashes=hashes,
    problems=problems,
    after=warn_of_idle_rules,
    is_durable=False,
    explain=explain.explain,
    shows="signals",
    show=explain.show,
)
