"""Rules that read text, and formatters: datatrove's, and a user's own, named in a recipe."""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from polysieve.pipeline.steps import windows
from polysieve.pipeline.steps.text_rules import verdicts
from polysieve.pipeline.steps.text_rules import verdicts as rule_verdicts
from tests.pipeline.runs import digest, polysieve, record

OWN = '''
import os, signal
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.formatters.base import BaseFormatter


class Shout(BaseFormatter):
    def __init__(self, fails_on="no_such_text"):
        super().__init__()
        self.fails_on = fails_on

    def format(self, text):
        if self.fails_on in text:
            raise ValueError("cannot be said louder")
        return text.upper() + " PUBLISHED"


class Letters(BaseFilter):
    """Drops texts that have a letter, and says how often it was asked."""

    name = "letters"

    def __init__(self, letter="z", error="no_such_text"):
        super().__init__()
        self.letter, self.error = letter, error

    def filter(self, doc):
        if asked := os.environ.get("ASKED"):
            with open(asked, "a") as file:
                file.write(doc.id + "\\n")
        if self.error in doc.text:
            raise ValueError("substring not found")
        if "unreachable" in doc.text:
            raise ConnectionError("no route to host")
        if "POISON" in doc.text:
            os.kill(os.getpid(), signal.SIGSEGV)
        return self.letter not in doc.text or (False, f"has_{self.letter}")
'''
LETTERS = "{datatrove: own_blocks.Letters, arguments: {letter: k}}"
HALF = "{datatrove: datatrove.pipeline.filters.SamplerFilter, arguments: {rate: 0.5, seed: 1}}"


@pytest.fixture(autouse=True)
def own_module(tmp_path: Path, monkeypatch):
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "own_blocks.py").write_text(OWN)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{os.environ.get('PYTHONPATH', '')}")
    yield
    sys.modules.pop("own_blocks", None)
    rule_verdicts.datatrove._load.cache_clear()
    rule_verdicts.datatrove._takes_seed.cache_clear()


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(f"rules:\n  gopher_short_doc: 60\n  letters: {LETTERS}\n  half: {HALF}\n")
    return path


def run(recipe: Path, pages: Path, output: Path, *more: str) -> tuple[int, str]:
    where = ["--input", str(pages), "--output", str(output), "--quiet"]
    engine = () if "--workers" in more else ("--engine", "inline")
    return polysieve("run", str(recipe), *where, *engine, *more)


def reasons(output: Path) -> dict[str, int]:
    return record(output)["accounting"]["total"]["removed"]


def test_the_reason_is_the_rule_s_name_with_the_filter_s_own(tmp_path, pages, recipe) -> None:
    out = tmp_path / "out"
    code, output = run(recipe, pages, out)
    assert code == 0, output
    assert set(reasons(out)) == {"gopher_short_doc", "letters:has_k", "half"}
    removed = pl.read_parquet(out / "removed" / "**" / "*.parquet")
    for text, reason in removed.select("text", "filter_reason").iter_rows():
        assert reason != "letters:has_k" or "k" in text
        assert reason != "half" or "k" not in text
    kept = pl.read_parquet(out / "corpus" / "**" / "*.parquet")
    assert not any("k" in text for text in kept["text"])
    assert (out / "report" / "index.html").exists()
    page = next(
        p.read_text()
        for p in (out / "report").rglob("*.html")
        if "letters:has_k" in p.read_text("utf-8")
    )
    assert "letters:has_k" in page


def test_only_what_all_other_rules_keep_is_read(tmp_path, pages, recipe, monkeypatch) -> None:
    asked = tmp_path / "asked"
    monkeypatch.setenv("ASKED", str(asked))
    out = tmp_path / "out"
    assert run(recipe, pages, out)[0] == 0
    ids = asked.read_text().split()
    ids.remove("probe")  # before the run starts
    counts = record(out)["accounting"]["total"]
    fate = counts["removed"]
    assert len(ids) == len(set(ids)) == counts["kept"] + fate["letters:has_k"] + fate["half"]


def test_any_engine_and_any_cut_decide_the_same(tmp_path, pages, recipe, monkeypatch) -> None:
    assert run(recipe, pages, tmp_path / "a")[0] == 0
    assert run(recipe, pages, tmp_path / "b", "--workers", "2")[0] == 0
    monkeypatch.setattr(windows, "WINDOW_DOCUMENTS", 3)
    assert run(recipe, pages, tmp_path / "c")[0] == 0
    assert len(list((tmp_path / "c").glob("text_rules-*/*.parquet"))) > 2
    assert digest(tmp_path / "a") == digest(tmp_path / "b") == digest(tmp_path / "c")
    tiny = ("--set", "output.segment_bytes=5KiB")
    assert run(recipe, pages, tmp_path / "d", *tiny)[0] == 0
    assert record(tmp_path / "a")["accounting"] == record(tmp_path / "d")["accounting"]


