"""Real archives, well-formed and not."""

from collections import Counter

import pytest
from fastwarc.warc import ArchiveIterator

from polysieve.pipeline.sources import Document, resolve
from polysieve.pipeline.sources.model import Source
from tests.pipeline.sources.archives import damage, ids, kinds
from tests.shared_data import shared


def records_of(path):
    from polysieve.pipeline.sources import read_records

    (source,) = resolve([str(path)])
    return list(read_records(source))


# File → (records, documents, damaged). What is wrong with each stands in EXPECTED.tsv beside them.
MALFORMED = {
    "truncated-midrecord.warc.gz": (41, 39, 1),
    "garbage-between-members.warc.gz": (41, 39, 1),
    "single-gzip-member.warc.gz": (40, 39, 0),
    "uncompressed-named-gz.warc.gz": (15, 14, 0),
    "wrong-content-length.warc.wet.gz": (30, 27, 2),
    "lf-only.warc.wet.gz": (20, 20, 0),
    "invalid-utf8.warc.wet": (1, 1, 0),
    "corrupt-crc-member.warc.gz": (30, 28, 1),
    "empty.warc.gz": (0, 0, 0),
    "empty-member.warc.gz": (0, 0, 0),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_files(name):
    records = records_of(shared(f"warc/malformed-built/{name}"))
    assert (len(records), len(ids(records)), len(damage(records))) == MALFORMED[name]


def test_every_malformed_file_is_covered():
    lines = shared("warc/malformed-built/EXPECTED.tsv").read_text().splitlines()[1:]
    assert {line.split("\t")[0] for line in lines} == set(MALFORMED)


def test_every_file_is_read():
    folder = shared("warc")
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 100
    for path in files:
        records = records_of(path)
        assert [record.number for record in records] == list(range(len(records))), path
        assert all(len(piece.cause.splitlines()) == 1 for piece in damage(records)), path
        if path.stat().st_size < 1_000_000:
            assert records == records_of(path), path


# Files that FastWARC takes without noticing that they are damaged, or not at all.
NOT_WELL_FORMED = {
    "clipped.warc.gz",
    "corrupted-mid-record.warc.gz.open",
    "corrupted-trailing-bytes.warc.gz.open",
    "example-trunc.warc",
    "invalid-warcfile-fields-missing.warc",
    "invalid-warcfile-lonely-continuation.warc",
    "invalid-warcfile-lonely-request-response-resource-conversion.warc",
    "missing-status-text.warc",
    "sample.warc",
    "sample.warc.gz",
    "sample.wat.gz",
    "sample.wet.gz",
    "sample.warc.txt",
    "valid-warcfile-fields-continuation.warc",
    "valid-warcfile-fields-warcinfo.warc",
    "valid-warcfile-upper-lower-case.warc",
}


def test_well_formed_files_give_the_records_that_fastwarc_gives():
    compared = 0
    for path in sorted(shared("warc").rglob("*")):
        is_arc = ".arc" in path.name
        if not path.is_file() or is_arc or path.name in NOT_WELL_FORMED or "malformed" in str(path):
            continue
        if ".warc" not in path.name:
            continue
        records = records_of(path)
        with path.open("rb") as stream:
            wanted = [
                (record.headers.get("WARC-Record-ID"), record.content_length)
                for record in ArchiveIterator(stream, parse_http=False)
            ]
        assert len(records) == len(wanted), path
        for record, (record_id, _) in zip(records, wanted, strict=True):
            if isinstance(record, Document) and record_id:
                assert record.id == record_id, path
        compared += 1
    assert compared > 70


def test_built_crawl_matches_its_gold():
    import csv
    import gzip

    with gzip.open(shared("warc/built/GOLD.tsv.gz"), "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    by_file: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_file.setdefault(row["file"], []).append(row)
    seen = Counter()
    for path in sorted(shared("warc/built").glob("*.gz")):
        if path.name not in by_file:
            continue
        records = records_of(path)
        places = {record.offset: record for record in records}
        for row in by_file[path.name]:
            record = places[int(row["offset"])]
            if isinstance(record, Document):
                assert record.id.strip("<>") == row["record_id"].strip("<>")
            seen[kinds([record])[0]] += 1
    assert seen["document"] > 12_000
    assert seen["damaged"] == 0


def test_dump_comes_from_warcinfo():
    path = shared("warc/built/BUILT-2024-10-00000.warc.wet.gz")
    documents = [record for record in records_of(path) if isinstance(record, Document)]
    assert {document.dump for document in documents} == {"BUILT-2024-10"}


def test_source_of_a_shared_file():
    path = shared("warc/malformed-built/empty.warc.gz")
    assert resolve([str(path)]) == [Source(str(path), 0, str(path.stat().st_mtime_ns))]
