"""C4's rules beside datatrove's C4QualityFilter and C4ParagraphFilter on real documents.

    python -m benchmarks.parity.c4 WORK

WORK is the folder of `benchmarks.parity.compare --work`. With our sentences as datatrove's splitter every decision
must be the same, with and without the test for terminal punctuation; exit code 1 otherwise. Beside it, for
information, how many decisions are the same with the splitter that datatrove assigns to each language.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datatrove.data import Document
from datatrove.pipeline.filters.c4_filters import C4ParagraphFilter, C4QualityFilter
from datatrove.utils.text import split_into_parts
from datatrove.utils.word_tokenizers import WordTokenizer

from polysieve.filters import c4, rules, signals, words
from polysieve.filters.characters import tables

REASONS = {
    "lorem_ipsum": "lorem_ipsum",
    "curly_bracket": "curly_bracket",
    "few_sentences": "too_few_sentences",
}


class OurSentences(WordTokenizer):
    """Our sentence count as a tokeniser of datatrove's, which takes no more of it than their number."""

    def word_tokenize(self, text):
        raise NotImplementedError

    def sent_tokenize(self, text):
        raise NotImplementedError

    def span_tokenize(self, text):
        buffer, offsets = words.text_buffer([text])
        return [(0, 0)] * c4._sentences(buffer, 0, int(offsets[1]), tables().properties)


def decisions(measured: pa.RecordBatch, prefix: str) -> np.ndarray:
    """datatrove's reason for each document, "" where it is kept."""
    found = np.full(measured.num_rows, "", object)
    for name, reason in REASONS.items():
        rule = rules.RULES[f"{prefix}_{name}"]
        failing = rules.drops(rule, measured[rule.metric].to_numpy(), rule.default)
        found[failing & (found == "")] = reason
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    work = parser.parse_args().work
    table, reference = (pq.read_table(work / f"{n}.parquet") for n in ("documents", "reference"))
    labels = np.array(table["label"].to_pylist())
    texts = table["text"].combine_chunks()
    measured = signals.measure(texts, words.segment(texts, table["label"].combine_chunks()))
    paragraphs = rules.drops(
        rules.RULES["c4_paragraphs"], measured["third_longest_line"].to_numpy(), 200
    )
    ours = {
        "c4": (decisions(measured, "c4"), C4QualityFilter(language=OurSentences())),
        "c4_any_end": (
            decisions(measured, "c4_any_end"),
            C4QualityFilter(language=OurSentences(), filter_no_terminal_punct=False),
        ),
    }
    wrong = Counter()
    for row, text in enumerate(texts.to_pylist()):
        for name, (decided, block) in ours.items():
            result = block.filter(Document(text, "0"))
            split_into_parts.cache_clear()
            theirs = "" if result is True else result[1]
            wrong[name] += (decided[row] == "") != (theirs == "")
            wrong[f"{name}, reason"] += decided[row] != theirs
        result = C4ParagraphFilter().filter(Document(text, "0"))
        wrong["c4_paragraphs"] += paragraphs[row] != (result is not True)
    print(f"{len(texts):,} documents; decisions that differ with the same sentences: {dict(wrong)}")

    print(
        f"\n{'with its own splitter':22} {'c4':>7} {'any end':>7}  raises  kept c4, any end  tokenizer"
    )
    shares = Counter()
    for label in dict.fromkeys(labels):
        rows = np.flatnonzero(labels == label)
        line, raises = [], 0
        for name, (decided, _) in ours.items():
            theirs = np.array(reference[name].take(rows).to_pylist(), object)
            judged = np.array([t is not None and not t.startswith("raises") for t in theirs])
            raises += sum(t is not None and t.startswith("raises") for t in theirs)
            same = int(((decided[rows] == "") == (theirs == ""))[judged].sum())
            shares.update({name: same, f"{name} judged": int(judged.sum())})
            line.append(f"{same / judged.sum():7.3f}" if judged.any() else f"{'-':>7}")
        shares["raises"] += raises
        kept = [int((ours[name][0][rows] == "").sum()) for name in ours]
        tokenizer = reference["tokenizer"][int(rows[0])].as_py()
        print(f"{label:22} {' '.join(line)} {raises:7}  {kept[0]:7}, {kept[1]:7}  {tokenizer[:60]}")
    print(
        "all: "
        + ", ".join(
            f"{name} {shares[name]:,} of {shares[f'{name} judged']:,} the same" for name in ours
        )
        + f"; it raises {shares['raises']} times"
    )
    return 1 if wrong["c4"] + wrong["c4_any_end"] + wrong["c4_paragraphs"] else 0


if __name__ == "__main__":
    sys.exit(main())
