"""What the recipe's dedup section changes, on small inputs, by the command that a user types."""

import importlib.util
import json
import random
from pathlib import Path

import polars as pl
import pytest

from polysieve.pipeline.recipe.loading import load
from polysieve.pipeline.recipe.section import RecipeError
from tests.pipeline.runs import CRAWL, PAGES, SAME_BYTES, polysieve

WORDS = (PAGES / "swh_Latn.txt").read_text("utf-8").split()


def run(pages: Path, output: Path, *settings: str) -> pl.DataFrame:
    """Run `minimal`; returns the rows of the corpus."""
    more = [part for setting in settings for part in ("--set", setting)]
    code, said = polysieve(
        "run", "minimal", "-i", str(pages), "-o", str(output), "--engine", "inline", "--keep-steps", *more
    )  # fmt: skip
    assert code == 0, said
    return pl.read_parquet(output / "corpus" / "**" / "*.parquet").sort("id")


def written(path: Path, texts: list[str]) -> Path:
    path.write_text(
        "\n".join(
            json.dumps({"text": text, "id": f"{i:03d}", "date": f"2024-01-{1 + i % 28:02d}"})
            for i, text in enumerate(texts)
        ),
        "utf-8",
    )
    return path


@pytest.fixture(scope="module")
def rewritten(tmp_path_factory) -> Path:
    """A page that was rewritten step by step: neighbours are near duplicates, the first and the last are not."""
    chance = random.Random(9)
    words = WORDS[:600]
    texts = []
    for step in range(24):
        texts.append(" ".join(words))
        for place in range(30):
            words[(step * 30 + place) % len(words)] = chance.choice(WORDS)
    return written(tmp_path_factory.mktemp("rewritten") / "pages.jsonl", texts)


def test_partitions_change_no_byte(tmp_path):
    digests = []
    for memory in ("1GiB", "4000", "60000"):
        output = tmp_path / memory
        code, said = polysieve(
            "run", "fineweb2", "-i", f"{CRAWL}/crawl/*.gz", "-o", str(output), "--engine", "inline",
            "--keep-steps", "--set", f"dedup.task_memory={memory}",
        )  # fmt: skip
        assert code == 0, said
        files = [path for name in SAME_BYTES for path in (output / name).rglob("*.parquet")]
        files += output.glob("clusters-*/unit-*.parquet")
        digests.append({path.name + path.parent.name[:8]: path.read_bytes() for path in files})
    assert digests[0] == digests[1] == digests[2]


def test_a_chain_is_one_cluster_and_explain_shows_it(rewritten, tmp_path):
    corpus = run(rewritten, tmp_path / "out")
    assert corpus["minhash_cluster_size"].to_list() == [24]
    kept = corpus["id"][0]
    far = "000" if kept > "012" else "023"
    code, said = polysieve("explain", str(tmp_path / "out"), "--id", far, "--json")
    assert code == 0
    chain = json.loads(said)[0]["cluster"]["chain"]
    assert (chain[0]["id"], chain[-1]["id"]) == (far, kept)
    assert len(chain) > 2
    assert all(step["similarity"] >= 0.55 for step in chain[1:])


def test_a_cluster_over_the_limit_is_split_into_parts_near_their_anchors(rewritten, tmp_path):
    corpus = run(rewritten, tmp_path / "out", "dedup.minhash.split_over=10")
    assert len(corpus) >= 3
    assert corpus["minhash_cluster_size"].sum() == 24
    again = run(rewritten, tmp_path / "unsplit", "dedup.minhash.split_over=24")
    assert len(again) == 1


def test_deciding_again_with_another_limit_clusters_nothing_anew(rewritten, tmp_path):
    run(rewritten, tmp_path / "out")
    before = {path.name for path in (tmp_path / "out").glob("clusters-*")}
    command = [
        "decide",
        str(tmp_path / "out"),
        "--set",
        "dedup.minhash.split_over=10",
        "--keep-steps",
    ]
    assert polysieve(*command)[0] == 0
    assert {path.name for path in (tmp_path / "out").glob("clusters-*")} == before
    assert len(pl.read_parquet(tmp_path / "out" / "corpus" / "**" / "*.parquet")) >= 3


def test_the_order_of_kept_members_is_the_recipes(tmp_path):
    text = " ".join(WORDS[:300])
    pages = written(tmp_path / "pages.jsonl", [text, text + " " + WORDS[400], text])
    kept = {
        order: run(pages, tmp_path / str(number), f"dedup.kept={order}")["id"].to_list()
        for number, order in enumerate(("[-text_bytes]", "[text_bytes, -id]", "[date]", "[-date]"))
    }
    assert kept == {
        "[-text_bytes]": ["001"], "[text_bytes, -id]": ["002"], "[date]": ["000"], "[-date]": ["002"],
    }  # fmt: skip


