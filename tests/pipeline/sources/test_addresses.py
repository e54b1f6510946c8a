"""From what a user writes to the list of inputs."""

import os

import fsspec
import pytest

from polysieve.pipeline.sources import InputError, Retries, SourceError, read_records, resolve
from tests.pipeline.sources.archives import QUICK, conversion, ids, members, record_id
from tests.pipeline.sources.servers import (
    SNAPSHOT,
    common_crawl_tree,
    s3_server,
    serve,
    write_tree,
)


def shard(number: int, size: int = 3) -> bytes:
    return members(conversion(number * 100 + place) for place in range(size))


SHARDS = {f"CC-MAIN-2025041800-{number:05d}.warc.wet.gz": shard(number) for number in range(6)}


def addresses(sources):
    return [source.address for source in sources]


def test_local_files(tmp_path):
    write_tree(tmp_path, {"b.gz": b"22", "a.gz": b"1", "sub/c.gz": b"333", "sub/deep/d.txt": b""})
    (one,) = resolve([str(tmp_path / "a.gz")])
    assert (one.address, one.size) == (str(tmp_path / "a.gz"), 1)
    assert one.etag == str((tmp_path / "a.gz").stat().st_mtime_ns)
    found = resolve([f"{tmp_path}/**/*.gz", f"file://{tmp_path}/b.gz", str(tmp_path / "a.gz")])
    assert addresses(found) == [f"{tmp_path}/{name}" for name in ("a.gz", "b.gz", "sub/c.gz")]


def test_relative_paths_become_absolute(tmp_path, monkeypatch):
    write_tree(tmp_path, {"x/a": b""})
    monkeypatch.chdir(tmp_path / "x")
    assert addresses(resolve(["a", "../x/*"])) == [str(tmp_path / "x" / "a")]


def test_where_nothing_fits_it_is_said_what_is_there(tmp_path):
    made = {"a.jsonl.zst": b"", "b.jsonl.zst": b"", "deep/down/c.wet.gz": b"", "deep/notes": b""}
    write_tree(tmp_path, made)
    (tmp_path / "empty").mkdir()
    for address, says in (
        ("", rf"is a folder; give its files, e\.g\. {tmp_path}/\*\.jsonl\.zst \(2 × .*there\)"),
        ("deep", r"1 × \S+/deep/\*\*/\*\.wet\.gz"),
        ("empty", "is a folder without files"),
        ("*.parquet", rf"no file matches; {tmp_path} has 2 × {tmp_path}/\*\.jsonl\.zst and 1 ×"),
        ("empty/*.gz", "no file matches; .*/empty has no files"),
        ("nowhere/**/*.gz", f"no file matches; there is no folder {tmp_path}/nowhere"),
    ):
        with pytest.raises(InputError, match=says):
            resolve([str(tmp_path / address)])


def test_a_glob_passes_folders_over(tmp_path):
    write_tree(tmp_path, {"one": b"", "two/three": b""})
    assert addresses(resolve([f"{tmp_path}/*"])) == [f"{tmp_path}/one"]


def test_names_with_the_signs_of_a_glob(tmp_path):
    write_tree(tmp_path, {"a[1].gz": b"x", "a1.gz": b""})
    assert addresses(resolve([f"{tmp_path}/a[1].gz"])) == [f"{tmp_path}/a[1].gz"]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("none.gz", "no such file"),
        ("*.none", "no file matches"),
        ("folder", "is a folder without files"),
        ("nowhere://x/y", "check the address"),
        ("memory://nothing/here", "no such file"),
        ("memory://nothing/*.gz", "no file matches"),
        ("https://example.org/*.gz", "a web server does not list its files"),
        ("commoncrawl://CC-MAIN-2025-18", "is no Common Crawl address"),
        ("commoncrawl://CC-MAIN-2025-18/wat", "is no Common Crawl address"),
        ("commoncrawl://CC-MAIN-2025-18/wet?shard=3", "is no Common Crawl address"),
        ("commoncrawl://CC-MAIN-2025-18/wet?shards=3-x", "is no number or range"),
        ("commoncrawl://CC-MAIN-2025-18/wet?shards=9-3", "is no number or range"),
        ("commoncrawl://../wet", "is no Common Crawl address"),
    ],
)
def test_bad_addresses_are_one_line_with_address_and_cure(tmp_path, monkeypatch, address, says):
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        resolve([address])
    message = str(caught.value)
    assert says in message
    assert address.split("?")[0] in message
    assert "\n" not in message


def test_fsspec_addresses():
    system = fsspec.filesystem("memory")
    for name in ("a.gz", "b.gz", "sub/c.gz"):
        system.pipe(f"/bucket/{name}", shard(1))
    try:
        found = resolve(["memory://bucket/**/*.gz", "memory://bucket/*"])
        assert addresses(found) == [
            "memory:///bucket/a.gz",
            "memory:///bucket/b.gz",
            "memory:///bucket/sub/c.gz",
        ]
        assert found[0].size == len(shard(1))
        assert ids(read_records(found[0])) == [record_id(100 + place) for place in range(3)]
        with pytest.raises(InputError, match="is a folder"):
            resolve(["memory://bucket/sub"])
    finally:
        system.rm("/bucket", recursive=True)


