"""The metrics of a document by datatrove's own functions, for tests that compare."""

import re

import numpy as np
import pytest

gopher = pytest.importorskip("datatrove.pipeline.filters.gopher_repetition_filter")
text_utils = pytest.importorskip("datatrove.utils.text")


def _ratio(a, b):
    return a / b if b else None


def metrics(text: str, words: list[str]) -> dict[str, float | int | None]:
    """Every metric of Gopher repetition, FineWeb and Gopher quality; None where a denominator is 0."""
    found = {}
    paragraphs = re.split(r"\n{2,}", text.strip())
    count, characters = gopher.find_duplicates(paragraphs)
    found["dup_para_frac"] = _ratio(count, len(paragraphs)) if text else None
    found["dup_para_char_frac"] = _ratio(characters, len(text))
    lines = re.split("\n+", text) if text else []
    count, characters = gopher.find_duplicates(lines)
    found["dup_line_frac"] = _ratio(count, len(lines))
    found["dup_line_char_frac"] = _ratio(characters, len(text))
    for n in (2, 3, 4):
        grams = gopher.get_n_grams(words, n)
        found[f"top_{n}_gram"] = (
            _ratio(gopher.find_top_duplicate(grams), len(text)) if grams else None
        )
    for n in range(5, 11):
        found[f"dup_{n}_gram"] = _ratio(gopher.find_all_duplicate(words, n), len(text))
    filled = [line for line in text.split("\n") if line.strip() != ""]
    ends = tuple(text_utils.TERMINAL_PUNCTUATION)
    found["line_count"] = len(filled)
    found["line_punct_ratio"] = _ratio(sum(line.endswith(ends) for line in filled), len(filled))
    found["short_line_ratio"] = _ratio(sum(len(line) <= 30 for line in filled), len(filled))
    found["char_dup_ratio"] = (
        _ratio(gopher.find_duplicates(filled)[1], len(text.replace("\n", ""))) if filled else None
    )
    found["new_line_ratio"] = _ratio(text.count("\n"), len(words))
    plain = [w for w in words if any(c not in text_utils.PUNCTUATION_SET for c in w)]
    found["word_count"], found["plain_word_count"] = len(words), len(plain)
    found["mean_word_length"] = float(np.mean([len(w) for w in plain])) if plain else None
    found["hash_ratio"] = _ratio(text.count("#"), len(words))
    found["ellipsis_ratio"] = _ratio(text.count("...") + text.count("…"), len(words))
    split = text.splitlines()
    found["bullet_line_ratio"] = _ratio(
        sum(s.lstrip().startswith(("•", "-")) for s in split), len(split)
    )
    found["ellipsis_line_ratio"] = _ratio(
        sum(s.rstrip().endswith(("...", "…")) for s in split), len(split)
    )
    found["alpha_word_ratio"] = _ratio(sum(any(c.isalpha() for c in w) for w in words), len(words))
    found["character_count"] = len(text)
    return found
