"""Relatives: the languages of a family in a script, else of the script."""

from polysieve.filters.relatives import family, members, relatives


def test_families_are_known() -> None:
    assert family("swh_Latn") == family("zul_Latn") is not None
    assert family("hin_Deva") == family("mar_Deva") == family("spa_Latn")
    assert family("xyz_Latn") is None


def test_a_family_in_a_script_comes_first_then_the_script() -> None:
    documents = {
        "swh_Latn": 30,
        "zul_Latn": 3,
        "fin_Latn": 100,
        "hin_Deva": 50,
        "mar_Deva": 0,
        "kat_Geor": 9,
    }
    found = relatives(documents, 20)
    assert found["swh_Latn"] == found["zul_Latn"]
    assert members(found["zul_Latn"], documents) == ["swh_Latn", "zul_Latn"]
    assert found["fin_Latn"] == "Latn"  # nobody of its family is there
    assert found["mar_Deva"] == "Indo-European in Deva"
    assert "hin_Deva" not in found  # Marathi has no document
    assert "kat_Geor" not in found


def test_chinese_in_both_writings_are_relatives() -> None:
    found = relatives({"cmn_Hans": 50, "cmn_Hant": 2}, 20)
    assert found["cmn_Hant"] == found["cmn_Hans"]
