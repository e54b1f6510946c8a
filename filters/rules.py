"""The one table of rules: which metric, compared how, with which default threshold.

The order of the table is the order in which datatrove 0.10.1's filters check, filters in FineWeb2's order:
Gopher repetition, FineWeb quality, Gopher quality. Rules of our own stand after them.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Rule:
    """A document is dropped if its metric is above ("max") or below ("min") the threshold.

    A metric that equals the threshold passes. Where the metric is undefined (null), no rule applies.
    """

    name: str
    metric: str
    """A column of `filters.signals.METRICS`."""
    direction: Literal["max", "min"]
    default: float
    """The threshold of a language that has none of its own: the English one of the source."""
    source: str
    parameter: str | None = None
    """The key of LanguageParameters that holds the threshold, None where all languages share it."""
    size: int | None = None
    """The n of an n-gram, where the parameter is a list of (n, threshold)."""
    zero_disables: bool = True
    """Whether a threshold of 0 switches the rule off, as it does where datatrove tests `if threshold and …`."""
    own_only: bool = False
    """Whether the rule needs a value of the language's own: no default means anything for another language."""


_GOPHER = "Gopher, Rae et al. 2021, table A1"
_FINEWEB = "FineWeb, Penedo et al. 2024, section 3.6"
_C4 = "C4, Raffel et al. 2020, section 2.2"
_C4_RULES: tuple[tuple[str, str, Literal["max", "min"], float], ...] = (
    ("lorem_ipsum", "lorem_ipsum_count", "max", 0),
    ("curly_bracket", "curly_bracket_count", "max", 0),
    ("few_sentences", "sentence_count", "min", 5),
)
_RULES = (
    Rule("gopher_empty", "character_count", "min", 1, "datatrove's Gopher repetition filter"),
    Rule("gopher_dup_para_frac", "dup_para_frac", "max", 0.3, _GOPHER),
    Rule("gopher_dup_para_char_frac", "dup_para_char_frac", "max", 0.2, _GOPHER),
    Rule("gopher_dup_line_frac", "dup_line_frac", "max", 0.3, _GOPHER, "dup_line_frac"),
    Rule("gopher_dup_line_char_frac", "dup_line_char_frac", "max", 0.2, _GOPHER),
    *(
        Rule(f"gopher_top_{n}_gram", f"top_{n}_gram", "max", default, _GOPHER,
             "top_n_grams", n, zero_disables=False)
        for n, default in ((2, 0.2), (3, 0.18), (4, 0.16))
    ),
    *(
        Rule(f"gopher_dup_{n}_gram", f"dup_{n}_gram", "max", default, _GOPHER,
             "dup_n_grams", n, zero_disables=False)
        for n, default in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.1))
    ),
    Rule("fineweb_empty", "line_count", "min", 1, "datatrove's FineWeb filter"),
    Rule("fineweb_line_punct", "line_punct_ratio", "min", 0.12, _FINEWEB,
         "line_punct_thr", zero_disables=False),
    Rule("fineweb_short_line", "short_line_ratio", "max", 0.67, _FINEWEB, zero_disables=False),
    Rule("fineweb_char_dup", "char_dup_ratio", "max", 0.01, _FINEWEB, zero_disables=False),
    Rule("fineweb_new_line", "new_line_ratio", "max", 0.3, _FINEWEB,
         "new_line_ratio", zero_disables=False),
    Rule("gopher_short_doc", "plain_word_count", "min", 50, _GOPHER),
    Rule("gopher_long_doc", "plain_word_count", "max", 100_000, _GOPHER),
    Rule("gopher_below_avg_word_length", "mean_word_length", "min", 3, _GOPHER,
         "min_avg_word_length", own_only=True),
    Rule("gopher_above_avg_word_length", "mean_word_length", "max", 10, _GOPHER,
         "max_avg_word_length", own_only=True),
    Rule("gopher_too_many_hashes", "hash_ratio", "max", 0.1, _GOPHER),
    Rule("gopher_too_many_ellipsis", "ellipsis_ratio", "max", 0.1, _GOPHER),
    Rule("gopher_too_many_bullets", "bullet_line_ratio", "max", 0.9, _GOPHER),
    Rule("gopher_too_many_end_ellipsis", "ellipsis_line_ratio", "max", 0.3, _GOPHER),
    Rule("gopher_below_alpha", "alpha_word_ratio", "min", 0.8, _GOPHER,
         "max_non_alpha_words_ratio"),
    Rule("gopher_stop_words", "stop_words", "min", 2, _GOPHER, own_only=True),
    Rule("precision_words", "wordlist_ratio", "min", 1e-7,
         "FineWeb2, Penedo et al. 2025, precision filtering"),
    *(
        Rule(f"{end}_{name}", f"{end}_{metric}", direction, default, _C4, zero_disables=False)
        for end in ("c4", "c4_any_end")
        for name, metric, direction, default in _C4_RULES
    ),
    Rule("c4_paragraphs", "third_longest_line", "min", 200, "mC4, Xue et al. 2021"),
    Rule("code_lines", "code_line_ratio", "max", 0.45, "benchmarks/signals/code.py",
         zero_disables=False),
    Rule("main_language", "main_language_share", "min", 0.5, "polysieve; docs/language-id.md"),
    Rule("host_repeated_lines", "host_repeated_line_share", "max", 0.5, "polysieve; docs/dedup.md",
         zero_disables=False),
)  # fmt: skip

RULES: dict[str, Rule] = {rule.name: rule for rule in _RULES}


def drops(rule: Rule, values: np.ndarray, threshold: float | np.ndarray) -> np.ndarray:
    """Which documents a rule drops.

    values: the rule's metric, any numeric dtype, NaN where it is undefined. threshold: one for all, or one for each;
    NaN drops none. Returns bool of the same shape.
    """
    values = np.asarray(values)
    if values.dtype == object:
        values = values.astype(np.float64)
    return values > threshold if rule.direction == "max" else values < threshold
