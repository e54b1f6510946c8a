"""What counts as a document, and why the rest is skipped."""

import base64
import gzip
import zlib

import brotli
import pytest
import zstandard

from polysieve.pipeline.sources import SKIP_REASONS, Document, http_message
from tests.pipeline.sources.archives import (
    conversion,
    http_response,
    ids,
    kinds,
    page,
    read,
    record_id,
    response,
    warc_record,
)


def only(tmp_path, record, **options):
    (found,) = read(tmp_path / "input", record, **options)
    return found


def test_page_is_a_document_with_its_fields(tmp_path):
    document = only(tmp_path, response(7))
    assert document == Document(
        number=0,
        offset=0,
        id=record_id(7),
        url="https://example.org/7",
        date="2025-04-20T10:11:12Z",
        dump=None,
        kind="html",
        payload=page(7),
        decoded=False,
        content_type="text/html; charset=utf-8",
    )


def test_wet_record_is_a_text_in_utf8(tmp_path):
    document = only(tmp_path, conversion(1, "Ọ̀rọ̀ Yorùbá"))
    assert (document.kind, document.decoded, document.content_type) == ("text", True, None)
    assert document.payload.decode() == "Ọ̀rọ̀ Yorùbá"


def test_invalid_utf8_of_a_wet_record_is_replaced_and_kept(tmp_path):
    record = warc_record("conversion", b"good \xff\xfe text", 1)
    assert only(tmp_path, record).payload.decode() == "good \ufffd\ufffd text"


@pytest.mark.parametrize(
    "kind", ["request", "metadata", "warcinfo", "revisit", "continuation", "x"]
)
def test_records_that_hold_no_page_are_no_response(tmp_path, kind):
    assert kinds([only(tmp_path, warc_record(kind, b"body", 1))]) == ["not_response"]


def test_dns_response_is_no_response(tmp_path):
    record = warc_record(
        "response", b"1.2.3.4", content_type="text/dns", WARC_Target_URI="dns:example.org"
    )
    assert only(tmp_path, record).reason == "not_response"


def test_resource_from_the_web_is_a_document_and_a_crawlers_log_is_not(tmp_path):
    web = warc_record("resource", page(1), 1, content_type="text/html")
    log = warc_record(
        "resource", b"log", 2, content_type="text/plain", WARC_Target_URI="metadata://x/wget.log"
    )
    records = read(tmp_path / "input", web + log)
    assert kinds(records) == ["document", "not_response"]
    assert records[0].payload == page(1)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("HTTP/1.1 200 OK", "document"),
        ("HTTP/1.1 200", "document"),
        ("HTTP/1.0 200 ", "document"),
        ("HTTP/2 200", "document"),
        ("http/1.1 200 ok", "document"),
        ("HTTP/1.1 404 Not Found", "status"),
        ("HTTP/1.1 301", "status"),
        ("HTTP/1.1 206 Partial Content", "status"),
        ("HTTP/1.1 2000 OK", "malformed_http"),
        ("ICY 200 OK", "malformed_http"),
        ("<html>", "malformed_http"),
    ],
)
def test_status_lines(tmp_path, status, expected):
    record = warc_record("response", http_response(page(1), status=status))
    assert kinds([only(tmp_path, record)]) == [expected]


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("text/html", "html"),
        ("TEXT/HTML;charset=x", "html"),
        ("text/html charset=utf-8", "html"),
        ("application/xhtml+xml", "html"),
        ("text/plain; charset=windows-1251", "text"),
        ("image/png", None),
        ("application/json", None),
        ("application/pdf", None),
        ("", "html"),
        ("html", "html"),
    ],
)
def test_content_types(tmp_path, content_type, kind):
    body = http_response(page(1), {"Content-Type": content_type})
    record = only(tmp_path, warc_record("response", body))
    if kind is None:
        assert record.reason == "not_text"
    else:
        assert (record.kind, record.decoded) == (kind, False)
        assert record.content_type == (content_type or "")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<!DOCTYPE html><p>x", "document"),
        (b"\xef\xbb\xbf \n<HTML lang=x>", "document"),
        (b'<?xml version="1.0"?>\n<!-- c --><html>', "document"),
        (b"<htmlx>", "not_text"),
        (b"just words", "not_text"),
        (b"\x89PNG", "not_text"),
    ],
)
def test_missing_content_type_is_told_from_the_body(tmp_path, body, expected):
    record = warc_record("response", b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n" + body)
    assert kinds([only(tmp_path, record)]) == [expected]


def test_head_with_lf_line_ends_and_folded_lines(tmp_path):
    block = b"HTTP/1.1 200 OK\nX: a\n b\nContent-Type:\n  text/html\n\n<p>x"
    assert only(tmp_path, warc_record("response", block)).payload == b"<p>x"


def test_empty_payloads_are_empty(tmp_path):
    records = read(
        tmp_path / "input",
        warc_record("response", http_response(b"")) + warc_record("conversion", b""),
    )
    assert kinds(records) == ["empty", "empty"]


def test_every_reason_is_documented(tmp_path):
    assert set(SKIP_REASONS) == {
        "not_response",
        "malformed_http",
        "status",
        "not_text",
        "empty",
        "too_large",
        "damaged",
    }


def chunked(body: bytes, size: int = 10) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_chunked_body_is_joined(tmp_path):
    body = http_response(chunked(page(3)), {"Transfer-Encoding": "chunked"})
    assert only(tmp_path, warc_record("response", body)).payload == page(3)


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        (b"<html>not chunked", b"<html>not chunked"),
        (b"5;ext=1\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"5\nhello\n0\n\n", b"hello"),
        (b"5\r\nhello\r\n5\r\nwor", b"hellowor"),
        (b"5\r\nhello\r\nrest of it", b"hellorest of it"),
        (b"3\r\nhello", b"3\r\nhello"),
        (b"0\r\n\r\n", b""),
    ],
)
def test_wrong_chunks_keep_the_bytes(body, payload):
    assert http_message.dechunk(body) == payload


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


