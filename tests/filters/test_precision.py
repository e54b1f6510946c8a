"""Word lists of high affinity: how they are made, what they say of a document, how FineWeb2's are read."""

import json

import numpy as np
import polars as pl
import pytest

from polysieve.filters import precision, stop_words, words
from polysieve.filters.precision import WordList
from polysieve.filters.signals import StopWords
from tests.shared_data import unpacked


def word_list(*listed: str, code: str = "swh", terms: tuple[str, ...] = ()) -> WordList:
    return WordList(StopWords.of(listed), code, terms)


def counts(**found: int) -> pl.DataFrame:
    rows = [(word, n, 1) for word, n in found.items()]
    return pl.DataFrame(rows, schema=stop_words.COUNTS, orient="row")


def test_a_listed_word_is_frequent_and_hardly_anyone_elses() -> None:
    rare = {f"rare{i}": 1 for i in range(60)}
    lists = precision.word_lists(
        {
            "aaa_Latn": counts(own=100, shared=100, mostly=95, **rare),
            "bbb_Latn": counts(other=100, shared=100, mostly=5, **rare),
            "ccc_Latn": counts(),
        }
    )
    assert lists == {"aaa_Latn": ["own", "mostly"], "bbb_Latn": ["other"], "ccc_Latn": []}


def test_the_ratio_is_of_distinct_words() -> None:
    cut = words.segment(["maji ni uhai, maji ni uhai", "water is life", "", "maji"])
    found = precision.ratios(cut, [word_list("maji")] * 3 + [None], [None] * 4)
    assert found[:2].tolist() == [1 / 3, 0]
    assert np.isnan(found[2:]).all()  # no word; no list


@pytest.mark.parametrize(
    ("url", "vouched"),
    [
        ("https://example.org/swh/habari", True),  # the code as a word
        ("https://example.org/SWHnews", True),  # the code in capitals
        ("https://habari.co.tz/page", True),  # a top-level domain
        ("https://example.org/co.tz/page", False),
        ("https://example.org/tz", False),
        ("https://kiswahilileo.example/x", True),  # a long term within a word
        ("https://example.org/ken/x", True),  # a short term as a word
        ("https://broken.example/x", False),  # not within one
        ("https://example.org/%6Benya-habari", True),  # escapes are undone
        (None, False),
    ],
)
def test_addresses_that_speak_for_a_language(url, vouched) -> None:
    terms = (".tz", "kiswahili", "ken", "kenya")
    own = word_list("maji", terms=terms)
    assert own.vouches(url) is vouched
    cut = words.segment(["water is life"])
    assert np.isnan(precision.ratios(cut, [own], [url])[0]) == vouched


def test_contamination_is_the_share_of_documents_without_a_listed_word() -> None:
    assert precision.contamination(np.array([0.0, 0.1, 0.0, np.nan, 0.2])) == 0.5
    assert precision.contamination(np.array([])) == 0


def test_only_contaminated_languages_are_filtered(tmp_path) -> None:
    (tmp_path / "swh_Latn.txt").write_text("maji\nuhai\n")
    (tmp_path / "zul_Latn.txt").write_text("amanzi\n")
    scores = tmp_path / "scores.json"
    scores.write_text(json.dumps({"swh_Latn": 0.2, "zul_Latn": 0.1}))
    labels = ["swh_Latn", "zul_Latn", "yor_Latn"]
    assert set(precision.load(tmp_path, labels, scores)) == {"swh_Latn"}
    assert set(precision.load(tmp_path, labels)) == {"swh_Latn", "zul_Latn"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "expected a JSON object"),
        ("{", "not JSON"),
        ('{"swh_Latn": "a"}', "swh_Latn: expected a share"),
    ],
)
def test_a_bad_file_of_contamination_is_named(tmp_path, text, message) -> None:
    path = tmp_path / "scores.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"scores\.json: {message}"):
        precision.load(tmp_path, ["swh_Latn"], path)


def test_fineweb2s_files_are_read_as_they_are() -> None:
    import tarfile

    folder = unpacked("lists.tar.xz") / "lists" / "fineweb-2" / "misc" / "precision_filtering"
    archive = next(folder.glob("wordlists-*.tar.xz"))
    target = folder / "unpacked"
    if not target.exists():
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data")
    lists = next(path for path in target.iterdir() if path.is_dir())
    labels = sorted(path.stem for path in lists.glob("*.txt"))
    scores, terms = folder / "cont_scores.json", folder / "url_whitelist.json"
    found = precision.load(lists, labels, scores, terms)
    published = json.loads(scores.read_text())
    assert found
    assert set(found) == {label for label in labels if published.get(label, 0) > 0.1}
    assert any(own.terms for own in found.values())
    wolof = precision.load(lists, ["wol_Latn"])["wol_Latn"]
    cut = words.segment(["Yàlla baax na", "the good lord"])
    assert precision.ratios(cut, [wolof] * 2, [None] * 2).tolist() == [pytest.approx(2 / 3), 0]
