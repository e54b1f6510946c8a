"""Filters and formatters written for datatrove, on Arrow columns."""

import sys
from pathlib import Path

import pyarrow as pa
import pytest

from polysieve.filters import datatrove

C4 = "datatrove.pipeline.filters.C4QualityFilter"
SAMPLER = "datatrove.pipeline.filters.SamplerFilter"
OWN = """
import random
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.formatters.base import BaseFormatter


class Mine(BaseFilter):
    name = "mine"

    def __init__(self, word="bad"):
        super().__init__()
        self.word = word

    def filter(self, doc):
        if "raises" in doc.text:
            raise ValueError("substring not found")
        if "once" in doc.text and not hasattr(Mine, "asked"):
            Mine.asked = True
            raise ValueError("a hiccup")
        if "unreachable" in doc.text:
            raise ConnectionError("no route")
        if self.word in doc.text:
            return False, f"has {self.word}"
        doc.text = ""
        return doc.metadata.get("language") != "xxx"


class Batched(BaseFilter):
    name = "batched"

    def __init__(self, batch_size=3):
        super().__init__(batch_size=batch_size)

    def filter(self, doc):
        return self.filter_batch([doc])[0]

    def filter_batch(self, batch):
        if any("raises" in doc.text for doc in batch):
            raise ValueError("in this batch")
        return ["bad" not in doc.text for doc in batch]


class Coin(BaseFilter):
    name = "coin"

    def filter(self, doc):
        return random.random() < 0.5


class Counter(BaseFormatter):
    def __init__(self):
        super().__init__()
        self.seen = 0

    def format(self, text):
        self.seen += 1
        return f"{self.seen} {text}"
"""


@pytest.fixture(autouse=True)
def own_module(tmp_path: Path, monkeypatch):
    (tmp_path / "own_blocks.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("own_blocks", None)
    datatrove._load.cache_clear()
    datatrove._takes_seed.cache_clear()


def documents(*texts: str, **metadata: list) -> pa.Table:
    ids = [f"id-{i}" for i in range(len(texts))]
    return pa.table({"text": pa.array(texts, pa.large_string()), "id": ids, **metadata})


def verdicts(path: str, table: pa.Table, **arguments) -> list[tuple[bool, str | None]]:
    found = datatrove.judge(path, arguments, table)
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


def test_a_filter_judges_each_document_with_its_reason() -> None:
    arguments = {"min_num_sentences": -1}
    texts = documents("The river is high today.", "Then { comes a brace.", "lorem ipsum dolor.")
    assert verdicts(C4, texts, **arguments) == [
        (True, None), (False, "curly_bracket"), (False, "lorem_ipsum"),
    ]  # fmt: skip
    assert verdicts(C4, texts.slice(0, 0), **arguments) == []


def test_a_filter_sees_metadata_and_what_it_does_to_the_text_is_not_seen_again() -> None:
    table = documents("good", "good", "bad", language=["swh", "xxx", None])
    for _ in range(2):
        assert verdicts("own_blocks.Mine", table) == [
            (True, None), (False, None), (False, "has bad"),
        ]  # fmt: skip
    assert table["text"].to_pylist() == ["good", "good", "bad"]


def test_a_document_on_which_the_filter_raises_each_time_is_dropped_alone() -> None:
    assert verdicts("own_blocks.Mine", documents("good", "raises", "once")) == [
        (True, None), (False, "error_ValueError"), (True, None),
    ]  # fmt: skip
    batched = documents("good", "raises", "bad", "good")
    assert verdicts("own_blocks.Batched", batched) == [
        (True, None), (False, "error_ValueError"), (False, None), (True, None),
    ]  # fmt: skip


def test_a_failure_of_the_machine_names_the_document_and_drops_nothing() -> None:
    with pytest.raises(datatrove.BlockFailed, match=r"id-1: ConnectionError: no route"):
        verdicts("own_blocks.Mine", documents("good", "unreachable"))


@pytest.mark.parametrize(
    ("path", "arguments"), [(SAMPLER, {"rate": 0.5, "seed": 7}), ("own_blocks.Coin", {})]
)
def test_chance_follows_the_document_and_not_its_neighbours(path, arguments) -> None:
    table = documents(*(f"text {i}" for i in range(64)))
    whole = verdicts(path, table, **arguments)
    assert [v for i in range(64) for v in verdicts(path, table.slice(i, 1), **arguments)] == whole
    assert 16 < sum(passed for passed, _ in whole) < 48


def test_another_seed_draws_other_documents() -> None:
    table = documents(*(f"text {i}" for i in range(64)))
    assert verdicts(SAMPLER, table, seed=1) != verdicts(SAMPLER, table, seed=2)


@pytest.mark.parametrize(
    ("path", "arguments", "message"),
    [
        (C4, {"min_num_sentences": -1}, None),
        ("own_blocks.Mine", {"word": "evil"}, None),
        ("nowhere.to.Be", {}, "there is no module nowhere"),
        ("own_blocks.Nothing", {}, "not the import path of a class"),
        ("C4QualityFilter", {}, "not the import path of a class"),
        ("datatrove.data.Document", {}, "is no filter"),
        ("own_blocks.Counter", {}, "is no filter"),
        (C4, {"max_words": 3}, "its arguments are: "),
        (SAMPLER, {"rate": 0.1}, "give it a seed"),
        ("own_blocks.Mine", {"word": "boat", "language": "fra"}, "its arguments are: word"),
        ("own_blocks.Mine", {"word": 3}, "fails on an ordinary document (TypeError"),
    ],
)
def test_what_is_wrong_with_a_filter_is_known_before_it_runs(path, arguments, message) -> None:
    problem = datatrove.problem(path, arguments, "filter")
    assert problem is None if message is None else message in problem


def test_a_package_that_is_missing_is_named_with_its_command(monkeypatch) -> None:
    # datatrove finds out at the first sentence that it needs spaCy.
    monkeypatch.setattr("datatrove.utils._import_utils._is_package_available", lambda name: False)
    datatrove_tokenizers = pytest.importorskip("datatrove.utils.word_tokenizers")
    datatrove_tokenizers.load_word_tokenizer.cache_clear()
    assert "pip install spacy" in (datatrove.problem(C4, {}, "filter") or "")
    assert "pip install" in (
        datatrove.problem("datatrove.pipeline.filters.URLFilter", {}, "filter") or ""
    )


def test_a_formatter_begins_anew_with_each_text() -> None:
    texts = pa.array(["a", None, "b"])
    assert datatrove.problem("own_blocks.Counter", {}, "formatter") is None
    assert datatrove.reformat("own_blocks.Counter", {}, texts).to_pylist() == ["1 a", None, "1 b"]
    lines = datatrove.reformat(
        "datatrove.pipeline.formatters.SymbolLinesFormatter",
        {"symbols_to_remove": ["|"], "replace_char": "\n"},
        pa.array(["one\n|||\ntwo"]),
    )
    assert lines.to_pylist() == ["one\n\n\ntwo"]


def test_the_source_hash_follows_the_class_and_what_it_derives_from(tmp_path) -> None:
    before = datatrove.source_hash("own_blocks.Mine")
    assert before == datatrove.source_hash("own_blocks.Mine")
    (tmp_path / "own_blocks.py").write_text(OWN + "\n# changed\n")
    assert datatrove.source_hash("own_blocks.Mine") != before
