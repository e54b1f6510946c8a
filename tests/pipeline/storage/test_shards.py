"""Parquet files that are filled a table at a time."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polysieve.pipeline.storage.shards import Shards
from polysieve.pipeline.storage.store import Store


def table(*values: int) -> pa.Table:
    return pa.table({"n": pa.array(values, pa.int64())})


def groups(path) -> list[list[int]]:
    """The values of each row group of a file."""
    file = pq.ParquetFile(path)
    return [file.read_row_group(i)["n"].to_pylist() for i in range(file.num_row_groups)]


def test_a_file_is_closed_once_it_is_large_and_the_next_begun(tmp_path) -> None:
    with Shards(Store(str(tmp_path)), limit=16) as shards:
        for part in (table(1), table(2, 3), table(), table(4)):
            shards.put("a/", part)
        shards.put("b/", table(9))
    found = {str(p.relative_to(tmp_path)): groups(p) for p in tmp_path.rglob("*.parquet")}
    assert found == {
        "a/00000.parquet": [[1], [2, 3]],
        "a/00001.parquet": [[4]],
        "b/00000.parquet": [[9]],
    }


def test_row_groups_are_gathered_over_tables(tmp_path) -> None:
    with Shards(Store(str(tmp_path)), group_rows=3) as shards:
        for part in (table(1, 2), table(3, 4, 5, 6, 7), table(8)):
            shards.put("x.parquet", part)
        shards.close("x.parquet")
        shards.put("y.parquet", table(1, 2, 3))
    assert groups(tmp_path / "x.parquet") == [[1, 2, 3], [4, 5, 6], [7, 8]]
    assert groups(tmp_path / "y.parquet") == [[1, 2, 3]]


def test_after_an_error_no_file_is_there(tmp_path) -> None:
    with pytest.raises(RuntimeError), Shards(Store(str(tmp_path)), limit=1000) as shards:
        shards.put("a", table(1))
        raise RuntimeError
    assert not list(tmp_path.rglob("*.parquet"))
