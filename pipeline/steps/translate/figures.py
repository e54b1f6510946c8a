"""Step G within a run: its tasks, from the recipe's targets and what D kept, and its figures for record and report."""

from dataclasses import dataclass
from typing import Any

from polysieve.pipeline.run.plan import Plan
from polysieve.pipeline.steps.translate import admission as admit
from polysieve.pipeline.steps.translate import choice, synthetic
from polysieve.pipeline.steps.translate import translations as translate
from polysieve.pipeline.steps.units import Unit
from polysieve.pipeline.steps.write import translations as write_translated


@dataclass(frozen=True)
class Place:
    """Where a label's native documents are decided."""

    unit: Unit
    first_row: int
    documents: int
    kept_words: int


def places(plan: Plan, units: list[Unit]) -> dict[str, Place]:
    """The labels of the run, each with its place in the decisions."""
    found = {}
    for unit in units:
        manifest = plan.decisions.manifest(unit.piece)
        assert manifest is not None
        row = 0
        for label, values in manifest["labels"].items():
            found[label] = Place(unit, row, values["documents"], values["kept_words"])
            row += values["documents"]
    return found


def candidate_tasks(plan: Plan, where: dict[str, Place]) -> list[choice.Candidates]:
    """A task for each source label that occurs."""
    assert plan.choice is not None and plan.recipe.translate is not None
    return [
        choice.Candidates(
            plan.choice, plan.measure, plan.index_file, plan.decisions,
            where[label].unit, label, where[label].first_row, where[label].documents, plan.recipe,
        )
        for label in choice.sources_of(list(plan.recipe.translate.targets.values()))
        if label in where
    ]  # fmt: skip


def window_tasks(plan: Plan, where: dict[str, Place]) -> list[choice.Windows]:
    """A task for each target."""
    assert plan.choice is not None and plan.recipe.translate is not None
    return [
        choice.Windows(
            plan.choice, label, tuple(s for s in target.sources if s in where), plan.recipe
        )
        for label, target in plan.recipe.translate.targets.items()
    ]


def translate_tasks(plan: Plan) -> list[translate.Task]:
    """A task for each window of each target; after the windows were cut."""
    assert (
        plan.choice is not None and plan.translate is not None and plan.recipe.translate is not None
    )
    found = []
    for label in plan.recipe.translate.targets:
        chosen = plan.choice.manifest(f"windows-{label}")
        assert chosen is not None
        found += [
            translate.Task(
                plan.translate, plan.choice, plan.measure, plan.index_file, plan.fit, plan.lines,
                label, number, source, start, stop, chosen["below"], plan.recipe,
            )
            for number, (source, start, stop, _, _) in enumerate(chosen["windows"])
        ]  # fmt: skip
    return found


def sizes(plan: Plan, label: str) -> tuple[tuple[int, int], ...]:
    """Number and documents of each of a target's windows."""
    assert plan.choice is not None
    chosen = plan.choice.manifest(f"windows-{label}")
    assert chosen is not None
    return tuple((number, window[3]) for number, window in enumerate(chosen["windows"]))


def admit_tasks(plan: Plan, where: dict[str, Place]) -> list[admit.Task]:
    """A task for each target; after its windows were translated."""
    assert (
        plan.admit is not None and plan.translate is not None and plan.recipe.translate is not None
    )
    found = []
    for label in plan.recipe.translate.targets:
        place = where.get(label)
        native = None
        if place:
            native = admit.Native(
                place.unit.piece, place.first_row, place.documents, place.kept_words
            )
        found.append(
            admit.Task(
                plan.admit, plan.translate, plan.measure, plan.index_file, plan.fit, plan.decisions,
                label, sizes(plan, label), native, plan.recipe, plan.index,
            )
        )  # fmt: skip
    return found


def write_tasks(plan: Plan) -> list[write_translated.Task]:
    """A task for each target; after its translations were decided."""
    assert (
        plan.admit is not None and plan.translate is not None and plan.recipe.translate is not None
    )
    return [
        write_translated.Task(
            plan.write, plan.translate, plan.admit, label, sizes(plan, label), plan.recipe
        )
        for label in plan.recipe.translate.targets
    ]


def outcomes(
    plan: Plan, published: dict[str, dict[str, Any]] | None = None
) -> dict[str, dict[str, Any]]:
    """Of each target: the counts of its translations, their samples, and what they cost.

    published: the samples of each target's translations, where the manifests of the write step are gone.
    """
    if plan.recipe.translate is None:
        return {}
    assert plan.admit is not None and plan.translate is not None
    found = {}
    for label in plan.recipe.translate.targets:
        counts = plan.admit.manifest(label)
        if published is None:
            written = plan.write.manifest(f"{write_translated.PREFIX}{label}")
        else:
            written = {"samples": published.get(label, {})}
        assert counts is not None and written is not None
        found[label] = {
            **counts,
            "samples": written["samples"],
            "ledger": ledger(plan, label),
        }
    return found


def ledger(plan: Plan, label: str) -> dict[str, Any]:
    """What translating into a label cost, over its windows."""
    assert plan.translate is not None
    total: dict[str, Any] = {"engine": [], "statuses": {}, "usage": {}}
    for number, _ in sizes(plan, label):
        manifest = plan.translate.manifest(translate.piece(label, number))
        assert manifest is not None
        for key in ("documents", "source_words", "target_words"):
            total[key] = total.get(key, 0) + manifest[key]
        for key, value in manifest["ledger"].items():
            if key != "usage":
                total[key] = round(total.get(key, 0) + value, 3)
        for key, part in (
            ("statuses", manifest["statuses"]),
            ("usage", manifest["ledger"]["usage"]),
        ):
            for name, value in part.items():
                total[key][name] = total[key].get(name, 0) + value
        total["engine"] = manifest["engine"]
    seconds = total.get("seconds", 0)
    total["words_per_second"] = (
        round(total.get("source_words", 0) / seconds, 1) if seconds else None
    )
    return total


def shares(
    plan: Plan, details: dict[str, dict[str, Any]], translated: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """How much is translated, of the corpus and of each language (`synthetic.shares`)."""
    return synthetic.shares(
        plan, {label: sizes(plan, label) for label in translated}, details, translated
    )


def described(
    details: dict[str, dict[str, Any]],
    translated: dict[str, dict[str, Any]],
    synthetic_shares: dict[str, Any],
) -> dict[str, dict[str, Any]]:
    """What the report says of each language, with its translations under `translated`; the last argument is of
    `shares`."""
    found = {label: dict(values) for label, values in details.items()}
    for label, values in translated.items():
        own = found.setdefault(label, {"documents": 0, "kept": 0, "kept_words": 0})
        exact = own.get("exact_duplicates", 0) + values.get("exact_duplicates", 0)
        own["exact_duplicates"] = exact
        words = values.get("kept_words", 0)
        whole = words + (own.get("kept_words") or 0)
        own["translated"] = {
            **values,
            "share_of_words": words / whole if whole else None,
            "language": synthetic_shares.get("languages", {}).get(synthetic.language(label)),
        }
    return dict(sorted(found.items()))
