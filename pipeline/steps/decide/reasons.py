"""What rules say against the documents of a label: the prefilter, the language cut, rules on columns and on text, lines
of hosts, containment. Each gives a reason's name and the documents that fail, for the cascade (cascade.py)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters import rules
from polysieve.filters.parameters import LanguageParameters, thresholds
from polysieve.language_id import EMBEDDED
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps import windows
from polysieve.pipeline.steps.containment import containment
from polysieve.pipeline.steps.decide import weighting
from polysieve.pipeline.steps.decide.cascade import Reasons
from polysieve.pipeline.steps.fit import fit
from polysieve.pipeline.steps.host_lines import lines
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.storage.ledger import StepFolder

HOST_LINES_ONLY = "host_lines_only"
CONTAINED = ("contained", "containing")
MOST_REASONS = 50
DEFAULT_CUT = 0.3  # FineWeb2's lowest: 1,102 of its 1,929 languages have it
EMBEDDED_CUT = 0.5  # a quarter of the texts in languages that the embedded model lacks score higher (language-id.md)
DOCUMENT_COLUMNS = (
    "language_score",
    "text_bytes",
)  # the other columns that have figures are signals
MARKS = ["host_repeated_line_share", "nothing_else"]

RuleNames: TypeAlias = dict[str, dict[str, str]]
"""Rule that reads text → what it says against a document → the reason."""


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


def add_prefilter(reasons: Reasons, label: Label, cut: float | None) -> np.ndarray:
    """Add why documents went before their language was told. Returns bool[n]: the language score is under the cut."""
    below = np.zeros(label.documents, bool)
    for own, read in label.stretches({"documents": ["prefilter_reason", "language_score"]}):
        reasons.add_values(read["documents"]["prefilter_reason"], own)
        if cut is not None:
            below[own] = read["documents"]["language_score"].to_numpy() < cut
    return below


def failing_rules(
    limits: Mapping[str, float | None], signals: pa.Table
) -> Iterator[tuple[str, np.ndarray]]:
    """(rule, bool[n]: who fails it) of each rule that has a threshold, in order."""
    for name, limit in limits.items():
        if limit is not None:
            rule = rules.RULES[name]
            yield name, rules.drops(rule, signals[rule.metric].to_numpy(), limit)


def add_rules(
    reasons: Reasons,
    label: Label,
    recipe: Recipe,
    limits: Mapping[str, float | None],
    fitted: StepFolder,
    unit_name: str,
    host_lines: StepFolder | None,
    is_representative: np.ndarray,
) -> np.ndarray | None:
    """Add the rules on columns, and `host_lines_only`, which representatives are asked about (bool[n]).

    fitted: where the parameters were fitted; host_lines: which lines recur over a host, or None. Returns float64[n],
    the quality by which documents are rebalanced, where the recipe does that.
    """
    # One column at least: it says how many rows a stretch has.
    metrics = {rules.RULES[name].metric for name in recipe.column_rules} | {"word_count"}
    named = weighting.quality_column(recipe)
    column = named.removeprefix("-")
    quality = np.zeros(label.documents) if named else None
    of_documents = {"documents": [column]} if column in DOCUMENT_COLUMNS else {}
    columns = sorted(metrics | ({column} - {"", *DOCUMENT_COLUMNS}))
    marks = lines.parts(host_lines, label, MARKS) if host_lines else None
    removes_lines = recipe.host_lines is not None and recipe.host_lines.remove
    for own, signals, read in fit.signals_of(fitted, unit_name, label, columns, of_documents):
        marked = next(marks) if marks else None
        if marked:
            signals = lines.with_share(signals, marked)
        asked = is_representative[own]
        for name, failing in failing_rules(limits, signals):
            reasons.add(name, failing & asked, own)
        if marked and removes_lines:
            reasons.add(HOST_LINES_ONLY, marked["nothing_else"].to_numpy() & asked, own)
        if quality is not None:
            table = read["documents"] if of_documents else signals
            quality[own] = table[column].cast(pa.float64()).to_numpy()
            if named.startswith("-"):
                quality[own] *= -1.0
    return quality


def contained(folder: StepFolder, label: Label, remove: str, rest: np.ndarray) -> np.ndarray:
    """bool[n]: the one of each pair that goes, where both are among the `rest` (bool[n]). remove: `contained` or
    `containing`."""
    inner, outer, _ = containment.pairs(folder, label)
    both = rest[inner] & rest[outer]
    gone = np.zeros(len(rest), bool)
    gone[(inner if remove == "contained" else outer)[both]] = True
    return gone


def text_rule_names(
    folder: StepFolder, unit_name: str, labels: Sequence[Label], recipe: Recipe
) -> RuleNames:
    """The reasons of the rules that read text, over the labels of a unit.

    A reason is `<rule>`, or `<rule>:<the rule's own>`. A rule's own may be of any number: the MOST_REASONS most
    frequent of a unit stay, the others become `<rule>:other`.
    """
    counts: dict[str, Counter[str]] = {rule: Counter() for rule in recipe.text_rules}
    for label in labels:
        for _, verdicts in windows.read(folder, unit_name, label):
            for rule, of_rule in counts.items():
                for entry in pc.value_counts(_against(verdicts, rule).drop_null()).to_pylist():
                    of_rule[entry["values"]] += entry["counts"]
    names: RuleNames = {}
    for rule, of_rule in counts.items():
        ranked = sorted(of_rule, key=lambda said: (-of_rule[said], said))
        names[rule] = dict.fromkeys(ranked, f"{rule}:other")
        names[rule] |= {s: f"{rule}:{s}" if s else rule for s in ranked[:MOST_REASONS]}
    return names


def in_order(names: RuleNames) -> list[str]:
    """All reasons of rules that read text: by rule, the most frequent first, `<rule>:other` last."""
    return [
        name
        for rule, of_rule in names.items()
        for name in dict.fromkeys([*list(of_rule.values())[:MOST_REASONS], f"{rule}:other"])
    ]


def add_text_rules(
    reasons: Reasons, folder: StepFolder, unit_name: str, label: Label, names: RuleNames
) -> None:
    """Add the verdicts of the rules that read text, under their names."""
    for own, verdicts in windows.read(folder, unit_name, label):
        for rule, of_rule in names.items():
            said = _against(verdicts, rule).combine_chunks().dictionary_encode()
            values = pa.array([of_rule[one] for one in said.dictionary.to_pylist()], pa.string())
            reasons.add_values(pa.DictionaryArray.from_arrays(said.indices, values), own)


def _against(verdicts: pa.Table, rule: str) -> pa.ChunkedArray:
    """string[n]: what a rule says against each document, "" where it only fails it; null where it does not."""
    failed = pc.fill_null(pc.invert(verdicts[f"{rule}.passed"]), False)
    return pc.if_else(failed, pc.fill_null(verdicts[f"{rule}.reason"], ""), None)
