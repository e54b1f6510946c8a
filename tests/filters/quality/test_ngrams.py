"""The n-gram model: probabilities, what it finds odd, files."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.filters.quality import ngrams
from polysieve.filters.quality.fasttext_file import ModelError
from tests.filters.quality.made_text import many


def model(texts: list[str], order: int = 3) -> ngrams.NgramModel:
    return ngrams.train(pa.array(texts, pa.large_string()), order)


def scores(given: ngrams.NgramModel, texts: list[str], **how) -> np.ndarray:
    return given.scores(pa.array(texts, pa.large_string()), **how)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=30), min_size=1, max_size=6),
    st.lists(st.sampled_from("abcdefz"), max_size=6),
    st.integers(1, 5),
)
def test_after_any_context_probabilities_add_up_to_one(texts, context, order) -> None:
    trained = model([" ".join(text) for text in texts], order)
    words = sorted({word for text in texts for word in text})
    continued = [" ".join([*context, word]) for word in [*words, "unseen"]]
    assert sum(10 ** scores(trained, continued, skip=len(context))) == pytest.approx(1, abs=1e-4)


def test_single_words_are_discounted_as_in_the_paper() -> None:
    counts = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 2, "f": 3, "g": 4, "h": 9}
    text = " ".join(word for word, n in counts.items() for _ in range(n))
    of_counts = Counter(counts.values())
    y = of_counts[1] / (of_counts[1] + 2 * of_counts[2])
    discounts = {k: k - (k + 1) * y * of_counts[k + 1] / of_counts[k] for k in (1, 2, 3)}
    total = sum(counts.values())
    left = sum(discounts[min(n, 3)] for n in counts.values()) / total
    found = 10 ** scores(model([text], 1), list(counts))
    for word, chance in zip(counts, found, strict=True):
        n = counts[word]
        expected = (n - discounts[min(n, 3)]) / total + left / (len(counts) + 1)
        assert chance == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("good", "odd"),
    [
        ("แม่น้ำไหลผ่านหมู่บ้านไปยังทะเล", "ทะเลยังไปบ้านหมู่ผ่านไหลน้ำแม่"),
        ("河流经过村庄流向大海", "海大向流庄村过经流河"),
        ("वह नदी के किनारे घर में रहता है", "है रहता में घर किनारे के नदी वह"),
        ("강은 마을을 지나 바다로 흐른다", "흐른다 바다로 지나 마을을 강은"),
        ("ወንዙ በመንደሩ በኩል ወደ ባሕር ይፈሳል", "ይፈሳል ባሕር ወደ በኩል በመንደሩ ወንዙ"),
        ("النهر يمر بالقرية إلى البحر", "البحر إلى بالقرية يمر النهر"),
    ],
)
def test_words_out_of_order_are_less_expected(good, odd) -> None:
    in_order, shuffled, unseen = scores(model([good] * 3), [good, odd, "qwerty uiop"])
    assert in_order > shuffled > unseen


def test_text_of_the_same_kind_is_more_expected() -> None:
    trained = model(many("good", 200), 5)
    same, other = scores(trained, many("good", 50, 900)), scores(trained, many("bad", 50, 900))
    assert same.min() > other.max()


def test_what_is_skipped_is_context_and_what_is_beyond_the_cap_is_not_read() -> None:
    trained = model(many("good", 50))
    text = many("good", 1, 900)[0]
    words = text.split()
    whole = scores(trained, [text])[0] * len(words)
    first = scores(trained, [text], most=4)[0] * 4
    rest = scores(trained, [text], skip=4)[0] * (len(words) - 4)
    assert first + rest == pytest.approx(whole)
    assert first == pytest.approx(scores(trained, [" ".join(words[:4])])[0] * 4)
    assert np.isnan(scores(trained, ["", "...", "one two"], skip=2)).all()


def test_a_text_scores_alone_as_among_others() -> None:
    trained = model(many("good", 50))
    texts = many("good", 5, 900)
    together = scores(trained, texts)
    assert [scores(trained, [text])[0] for text in texts] == together.tolist()


def test_a_model_comes_back_from_its_file(tmp_path) -> None:
    trained, texts = model(many("good", 50)), many("good", 5, 900)
    trained.save(tmp_path / "a.npz")
    model(many("good", 50)).save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert (
        scores(ngrams.load(tmp_path / "a.npz"), texts).tolist() == scores(trained, texts).tolist()
    )
    (tmp_path / "c.npz").write_bytes(b"no archive")
    for name, message in (("c.npz", "no n-gram model"), ("absent.npz", "correct the path")):
        with pytest.raises(ModelError, match=message):
            ngrams.load(tmp_path / name)


def test_without_a_word_there_is_no_model() -> None:
    with pytest.raises(ValueError, match="no word"):
        model(["...", ""])
