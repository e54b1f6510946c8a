"""The parts together, from text to clusters, on articles and revisions with known truth."""

import itertools
import json
import lzma

import numpy as np
import pyarrow as pa
import pytest

from polysieve.dedup.components import components
from polysieve.dedup.edges import verified_band_edges
from polysieve.dedup.minhash import MinHashParams, band_keys, has_shingles, low_bytes, signatures
from polysieve.dedup.normalise import Normalisation, compared_words
from polysieve.filters.words import segment
from tests.shared_data import unpacked

PARAMS = MinHashParams()


def clusters_of(texts, label):
    words = segment(pa.array(texts, pa.large_string()), pa.array([label] * len(texts)))
    signed = signatures(*compared_words(words, Normalisation()), PARAMS)
    keys, low, valid = band_keys(signed, PARAMS), low_bytes(signed), has_shingles(signed)
    return components(
        len(texts),
        (verified_band_edges(keys[:, band], low, 0.55, valid) for band in range(PARAMS.bands)),
    )


@pytest.mark.parametrize("count", [100, 1000])
def test_copied_articles_are_found_and_no_others(count):
    folder = next(unpacked("neardup.tar.xz").rglob("minhash-articles"))
    lines = (folder / f"articles_{count}.train").read_text(encoding="utf-8").splitlines()
    names, texts = zip(*(line.split(" ", 1) for line in lines), strict=True)
    truth = {
        tuple(sorted(line.split()))
        for line in (folder / f"articles_{count}.truth").read_text().splitlines()
    }
    cluster = clusters_of(texts, "eng_Latn")
    found = {
        tuple(sorted((names[a], names[b])))
        for root in np.unique(cluster)
        for a, b in itertools.combinations(np.flatnonzero(cluster == root), 2)
    }
    assert found == truth


def test_revisions_of_a_page_are_found_in_every_language():
    path = next(unpacked("neardup.tar.xz").rglob("natural_revisions.jsonl.xz"))
    with lzma.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    labels = {"ja": "jpn_Jpan", "zh": "cmn_Hans", "ko": "kor_Hang", "hi": "hin_Deva"}
    by_language = {}
    for row in rows:
        by_language.setdefault(row["lang"].partition("-")[0], []).append(row)
    found = total = 0
    for language, pages in by_language.items():
        cluster = clusters_of([page["text"] for page in pages], labels.get(language, "und_Zzzz"))
        first = {}
        for page, root in zip(pages, cluster.tolist(), strict=True):
            if page["jaccard5_to_first"] is None or page["cluster"] not in first:
                first.setdefault(page["cluster"], root)
            elif page["jaccard5_to_first"] >= 0.85:
                total += 1
                found += root == first[page["cluster"]]
    assert total > 100
    assert found / total >= 0.98


@pytest.mark.parametrize(
    ("label", "text", "other"),
    [
        ("tha_Thai", "ข้าว", "ขาว"),  # rice, white: a tone mark
        ("jpn_Jpan", "が", "か"),  # dakuten
        ("hin_Deva", "कमल", "कमला"),  # a vowel sign
        ("vie_Latn", "ma", "má"),  # a tone
        ("kor_Hang", "각", "가"),  # a final jamo
    ],
)
def test_marks_tell_words_apart(label, text, other):
    words = segment(pa.array([text, other], pa.large_string()), pa.array([label] * 2))
    signed = signatures(*compared_words(words, Normalisation()), PARAMS)
    assert not np.array_equal(signed[0], signed[1])
