"""Which parts of a document are in which language."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.language_id import load_model
from polysieve.language_id.passages import Passages, identify_passages, split, votes
from tests.language_id.sentences import SENTENCES

ENGLISH, THAI, HINDI = (SENTENCES[x] for x in ("eng_Latn", "tha_Thai", "hin_Deva"))


def passages(*texts: str, by: str = "lines", least_bytes: int = 60) -> Passages:
    column = pa.array(texts, pa.large_string())
    return identify_passages(column, load_model(), by, least_bytes)  # type: ignore[arg-type]


def test_bytes_vote_and_short_lines_do_not() -> None:
    found = passages(f"{ENGLISH}\nok\n{THAI}\n{ENGLISH}\n", f"{HINDI}\n", "short")
    first, second, third = votes(found)
    thai, english = len(THAI.encode()) + 1, 2 * len(ENGLISH) + 2
    assert first.shares["tha_Thai"] == pytest.approx(thai / (thai + english), abs=1e-3)
    assert list(first.shares) == [first.label, "eng_Latn"] == ["tha_Thai", "eng_Latn"]
    assert second.shares == {"hin_Deva": 1.0} and second.score > 0.5
    assert (third.label, third.score, third.shares) == (None, 0.0, {})


def test_noise_does_not_vote() -> None:
    digits = "0049 17 2239 88.20 41 7 1999 3.14159 100 200 300 42 17 99 " * 4
    assert votes(passages(f"{digits}\n{THAI}\n"))[0].shares == {"tha_Thai": 1.0}


def test_spans_part_a_line_in_two_languages() -> None:
    text = f"{ENGLISH} {ENGLISH} {HINDI} {HINDI}"
    assert list(votes(passages(text, by="lines"))[0].shares) in (["eng_Latn"], ["hin_Deva"], [])
    assert set(votes(passages(text, by="spans"))[0].shares) == {"eng_Latn", "hin_Deva"}


def test_a_document_is_split_by_language_in_order() -> None:
    found = passages(f"{ENGLISH}\n{THAI}\n(1)\n{ENGLISH}\n(2)\n{THAI}", THAI)
    parts = split(found, votes(found)[0], 0, 0.2)
    assert {part.label: part.text for part in parts} == {
        "eng_Latn": f"{ENGLISH}\n{ENGLISH}\n(2)",
        "tha_Thai": f"{THAI}\n(1)\n{THAI}",
    }
    assert split(found, votes(found)[1], 1, 0.2) == []
    assert split(found, votes(found)[0], 0, 0.5) == []  # one of the two has less than half


def test_what_has_too_small_a_share_stays_with_what_is_before_it() -> None:
    found = passages("\n".join([*[ENGLISH] * 8, HINDI, *[THAI] * 4, ENGLISH]))
    parts = {part.label: part.text for part in split(found, votes(found)[0], 0, 0.25)}
    assert set(parts) == {"eng_Latn", "tha_Thai"}
    assert f"{ENGLISH}\n{HINDI}\n{ENGLISH}" in parts["eng_Latn"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([ENGLISH, THAI, HINDI, "", "a", "é\u200d\t"]), max_size=6)),
    st.sampled_from(["lines", "spans"]),
)
def test_passages_are_the_text(documents: list[list[str]], by: str) -> None:
    texts = ["\n".join(lines) for lines in documents]
    found = passages(*texts, by=by)
    for i, text in enumerate(texts):
        start, stop = found.documents[i : i + 2]
        assert "".join(found.texts[start:stop].to_pylist()) == text
        parts = split(found, votes(found)[i], i, 0.2)
        if parts:
            whole = sorted("".join("".join(part.text for part in parts).split()))
            assert whole == sorted("".join(text.split()))
