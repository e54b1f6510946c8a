"""How much of a document the words of a list make up."""

import pyarrow as pa
import pytest

from polysieve.filters.quality.word_lists import load, make, shares


def share(text: str, *entries: str, distinct: int = 1) -> float:
    return float(shares(pa.array([text], pa.large_string()), make(entries), distinct)[0])


@pytest.mark.parametrize(
    ("text", "entries", "expected"),
    [
        ("The bad, BAD dog.", ["bad"], 0.5),
        ("Scunthorpe assessed the class", ["ass", "thor"], 0.0),
        ("a very bad dog", ["very bad", "bad dog"], 0.75),
        ("ein böses Wort", ["bo\u0308ses"], 1 / 3),
        ("плохое слово", ["ПЛОХОЕ"], 0.5),
        ("他们说坏话了", ["坏话"], 1 / 3),
        ("คำหยาบคาย", ["หยาบ"], 4 / 9),
        ("나쁜 말을 했다", ["나쁜"], 1 / 3),
        ("मूर्ख आदमी", ["मूर्ख"], 0.5),
        ("", ["bad"], 0.0),
        ("bad", [], 0.0),
        ("bad", ["...", ""], 0.0),
    ],
)
def test_whole_words_and_phrases_count(text, entries, expected) -> None:
    assert share(text, *entries) == pytest.approx(expected)


def test_one_entry_again_and_again_is_no_evidence() -> None:
    assert share("cock and cock and cock", "cock", "hen", distinct=2) == 0
    assert share("cock and hen", "cock", "hen", distinct=2) == pytest.approx(2 / 3)


def test_a_file_may_hold_remarks_and_blank_lines(tmp_path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("# words\n\nbad\n  very bad \nbad\n", "utf-8")
    assert load(path).entries == 2
    with pytest.raises(OSError, match="absent"):
        load(tmp_path / "absent.txt")
