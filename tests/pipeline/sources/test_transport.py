"""Bytes over lines that fail: resumed from the last good byte, and never taken for the end of a file."""

import hashlib
import io

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polysieve.pipeline.sources import Retries, Source, SourceError, read_records, transport
from polysieve.pipeline.sources.transport import Input
from tests.pipeline.sources.archives import QUICK, ids, members, page, record_id, warc_record
from tests.pipeline.sources.servers import s3_server, serve

DATA = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(40_000))


@pytest.fixture
def server():
    with serve({"x": DATA}) as crawl:
        yield crawl


def test_whole_file(server):
    assert Input(f"{server.url}/x", retries=QUICK).readall() == DATA


def test_server_error_twice(server):
    server.unavailable["x"] = 2
    assert Input(f"{server.url}/x", retries=QUICK).readall() == DATA


@pytest.mark.parametrize("size", [-1, len(DATA)])
def test_connection_cut_is_resumed_by_range(server, size):
    server.cut["x"] = 3
    assert Input(f"{server.url}/x", size=size, retries=QUICK).readall() == DATA
    spans = [span for _, _, span in server.requests]
    assert spans[0] == ""
    assert spans[1] == f"bytes={len(DATA) // 2}-"
    assert len(spans) == 4


def test_server_without_ranges_is_read_again_up_to_the_place(server):
    server.ranges = False
    server.cut["x"] = 1
    assert Input(f"{server.url}/x", retries=QUICK).readall() == DATA


def test_file_that_changes_midway_is_an_error(server):
    stream = Input(f"{server.url}/x", retries=QUICK)
    assert stream.read(1000) == DATA[:1000]
    server.files["x"] = DATA[::-1]
    stream.seek(5000)
    with pytest.raises(SourceError, match="byte 5000: the file changed while it was read"):
        stream.read(10)


def test_tries_end_with_one_line_that_names_address_byte_and_cause(server):
    server.unavailable["x"] = 99
    with pytest.raises(SourceError) as caught:
        Input(f"{server.url}/x", retries=QUICK).readall()
    assert str(caught.value) == f"{server.url}/x: byte 0: HTTP status 503 (after 4 tries)"
    assert len(server.requests) == QUICK.attempts


def test_missing_file_is_not_tried_again(server):
    with pytest.raises(SourceError, match=r"/none: byte 0: HTTP status 404$"):
        Input(f"{server.url}/none", retries=QUICK).read(1)
    assert len(server.requests) == 1


def test_refused_connection_is_a_source_error():
    with serve({}) as crawl:
        address = f"{crawl.url}/x"
    with pytest.raises(SourceError, match="after 2 tries"):
        Input(address, retries=Retries(attempts=2, first_delay=0.001)).read(1)


def test_local_file_that_is_gone(tmp_path):
    with pytest.raises(SourceError, match="byte 0"):
        list(read_records(Source(str(tmp_path / "none"), 10, "")))


def test_delays_grow_up_to_a_bound():
    retries = Retries(first_delay=0.5, max_delay=3)
    assert [retries.delay(failures) for failures in (1, 2, 3, 4, 5000)] == [0.5, 1, 2, 3, 3]


def test_waits_no_longer_than_the_bound_whatever_the_server_asks(monkeypatch):
    slept = []
    monkeypatch.setattr(transport.time, "sleep", slept.append)
    transport.wait_for(Retries(first_delay=1, max_delay=7), 1, asked=9999)
    transport.wait_for(Retries(first_delay=1, max_delay=7), 2)
    assert slept == [7, 2]


def test_progress_renews_the_tries(server):
    assert len(DATA) // 4 > transport.PROGRESS
    server.cut["x"] = 2
    retries = Retries(attempts=2, first_delay=0.001)
    assert Input(f"{server.url}/x", retries=retries).readall() == DATA


def test_sought_reads(server, tmp_path):
    (tmp_path / "x").write_bytes(DATA)
    for stream in (Input(f"{server.url}/x", retries=QUICK), Input(str(tmp_path / "x"))):
        assert stream.seek(-10, io.SEEK_END) == len(DATA) - 10
        assert stream.read(100) == DATA[-10:]
        assert stream.read(100) == b""
        stream.seek(500)
        assert stream.read(7) == DATA[500:507]
        stream.seek(3, io.SEEK_CUR)
        assert stream.tell() == 510


def archive() -> tuple[bytes, list[str]]:
    count = 400
    noise = [hashlib.sha512(b"%d" % number).hexdigest().encode() * 20 for number in range(count)]
    records = (
        warc_record(
            "response", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body, number
        )
        for number, body in enumerate(noise)
    )
    return members(records), [record_id(number) for number in range(count)]


def test_an_archive_is_had_by_one_request():
    data, wanted = archive()
    with serve({"x": data}) as crawl:
        assert ids(read_records(Source(f"{crawl.url}/x", len(data), ""))) == wanted
        assert crawl.requests == [("GET", "x", "")]


def test_records_over_a_failing_line():
    data, wanted = archive()
    with serve({"x": data}) as crawl:
        crawl.unavailable["x"] = 2
        crawl.cut["x"] = 4
        source = Source(f"{crawl.url}/x", len(data), "")
        retries = Retries(attempts=8, first_delay=0.001)
        assert ids(read_records(source, retries=retries)) == wanted


def test_parquet_over_a_failing_line():
    sink = io.BytesIO()
    texts = [page(number).decode() * 50 for number in range(500)]
    pq.write_table(pa.table({"text": texts, "n": range(500)}), sink, row_group_size=100)
    data = sink.getvalue()
    with serve({"x": data}) as crawl:
        crawl.cut["x"] = 3
        source = Source(f"{crawl.url}/x", len(data), "")
        records = list(read_records(source, retries=Retries(attempts=8, first_delay=0.001)))
        assert [record.payload.decode() for record in records] == texts
        crawl.unavailable["x"] = 999
        with pytest.raises(SourceError, match="HTTP status 503"):
            list(read_records(source, retries=QUICK))


class _Flaky(fsspec.AbstractFileSystem):
    """A store whose reads fail now and then, and end early."""

    protocol = "flaky"
    cachable = False
    failures: list[str] = []  # noqa: RUF012

    def _open(self, path, mode="rb", **options):
        stream = io.BytesIO(DATA)
        read = stream.read

        def failing(size=-1):
            if stream.tell() > 100_000 and self.failures:
                how = self.failures.pop()
                if how == "error":
                    raise RuntimeError("the store is tired")
                return b""
            return read(min(size, 65_536))

        stream.read = failing
        return stream


def test_store_that_fails_and_ends_early(monkeypatch):
    fsspec.register_implementation("flaky", _Flaky, clobber=True)
    monkeypatch.setattr(_Flaky, "failures", ["error", "end", "error"])
    stream = Input("flaky://x", size=len(DATA), retries=QUICK)
    assert stream.readall() == DATA
    assert _Flaky.failures == []
    monkeypatch.setattr(_Flaky, "failures", ["error"] * 9)
    with pytest.raises(
        SourceError, match=r"flaky://x: byte \d+: the store is tired \(after 4 tries\)"
    ):
        Input("flaky://x", size=len(DATA), retries=QUICK).readall()


def test_s3_object_that_is_gone():
    with s3_server() as options:
        fsspec.filesystem("s3", **options).mkdir("bucket")
        source = Source("s3://bucket/none.gz", 100, "")
        with pytest.raises(SourceError, match=r"s3://bucket/none\.gz: byte 0"):
            list(read_records(source, storage_options=options, retries=QUICK))