def test_web_files():
    with serve({"a/x.gz": shard(1)}) as server:
        (source,) = resolve([f"{server.url}/a/x.gz", f"{server.url}/a/x.gz"])
        assert source.size == len(shard(1))
        assert source.etag
        assert ids(read_records(source)) == [record_id(100 + place) for place in range(3)]
        with pytest.raises(InputError, match=r"/none: no such file \(HTTP status 404\)"):
            resolve([f"{server.url}/none"])


def test_server_that_does_not_answer_is_no_error_of_the_input():
    with serve({}) as server:
        address = f"{server.url}/x"
    with pytest.raises(SourceError, match="after 2 tries"):
        resolve([address], retries=Retries(attempts=2, first_delay=0.001, timeout=1))


@pytest.mark.parametrize(
    ("query", "shards"),
    [
        ("", range(6)),
        ("?shards=3", [3]),
        ("?shards=0-2", [0, 1, 2]),
        ("?shards=0-1,4", [0, 1, 4]),
        ("?shards=5,0", [0, 5]),
    ],
)
def test_common_crawl_shards(query, shards):
    files = common_crawl_tree(wet=SHARDS)
    names = list(SHARDS)
    with serve(files) as server:
        found = resolve([f"commoncrawl://{SNAPSHOT}/wet{query}"], base_url=server.url)
        assert [address.rsplit("/", 1)[1] for address in addresses(found)] == [
            names[number] for number in sorted(shards)
        ]
        assert [source.size for source in found] == [len(SHARDS[names[n]]) for n in sorted(shards)]
        assert all(f"/crawl-data/{SNAPSHOT}/segments/" in source.address for source in found)


def test_common_crawl_from_a_folder_and_from_a_server_give_the_same_records(tmp_path):
    files = common_crawl_tree(wet=SHARDS)
    write_tree(tmp_path, files)
    wanted = f"commoncrawl://{SNAPSHOT}/wet?shards=0-3"
    local = resolve([wanted], base_url=str(tmp_path))
    with serve(files) as server:
        paths = [path for path in files if path.endswith(".wet.gz")]
        server.unavailable[paths[0]] = 2
        server.cut[paths[1]] = 1
        server.unavailable[f"crawl-data/{SNAPSHOT}/wet.paths.gz"] = 1
        remote = resolve([wanted], base_url=server.url + "/", retries=QUICK)
        for here, there in zip(local, remote, strict=True):
            assert there.address.removeprefix(server.url) == here.address.removeprefix(
                str(tmp_path)
            )
            records = list(read_records(there, retries=QUICK))
            assert records == list(read_records(here))
            assert records[0].dump == SNAPSHOT
        assert server.unavailable[paths[0]] == 0
        assert server.cut[paths[1]] == 0


def test_common_crawl_that_is_not_there():
    with serve(common_crawl_tree(wet=SHARDS)) as server:
        with pytest.raises(InputError, match="list of paths cannot be had"):
            resolve(["commoncrawl://CC-MAIN-1999-01/wet"], base_url=server.url)
        with pytest.raises(InputError, match=r"has no shard 6; the snapshot's shards are 0 to 5"):
            resolve([f"commoncrawl://{SNAPSHOT}/wet?shards=4-9"], base_url=server.url)


def test_s3(tmp_path):
    with s3_server() as options:
        system = fsspec.filesystem("s3", **options)
        system.mkdir("crawl")
        files = common_crawl_tree(wet=SHARDS)
        for path, data in files.items():
            system.pipe(f"crawl/{path}", data)
        found = resolve(["s3://crawl/**/*.wet.gz"], storage_options=options)
        assert len(found) == 6
        assert found[0].address.startswith("s3://crawl/crawl-data/")
        assert found[0].size == len(shard(0))
        assert found[0].etag
        (tmp_path / "x").write_bytes(shard(0))
        local = list(read_records(resolve([str(tmp_path / "x")])[0]))
        remote = list(read_records(found[0], storage_options=options))
        assert ids(remote) == ids(local)
        snapshot = resolve(
            [f"commoncrawl://{SNAPSHOT}/wet?shards=1"],
            base_url="s3://crawl",
            storage_options=options,
        )
        assert snapshot == found[1:2]
        assert resolve([found[2].address], storage_options=options) == found[2:3]
        with pytest.raises(InputError, match="no such file"):
            resolve(["s3://crawl/none.gz"], storage_options=options)
        with pytest.raises(InputError, match="no file matches"):
            resolve(["s3://crawl/*.none"], storage_options=options)
        with pytest.raises(InputError, match=r"s3://nobucket/x: "):
            resolve(["s3://nobucket/x"], storage_options=options)


def test_changed_file_has_another_etag(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"a")
    os.utime(path, ns=(1, 1))
    before = resolve([str(path)])
    os.utime(path, ns=(2, 2))
    assert resolve([str(path)]) != before