def test_deciding_again_adds_changes_and_takes_out_a_filter(tmp_path, pages, recipe) -> None:
    plain = tmp_path / "plain.yaml"
    plain.write_text("rules:\n  gopher_short_doc: 60\n")
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    assert run(plain, pages, out)[0] == 0
    assert list(out.glob("text_rules-*")) == []
    added = ("--set", f"rules.letters={LETTERS}", "--set", f"rules.half={HALF}")
    assert polysieve("decide", str(out), *added)[0] == 0
    assert run(recipe, pages, fresh)[0] == 0
    assert digest(out) == digest(fresh)
    assert polysieve("decide", str(out), "--set", "rules.letters.arguments.letter=e")[0] == 0
    assert "letters:has_e" in reasons(out)
    assert polysieve("decide", str(out), "--set", "rules.gopher_short_doc=1")[0] == 0
    assert "gopher_short_doc" not in reasons(out)
    assert polysieve("decide", str(out), "--set", "rules.letters-", "--set", "rules.half-")[0] == 0
    assert reasons(out) == {}
    assert list(out.glob("text_rules-*")) == []


def test_a_changed_source_is_another_step(tmp_path, pages, recipe) -> None:
    out = tmp_path / "out"
    assert run(recipe, pages, out)[0] == 0
    before = record(out)["steps"]
    with open(tmp_path / "modules" / "own_blocks.py", "a") as file:
        file.write("\n# another version\n")
    assert run(recipe, pages, out)[0] == 0
    after = record(out)["steps"]
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"text_rules", "decisions", "write", "report"}


def test_explain_status_and_plan_show_the_filter(tmp_path, pages, recipe) -> None:
    out = tmp_path / "out"
    assert run(recipe, pages, out)[0] == 0
    removed = pl.read_parquet(out / "removed" / "**" / "*.parquet")
    by_reason = dict(removed.select("filter_reason", "id").iter_rows())
    lives = {
        reason: json.loads(polysieve("explain", str(out), "--id", id, "--json")[1])[0]["text_rules"]
        for reason, id in by_reason.items()
    }
    verdicts = {r: [(j["passed"], j["reason"]) for j in lives[r]] for r in lives}
    assert verdicts == {
        "gopher_short_doc": [(None, None), (None, None)],
        "letters:has_k": [(False, "has_k"), (None, None)],
        "half": [(True, None), (False, None)],
    }
    shown = polysieve("explain", str(out), "--id", by_reason["letters:has_k"])[1]
    assert "letters (own_blocks.Letters) FAILS: has_k" in shown
    assert "letters:has_k" in polysieve("status", str(out))[1]
    plan = polysieve("plan", str(recipe), "--input", str(pages), "--output", str(out))[1]
    assert "slow path: letters, half" in plan
    assert "text_rules" in plan
    assert "to run" not in plan


def test_a_document_on_which_the_filter_raises_is_removed_for_that(tmp_path, pages, recipe) -> None:
    lines = pages.read_text("utf-8").splitlines()
    first = json.loads(lines[0])["text"][:25]
    raises = ("--set", f"rules.letters.arguments.error={json.dumps(first)}")
    code, output = run(recipe, pages, tmp_path / "out", *raises)
    assert code == 0, output
    assert reasons(tmp_path / "out")["letters:error_ValueError"] == 1


def test_a_failure_of_the_machine_leaves_the_run_unfinished(tmp_path, pages, recipe) -> None:
    with pages.open("a", encoding="utf-8") as file:
        prose = "The unreachable island lies where the river meets the sea, they say. " * 10
        file.write(json.dumps({"id": "island", "text": prose}) + "\n")
    code, _ = run(recipe, pages, tmp_path / "out")
    assert code == 1
    failures = json.loads((tmp_path / "out" / "progress.json").read_text())["failures"]
    assert "document island: ConnectionError: no route to host" in failures[0]["error"]
    assert not (tmp_path / "out" / "corpus").exists()


def test_killed_between_two_windows_it_goes_on(tmp_path, pages, recipe, monkeypatch) -> None:
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    assert run(recipe, pages, fresh)[0] == 0
    monkeypatch.setattr(windows, "WINDOW_DOCUMENTS", 10)
    judge, judged = rule_verdicts.run, []

    class Killed(BaseException):
        pass

    def dies(task):
        if len(judged) == 1:
            raise Killed
        judged.append(task.name)
        return judge(task)

    monkeypatch.setattr(verdicts, "run", dies)
    with pytest.raises(Killed):
        run(recipe, pages, out)
    monkeypatch.setattr(verdicts, "run", judge)
    done = {p: p.stat().st_mtime_ns for p in out.glob("text_rules-*/*.parquet")}
    assert len(done) == 1
    assert run(recipe, pages, out)[0] == 0
    assert {p: p.stat().st_mtime_ns for p in done} == done
    assert digest(out) == digest(fresh)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("rules.x={datatrove: nowhere.Filter}", "rules.x: nowhere.Filter: there is no module"),
        ("rules.x={datatrove: datatrove.data.Document}", "is no filter"),
        ("rules.letters.arguments={leter: k}", "its arguments are: letter, error"),
        ("rules.half.arguments={rate: 0.5}", "give it a seed"),
        ("rules.gopher_long_doc=10", "gopher_long_doc stands after half"),
        ("rules.gopher_long_doc={datatrove: own_blocks.Letters}", "no other rule or reason"),
        ("rules.half.argument=3", "did you mean arguments?"),
        ("rules.half={datatrove: 3}", "rules.half.datatrove"),
    ],
)
def test_what_is_wrong_is_told_before_anything_starts(
    tmp_path,
    pages,
    recipe,
    setting,
    message,
) -> None:
    code, output = run(recipe, pages, tmp_path / "out", "--set", setting)
    assert code == 2, output
    assert message in output
    assert not (tmp_path / "out").exists()


