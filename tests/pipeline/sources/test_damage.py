"""Complete records before, after and between damage are recovered; the damage is named with its place."""

import gzip
import hashlib

import lz4.frame
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pipeline.sources.archives import (
    conversion,
    damage,
    ids,
    kinds,
    members,
    read,
    record_id,
    response,
    warc_record,
)

RECORDS = [response(number) for number in range(6)]
ALL = [record_id(number) for number in range(6)]
PACKERS = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zstd": zstandard.compress,
    "lz4": lz4.frame.compress,
}


def without(*numbers: int) -> list[str]:
    return [record_id(number) for number in range(6) if number not in numbers]


@pytest.mark.parametrize("packer", PACKERS)
def test_undamaged_frames(tmp_path, packer):
    frames = [PACKERS[packer](record) for record in RECORDS]
    records = read(tmp_path / "input", b"".join(frames))
    assert ids(records) == ALL
    assert [record.offset for record in records] == [
        sum(map(len, frames[:number])) for number in range(6)
    ]


@pytest.mark.parametrize("packer", PACKERS)
def test_last_frame_cut_off(tmp_path, packer):
    frames = [PACKERS[packer](record) for record in RECORDS]
    records = read(tmp_path / "input", b"".join(frames)[:-30])
    assert ids(records) == without(5)
    (piece,) = damage(records)
    assert piece.offset == sum(map(len, frames[:5]))
    assert f"{packer} frame cut off by the end of the file" in piece.cause


@pytest.mark.parametrize("packer", PACKERS)
def test_overwritten_frame(tmp_path, packer):
    frames = [bytearray(PACKERS[packer](record)) for record in RECORDS]
    frames[2][14:60] = bytes(range(100, 146))
    records = read(tmp_path / "input", b"".join(map(bytes, frames)))
    assert ids(records) == without(2)
    (piece,) = damage(records)
    assert (piece.number, piece.offset) == (2, sum(map(len, frames[:2])))


@pytest.mark.parametrize("packer", PACKERS)
def test_garbage_between_frames(tmp_path, packer):
    frames = [PACKERS[packer](record) for record in RECORDS]
    garbage = b"\x00\xffGARBAGE\x1f\x8b\x08" * 40
    records = read(tmp_path / "input", b"".join(frames[:3]) + garbage + b"".join(frames[3:]))
    assert ids(records) == ALL
    (piece,) = damage(records)
    assert piece.offset == sum(map(len, frames[:3]))
    assert not piece.is_document


@pytest.mark.parametrize("packer", PACKERS)
def test_all_records_in_one_frame(tmp_path, packer):
    records = read(tmp_path / "input", PACKERS[packer](b"".join(RECORDS)))
    assert ids(records) == ALL
    assert {record.offset for record in records} == {0}


@pytest.mark.parametrize("packer", PACKERS)
def test_frames_that_do_not_follow_records(tmp_path, packer):
    data = b"".join(RECORDS)
    frames = [PACKERS[packer](data[at : at + 100]) for at in range(0, len(data), 100)]
    assert ids(read(tmp_path / "input", b"".join(frames))) == ALL


def test_first_member_damaged(tmp_path):
    data = bytearray(members(RECORDS))
    data[12:40] = b"\xff" * 28
    records = read(tmp_path / "input", bytes(data))
    assert ids(records) == without(0)
    assert kinds(records)[0] == "damaged"


def test_wrong_checksum_makes_a_member_doubtful(tmp_path):
    packed = [bytearray(gzip.compress(record, mtime=0)) for record in RECORDS]
    packed[3][-8] ^= 1
    records = read(tmp_path / "input", b"".join(map(bytes, packed)))
    assert ids(records) == without(3)
    (piece,) = damage(records)
    assert piece.is_document
    assert piece.number == 3


