"""Signals: every metric of a batch of documents, one row per document.

Definitions of the Gopher and FineWeb metrics are datatrove 0.10.1's, to the last quirk, so that its published
thresholds mean here what they mean there; docs/filters.md spells them out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from polysieve.filters import c4, code, compression, lines, repetition, variety, word_metrics
from polysieve.filters.characters import tables
from polysieve.filters.hashing import describe, finish_all
from polysieve.filters.words import Texts, Words


class Metric(NamedTuple):
    """What a column of `measure` holds."""

    unit: str
    source: str
    meaning: str


_GOPHER = "Gopher (Rae et al. 2021)"
_FINEWEB = "FineWeb (Penedo et al. 2024)"
_C4 = "C4 (Raffel et al. 2020)"
_OWN = "polysieve"

METRICS: dict[str, Metric] = {
    "character_count": Metric("code points", _OWN, "length of the text"),
    "word_count": Metric("tokens", _GOPHER, "all tokens, punctuation included"),
    "plain_word_count": Metric(
        "tokens", _GOPHER, "tokens with a character outside datatrove's punctuation set"
    ),
    "dup_para_frac": Metric("share of paragraphs", _GOPHER, "paragraphs equal to an earlier one"),
    "dup_para_char_frac": Metric("share of characters", _GOPHER, "characters in such paragraphs"),
    "dup_line_frac": Metric("share of lines", _GOPHER, "lines equal to an earlier one"),
    "dup_line_char_frac": Metric("share of characters", _GOPHER, "characters in such lines"),
    **{
        f"top_{n}_gram": Metric(
            "share of characters",
            _GOPHER,
            f"length of the most frequent {n}-gram of words times its count",
        )
        for n in repetition.TOP
    },
    **{
        f"dup_{n}_gram": Metric(
            "share of characters", _GOPHER, f"characters in {n}-grams of words seen before"
        )
        for n in repetition.DUPLICATED
    },
    "line_count": Metric("lines", _FINEWEB, "lines that are not blank"),
    "line_punct_ratio": Metric(
        "share of lines", _FINEWEB, "lines whose last character ends a sentence"
    ),
    "short_line_ratio": Metric(
        "share of lines", _FINEWEB, f"lines of at most {lines.SHORT_LINE} characters"
    ),
    "char_dup_ratio": Metric(
        "share of characters",
        _FINEWEB,
        "characters in lines equal to an earlier one, of those that are no line feed",
    ),
    "new_line_ratio": Metric("line feeds per token", _FINEWEB, "line feeds over tokens"),
    "mean_word_length": Metric("code points", _GOPHER, "mean length of plain words"),
    "hash_ratio": Metric("per token", _GOPHER, "number signs over tokens"),
    "ellipsis_ratio": Metric("per token", _GOPHER, "ellipses, '...' or U+2026, over tokens"),
    "bullet_line_ratio": Metric("share of lines", _GOPHER, "lines that begin with a bullet or '-'"),
    "ellipsis_line_ratio": Metric("share of lines", _GOPHER, "lines that end in an ellipsis"),
    "alpha_word_ratio": Metric("share of tokens", _GOPHER, "tokens with a letter"),
    "stop_words": Metric(
        "words", _GOPHER, "distinct words of the language's stop list; null without a list"
    ),
    "wordlist_ratio": Metric(
        "share of words",
        "FineWeb2 (Penedo et al. 2025)",
        "distinct words on the language's list of high affinity; null until a list is applied",
    ),
    "type_token_ratio": Metric("share of words", _OWN, "distinct folded words over words"),
    "mtld": Metric(
        "words",
        "McCarthy and Jarvis 2010",
        f"measure of textual lexical diversity; null under {variety.FEWEST_WORDS} words or if no word occurs twice",
    ),
    "compression_ratio": Metric(
        "share of bytes", _OWN, "what an LZ4-like coder would write, over the text's bytes"
    ),
    "upper_ratio": Metric("share of letters", _OWN, "capital letters"),
    "digit_ratio": Metric("share of characters", _OWN, "decimal digits"),
    "script_purity": Metric(
        "share of letters", _OWN, "letters of the most frequent script; Kana counts as Han"
    ),
    "mean_line_length": Metric("code points", _OWN, "mean length of lines that are not blank"),
    "longest_line": Metric("code points", _OWN, "length of the longest line"),
    "list_line_ratio": Metric(
        "share of lines", _OWN, "short lines that end no sentence, as in menus and lists"
    ),
    "capital_line_ratio": Metric(
        "share of lines", _OWN, "lines with capital letters and no small ones"
    ),
    "invisible_count": Metric(
        "code points", _OWN, "control and format characters but line ends, ZWJ, ZWNJ, ZWSP"
    ),
    "replacement_count": Metric("code points", _OWN, "U+FFFD"),
    "code_line_ratio": Metric(
        "share of lines", _OWN, "lines that look like code, markup, configuration or logs"
    ),
    "code_char_ratio": Metric("share of characters", _OWN, "characters in such lines"),
    "c4_lorem_ipsum_count": Metric(
        "lines", _C4, 'lines with "lorem ipsum", of those that C4 keeps'
    ),
    "c4_curly_bracket_count": Metric("lines", _C4, 'lines with "{", of those that C4 keeps'),
    "c4_sentence_count": Metric("sentences", _C4, "sentences in lines that C4 keeps"),
    "c4_any_end_lorem_ipsum_count": Metric(
        "lines", _C4, "the same, of lines that C4 keeps without its test for terminal punctuation"
    ),
    "c4_any_end_curly_bracket_count": Metric("lines", _C4, "the same"),
    "c4_any_end_sentence_count": Metric("sentences", _C4, "the same"),
    "third_longest_line": Metric(
        "code points", _C4, "length of the third longest line; 0 with fewer than three"
    ),
    "main_language_share": Metric(
        "share of bytes",
        _OWN,
        "passages in the document's main language, of those in any; null unless `language.passages` is given",
    ),
    "host_repeated_line_share": Metric(
        "share of characters",
        _OWN,
        "characters in lines that recur on the document's host; null unless `host_lines` is given",
    ),
}

C4_METRICS: tuple[str, ...] = tuple(name for name, m in METRICS.items() if m.source == _C4)
"""The metrics of C4's optional rules, in the order of `METRICS`."""

