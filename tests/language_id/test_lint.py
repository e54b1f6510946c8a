"""What is said of labels that are not canonical, or mean more than one language."""

from pathlib import Path

import pytest

from polysieve.language_id.labels import LanguageIdError
from polysieve.language_id.lint import Finding, lint, read_labels
from tests.shared_data import unpacked


def kinds(label: str, source: str | None = None) -> set[str]:
    return {finding.kind for finding in lint([label], source)}


@pytest.mark.parametrize(
    ("label", "kind", "canonical"),
    [
        ("sh", "ambiguous", "hrv_Latn"),
        ("iw", "retired", "heb_Hebr"),
        ("als", "ambiguous", "als_Latn"),
        ("zz", "no language", "und_Zzzz"),
        ("no", "ambiguous", "nob_Latn"),
        ("bh", "ambiguous", "bho_Deva"),
        ("zh", "ambiguous", "cmn_Hans"),
        ("ara_Arab", "macrolanguage", "arb_Arab"),
        ("que", "macrolanguage", "quy_Latn"),
        ("tgl_Latn", "merged", "fil_Latn"),
        ("pes_Arab", "merged", "fas_Arab"),
        ("ger", "bibliographic", "deu_Latn"),
        ("sw", "short", "swh_Latn"),
        ("swh", "script", "swh_Latn"),
        ("tha_Latn", "script", "tha_Latn"),
        ("pt-BR", "short", "por_Latn"),
        ("swh-latn", "form", "swh_Latn"),
        ("yue_Hant", "form", "yue_Hani"),
        ("qqz_Latn", "unknown", "qqz_Latn"),
    ],
)
def test_each_kind_of_label(label: str, kind: str, canonical: str) -> None:
    found = {finding.kind: finding for finding in lint([label])}
    assert kind in found
    assert found[kind].canonical == canonical


@pytest.mark.parametrize(
    "label",
    [
        "swh_Latn",
        "cmn_Hant",
        "jpn_Jpan",
        "kor_Hang",
        "amh_Ethi",
        "als_Latn",
        "und_Zzzz",
        "zxx_Zxxx",
    ],
)
def test_a_canonical_label_needs_no_remark(label: str) -> None:
    assert lint([label]) == []


def test_what_is_no_code_cannot_be_mapped() -> None:
    assert lint(["klingonese"]) == [
        Finding(
            "klingonese", None, "unknown", "no code of ISO 639-1, -2 or -3, and no tag known here"
        )
    ]


def test_a_source_says_what_its_codes_mean() -> None:
    assert lint(["als"], "lid.176")[0].canonical == "gsw_Latn"
    assert kinds("bat-smg") == {"unknown"}
    assert kinds("bat-smg", "lid.176") == {"ambiguous"}


def test_labels_that_become_one_collide() -> None:
    found = [x for x in lint(["heb_Hebr", "iw", "swh_Latn"]) if x.kind == "collision"]
    assert [(x.label, x.canonical, x.is_error) for x in found] == [
        ("heb_Hebr", "heb_Hebr", True),
        ("iw", "heb_Hebr", True),
    ]


def test_labels_are_read_from_lists_and_folders(tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("# code\nsw\tSwahili\n__label__yor_Latn\n\nhau,Hausa\n", "utf-8")
    assert read_labels(listed) == ["sw", "__label__yor_Latn", "hau"]
    corpus = tmp_path / "corpus"
    for name in ("swh_Latn", "yor_Latn", ".cache"):
        (corpus / name).mkdir(parents=True)
    assert read_labels(corpus) == ["swh_Latn", "yor_Latn"]
    with pytest.raises(LanguageIdError, match="no such file or folder"):
        read_labels(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(LanguageIdError, match="no labels in it"):
        read_labels(tmp_path / "empty")


def test_fineweb2s_own_labels_are_few_findings() -> None:
    folder = unpacked("lists.tar.xz") / "lists/fineweb-2/configs"
    labels = read_labels(folder)
    remarked = {finding.label for finding in lint(labels)}
    assert len(labels) > 1900
    assert len(remarked) < 0.1 * len(labels)
