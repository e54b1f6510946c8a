"""Fitting in a run, word lists, and `polysieve fit`: on the sample crawl."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
import yaml

from polysieve.filters import signals, words
from polysieve.filters.parameters import load_file, load_folder
from tests.pipeline.runs import (
    PAGES,
    decisions,
    digest,
    polysieve,
    polysieve_result,
    record,
    run_sample,
)
from tests.shared_data import unpacked

FIT = ("--set", "parameters.fit={min_documents: 3, pooled_documents: 5}")


@pytest.fixture(scope="module")
def output(tmp_path_factory) -> Path:
    """A run that fits."""
    folder = tmp_path_factory.mktemp("fitted") / "out"
    run_sample(folder, *FIT)
    return folder


@pytest.fixture(scope="module")
def labelled_text(tmp_path_factory) -> Path:
    """The sample crawl's own pages as labelled text."""
    path = tmp_path_factory.mktemp("text") / "pages.jsonl"
    with path.open("w") as file:
        for page in sorted(PAGES.glob("*.txt")):
            for part in page.read_text("utf-8").split("\n\n"):
                row = {
                    "text": part * 4,
                    "language": page.stem[:3],
                    "language_script": page.stem[4:],
                }
                file.write(json.dumps(row) + "\n")
    return path


def test_every_language_gets_a_file_that_says_where_its_values_come_from(output) -> None:
    found = load_folder(output / "parameters")
    fitted = {label: p.fitted for label, p in found.items() if p.fitted}
    assert len(fitted) >= 24
    assert all(entry.values.keys() == fitted["swh_Latn"].values.keys() for entry in fitted.values())
    assert all(entry.documents or entry.relatives for entry in fitted.values())
    assert yaml.safe_load((output / "parameters" / "swh_Latn.yaml").read_text())["fitted"]["values"]


def test_stop_words_that_were_fitted_are_counted_in_the_texts(output) -> None:
    """`removed/` names the documents that hold fewer than two; counted again here from the text."""
    own = load_file(output / "parameters" / "swh_Latn.yaml")
    assert {"ya", "na"} <= set(own.stopwords)
    stop_list = signals.StopWords.of(own.stopwords)
    for kind in ("corpus", "removed"):
        table = pl.read_parquet(output / kind / "swh_Latn" / "*.parquet")
        cut = words.segment(table["text"].to_list(), ["swh_Latn"] * len(table))
        counts = signals.count_stop_words(cut, [stop_list] * len(table)).to_pylist()
        if kind == "corpus":
            assert min(counts) >= 2
        else:
            reasons = table["filter_reason"].to_list()
            assert all(
                n < 2 for n, why in zip(counts, reasons, strict=True) if why == "gopher_stop_words"
            )


def test_decide_fits_anew_without_reading_a_crawl_file(output, sample_run, tmp_path) -> None:
    plain = shutil.copytree(sample_run, tmp_path / "out")
    code, said = polysieve("decide", str(plain), *FIT, "--quiet")
    assert code == 0, said
    assert digest(plain) == digest(output)


def test_what_a_run_fitted_can_be_passed_back(output, sample_run, tmp_path) -> None:
    passed = shutil.copytree(sample_run, tmp_path / "out")
    code, said = polysieve(
        "decide", str(passed), "--quiet", "--set", f"parameters={output}/parameters"
    )
    assert code == 0, said
    assert decisions(passed) == decisions(output)


def test_an_edited_file_is_decided_by_without_reading_a_crawl_file(output, tmp_path) -> None:
    folder = tmp_path / "edited"
    shutil.copytree(output / "parameters", folder)
    shutil.copytree(output, tmp_path / "out")
    own = yaml.safe_load((folder / "swh_Latn.yaml").read_text())
    (folder / "swh_Latn.yaml").write_text(yaml.safe_dump({**own, "stopwords": ["hakuna", "neno"]}))
    finished = polysieve_result(
        "decide", str(tmp_path / "out"), "--quiet", "--set", f"parameters={folder}"
    )
    assert finished.exit_code == 0, finished.stderr
    changed = record(tmp_path / "out")["accounting"]["languages"]
    before = record(output)["accounting"]["languages"]
    assert changed["swh_Latn"]["removed"]["gopher_stop_words"] > 0 == changed["swh_Latn"]["kept"]
    assert {k: v for k, v in changed.items() if k != "swh_Latn"} == {
        k: v for k, v in before.items() if k != "swh_Latn"
    }


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("parameters=nowhere", "parameters.folder:"),
        ("parameters.precision.wordlists=nowhere", "parameters.precision.wordlists:"),
    ],
)
def test_decide_names_parameters_that_are_not_there(output, setting, message) -> None:
    finished = polysieve_result("decide", str(output), "--quiet", "--set", setting)
    assert finished.exit_code == 2
    assert message in finished.stderr
    assert "no" in finished.stderr


def test_explain_shows_the_counts_that_decided(output) -> None:
    id = pl.read_parquet(output / "corpus" / "swh_Latn" / "*.parquet")["id"][0]
    life = json.loads(polysieve_result("explain", str(output), "--id", id, "--json").stdout)[0]
    judged = next(r for r in life["rules"] if r["rule"] == "gopher_stop_words")
    assert judged["value"] >= 2
    assert judged["threshold"] == 2