def test_texts_themselves_may_be_compared(rewritten, tmp_path):
    # Neighbours share nine words of ten: 0.9 of the places, about 0.6 to 0.8 of the 5-grams.
    by_text = run(rewritten, tmp_path / "texts", "dedup.minhash.verify_by=texts")
    assert len(by_text) == 1
    strict = ["dedup.minhash.verify_by=texts", "dedup.minhash.verify=0.99"]
    assert len(run(rewritten, tmp_path / "strict", *strict)) == 24
    cut = run(
        rewritten, tmp_path / "cut", "dedup.minhash.verify_by=texts", "dedup.task_memory=100000"
    )
    assert cut["id"].to_list() == by_text["id"].to_list()


def test_digits_may_count_as_one(tmp_path):
    text = " ".join(WORDS[:40])
    pages = written(
        tmp_path / "pages.jsonl", [f"{text} {year} {text}" for year in range(1990, 2010)]
    )
    assert len(run(pages, tmp_path / "a", "dedup.minhash=null")) == 20
    assert len(run(pages, tmp_path / "b", "dedup.minhash=null", "dedup.normalise.digits=zero")) == 1


def test_characters_or_words_are_chosen_by_script_or_label(tmp_path):
    articles = (PAGES / "tha_Thai.txt").read_text("utf-8").split("=====")
    text = max(articles, key=len).strip()
    pages = written(tmp_path / "pages.jsonl", [text, text.replace("\n", " ") + "ก"])
    keys = []
    for number, characters in enumerate(("{Thai: 5}", "{}", "{tha_Thai: 5}", "{tha_Thai: 7}")):
        output = tmp_path / str(number)
        run(pages, output, f"dedup.minhash.characters={characters}")
        table = pl.read_parquet(output / "measure-*" / "bands" / "*.parquet")
        keys.append(table["band_0"].to_list())
    assert keys[0] == keys[2]
    assert keys[0] != keys[1] and keys[0] != keys[3]


def test_a_threshold_is_divided_into_bands_and_rows():
    minhash = load("minimal", ["dedup.minhash.threshold=0.8"]).dedup.minhash
    assert (minhash.bands, minhash.rows) == (9, 12)
    given = load("minimal", ["dedup.minhash.threshold=0.8", "dedup.minhash.bands=14"]).dedup.minhash
    assert (given.bands, given.rows) == (14, 8)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("dedup.kept=[-quality]", "unknown column '-quality'"),
        ("dedup.kept=[]", "dedup.kept"),
        ("dedup.minhash.characters={Thai: 0}", "dedup.minhash.characters.Thai"),
        ("dedup.normalise.form=nfd", "dedup.normalise.form"),
    ],
)
def test_a_choice_that_is_none_is_told(setting, message):
    with pytest.raises(RecipeError, match=r"minimal\.yaml: ") as error:
        load("minimal", [setting])
    assert message in str(error.value)


@pytest.mark.skipif(importlib.util.find_spec("spacy") is not None, reason="spaCy is installed")
def test_datatroves_words_need_its_tokenisers(rewritten, tmp_path):
    code, said = polysieve(
        "run", "minimal", "-i", str(rewritten), "-o", str(tmp_path / "out"), "--engine", "inline",
        "--set", "dedup.minhash.signatures=datatrove",
    )  # fmt: skip
    assert (code, "dedup.minhash.signatures" in said) == (2, True)


@pytest.mark.parametrize(
    ("rebalance", "weights"),
    [
        ("{method: table}", {1: 1, 2: 2, 4: 3}),
        ("{method: table, table: {1: 1, 4: 7}}", {1: 1, 2: 1, 4: 7}),
        # Six copies that stay are as good as any, by the rates alone nothing is repeated.
        ("{min_clusters: 1, min_documents: 1}", {1: 1, 2: 1, 4: 1}),
        (
            "{method: quality, quality: character_count, min_clusters: 1, min_documents: 1}",
            {1: 1, 2: 8, 4: 4},
        ),
    ],
)
def test_weights_follow_the_method_that_the_recipe_names(tmp_path, rebalance, weights):
    texts = [" ".join(WORDS[60 * i : 60 * i + 30 + 5 * i]) for i in range(9)]
    pages = written(tmp_path / "pages.jsonl", [*texts, texts[7], *[texts[8]] * 3])
    corpus = run(pages, tmp_path / "out", f"rebalance={rebalance}")
    found = dict(corpus.select("minhash_cluster_size", "weight").iter_rows())
    assert found == weights
