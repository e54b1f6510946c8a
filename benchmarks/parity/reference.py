"""datatrove's side: words, metrics and decisions of documents. Runs in datatrove's environment, not in ours.

    python reference.py documents.parquet requests.json words.parquet

Every number comes from datatrove's own functions and every decision from its own filter classes, which are
given the words as a tokeniser.
"""

import json
import re
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.filters.gopher_repetition_filter import (
    find_all_duplicate,
    find_duplicates,
    find_top_duplicate,
    get_n_grams,
)
from datatrove.utils import word_tokenizers
from datatrove.utils.text import PUNCTUATION_SET, TERMINAL_PUNCTUATION, split_into_parts

FALLBACK = re.compile(r"\w+|[^\w\s]")


class Given(word_tokenizers.WordTokenizer):
    """A tokeniser that knows one document's words."""

    def __init__(self, words):
        super().__init__()
        self.words = words

    def word_tokenize(self, text):
        return self.words

    def sent_tokenize(self, text):
        raise NotImplementedError

    def span_tokenize(self, text):
        raise NotImplementedError


def tokenizer_of(names):
    """Name and instance of the tokeniser that datatrove assigns to the first of `names` it knows.

    None for the instance where there is no such tokeniser, or its package is not installed here.
    """
    for name in names:
        try:
            tokenizer = word_tokenizers.load_word_tokenizer(name)
            tokenizer.word_tokenize("a b")
            return type(tokenizer).__name__, tokenizer
        except Exception as error:  # no assignment, or a package that is not installed here
            reason = (
                f"{type(error).__name__}: {str(error).splitlines()[0][:60] if str(error) else ''}"
            )
    return f"regex ({reason})", None


def ratio(a, b):
    return a / b if b else None


def metrics(text, words, stop_words):
    """Every metric that a rule of FineWeb2's filters tests, by polysieve's names."""
    found = {}
    paragraphs = re.split(r"\n{2,}", text.strip())
    elements, characters = find_duplicates(paragraphs)
    found["dup_para_frac"] = ratio(elements, len(paragraphs))
    found["dup_para_char_frac"] = ratio(characters, len(text))
    lines = re.split(r"\n+", text)
    elements, characters = find_duplicates(lines)
    found["dup_line_frac"] = ratio(elements, len(lines))
    found["dup_line_char_frac"] = ratio(characters, len(text))
    for n in (2, 3, 4):
        grams = get_n_grams(words, n)
        found[f"top_{n}_gram"] = ratio(find_top_duplicate(grams), len(text)) if grams else None
    for n in range(5, 11):
        found[f"dup_{n}_gram"] = ratio(find_all_duplicate(words, n), len(text))
    lines = [line for line in text.split("\n") if line.strip() != ""]
    found["line_count"] = len(lines)
    ends = tuple(TERMINAL_PUNCTUATION)
    found["line_punct_ratio"] = ratio(sum(line.endswith(ends) for line in lines), len(lines))
    found["short_line_ratio"] = ratio(sum(len(line) <= 30 for line in lines), len(lines))
    found["char_dup_ratio"] = (
        ratio(find_duplicates(lines)[1], len(text.replace("\n", ""))) if lines else None
    )
    found["new_line_ratio"] = ratio(text.count("\n"), len(words))
    plain = [w for w in words if any(c not in PUNCTUATION_SET for c in w)]
    found["word_count"], found["plain_word_count"] = len(words), len(plain)
    found["mean_word_length"] = float(np.mean([len(w) for w in plain])) if plain else None
    found["hash_ratio"] = ratio(text.count("#"), len(words))
    found["ellipsis_ratio"] = ratio(text.count("...") + text.count("…"), len(words))
    lines = text.splitlines()
    bullets = sum(s.lstrip().startswith("•") or s.lstrip().startswith("-") for s in lines)
    ellipses = sum(s.rstrip().endswith("...") or s.rstrip().endswith("…") for s in lines)
    found["bullet_line_ratio"] = ratio(bullets, len(lines))
    found["ellipsis_line_ratio"] = ratio(ellipses, len(lines))
    found["alpha_word_ratio"] = ratio(sum(any(c.isalpha() for c in w) for w in words), len(words))
    found["stop_words"] = len(set(stop_words) & set(words)) if stop_words else None
    return found


def fineweb2_filters(language, parameters, has_stop_words=True, **common):
    """The three filters of fineweb-2-pipeline.py in its order and with its constants.

    language: a name, or a tokeniser itself. common: further arguments of all three.
    """
    common["language"] = language
    return [
        GopherRepetitionFilter(
            dup_line_frac=parameters["dup_line_frac"], dup_para_frac=0,
            dup_line_char_frac=0, dup_para_char_frac=0,
            top_n_grams=parameters["top_n_grams"], dup_n_grams=parameters["dup_n_grams"],
            **common,
        ),
        FineWebQualityFilter(
            short_line_thr=999, char_duplicates_ratio=0.1,
            line_punct_thr=parameters["line_punct_thr"],
            new_line_ratio=parameters["new_line_ratio"], **common,
        ),
        GopherQualityFilter(
            max_avg_word_length=parameters["max_avg_word_length"],
            min_avg_word_length=parameters["min_avg_word_length"],
            stop_words=parameters["stopwords"],
            max_non_alpha_words_ratio=parameters["max_non_alpha_words_ratio"],
            min_stop_words=2 if has_stop_words else 0, **common,
        ),
    ]  # fmt: skip


def decision(text, words, parameters):
    """The first reason of FineWeb2's three filters, in its order and with its constants; "" if kept."""
    for step in fineweb2_filters(Given(words), parameters, bool(parameters["stopwords"])):
        try:
            result = step.filter(Document(text=text, id="0"))
        except ZeroDivisionError:
            return "ZeroDivisionError"
        if result is not True:
            return result[1]
    return ""


def c4_decision(text, tokenizer, **arguments):
    """C4QualityFilter's reason with the language's own sentence splitter; "" if kept, null without one."""
    if tokenizer is None:
        return None
    try:
        result = C4QualityFilter(language=tokenizer, **arguments).filter(Document(text, "0"))
    except Exception as error:  # its sentence splitters raise on some texts
        return f"raises {type(error).__name__}"
    return "" if result is True else result[1]


def main(documents, requests, output):
    table = pq.read_table(documents)
    requests = json.loads(Path(requests).read_text())
    rows = []
    state = {}
    started = time.time()
    for label, text in zip(*(table[c].to_pylist() for c in ("label", "text")), strict=True):
        request = requests[label]
        if label not in state:
            state[label] = tokenizer_of(request["names"])
            print(f"{time.time() - started:6.0f} s  {label}  {state[label][0]}", flush=True)
        name, tokenizer = state[label]
        tokenize = tokenizer.word_tokenize if tokenizer else FALLBACK.findall
        try:
            words = tokenize(text)
        except Exception as error:
            name, words = f"regex after {type(error).__name__}", FALLBACK.findall(text)
        rows.append(
            {
                "tokenizer": name,
                "words": words,
                "reason": decision(text, words, request["parameters"]),
                "c4": c4_decision(text, tokenizer),
                "c4_any_end": c4_decision(text, tokenizer, filter_no_terminal_punct=False),
                **metrics(text, words, request["parameters"]["stopwords"]),
            }
        )
        split_into_parts.cache_clear()
        word_tokenizers.load_word_tokenizer.cache_clear()
    pq.write_table(pa.Table.from_pylist(rows), output)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main(*sys.argv[1:])
