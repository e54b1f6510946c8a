"""Runs over small inputs: what an output folder may be, what is taken over, what a stop leaves behind."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from polysieve.pipeline.run import dag, plan, publishing
from polysieve.pipeline.run import run as run_module
from polysieve.pipeline.steps.report import step as report
from polysieve.pipeline.steps.write import accounting
from polysieve.pipeline.storage.store import Store
from tests.pipeline.runs import digest, polysieve, record


def run(pages: Path, output: Path, *more: str) -> tuple[int, str]:
    return polysieve(
        "run",
        "minimal",
        "--input",
        str(pages),
        "--output",
        str(output),
        "--engine",
        "inline",
        *more,
    )


@pytest.mark.parametrize("content", ["", '{"text": ""}\n{"text": null}\n', '{"no": 1}\n'])
def test_an_input_without_a_document_ends_well(tmp_path, content) -> None:
    (tmp_path / "nothing.jsonl").write_text(content)
    code, output = run(
        tmp_path / "nothing.jsonl", tmp_path / "out", "--set", "quarantine.max_share=1"
    )
    assert code == 0, output
    assert record(tmp_path / "out")["accounting"]["total"]["kept"] == 0
    assert (tmp_path / "out" / "report" / "index.html").exists()


def test_a_run_that_could_read_no_file_says_so(tmp_path, pages) -> None:
    (tmp_path / "broken.jsonl").write_text("not JSON {\n")
    code, output = run(tmp_path / "broken.jsonl", tmp_path / "out")
    assert code == 3
    assert "no file could be read" in output
    assert "1 of 1 files could not be read" in output
    assert (tmp_path / "out" / "report" / "index.html").exists()
    both = ["--input", str(tmp_path / "broken.jsonl")]
    code, output = run(pages, tmp_path / "mixed", "--set", "quarantine.max_share=1", *both)
    assert code == 0, output
    assert "1 of 2 files could not be read" in output


def test_folders_that_no_run_made_are_never_replaced(tmp_path, pages) -> None:
    mine = tmp_path / "mine"
    (mine / "corpus").mkdir(parents=True)
    (mine / "corpus" / "thesis.txt").write_text("years of work")
    code, output = run(pages, mine)
    assert code == 2
    assert "no run made it" in output
    assert (mine / "corpus" / "thesis.txt").exists()
    (mine / "corpus" / "thesis.txt").rename(mine / "in.jsonl")
    (mine / "corpus").rmdir()
    code, output = run(mine / "in.jsonl", mine)
    assert code == 2
    assert "lies in the output" in output


def test_other_folders_in_the_output_stay(tmp_path, pages) -> None:
    (tmp_path / "out" / "write-ups").mkdir(parents=True)
    assert run(pages, tmp_path / "out")[0] == 0
    assert (tmp_path / "out" / "write-ups").exists()


def test_an_output_always_equals_a_fresh_one_whatever_was_there_before(tmp_path, pages) -> None:
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    strict = ("--set", "rules.gopher_short_doc=150")
    assert run(pages, out, *strict)[0] == 0
    assert record(out)["accounting"]["total"]["removed"]
    assert run(pages, out)[0] == 0
    assert run(pages, fresh)[0] == 0
    assert digest(out) == digest(fresh)
    assert run(pages, out, "--set", "output.removed=none")[0] == 0
    assert list((out / "removed").rglob("*.parquet")) == []
    assert run(pages, out, "--set", "name=other")[0] == 0
    assert record(out)["recipe_name"] == "other"


@pytest.mark.parametrize("published", range(5))
def test_a_swap_cut_short_is_finished_before_anything_else(
    tmp_path, pages, monkeypatch, published
) -> None:
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    strict = ("--set", "rules.gopher_short_doc=150")
    assert run(pages, out)[0] == 0
    assert run(pages, fresh)[0] == 0

    class Killed(BaseException):
        pass

    publish, calls = Store.publish, []

    def dies(self: Store, staged: str, final: str) -> None:
        if len(calls) == published:
            raise Killed
        calls.append(final)
        publish(self, staged, final)

    monkeypatch.setattr(Store, "publish", dies)
    with pytest.raises(Killed):
        run(pages, out, *strict)
    monkeypatch.setattr(Store, "publish", publish)
    assert run(pages, out)[0] == 0
    assert digest(out) == digest(fresh)


def test_what_was_deleted_from_the_corpus_is_written_again(tmp_path, pages) -> None:
    out = tmp_path / "out"
    assert run(pages, out)[0] == 0
    before = digest(out)
    for path in (out / "corpus" / "eng_Latn").iterdir():
        path.unlink()
    code, output = polysieve("decide", str(out), "--set", "seed=1")
    assert code == 0, output
    assert digest(out) == before


def test_labels_for_which_nothing_changed_are_not_written_again(tmp_path, pages) -> None:
    out = tmp_path / "out"
    assert run(pages, out, "--set", "rules.gopher_short_doc=null")[0] == 0
    thai = next((out / "corpus" / "tha_Thai").glob("*.parquet"))
    node = thai.stat().st_ino
    code, output = polysieve("decide", str(out), "--set", "rules.gopher_short_doc={eng_Latn: 150}")
    assert code == 0, output
    assert thai.stat().st_ino == node
    reasons = pl.read_parquet(out / "removed" / "eng_Latn" / "*.parquet")["filter_reason"]
    assert "gopher_short_doc" in reasons


def test_many_small_shards_and_segments_hold_the_same_documents(tmp_path, pages) -> None:
    strict = ("--set", "rules.gopher_short_doc=150")
    assert run(pages, tmp_path / "a", *strict)[0] == 0
    tiny = (*strict, "--set", "output.shard_bytes=2KiB", "--set", "output.segment_bytes=5KiB")
    assert run(pages, tmp_path / "b", *tiny)[0] == 0
    assert len(list((tmp_path / "b" / "corpus" / "tha_Thai").glob("*.parquet"))) > 1
    for kind in ("corpus", "removed"):
        a, b = (pl.read_parquet(tmp_path / x / kind / "**" / "*.parquet").sort("id") for x in "ab")
        assert a.equals(b)
    assert record(tmp_path / "a")["accounting"] == record(tmp_path / "b")["accounting"]


def test_an_added_input_is_measured_alone(tmp_path, pages) -> None:
    out = tmp_path / "out"
    assert run(pages, out)[0] == 0
    done = {p.name: p.stat().st_mtime_ns for p in out.glob("measure-*/done/*.json")}
    (pages.parent / "more.jsonl").write_text(
        '{"text": "A short line about a boat on the river."}\n'
    )
    assert (
        polysieve(
            "run",
            "minimal",
            "--input",
            f"{pages.parent}/*.jsonl",
            "--output",
            str(out),
            "--engine",
            "inline",
        )[0]
        == 0
    )
    now = {p.name: p.stat().st_mtime_ns for p in out.glob("measure-*/done/*.json")}
    assert len(now) == 2
    assert done.items() <= now.items()


def test_a_broken_accounting_publishes_nothing(tmp_path, pages, monkeypatch) -> None:
    monkeypatch.setattr(accounting, "violations", lambda _: ["total: a document is missing"])
    code, _ = run(pages, tmp_path / "out")
    assert code == 1
    assert not (tmp_path / "out" / "corpus").exists()


@pytest.mark.parametrize("command", [["explain", "--id", "0-0"], ["decide"], ["audit"], ["gc"]])
def test_an_output_of_a_version_with_other_steps_is_named_with_the_cure(
    tmp_path, pages, command
) -> None:
    out = tmp_path / "out"
    assert run(pages, out)[0] == 0
    written = record(out)
    del written["steps"]["index"]
    (out / "run.json").write_text(json.dumps(written))
    name, *options = command
    code, said = polysieve(name, str(out), *options)
    assert code == 2
    assert "made by a version of polysieve with other steps" in said


@pytest.mark.parametrize("command", ["audit", "gc"])
def test_commands_on_an_output_finish_a_swap_that_was_cut_short(
    tmp_path, pages, monkeypatch, command
) -> None:
    out = tmp_path / "out"
    remove = Store.remove

    class Killed(BaseException):
        pass

    def dies(store: Store, name: str) -> None:
        if name == "swap.json":
            raise Killed
        remove(store, name)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "remove", dies)
        with pytest.raises(Killed):
            run(pages, out)
    assert polysieve(command, str(out))[0] == 0
    assert not (out / "swap.json").exists()
    code, said = run(pages, out)
    assert (code, "nothing to do" in " ".join(said.split())) == (0, True)
    assert run(pages, tmp_path / "fresh")[0] == 0
    assert digest(out) == digest(tmp_path / "fresh")


def test_a_folder_that_was_swapped_in_and_not_removed_is_not_taken_for_done(
    tmp_path, pages, monkeypatch
) -> None:
    out = tmp_path / "out"
    remove = Store.remove

    class Killed(BaseException):
        pass

    def dies(store: Store, name: str) -> None:
        if name.startswith("write-"):
            raise Killed
        remove(store, name)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "remove", dies)
        with pytest.raises(Killed):
            run(pages, out)
    # Another version, whose report alone is another step.
    steps = [
        replace(one, hashes=lambda recipe: {"v": 2}) if one is report.STEP else one
        for one in dag.STEPS
    ]
    for module in (plan, publishing, run_module):
        monkeypatch.setattr(module, "STEPS", tuple(steps))
    assert run(pages, out)[0] == 0
    assert (out / "report" / "index.html").exists()
