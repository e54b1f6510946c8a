"""By what a document goes, in step D: the language cut, rules, rules that read text, containment.

Reasons are numbers into a list of names that the caller keeps; 0 is none.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters import rules
from polysieve.filters.parameters import LanguageParameters, thresholds
from polysieve.language_id import EMBEDDED
from polysieve.pipeline.recipe import Recipe
from polysieve.pipeline.steps.containment import containment
from polysieve.pipeline.steps.decide import weighting
from polysieve.pipeline.steps.decide.members import Slices
from polysieve.pipeline.steps.host_lines import lines
from polysieve.pipeline.steps.units import Rows, Unit
from polysieve.pipeline.storage.ledger import StepFolder

HOST_LINES_ONLY = "host_lines_only"
MOST_REASONS = 50
DEFAULT_CUT = 0.3  # FineWeb2's lowest: 1,102 of its 1,929 languages have it
EMBEDDED_CUT = 0.5  # a quarter of the texts in languages that the embedded model lacks score higher (language-id.md)
DOCUMENT_COLUMNS = (
    "language_score",
    "text_bytes",
)  # the other columns that have figures are signals
MARKS = ["host_repeated_line_share", "nothing_else"]


Signals: TypeAlias = Callable[[list[str]], Iterator[tuple[slice, pa.Table]]]


def language_cut(recipe: Recipe, parameters: LanguageParameters) -> float | None:
    """The lowest language score that stays, or None where there is no cut."""
    cut = recipe.language.cut
    if cut != "parameters":
        return cut
    own = parameters.language_score
    if own is not None:
        return own
    return EMBEDDED_CUT if recipe.language.model == EMBEDDED else DEFAULT_CUT


def rule_thresholds(
    recipe: Recipe, label: str, parameters: LanguageParameters
) -> dict[str, float | None]:
    """The threshold of each rule that has one for a label, in order; None where a rule does not apply."""
    own = thresholds(parameters)
    found: dict[str, float | None] = {}
    for name, value in recipe.column_rules.items():
        if isinstance(value, dict):
            value = value.get(label)
        found[name] = own[name] if value is None else float(value)
    return found


def before_clusters(
    rows: Rows, unit: Unit, slices: Slices, lowest: dict[str, float | None]
) -> tuple[np.ndarray, list[str], np.ndarray]:
    """What left before identification, and what is under the language cut.

    Returns:
        int16[n], numbers of reasons, 0 where there is none; the reasons from 1, sorted; bool[n], the score is
        under the cut.
    """
    reason, below = np.zeros(unit.documents, np.int16), np.zeros(unit.documents, bool)
    met: dict[str, int] = {}
    for own, read in rows.stretches({"documents": ["cut", "language_score"]}):
        cut = read["documents"]["cut"].combine_chunks().dictionary_encode()
        numbers = [0, *(met.setdefault(name, len(met) + 1) for name in cut.dictionary.to_pylist())]
        reason[own] = np.array(numbers)[pc.fill_null(cut.indices, -1).to_numpy() + 1]
        scores = read["documents"]["language_score"].to_numpy()
        below[own] = scores < _per_row(lowest, slices, own)
    early = sorted(met)
    places = np.zeros(len(met) + 1, np.int16)
    for place, name in enumerate(early):
        places[met[name]] = place + 1
    return places[reason], early, below


def apply_rules(
    recipe: Recipe,
    signals_of: Signals,
    marks_in: StepFolder | None,
    rows: Rows,
    slices: Slices,
    limits: dict[str, dict[str, float | None]],
    code: dict[str | None, int],
    stands: np.ndarray,
    reason: np.ndarray,
) -> np.ndarray | None:
    """Enter the first rule that each standing document fails into `reason`.

    signals_of: columns of signals, a stretch of the rows after the other; marks_in: which lines recur over a host, or
    None; code: reason -> its number. Returns float64[n], the quality by which documents are rebalanced, where the
    recipe does that.
    """
    # One column at least: it says how many rows a stretch has.
    metrics = {rules.RULES[name].metric for name in recipe.column_rules} | {"word_count"}
    named = weighting.quality_column(recipe)
    quality = np.zeros(len(reason)) if named else None
    documents = sorted({"text_bytes", named.removeprefix("-")} & set(DOCUMENT_COLUMNS))
    columns = sorted(metrics | ({named.removeprefix("-")} - set(documents) - {""}))
    measured = signals_of(columns)
    whole = rows.stretches({"documents": documents})
    marks = lines.stretches(marks_in, rows, MARKS) if marks_in else None
    removes_lines = recipe.host_lines is not None and recipe.host_lines.remove
    for (own, signals), (_, read) in zip(measured, whole, strict=True):
        marked = next(marks) if marks else None
        if marked:
            signals = lines.with_share(signals, marked)
        here = np.flatnonzero(stands[own])
        said = reason[own]
        for name in recipe.column_rules:
            threshold = _per_row({label: v[name] for label, v in limits.items()}, slices, own)[here]
            values = signals[rules.RULES[name].metric].to_numpy()[here]
            failing = here[rules.drops(rules.RULES[name], values, threshold)]
            said[failing[said[failing] == 0]] = code[name]
        if marked and removes_lines:
            empty = here[marked["nothing_else"].to_numpy()[here]]
            said[empty[said[empty] == 0]] = code[HOST_LINES_ONLY]
        if quality is not None:
            column = named.removeprefix("-")
            table = read["documents"] if column in documents else signals
            quality[own] = table[column].cast(pa.float64()).to_numpy()
            if named.startswith("-"):
                quality[own] *= -1.0
    return quality


def contained(folder: StepFolder, rows: Rows, recipe: Recipe, rest: np.ndarray) -> np.ndarray:
    """bool[n]: the one of each pair that goes, where both are among the `rest` (bool[n])."""
    inner, outer, _ = containment.pairs(folder, rows)
    both = rest[inner] & rest[outer]
    gone = np.zeros(len(rest), bool)
    gone[(inner if containment.settings(recipe).remove == "contained" else outer)[both]] = True
    return gone


def judged_reasons(
    parts: Iterable[tuple[slice, pa.Table]], unit: Unit, recipe: Recipe
) -> tuple[list[str], np.ndarray]:
    """The reasons of rules that read text, and for each row the number, from 1, of the one that dropped it.

    A reason is `<rule>`, or `<rule>:<the rule's own>`. A rule's own may be of any number: the MOST_REASONS most
    frequent of a unit stay, the others become `<rule>:other`. 0 stands for none.
    """
    met: dict[tuple[str, str], int] = {}
    numbers = np.zeros(unit.documents, np.int32)
    for own, judged in parts:
        for rule in recipe.text_rules:
            failed = np.flatnonzero(pc.fill_null(pc.invert(judged[f"{rule}.passed"]), False))
            given = pc.fill_null(judged[f"{rule}.reason"].take(failed), "").combine_chunks()
            encoded = given.dictionary_encode()
            places = [
                met.setdefault((rule, said), len(met) + 1)
                for said in encoded.dictionary.to_pylist()
            ]
            numbers[own.start + failed] = np.array(places, np.int32)[encoded.indices]
    counts = np.bincount(numbers, minlength=len(met) + 1)
    names: list[str] = []
    final = np.zeros(len(met) + 1, np.int16)
    for rule in recipe.text_rules:
        said_by = [(said, place) for (of, said), place in met.items() if of == rule]
        ranked = sorted(said_by, key=lambda entry: (-counts[entry[1]], entry[0]))
        for said, place in ranked[:MOST_REASONS]:
            names.append(f"{rule}:{said}" if said else rule)
            final[place] = len(names)
        names.append(f"{rule}:other")
        for _, place in ranked[MOST_REASONS:]:
            final[place] = len(names)
    return names, final[numbers]


def _per_row(values: dict[str, float | None], slices: Slices, own: slice) -> np.ndarray:
    """float64: each label's value (NaN for None: no comparison holds) at each of its rows among `own`."""
    rows = [max(min(stop, own.stop) - max(start, own.start), 0) for _, start, stop in slices]
    each = [values[label] for label, _, _ in slices]
    return np.repeat(np.array([np.nan if v is None else v for v in each], np.float64), rows)
