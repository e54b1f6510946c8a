"""The sample crawl that ships is what its pages make, and holds the cases that it is for."""

import gzip
import json
import re
import zlib
from collections import Counter, defaultdict
from functools import cache
from typing import Any

import pytest
from fastwarc import ArchiveIterator

from tools.sample_crawl import build
from tools.sample_crawl.articles import read_articles, read_interfaces
from tools.sample_crawl.build import TARGET
from tools.sample_crawl.plan import REASONS, SHARDS

SCRIPTS_WITHOUT_SPACES = ("Hans", "Jpan", "Thai", "Khmr")
DOCUMENT_KINDS = {
    "article", "legacy_charset", "chunked_body", "gzip_body", "broken_markup", "personal_data",
    "exact_copy", "near_copy", "mirror_copy", "text_copy", "short", "list", "menu", "login", "index",
    "spam_keywords", "spam_lines", "link_farm", "symbols", "noise", "cut_off",
}  # fmt: skip
OTHER_KINDS = {"not_found", "redirect", "server_error", "empty", "image", "json", "pdf"}


@cache
def built() -> dict[str, bytes]:
    return build.build()


@cache
def expected() -> dict[str, Any]:
    return json.loads((TARGET / "expected.json").read_text("utf-8"))


def pages(*kinds: str) -> list[dict[str, Any]]:
    return [page for page in expected()["pages"] if not kinds or page["kind"] in kinds]


def documents() -> list[dict[str, Any]]:
    return [page for page in pages() if not page["outcome"].startswith("skipped")]


@cache
def records(shard: str) -> dict[str, tuple[str, dict[str, str], int | None, dict[str, str], bytes]]:
    """Record id -> type, headers, HTTP status and headers, payload; read with FastWARC."""
    found: dict[str, Any] = {}
    with open(TARGET / "crawl" / shard, "rb") as file:
        for record in ArchiveIterator(file):
            http = record.http_headers
            headers = dict(record.headers)
            found[headers["WARC-Record-ID"]] = (
                headers["WARC-Type"],
                headers,
                http.status_code if http else None,
                dict(http) if http else {},
                record.reader.read(),
            )
    return found


def payload(page: dict[str, Any]) -> bytes:
    return records(page["file"])[page["id"]][4]


def unpacked(data: bytes) -> list[bytes]:
    """The content of each gzip member; of a member that is cut off, what can be unpacked."""
    members = []
    while data:
        stream = zlib.decompressobj(wbits=31)
        members.append(stream.decompress(data))
        data = stream.unused_data
    return members


def test_the_pages_are_read_in_the_form_that_the_readme_states():
    articles, interfaces = read_articles(), read_interfaces()
    assert articles.keys() == interfaces.keys()
    for label, written in articles.items():
        assert len({page.slug for page in written}) == len(written), label
        long = [page for page in written if page.kind == "article"]
        assert len(long) >= 6, label
        for page in long:
            assert len(page.paragraphs) >= 3, (label, page.slug)
            text = " ".join(page.paragraphs)
            if label.endswith(SCRIPTS_WITHOUT_SPACES):
                assert len(text) >= 350, (label, page.slug)
            else:
                assert len(text.split()) >= 100, (label, page.slug)


@pytest.mark.parametrize("name", [f"crawl/{shard}" for shard in SHARDS])
def test_the_shipped_files_hold_the_records_that_the_pages_make(name):
    shipped, new = unpacked((TARGET / name).read_bytes()), unpacked(built()[name])
    if name.endswith("13-sample-00000.warc.gz"):  # where a cut-off member ends depends on zlib
        short, long = sorted((shipped.pop(), new.pop()), key=len)
        assert long.startswith(short)
    assert shipped == new


def test_the_shipped_files_are_the_built_files_byte_for_byte():
    if "zlib-ng" in zlib.ZLIB_RUNTIME_VERSION:
        pytest.skip("this Python compresses with zlib-ng; the shipped files were made with zlib")
    for name, data in built().items():
        assert (TARGET / name).read_bytes() == data, (
            f"run python -m tools.sample_crawl.build ({name})"
        )


def test_two_builds_are_the_same():
    assert build.build() == built()


def test_expected_json_is_what_the_build_expects():
    assert (TARGET / "expected.json").read_bytes() == built()["expected.json"]


def test_it_is_small():
    assert sum((TARGET / "crawl" / shard).stat().st_size for shard in SHARDS) < 1_500_000


def test_it_spans_languages_scripts_dumps_and_formats():
    labels = {page["label"] for page in documents()} - {"und_Zzzz"}
    assert len(documents()) >= 200
    assert len(labels) >= 24
    assert len({label.split("_")[1] for label in labels}) >= 10
    assert Counter(shard.endswith(".warc.gz") for shard in SHARDS) == {True: 2, False: 2}
    assert {build.dump_of(shard) for shard in SHARDS} == {"CC-MAIN-2025-05", "CC-MAIN-2025-13"}


def test_every_case_is_present():
    assert {page["kind"] for page in documents()} == DOCUMENT_KINDS
    assert {page["kind"] for page in pages()} == DOCUMENT_KINDS | OTHER_KINDS


def test_record_ids_and_addresses_of_a_file_are_its_own():
    assert len({page["id"] for page in pages()}) == len(pages())
    assert len({(page["file"], page["url"]) for page in pages()}) == len(pages())
    hosts = {page["url"].split("/")[2] for page in pages()}
    assert all(host.endswith(".example") for host in hosts)


