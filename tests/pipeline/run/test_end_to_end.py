"""The whole DAG on the sample crawl, by the command that a user types."""

import json
import os
import shutil
import sys

import polars as pl
import pytest
import yaml

from benchmarks.audit.second_count import differences
from polysieve.pipeline.storage.lock import OutputLock
from polysieve.pipeline.storage.store import Store
from tests.pipeline.killing import kill_when
from tests.pipeline.runs import (
    CRAWL,
    SAMPLE,
    decisions,
    digest,
    polysieve,
    polysieve_process,
    polysieve_result,
    record,
    run_sample,
)


@pytest.fixture(scope="module")
def expected() -> dict:
    return json.loads((CRAWL / "expected.json").read_text())


def test_every_page_of_the_sample_crawl_meets_the_fate_that_was_written_down(
    sample_run, expected
) -> None:
    found = decisions(sample_run)
    wrong = []
    for page in expected["pages"]:
        outcome = page["outcome"]
        if outcome.startswith("skipped") or outcome == "quarantined":
            assert page["id"] not in found
            continue
        _, reason = found[page["id"]]
        allowed = expected["reasons"].get(page.get("reasons"), [])
        if outcome == "kept":
            allowed = ["kept"]
        elif outcome == "one_of_group":
            allowed = ["kept", "exact_duplicate", "near_duplicate"]
        if reason not in allowed:
            wrong.append((page["url"], outcome, reason))
    assert wrong == []


def test_of_each_pair_of_copies_exactly_one_is_kept(sample_run, expected) -> None:
    found = decisions(sample_run)
    groups: dict[str, list[str]] = {}
    for page in expected["pages"]:
        if page["outcome"] == "one_of_group":
            groups.setdefault(page.get("original") or page["id"], []).append(found[page["id"]][1])
    assert groups
    assert all(reasons.count("kept") == 1 for reasons in groups.values())


def test_the_counts_are_those_written_down_and_the_identity_holds(sample_run, expected) -> None:
    accounting = record(sample_run)["accounting"]
    for key, value in expected["total"].items():
        assert accounting["total"][key] == value, key
    for name, entry in [("total", accounting["total"]), *accounting["languages"].items()]:
        accounted = (
            entry["kept"]
            + sum(entry["removed"].values())
            + entry["duplicates"]
            + entry["quarantined"]
        )
        assert entry["documents_in"] == accounted, name
    kept = (
        pl.scan_parquet(sample_run / "corpus" / "**" / "*.parquet")
        .select(pl.len())
        .collect()
        .item()
    )
    removed = (
        pl.scan_parquet(sample_run / "removed" / "**" / "*.parquet")
        .select(pl.len())
        .collect()
        .item()
    )
    assert kept == accounting["total"]["kept"]
    assert (
        removed == sum(accounting["total"]["removed"].values()) + accounting["total"]["duplicates"]
    )


def test_nearly_every_page_is_told_in_its_language(sample_run, expected) -> None:
    found = decisions(sample_run)
    articles = [page for page in expected["pages"] if page["kind"] == "article"]
    right = sum(found[page["id"]][0] == page["label"] for page in articles)
    assert right / len(articles) >= 0.98
    assert len({page["label"] for page in articles}) >= 24


def test_the_cut_off_record_is_quarantined_with_file_offset_and_cause(sample_run) -> None:
    rows = pl.read_parquet(sample_run / "quarantine" / "*.parquet").filter("is_document").to_dicts()
    assert len(rows) == 1
    assert rows[0]["file_path"].endswith(".warc.gz")
    assert rows[0]["offset"] > 0
    assert rows[0]["cause"]


def test_personal_data_is_in_nothing_that_is_written(sample_run, expected) -> None:
    page = next(page for page in expected["pages"] if page["kind"] == "personal_data")
    rows = pl.read_parquet(sample_run / "corpus" / page["label"] / "*.parquet").filter(
        id=page["id"]
    )
    text = rows["text"][0]
    assert "write to email@example.com and say" in text
    assert "at the address 22.214.171.124 during" in text
    assert record(sample_run)["pii"][page["label"]] == {"email": 1, "ipv4": 1}
    stored = pl.read_parquet(sample_run / "measure-*" / "documents" / "*.parquet")
    assert "anna.holt@seeds.example" in stored.filter(id=page["id"])["text"][0]
    written = [*sample_run.glob("report/*.*"), sample_run / "run.json"]
    assert not any("anna.holt" in path.read_text() for path in written)


def test_every_figure_of_the_report_is_counted_again_from_the_files(sample_run) -> None:
    wrong, checked = differences(sample_run)
    assert wrong == []
    assert checked > 30_000


def test_the_card_names_a_configuration_for_every_language_of_the_corpus(sample_run) -> None:
    head = (sample_run / "corpus" / "README.md").read_text().split("---")[1]
    configs = {
        c["config_name"]: c["data_files"][0]["path"] for c in yaml.safe_load(head)["configs"]
    }
    folders = {p.name for p in (sample_run / "corpus").iterdir() if p.is_dir()}
    assert set(configs) == folders
    assert all(list((sample_run / "corpus").glob(path)) for path in configs.values())


def test_the_corpus_loads_with_datasets(sample_run) -> None:
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(sample_run / "corpus"), "swh_Latn", split="train")
    assert loaded.num_rows == record(sample_run)["accounting"]["languages"]["swh_Latn"]["kept"]


