"""The output store: whole files only, folders swapped in."""

import pickle

import pyarrow as pa
import pytest

from polysieve.pipeline.storage.store import TEMPORARY, Store


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(str(tmp_path / "out"))


def test_a_file_appears_only_when_it_is_whole(store) -> None:
    with pytest.raises(RuntimeError), store.create("a/b.bin") as file:
        file.write(b"half")
        raise RuntimeError
    assert not store.exists("a/b.bin")
    assert store.files(TEMPORARY) == []
    with store.create("a/b.bin") as file:
        file.write(b"whole")
    assert store.open("a/b.bin").read() == b"whole"


def test_rows_are_read_from_the_row_groups_that_hold_them(store) -> None:
    table = pa.table({"x": list(range(100)), "text": [str(i) for i in range(100)]})
    store.write_table("t.parquet", table, [10, 40, 50])
    for start, stop in [(0, 100), (5, 15), (10, 50), (49, 51), (99, 100), (30, 30)]:
        part = store.read_columns("t.parquet", ["x"], start, stop)
        assert part["x"].to_pylist() == list(range(start, stop))


def test_publishing_swaps_a_folder_in_and_repeats_safely(store) -> None:
    store.write_text("corpus/old.txt", "old")
    store.write_text("staged/corpus/new.txt", "new")
    store.publish("staged/corpus", "corpus")
    store.publish("staged/corpus", "corpus")
    assert store.files("corpus") == ["corpus/new.txt"]


def test_a_store_travels_to_workers(store) -> None:
    store.write_json("x.json", {"a": "ü"})
    assert pickle.loads(pickle.dumps(store)).read_json("x.json") == {"a": "ü"}
