"""Records over the cap are passed over without being held."""

import gzip
import json
import struct
import subprocess
import sys
import zlib

import pytest

from tests.pipeline.sources.archives import ids, kinds, members, read, record_id, response

HUGE = 300_000_000

_MEASURE = """
import json, resource, sys
from polysieve.pipeline.sources import Document, Source, read_records
list(read_records(Source(sys.argv[2], -1, "")))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
records = list(read_records(Source(sys.argv[1], -1, "")))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([(after - before) / 1024, [getattr(r, "reason", None) or r.id for r in records]]))
"""


def packed_run(head: bytes, tail: bytes, size: int) -> bytes:
    """One gzip member of head, that many letters, tail; made without holding them."""
    letters = b"x" * 1_000_000
    assert size % len(letters) == 0

    def packed(data: bytes, flush: int) -> bytes:
        packer = zlib.compressobj(1, wbits=-15)
        return packer.compress(data) + packer.flush(flush)

    # After a full flush nothing refers back, so that one packed piece can stand any number of times.
    count = size // len(letters)
    body = packed(head, zlib.Z_FULL_FLUSH) + packed(letters, zlib.Z_FULL_FLUSH) * count
    body += packed(tail, zlib.Z_FINISH)
    checksum = zlib.crc32(head)
    for _ in range(count):
        checksum = zlib.crc32(letters, checksum)
    total = len(head) + size + len(tail)
    return gzip.compress(b"")[:10] + body + struct.pack("<II", zlib.crc32(tail, checksum), total)


HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
HEAD = (
    b"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\n"
    b"WARC-Target-URI: http://example.org/\r\nContent-Length: %d\r\n\r\n"
)


@pytest.mark.parametrize("one_member", [False, True])
def test_huge_record_is_skipped_in_bounded_memory(tmp_path, one_member):
    head = HEAD % (HUGE + len(HTTP)) + HTTP
    if one_member:
        data = packed_run(response(1) + head, b"\r\n\r\n" + response(2), HUGE)
    else:
        data = members([response(1)]) + packed_run(head, b"\r\n\r\n", HUGE) + members([response(2)])
    check(tmp_path, data, [record_id(1), "too_large", record_id(2)])


def test_huge_json_line_is_skipped_in_bounded_memory(tmp_path):
    rows = [json.dumps({"text": "t", "id": name}).encode() + b"\n" for name in "ab"]
    data = packed_run(rows[0] + b'{"text": "', b'"}\n' + rows[1], HUGE)
    check(tmp_path, data, ["a", "too_large", "b"])


def check(tmp_path, data: bytes, expected: list[str]) -> None:
    """Reads the file in a process of its own, whose peak memory is its alone."""
    path, small = tmp_path / "huge.gz", tmp_path / "small.gz"
    path.write_bytes(data)
    small.write_bytes(members([response(0)]))
    result = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path), str(small)],
        capture_output=True,
        text=True,
        check=True,
    )
    grown, found = json.loads(result.stdout)
    assert found == expected
    assert grown < 220, f"peak memory grew by {grown:.0f} MiB"


def test_cap_is_on_the_record(tmp_path):
    data = members(response(number) for number in range(2))
    assert kinds(read(tmp_path / "x", data, max_record_bytes=50)) == ["too_large"] * 2
    assert ids(read(tmp_path / "x", data, max_record_bytes=500)) == [record_id(0), record_id(1)]


def test_huge_record_that_is_cut_off(tmp_path):
    head = HEAD % (HUGE + len(HTTP)) + HTTP
    data = packed_run(head, b"", 10_000_000) + gzip.compress(response(2))
    records = read(tmp_path / "x", data, max_record_bytes=1_000_000)
    assert kinds(records) == ["damaged", "document"]
