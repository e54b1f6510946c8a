import importlib.metadata
import re
import struct
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.dedup.original import datatrove_minhash
from polysieve.dedup import datatrove
from polysieve.dedup.components import components
from polysieve.dedup.edges import band_edges
from polysieve.dedup.minhash import MinHashParams, band_keys, has_shingles
from tests.shared_data import unpacked

PARAMS = MinHashParams()

LANGUAGES = [
    "ar",
    "bn",
    "zh",
    "de",
    "el",
    "fi",
    "fr",
    "he",
    "hi",
    "hu",
    "it",
    "ja",
    "ko",
    "pl",
    "ru",
    "sw",
    "th",
    "tr",
    "uk",
    "vi",
]


@pytest.fixture(scope="module")
def original():
    """datatrove's own module, words cut at white space."""
    version = importlib.metadata.version("datatrove")
    if not version.startswith("0.10."):
        pytest.skip(f"compares with datatrove 0.10, {version} is installed")
    return datatrove_minhash()


@pytest.fixture(scope="module")
def texts():
    """100 documents of sentences in each of 20 languages."""
    folder = unpacked("lid.tar.xz")
    found = []
    for code in LANGUAGES:
        path = next(folder.rglob(f"lingua-sentences/{code}.txt"))
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        for number in range(100):
            chosen = [lines[(number * 7 + k) % len(lines)] for k in range(1 + number % 9)]
            found.append("\n".join(chosen))
    return found


def _signature_of(original, signer, text):
    shingles = signer.get_shingles(text)
    return np.concatenate(signer.get_signature(shingles)) if shingles.size else None


def signatures_by_spaces(texts):
    return datatrove.signatures([datatrove.simplified(text).split() for text in texts], PARAMS)


def test_signatures_equal_datatroves_in_20_languages(original, texts, tmp_path):
    signer = original.MinhashDedupSignature(str(tmp_path))
    got = signatures_by_spaces(texts)
    signed = has_shingles(got)
    assert len(texts) == 2000
    for i, text in enumerate(texts):
        expected = _signature_of(original, signer, text)
        assert signed[i] == (expected is not None)
        if expected is not None:
            assert got[i].tolist() == expected.tolist()


@given(st.lists(st.text(max_size=80), max_size=4))
def test_text_is_simplified_as_datatrove_does(parts):
    from datatrove.utils.text import simplify_text

    text = " ".join(parts)
    assert datatrove.simplified(text) == simplify_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "Ünï  1,234.5 ١٢٣٫٤ — „quoted“\u00a0x\u2028y\u3000z",
        "พูดว่า ภาษาไทย",
        "がどう バス",
        "बहुत क्षि 12%",
        " \u0300 a \u0301 b\u0302",
        "한국어",
        "",
    ],
)
def test_scripts_are_simplified_as_datatrove_does(text):
    from datatrove.utils.text import simplify_text

    assert datatrove.simplified(text) == simplify_text(text)


@given(st.binary(max_size=200))
def test_xxhash64_is_xxhash64(data):
    buffer = np.frombuffer(b"\xff" + data + b"\xff", dtype=np.uint8)
    assert int(datatrove.xxhash64(buffer, 1, 1 + len(data))) == xxhash.xxh64_intdigest(data)


def test_words_may_hold_spaces():
    documents = [["new york", "is", "a", "big", "city", "of"], ["one"], []]
    got = datatrove.signatures(documents, PARAMS)
    assert has_shingles(got).tolist() == [True, False, False]
    split = datatrove.signatures([" ".join(documents[0]).split()], PARAMS)
    assert not np.array_equal(got[0], split[0])


def test_words_with_a_control_character_are_refused():
    with pytest.raises(ValueError, match=re.escape("U+001F")):
        datatrove.signatures([["a\x1fb", "c"]], PARAMS)


def test_clusters_equal_datatroves(original, texts, tmp_path):
    from datatrove.data import Document

    config = original.MinhashConfig()
    folders = [str(tmp_path / name) for name in ("signatures", "buckets", "clusters")]
    shards = [texts[rank::3] for rank in range(3)]
    for rank, shard in enumerate(shards):
        signer = original.MinhashDedupSignature(folders[0], config)
        signer.run((Document(text, str(i)) for i, text in enumerate(shard)), rank, 3)
    for rank in range(config.num_buckets):
        original.MinhashDedupBuckets(folders[0], folders[1], config=config).run(
            None, rank, config.num_buckets
        )
    original.MinhashDedupCluster(folders[1], folders[2], config, save_cluster_id=True).run()
    expected = defaultdict(set)
    for rank in range(3):
        path = Path(folders[2]) / f"{rank:06d}.clusters"
        for row, cluster in struct.iter_unpack("<2I", path.read_bytes()):
            expected[cluster].add((rank, row))

    rows = [(rank, row) for rank, shard in enumerate(shards) for row in range(len(shard))]
    signed = signatures_by_spaces(text for shard in shards for text in shard)
    keys = band_keys(signed, PARAMS)
    valid = has_shingles(signed)
    component = components(
        len(rows), (band_edges(keys[:, band], valid) for band in range(PARAMS.bands))
    )
    got = defaultdict(set)
    for row, root in enumerate(component.tolist()):
        got[root].add(rows[row])
    clusters = sorted(sorted(members) for members in got.values() if len(members) > 1)
    assert clusters == sorted(map(sorted, expected.values()))
    assert len(clusters) > 10
