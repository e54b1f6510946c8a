"""Judgements as files: what is written can be read and scored again."""

import pyarrow.csv
import pytest

from polysieve.audit import scores
from polysieve.audit.judging import files


def row(**changed):
    values = {
        "label": "tha_Thai", "stage": "kept", "reason": "kept", "population": 7, "document": "d0", "id": "<urn:uuid:1>",
        "url": "https://example.org/", "file_path": "a.warc.gz", "offset": 5, "rater": "ana", "code": "CC",
        "offensive": 0, "porn": 1, "note": "", "at": "2026-01-02T03:04:05.678+00:00",
    }  # fmt: skip
    return {**values, **changed}


ROWS = [
    row(),
    row(document="d1", note='two\nlines, "quoted"', code="WL", url=None),
    row(document="d2", stage=None, reason=None, population=None),
]


@pytest.mark.parametrize("suffix", files.SUFFIXES)
def test_what_is_written_is_scored_as_it_was(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    files.write(ROWS, path)
    assert scores.strata([], files.read(path)) == scores.strata([], ROWS)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", files.SUFFIXES)
def test_no_judgements_make_a_file_too(tmp_path, suffix):
    files.write([], tmp_path / f"out{suffix}")
    assert files.read(tmp_path / f"out{suffix}") == []


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_spreadsheet_gets_no_formula(tmp_path, text):
    path = tmp_path / "out.csv"
    files.write([row(note=text, url=text)], path)
    table = pyarrow.csv.read_csv(
        path, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True)
    )
    assert table["note"].to_pylist() == table["url"].to_pylist() == [f"'{text}"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("label,stage\na,kept\n", "no column 'reason'"),
        (
            "label,stage,reason,population,document,rater,code\na,kept,kept,5,d,ana,XX\n",
            "row 1: code 'XX'",
        ),
        (
            "label,stage,reason,population,document,rater,code\na,kept,kept,,d,ana,CC\n",
            "row 1: no population",
        ),
        (
            "label,stage,reason,population,document,rater,code\na,kept,kept,many,d,ana,CC\n",
            "cannot be read",
        ),
        ("", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, content, message):
    path = tmp_path / "in.csv"
    path.write_text(content)
    with pytest.raises(files.JudgementFileError, match=rf"in\.csv: .*{message}"):
        files.read(path)


def test_a_hand_made_table_needs_only_what_scores_need(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(
        "label,stage,reason,population,document,rater,code\na_Latn,kept,kept,5,d,ana,CC\n"
    )
    (stratum,) = scores.strata([], files.read(path))
    assert (stratum.population, stratum.judged) == (5, 1)
