"""Model-based quality in a run: scores between deciding and writing, and what is selected by them."""

import hashlib
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
import xxhash

from polysieve.filters.quality import fasttext_training, ngrams
from polysieve.filters.quality.examples import divide
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.run import walk
from polysieve.pipeline.steps import windows
from polysieve.pipeline.steps.score import scores
from polysieve.pipeline.steps.score.step import STEP
from polysieve.pipeline.steps.step import Inputs
from tests.filters.quality.made_text import many, prose
from tests.pipeline.runs import digest, polysieve, record

ITEM = "Which of the seven rivers of the old kingdom was bridged before the winter of the great flood, and by whom?"
REPEATED = "One village wrote its own history of the mill and the bridge."


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("models") / "eng_Latn.bin"
    parts = divide(many("good", 200), many("bad", 200))
    fasttext_training.train(path, "eng_Latn", parts, fasttext_training.Training())
    return path


@pytest.fixture(scope="module")
def crawl(tmp_path_factory) -> Path:
    """200 pages, every second one good, ten of them with the item of a benchmark in them, one cluster of three."""
    folder = tmp_path_factory.mktemp("crawl")
    for shard in range(2):
        rows = []
        for i in range(shard, 200, 2):
            kind = "good" if i % 4 < 2 else "bad"
            text = prose(kind, 9000 + i, 12)
            if i % 20 == 7:
                text += "\n" + ITEM.upper().replace(",", " --")
            rows.append(
                {"id": f"{kind}-{i}", "text": f"{text}\nThis is the page with the number {i}."}
            )
        if shard:
            rows += [
                {
                    "id": f"copy-{k}",
                    "text": "\n".join(REPEATED for _ in range(12)) + prose("good", 1),
                }
                for k in range(3)
            ]
        lines = [json.dumps(row) for row in rows]
        (folder / f"{shard}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def write_recipe(tmp_path: Path, model: Path) -> Path:
    benchmark = tmp_path / "exam.jsonl"
    benchmark.write_text(json.dumps({"question": ITEM, "choices": ["yes", "no"]}) + "\n")
    bad = tmp_path / "bad.txt"
    bad.write_text("# what spam says\ncasino\ncheap\ncrypto\n")
    path = tmp_path / "recipe.yaml"
    path.write_text(f"""
language: {{cut: null}}
rules: {{gopher_short_doc: 20}}
quality:
  scores:
    edu: {{fasttext: "{model.parent}/{{label}}.bin", keep: 0.3}}
    spam: {{words: bad.txt, at_most: 0.05, action: flag}}
  attributes:
    kind: {{fasttext: "{model}"}}
  tiers: [0.5, 0.8]
  decontaminate: {{benchmarks: {{exam: exam.jsonl}}}}
""")
    return path


@pytest.fixture
def recipe(tmp_path, model) -> Path:
    return write_recipe(tmp_path, model)


def run(recipe: Path, crawl: Path, output: Path, *more: str) -> tuple[int, str]:
    where = ("--input", f"{crawl}/*.jsonl", "--output", str(output), "--quiet")
    return polysieve("run", str(recipe), *where, "--engine", "inline", *more)


def rows(output: Path) -> pl.DataFrame:
    kept, removed = (
        pl.read_parquet(output / kind / "**" / "*.parquet") for kind in ("corpus", "removed")
    )
    return pl.concat([kept, removed], how="diagonal")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, model, crawl) -> Path:
    """The output of a run with the recipe above."""
    folder = tmp_path_factory.mktemp("finished")
    code, output = run(write_recipe(folder, model), crawl, folder / "out")
    assert code == 0, output
    return folder / "out"


def english(output: Path) -> dict:
    """What the last decisions say of English."""
    folder = output / f"decisions-{record(output)['steps']['decisions']}"
    return json.loads((folder / "done" / "unit-00000.json").read_text())["labels"]["eng_Latn"]


def test_the_share_asked_for_stays_and_the_best_of_it(finished) -> None:
    table = rows(finished).filter(
        pl.col("quality_score").is_not_null(), pl.col("contaminated").is_null()
    )
    kept = table.filter(pl.col("filter_reason").is_null())
    gone = table.filter(pl.col("filter_reason") == "quality:edu")
    assert kept["quality_score"].min() > gone["quality_score"].max()
    scored = english(finished)["models"]["scores"]["edu"]
    # What ties with the cut goes: a little less than the share stays.
    assert 0.25 < 1 - scored["failed"] / scored["documents"] <= 0.3
    assert kept["id"].str.starts_with("good").all()


