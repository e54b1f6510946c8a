"""Bytes to text in the order browsers use, unless the bytes say otherwise."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.pipeline.extract.charset import declared_in_markup, decode
from polysieve.pipeline.extract.encodings import encoding_name
from tests.shared_data import unpacked

RUSSIAN = "Съешь ещё этих мягких французских булок, да выпей же чаю. Широкая электрификация."
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"
CHINESE = "人之初，性本善。性相近，习相远。苟不教，性乃迁。教之道，贵以专。"
KOREAN = "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다."
GREEK = "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα."
FRENCH = "Dès Noël, où un zéphyr haï me vêt de glaçons würmiens, je dîne d’exquis rôtis de bœuf."


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("ISO-8859-1", "windows-1252"),
        (" us-ascii ", "windows-1252"),
        ("gb2312", "GBK"),
        ("ks_c_5601-1987", "EUC-KR"),
        ("x-sjis", "Shift_JIS"),
        ("TIS-620", "windows-874"),
        ("latin5", "windows-1254"),
        ("utf8", "UTF-8"),
        ("no-such-charset", None),
    ],
)
def test_labels_mean_what_browsers_take_them_for(label, name):
    assert encoding_name(label) == name


def test_byte_order_mark_comes_before_every_declaration():
    page = b"\xef\xbb\xbf<meta charset=koi8-r>" + RUSSIAN.encode()
    text, charset = decode(page, "text/html; charset=windows-1251")
    assert (text.endswith(RUSSIAN), text[0], charset) == (True, "<", "UTF-8")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_wide_encodings_are_told_with_and_without_a_mark(codec, mark):
    text, charset = decode((mark + f"<p lang=ru>{RUSSIAN}</p>").encode(codec))
    assert text == f"<p lang=ru>{RUSSIAN}</p>"
    assert charset.lower() == codec.replace("-le", "le").replace("-be", "be")


def test_header_comes_before_meta():
    page = b"<meta charset=windows-1251>" + GREEK.encode("iso8859-7")
    text, charset = decode(page, 'text/html; charset="ISO-8859-7"')
    assert (text.endswith(GREEK), charset) == (True, "ISO-8859-7")


@pytest.mark.parametrize(
    "declaration",
    [
        b"<meta charset=koi8-r>",
        b"<META CharSet = 'KOI8-R' >",
        b'<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">',
        b'<meta content="text/html;charset=koi8-r" http-equiv=content-type />',
        b'<?xml version="1.0" encoding="koi8-r"?>',
        b"<!-- <meta charset=utf-8> --><meta charset=koi8-r>",
        b"<!--><meta charset=koi8-r>",
        b"<meta name=x charset=bogus><meta charset=koi8-r>",
        b"<script>" + b"x();" * 1000 + b"</script><meta charset=koi8-r>",
    ],
)
def test_markup_declares_the_encoding(declaration):
    assert declared_in_markup(declaration + b"<p>") == "KOI8-R"
    text, charset = decode(declaration + RUSSIAN.encode("koi8-r"))
    assert (text.endswith(RUSSIAN), charset) == (True, "KOI8-R")


def test_utf16_in_a_meta_means_utf8_and_user_defined_means_windows_1252():
    assert declared_in_markup(b"<meta charset=utf-16le>") == "UTF-8"
    assert declared_in_markup(b"<meta charset=x-user-defined>") == "windows-1252"


def test_plain_text_has_no_declarations():
    page = b"<meta charset=koi8-r>" + FRENCH.encode("cp1252")
    assert decode(page, html=False)[1] == "windows-1252"


def test_utf8_declared_as_something_else_is_utf8():
    for wrong in ("iso-8859-1", "windows-1251", "gb2312", "shift_jis"):
        text, charset = decode(FRENCH.encode(), f"text/html; charset={wrong}")
        assert (text, charset) == (FRENCH, "UTF-8")


@pytest.mark.parametrize(
    ("sentence", "codec", "name"),
    [(RUSSIAN, "cp1251", "windows-1251"), (JAPANESE, "cp932", "Shift_JIS")],
)
def test_legacy_bytes_declared_as_utf8_are_detected(sentence, codec, name):
    page = f"<meta charset=utf-8><p>{sentence * 5}</p>".encode(codec)
    text, charset = decode(page, "text/html; charset=utf-8")
    assert (charset, sentence in text) == (name, True)


def test_utf8_cut_off_in_a_character_stays_utf8():
    text, charset = decode(b"<meta charset=utf-8>" + RUSSIAN.encode()[:-2])
    assert charset == "UTF-8"
    assert text.endswith("электрификаци�.") or "электрификаци" in text


@pytest.mark.parametrize(
    ("sentence", "codec", "name"),
    [
        (RUSSIAN, "cp1251", "windows-1251"),
        (RUSSIAN, "koi8-r", "KOI8-R"),
        (JAPANESE, "euc_jp", "EUC-JP"),
        (JAPANESE, "cp932", "Shift_JIS"),
        (JAPANESE, "iso2022_jp", "ISO-2022-JP"),
        (CHINESE, "gb18030", "gb18030"),
        (KOREAN, "cp949", "EUC-KR"),
        (FRENCH, "cp1252", "windows-1252"),
    ],
)
def test_encodings_are_detected_where_nothing_declares_them(sentence, codec, name):
    text, charset = decode(f"<p>{sentence * 5}</p>".encode(codec))
    assert sentence in text
    assert charset == name


def test_bytes_that_windows_1252_leaves_undefined_are_controls():
    assert decode(b"caf\xe9 \x81", "text/html; charset=iso-8859-1")[0] == "café \x81"


@given(
    st.binary(max_size=400), st.sampled_from([None, "text/html; charset=utf-16", "x; charset=big5"])
)
def test_any_bytes_become_text_that_can_be_written(data, header):
    text, charset = decode(data, header)
    text.encode()
    assert encoding_name(charset) == charset


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_utf8_comes_back_as_it_was(text):
    if text.startswith("\ufeff"):
        text = text[1:]
    if len(text.encode()) - len(text) > 12 or text.isascii():
        assert decode(text.encode()) == (text, "UTF-8")


def test_real_files_in_legacy_encodings_are_read_as_labelled():
    folder = unpacked("html.tar.xz") / "html" / "encodings-chardet"
    files = sorted(path for path in folder.glob("*/*") if path.parent.name != "EUC-TW")
    wrong = []
    for path in files:
        label = re.sub("-[a-z]{5,}$", "", path.parent.name)  # iso-8859-5-russian
        data = path.read_bytes()
        text, _ = decode(data)
        codec = {"MacCyrillic": "mac-cyrillic"}.get(label, label)
        expected = {data.decode(codec, "replace").lstrip("\ufeff")}
        if name := encoding_name(label):  # the browsers' superset of the label's own encoding
            expected.add(decode(data, f"text/html; charset={name}")[0])
        if text not in expected:
            wrong.append(str(path.relative_to(folder)))
    assert len(files) > 200
    assert wrong == []