_COUNTS = frozenset(name for name in METRICS if name.endswith(("_count", "longest_line")))


def _type(name: str) -> pa.DataType:
    if name == "stop_words":
        return pa.int32()
    return pa.int64() if name in _COUNTS else pa.float64()


SCHEMA = pa.schema([(name, _type(name)) for name in METRICS])


@dataclass(frozen=True)
class StopWords:
    """A language's stop words as hashes of the exact strings."""

    hashes: np.ndarray
    """uint64, sorted, distinct."""

    @classmethod
    def of(cls, words: Sequence[str]) -> "StopWords":
        """From strings, compared as they are, case included."""
        data = [word.encode() for word in words]
        offsets = np.zeros(len(data) + 1, np.int64)
        np.cumsum([len(word) for word in data], out=offsets[1:])
        n = len(data)
        hashes, folded = np.empty(n, np.uint64), np.empty(n, np.uint64)
        lengths, flags = np.empty(n, np.int32), np.zeros(n, np.uint8)
        joined = np.frombuffer(b"".join(data), np.uint8)
        describe(joined, offsets[:-1], offsets[1:], lengths, hashes, folded, flags, tables())
        return cls(np.unique(hashes[hashes != 0]))

    @cached_property
    def table(self) -> np.ndarray:
        """uint64: the hashes by open addressing, a power of two long, 0 in empty slots."""
        size = 8
        while size < 4 * len(self.hashes):
            size *= 2
        table = np.zeros(size, np.uint64)
        for key, place in zip(self.hashes, finish_all(self.hashes), strict=True):
            slot = int(place) % size
            while table[slot]:
                slot = (slot + 1) % size
            table[slot] = key
        return table


StopLists = Sequence[StopWords | None] | Mapping[str, StopWords | None]