def test_each_document_has_one_outcome_and_the_identity_holds(finished) -> None:
    counts = record(finished)["accounting"]["total"]
    assert counts["documents_in"] == counts["kept"] + counts["duplicates"] + sum(
        counts["removed"].values()
    )
    assert counts["removed"]["contaminated:exam"] == 10
    assert set(counts["removed"]) == {"contaminated:exam", "quality:edu"}
    assert counts["duplicates"] == 2
    by_reason = rows(finished)["filter_reason"].value_counts().to_dicts()
    assert {
        r["filter_reason"]: r["count"] for r in by_reason if r["filter_reason"] in counts["removed"]
    } == counts["removed"]


def test_a_re_cased_and_re_punctuated_item_is_named(finished) -> None:
    found = rows(finished).filter(pl.col("contaminated").is_not_null())
    assert sorted(found["id"].str.extract(r"-(\d+)").cast(int)) == list(range(7, 200, 20))
    assert set(found["contaminated"]) == {"exam"}
    assert set(found["filter_reason"]) == {"contaminated:exam"}


def test_columns_tell_what_models_said(finished) -> None:
    table = rows(finished).filter(pl.col("quality_score").is_not_null())
    said = [json.loads(one) for one in table["model_scores"]]
    assert [one["edu"] for one in said] == table["quality_score"].to_list()
    flagged = table.filter(pl.col("flags") == "spam")
    assert flagged["id"].str.starts_with("bad").all()
    assert len(flagged) > 50
    for row, one in zip(table.iter_rows(named=True), said, strict=True):
        assert (one["spam"] > 0.05) == (row["flags"] == "spam")
        label = json.loads(row["attributes"])["kind"]
        assert label == ("hq" if row["quality_score"] > 0.5 else "lq")
    tiers = dict(table["tier"].value_counts().iter_rows())
    assert sum(tiers.values()) == len(table)
    assert 0.1 < tiers["high"] / len(table) <= 0.2
    best = {tier: part["quality_score"].min() for (tier,), part in table.group_by("tier")}
    assert best["low"] < best["mid"] < best["high"]
    duplicates = rows(finished).filter(pl.col("filter_reason").str.contains("duplicate"))
    assert duplicates["quality_score"].is_null().all(), (
        "models see what the rules keep, and nothing else"
    )


def test_weights_are_those_of_the_rules(tmp_path, crawl, recipe) -> None:
    table = ("--set", "rebalance={method: table, table: {1: 1, 3: 5}}")
    assert (
        run(recipe, crawl, tmp_path / "out", *table, "--set", "quality.scores.edu.keep=0.9")[0] == 0
    )
    kept = pl.read_parquet(tmp_path / "out" / "corpus" / "**" / "*.parquet")
    assert kept.filter(pl.col("id").str.starts_with("copy"))["weight"].to_list() == [5]
    assert english(tmp_path / "out")["cluster_sizes"] == {"1": 200, "3": 1}
    # The cluster's text is good; as spam of any kind it would be seen once.
    once = (
        "--set",
        "quality.scores.spam={words: %s, at_most: -1.0, action: once}" % (tmp_path / "bad.txt"),
    )
    assert polysieve("decide", str(tmp_path / "out"), *once)[0] == 0
    kept = pl.read_parquet(tmp_path / "out" / "corpus" / "**" / "*.parquet")
    assert kept.filter(pl.col("id").str.starts_with("copy"))["weight"].to_list() == [1]
    assert set(kept["flags"]) == {"spam"}


def test_another_share_asks_no_model_again(tmp_path, crawl, recipe) -> None:
    out = tmp_path / "out"
    assert run(recipe, crawl, out)[0] == 0
    before = record(out)["steps"]
    assert polysieve("decide", str(out), "--set", "quality.scores.edu.keep=0.6")[0] == 0
    after = record(out)["steps"]
    assert {name for name in before if before[name] != after[name]} == {
        "decisions",
        "write",
        "report",
    }
    assert run(recipe, crawl, tmp_path / "fresh", "--set", "quality.scores.edu.keep=0.6")[0] == 0
    assert digest(out) == digest(tmp_path / "fresh")
    assert polysieve("decide", str(out), "--set", "quality-")[0] == 0
    assert list(out.glob("scores-*")) == []
    assert rows(out)["quality_score"].is_null().all()


