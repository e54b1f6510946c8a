"""Files of every type, told by their content."""

import datetime
import gzip
import io
import json
import struct

import lz4.frame
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.pipeline.sources.archives import (
    conversion,
    damage,
    http_response,
    ids,
    kinds,
    members,
    page,
    read,
    record_id,
    response,
)

RECORDS = [response(0), conversion(1), response(2)]
PACKED = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "lz4": lz4.frame.compress,
}


@pytest.mark.parametrize("name", ["a.warc.gz", "a.parquet", "a.jsonl", "noname"])
@pytest.mark.parametrize("packed", PACKED)
def test_the_name_says_nothing(tmp_path, name, packed):
    records = read(tmp_path / name, PACKED[packed](b"".join(RECORDS)))
    assert ids(records) == [record_id(number) for number in range(3)]


def test_gzip_members_with_extra_fields_and_names(tmp_path):
    def member(record: bytes) -> bytes:
        packed = gzip.compress(record, mtime=0)
        extra = struct.pack("<2sHII", b"sl", 8, len(packed), len(record))
        head = packed[:3] + b"\x0c" + packed[4:10]  # FEXTRA and FNAME
        return head + struct.pack("<H", len(extra)) + extra + b"name\0" + packed[10:]

    assert len(ids(read(tmp_path / "input", b"".join(map(member, RECORDS))))) == 3


@pytest.mark.parametrize("pack_dictionary", [False, True])
def test_zstd_with_its_dictionary_in_the_first_frame(tmp_path, pack_dictionary):
    samples = [response(number) for number in range(200)]
    dictionary = zstandard.train_dictionary(2000, samples)
    content = dictionary.as_bytes()
    if pack_dictionary:
        content = zstandard.compress(content)
    packer = zstandard.ZstdCompressor(dict_data=dictionary)
    data = b"\x5d\x2a\x4d\x18" + struct.pack("<I", len(content)) + content
    data += b"".join(packer.compress(record) for record in samples)
    records = read(tmp_path / "input", data)
    assert ids(records) == [record_id(number) for number in range(200)]


def arc(url: str, body: bytes, kind: str = "text/html", version: int = 1) -> bytes:
    middle = "200 - - 12345 x.arc " if version == 2 else ""
    line = f"{url} 192.0.2.1 20140102030405 {kind} {middle}{len(body)}\n"
    return line.encode() + body + b"\n"


ARC_HEADER = arc(
    "filedesc://x.arc",
    b"1 0 Test\nURL IP-address Archive-date Content-type Archive-length\n\n",
    "text/plain",
)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("pack", [b"".join, members])
def test_arc(tmp_path, version, pack):
    records = read(
        tmp_path / "input",
        pack(
            [
                ARC_HEADER,
                arc("dns:example.org", b"20140102030405\n1.2.3.4", "text/dns", version),
                arc("http://example.org/a b", http_response(page(1)), version=version),
                arc("http://example.org/c", http_response(b"", status="HTTP/1.0 404 Not")),
                arc("http://example.org/d", b"no http here"),
            ]
        ),
    )
    assert kinds(records) == [
        "not_response",
        "not_response",
        "document",
        "status",
        "malformed_http",
    ]
    document = records[2]
    assert document.url == "http://example.org/a b"
    assert document.date == "2014-01-02T03:04:05Z"
    assert document.payload == page(1)
    assert document.id.startswith("sha256:")


def test_arc_with_wrong_lengths_recovers_the_rest(tmp_path):
    good = arc("http://example.org/1", http_response(page(1)))
    wrong = arc("http://example.org/2", http_response(page(2))).replace(b" 1", b" 9", 1)
    bad = b"http://example.org/3 1.2.3.4 20140102030405 text/html abc\n\n"
    cut = arc("http://example.org/4", http_response(page(4)))
    declared = wrong.split(b"\n")[0].split()[-1]
    wrong = wrong.replace(declared + b"\n", b"99999\n", 1)
    records = read(tmp_path / "input", ARC_HEADER + good + wrong + good + bad + good + cut[:-30])
    assert kinds(records)[1:] == [
        "document",
        "damaged",
        "document",
        "damaged",
        "document",
        "damaged",
    ]
    assert [piece.is_document for piece in damage(records)] == [True, False, True]


