"""`polysieve audit DIR` means the report; every other command of the group keeps its name."""

import json

import pytest
from typer.testing import CliRunner

from pipeline.cli import app


@pytest.fixture
def output(tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("<!doctype html>")
    (tmp_path / "run.json").write_text(json.dumps({}))
    return tmp_path


@pytest.mark.parametrize("words", [["audit"], ["audit", "report"]])
def test_a_folder_stands_for_its_report(output, words):
    result = CliRunner().invoke(app, [*words, str(output)])
    assert result.exit_code == 0
    assert result.stdout.strip() == f"{output}/report/index.html"


def test_a_folder_without_a_run_is_a_usage_error(tmp_path):
    result = CliRunner().invoke(app, ["audit", str(tmp_path)])
    assert result.exit_code == 2
    assert "no finished run here" in result.stderr
