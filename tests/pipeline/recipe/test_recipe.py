"""Recipes: defaults, settings, and a message for every wrong key."""

import json
import sys

import pytest

from polysieve.pipeline.recipe.loading import bundled, load, validate
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.section import RecipeError
from polysieve.pipeline.recipe.settings import apply_settings
from polysieve.pipeline.run.preflight import problems


def test_the_bundled_recipes_load_by_name() -> None:
    assert set(bundled()) == {"fineweb2", "minimal"}
    assert load("minimal").rules == {}
    assert load("minimal").language.cut is None
    assert load("fineweb2").language.cut == "parameters"


def test_rules_keep_the_order_of_the_recipe(tmp_path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("rules: {gopher_short_doc: 30, gopher_dup_line_frac: }\n")
    assert list(load(str(path)).rules) == ["gopher_short_doc", "gopher_dup_line_frac"]


def test_every_key_has_a_meaning_in_the_schema() -> None:
    schema = Recipe.model_json_schema()
    for model in [schema, *schema["$defs"].values()]:
        for name, field in model.get("properties", {}).items():
            section = any("$ref" in str(part) for part in (field, *field.get("anyOf", [])))
            assert "description" in field or section or name == "name", name
    json.dumps(schema)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("langauge: {}", "unknown key langauge; did you mean language?"),
        ("dedup: {minhash: {band: 3}}", "unknown key dedup.minhash.band; did you mean bands?"),
        ("dedup: {minhash: {bands: many}}", "dedup.minhash.bands: input should be a valid integer"),
        (
            "rules: {gopher_dup_line_frak: 1}",
            "unknown rule 'gopher_dup_line_frak'; did you mean gopher_dup_line_frac?",
        ),
        ("rules: {gopher_dup_line_frac: high}", "rules.gopher_dup_line_frac"),
        ("output: {shard_bytes: 3 parsecs}", "output.shard_bytes"),
        ("- a list", "a recipe is a mapping"),
        ("a: [", "not valid YAML"),
    ],
)
def test_a_wrong_recipe_is_told_by_file_key_and_cure(tmp_path, text, message) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError) as error:
        load(str(path))
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_a_recipe_that_is_not_there_names_the_bundled_ones() -> None:
    with pytest.raises(RecipeError, match=r"no such recipe.*fineweb2, minimal"):
        load("nowhere.yaml")


def test_settings_reach_every_depth_and_are_read_as_yaml() -> None:
    recipe = load(
        "fineweb2",
        ["rules.gopher_short_doc=30", "dedup.minhash.bands=20", "url_filter.domains=[a.txt]"],
    )
    assert recipe.rules["gopher_short_doc"] == 30
    assert recipe.dedup.minhash is not None
    assert recipe.dedup.minhash.bands == 20
    assert recipe.url_filter is not None
    assert load("fineweb2", ["dedup.minhash=null"]).dedup.minhash is None


@pytest.mark.parametrize("setting", ["no_equals", "=1", "name.deeper=1", "seed=[1"])
def test_a_wrong_setting_is_told(setting) -> None:
    with pytest.raises(RecipeError, match="--set"):
        apply_settings({"name": "x"}, [setting])


def test_sizes_take_units() -> None:
    assert validate({"output": {"shard_bytes": "64 MiB"}}, "here").output.shard_bytes == 64 * 2**20
    assert (
        validate({"output": {"shard_bytes": "1.5GB"}}, "here").output.shard_bytes == 1_500_000_000
    )


def test_a_recorded_recipe_reads_back_as_itself() -> None:
    recipe = load("fineweb2", ["input.sample=0.5"])
    assert Recipe.model_validate(json.loads(json.dumps(recipe.model_dump()))) == recipe


@pytest.mark.parametrize("value", ["off", "true", ".inf", ".nan", "high", "{eng_Latn: off}"])
def test_a_threshold_is_a_number_and_nothing_that_could_pass_for_one(value) -> None:
    with pytest.raises(RecipeError, match="a threshold is a number"):
        load("minimal", [f"rules.gopher_short_doc={value}"])


def test_a_setting_can_take_a_rule_out() -> None:
    assert "gopher_short_doc" not in load("fineweb2", ["rules.gopher_short_doc-"]).rules
    with pytest.raises(RecipeError, match="no key"):
        load("minimal", ["rules.gopher_short_doc-"])


def test_a_relative_path_in_a_setting_is_relative_to_the_working_directory(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load("minimal", ["parameters.fineweb2=x"]).parameters.folder == str(tmp_path / "x")


def test_an_extractor_that_is_not_installed_is_named_with_its_cure(monkeypatch) -> None:
    asked = load("fineweb2", ["extract.engine=trafilatura_precision"])
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    (message,) = problems(asked)
    assert message == (
        "extract.engine: trafilatura_precision is not installed; run: pip install 'polysieve[trafilatura]', or name "
        "another engine (inputs that are text, WET say, need none)"
    )
    assert problems(load("fineweb2")) == []
