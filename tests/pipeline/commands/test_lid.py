"""`polysieve lid`, and labelled text as it and `polysieve fit` read it."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from polysieve.pipeline.cli import app
from polysieve.pipeline.recipe.loading import load
from polysieve.pipeline.texts import labelled
from polysieve.pipeline.texts.reading import TextFileError
from tests.language_id.sentences import SENTENCES
from tools.sample_crawl.articles import HERE

LABELS = ("amh_Ethi", "deu_Latn", "hin_Deva", "swh_Latn")


def polysieve(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample crawl's paragraphs, a file of lines for each label."""
    folder = tmp_path_factory.mktemp("labelled") / "pages"
    folder.mkdir()
    for label in LABELS:
        lines = (HERE / "pages" / f"{label}.txt").read_text("utf-8").splitlines()
        long = [line for line in lines if len(line) > 60]
        (folder / f"pages.{label}.txt").write_text("\n".join(long), "utf-8")
    (folder / "README.txt").write_text("no labelled text\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def model(pages: Path) -> Path:
    path = pages.parent / "own.ftz"
    code, output = polysieve(
        "lid", "train", str(pages), "-o", str(path), "--dim", "16", "--epochs", "15", "--buckets", "5000"
    )  # fmt: skip
    assert code == 0, output
    return path


def test_a_trained_model_serves_a_recipe(model: Path, tmp_path: Path) -> None:
    (tmp_path / "crawl.jsonl").write_text(
        "".join(
            json.dumps({"id": label, "text": f"{SENTENCES[label]} " * 3}) + "\n"
            for label in ("deu_Latn", "hin_Deva")
        )
    )
    code, output = polysieve(
        "run", "minimal", "--input", str(tmp_path / "crawl.jsonl"), "--output", str(tmp_path / "out"), "--quiet",
        "--engine", "inline", "--set", f"language.model={model}",
    )  # fmt: skip
    assert code == 0, output
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert set(record["accounting"]["languages"]) == {"deu_Latn", "hin_Deva"}


def test_evaluate_prints_tables_or_json_and_writes_cuts(
    model: Path, pages: Path, tmp_path: Path
) -> None:
    code, output = polysieve("lid", "evaluate", str(model), str(pages))
    assert code == 0
    assert "macro-F1" in output and "swa" in output
    assert ("called" in output) != ("No class was taken for another." in output)
    cuts = tmp_path / "cuts.json"
    code, output = polysieve(
        "lid", "evaluate", str(model), str(pages), "--json", "--cuts", str(cuts)
    )
    figures = json.loads(output)
    assert code == 0
    assert figures["macro_f1_all"] > 0.9
    assert figures["classes"]["amh"]["known"]
    assert set(json.loads(cuts.read_text())["cuts"]) <= set(LABELS)


def test_cuts_go_into_fitted_language_files(pages: Path, tmp_path: Path) -> None:
    cuts = tmp_path / "cuts.json"
    cuts.write_text(json.dumps({"cuts": {"deu_Latn": 0.42}}))
    code, output = polysieve("fit", str(pages), "-o", str(tmp_path / "fitted"), "--cuts", str(cuts))
    assert code == 0, output
    assert "language_score: 0.42" in (tmp_path / "fitted" / "deu_Latn.yaml").read_text("utf-8")
    assert "language_score: null" in (tmp_path / "fitted" / "swh_Latn.yaml").read_text("utf-8")


@pytest.mark.parametrize("name", ["embedded", "cld2", "embedded=1,cld2=0.5"])
def test_models_without_a_file_are_measured_too(name: str, pages: Path) -> None:
    code, output = polysieve("lid", "evaluate", name, str(pages), "--json")
    assert code == 0
    assert json.loads(output)["macro_f1_all"] > 0.9


def test_cld2_can_be_a_recipes_model() -> None:
    assert load("minimal", ["language.model=cld2"]).language.model == "cld2"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("evaluate", "nowhere.bin", "{pages}"), "nowhere.bin: no such file"),
        (("evaluate", "embedded=a,cld2=1", "{pages}"), "'a' is no weight"),
        (("evaluate", "embedded", "{pages}/none.tsv"), "none.tsv: no such file"),
        (("train", "{pages}", "-o", "{pages}/model.bin"), "ends in .ftz"),
        (("train", "{pages}", "-o", "m.ftz", "--loss", "ova"), "--loss ova: choose"),
    ],
)
def test_what_cannot_be_used_is_named(
    pages: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, output = polysieve("lid", *(part.format(pages=pages) for part in arguments))
    assert code == 2
    assert message in output


def rows_of(path: Path) -> list[tuple[str, str, str]]:
    return [
        row
        for batch in labelled.read([path])
        for row in zip(*(column.to_pylist() for column in batch), strict=True)
    ]


def test_every_form_of_labelled_text_says_the_same(tmp_path: Path) -> None:
    rows = [('Guten "Tag"', "deu_Latn", "news"), ("ሰላም", "amh_Ethi", "web")]
    folder = tmp_path / "folder"
    folder.mkdir()
    tsv = "text\tlabel\tsource\n" + "".join("\t".join(row) + "\n" for row in rows)
    (tmp_path / "a.tsv").write_text(tsv, "utf-8")
    (tmp_path / "a.tsv.gz").write_bytes(gzip.compress(tsv.encode()))
    (tmp_path / "a.jsonl").write_text(
        "".join(
            json.dumps(dict(zip(("text", "lang", "source"), r, strict=True))) + "\n" for r in rows
        )
    )
    table = pa.table(dict(zip(("text", "label", "source"), zip(*rows, strict=True), strict=True)))
    pq.write_table(table, tmp_path / "a.parquet")
    for name in ("a.tsv", "a.tsv.gz", "a.jsonl", "a.parquet"):
        assert rows_of(tmp_path / name) == rows
    for text, label, _ in rows:
        (folder / f"x.{label}.txt").write_text(f"{text}\n\n", "utf-8")
    assert sorted(rows_of(folder)) == sorted((text, label, "folder") for text, label, _ in rows)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", b"label\tother\nde\tx\n", "no column 'text'"),
        ("a.tsv", b"text\tlabel\nHallo\tgerman\n", "row 2"),
        ("a.nonsense.txt", b"Hallo\n", "its name ends in no language"),
        ("a.de.txt", b"Gr\xfc\xdfe\n", "not UTF-8"),
    ],
)
def test_labelled_text_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TextFileError, match=message):
        rows_of(tmp_path / name)