def test_a_document_without_a_listed_word_goes_unless_its_address_vouches(tmp_path) -> None:
    pages = (PAGES / "swh_Latn.txt").read_text("utf-8").split("\n\n")
    texts = sorted((page for page in pages if len(page) > 300), key=len)[:6]
    listed = max(texts[0].split(), key=len).strip(".,:;!?")
    with (tmp_path / "in.jsonl").open("w") as file:
        for number, text in enumerate(texts):
            host = "habari.co.tz" if number == 1 else "habari.example"
            file.write(json.dumps({"text": text, "url": f"https://{host}/{number}"}) + "\n")
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "swh_Latn.txt").write_text(f"{listed}\n")
    (tmp_path / "terms.json").write_text(json.dumps({"swh": [".tz"]}))
    finished = polysieve_result(
        "run", "minimal", "--input", f"{tmp_path}/in.jsonl", "--output", f"{tmp_path}/out", "--quiet",
        "--engine", "inline", "--set", "rules.precision_words=0.0000001",
        "--set", f"parameters.precision.wordlists={tmp_path}/lists",
        "--set", f"parameters.precision.url_whitelist={tmp_path}/terms.json",
    )  # fmt: skip
    assert finished.exit_code == 0, finished.stderr
    fates = {
        row["url"].rsplit("/")[-1]: row.get("filter_reason")
        for kind in ("corpus", "removed")
        for row in pl.read_parquet(tmp_path / "out" / kind / "**" / "*.parquet").iter_rows(
            named=True
        )
    }
    expected = {
        str(n): None if n == 1 or listed in text else "precision_words"
        for n, text in enumerate(texts)
    }
    assert fates == expected
    assert {"precision_words", None} == set(expected.values())


def test_fit_makes_language_files_and_word_lists_of_labelled_text(labelled_text, tmp_path) -> None:
    folder = tmp_path / "parameters"
    finished = polysieve_result(
        "fit", str(labelled_text), "-o", str(folder), "--word-lists", "--set", "min_documents=3"
    )
    assert finished.exit_code == 0, finished.stderr
    assert len(load_folder(folder)) == 27
    assert (
        load_file(folder / "hin_Deva.yaml").language_score is None
    )  # labels say nothing of scores
    assert (folder / "wordlists" / "amh_Ethi.txt").read_text()
    assert set(json.loads((folder / "contamination.json").read_text())) <= set(load_folder(folder))


def test_fit_reads_a_run_and_prefers_the_reference(output, labelled_text, tmp_path) -> None:
    settings = ("--set", "min_documents=3", "--set", "pooled_documents=5")
    assert (
        polysieve_result("fit", str(output), "-o", str(tmp_path / "run"), *settings).exit_code == 0
    )
    finished = polysieve_result(
        "fit", str(output), str(labelled_text), "-o", str(tmp_path / "both"), *settings
    )
    assert finished.exit_code == 0, finished.stderr
    run_only, both = (load_file(tmp_path / name / "swh_Latn.yaml") for name in ("run", "both"))
    assert both.language_score == run_only.language_score is not None
    assert both.fitted != run_only.fitted


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('{"text": "maji"}\n', r"row 1: no language"),
        ('{"text": "maji", "lang": "qqq"}\n', r"row 1: 'qqq' is no language label"),
        ('{"text": 3, "lang": "swh"}\n', r"row 1: text is int"),
        ("maji\n", r"row 1: not JSON"),
    ],
)
def test_bad_labelled_text_is_named_with_its_row(tmp_path, rows, message) -> None:
    path = tmp_path / "text.jsonl"
    path.write_text(rows)
    finished = polysieve_result("fit", str(path), "-o", str(tmp_path / "out"))
    assert finished.exit_code == 2
    assert f"polysieve: {path}: {message}" in finished.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("method=best", "parameters.fit.method"),
        ("methods.gopher=tail", "unknown key 'gopher'; known keys: dup_line_frac"),
        ("share=2", "parameters.fit.share"),
    ],
)
def test_a_wrong_setting_of_the_fit_is_named(labelled_text, tmp_path, setting, message) -> None:
    finished = polysieve_result(
        "fit", str(labelled_text), "-o", str(tmp_path / "out"), "--set", setting
    )
    assert finished.exit_code == 2
    assert message in finished.stderr


def test_fit_leaves_a_folder_alone_that_it_did_not_make(labelled_text, tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    finished = polysieve_result("fit", str(labelled_text), "-o", str(tmp_path))
    assert finished.exit_code == 2
    assert "name another --output" in finished.stderr


def test_thresholds_that_can_never_fire_are_listed(tmp_path) -> None:
    (tmp_path / "swh_Latn.yml").write_text("top_n_grams: [[2, 1.5]]\ndup_line_frac: 0\n")
    (tmp_path / "zul_Latn.yml").write_text("dup_line_frac: 0.2\n")
    listed = polysieve_result("lint-parameters", str(tmp_path)).stdout
    assert "gopher_top_2_gram" in listed
    assert "0: off" in listed
    assert "2 files, 2 thresholds in 1 of them can never fire" in listed


def test_all_of_fineweb2s_files_load_and_their_idle_thresholds_are_listed() -> None:
    folder = unpacked("lists.tar.xz") / "lists" / "fineweb-2" / "configs"
    finished = polysieve_result("lint-parameters", str(folder))
    assert finished.exit_code == 0
    assert "1929 files" in finished.stdout
    idle = [line for line in finished.stdout.splitlines() if "gopher_top_2_gram" in line]
    assert len(idle) == 815