def test_damage_in_a_member_of_many_records_keeps_those_before_it(tmp_path):
    noise = [hashlib.sha512(b"%d" % number).hexdigest() * 4 for number in range(1000)]
    many = [conversion(number, text) for number, text in enumerate(noise)]
    packed = bytearray(gzip.compress(b"".join(many), mtime=0))
    packed[len(packed) // 2 : len(packed) // 2 + 40] = b"\x00" * 40
    records = read(tmp_path / "input", bytes(packed) + gzip.compress(response(9999), mtime=0))
    found = ids(records)
    assert found[:-1] == [record_id(number) for number in range(len(found) - 1)]
    assert 300 < len(found) < 700
    assert found[-1] == record_id(9999)
    assert len(damage(records)) == 1


def test_zeros_after_the_last_member_are_padding(tmp_path):
    assert kinds(read(tmp_path / "input", members(RECORDS) + b"\0" * 5000)) == ["document"] * 6


def test_members_without_bytes(tmp_path):
    empty = gzip.compress(b"")
    assert read(tmp_path / "input", empty) == []
    assert (
        ids(read(tmp_path / "input", empty.join([members(RECORDS[:3]), members(RECORDS[3:])])))
        == ALL
    )


def test_empty_file_has_no_records(tmp_path):
    assert read(tmp_path / "input", b"") == []


@pytest.mark.parametrize("pack", [members, b"".join])
@pytest.mark.parametrize("declared", ["abc", "-5", "", "1e3", 1, 40, 5000, 10**9, 10**15])
def test_wrong_content_length(tmp_path, pack, declared):
    wrong = response(2, length=declared)
    records = read(tmp_path / "input", pack([*RECORDS[:2], wrong, *RECORDS[3:]]))
    assert ids(records) == without(2)
    (piece,) = damage(records)
    assert piece.number == 2
    assert "bytes but" in piece.cause or "Content-Length" in piece.cause


def test_many_wrong_lengths_over_the_cap(tmp_path):
    wrong = [response(number, length=10**12) for number in range(300)]
    records = read(tmp_path / "input", gzip.compress(b"".join([*wrong, response(7)])))
    assert len(damage(records)) == 300
    assert ids(records) == [record_id(7)]


def test_last_record_cut_off(tmp_path):
    data = b"".join(RECORDS)
    records = read(tmp_path / "input", data[:-40])
    assert ids(records) == without(5)
    (piece,) = damage(records)
    assert (piece.number, piece.offset, piece.is_document) == (5, sum(map(len, RECORDS[:5])), True)
    assert piece.id == "<urn:uuid:00000000-0000-4000-8000-000000000005>"
    assert piece.url == "https://example.org/5"
    assert piece.cause.startswith("declares")


def test_cut_off_in_a_header(tmp_path):
    records = read(tmp_path / "input", b"".join(RECORDS[:5]) + RECORDS[5][:60])
    assert ids(records) == without(5)
    assert kinds(records)[5:] == ["damaged"]


def test_garbage_between_plain_records(tmp_path):
    garbage = b"\x00\x01 garbage \n\n WARC of a kind \n"
    records = read(tmp_path / "input", b"".join(RECORDS[:3]) + garbage + b"".join(RECORDS[3:]))
    assert ids(records) == ALL
    (piece,) = damage(records)
    assert piece.offset == sum(map(len, RECORDS[:3]))
    assert not piece.is_document


@pytest.mark.parametrize("packer", PACKERS)
def test_garbage_before_the_first_frame(tmp_path, packer):
    frames = b"".join(PACKERS[packer](record) for record in RECORDS)
    records = read(tmp_path / "input", b"garbage" + frames)
    assert ids(records) == ALL
    assert kinds(records)[0] == "damaged"


def test_garbage_before_the_first_record(tmp_path):
    records = read(tmp_path / "input", b"\x00garbage\r\n\r\n" + b"".join(RECORDS))
    assert ids(records) == ALL


def test_archive_inside_a_record_stays_inside(tmp_path):
    inner = b"<html>" + b"".join(RECORDS)
    outer = warc_record(
        "response", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + inner, 77
    )
    for data in (outer + response(78), members([outer, response(78)])):
        records = read(tmp_path / "input", data)
        assert ids(records) == [record_id(77), record_id(78)]
        assert records[0].payload == inner


def test_damaged_record_of_no_page_is_no_document(tmp_path):
    wrong = warc_record("request", b"GET / HTTP/1.1\r\n\r\n", length=5000)
    (piece,) = damage(read(tmp_path / "input", members([response(0), wrong, response(1)])))
    assert not piece.is_document


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r\r\n"])
def test_line_ends_of_headers(tmp_path, newline):
    data = [conversion(number, newline=newline) for number in range(3)]
    assert len(ids(read(tmp_path / "plain", b"".join(data)))) == 3
    assert len(ids(read(tmp_path / "packed", members(data)))) == 3


@pytest.mark.parametrize("gap", [b"", b"\n", b"\r\n", b"\r\n" * 9])
def test_other_gaps_between_records(tmp_path, gap):
    data = gap.join(record[:-4] for record in RECORDS)
    assert ids(read(tmp_path / "input", data)) == ALL


def test_header_fields_are_read_leniently(tmp_path):
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>x"
    header = (
        b"warc/1.1\r\nWARC-TYPE:\xff\xfe  Response\r\nno colon\r\nContent-Type:\r\n"
        b"  application/http\r\nContent-Length: %d\r\nContent-Length: 3\r\nWarc-Record-Id: <x>\r\n\r\n"
    )
    (record,) = read(tmp_path / "input", header % len(block) + block)
    assert (record.id, record.payload) == ("<x>", b"<p>x")


def test_endless_header_is_passed_over(tmp_path):
    endless = b"WARC/1.0\r\n" + b"X: y\r\n" * 300_000
    records = read(tmp_path / "input", endless + b"".join(RECORDS))
    assert ids(records)[-5:] == ALL[-5:]
    assert len(damage(records)) >= 1


@pytest.mark.parametrize("step", [1, 7, 64, 1000])
def test_every_cut_gives_the_records_before_it(tmp_path, step):
    data = members(RECORDS)
    ends = [len(members(RECORDS[: number + 1])) for number in range(6)]
    for cut in range(0, len(data), 37 * step):
        found = ids(read(tmp_path / "input", data[:cut]))
        assert found == ALL[: sum(end <= cut for end in ends)]


@given(place=st.integers(0, 2500), noise=st.binary(min_size=1, max_size=60), packed=st.booleans())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_overwritten_anywhere(tmp_path, place, noise, packed):
    pieces = [members([record]) if packed else record for record in RECORDS]
    data = bytearray(b"".join(pieces))
    place %= len(data)
    data[place : place + len(noise)] = noise
    records = read(tmp_path / "input", bytes(data))
    assert [record.number for record in records] == list(range(len(records)))
    end = 0
    for number, piece in enumerate(pieces):
        start, end = end, end + len(piece)
        touched = start < place + len(noise) and place < end
        if packed and not touched:
            assert record_id(number) in ids(records)


@given(
    data=st.binary(max_size=3000), head=st.sampled_from([b"", b"WARC/1.0\r\n", b"\x1f\x8b\x08\0"])
)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_bytes_raise(tmp_path, data, head):
    records = read(tmp_path / "input", head + data)
    assert all(piece.cause and "\n" not in piece.cause for piece in damage(records))