def test_another_model_is_another_step(tmp_path, crawl, recipe, model) -> None:
    own = tmp_path / "own.bin"
    own.write_bytes(model.read_bytes())
    setting = ("--set", f"quality.scores.edu.fasttext={own}")
    assert run(recipe, crawl, tmp_path / "out", *setting)[0] == 0
    before = record(tmp_path / "out")["steps"]
    parts = divide(many("bad", 100), many("good", 100))
    fasttext_training.train(own, "eng_Latn", parts, fasttext_training.Training())
    assert run(recipe, crawl, tmp_path / "out", *setting)[0] == 0
    after = record(tmp_path / "out")["steps"]
    assert {n for n in before if before[n] != after[n]} == {
        "scores",
        "decisions",
        "write",
        "report",
    }
    kept = pl.read_parquet(tmp_path / "out" / "corpus" / "**" / "*.parquet")
    assert kept["id"].str.starts_with("bad").all()


def test_any_cut_into_windows_selects_the_same(
    tmp_path, crawl, recipe, finished, monkeypatch
) -> None:
    monkeypatch.setattr(windows, "WINDOW_DOCUMENTS", 17)
    assert run(recipe, crawl, tmp_path / "cut")[0] == 0
    assert len(list((tmp_path / "cut").glob("scores-*/*.parquet"))) > 5
    assert rows(finished).sort("id").equals(rows(tmp_path / "cut").sort("id"))
    assert digest(finished) == digest(tmp_path / "cut")


def test_stopped_between_two_windows_it_goes_on(tmp_path, crawl, recipe, monkeypatch) -> None:
    monkeypatch.setattr(windows, "WINDOW_DOCUMENTS", 40)
    out = tmp_path / "out"
    score, scored = scores.run, []

    class Killed(BaseException):
        pass

    def dies(task):
        if len(scored) == 2:
            raise Killed
        scored.append(task.name)
        return score(task)

    monkeypatch.setattr(scores, "run", dies)
    with pytest.raises(Killed):
        run(recipe, crawl, out)
    monkeypatch.setattr(scores, "run", score)
    done = {p: p.stat().st_mtime_ns for p in out.glob("scores-*/*.parquet")}
    assert len(done) == 2
    assert run(recipe, crawl, out)[0] == 0
    assert {p: p.stat().st_mtime_ns for p in done} == done
    assert run(recipe, crawl, tmp_path / "fresh")[0] == 0
    assert digest(out) == digest(tmp_path / "fresh")


@pytest.fixture
def training(tmp_path) -> Path:
    """A recipe whose run trains n-grams of its own survivors."""
    path = tmp_path / "training.yaml"
    path.write_text("""
language: {cut: null}
rules: {gopher_short_doc: 20}
quality:
  scores:
    fluent: {ngrams: {train: survivors, documents: 30, order: 2}, keep: 0.5}
  tiers: [0.3333, 0.6667]
""")
    return path


def test_a_run_trains_on_one_half_of_its_survivors_and_scores_the_other(
    tmp_path, crawl, training
) -> None:
    out = tmp_path / "out"
    code, said = run(training, crawl, out)
    assert code == 0, said
    table = rows(out).filter(pl.col("quality_score").is_not_null())
    assert len(table) > 150
    assert set(table["tier"]) == {"low", "mid", "high"}
    (folder,) = out.glob("scores-*")
    models = [ngrams.load(folder / f"fluent-eng_Latn-{half}.ngrams.npz") for half in (0, 1)]
    for row in table.head(20).iter_rows(named=True):
        half = xxhash.xxh64_intdigest(row["id"].encode(), 0) & 1
        expected = models[1 - half].scores(pa.array([row["text"]]))[0]
        assert row["quality_score"] == pytest.approx(expected, abs=1e-4)
    life = json.loads(polysieve("explain", str(out), "--id", table["id"][0], "--json")[1])[0]
    assert life["models"]["scores"]["fluent"]["model"] == "n-grams of survivors"
    assert len(life["models"]["scores"]["fluent"]["sha256"]) == 64


