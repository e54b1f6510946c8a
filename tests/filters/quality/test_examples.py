"""Which examples a model is made from."""

import pyarrow as pa

from polysieve.filters.quality.examples import Pool, divide
from tests.filters.quality.made_text import many


def pool(texts: list[str], seed: int = 0, most: int = 10_000) -> Pool:
    found = Pool(seed, most)
    for start in range(0, len(texts), 7):
        found.add(pa.array(texts[start : start + 7]))
    return found


def test_a_sample_does_not_depend_on_the_order_of_the_files() -> None:
    texts = many("good", 100)
    assert pool(texts, most=30).take() == pool(texts[::-1], most=30).take()
    assert pool(texts, most=30).take() != pool(texts, seed=1, most=30).take()
    assert len(pool(texts, most=30)) == 30


def test_a_text_counts_once_and_an_empty_one_never() -> None:
    found = pool(["a b", "a b", " \n", "", "c"])
    assert sorted(found.take()) == ["a b", "c"]
    assert found.seen == 3


def test_parts_are_balanced_disjoint_and_of_the_published_sizes() -> None:
    parts = divide(many("good", 100), many("bad", 250))
    assert {name: len(part.texts) for name, part in parts.items()} == {
        "train": 160,
        "validate": 20,
        "test": 20,
    }
    assert all(part.positive.mean() == 0.5 for part in parts.values())
    texts = [text for part in parts.values() for text in part.texts]
    assert len(set(texts)) == len(texts)
    bad = set(many("bad", 250))
    for part in parts.values():
        assert [text in bad for text in part.texts] == (~part.positive).tolist()


def test_a_text_of_both_classes_says_nothing() -> None:
    good, bad = many("good", 20), many("bad", 20)
    parts = divide([*good, bad[0]], bad)
    assert not any(bad[0] in part.texts for part in parts.values())
