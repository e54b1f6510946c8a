"""The DAG: runs each step that is not done, has the output built and published, and says how it ended."""

import time
from dataclasses import dataclass
from typing import Any

from polysieve.filters.parameters import vacuous
from polysieve.pipeline.engines.engine import Engine
from polysieve.pipeline.index import increment
from polysieve.pipeline.run.plan import RUN, Plan, published
from polysieve.pipeline.run.publishing import STAGED, finish_swap, swap
from polysieve.pipeline.run.staging import stage
from polysieve.pipeline.run.tasks import run_pieces
from polysieve.pipeline.run.watch import Watch
from polysieve.pipeline.steps import segment_passes as segments
from polysieve.pipeline.steps import units, windows
from polysieve.pipeline.steps.cluster import clusters
from polysieve.pipeline.steps.cluster.clusters import Increment
from polysieve.pipeline.steps.containment import containment
from polysieve.pipeline.steps.decide import decisions
from polysieve.pipeline.steps.embed import embeddings, nearest
from polysieve.pipeline.steps.fit import fit
from polysieve.pipeline.steps.host_lines import lines
from polysieve.pipeline.steps.measure import inputs as measure
from polysieve.pipeline.steps.score import scores, trained
from polysieve.pipeline.steps.text_rules import verdicts as judgements
from polysieve.pipeline.steps.translate import admission as admit
from polysieve.pipeline.steps.translate import choice
from polysieve.pipeline.steps.translate import figures as translating
from polysieve.pipeline.steps.translate import translations as translate
from polysieve.pipeline.steps.write import translations as write_translated
from polysieve.pipeline.storage.ledger import STEPS, StepFolder, step_folders
from polysieve.pipeline.storage.store import TEMPORARY

OK, FAILED, QUARANTINED = 0, 1, 3


@dataclass(frozen=True)
class Result:
    exit_code: int
    message: str
    record: dict[str, Any] | None = None


def execute(plan: Plan, engine: Engine, watch: Watch, keep_steps: bool = False) -> Result:
    """Bring the output up to date with the plan. The caller holds the output's lock.

    Raises Unfinished where a piece could not be done.
    """
    started = time.time()
    store = plan.store
    store.remove(TEMPORARY)
    finish_swap(store)
    for folder in step_folders(store, "write"):  # what an earlier run built and did not publish
        if folder.name != plan.write.name:
            store.remove(folder.name)
    if published(store) == plan.write.fingerprint:
        record = store.read_json(RUN)
        _finish_index(plan)
        if not keep_steps:
            collect_garbage(plan)
        return _result(plan, record, "nothing to do: the output is up to date")

    if plan.write.manifest(STAGED) is None:
        unit_list = _decided(plan, engine, watch)
        stage(plan, unit_list, engine, watch, started)
    record = swap(plan.write)
    _finish_index(plan)
    if not keep_steps:
        collect_garbage(plan)
    return _result(plan, record, "done")


def _finish_index(plan: Plan) -> None:
    if plan.index is not None:
        increment.finish(plan, units.units(plan.store.read_columns(plan.index_file, None)))


def collect_garbage(plan: Plan) -> list[str]:
    """Remove step folders, and the files of inputs, that the plan does not use; returns what went."""
    store = plan.store
    current = {folder.name for folder in plan.folders} - {plan.write.name}
    gone = []
    for folder in step_folders(store, *STEPS):
        if folder.name not in current:
            store.remove(folder.name)
            gone.append(folder.name)
    keys = set(plan.inputs)
    for name in store.files(plan.measure.name):
        part = name.rsplit("/", 1)[-1]
        mine = name == plan.index_file or part.partition(".")[0].partition("-")[0] in keys
        if not mine:
            store.remove(name)
            gone.append(name)
    return gone


