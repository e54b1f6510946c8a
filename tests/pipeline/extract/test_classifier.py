"""The classifier: features, trees, training, and the model that comes with the package."""

import json
from importlib import resources

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.pipeline.extract import classifier, context, extract, features, forest, training
from polysieve.pipeline.extract.labelling import FROM_PIECE, FROM_TEACHERS, FROM_TEXT, Known, label
from polysieve.pipeline.extract.parser import parse

PIECES = [
    "<p>", "<div class=nav>", "</div>", "<a href=x>", "</a>", "<li>", "<table><td>", "語", "a", "1", ".", " ",
]  # fmt: skip


def read(source: str):
    return parse(np.frombuffer(source.encode("utf-8", "ignore"), np.uint8), 10_000)


def described(source: str, title: str = "") -> dict[str, list[float]]:
    table = features.describe(read(source), title.encode())
    return {name: table[:, i].tolist() for i, name in enumerate(features.NAMES)}


def test_the_model_in_the_package_is_small_and_has_a_card():
    folder = resources.files("polysieve.pipeline.extract").joinpath("assets")
    assert len(folder.joinpath(classifier.MODEL).read_bytes()) < 200_000
    card = json.loads(folder.joinpath(classifier.CARD).read_text("utf-8"))
    assert card["about"] and card["pages"] > 500


def test_a_block_is_described_alike_in_scripts_that_say_as_much_in_fewer_characters():
    got = described("<p>那天早晨旧港口很安静。<p>That morning the old harbour was calm.")
    assert abs(got["log_width"][0] - got["log_width"][1]) < 0.2
    assert got["ends_sentence"] == [1, 1]


@pytest.mark.parametrize(
    "sentence", ["نعم.", "क्या?", "हाँ।", "ใช่!", "是。", "”はい。」", "አዎ።", "Yes.)"]
)
def test_sentences_end_in_every_script(sentence):
    assert described(f"<p>{sentence}")["ends_sentence"] == [1]


def test_links_places_and_titles_are_seen():
    got = described(
        "<div class='post sideBar'><p>a <a href=x>bcd</a></div><nav><p>x</nav><h1>Old Harbour</h1>",
        "The old harbour",
    )
    assert got["link_share"][0] == pytest.approx(4 / 5)  # the blank before the link counts with it
    assert got["place_side"][0] == 1 and got["place_body"][0] == 1 and got["place_side"][1] == 9
    assert got["tag_nav"][:2] == [9, 1]
    assert got["title_share"] == [0, 0, 1]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=50))
def test_features_of_any_page_are_finite(parts):
    parsed = read("".join(parts))
    table = features.describe(parsed, b"a 1")
    extended = context.extend(parsed, table, np.linspace(0, 1, len(table), dtype=np.float32))
    assert table.shape == (len(parsed.blocks), len(features.NAMES))
    assert extended.shape[1] == len(features.NAMES) + len(context.NAMES)
    assert np.isfinite(extended).all()


def test_compiled_trees_agree_with_lightgbm():
    lightgbm = pytest.importorskip("lightgbm", reason="needs the extra 'training'")
    random = np.random.default_rng(0)
    rows = random.normal(size=(2_000, 6)).astype(np.float32)
    labels = (rows[:, 0] + rows[:, 1] * rows[:, 2] > 0).astype(float)
    booster = lightgbm.train(
        {"objective": "cross_entropy", "num_leaves": 15, "verbose": -1, "num_threads": 1},
        lightgbm.Dataset(rows, labels),
        forest.FIRST_TREES,
    )
    model = forest.from_lightgbm(booster.dump_model())
    got = forest.scores(model, rows, np.ones(len(rows), np.bool_))
    np.testing.assert_allclose(got, booster.predict(rows, raw_score=True), atol=1e-5)
    assert forest.scores(model, rows, np.zeros(len(rows), np.bool_)).max() == -np.inf


def stump(feature: int, threshold: float, low: float, high: float) -> dict:
    return {
        "tree_structure": {
            "split_feature": feature,
            "threshold": threshold,
            "left_child": {"leaf_value": low},
            "right_child": {
                "split_feature": 0,
                "threshold": 0.0,
                "left_child": {"leaf_value": high},
                "right_child": {"leaf_value": -high},
            },
        }
    }


