"""How every other way to write a language becomes the canonical label."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.language_id.labels import (
    LanguageIdError,
    is_canonical_form,
    language_of,
    normalise_label,
    script_of,
)
from tests.shared_data import unpacked


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("swh_Latn", "swh_Latn"),
        ("__label__swh_Latn", "swh_Latn"),
        ("sw", "swh_Latn"),
        ("iw", "heb_Hebr"),  # retired
        ("in", "ind_Latn"),
        ("no", "nob_Latn"),  # macrolanguages
        ("ara", "arb_Arab"),
        ("msa", "zsm_Latn"),
        ("est", "ekk_Latn"),
        ("ku", "kmr_Latn"),
        ("ku-Arab", "ckb_Arab"),
        ("sh", "hrv_Latn"),  # by script
        ("hbs_Cyrl", "srp_Cyrl"),
        ("pes_Arab", "fas_Arab"),  # told apart by nobody
        ("tgl", "fil_Latn"),
        ("als", "als_Latn"),  # Tosk Albanian in ISO 639-3
        ("bh", "bho_Deva"),
        ("zh", "cmn_Hans"),
        ("zh-TW", "cmn_Hant"),
        ("zho_Hant", "cmn_Hant"),
        ("yue_Hant", "yue_Hani"),
        ("ja", "jpn_Jpan"),
        ("ko", "kor_Hang"),
        ("chi", "cmn_Hans"),  # ISO 639-2/B
        ("ger", "deu_Latn"),
        ("uz-Cyrl", "uzn_Cyrl"),
        ("sr-Latn", "srp_Latn"),
        ("pt-BR", "por_Latn"),
        ("blt_Tai_Viet", "blt_Tavt"),  # the script by name
        ("und", "und_Zzzz"),
        ("zz", "und_Zzzz"),
        ("und_Xsux", "und_Xsux"),
        ("zxx_Latn", "zxx_Latn"),
        ("zxx", "zxx_Zxxx"),
    ],
)
def test_a_label_is_made_canonical(written: str, label: str) -> None:
    assert normalise_label(written) == label


@pytest.mark.parametrize(
    ("source", "written", "label"),
    [
        ("lid.176", "als", "gsw_Latn"),  # Alemannic, not Albanian
        ("lid.176", "bat-smg", "sgs_Latn"),
        ("cld2", "xxx", "und_Zzzz"),
        ("cld2", "sr-ME", "cnr_Latn"),
        ("cld2", "zh-Hant", "cmn_Hant"),
        ("funlangid", "zxx-x-pdf", "zxx_Zxxx"),
        ("funlangid", "pa-Arab", "pnb_Arab"),
    ],
)
def test_codes_that_mean_something_else_in_one_source(
    source: str, written: str, label: str
) -> None:
    assert normalise_label(written, source) == label


@pytest.mark.parametrize("written", ["", "english", "q1", "x-klingon", "12", "xq"])
def test_what_is_no_language_is_refused(written: str) -> None:
    with pytest.raises(LanguageIdError, match="is no language label"):
        normalise_label(written)


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(LanguageIdError, match=r"one of lid\.176"):
        normalise_label("en", "nonsense")


def test_the_parts_of_a_label() -> None:
    assert (language_of("swh_Latn"), script_of("swh_Latn")) == ("swh", "Latn")


def test_every_label_of_fineweb2_is_canonical() -> None:
    folder = unpacked("lists.tar.xz") / "lists" / "fineweb-2" / "configs"
    labels = [path.stem for path in folder.glob("*.yml")]
    assert len(labels) == 1929
    assert [label for label in labels if normalise_label(label) != label] == []


@given(st.text(max_size=12))
def test_the_result_is_canonical_and_stays_what_it_is(written: str) -> None:
    try:
        label = normalise_label(written)
    except LanguageIdError:
        return
    assert is_canonical_form(label)
    assert normalise_label(label) == label
