"""Personal data: what is found, what stands in its place, and where it stood."""

import itertools

import pyarrow as pa
import pytest
from datatrove.pipeline.formatters import PIIFormatter
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.filters import pii


def cleaned(text: str, label: str = "eng_Latn", kinds: tuple[str, ...] = pii.KINDS) -> str:
    return pii.clean(pa.array([text], pa.large_string()), [label], replace=kinds).texts[0].as_py()


def found(text: str, label: str = "eng_Latn") -> list[tuple[str, str]]:
    return [(f.kind, text[f.start : f.end]) for f in pii.find(text, label=label)]


def datatrove(text: str) -> str:
    return PIIFormatter().format(
        text
    )  # a new one: its placeholders would go on where the last text ended


@pytest.mark.parametrize(
    ("text", "kind", "piece"),
    [
        ("Write to anna.holt@seeds.example.", "email", "anna.holt@seeds.example"),
        ("The server 8.8.8.8 answers", "ipv4", "8.8.8.8"),
        ("See 2606:4700:4700::1111: it answers", "ipv6", "2606:4700:4700::1111"),
        ("IBAN: DE89 3704 0044 0532 0130 00 BIC", "iban", "DE89 3704 0044 0532 0130 00"),
        ("IBAN GB33BUKB20201555555555.", "iban", "GB33BUKB20201555555555"),
        ("Call +49 30 901820 today", "phone", "+49 30 901820"),
    ],
)
def test_each_kind_is_found(text: str, kind: str, piece: str) -> None:
    assert found(text) == [(kind, piece)]
    assert piece not in cleaned(text)


@pytest.mark.parametrize(
    ("label", "text", "piece"),
    [
        ("jpn_Jpan", "お電話は03-6877-1245まで。", "03-6877-1245"),
        ("kor_Hang", "전화 02-312-3456 으로", "02-312-3456"),
        ("hin_Deva", "फ़ोन: 098765 43210 पर", "098765 43210"),
        ("tha_Thai", "โทร 02-123-4567 ครับ", "02-123-4567"),
        ("cmn_Hans", "电话：010-6552 9988。", "010-6552 9988"),
        ("arb_Arab", "هاتف: 011 461 4000", "011 461 4000"),
        ("fas_Arab", "تلفن ۰۲۱-۸۸۷۷۶۶۵۵ است", "۰۲۱-۸۸۷۷۶۶۵۵"),
        ("amh_Ethi", "ስልክ 0911 234567 ነው", "0911 234567"),
        ("swh_Latn", "Simu: 0712 345 678.", "0712 345 678"),
        ("deu_Latn", "Tel. 030 901820", "030 901820"),
    ],
)
def test_national_numbers_are_found_where_the_languages_regions_are_known(
    label, text, piece
) -> None:
    assert found(text, label) == [("phone", piece)]
    assert found(text, "und_Zzzz") == []


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1, 127.0.0.1 and 192.0.2.7 are nobody's",
        "2001:db8::1 and ::1 and fe80::1 are nobody's",
        "std::vector a::b 12:30:45",
        "DE89 3704 0044 0532 0130 01",  # wrong checksum
        "Stand 04.06.2002, 2018-2021, 26-03-2014 22:57, 09.30-15.00",
        "ISBN 978-3-88309-013-1 and CVE-2012-2240",
        "Version 3.23.49-8.14 and 0.9.16.005-3, Sa 26.04.14 23:21",
        "1234567890 and 3.14159265",
        "@home and a@ b and user@localhost",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    for label in ("eng_Latn", "deu_Latn", "swe_Latn", "mlt_Latn"):
        assert cleaned(text, label) == text


@pytest.mark.parametrize("kind", pii.KINDS)
def test_placeholders_are_no_ones_and_are_used_in_turn(kind: str) -> None:
    places = pii.PLACEHOLDERS[kind]
    assert len(set(places)) == len(places) > 1
    if kind in ("ipv6", "iban"):
        assert not [f for p in places for f in pii.find(p, [kind])]


def test_the_turn_of_placeholders_begins_anew_in_each_text() -> None:
    texts = pa.array(["a@b.com c@d.com e@f.com", "g@h.com"], pa.large_string())
    first, second = pii.clean(texts, ["eng_Latn"] * 2, replace=["email"]).texts.to_pylist()
    assert first == "email@example.com firstname.lastname@example.org email@example.com"
    assert second == "email@example.com"


def test_annotations_are_places_in_the_text_as_it_is_written() -> None:
    text = "中文 anna@seeds.example, then 8.8.8.8 and bob@seeds.example"
    texts = pa.array([text, "nothing", None], pa.large_string())
    result = pii.clean(texts, ["cmn_Hans"] * 3, replace=["ipv4"], annotate=["email"])
    assert result.annotations is not None
    written = result.texts[0].as_py()
    pieces = result.annotations.to_pylist()
    assert [written[p["start"] : p["end"]] for p in pieces[0]] == [
        "anna@seeds.example",
        "bob@seeds.example",
    ]
    assert "8.8.8.8" not in written
    assert pieces[1:] == [[], []]
    assert list(result.counts) == [0]
    assert result.counts[0] == {"email": 2, "ipv4": 1}


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match="passport"):
        pii.clean(pa.array(["x"]), ["eng_Latn"], replace=["passport"])


E_MAIL = st.text(alphabet="ab1@.-_é [:]!\n中", max_size=30)
NUMBERS = st.text(alphabet="0123456789. :a", max_size=40)


@settings(deadline=None, max_examples=500)
@given(st.one_of(E_MAIL, NUMBERS, st.tuples(E_MAIL, NUMBERS, E_MAIL).map("".join)))
def test_e_mail_and_ipv4_come_out_as_from_datatrove(text: str) -> None:
    assert cleaned(text, kinds=("email", "ipv4")) == datatrove(text)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            ["a.b@c.de", "1.2.3.4", "8.8.8.8", "x@[8.8.8.8]", "..", " ", "é", "-", "@", "x", "9", "\n"]
        ),
        max_size=12,
    ).map("".join)
)  # fmt: skip
def test_pieces_beside_pieces_come_out_as_from_datatrove(text: str) -> None:
    assert cleaned(text, kinds=("email", "ipv4")) == datatrove(text)


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="0123456789+-(). ABDEGKU:afx@\u0660\u00a0", max_size=60))
def test_pieces_never_overlap_and_signs_miss_nothing(text: str) -> None:
    pieces = pii.find(text, label="deu_Latn")
    assert all(a.end <= b.start for a, b in itertools.pairwise(pieces))
    result = pii.clean(pa.array([text], pa.large_string()), ["deu_Latn"], annotate=pii.KINDS)
    assert result.annotations is not None
    assert result.annotations[0].as_py() == [piece._asdict() for piece in pieces]


@pytest.mark.parametrize(
    "text",
    [
        "a-" * 200_000 + "@@",
        "1." * 200_000,
        "12 " * 100_000,
        "0171 2345678 a " * 2_000,
        "a.b@" * 100_000,
        "2001:" * 100_000,
    ],
)
def test_no_text_takes_more_than_its_length_deserves(text: str) -> None:
    # A pattern that tries every word would not come to an end here.
    pieces = pii.find(text, label="eng_Latn")
    assert all(text[piece.start : piece.end].strip() for piece in pieces)