@pytest.mark.parametrize("shard", SHARDS)
def test_fastwarc_reads_the_records_that_expected_json_names(shard):
    found = records(shard)
    named = {page["id"]: page for page in pages() if page["file"] == shard}
    kinds = ("conversion",) if ".wet." in shard else ("response",)
    assert {id for id, record in found.items() if record[0] in kinds} == named.keys()
    for id, page in named.items():
        assert found[id][1]["WARC-Target-URI"] == page["url"]
    counts = expected()["files"][shard]
    assert len(found) == counts["records_read"]
    assert len(found) - len(named) == counts["records_skipped"]["not_response"]
    if ".wet." not in shard:
        assert {"warcinfo", "request", "response", "metadata"} <= {r[0] for r in found.values()}


def test_dates_rise_within_a_file_and_between_the_dumps():
    last = {}
    for shard in SHARDS:
        dates = [record[1]["WARC-Date"] for record in records(shard).values()]
        assert dates == sorted(dates)
        last[build.dump_of(shard)] = (dates[0], dates[-1])
    assert last["CC-MAIN-2025-05"][1] < last["CC-MAIN-2025-13"][0]


def test_the_counts_add_up():
    for counts in (*expected()["files"].values(), expected()["total"]):
        skipped = sum(counts["records_skipped"].values())
        assert counts["records_read"] == skipped + counts["documents_in"]
    assert expected()["total"]["documents_in"] == len(documents())
    reasons = Counter(page["outcome"].removeprefix("skipped: ") for page in pages(*OTHER_KINDS))
    assert reasons.items() <= expected()["total"]["records_skipped"].items()


def test_what_goes_has_reasons_and_what_is_a_copy_has_an_original():
    ids = {page["id"]: page for page in pages()}
    groups = defaultdict(list)
    for page in documents():
        assert page["outcome"] in {"kept", "removed", "duplicate", "one_of_group", "quarantined"}
        if page["outcome"] in {"removed", "duplicate", "one_of_group"}:
            assert page["reasons"] in REASONS
        if page["outcome"] == "one_of_group":
            groups[page["original"]].append(page)
        if page["outcome"] == "duplicate":
            assert ids[page["original"]]["outcome"] in {"kept", "removed"}
    assert all(len(group) == 2 and original in ids for original, group in groups.items())


def test_an_exact_copy_has_the_payload_of_the_earlier_page():
    ids = {page["id"]: page for page in pages()}
    for copy in pages("exact_copy"):
        original = ids[copy["original"]]
        assert payload(copy) == payload(original)
        assert copy["url"] == original["url"]
        assert original["file"] < copy["file"]


def test_a_near_copy_differs_a_little_from_its_original():
    ids = {page["id"]: page for page in pages()}
    for copy in pages("near_copy"):
        ours, theirs = (payload(p).decode().split("\n") for p in (copy, ids[copy["original"]]))
        changed = set(ours).symmetric_difference(theirs)
        assert 1 <= len(changed) <= 3, copy["url"]


@pytest.mark.parametrize("charset", ["windows-1251", "shift_jis", "euc-jp", "iso-8859-7"])
def test_a_page_in_a_legacy_charset_declares_it_in_one_place(charset):
    found = []
    for page in pages("legacy_charset"):
        body = payload(page)
        header = records(page["file"])[page["id"]][3]["Content-Type"]
        in_header, in_markup = (
            charset in header,
            f"charset={charset}".encode() in body.replace(b'"', b""),
        )
        if in_header or in_markup:
            assert in_header != in_markup
            found.append(body)
    (body,) = found
    with pytest.raises(UnicodeDecodeError):
        body.decode("utf-8")
    text = body.decode(charset)
    written = [page for pages in read_articles().values() for page in pages]
    assert any(all(p in text for p in page.paragraphs) for page in written)


def test_coded_bodies_hold_their_article():
    (packed,), (chunked,) = pages("gzip_body"), pages("chunked_body")
    assert records(packed["file"])[packed["id"]][3]["Content-Encoding"] == "gzip"
    assert b"</html>" in gzip.decompress(payload(packed))
    assert records(chunked["file"])[chunked["id"]][3]["Transfer-Encoding"] == "chunked"
    assert payload(chunked).endswith(b"\r\n0\r\n\r\n")


def test_the_page_with_personal_data_has_an_address_of_each_kind():
    (page,) = pages("personal_data")
    assert b"@seeds.example" in payload(page)
    assert b" 8.8.8.8 " in payload(page)


def test_the_file_that_is_cut_off_ends_inside_the_body_of_its_last_record():
    (page,) = pages("cut_off")
    assert list(records(page["file"]))[-1] == page["id"]
    *_, last = unpacked((TARGET / "crawl" / page["file"]).read_bytes())
    header, http = last.split(b"\r\n\r\n")[:2]
    assert page["id"].encode() in header
    assert http.startswith(b"HTTP/1.1 200 OK")
    length = int(header.split(b"Content-Length: ")[1].split(b"\r\n")[0])
    assert len(http) < len(last) - len(header) - 8 < length


@pytest.mark.parametrize("kind", ["short", "list", "menu", "login", "index"])
def test_pages_expected_to_be_too_short_are_so_with_all_that_surrounds_them(kind):
    for page in pages(kind):
        text = re.sub(
            r"<title>.*?</title>|<script>.*?</script>|<[^>]*>", " ", payload(page).decode()
        )
        assert len(text.split()) < 50, page["url"]
        assert len("".join(text.split())) < 300, page["url"]


def test_what_is_no_document_says_so():
    for page in pages(*OTHER_KINDS):
        kind, _, status, http, body = records(page["file"])[page["id"]]
        reason = page["outcome"].removeprefix("skipped: ")
        if reason == "status":
            assert status in {301, 404, 503}
        elif reason == "empty":
            assert body == b""
            assert status == 200 or kind == "conversion"
        else:
            assert reason == "not_text"
            assert http["Content-Type"] in {"image/png", "application/json", "application/pdf"}