def _decided(plan: Plan, engine: Engine, watch: Watch) -> list[units.Unit]:
    """Run what is left of all steps up to the decisions, translations included; the units that they were cut into."""
    _measure(plan, engine, watch)
    unit_list = _index(plan)
    _fit(plan, unit_list, engine, watch)
    added = plan.index if isinstance(plan.index, Increment) else None
    numbered = list(zip(unit_list, clusters.first_rows(unit_list, added), strict=True))
    clustering = [
        clusters.Task(plan.clusters, plan.measure, plan.index_file, unit, plan.recipe, first, added)
        for unit, first in numbered
    ]
    for phase, function, parts in clusters.phases(clustering):
        run_pieces(phase, function, plan.clusters, parts, engine, watch)
    run_pieces("clusters", clusters.run, plan.clusters, clustering, engine, watch)
    _over_segments(plan, unit_list, engine, watch)
    if plan.screening and plan.judgements:
        _decide("screening", plan, plan.screening, numbered, engine, watch)
        run_pieces("judgements", judgements.run, plan.judgements, [
            judgements.Task(
                plan.judgements, plan.measure, plan.index_file, plan.screening, unit, number, plan.recipe
            )
            for unit in unit_list for number in windows.windows(unit)
        ], engine, watch)  # fmt: skip
    if plan.survivors and plan.scores:
        _decide("survivors", plan, plan.survivors, numbered, engine, watch)
        _score(plan, plan.survivors, plan.scores, unit_list, engine, watch)
    _decide("decisions", plan, plan.decisions, numbered, engine, watch)
    if plan.recipe.translate:
        _translate(plan, unit_list, engine, watch)
    return unit_list


def _translate(plan: Plan, unit_list: list[units.Unit], engine: Engine, watch: Watch) -> None:
    """Step G: choose documents, translate them, decide the translations, write them."""
    assert plan.choice and plan.translate and plan.admit
    where = translating.places(plan, unit_list)
    candidates = translating.candidate_tasks(plan, where)
    run_pieces("candidates", choice.list_candidates, plan.choice, candidates, engine, watch)
    windows = translating.window_tasks(plan, where)
    run_pieces("choice", choice.choose_windows, plan.choice, windows, engine, watch)
    tasks = translating.translate_tasks(plan)
    run_pieces(
        "translate",
        translate.run,
        plan.translate,
        tasks,
        engine,
        watch,
        translate.pool(plan.recipe),
    )
    deciding = translating.admit_tasks(plan, where)
    run_pieces(
        "admit", admit.run, plan.admit, deciding, engine, watch, scores.pool(plan.recipe, "mt")
    )
    writing = translating.write_tasks(plan)
    run_pieces("write translations", write_translated.run, plan.write, writing, engine, watch)


def _score(
    plan: Plan,
    survivors: StepFolder,
    folder: StepFolder,
    unit_list: list[units.Unit],
    engine: Engine,
    watch: Watch,
) -> None:
    """Ask the recipe's models about what all rules keep."""
    assert plan.recipe.quality is not None
    if trained.asked(plan.recipe.quality):
        training = [
            trained.Task(folder, plan.measure, plan.index_file, survivors, unit, plan.recipe)
            for unit in unit_list
        ]
        run_pieces("train", trained.run, folder, training, engine, watch)
    if plan.embeddings:
        _encode(plan, survivors, plan.embeddings, folder, unit_list, engine, watch)
    if folder.manifest(scores.MODELS) is None:
        scores.write_models(folder, plan.recipe, unit_list)
    tasks = [
        scores.Task(
            folder, plan.measure, plan.index_file, survivors, plan.embeddings, unit, number, plan.recipe
        )
        for unit in unit_list
        for number in windows.windows(unit)
    ]  # fmt: skip
    run_pieces("scores", scores.run, folder, tasks, engine, watch, scores.pool(plan.recipe))


def _encode(
    plan: Plan,
    survivors: StepFolder,
    folder: StepFolder,
    scoring: StepFolder,
    unit_list: list[units.Unit],
    engine: Engine,
    watch: Watch,
) -> None:
    """Make vectors of what all rules keep, and find the nearest of them to the recipe's seeds."""
    assert plan.recipe.quality is not None
    where = plan.measure, plan.index_file
    pool = embeddings.pool(plan.recipe)
    earlier = embeddings.earlier_folders(folder, plan.recipe, *where)
    tasks = embeddings.tasks(folder, *where, survivors, unit_list, plan.recipe, earlier)
    run_pieces("embeddings", embeddings.run, folder, tasks, engine, watch, pool)
    if not nearest.asked(plan.recipe.quality):
        return
    seeds = nearest.seeds_tasks(folder, plan.recipe, earlier)
    run_pieces("seeds", nearest.encode_seeds, folder, seeds, engine, watch, pool)
    encoding = embeddings.written(plan.recipe.quality)
    searches = [
        nearest.Task(scoring, folder, *where, unit, encoding, plan.recipe) for unit in unit_list
    ]
    run_pieces("nearest", nearest.run, scoring, searches, engine, watch)