def measure(
    texts: Texts, words: Words, stopwords: StopLists | None = None, *, with_c4: bool = True
) -> pa.RecordBatch:
    """Measure n documents.

    texts: the strings that `words` was made of. stopwords: a stop list or None for each document, or for each
    language label (then `words` must have been given labels). with_c4: whether to measure C4_METRICS, which take
    a tenth of the time; else they are null. Returns a record batch of n rows with the columns
    of METRICS. A ratio whose denominator is 0 is null: no rule applies to it. Of a document with more tokens than
    segmentation.MOST_TOKENS those are measured, and the text that they reach to (code: all of it). Raises ValueError
    where the numbers of documents differ or labels are wanted and missing.
    """
    buffer, starts, ends = words.buffer, words.text_offsets[:-1], words.text_ends
    n = len(words)
    if len(texts) != n:
        raise ValueError(f"{len(texts)} texts, but words of {n}")
    line = np.zeros((n, lines.COUNTS), np.int64)
    lines.measure_lines(buffer, starts, ends, tables(), line)
    word = np.zeros((n, word_metrics.COUNTS), np.int64)
    word_metrics.measure_words(words.documents, words.lengths, words.flags, word)
    varied, mtld = np.zeros((n, variety.COUNTS), np.int64), np.empty(n)
    variety.measure_variety(words.documents, words.folded, varied, mtld)
    top = np.full((n, len(repetition.TOP)), -1, np.int64)
    duplicated = np.zeros((n, len(repetition.DUPLICATED)), np.int64)
    repetition.measure_repetition(
        words.documents, words.hashes, words.lengths, words.flags, top, duplicated
    )
    compressed = np.empty(n, np.int64)
    compression.compressed_sizes(buffer, starts, ends, compressed)
    coded = np.zeros((n, code.COUNTS), np.int64)
    code.count_code(buffer, words.text_offsets, code.POINTS, code.KEYWORDS, coded)
    characters = line[:, lines.CHARACTERS]
    tokens = word[:, word_metrics.WORDS]
    filled = line[:, lines.FILLED_LINES]
    split = line[:, lines.SPLIT_LINES]
    letters = line[:, lines.LETTERS]

    columns: dict[str, pa.Array] = {
        "character_count": pa.array(characters),
        "word_count": pa.array(tokens),
        "plain_word_count": pa.array(word[:, word_metrics.PLAIN_WORDS]),
        "dup_para_frac": _ratio(
            line[:, lines.DUPLICATE_PARAGRAPHS],
            np.where(characters > 0, line[:, lines.PARAGRAPHS], 0),
        ),
        "dup_para_char_frac": _ratio(line[:, lines.DUPLICATE_PARAGRAPH_CHARACTERS], characters),
        "dup_line_frac": _ratio(line[:, lines.DUPLICATE_LINES], line[:, lines.LINES]),
        "dup_line_char_frac": _ratio(line[:, lines.DUPLICATE_LINE_CHARACTERS], characters),
        **{
            f"top_{size}_gram": _ratio(top[:, k], np.where(top[:, k] < 0, 0, characters))
            for k, size in enumerate(repetition.TOP)
        },
        **{
            f"dup_{size}_gram": _ratio(duplicated[:, k], characters)
            for k, size in enumerate(repetition.DUPLICATED)
        },
        "line_count": pa.array(filled),
        "line_punct_ratio": _ratio(line[:, lines.PUNCTUATED_LINES], filled),
        "short_line_ratio": _ratio(line[:, lines.SHORT_LINES], filled),
        "char_dup_ratio": _ratio(
            line[:, lines.DUPLICATE_FILLED_CHARACTERS],
            np.where(filled > 0, characters - line[:, lines.LINE_FEEDS], 0),
        ),
        "new_line_ratio": _ratio(line[:, lines.LINE_FEEDS], tokens),
        "mean_word_length": _ratio(
            word[:, word_metrics.PLAIN_CHARACTERS], word[:, word_metrics.PLAIN_WORDS]
        ),
        "hash_ratio": _ratio(line[:, lines.HASHES], tokens),
        "ellipsis_ratio": _ratio(line[:, lines.ELLIPSES], tokens),
        "bullet_line_ratio": _ratio(line[:, lines.BULLET_LINES], split),
        "ellipsis_line_ratio": _ratio(line[:, lines.ELLIPSIS_LINES], split),
        "alpha_word_ratio": _ratio(word[:, word_metrics.ALPHABETIC_WORDS], tokens),
        "stop_words": count_stop_words(words, stopwords),
        "wordlist_ratio": pa.nulls(n, pa.float64()),
        "type_token_ratio": _ratio(
            varied[:, variety.DISTINCT_WORDS], varied[:, variety.SPELLED_WORDS]
        ),
        "mtld": pa.array(mtld, mask=np.isnan(mtld)),
        "compression_ratio": _ratio(compressed, ends - starts),
        "upper_ratio": _ratio(line[:, lines.UPPER], letters),
        "digit_ratio": _ratio(line[:, lines.DIGITS], characters),
        "script_purity": _ratio(line[:, lines.MAIN_SCRIPT], letters),
        "mean_line_length": _ratio(line[:, lines.FILLED_CHARACTERS], filled),
        "longest_line": pa.array(line[:, lines.LONGEST_LINE]),
        "list_line_ratio": _ratio(line[:, lines.LIST_LINES], filled),
        "capital_line_ratio": _ratio(line[:, lines.CAPITAL_LINES], filled),
        "invisible_count": pa.array(line[:, lines.INVISIBLE]),
        "replacement_count": pa.array(line[:, lines.REPLACEMENT]),
        "code_line_ratio": _ratio(coded[:, code.CODE_LINES], coded[:, code.FILLED_LINES]),
        "code_char_ratio": _ratio(coded[:, code.CODE_CHARACTERS], coded[:, code.FILLED_CHARACTERS]),
        **_c4_columns(words, with_c4),
        "main_language_share": pa.nulls(n, pa.float64()),
        "host_repeated_line_share": pa.nulls(n, pa.float64()),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in METRICS], schema=SCHEMA)