def test_a_second_run_does_nothing(sample_run, tmp_path) -> None:
    copy = shutil.copytree(sample_run, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*.parquet")}
    code, said = polysieve(
        "run", "fineweb2", "--input", SAMPLE, "--output", str(copy), "--engine", "inline"
    )
    assert code == 0
    assert "up to date" in said
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*.parquet")} == before


def test_after_a_kill_the_same_command_goes_on_to_the_same_bytes(sample_run, tmp_path) -> None:
    folder = tmp_path / "out"
    command = [
        sys.executable, "-m", "polysieve", "run", "fineweb2", "--input", SAMPLE, "--output", str(folder),
        "--engine", "inline",
    ]  # fmt: skip
    kill_when(command, lambda: list(folder.glob("measure-*/done/*.json")))
    assert not (folder / "run.json").exists()
    done = {path: path.stat().st_mtime_ns for path in folder.glob("measure-*/done/*.json")}
    run_sample(folder)
    assert digest(folder) == digest(sample_run)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in done.items())


def test_deciding_again_equals_a_run_from_scratch_and_reads_no_crawl_file(
    sample_run, tmp_path
) -> None:
    change = ("--set", "rules.gopher_short_doc=150")
    decided, fresh = tmp_path / "decided", tmp_path / "fresh"
    shutil.copytree(sample_run, decided)
    measured = {p: p.stat().st_mtime_ns for p in decided.glob("measure-*/**/*.parquet")}
    code, said = polysieve("decide", str(decided), *change)
    assert code == 0, said
    run_sample(fresh, *change)
    assert digest(decided) == digest(fresh)
    assert digest(decided) != digest(sample_run)
    assert {p: p.stat().st_mtime_ns for p in decided.glob("measure-*/**/*.parquet")} == measured
    assert len(list(decided.glob("decisions-*"))) == 1, "superseded steps go"


def test_deciding_with_a_key_of_the_measuring_step_is_refused(sample_run) -> None:
    code, said = polysieve("decide", str(sample_run), "--set", "dedup.minhash.ngram=3")
    assert code == 2
    assert "polysieve run" in said


def test_explain_shows_a_document_that_was_kept_one_removed_and_one_quarantined(
    sample_run, expected
) -> None:
    found = decisions(sample_run)
    kept = next(page for page in expected["pages"] if page["outcome"] == "kept")
    life = json.loads(
        polysieve_result("explain", str(sample_run), "--id", kept["id"], "--json").stdout
    )[0]
    assert life["decision"]["outcome"] == "kept"
    assert life["language"]["label"] == found[kept["id"]][0]
    assert life["source"]["file_path"].endswith(kept["file"])
    assert {rule["rule"] for rule in life["rules"]} == set(record(sample_run)["recipe"]["rules"])
    removed = next(id for id, (_, reason) in found.items() if reason.startswith("gopher"))
    life = json.loads(
        polysieve_result("explain", str(sample_run), "--id", removed, "--json").stdout
    )[0]
    assert (
        next(rule["rule"] for rule in life["rules"] if rule["fails"]) == life["decision"]["reason"]
    )
    cut_off = next(page for page in expected["pages"] if page["outcome"] == "quarantined")
    assert "quarantined" in polysieve("explain", str(sample_run), "--url", cut_off["url"])[1]
    assert polysieve("explain", str(sample_run), "--id", "<urn:uuid:none>")[0] == 1


def test_status_and_plan_tell_that_the_run_is_done(sample_run) -> None:
    _, status = polysieve("status", str(sample_run))
    assert "done" in status
    assert "fineweb_line_punct" in status
    code, plan = polysieve("plan", "fineweb2", "--input", SAMPLE, "--output", str(sample_run))
    assert code == 0
    assert "to run" not in plan


def test_the_minimal_recipe_removes_nothing_but_duplicates_and_empty_pages(tmp_path) -> None:
    run_sample(tmp_path / "out", recipe="minimal")
    whole = record(tmp_path / "out")["accounting"]["total"]
    assert set(whole["removed"]) <= {"empty_text"}
    assert whole["duplicates"] > 0


def test_too_much_quarantine_ends_in_exit_code_3(sample_run, tmp_path) -> None:
    copy = shutil.copytree(sample_run, tmp_path / "out")
    (copy / "run.json").unlink()
    code, _ = polysieve(
        "run", "fineweb2", "--input", SAMPLE, "--output", str(copy), "--quiet", "--engine", "inline",
        "--set", "quarantine.max_share=0.001",
    )  # fmt: skip
    assert code == 3
    assert (copy / "run.json").exists()


RUN = ["run", "fineweb2", "--input", "{crawl}", "--output", "{out}"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "fineweb2", "--input", "/nowhere/*.gz", "--output", "{out}"], "/nowhere/*.gz"),
        (["run", "nothing", "--input", "x", "--output", "{out}"], "no such recipe"),
        ([*RUN[:-1], "/dev/null/out"], "cannot be written"),
        ([*RUN, "--set", "nme=1"], "unknown key nme"),
        ([*RUN, "--engine", "spark"], "choose ray or inline"),
        ([*RUN, "--set", "parameters.fineweb2=/nowhere"], "no such folder"),
        ([*RUN, "--set", "language.model=/none.bin"], "/none.bin"),
        (["status", "{out}"], "no run here"),
        (["decide", "{out}"], "no finished run here"),
    ],
)
def test_a_wrong_command_is_one_clear_line_and_exit_code_2(tmp_path, arguments, message) -> None:
    places = {"{out}": str(tmp_path / "out"), "{crawl}": SAMPLE}
    finished = polysieve_result(*(places.get(a, a) for a in arguments))
    assert finished.exit_code == 2, finished.stderr
    assert message in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (tmp_path / "out" / "run.json").exists()


def test_an_output_that_another_run_holds_is_refused_by_name(sample_run) -> None:
    with OutputLock(Store(str(sample_run))):
        finished = polysieve_process(
            "run", "fineweb2", "--input", SAMPLE, "--output", str(sample_run), "--engine", "inline"
        )
    assert finished.returncode == 2
    assert f"process {os.getpid()}" in finished.stderr