def test_trained_models_are_the_same_after_a_stop(tmp_path, crawl, training, monkeypatch) -> None:
    assert run(training, crawl, tmp_path / "whole")[0] == 0
    score = scores.run

    class Killed(BaseException):
        pass

    def dies(task):
        raise Killed

    monkeypatch.setattr(scores, "run", dies)
    with pytest.raises(Killed):
        run(training, crawl, tmp_path / "cut")
    trained = {p: p.stat().st_mtime_ns for p in (tmp_path / "cut").glob("scores-*/*.npz")}
    assert len(trained) == 2
    monkeypatch.setattr(scores, "run", score)
    assert run(training, crawl, tmp_path / "cut")[0] == 0
    assert {p: p.stat().st_mtime_ns for p in trained} == trained
    assert digest(tmp_path / "whole") == digest(tmp_path / "cut")


def test_another_seed_trains_again_and_another_share_does_not() -> None:
    def depends(**given) -> str:
        ngrams = {"train": "survivors", **given.pop("ngrams", {})}
        asked = {"fluent": {"ngrams": ngrams, "keep": 0.5, **given}}
        return walk.fingerprint_of(
            STEP, Recipe.model_validate({"quality": {"scores": asked}}), Inputs("0"), {}
        )

    assert depends(keep=0.4) == depends()
    for other in ({"seed": 1}, {"documents": 100}, {"order": 4}):
        assert depends(ngrams=other) != depends()


def test_a_small_language_has_no_model_and_loses_nothing(tmp_path, training) -> None:
    lines = [json.dumps({"id": f"{i}", "text": prose("good", i, 12)}) for i in range(30)]
    (tmp_path / "crawl").mkdir()
    (tmp_path / "crawl" / "0.jsonl").write_text("\n".join(lines) + "\n")
    assert run(training, tmp_path / "crawl", tmp_path / "out")[0] == 0
    table = pl.read_parquet(tmp_path / "out" / "corpus" / "**" / "*.parquet")
    assert len(table) == 30
    assert table["quality_score"].is_null().all()


def test_a_wrong_key_of_a_model_to_train_is_told_with_its_cure(tmp_path, crawl, training) -> None:
    training.write_text(training.read_text().replace("train:", "trian:"))
    code, said = run(training, crawl, tmp_path / "out")
    assert code == 2
    said = " ".join(said.split())
    assert "quality.scores.fluent.ngrams: write a model's path, or {train: survivors}" in said
    assert "unknown key quality.scores.fluent.ngrams.trian; did you mean train?" in said


def test_a_model_of_the_run_is_not_for_translations(tmp_path, crawl, training) -> None:
    text = training.read_text().replace("keep: 0.5", "at_least: -3, origins: [mt]")
    training.write_text(text)
    code, said = run(training, crawl, tmp_path / "out")
    assert code == 2
    assert "says nothing of machine translations" in " ".join(said.split())


def test_explain_shows_score_model_and_cut(finished, model) -> None:
    table = rows(finished)
    hash = hashlib.sha256(model.read_bytes()).hexdigest()
    for reason in ("quality:edu", "contaminated:exam", None):
        row = table.filter(pl.col("filter_reason").eq_missing(reason)).row(0, named=True)
        life = json.loads(polysieve("explain", str(finished), "--id", row["id"], "--json")[1])[0]
        edu = life["models"]["scores"]["edu"]
        assert edu["score"] == row["quality_score"]
        assert edu["sha256"] == hash
        assert (edu["score"] > edu["cut"][0]) == (reason != "quality:edu") or row["contaminated"]
        assert life["models"]["contaminated"] == row["contaminated"]
        shown = polysieve("explain", str(finished), "--id", row["id"])[1]
        assert hash[:12] in shown
        assert f"{edu['cut'][0]:.4f}" in shown
    life = json.loads(polysieve("explain", str(finished), "--id", "copy-0", "--json")[1])[0]
    assert "asked" in life["models"]


def test_the_report_counts_by_model(finished) -> None:
    page = (finished / "report" / "eng_Latn.html").read_text()
    assert "Models" in page
    assert "quality:edu" in page
    assert "exam" in page


