"""Training: which texts become examples, and a model that is used as any other."""

import json
import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.language_id import LanguageIdError, identify, noise
from polysieve.language_id.fasttext_model import FastTextModel
from polysieve.language_id.labels import NO_LANGUAGE
from polysieve.language_id.training import PIECE, Corpus, Settings, examples, pieces, train
from tools.sample_crawl.articles import HERE

LABELS = ("amh_Ethi", "deu_Latn", "hin_Deva", "swh_Latn", "tha_Thai")
SMALL = Settings(dim=16, epochs=15, buckets=5_000, longest=3, held_out=0.2)


def sample_lines() -> list[tuple[str, str]]:
    """(label, paragraph) of the sample crawl's own pages."""
    return [
        (label, line)
        for label in LABELS
        for line in (HERE / "pages" / f"{label}.txt").read_text("utf-8").splitlines()
        if len(line) > 60
    ]


def corpus(rows: list[tuple[str, str]], settings: Settings, source: str = "pages") -> Corpus:
    found = Corpus(settings)
    texts = pa.array([text for _, text in rows], pa.large_string())
    found.add(texts, [label for label, _ in rows], [source] * len(rows))
    return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trained") / "own.ftz"
    train(corpus(sample_lines(), SMALL), path)
    return path


def test_a_trained_model_names_its_languages_and_noise(trained: Path) -> None:
    texts = [
        "Die Kinder gehen jeden Morgen in die Schule",
        "watoto wanakwenda shuleni kila siku",
        "เด็ก ๆ ไปโรงเรียนทุกเช้า",
    ]
    found = identify([*texts, "0x3f 0x9a 4471 88123 0x11 7.25 9981 12:30"], trained)
    assert found.field("label").to_pylist() == ["deu_Latn", "swh_Latn", "tha_Thai", NO_LANGUAGE]


def test_its_card_says_what_it_was_made_of(trained: Path) -> None:
    card = json.loads(trained.with_suffix(".json").read_text("utf-8"))
    assert card["sha256"] == FastTextModel(trained).hash
    assert set(card["labels"]) == set(LABELS)
    assert all(n["used"] + n["held_out"] == n["texts"] for n in card["labels"].values())
    assert card["sources"]["pages"]["labels"] == len(LABELS)
    assert [c["recall"] for c in card["held_out"]["classes"].values()] == [1.0] * len(LABELS)
    assert card["held_out"]["noise_rejected"] > 0.6
    assert f"`{card['sha256']}`" in trained.with_suffix(".md").read_text("utf-8")


def test_the_same_texts_in_another_order_make_the_same_model(trained: Path, tmp_path: Path) -> None:
    rows = sample_lines()
    random.Random(1).shuffle(rows)
    train(corpus(rows, SMALL), tmp_path / "again.ftz")
    assert (tmp_path / "again.ftz").read_bytes() == trained.read_bytes()


def test_a_model_written_over_another_is_measured_itself(tmp_path: Path) -> None:
    path = tmp_path / "m.ftz"
    german_and_thai = [row for row in sample_lines() if row[0] in ("deu_Latn", "tha_Thai")]
    train(corpus(german_and_thai, SMALL), path)
    card = train(corpus(sample_lines(), SMALL), path)
    assert all(c["known"] for c in card["held_out"]["classes"].values())


def test_held_out_texts_are_not_trained_on() -> None:
    whole = corpus(sample_lines(), SMALL)
    held = {text for texts in whole.held.values() for _, text in texts}
    used = {text for texts in whole.chosen().values() for text in texts}
    assert held and used and not held & used


def test_sources_share_a_label_evenly() -> None:
    settings = Settings(per_label=10, held_out=0)
    found = corpus([("deu_Latn", f"groß {i}") for i in range(100)], settings, "large")
    small = [("deu_Latn", f"klein {i}") for i in range(3)]
    found.add(pa.array([t for _, t in small], pa.large_string()), ["deu_Latn"] * 3, ["small"] * 3)
    counts = Counter(text.split()[0] for text in found.chosen()["deu_Latn"])
    assert counts == {"klein": 3, "groß": 7}


def test_labels_with_few_texts_give_more_pieces_of_each() -> None:
    text = "ein Satz nach dem anderen " * 20
    chosen = {"deu_Latn": [f"{text}{i}" for i in range(20)], "swh_Latn": [text]}
    lines = examples(chosen, Settings(noise=0, pieces=6))
    counts = Counter(line.split()[0] for line in lines)
    assert counts == {"__label__deu_Latn": 40, "__label__swh_Latn": 6}


@given(st.text(min_size=1), st.integers(1, 8), st.integers(0, 9))
def test_pieces_come_from_the_text_and_are_bounded(text: str, count: int, seed: int) -> None:
    found = pieces(text, count, random.Random(seed))
    assert len(found) <= count
    assert all(piece in text and 0 < len(piece) <= PIECE for piece in found)


@pytest.mark.parametrize("maker", noise.MAKERS)
def test_noise_is_made_of_any_script_and_the_same_every_time(maker) -> None:
    for text in ("ሰላም ለሁሉም ሰው", "こんにちは世界", "Guten Morgen", "x"):
        made = [maker(random.Random(3), text * 20, 300) for _ in range(2)]
        assert made[0] == made[1]
        made[0].encode("utf-8")
        assert len(made[0]) < 10 * 300


def test_what_cannot_be_trained_is_named(tmp_path: Path) -> None:
    with pytest.raises(LanguageIdError, match="two languages or more; found deu_Latn"):
        train(corpus([("deu_Latn", "ein Satz")], Settings(held_out=0)), tmp_path / "m.ftz")
    with pytest.raises(LanguageIdError, match=r"ends in \.ftz"):
        train(corpus(sample_lines(), SMALL), tmp_path / "m.bin")