def _c4_columns(words: Words, is_wanted: bool) -> dict[str, pa.Array]:
    n = len(words)
    if not is_wanted:
        return {name: pa.nulls(n, pa.int64()) for name in C4_METRICS}
    counts = np.zeros((n, c4.COUNTS), np.int64)
    c4.count_c4(words.buffer, words.text_offsets, tables(), counts)
    columns = (
        c4.LOREM_IPSUM, c4.CURLY_BRACKET, c4.SENTENCES,
        c4.ANY_LOREM_IPSUM, c4.ANY_CURLY_BRACKET, c4.ANY_SENTENCES, c4.THIRD_LONGEST_LINE,
    )  # fmt: skip
    return {
        name: pa.array(counts[:, column]) for name, column in zip(C4_METRICS, columns, strict=True)
    }


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> pa.Array:
    """Quotients as float64, null where the denominator is 0."""
    undefined = denominator == 0
    return pa.array(numerator / np.where(undefined, 1, denominator), mask=undefined)


def count_stop_words(words: Words, stopwords: StopLists | None) -> pa.Array:
    """int32[n]: distinct stop words of each document, null without a list. See `measure`."""
    n = len(words)
    if stopwords is None:
        return pa.nulls(n, pa.int32())
    if isinstance(stopwords, Mapping):
        if words.labels is None:
            raise ValueError("stop words by label need words that were segmented with labels")
        encoded = words.labels.dictionary_encode()
        of_label = [stopwords.get(label) for label in encoded.dictionary.to_pylist()]
        per_document = [of_label[i] for i in encoded.indices.to_pylist()]
    else:
        per_document = list(stopwords)
    if len(per_document) != n:
        raise ValueError(f"{n} documents, but {len(per_document)} stop lists")
    distinct: dict[int, int] = {}
    chosen: list[StopWords] = []
    lists = np.full(n, -1, np.int32)
    for i, stop_list in enumerate(per_document):
        if stop_list is None:
            continue
        if id(stop_list) not in distinct:
            distinct[id(stop_list)] = len(chosen)
            chosen.append(stop_list)
        lists[i] = distinct[id(stop_list)]
    offsets = np.zeros(len(chosen) + 1, np.int64)
    np.cumsum([len(stop_list.table) for stop_list in chosen], out=offsets[1:])
    table = np.concatenate([s.table for s in chosen]) if chosen else np.zeros(0, np.uint64)
    found = np.empty(n, np.int32)
    word_metrics.count_stop_words(
        words.buffer, words.documents, words.starts, words.ends, words.hashes, words.flags,
        lists, offsets, table, found,
    )  # fmt: skip
    return pa.array(found, mask=found < 0)
