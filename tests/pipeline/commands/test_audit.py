"""`polysieve audit`: the report of a finished run made anew, and two runs compared."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from polysieve.pipeline.cli import app
from polysieve.pipeline.steps.report import pages as audit
from tests.pipeline.prose import PROSE


def polysieve(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run over prose in six scripts and, in English, ninety documents of 11 to 100 words."""
    folder = tmp_path_factory.mktemp("audit")
    texts = [
        article.split("\n\n", 1)[1]
        for articles in PROSE
        for article in articles
        if "\n\n" in article.strip()
    ]
    sentence = (
        "The council of the town has agreed on a plan for the old harbour and its many ships."
    )
    words = sentence.split()
    texts += [
        " ".join(f"{words[(i + j) % len(words)]}{i if j % 5 == 0 else ''}" for j in range(11 + i))
        for i in range(90)
    ]
    lines = [
        json.dumps({"text": text, "id": f"d{i}"}, ensure_ascii=False)
        for i, text in enumerate(texts)
    ]
    (folder / "in.jsonl").write_text("\n".join(lines), "utf-8")
    result = polysieve(
        "run", "fineweb2", "--input", folder / "in.jsonl", "--output", folder / "out", "--engine", "inline", "-q",
        "--set", "rules.fineweb_line_punct-", "--set", "rules.gopher_dup_5_gram-",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return folder / "out"


@pytest.fixture
def output(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "out")


def report(output):
    return {p.name: p.read_bytes() for p in sorted((output / "report").rglob("*")) if p.is_file()}


@pytest.mark.parametrize("words", [["audit"], ["audit", "report"]])
def test_a_report_made_anew_is_the_one_that_the_run_wrote(output, words):
    before = report(output)
    shutil.rmtree(output / "report")
    result = polysieve(*words, output)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip().endswith(f"{output}/report/index.html")
    assert report(output) == before
    assert not list(output.glob("audit-*"))


@pytest.mark.parametrize("pages", [1, 2])
def test_a_report_does_not_depend_on_how_many_pages_a_task_writes(output, pages, monkeypatch):
    before = report(output)
    monkeypatch.setattr(audit, "PAGES", pages)
    assert polysieve("audit", output).exit_code == 0
    assert report(output) == before


def test_a_folder_without_a_run_is_a_usage_error(tmp_path):
    result = polysieve("audit", tmp_path)
    assert result.exit_code == 2
    assert "no finished run here" in result.stderr


def test_a_run_whose_columns_are_gone_says_how_to_make_them_again(output):
    [folder] = output.glob("decisions-*")
    shutil.rmtree(folder)
    before = report(output)
    result = polysieve("audit", output)
    assert result.exit_code == 2
    assert "`polysieve run` with the same recipe makes them again" in result.stderr
    assert report(output) == before


@pytest.mark.parametrize(("side", "sign"), [("looser", "back"), ("tighter", "more")])
def test_what_another_threshold_would_change_is_what_deciding_with_it_changes(output, side, sign):
    page = json.loads((output / "report" / "eng_Latn.json").read_text())
    rule = page["figures"]["columns"]["rules"]["gopher_short_doc"]
    assert rule[sign] > 0
    kept = page["figures"]["kept"]
    result = polysieve("decide", output, "-q", "--set", f"rules.gopher_short_doc={rule[side]}")
    assert result.exit_code == 0, result.output
    after = json.loads((output / "report" / "eng_Latn.json").read_text())["figures"]["kept"]
    assert after - kept == (rule["back"] if side == "looser" else -rule["more"])


def test_only_pages_whose_figures_change_are_rendered_again(output):
    before = {p.name: p.stat().st_ino for p in (output / "report").glob("*.html")}
    change = "rules.gopher_short_doc={eng_Latn: 60}"
    assert polysieve("decide", output, "-q", "--set", change).exit_code == 0
    after = {p.name: p.stat().st_ino for p in (output / "report").glob("*.html")}
    assert {name for name in before if after[name] != before[name]} == {
        "eng_Latn.html",
        "index.html",
    }


def test_two_runs_are_compared_by_their_reports(finished, output):
    assert (
        "no figure of the two reports differs"
        in polysieve("audit", "diff", finished, output).stdout
    )
    assert polysieve("decide", output, "-q", "--set", "rules.gopher_short_doc=80").exit_code == 0
    shown = polysieve("audit", "diff", finished, output).stdout
    assert "rule gopher_short_doc: each language's own → 80" in shown
    found = json.loads(polysieve("audit", "diff", finished, output, "--json").stdout)
    kept = found["languages"]["eng_Latn"]["kept"]
    assert kept["change"] == kept["after"] - kept["before"] < 0
    assert (
        found["total"]["removed: gopher_short_doc"]["change"] == -found["total"]["kept"]["change"]
    )


def test_a_comparison_needs_two_reports(output, tmp_path):
    result = polysieve("audit", "diff", output, tmp_path)
    assert result.exit_code == 2
    assert "no report here" in result.stderr