def test_a_language_without_a_model_keeps_everything(tmp_path, pages, recipe) -> None:
    where = (
        "--input",
        str(pages),
        "--output",
        str(tmp_path / "out"),
        "--quiet",
        "--engine",
        "inline",
    )
    assert polysieve("run", str(recipe), *where)[0] == 0
    table = rows(tmp_path / "out").filter(pl.col("language") != "eng")
    assert set(table["language"]) >= {"tha", "amh", "hin", "kor"}
    assert table["quality_score"].is_null().all()
    assert not table["filter_reason"].fill_null("").str.contains("quality").any()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "quality.scores.edu.fasttext=/nowhere.bin",
            "quality.scores.edu.fasttext: /nowhere.bin: No such file",
        ),
        ("quality.scores.edu.fasttext=/nowhere/{label}.bin", "no file of any language"),
        ("quality.scores.edu.positive=good", "has no label good; name one of hq, lq"),
        ("quality.scores.edu.keep=1.5", "write a share from 0 to 1"),
        ("quality.scores.edu.band=[0.1, 0.9]", "keep and band both cut"),
        ("quality.scores.edu.kepe=1", "did you mean keep?"),
        (
            "quality.decontaminate.benchmarks.mmlu=/nowhere",
            "quality.decontaminate.benchmarks.mmlu: /nowhere: no such file",
        ),
        ("quality.column=none", "'none' is no score; known: edu, spam"),
    ],
)
def test_what_is_wrong_is_told_before_anything_starts(
    tmp_path, crawl, recipe, setting, message
) -> None:
    code, output = run(recipe, crawl, tmp_path / "out", "--set", setting)
    assert code == 2, output
    assert message in output
    assert not (tmp_path / "out").exists()


def test_a_band_of_perplexity_stays(tmp_path, crawl, recipe) -> None:
    import pyarrow as pa

    from polysieve.filters.quality import ngrams

    path = tmp_path / "lm.npz"
    ngrams.train(pa.array(many("good", 100), pa.large_string()), 3).save(path)
    settings = (
        "--set",
        f"quality.scores={{lm: {{ngrams: {path}, band: [0.2, 0.7], skip: 2, most: 50}}}}",
    )
    assert run(recipe, crawl, tmp_path / "out", *settings)[0] == 0
    entry = english(tmp_path / "out")["models"]["scores"]["lm"]
    low, high = entry["cut"]
    table = rows(tmp_path / "out").filter(
        pl.col("quality_score").is_not_null(), pl.col("contaminated").is_null()
    )
    inside = (pl.col("quality_score") > low) & (pl.col("quality_score") <= high)
    assert table.filter(inside)["filter_reason"].is_null().all()
    assert set(table.filter(~inside)["filter_reason"]) == {"quality:lm"}
    assert 1 - entry["failed"] / entry["documents"] == pytest.approx(0.5, abs=0.02)


def test_a_task_is_given_the_memory_of_the_models_that_a_process_keeps(tmp_path) -> None:
    one = ngrams.train(pa.array(many("good", 50), pa.large_string()), 2)
    labels = ["fra_Latn", "eng_Latn", "tha_Thai"]
    for label in labels:
        one.save(tmp_path / f"{label}.npz")
    size = (tmp_path / "fra_Latn.npz").stat().st_size
    asked = {"lm": {"ngrams": f"{tmp_path}/{{label}}.npz"}, "spam": {"words": "list.txt"}}
    recipe = Recipe.model_validate({"quality": {"scores": asked}})
    assert scores.memory_of(recipe, "web") == scores.TASK_MEMORY + 3 * 3 * size
    without = Recipe.model_validate({"quality": {"scores": {"spam": asked["spam"]}}})
    assert scores.memory_of(without, "web") == scores.TASK_MEMORY


def test_log_odds_tell_apart_what_a_model_is_sure_of(tmp_path, crawl, recipe) -> None:
    settings = ("--set", "quality.scores.edu.keep=0.1", "--set", "quality.scores.edu.log_odds=true")
    assert run(recipe, crawl, tmp_path / "out", *settings)[0] == 0
    scored = english(tmp_path / "out")["models"]["scores"]["edu"]
    assert scored["documents"] - scored["failed"] == pytest.approx(0.1 * scored["documents"], abs=1)
    assert rows(tmp_path / "out")["quality_score"].max() > 1


def test_a_device_needs_a_model(tmp_path, crawl, recipe) -> None:
    plain = tmp_path / "plain.yaml"
    plain.write_text("name: plain\n")
    for chosen, device, message in (
        (plain, "cpu", "the recipe asks no model"),
        (recipe, "tpu", "quality.device: input should be 'cpu' or 'cuda'"),
    ):
        code, output = run(chosen, crawl, tmp_path / "out", "--device", device)
        assert code == 2
        assert message in output
