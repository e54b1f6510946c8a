"""Scores by models of transformers in a run: bands and tiers of perplexity, labels and numbers of classifiers."""

import json
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps import scorers
from polysieve.pipeline.steps.score import step
from tests.filters.quality import made_transformers
from tests.filters.quality.made_text import many, prose
from tests.pipeline.runs import digest, polysieve, record


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """`lm/eng_Latn`, trained on good text, and random classifiers `toxic` (two labels) and `edu` (one number)."""
    pytest.importorskip("torch", reason="needs the extra torch")
    from polysieve.filters.quality import transformer_training as training

    folder = tmp_path_factory.mktemp("models")
    how = training.Training(steps=40, width=32, layers=1, vocabulary=320, context=64)
    training.train(folder / "lm" / "eng_Latn", many("good", 60, 5000), [], how)
    labels = {"labels": ["neutral", "toxic"], "max_position_embeddings": 512}
    made_transformers.classifier(folder / "toxic", **labels)
    made_transformers.classifier(folder / "edu", **labels | {"labels": ["score"]})
    return folder


@pytest.fixture(scope="module")
def crawl(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("crawl")
    rows = [
        {"id": f"{kind}-{i}", "text": prose(kind, i, 8)}
        for i in range(30)
        for kind in ("good", "bad")
    ]
    lines = [json.dumps(row) for row in rows]
    (folder / "0.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def write_recipe(path: Path, models: Path, *quality: str) -> Path:
    body = "\n".join(f"  {line}" for line in quality).replace("MODELS", str(models))
    path.write_text(f"language: {{cut: null}}\nrules: {{gopher_short_doc: 20}}\nquality:\n{body}\n")
    return path


def run(recipe: Path, crawl: Path, output: Path, *more: str) -> tuple[int, str]:
    engine = () if "--workers" in more else ("--engine", "inline")
    where = ("--input", f"{crawl}/*.jsonl", "--output", str(output), "--quiet")
    return polysieve("run", str(recipe), *where, *engine, *more)


def rows(output: Path) -> pl.DataFrame:
    found = [pl.read_parquet(path) for path in output.glob("*/eng_Latn/*.parquet")]
    return pl.concat(found, how="diagonal")


ASKED = (
    'scores:',
    '  fluent: {transformer: "MODELS/lm/{label}", keep: 0.6667}',
    '  toxic: {classifier: "MODELS/toxic", positive: toxic, at_most: 0.5, action: flag}',
    '  edu: {classifier: "MODELS/edu", at_least: -100}',
    'tiers: [0.3333, 0.6667]',
)  # fmt: skip


def test_head_middle_and_tail_of_perplexity_and_classifiers_beside_it(
    tmp_path, models, crawl
) -> None:
    from polysieve.filters.quality import sequence_classifier, transformer_lm

    recipe = write_recipe(tmp_path / "recipe.yaml", models, *ASKED)
    code, said = run(recipe, crawl, tmp_path / "out")
    assert code == 0, said
    table = rows(tmp_path / "out").sort("id")
    texts = pa.array(table["text"])
    fluent = transformer_lm.load(str(models / "lm" / "eng_Latn")).scores(texts)
    assert table["quality_score"].to_list() == pytest.approx(fluent, abs=2e-4)
    toxic = sequence_classifier.load(str(models / "toxic")).scores(texts, "toxic")
    edu = sequence_classifier.load(str(models / "edu")).scores(texts)
    told = [json.loads(one) for one in table["model_scores"]]
    assert [one["toxic"] for one in told] == pytest.approx(toxic, abs=2e-4)
    assert [one["edu"] for one in told] == pytest.approx(edu, abs=2e-3)
    assert [flag == "toxic" for flag in table["flags"]] == (toxic > 0.5).tolist()
    tiers = table.group_by("tier").agg(pl.len(), pl.col("id").str.starts_with("good").mean())
    head = {tier: (count, share) for tier, count, share in tiers.iter_rows()}
    assert head["high"] == (20, 1.0)
    assert head["low"] == (20, 0.0)
    assert set(table.filter(pl.col("filter_reason") == "quality:fluent")["tier"]) == {"low"}
    hash = transformer_lm.load(str(models / "lm" / "eng_Latn")).hash
    life = json.loads(polysieve("explain", str(tmp_path / "out"), "--id", "good-1", "--json")[1])
    own = life[0]["models"]["scores"]
    assert (own["fluent"]["sha256"], own["fluent"]["kind"]) == (hash, "transformer")
    assert own["fluent"]["model"].endswith("lm/eng_Latn")
    assert own["toxic"]["cut"] == [None, 0.5]
    page = (tmp_path / "out" / "report" / "eng_Latn.html").read_text()
    assert hash[:12] in page


def test_two_workers_say_the_same_and_another_window_asks_again(tmp_path, models, crawl) -> None:
    recipe = write_recipe(tmp_path / "recipe.yaml", models, *ASKED)
    assert run(recipe, crawl, tmp_path / "one")[0] == 0
    assert run(recipe, crawl, tmp_path / "two", "--workers", "2")[0] == 0
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    before = record(tmp_path / "one")["steps"]
    for setting, changed in (
        ("fluent.keep=0.5", {"decisions", "write", "report"}),
        ("toxic.window=100", {"scores", "decisions", "write", "report"}),
    ):
        assert run(recipe, crawl, tmp_path / "one", "--set", f"quality.scores.{setting}")[0] == 0
        after = record(tmp_path / "one")["steps"]
        assert {n for n in before if before[n] != after[n]} == changed
        assert run(recipe, crawl, tmp_path / "one")[0] == 0


def test_a_band_of_a_small_models_perplexity_stays(tmp_path, models, crawl) -> None:
    asked = (
        'scores: {fluent: {transformer: "MODELS/lm/{label}", band: [0.2, 0.7], skip: 0, most: 50}}'
    )
    recipe = write_recipe(tmp_path / "recipe.yaml", models, asked)
    assert run(recipe, crawl, tmp_path / "out")[0] == 0
    table = rows(tmp_path / "out")
    kept = table.filter(pl.col("filter_reason").is_null())["quality_score"]
    assert len(kept) == pytest.approx(0.5 * len(table), abs=2)
    order = table["quality_score"].sort()
    assert (kept.min(), kept.max()) == (order[12], order[12 + len(kept) - 1])


def test_translations_that_a_tiny_model_finds_odd_are_removed(tmp_path, models) -> None:
    """The filter of Doshi et al. (2024): a model of clean text of the target judges what was translated into it."""
    pytest.importorskip("sentencex", reason="needs the extra translate")
    sentences = {kind: prose(kind, 77, 8).split("\n") for kind in ("good", "bad")}
    source = (
        "La rivière coule près du moulin, et personne ne connaît le pont numéro {} de la vallée."
    )
    lines, table = [], []
    for kind, own in sentences.items():
        theirs = [source.format(f"{kind} {i}") for i in range(len(own))]
        lines.append(json.dumps({"id": kind, "text": " ".join(theirs)}))
        table += [f"{a}\t{b}\n" for a, b in zip(theirs, own, strict=True)]
    (tmp_path / "0.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "table.tsv").write_text("".join(table))
    from polysieve.filters.quality import transformer_lm

    model = transformer_lm.load(str(models / "lm" / "eng_Latn"))
    good, bad = model.scores(pa.array([" ".join(own) for own in sentences.values()]))
    cut = f"at_least: {(good + bad) / 2:.4f}, origins: [mt]"
    asked = f'scores: {{fluent: {{transformer: "MODELS/lm/{{label}}", {cut}}}}}'
    recipe = write_recipe(tmp_path / "recipe.yaml", models, asked)
    target = (
        f"translate.targets.eng_Latn={{engine: {{engine: recorded, table: {tmp_path}/table.tsv}}, min_words: 10, "
        "sources: [fra_Latn], checks: {is_target: false, max_flagged: 1}}"
    )
    code, said = run(recipe, tmp_path, tmp_path / "out", "--set", target)
    assert code == 0, said
    found = {
        kind: pl.read_parquet(*(tmp_path / "out" / kind / "eng_Latn").glob("translated-*"))
        for kind in ("corpus", "removed")
    }
    assert found["corpus"]["source_id"].to_list() == ["good"]
    assert found["removed"]["source_id"].to_list() == ["bad"]
    assert found["removed"]["filter_reason"].to_list() == ["quality:fluent"]


@pytest.mark.parametrize(
    ("score", "message"),
    [
        ("{transformer: lm, classifier: toxic}", "a score is of one kind; give one of fasttext, ngrams"),
        ("{transformer: lm, windwo: 9}", "did you mean window?"),
        ("{transformer: lm, skip: -1}", "quality.scores.own.skip: input should be greater"),
        ("{classifier: toxic, window: 3}", "quality.scores.own.window: input should be greater"),
        ("{classifier: toxic, positive: yes}", "write the label in quotes"),
        ("{transformer: ./nowhere}", "nowhere: no config.json in it; name a repository of the hub"),
        ('{classifier: "own/{label}"}', "no folder with config.json of any language; correct the path"),
        ("{classifier: ./empty}", "no tokenizer.json in it; make one with transformers"),
        ("{transformer: ./unweighted}", "no weights in it (model.safetensors)"),
        ("{transformer: lm, keep: 0.5, origins: [web, mt]}", "says nothing of machine translations"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_before_anything_starts(tmp_path, score, message) -> None:
    for name in ("empty", "unweighted"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    (tmp_path / "unweighted" / "tokenizer.json").write_text("{}")
    (tmp_path / "0.jsonl").write_text('{"text": "the river"}\n')
    recipe = write_recipe(tmp_path / "recipe.yaml", tmp_path, f"scores: {{own: {score}}}")
    code, said = run(recipe, tmp_path, tmp_path / "out")
    assert code == 2, said
    assert message in " ".join(said.split())
    assert not (tmp_path / "out").exists()


def test_a_label_that_a_classifier_lacks_is_told_before_anything_starts(
    tmp_path, models, crawl
) -> None:
    for given, message in (
        ("positive: hate", "has no label hate; name one of neutral, toxic in `positive`"),
        ("positive: toxic, window: 513", "reads 512 tokens at most; give `window: 512`"),
    ):
        recipe = write_recipe(
            tmp_path / "recipe.yaml",
            models,
            f"scores: {{own: {{classifier: MODELS/toxic, {given}}}}}",
        )
        code, said = run(recipe, crawl, tmp_path / "out")
        assert code == 2
        assert f"quality.scores.own.classifier: {models}/toxic: {message}" in " ".join(said.split())


def test_without_torch_the_command_that_installs_it_is_told(tmp_path, monkeypatch) -> None:
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).write_text("{}")
    monkeypatch.setitem(sys.modules, "torch", None)
    for kind in ("transformer", "classifier"):
        asked = {"quality": {"scores": {"own": {kind: str(tmp_path)}}}}
        (problem,) = step.problems(Recipe.model_validate(asked))
        assert problem.startswith(f"quality.scores.own.{kind}: torch is not installed")
        assert problem.endswith("run: pip install 'polysieve[torch]'")


def test_a_task_is_given_the_memory_of_each_model_once(models) -> None:
    def memory(**given) -> int:
        quality = Recipe.model_validate({"quality": {"scores": given}}).quality
        assert quality is not None
        return scorers.memory(quality.scores.values())

    toxic, lm = (
        {"classifier": str(models / "toxic")},
        {"transformer": str(models / "lm" / "{label}")},
    )
    sizes = [
        path.stat().st_size for path in models.glob("**/*.safetensors") if "edu" not in str(path)
    ]
    assert len(sizes) == 2
    assert memory(a=toxic | {"positive": 0}, b=toxic | {"positive": 1}, c=lm) == sum(sizes)
    made_transformers.set_config(models / "toxic", dtype="bfloat16")
    assert memory(a=toxic) == 3 * (models / "toxic" / "model.safetensors").stat().st_size
    made_transformers.set_config(models / "toxic", dtype="float32")
    assert memory(a={"words": "list.txt"}) == 0


def test_names_of_the_hub_stay_and_folders_become_absolute(tmp_path) -> None:
    from polysieve.pipeline.recipe.loading import load

    (tmp_path / "lm" / "eng").mkdir(parents=True)
    recipe = write_recipe(
        tmp_path / "recipe.yaml",
        tmp_path,
        "scores:",
        "  a: {transformer: owner/name@1a2b3c}",
        "  b: {transformer: lm/eng}",
        '  c: {classifier: "toxic/{label}"}',
    )
    quality = load(str(recipe)).quality
    assert quality is not None
    assert [one.path for one in quality.scores.values()] == [
        "owner/name@1a2b3c",
        str(tmp_path / "lm" / "eng"),
        str(tmp_path / "toxic" / "{label}"),
    ]
