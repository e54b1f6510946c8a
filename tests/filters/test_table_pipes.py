"""Lines of pipes: datatrove's result."""

import pyarrow as pa
import pytest
from datatrove.pipeline.formatters import SymbolLinesFormatter
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.filters import table_pipes

REFERENCE = SymbolLinesFormatter(["|"], replace_char="\n")


def removed(text: str) -> str:
    return table_pipes.remove(pa.array([text], pa.large_string()))[0].as_py()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name | age\n|\n| |\nAda | 36", "name | age\n\n\nAda | 36"),
        ("| town | people |\n| Ashwick | 12 |", "| town | people |\n| Ashwick | 12 |"),
        ("no table", "no table"),
        ("  \nwhite lines stay\n  ", "  \nwhite lines stay\n  "),
        ("one\rtwo\u2028three\n", "one\ntwo\nthree"),
    ],
)
def test_only_lines_of_borders_go(text: str, expected: str) -> None:
    assert removed(text) == expected == REFERENCE.format(text)


@settings(deadline=None, max_examples=500)
@given(st.text(alphabet="| a中\n\r\v\x1c\x85\u2028\t", max_size=20))
def test_the_result_is_datatroves(text: str) -> None:
    assert removed(text) == REFERENCE.format(text)


def test_missing_texts_stay_missing() -> None:
    texts = pa.array([None, "a\n|\nb"], pa.large_string())
    assert table_pipes.remove(texts).to_pylist() == [None, "a\n\n\nb"]