def test_deciding_checks_the_filter_too(tmp_path, pages, recipe) -> None:
    assert run(recipe, pages, tmp_path / "out")[0] == 0
    wrong = ("--set", "rules.x={datatrove: nowhere.Filter}")
    code, output = polysieve("decide", str(tmp_path / "out"), *wrong)
    assert code == 2
    assert "there is no module nowhere" in output


def test_a_filter_counts_among_the_removal_rates(tmp_path, pages, recipe) -> None:
    rates = ("--set", "rebalance={}", "--set", "rules.letters.arguments.letter=x")
    assert run(recipe, pages, tmp_path / "out", *rates)[0] == 0
    folder = tmp_path / "out" / f"decisions-{record(tmp_path / 'out')['steps']['decisions']}"
    english = json.loads((folder / "done" / "unit-00000.json").read_text())["labels"]["eng_Latn"]
    removed = record(tmp_path / "out")["accounting"]["languages"]["eng_Latn"]["removed"]
    assert removed["letters:has_x"] > 0
    share = 100 * sum(removed.values()) / english["clusters"]
    assert 0 < share < 100
    assert english["rebalancing"]["global_removal_rate"] == pytest.approx(share)


SHOUT = "{datatrove: own_blocks.Shout}"


def test_formatters_change_what_is_written_and_nothing_else(tmp_path, pages, recipe) -> None:
    out = tmp_path / "out"
    assert run(recipe, pages, out)[0] == 0
    before = record(out)
    pii = "{datatrove: datatrove.pipeline.formatters.PIIFormatter}"
    code, output = polysieve("decide", str(out), "--set", f"clean.formatters=[{SHOUT}, {pii}]")
    assert code == 0, output
    for kind in ("corpus", "removed"):
        texts = pl.read_parquet(out / kind / "**" / "*.parquet")["text"]
        assert all(text == text.upper() and text.endswith(" PUBLISHED") for text in texts)
    after = record(out)
    assert after["accounting"] == before["accounting"]
    assert {n for n in after["steps"] if after["steps"][n] != before["steps"][n]} == {
        "write",
        "report",
    }
    fresh = tmp_path / "fresh"
    setting = ("--set", f"clean.formatters=[{SHOUT}, {pii}]")
    assert run(recipe, pages, fresh, *setting)[0] == 0
    assert digest(out) == digest(fresh)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("clean.formatters=[{datatrove: own_blocks.Letters}]", "is no formatter"),
        ("clean.formatters=[{datatrove: nowhere.F}]", "clean.formatters.0: nowhere.F: there is no"),
        ("clean.formatters=[{datatove: own_blocks.Shout}]", "did you mean datatrove?"),
        (
            f"clean={{formatters: [{SHOUT}], pii: {{email: annotate}}}}",
            "annotate cannot stand beside formatters",
        ),
    ],
)
def test_a_wrong_formatter_is_told_before_anything_starts(
    tmp_path, pages, recipe, setting, message
) -> None:
    code, output = run(recipe, pages, tmp_path / "out", "--set", setting)
    assert code == 2, output
    assert message in output


def test_what_a_formatter_cannot_clean_is_not_written(tmp_path, pages, recipe) -> None:
    first = json.loads(pages.read_text("utf-8").splitlines()[0])["text"][:25]
    shout = f"{{datatrove: own_blocks.Shout, arguments: {{fails_on: {json.dumps(first)}}}}}"
    code, _ = run(recipe, pages, tmp_path / "out", "--set", f"clean.formatters=[{shout}]")
    assert code == 1
    failures = json.loads((tmp_path / "out" / "progress.json").read_text())["failures"]
    assert first in failures[0]["error"]
    assert not (tmp_path / "out" / "corpus").exists()


@pytest.mark.slow
def test_a_document_that_kills_the_worker_is_removed_for_that(tmp_path, pages, recipe) -> None:
    with pages.open("a", encoding="utf-8") as file:
        prose = "A POISON grows where the river meets the sea, they say, and no one goes. " * 10
        file.write(json.dumps({"id": "island", "text": prose}) + "\n")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "polysieve", "run", str(recipe), "--input", str(pages)]
    command += ["--output", str(out), "--workers", "2", "--quiet"]
    finished = subprocess.run(command, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert reasons(out)["letters:error_crash"] == 1
