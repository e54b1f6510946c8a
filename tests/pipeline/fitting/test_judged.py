"""From judgements to thresholds and back: judge a run, fit, decide again, and find the judgements still there."""

import json
import random
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from polysieve.audit.judging.database import Database, Judgement
from polysieve.filters.parameters import load_file
from polysieve.pipeline.cli import app
from polysieve.pipeline.fitting import judged
from polysieve.pipeline.recipe.loading import load
from tests.pipeline.runs import PAGES, decisions

RULES = "rules={fineweb_new_line: null, gopher_short_doc: 50}"


def polysieve(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def text(number: int, words_of_line: int, vocabulary: list[str]) -> str:
    """300 words in lines of that many; numbered, so that no two are alike."""
    chosen = random.Random(number).choices(vocabulary, k=300)
    lines = [" ".join(chosen[i : i + words_of_line]) for i in range(0, 300, words_of_line)]
    return ".\n".join(lines) + "."


@pytest.fixture(scope="module")
def output(tmp_path_factory) -> Path:
    """A run over 60 English pages of long lines and 60 of short ones, all kept, and 12 that are too short."""
    folder = tmp_path_factory.mktemp("judged")
    prose = (PAGES / "eng_Latn.txt").read_text("utf-8")
    vocabulary = [word for word in prose.split() if word.isalpha()]
    pages = {f"good-{i}": text(i, 20, vocabulary) for i in range(60)}
    pages |= {f"bad-{i}": text(100 + i, 5, vocabulary) for i in range(60)}
    pages |= {f"short-{i}": text(200 + i, 20, vocabulary)[:200] for i in range(12)}
    rows = [json.dumps({"id": id, "text": page}) for id, page in pages.items()]
    (folder / "pages.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    finished = polysieve(
        "run", "minimal", "--input", f"{folder}/pages.jsonl", "--output", f"{folder}/out",
        "--engine", "inline", "--quiet", "--set", RULES, "--set", "language.cut=0",
    )  # fmt: skip
    assert finished.exit_code == 0, finished.output
    assert polysieve("audit", "sample", f"{folder}/out").exit_code == 0
    judge(folder / "out")
    return folder / "out"


def judge(output: Path) -> None:
    """Ana calls pages with short lines NL, the others CC; Ben agrees on the first ten."""
    database = Database(output / "judging" / "judgements.sqlite")
    for number, one in enumerate(database.queue("eng_Latn", "ana")):
        page = database.document(one["document"])
        code = "NL" if page["id"].startswith("bad") else "CC"
        for rater in ("ana", "ben") if number < 10 else ("ana",):
            database.add(Judgement(f"{rater}-{one['document']}", rater, one["document"], code))
    database.close()


def test_judgements_become_thresholds_and_outlive_what_follows(output, tmp_path):
    fitted = polysieve("fit", str(output), "--from-judgements", "-o", f"{tmp_path}/parameters")
    assert fitted.exit_code == 0, fitted.stderr
    assert "new_line_ratio" in fitted.stdout
    values = load_file(tmp_path / "parameters" / "eng_Latn.yaml")
    assert 15 / 300 < values.new_line_ratio < 59 / 300
    assert values.fitted.values["fineweb_new_line"].method == "judgements"
    summary = json.loads((tmp_path / "parameters" / "fit.json").read_text())["judged"]["eng_Latn"]
    assert summary["changed"] == ["new_line_ratio"]
    accuracy = summary["balanced_accuracy"]
    assert accuracy["before"] < accuracy["held_out"]

    before = polysieve("audit", "scores", str(output), "--json").stdout
    decided = polysieve("decide", str(output), "--set", f"parameters={tmp_path}/parameters", "-q")
    assert decided.exit_code == 0, decided.stderr
    assert polysieve("gc", str(output)).exit_code == 0
    gone = {id for id, (_, why) in decisions(output).items() if why == "fineweb_new_line"}
    assert gone == {f"bad-{i}" for i in range(60)}
    assert polysieve("audit", "scores", str(output), "--json").stdout == before

    assert polysieve("audit", "sample", str(output)).exit_code == 0  # of the output as it is now
    scores = json.loads(polysieve("audit", "scores", str(output), "--json").stdout)
    by_reason = {row["reason"]: row for row in scores["filters"]}
    assert by_reason["fineweb_new_line"]["precision"]["share"] == 1
    assert by_reason["fineweb_new_line"]["recall"]["share"] == 1
    assert by_reason["gopher_short_doc"]["precision"]["share"] == 0
    kept = next(s for s in scores["languages"] if s["stage"] == "kept")
    assert kept["shares"]["C"]["share"] == 1


def test_a_document_stands_for_its_part_of_its_stratum():
    row = {"label": "a_Latn", "stage": "kept", "file_path": None, "offset": 0, "rater": "ana"}
    rows = [
        {**row, "reason": "kept", "population": 100, "document": "d1", "id": "1", "code": "CC"},
        {
            **row,
            "reason": "kept",
            "population": 100,
            "document": "d1",
            "id": "1",
            "code": "WL",
            "rater": "ben",
        },
        {**row, "reason": "kept", "population": 100, "document": "d0", "id": "0", "code": "NL"},
        {**row, "reason": "short", "population": 7, "document": "d2", "id": "2", "code": "CB"},
        {
            **row,
            "stage": None,
            "reason": None,
            "population": None,
            "document": "d3",
            "id": "3",
            "code": "CB",
        },
    ]
    found = judged.documents(rows, ("CC", "CS"))["a_Latn"]
    assert [(d.key[0], d.stands_for, d.bad) for d in found] == [
        ("0", 50, 1),
        ("1", 50, 0.5),
        ("2", 7, 1),
    ]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["rules={fineweb_new_line: null}", "language.cut=0"], ["new_line_ratio"]),
        (["rules={fineweb_new_line: 0.2}", "language.cut=parameters"], ["language_score"]),
        (["rules={fineweb_new_line: {swh_Latn: 0.2}}", "language.cut=0"], []),
        (
            ["rules={gopher_dup_5_gram: null}", "language.cut=0"],
            [],
        ),  # a list is moved whole or not at all
    ],
)
def test_what_the_recipe_sets_itself_is_not_proposed(settings, expected):
    assert judged.keys_of(load("minimal", settings), "swh_Latn") == expected


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--set", "share=0.1"], "name one finished run"),
        (["--good", "GOOD"], "'GOOD' is no code"),
        (["--judgements", "none.sqlite"], "no judgements here yet"),
    ],
)
def test_a_fit_that_cannot_be_is_told(output, tmp_path, more, message):
    finished = polysieve("fit", str(output), "--from-judgements", "-o", str(tmp_path / "p"), *more)
    assert finished.exit_code == 2
    assert message in finished.stderr
