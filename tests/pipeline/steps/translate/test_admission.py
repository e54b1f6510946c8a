"""Which translations into a language are let in beside its native documents."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polysieve.filters import parameters
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.decide.cascade import Reasons
from polysieve.pipeline.steps.translate import admission
from polysieve.pipeline.steps.translate.translations import TRANSLATED, name_of, translations_of
from tests.pipeline.steps.measured import LABEL, MINHASH, folder, labels, measured, write

NOTHING_NEAR = {"minhash": MINHASH.model_dump(), "kept": ["-text_bytes"]}


@pytest.fixture
def admitted(tmp_path: Path):
    """Decide translations beside native documents, of which those with a `cut` do not remain."""

    def decided(
        made: list[dict[str, Any]],
        native: list[dict[str, Any]] | None = None,
        native_words: int = 0,
        max_share: float | None = None,
        **sections: Any,
    ) -> tuple[Reasons, np.ndarray]:
        step = folder(tmp_path, "translate")
        made = [{"source_language": "deu_Latn", **one} for one in made]
        write(step, name_of(LABEL, 0), made[:2], 5_000, TRANSLATED)
        write(step, name_of(LABEL, 1), made[2:], 6_000, TRANSLATED)
        sizes = {0: len(made[:2]), 1: len(made[2:])}
        natives = None
        if native:
            (label,) = labels(measured(tmp_path, {"a": native}))
            natives = label, np.array(["cut" not in one for one in native])
        recipe = Recipe.model_validate(
            {"language": {"cut": 0.5}, "rules": {}, "dedup": NOTHING_NEAR, **sections}
        )
        return admission.admitted(
            translations_of(step, LABEL, sizes),
            parameters.defaults(LABEL),
            natives,
            native_words,
            recipe,
            max_share,
        )

    return decided


def reasons(decided: tuple[Reasons, np.ndarray]) -> list[str | None]:
    return decided[0].column().to_pylist()


def test_failed_checks_come_before_the_language_cut(admitted):
    made = [{"failed_checks": "length", "language_score": 0.1}, {"language_score": 0.1}, {}]
    decided = admitted(made)
    assert reasons(decided) == ["translation_failed", "language_score", None]
    assert decided[1].tolist() == [-1, -1, 0]


def test_duplicates_of_native_documents_go_and_count_them(admitted):
    native = [{"content": 1, "signature": "aaaabbbb"}, {"content": 2, "signature": "ffffcccc"}]
    made = [{"content": 1}, {"content": 9, "signature": "ddddcccc"}, {"content": 8}]
    decided = admitted(made, native)
    assert reasons(decided) == ["exact_duplicate", "near_duplicate", None]
    assert decided[1].tolist() == [1, 1, 0]


def test_native_documents_that_a_cut_took_have_no_duplicates(admitted):
    decided = admitted([{"content": 1}], [{"content": 1, "cut": "url_word"}, {"content": 2}])
    assert reasons(decided) == [None]


def test_of_translations_alike_the_first_by_the_recipes_order_stays(admitted):
    made = [
        {"content": 1, "text_bytes": 10},
        {"content": 1, "text_bytes": 30},
        {"content": 1, "text_bytes": 20},
        {"content": 2, "text_bytes": 90, "failed_checks": "length"},
        {"content": 2, "text_bytes": 10},
    ]
    assert reasons(admitted(made)) == [
        "exact_duplicate", None, "exact_duplicate", "translation_failed", None,
    ]  # fmt: skip


def test_duplicates_are_found_before_rules_are_asked(admitted):
    made = [{"content": 1, "word_count": 5, "text_bytes": 99}, {"content": 1}, {"word_count": 5}]
    assert reasons(admitted(made, rules={"gopher_short_doc": 50})) == [
        "gopher_short_doc", "exact_duplicate", "gopher_short_doc",
    ]  # fmt: skip


def test_rules_that_read_text_are_asked_about_what_the_others_keep(admitted):
    rules = {
        "gopher_short_doc": 50,
        "casino": {
            "datatrove": "datatrove.pipeline.filters.RegexFilter",
            "arguments": {"regex_exp": "casino"},
        },
    }
    made = [
        {"text": "casino", "word_count": 5},
        {"text": "the casino"},
        {"text": "the town hall"},
    ]
    assert reasons(admitted(made, rules=rules)) == ["gopher_short_doc", "casino", None]


def test_what_is_beyond_the_share_goes_by_rank(admitted):
    made = [{"rank": 3}, {"rank": 1}, {"rank": 2, "failed_checks": "length"}, {"rank": 4}]
    # Half of all words: 200 of the native documents' 200.
    assert reasons(admitted(made, native_words=200, max_share=0.5)) == [
        None, None, "translation_failed", "translation_share",
    ]  # fmt: skip


def test_without_native_words_no_share_is_left(admitted):
    assert reasons(admitted([{"rank": 1}], max_share=0.5)) == ["translation_share"]
