"""polysieve quality: from examples to models."""

import json
import sys
from pathlib import Path

import polars as pl
import pytest

from polysieve.filters.quality import encoders
from polysieve.filters.quality.fasttext_scorer import FastTextScorer
from polysieve.filters.quality.fasttext_training import scores
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.score import scores as asked
from tests.filters.quality import made_encoders, made_heads
from tests.filters.quality.made_text import many
from tests.pipeline.runs import polysieve

# Prose in a script without spaces: two registers made of a few words each.
_THAI = {
    "good": ["แม่น้ำ", "โรงเรียน", "ประวัติศาสตร์", "ครอบครัว"],
    "bad": ["ซื้อเลย", "ลดราคา", "คาสิโน", "ฟรี"],
}


def thai(kind: str, i: int) -> str:
    return "".join(_THAI[kind][(i >> k) % 4] + f"{i % 7}" for k in range(8))


def write(path: Path, rows: list[tuple[str, str]]) -> Path:
    lines = [
        json.dumps({"text": text, "language": label}, ensure_ascii=False) for label, text in rows
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("examples")
    found = {}
    for kind in ("good", "bad"):
        rows = [("eng_Latn", text) for text in many(kind, 200)]
        rows += [("tha_Thai", thai(kind, i)) for i in range(200)]
        rows += [("fra_Latn", f"trop peu {i}") for i in range(5)]
        found[kind] = write(folder / f"{kind}.jsonl", rows)
    return found


def train(examples, output: Path, *more: str) -> tuple[int, str]:
    where = (
        "--positives",
        str(examples["good"]),
        "--negatives",
        str(examples["bad"]),
        "--output",
        str(output),
    )
    return polysieve("quality", "train", *where, *more)


def test_each_language_with_enough_examples_gets_a_model(tmp_path, examples) -> None:
    code, output = train(examples, tmp_path / "models")
    assert code == 0, output
    assert sorted(p.name for p in (tmp_path / "models").glob("*.bin")) == [
        "eng_Latn.bin",
        "tha_Thai.bin",
    ]
    assert "fra_Latn: no model: 5 positives and 5 negatives" in output
    summary = json.loads((tmp_path / "models" / "training.json").read_text())
    for label in ("eng_Latn", "tha_Thai"):
        assert summary["languages"][label]["test"]["auc"] > 0.95
        scorer = FastTextScorer(tmp_path / "models" / f"{label}.bin")
        assert summary["languages"][label]["sha256"] == scorer.hash
    assert "eng_Latn" in (tmp_path / "models" / "README.md").read_text()


def test_equal_examples_give_equal_files(tmp_path, examples) -> None:
    for name in ("a", "b"):
        assert train(examples, tmp_path / name)[0] == 0
    names = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert names == sorted(p.name for p in (tmp_path / "b").iterdir())
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_label_or_an_end_of_line_in_a_text_trains_nothing(tmp_path) -> None:
    poison = "__label__hq </s> __label__other "
    rows = {k: [("eng_Latn", poison + text) for text in many(k, 60)] for k in ("good", "bad")}
    files = {k: write(tmp_path / f"{k}.jsonl", r) for k, r in rows.items()}
    assert train(files, tmp_path / "models")[0] == 0
    scorer = FastTextScorer(tmp_path / "models" / "eng_Latn.bin")
    assert sorted(scorer.labels) == ["hq", "lq"]
    good, bad = scores(scorer, many("good", 20, 500)), scores(scorer, many("bad", 20, 500))
    assert good.min() > bad.max()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--settings", "best"), "choose small, fineweb2_hq or autotune"),
        (("--method", "bert"), "choose fasttext, ngrams, transformer or embedding"),
        (("--method", "transformer", "--width", "100"), "--width 100: write a multiple of 32"),
        (("--positives", "nowhere.jsonl"), "nowhere.jsonl: no such file"),
    ],
)
def test_what_is_wrong_is_told_with_its_cure(tmp_path, examples, more, message) -> None:
    code, output = train(examples, tmp_path / "models", *more)
    assert code == 2
    assert message in output


