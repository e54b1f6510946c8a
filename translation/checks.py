"""What a translation is like beside its source, in figures that need no model of quality.

Each figure is cheap, means the same in every language, and catches one kind of failure: text left in the source's
language, loops, lost or invented passages, numbers that got lost, the wrong script.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa
import regex

from polysieve.filters.needs import needed
from polysieve.language_id.labels import script_of
from polysieve.language_id.scripts import script_counts, script_name
from polysieve.language_id.text import ZINH
from polysieve.translation.documents import Translated, lost_numbers, numbers
from polysieve.translation.engines import FAILED

# Vowel signs and other marks belong to their word, which `\w` of the standard library does not know.
_WORD = regex.compile(r"[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*")
_ENDED = regex.compile(r"\p{Sentence_Terminal}[\p{Pe}\p{Pf}\p{Pi}\p{Quotation_Mark}\s]*$")
_MARKED = regex.compile(r"\p{P}\s*$")
_BRACKETS = "()[]{}（）【】「」『』《》"
_KANA_AND_HAN = {"Jpan": {"Hira", "Kana", "Hani", "Jpan"}, "Hang": {"Hang", "Hani"}}

CHECKS = pa.schema(
    [
        ("failed_share", pa.float64()),
        ("flagged_share", pa.float64()),
        ("length_ratio", pa.float64()),
        ("copied_share", pa.float64()),
        ("repeated_share", pa.float64()),
        ("script_share", pa.float64()),
        ("lost_numbers_share", pa.float64()),
        ("lost_brackets", pa.int64()),
        ("comet", pa.float64()),
        ("round_trip", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Pair:
    """The figures of one text and its translation; None where there is nothing to measure."""

    length_ratio: float | None
    """Characters of the translation over the source's."""
    copied_share: float | None
    """Share of the translation's words that are the source's too; words with a capital, names say, do not count."""
    repeated_share: float | None
    """Share of the translation's pairs of words that came before in it, less the source's share."""
    lost_numbers_share: float | None
    """Share of the source's numbers of two digits or more that the translation lacks."""
    lost_brackets: int
    """Brackets of the source that the translation lacks, or has beyond."""
    words: int
    """Of the translation, by spaces."""
    small_words: int
    """Of these, those without a capital and longer than a letter."""


def measure_pair(source: str, target: str) -> Pair:
    """The figures of a text and its translation."""
    theirs, own = _WORD.findall(source), _WORD.findall(target)
    small = [word for word in own if word[0].islower() and len(word) > 1]
    known = {word for word in theirs if word[0].islower()}
    wanted = sum(count for number, count in numbers(source).items() if len(number) > 1)
    return Pair(
        length_ratio=len(target) / len(source) if source else None,
        copied_share=sum(word in known for word in small) / len(small) if small else None,
        repeated_share=max(0.0, _repeated(own) - _repeated(theirs)) if len(own) > 1 else None,
        lost_numbers_share=lost_numbers(source, target) / wanted if wanted else None,
        lost_brackets=_bracket_difference(source, target),
        words=len(own),
        small_words=len(small),
    )


def is_cut(source: str, target: str) -> bool:
    """Whether a source ends as a sentence does, and its translation without any mark."""
    return bool(_ENDED.search(source)) and not _MARKED.search(target)


def _repeated(words: Sequence[str]) -> float:
    """Share of the pairs of neighbouring words that occur before."""
    pairs = list(pairwise(words))
    return 1 - len(set(pairs)) / len(pairs) if pairs else 0.0


def _bracket_difference(source: str, target: str) -> int:
    """Brackets, of any width, that one text has beyond the other."""

    def counts(text: str) -> Counter[str]:
        kinds = str.maketrans("（）", "()")
        return Counter(c for c in text.translate(kinds) if c in _BRACKETS)

    theirs, own = counts(source), counts(target)
    return (theirs - own).total() + (own - theirs).total()


def script_shares(texts: Sequence[str], label: str) -> list[float | None]:
    """Of each text, the share of its letters that are of the label's script; None without a letter."""
    counts, _ = script_counts(pa.array(texts, pa.large_string()))
    script = script_of(label)
    wanted = _KANA_AND_HAN.get(script, {"Hani"} if script in ("Hans", "Hant") else {script})
    own = [i for i in range(counts.shape[1]) if script_name(i) in wanted]
    total = counts[:, ZINH + 1 :].sum(axis=1)  # what several scripts share is left out
    return [
        float(counts[row, own].sum() / total[row]) if total[row] else None
        for row in range(len(texts))
    ]


def measure_documents(
    sources: Sequence[str],
    translations: Sequence[Translated],
    label: str,
    flagged: Sequence[Sequence[bool]],
    back: Sequence[str] | None = None,
    judged: Sequence[Sequence[float | None]] | None = None,
) -> pa.Table:
    """CHECKS of n documents and their translations into the language `label`.

    flagged: of each document, which sentences are flagged (translation.calibration). back: the translations
    translated back, for `round_trip`, which is null without. judged: of each document, the scores of its sentences by
    CometKiwi, whose mean is `comet`.
    """
    pairs = [measure_pair(s, t.text) for s, t in zip(sources, translations, strict=True)]
    columns = {
        "failed_share": [
            _share_of_source(t, [s.status == FAILED for s in t.sentences]) for t in translations
        ],
        "flagged_share": [
            _share_of_source(t, own) for t, own in zip(translations, flagged, strict=True)
        ],
        "length_ratio": [p.length_ratio for p in pairs],
        "copied_share": [p.copied_share for p in pairs],
        "repeated_share": [p.repeated_share for p in pairs],
        "script_share": script_shares([t.text for t in translations], label),
        "lost_numbers_share": [p.lost_numbers_share for p in pairs],
        "lost_brackets": [p.lost_brackets for p in pairs],
        "comet": [_mean(scores) for scores in judged or [()] * len(sources)],
        "round_trip": [None] * len(sources) if back is None else chrf(back, sources),
    }
    return pa.table([pa.array(columns[f.name], f.type) for f in CHECKS], schema=CHECKS)


def chrf(hypotheses: Sequence[str], references: Sequence[str]) -> list[float]:
    """chrF++ of each text beside its reference, 0 to 100 (Popović 2017). Raises ImportError without sacrebleu."""
    metric = needed("sacrebleu.metrics", "translate").CHRF(word_order=2)
    pairs = zip(hypotheses, references, strict=True)
    return [metric.sentence_score(own, [reference]).score for own, reference in pairs]


def _share_of_source(translated: Translated, chosen: Sequence[bool]) -> float | None:
    """Share of the source's characters in the chosen segments."""
    sizes = [len(s.source) for s in translated.sentences]
    own = sum(size for size, is_chosen in zip(sizes, chosen, strict=True) if is_chosen)
    return own / sum(sizes) if sizes else None


def _mean(scores: Sequence[float | None]) -> float | None:
    """Of those that are known, in four digits, so that a limit is not missed by rounding."""
    known = [score for score in scores if score is not None]
    return round(sum(known) / len(known), 4) if known else None