def jsonl(*values: object) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


ROWS = [
    {"text": "one", "id": "a", "url": "http://x/1", "date": "2024-01-01", "dump": "D"},
    {"text": "two"},
    {"text": "drei ü", "id": 3, "other": {"nested": [1]}},
]


@pytest.mark.parametrize("packed", PACKED)
def test_json_lines(tmp_path, packed):
    first, second, third = read(tmp_path / "input", PACKED[packed](jsonl(*ROWS)))
    assert (first.id, first.url, first.date, first.dump) == ("a", "http://x/1", "2024-01-01", "D")
    assert (first.kind, first.decoded, first.payload) == ("text", True, b"one")
    assert second.id.startswith("sha256:")
    assert (second.url, second.date, second.dump) == (None, None, None)
    assert (third.id, third.payload.decode()) == ("3", "drei ü")
    assert (first.offset, second.offset) == (0, len(jsonl(ROWS[0])))


def test_json_lines_with_mark_crlf_blank_lines_and_no_last_newline(tmp_path):
    data = b'\xef\xbb\xbf{"text": "a"}\r\n\r\n   \n{"text": "b"}\n\n{"text": "c"}'
    records = read(tmp_path / "input", data)
    assert [record.payload for record in records] == [b"a", b"b", b"c"]


def test_bad_json_lines_leave_the_others(tmp_path):
    lines = [
        b'{"text": "a"}',
        b'{"text": "b"',
        b"[1]",
        b'{"body": "c"}',
        b'{"text": 5}',
        b'{"text": ""}',
        b'{"text": null}',
        b"\x00\xff",
        b'{"text": "\\ud800x"}',
        b'{"text": "\xffy"}',
        b'{"text": "z"}',
    ]
    records = read(tmp_path / "input", b"\n".join(lines))
    bad = ["damaged"] * 4
    assert kinds(records) == [
        "document",
        *bad,
        "empty",
        "empty",
        "damaged",
        "document",
        "document",
        "document",
    ]
    assert records[8].payload.decode() == "\ufffdx"
    assert records[9].payload.decode() == "\ufffdy"
    assert all(piece.is_document for piece in damage(records))
    assert records[3].cause == "line has no text (it has: body)"
    assert records[2].offset == len(lines[0]) + len(lines[1]) + 2


def test_bad_first_json_line(tmp_path):
    assert kinds(read(tmp_path / "x", b"oops\n" + jsonl(*ROWS))) == ["damaged", *["document"] * 3]


def test_json_line_over_the_cap(tmp_path):
    data = jsonl({"text": "a"}, {"text": "x" * 5000}, {"text": "b"}, {"text": "y" * 900})
    records = read(tmp_path / "input", data, max_record_bytes=1000)
    assert kinds(records) == ["document", "too_large", "document", "document"]


def test_json_lines_with_a_damaged_member(tmp_path):
    packed = [bytearray(gzip.compress(jsonl({"text": f"t{n}" * 30}), mtime=0)) for n in range(5)]
    packed[2][12:30] = b"\xff" * 18
    records = read(tmp_path / "input", b"".join(map(bytes, packed)))
    assert [r.payload[:2] for r in records if not hasattr(r, "cause")] == [
        b"t0",
        b"t1",
        b"t3",
        b"t4",
    ]
    assert len(damage(records)) == 1


def table_bytes(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.dictionary(pa.int32(), pa.string()),
    ],
    ids=str,
)
def test_parquet_texts(tmp_path, kind):
    texts = pa.array(["one", None, "", "vier ö", "fünf"], pa.string()).cast(kind)
    records = read(tmp_path / "input", table_bytes(pa.table({"text": texts}), row_group_size=2))
    assert kinds(records) == ["document", "empty", "empty", "document", "document"]
    assert [r.payload.decode() for r in records if hasattr(r, "payload")] == [
        "one",
        "vier ö",
        "fünf",
    ]
    assert [record.offset for record in records] == [0, 1, 2, 3, 4]


