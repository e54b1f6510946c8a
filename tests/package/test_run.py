"""`polysieve.run`: a corpus from Python, on tables of a few rows."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import polysieve
from polysieve import closure
from polysieve.pipeline.recipe.loading import load
from polysieve.pipeline.recipe.section import RecipeError


@pytest.fixture
def texts(tmp_path: Path) -> str:
    """An input of three documents, two of them equal."""
    file = tmp_path / "in.jsonl"
    rows = ["The mill stands by the river.", "The boats go down to the sea."]
    file.write_text("\n".join(json.dumps({"text": text}) for text in [*rows, rows[0]]))
    return str(file)


def test_a_corpus_is_made_and_not_made_again(texts: str, tmp_path: Path) -> None:
    output = tmp_path / "out"
    first = polysieve.run("minimal", texts, str(output), settings=["seed=1"])
    assert (first.exit_code, first.message) == (0, "done")
    total = first.record["accounting"]["total"]
    assert (total["documents_in"], total["kept"], total["duplicates"]) == (3, 2, 1)
    assert json.loads((output / "progress.json").read_text())["state"] == "done"
    again = polysieve.run(load("minimal", ["seed=1"]), [texts], str(output))
    assert again.message == "nothing to do: the output is up to date"


def test_what_cannot_be_run_raises(texts: str, tmp_path: Path) -> None:
    output = tmp_path / "out"
    with pytest.raises(RecipeError, match="no such recipe"):
        polysieve.run("maximal", texts, str(output))
    with pytest.raises(RecipeError, match=r"output\.tokenizer"):
        polysieve.run("minimal", texts, str(output), settings=["output.tokenizer=missing.json"])
    assert not output.exists()
    (output / "corpus").mkdir(parents=True)
    with pytest.raises(FileExistsError, match="no run made it"):
        polysieve.run("minimal", texts, str(output))
    with pytest.raises(ValueError, match="unknown engine 'spark'"):
        polysieve.run("minimal", texts, str(tmp_path / "other"), engine="spark")
    assert json.loads((tmp_path / "other" / "progress.json").read_text())["state"] == "failed"
    with pytest.raises(AttributeError, match="no attribute 'ran'"):
        _ = polysieve.ran


def test_importing_the_package_loads_none_of_its_modules() -> None:
    code = "import sys, polysieve; print([m for m in sys.modules if m.startswith('polysieve.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_pipeline_is_no_part_of_the_closure_of_what_it_uses() -> None:
    reached = closure.modules("polysieve.filters.signals")
    assert not [name for name in reached if name.startswith("polysieve.pipeline")]