def _decide(
    step: str,
    plan: Plan,
    folder: StepFolder,
    numbered: list[tuple[units.Unit, int]],
    engine: Engine,
    watch: Watch,
) -> None:
    judged = None if step == "screening" else plan.judgements
    scored = plan.scores if step == "decisions" else None
    run_pieces(step, decisions.run, folder, [
        decisions.Task(
            folder, plan.measure, plan.index_file, plan.fit, plan.clusters, unit, plan.recipe,
            first, plan.index, plan.rekeep, judged, plan.lines, plan.containment,
            scored,
        )
        for unit, first in numbered
    ], engine, watch)  # fmt: skip


def _measure(plan: Plan, engine: Engine, watch: Watch) -> None:
    # Longest first: the last task to end should be a short one.
    sources = sorted(plan.sources, key=lambda s: (-s.size, s.address))
    tasks = [measure.Task(plan.measure, source, plan.recipe) for source in sources]
    run_pieces("measure", measure.run, plan.measure, tasks, engine, watch)


def _index(plan: Plan) -> list[units.Unit]:
    index = units.build_index(plan.measure, plan.inputs)
    if not plan.store.exists(plan.index_file):
        plan.store.write_table(plan.index_file, index)
    return units.units(index)


def _fit(plan: Plan, unit_list: list[units.Unit], engine: Engine, watch: Watch) -> None:
    tasks = [
        fit.Task(plan.fit, plan.measure, plan.index_file, unit, plan.recipe) for unit in unit_list
    ]
    if plan.recipe.parameters.fit:
        run_pieces("count", fit.count, plan.fit, tasks, engine, watch)
    labels = [label for unit in unit_list for label in unit.labels]
    done = plan.fit.manifest(fit.PIECE) is not None
    with watch.step("fit", 1, int(done)) as advance:
        if not done:
            fit.run(plan.fit, plan.recipe, labels, unit_list)
            advance({"languages": len(labels)})
            _warn_of_idle_rules(plan, watch)
    if again := fit.word_tasks(tasks):
        run_pieces("words", fit.measure_words, plan.fit, again, engine, watch)


def _warn_of_idle_rules(plan: Plan, watch: Watch) -> None:
    """Name the thresholds that can never fire: each in the log and the report, their number on the screen."""
    idle = {
        label: [rule for rule in vacuous(fitted.parameters) if rule in plan.recipe.rules]
        for label, fitted in fit.read(plan.fit).items()
    }
    idle = {label: rules for label, rules in idle.items() if rules}
    for label, rules in idle.items():
        watch.log("idle rules", language=label, rules=rules)
    if idle:
        watch.say(
            f"{sum(map(len, idle.values()))} thresholds of {len(idle)} languages can never drop a document: "
            "see the report, or polysieve lint-parameters",
            style="yellow",
        )


def _over_segments(plan: Plan, unit_list: list[units.Unit], engine: Engine, watch: Watch) -> None:
    """The passes over segments that the recipe asks for."""
    for step, folder in ((lines, plan.lines), (containment, plan.containment)):
        if folder is None:
            continue
        index = plan.store.read_columns(plan.index_file, None)
        places = segments.places(index, unit_list)
        if not plan.store.exists(folder.file(segments.PLACES)):
            plan.store.write_table(folder.file(segments.PLACES), places)
        for phase, function, tasks in step.phases(
            folder, plan.measure, plan.clusters, plan.recipe, places
        ):
            run_pieces(phase, function, folder, tasks, engine, watch)


def _result(plan: Plan, record: dict[str, Any], message: str) -> Result:
    """The exit code that the record calls for."""
    whole = record["accounting"]["total"]
    limits = plan.recipe.quarantine
    files = record["quarantined_files"]
    damage = []
    if whole["quarantined"] / max(1, whole["documents_in"]) > limits.max_share:
        damage.append(
            f"{whole['quarantined']} of {whole['documents_in']} documents are quarantined, more than "
            f"quarantine.max_share = {limits.max_share} allows"
        )
    if limits.max_files is not None and files > limits.max_files:
        damage.append(
            f"{files} files could not be read, more than quarantine.max_files = {limits.max_files} allows"
        )
    elif files and files == len(record["inputs"]):
        damage.append("no file could be read")
    if not damage:
        return Result(OK, message, record)
    why = f"{message}, but {' and '.join(damage)}; see {plan.store}/quarantine"
    return Result(QUARANTINED, why, record)