def test_parquet_columns(tmp_path):
    when = datetime.datetime(2024, 5, 6, 7, 8, 9)
    table = pa.table(
        {
            "text": ["a", "b"],
            "id": ["i", None],
            "url": pa.array(["http://x/", None], pa.large_string()),
            "date": pa.array([when, None], pa.timestamp("ns", "Europe/Berlin")),
            "dump": ["D", None],
            "label": [1, 2],
        }
    )
    first, second = read(tmp_path / "CC-MAIN-2023-50", table_bytes(table))
    assert (first.id, first.url, first.dump) == ("i", "http://x/", "D")
    assert first.date == "2024-05-06T07:08:09Z"
    assert second.id.startswith("sha256:")
    assert (second.url, second.date, second.dump) == (None, None, "CC-MAIN-2023-50")


def test_json_lines_and_parquet_give_the_same_ids(tmp_path):
    rows = [
        {"text": "x", "url": "u", "date": "2024-01-01"},
        {"text": "y", "url": None, "date": None},
    ]
    table = table_bytes(pa.Table.from_pylist(rows))
    assert ids(read(tmp_path / "a", table)) == ids(read(tmp_path / "b", jsonl(*rows)))


def test_parquet_without_text_names_its_columns(tmp_path):
    (piece,) = read(tmp_path / "input", table_bytes(pa.table({"body": ["x"], "n": [1]})))
    assert piece.cause == "Parquet file has no column 'text' (it has: body, n)"
    assert not piece.is_document


def test_parquet_with_texts_that_are_none(tmp_path):
    (piece,) = read(tmp_path / "input", table_bytes(pa.table({"text": [1, 2]})))
    assert "is no string but int64" in piece.cause


def test_parquet_text_over_the_cap_and_invalid_utf8(tmp_path):
    table = pa.table({"text": pa.array([b"x" * 2000, b"ok\xff"], pa.binary())})
    records = read(tmp_path / "input", table_bytes(table), max_record_bytes=1000)
    assert kinds(records) == ["too_large", "document"]
    assert records[1].payload.decode() == "ok\ufffd"


def test_damaged_row_group_leaves_the_others(tmp_path):
    texts = [f"text {number} " * 50 for number in range(90)]
    data = bytearray(
        table_bytes(pa.table({"text": texts}), row_group_size=30, write_page_checksum=True)
    )
    column = pq.ParquetFile(io.BytesIO(bytes(data))).metadata.row_group(1).column(0)
    middle = column.data_page_offset + column.total_compressed_size // 4
    data[middle : middle + 20] = b"\xee" * 20
    records = read(tmp_path / "input", bytes(data))
    assert len(ids(records)) == 60
    (piece,) = damage(records)
    assert piece.offset == 30
    assert piece.cause.startswith("rows 30 to 59 of row group 1 damaged")


def test_parquet_cut_off(tmp_path):
    data = table_bytes(pa.table({"text": ["x" * 100] * 100}))
    (piece,) = read(tmp_path / "input", data[:-20])
    assert piece.cause.startswith("Parquet footer damaged")


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize(
    "content", [b"a,b\n1,2\n", b"\x89PNG\r\n\x1a\n", b"[]", b"\0" * 999, b"plain words"]
)
def test_unknown_type_is_one_damaged_piece(tmp_path, packed, content):
    records = read(tmp_path / "input", PACKED[packed](content))
    assert kinds(records) == ["damaged"]
    assert "unknown type" in records[0].cause
    assert not records[0].is_document


def test_compressed_noise_is_one_damaged_piece(tmp_path):
    (piece,) = read(tmp_path / "input", b"\x1f\x8b\x08\x00" + b"\xfe" * 400)
    assert piece.cause.startswith("gzip frame damaged")
    assert not piece.is_document