ENCODERS = {
    "gzip": lambda data: gzip.compress(data),
    "x-gzip": lambda data: gzip.compress(data[:20]) + gzip.compress(data[20:]),
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "gzip, br": lambda data: brotli.compress(gzip.compress(data)),
    "identity": bytes,
}


@pytest.mark.parametrize("encoding", ENCODERS)
def test_content_encodings_are_undone(tmp_path, encoding):
    body = http_response(ENCODERS[encoding](page(5) * 40), {"Content-Encoding": encoding})
    assert only(tmp_path, warc_record("response", body)).payload == page(5) * 40


@pytest.mark.parametrize("encoding", ENCODERS)
def test_bodies_kept_decoded_are_left_alone(tmp_path, encoding):
    body = http_response(page(5), {"Content-Encoding": encoding})
    assert only(tmp_path, warc_record("response", body)).payload == page(5)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_cut_off_encoding_gives_what_there_is(tmp_path, encoding):
    text = b"<html>" + base64.b64encode(zlib.compress(bytes(range(256)) * 40)) * 300
    packed = ENCODERS[encoding](text)
    body = http_response(packed[: len(packed) * 2 // 3], {"Content-Encoding": encoding})
    record = only(tmp_path, warc_record("response", body))
    assert kinds([record]) in (["document"], ["empty"])
    if isinstance(record, Document):
        assert text.startswith(record.payload)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", b"\x1f\x8bnope"), ("deflate", b"\x00\x01\x02nope"), ("br", b"\xff\x00\x01\xfe" * 9)],
)
def test_undecodable_body_is_a_damaged_document(tmp_path, encoding, body):
    block = http_response(body, {"Content-Encoding": encoding})
    record = only(tmp_path, warc_record("response", block))
    assert record.is_document
    assert "body is damaged" in record.cause


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_body_that_unpacks_beyond_the_cap_is_too_large(tmp_path, encoding):
    body = http_response(ENCODERS[encoding](b"x" * 3_000_000), {"Content-Encoding": encoding})
    record = only(tmp_path, warc_record("response", body), max_record_bytes=1_000_000)
    assert record.reason == "too_large"


def test_record_without_id_gets_one_from_its_content(tmp_path):
    first, second, third = (
        read(tmp_path / name, warc_record("conversion", text, **{"WARC_Record_ID": None}))[0]
        for name, text in (("a", b"one"), ("b", b"one"), ("c", b"two"))
    )
    assert first.id == second.id != third.id
    assert first.id.startswith("sha256:")
    assert len(first.id) == 7 + 64


def test_address_in_angle_brackets_is_unwrapped(tmp_path):
    record = response(1, WARC_Target_URI="<http://example.com/>")
    assert only(tmp_path, record).url == "http://example.com/"


def test_dump_is_in_the_address_else_in_warcinfo_else_none(tmp_path):
    info = warc_record("warcinfo", b"software: x\r\nisPartOf: CRAWL-7\r\n")
    folder = tmp_path / "CC-MAIN-2024-10"
    folder.mkdir()
    assert read(tmp_path / "a", info + response(1))[1].dump == "CRAWL-7"
    assert read(folder / "a", info + response(1))[1].dump == "CC-MAIN-2024-10"
    name = "CC-MAIN-20240220211055-20240221001055-00000.warc"
    assert read(tmp_path / name, response(1))[0].dump is None


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2025-04-20T10:11:12Z", "2025-04-20T10:11:12Z"),
        ("2025-04-20T10:11:12.123456789Z", "2025-04-20T10:11:12.123456789Z"),
        ("2016-01", "2016-01"),
        ("20140102030405", "2014-01-02T03:04:05Z"),
        ("yesterday", None),
    ],
)
def test_dates_are_iso_8601(tmp_path, written, date):
    assert only(tmp_path, response(1, WARC_Date=written)).date == date


def test_records_are_numbered_through(tmp_path):
    records = read(
        tmp_path / "input", warc_record("warcinfo", b"x") + response(1) + response(2) + b"junk"
    )
    assert [record.number for record in records] == [0, 1, 2, 3]
    assert ids(records) == [record_id(1), record_id(2)]
