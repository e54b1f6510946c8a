"""Files of text that a user names, in every form."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polysieve.pipeline.texts import benchmarks, calibrating, reading, seeds
from polysieve.pipeline.texts.reading import TextFileError

TEXTS = ['Guten "Tag"', "ሰላም", "one two"]


@pytest.fixture
def folder(tmp_path):
    """The texts in every form, each with an empty one besides."""
    lines = "".join(json.dumps({"text": text, "n": 1}) + "\n" for text in [*TEXTS, " "])
    (tmp_path / "a.jsonl").write_text(lines)
    (tmp_path / "b.tsv.gz").write_bytes(gzip.compress("\n".join(["text", *TEXTS, ""]).encode()))
    (tmp_path / "c.txt").write_text("\n".join([*TEXTS, "", ""]), "utf-8")
    pq.write_table(pa.table({"other": [0] * 4, "text": [*TEXTS, None]}), tmp_path / "d.parquet")
    return tmp_path


def test_every_form_gives_the_same_texts(folder) -> None:
    found = reading.files(folder)
    assert [file.name for file in found] == ["a.jsonl", "b.tsv.gz", "c.txt", "d.parquet"]
    for file in found:
        assert list(reading.texts(file)) == TEXTS


def test_seeds_are_without_repetition_and_clean_text_is_read_by_line(folder) -> None:
    assert seeds.read(str(folder)) == TEXTS
    (folder / "news.de").write_text("eins\n\nzwei\n")
    assert list(calibrating.read_texts(folder / "news.de")) == ["eins", "zwei"]
    assert list(calibrating.read_texts(folder / "a.jsonl")) == TEXTS


def test_of_a_benchmark_every_string_of_a_record_and_every_line_counts(tmp_path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"q": "one", "choices": ["two", {"x": "three"}]}\n\n"four"\n'
    )
    (tmp_path / "b.json").write_text('[{"q": "five", "n": 5}]')
    (tmp_path / "c.tsv").write_text("six\tseven\n\n")
    pq.write_table(pa.table({"q": ["eight"], "c": [["nine"]]}), tmp_path / "d.parquet")
    found = [text.strip() for text in benchmarks.items(str(tmp_path))]
    assert found == ["one", "two", "three", "four", "five", "six\tseven", "eight", "nine"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", b"label\tother\n", "no column 'text'"),
        ("a.jsonl", b'{"text": "x"}\n{"text"\n', "row 2: not JSON"),
        ("a.jsonl", b'["x"]\n', "row 1: not a JSON object"),
        ("a.jsonl", b'{"text": 5}\n', "text is int, no string"),
        ("a.txt", b"Gr\xfc\xdfe\n", "not UTF-8"),
        ("a.txt.gz", b"no gzip", "cannot be read"),
        ("a.parquet", b"no Parquet", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, content, message) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TextFileError, match=message) as caught:
        list(reading.texts(tmp_path / name))
    assert name in str(caught.value)


def test_paths_that_name_no_text_are_told(tmp_path) -> None:
    for path, message in ((tmp_path, "in this folder"), (tmp_path / "x.txt", "no such file")):
        with pytest.raises(TextFileError, match=message):
            reading.files(path)
    (tmp_path / "a.pdf").write_bytes(b"")
    with pytest.raises(TextFileError, match="convert it"):
        reading.files(tmp_path / "a.pdf")
