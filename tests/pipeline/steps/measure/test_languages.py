"""The recipe's `language` section in runs: models that vote, passages, documents split by language."""

import json
from pathlib import Path

import polars as pl
import pytest

from polysieve.pipeline.recipe.loading import load, validate
from polysieve.pipeline.recipe.section import RecipeError
from polysieve.pipeline.steps.measure import languages
from tests.language_id.made_models import train
from tests.language_id.sentences import SENTENCES
from tests.pipeline.runs import polysieve, record

ENGLISH, AMHARIC = SENTENCES["eng_Latn"], SENTENCES["amh_Ethi"]
PAGES = {
    "english": f"{ENGLISH}\n{ENGLISH}",
    "mixed": f"{ENGLISH}\n{AMHARIC}\n(1)\n{ENGLISH}",
    "amharic": f"{AMHARIC}\n",
    "digits": "0049 17 2239 88.20 41 7 1999",
}


def run(folder: Path, *settings: str) -> tuple[list[dict], dict]:
    """The rows of corpus/ and removed/, and run.json, of a run of `minimal` over PAGES."""
    pages = folder / "pages.jsonl"
    pages.write_text("\n".join(json.dumps({"id": k, "text": v}) for k, v in PAGES.items()), "utf-8")
    output = folder / "out"
    arguments = ["--input", str(pages), "--output", str(output), "--engine", "inline", "--quiet"]
    changed = [part for setting in settings for part in ("--set", setting)]
    code, said = polysieve("run", "minimal", *arguments, *changed)
    assert code == 0, said
    rows = [
        row
        for kind in ("corpus", "removed")
        for file in sorted((output / kind).rglob("*.parquet"))
        for row in pl.read_parquet(file).to_dicts()
    ]
    return rows, record(output)


def label(row: dict) -> str:
    return f"{row['language']}_{row['language_script']}"


def test_a_document_is_split_by_language_and_the_identity_holds(tmp_path: Path) -> None:
    rows, said = run(tmp_path, "language.passages={split: true, min_bytes: 60}")
    parts = {label(row): row for row in rows if row["id"] == "mixed"}
    assert set(parts) == {"eng_Latn", "amh_Ethi"}
    assert parts["eng_Latn"]["text"] == f"{ENGLISH}\n{ENGLISH}"
    assert parts["amh_Ethi"]["text"] == f"{AMHARIC}\n(1)"
    assert all(json.loads(row["language_shares"]).keys() == parts.keys() for row in parts.values())
    total = said["accounting"]["total"]
    assert (total["records_read"], total["documents_split"], total["documents_in"]) == (4, 1, 5)


def test_the_share_of_the_main_language_is_a_signal(tmp_path: Path) -> None:
    rows, said = run(
        tmp_path,
        "language.passages={min_bytes: 60, label: vote}",
        "rules.main_language=0.9",
        "dedup.exact=false",
        "dedup.minhash=",
    )
    dropped = {row["id"]: row.get("filter_reason") for row in rows}
    assert dropped == {"english": None, "mixed": "main_language", "amharic": None, "digits": None}
    assert "documents_split" not in said["accounting"]["total"]
    shares = {row["id"]: row["language_shares"] for row in rows}
    assert json.loads(shares["english"]) == {"eng_Latn": 1.0}
    assert shares["digits"] is None


def test_models_vote_and_their_votes_are_kept(tmp_path: Path) -> None:
    other = train(tmp_path, {"eng_Latn": ENGLISH, "tir_Ethi": AMHARIC})
    models = f"language.model={{models: {{embedded: 1, {other}: 1}}, agree: 2}}"
    rows, said = run(tmp_path, models)
    by_id = {row["id"]: row for row in rows}
    assert label(by_id["english"]) == "eng_Latn"
    assert by_id["english"]["language_disagreement"] == 0
    assert label(by_id["amharic"]) == "und_Ethi"
    assert json.loads(by_id["amharic"]["language_votes"]) == {
        "embedded": "amh_Ethi",
        str(other): "tir_Ethi",
    }
    assert said["language_model_hashes"] == [
        languages.model(validate(said["recipe"], "run.json").language).hash
    ]


def test_a_single_model_leaves_the_columns_of_votes_and_shares_empty(tmp_path: Path) -> None:
    rows, _ = run(tmp_path)
    for name in ("language_votes", "language_disagreement", "language_shares"):
        assert [row[name] for row in rows] == [None] * len(PAGES)


def test_the_sample_that_the_embedded_model_reads_is_set_in_the_recipe() -> None:
    thai = SENTENCES["tha_Thai"]
    long = f"{ENGLISH} " * 2 + f"{thai} " * 200
    for characters, expected in ((100, "eng_Latn"), (20_000, "tha_Thai")):
        recipe = load("minimal", [f"language.sample={characters}"])
        model = languages.model(recipe.language)
        assert model.hash != languages.model(load("minimal").language).hash
        assert languages.language_id.identify([long], model)[0]["label"].as_py() == expected


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("language.model={models: {embedded: 1}}", "at least 2"),
        ("language.model={models: {embedded: 1, glotlid: 1}, agree: 3}", "3 of 2 models"),
        ("language.model={models: {embedded: 1, glotlid: 0}}", "greater than 0"),
        ("language.passages={by: pages}", "'lines' or 'spans'"),
        ("language.sample=5", "greater than or equal to 100"),
    ],
)
def test_impossible_sections_are_refused_in_one_line(setting: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        load("minimal", [setting])
    assert "\n" not in str(caught.value)


def test_a_wrong_key_of_an_ensemble_is_named() -> None:
    with pytest.raises(
        RecipeError, match=r"unknown key language\.model\.model; did you mean models"
    ):
        load("minimal", ["language.model={model: embedded}"])


def test_paths_of_models_are_relative_to_the_recipe_and_names_are_not(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(
        "language: {model: {models: {embedded: 1, lid.ftz: 1, glotlid: 1, owner/name: 2}}}"
    )
    model = load(str(tmp_path / "r.yaml")).language.model
    assert not isinstance(model, str)
    assert list(model.models) == ["embedded", str(tmp_path / "lid.ftz"), "glotlid", "owner/name"]
    (tmp_path / "one.yaml").write_text("language: {model: models/lid.bin}")
    assert load(str(tmp_path / "one.yaml")).language.model == str(tmp_path / "models/lid.bin")