def test_texts_that_name_no_language_need_one(tmp_path) -> None:
    files = {}
    for kind in ("good", "bad"):
        files[kind] = tmp_path / f"{kind}.jsonl"
        files[kind].write_text("\n".join(json.dumps({"text": text}) for text in many(kind, 60)))
    code, output = train(files, tmp_path / "models")
    assert code == 2
    assert "no language" in output
    assert train(files, tmp_path / "models", "--language", "eng_Latn")[0] == 0
    assert (tmp_path / "models" / "eng_Latn.bin").exists()


def test_language_models_tell_the_perplexity_of_what_they_have_not_read(tmp_path, examples) -> None:
    pytest.importorskip("torch", reason="needs the extra torch")
    tiny = ("--method", "transformer", "--steps", "30", "--width", "32", "--layers", "1")
    for name, more in (("lm", tiny), ("ngrams", ("--method", "ngrams", "--order", "2"))):
        code, output = train(examples, tmp_path / name, *more)
        assert code == 0, output
        assert "perplexity of the good" in output
        summary = json.loads((tmp_path / name / "training.json").read_text())["languages"]
        assert set(summary) == {"eng_Latn", "tha_Thai"}
        for card in summary.values():
            assert card["test"]["auc"] > 0.9
            assert 1 < card["test"]["perplexity"] < 400
    path = str(tmp_path / "lm" / "{label}")
    assert "use them with `transformer: " in " ".join(
        train(examples, tmp_path / "lm", *tiny)[1].split()
    )
    recipe = Recipe.model_validate({"quality": {"scores": {"lm": {"transformer": path}}}})
    assert asked.problems(recipe) == []
    assert recipe.quality is not None
    assert asked.models(recipe.quality)["lm"] == {
        label: card["sha256"]
        for label, card in json.loads((tmp_path / "lm" / "training.json").read_text())[
            "languages"
        ].items()
    }


def test_without_torch_a_transformer_is_not_trained(tmp_path, examples, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    code, output = train(examples, tmp_path / "lm", "--method", "transformer")
    assert code == 2
    assert "torch is not installed; run: pip install 'polysieve[torch]'" in " ".join(output.split())


def test_an_imported_head_scores_in_a_recipe(tmp_path) -> None:
    torch = pytest.importorskip("torch", reason="needs the extra torch")
    encoder = str(made_encoders.torch_encoder(tmp_path / "encoder", dim=16))
    module = made_heads.jql(tmp_path / "head.ckpt")
    output = tmp_path / "head.npz"
    given = ("--encoder", encoder, "--window", "32", "--output", str(output))
    code, said = polysieve("quality", "import-head", str(tmp_path / "head.ckpt"), *given)
    assert code == 0, said
    texts = ["the river runs past the mill " * 9, "casino bonus " * 20]
    (tmp_path / "0.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("language: {cut: null}\nquality: {scores: {edu: {embedding: head.npz}}}\n")
    where = ("--input", f"{tmp_path}/0.jsonl", "--output", str(tmp_path / "out"), "--quiet")
    code, said = polysieve("run", str(recipe), *where, "--engine", "inline")
    assert code == 0, said
    table = pl.read_parquet(tmp_path / "out" / "corpus" / "**" / "*.parquet")
    vectors = torch.from_numpy(encoders.load(encoder).encode(table["text"].to_list(), 32))
    expected = module(vectors)[:, 0].tolist()
    assert len(expected) == 2
    assert table["quality_score"].to_list() == pytest.approx(expected, abs=2e-3)  # float16 vectors


def test_what_is_no_head_is_refused_with_the_cure(tmp_path) -> None:
    code, said = polysieve("quality", "import-head", "jql", "-o", str(tmp_path / "x.npz"))
    assert code == 2
    assert "jql: no such file; give a file, owner/name:file of the hub, or one of jql-gemma" in said
