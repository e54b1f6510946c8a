"""`polysieve audit sample`, `export` and `scores` on a made output, and what they say of mistakes."""

import json

import pytest
from typer.testing import CliRunner

from polysieve.audit.judging.database import Database, Judgement
from polysieve.pipeline.cli import app
from tests.audit.judging.made_output import finish, small


def audit(*words):
    return CliRunner().invoke(app, ["audit", *map(str, words)])


@pytest.fixture
def judged(tmp_path):
    """A Thai sample of which four documents are judged, one of them by two people."""
    output = small(tmp_path)
    assert audit("sample", output, "-l", "tha_Thai").exit_code == 0
    database = Database(output / "judging" / "judgements.sqlite")
    queue = database.queue("tha_Thai", "ana")
    kept = [one["document"] for one in queue if one["stage"] == "kept"]
    removed = [one["document"] for one in queue if one["reason"] == "gopher_short_doc"]
    for rater, document, code in [
        ("ana", kept[0], "CC"), ("ana", kept[1], "WL"), ("ben", kept[1], "WL"), ("ana", removed[0], "NL"),
        ("ana", removed[1], "CC"),
    ]:  # fmt: skip
        database.add(Judgement(f"{rater}{document}", rater, document, code))
    database.close()
    return output


def test_sample_prints_the_strata(tmp_path):
    result = audit("sample", small(tmp_path), "--size", 5, "-l", "tha_Thai")
    lines = [line.replace("│", " ").split() for line in result.stdout.splitlines()]
    assert ["tha_Thai", "kept", "kept", "12", "5"] in lines
    assert ["tha_Thai", "removed", "gopher_short_doc", "7", "2"] in lines


def test_scores_are_the_same_from_the_output_and_from_an_export(judged, tmp_path):
    direct = json.loads(audit("scores", judged, "--json").stdout)
    kept, removed = direct["languages"]
    assert (kept["shares"]["C"]["share"], kept["shares"]["C"]["judged"]) == (0.5, 2)
    assert (removed["stage"], removed["documents"]) == ("removed", 10)
    (pair,) = direct["agreement"]
    assert (pair["raters"], pair["documents"], pair["kappa"]) == (["ana", "ben"], 1, None)
    short = {row["reason"]: row for row in direct["filters"]}["gopher_short_doc"]
    assert short["precision"]["share"] == 0.5
    for name in ("out.csv", "out.parquet"):
        assert audit("export", judged, "-o", tmp_path / name).exit_code == 0
        other = json.loads(audit("scores", tmp_path / name, "--json").stdout)
        assert other["averages"]["kept"] == direct["averages"]["kept"]
        assert other["agreement"] == direct["agreement"]


def test_scores_are_printed(judged):
    result = audit("scores", judged, "--good", "CC,CS")
    assert result.exit_code == 0, result.stderr
    assert "macro of 1" in result.stdout
    assert "50.0 (9–91)" in result.stdout  # 1 of 2


def test_judgements_survive_another_output(judged):
    finish(judged, {"tha_Thai": {"kept": 12}}, run="2")
    assert audit("sample", judged).exit_code == 0
    assert (
        json.loads(audit("scores", judged, "--json").stdout)["languages"][0]["shares"]["C"][
            "judged"
        ]
        == 2
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["scores", "{output}"], "no judgements here yet"),
        (["export", "{output}", "-o", "x.csv"], "no judgements here yet"),
        (["sample", "{output}", "-l", "xyz_Latn"], "not in this run"),
        (["serve", "{empty}"], "no finished run here"),
        (["serve", "{output}", "--host", "256.1.1.1"], "give another --host or --port"),
        (["scores", "{output}", "--good", "CC,GOOD"], "'GOOD' is no code"),
        (["scores", "{empty}/none.csv"], "cannot be read"),
    ],
)
def test_mistakes_are_told_in_one_line(tmp_path, words, message):
    output, empty = tmp_path / "output", tmp_path / "empty"
    empty.mkdir()
    output.mkdir()
    small(output)
    result = audit(*[word.format(output=output, empty=empty) for word in words])
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