@given(st.integers(0, 200), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_every_row_gets_the_sum_of_its_leaves_until_it_is_given_up(count, trees, seed):
    random = np.random.default_rng(seed)
    rows = random.integers(-2, 3, (count, 3)).astype(np.float32)  # many on a threshold
    chosen = random.random(count) < 0.7
    shape = [
        (int(random.integers(3)), float(random.integers(-1, 2)), *random.normal(-0.1, 0.5, 2))
        for _ in range(trees)
    ]
    model = forest.from_lightgbm({"tree_info": [stump(*numbers) for numbers in shape]})
    wanted = np.where(chosen, 0, -np.inf).astype(np.float32)
    for i in np.flatnonzero(chosen):
        for tree, (feature, threshold, low, high) in enumerate(shape):
            if tree == forest.FIRST_TREES and wanted[i] < forest.GIVEN_UP:
                break
            right = high if rows[i, 0] <= 0 else -high
            wanted[i] += np.float32(low if rows[i, feature] <= threshold else right)
    np.testing.assert_array_equal(forest.scores(model, rows, chosen), wanted)


def test_labels_come_from_the_text_or_from_pieces_and_teachers():
    blocks = [
        "Home",
        "One two three four five six.",
        "Yes!",
        "Share this page with all your friends",
        "Home",
    ]
    whole, weights = label(blocks, Known(text="One two three four five six.\nYes!"))
    assert whole.tolist() == [0, 1, 1, 0, 0]
    assert set(weights) == {FROM_TEXT}
    pieces, weights = label(
        blocks, Known(wanted=["two three"], unwanted=["Share this"], teachers=["", blocks[3]])
    )
    assert pieces.tolist() == [0, 1, 0, 0, 0]
    assert weights.tolist() == [FROM_TEACHERS, FROM_PIECE, FROM_TEACHERS, FROM_PIECE, FROM_TEACHERS]


def page(i: int, text: str) -> dict[str, object]:
    menu = "".join(f"<li><a href=/{k}>Item {k}</a>" for k in range(5))
    body = "".join(f"<p>{text} Number {i} of {k} it was said.</p>" for k in range(4))
    return {
        "html": f"<nav><ul>{menu}</ul></nav><main>{body}</main><footer>Legal {i}</footer>".encode(),
        "group": f"site{i}",
        "text": "\n".join(f"{text} Number {i} of {k} it was said." for k in range(4)),
    }


@pytest.fixture
def pages(tmp_path):
    pytest.importorskip("lightgbm", reason="needs the extra 'training'")
    rows = [
        page(i, "The old harbour was calm, and two boats had gone out to sea.") for i in range(24)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "pages.parquet")
    return training.examples(training.read_pages(str(tmp_path / "pages.parquet")))


def test_a_model_learns_from_pages_and_survives_its_file(pages):
    model = training.train(pages)
    chosen = classifier.choose(model, pages[0].parsed, pages[0].features)
    assert chosen.tolist() == [label > 0.5 for label in pages[0].labels]
    loaded = classifier.load(classifier.dump(model))
    again = classifier.judge(loaded, pages[0].parsed, pages[0].features)
    np.testing.assert_array_equal(
        again, classifier.judge(model, pages[0].parsed, pages[0].features)
    )


def test_pages_of_one_group_are_in_one_fold(pages):
    twice = [*pages, *pages]
    where = training.folds(twice, 5, 0)
    assert where[: len(pages)].tolist() == where[len(pages) :].tolist()
    assert set(where) == set(range(5))


def test_files_that_cannot_be_trained_on_are_named(tmp_path):
    file = tmp_path / "x.parquet"
    pq.write_table(pa.table({"html": [b""]}), file)
    with pytest.raises(training.TrainingError, match=r"missing: \['group'\]"):
        training.read_pages(str(file))
    with pytest.raises(training.TrainingError, match="cannot be read"):
        training.read_pages(str(tmp_path / "none.parquet"))


def test_the_same_page_gives_the_same_text_every_time():
    source = b"<nav>x</nav><p>The old harbour was calm, and two boats had gone out to sea."
    assert len({extract(source).text for _ in range(3)}) == 1
