"""Language parameters: FineWeb2's files as they are, defaults, and errors that name file and key."""

from pathlib import Path

import pytest

from polysieve.filters.parameters import (
    LanguageParameters,
    candidates,
    check_folder,
    folder_hash,
    for_label,
    has_own,
    load_folder,
    stop_words_hash,
    thresholds,
    vacuous,
)
from polysieve.filters.rules import RULES
from tests.shared_data import unpacked

SWAHILI = """\
dup_line_frac: 0.302
dup_n_grams:
- - 5
  - 0.193
- - 6
  - 0.17
language_score: 0.3
line_punct_thr: 0.143
max_avg_word_length: 9
max_non_alpha_words_ratio: 0.802
min_avg_word_length: 3
new_line_ratio: 0.167
stopwords:
- ya
- no
- "\\u0639"
top_n_grams:
- - 2
  - 0.396
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "swh_Latn.yml").write_text(SWAHILI)
    (tmp_path / "cmn_Hani.yaml").write_text("line_punct_thr: 0.5\n")
    return tmp_path


def test_a_file_of_fineweb2_loads_as_it_is(folder: Path) -> None:
    found = for_label("swh_Latn", folder)
    assert found.dup_n_grams == ((5, 0.193), (6, 0.17))
    assert found.stopwords == ("ya", "no", "ع")
    limits = thresholds(found)
    assert limits["gopher_dup_5_gram"] == 0.193
    assert limits["gopher_dup_7_gram"] is None  # not in the file's list
    assert limits["gopher_stop_words"] == 2
    assert limits["gopher_below_alpha"] == 0.802


def test_without_a_file_defaults_hold_and_rules_of_the_language_do_not_apply(folder: Path) -> None:
    for found in (for_label("xyz_Latn", folder), for_label("swh_Latn")):
        limits = thresholds(found)
        assert limits["gopher_dup_line_frac"] == 0.3
        own_only = {name for name, rule in RULES.items() if rule.own_only}
        assert {name for name, limit in limits.items() if limit is None} == own_only


def test_chinese_scripts_share_the_file_of_the_other_label(folder: Path) -> None:
    assert for_label("cmn_Hans", folder).line_punct_thr == 0.5
    assert for_label("zho_Hant", folder).line_punct_thr == 0.5
    assert has_own("cmn_Hant", folder) and not has_own("yue_Hant", folder)
    assert candidates("ara_Arab") == ("ara_Arab", "arb_Arab")


def test_odd_values_mean_what_datatrove_makes_of_them() -> None:
    odd = LanguageParameters(
        dup_line_frac=0, line_punct_thr=-1, max_avg_word_length=3141, top_n_grams=((2, 1.5),),
        min_avg_word_length=0,
    )  # fmt: skip
    limits = thresholds(odd)
    assert limits["gopher_dup_line_frac"] is None
    assert limits["gopher_below_avg_word_length"] is None
    assert limits["fineweb_line_punct"] == -1
    assert set(vacuous(odd)) == {
        "gopher_dup_line_frac", "gopher_top_2_gram", "fineweb_line_punct",
        "gopher_above_avg_word_length", "gopher_below_avg_word_length",
    }  # fmt: skip
    assert vacuous(LanguageParameters()) == []


def test_yaml_comes_back_as_it_went(folder: Path) -> None:
    found = for_label("swh_Latn", folder)
    text = found.to_yaml("Swahili\nby hand")
    assert text.startswith("# Swahili\n# by hand\ndup_line_frac: 0.302\n")
    assert LanguageParameters.from_yaml(text) == found
    assert LanguageParameters.from_yaml(LanguageParameters().to_yaml()) == LanguageParameters()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dup_lines: 1", "unknown key 'dup_lines'"),
        ("dup_line_frac: much", "dup_line_frac: .*'much'"),
        ("top_n_grams: [[2]]", "top_n_grams.0"),
        ("a: [", "x.yml:2: not YAML"),
        ("- 1", "expected keys"),
    ],
)
def test_an_unusable_file_is_named_with_its_key(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.yml").write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        check_folder(tmp_path)
    assert str(tmp_path / "x.yml") in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_or_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such folder"):
        check_folder(tmp_path / "none")
    with pytest.raises(ValueError, match=r"no \.yml file"):
        check_folder(tmp_path)


def test_hashes_change_with_what_they_stand_for(folder: Path) -> None:
    before = folder_hash(folder), stop_words_hash(folder)
    (folder / "swh_Latn.yml").write_text(SWAHILI.replace("0.302", "0.303"))
    assert folder_hash(folder) != before[0] and stop_words_hash(folder) == before[1]
    (folder / "swh_Latn.yml").write_text(SWAHILI.replace("- ya", "- na"))
    assert stop_words_hash(folder) != before[1]


def test_all_published_files_load_and_their_vacuous_limits_are_known() -> None:
    found = load_folder(next(unpacked("lists.tar.xz").rglob("fineweb-2/configs")))
    assert len(found) == 1929
    never = [vacuous(parameters) for parameters in found.values()]
    assert sum("gopher_top_2_gram" in names for names in never) == 815
    assert sum("gopher_dup_line_frac" in names for names in never) == 71


def test_a_script_whose_lines_end_without_a_mark_is_not_held_to_them_by_default() -> None:
    assert thresholds(for_label("tha_Thai"))["fineweb_line_punct"] == 0
    assert thresholds(for_label("swh_Latn"))["fineweb_line_punct"] == 0.12
