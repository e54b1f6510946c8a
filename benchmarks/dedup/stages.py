"""2,000 documents in 20 languages through datatrove's four stages, as shipped, and through ours, side by side.

python -m benchmarks.dedup.stages SCRATCH --datatrove /path/to/python/with/datatrove

Documents are ten sentences of NTREX, three in ten of them edited copies. datatrove 0.10.1 runs in its own
environment, with the tokeniser that it assigns to each language. Compared: its signatures with those of
dedup.datatrove, bit for bit, and its clusters with ours of the same signatures. Exits with 1 where they differ.
Then CPU seconds of each stage, theirs beside our own signatures, verification included, and bytes on disk.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from datasketch import MinHash, MinHashLSH

from benchmarks.dedup.common import best, on_disk, resident
from benchmarks.dedup.languages import edited, lines_of
from polysieve.dedup import datatrove
from polysieve.dedup.components import cluster_sizes, components, kept_members
from polysieve.dedup.edges import band_edges, verified_band_edges
from polysieve.dedup.minhash import MinHashParams, band_keys, has_shingles, low_bytes
from polysieve.filters.words import segment
from polysieve.pipeline.recipe.clustering import Dedup
from polysieve.pipeline.steps.measure import signatures as signing

PARAMS = MinHashParams()
LANGUAGES = {
    "arb_Arab": "arb", "ben_Beng": "ben", "cmn_Hani": "zho-CN", "deu_Latn": "deu", "ell_Grek": "ell",
    "fin_Latn": "fin", "fra_Latn": "fra", "guj_Gujr": "guj", "hin_Deva": "hin", "ita_Latn": "ita",
    "jpn_Jpan": "jpn", "kor_Hang": "kor", "pol_Latn": "pol", "rus_Cyrl": "rus", "spa_Latn": "spa",
    "swh_Latn": "swa", "tam_Taml": "tam", "tha_Thai": "tha", "tur_Latn": "tur", "ukr_Cyrl": "ukr",
    "vie_Latn": "vie", "zul_Latn": "zul", "amh_Ethi": "amh", "khm_Khmr": "khm",
}  # fmt: skip
DOCUMENTS = 100
WANTED = 20


def documents_of(name: str) -> list[str]:
    """DOCUMENTS texts: every third and a few more are edited copies of the one before."""
    random = np.random.default_rng(8)
    pool = lines_of(name)
    texts: list[str] = []
    while len(texts) < DOCUMENTS:
        chosen = [pool[i] for i in random.choice(len(pool), 10, replace=False)]
        texts.append("\n".join(chosen))
        if random.random() < 0.43 and len(texts) < DOCUMENTS:
            texts.append(edited(chosen, pool, random))
    return texts


def their_signatures(folder: Path, count: int) -> np.ndarray:
    """uint64[count, lanes] from the files of stage 1; rows without one are 2**64 - 1."""
    names = [f"f{row}" for row in range(PARAMS.rows)]
    record = np.dtype([*((name, "<u8") for name in names), ("doc", "<u4")])
    found = np.full((count, PARAMS.lanes), np.iinfo(np.uint64).max, np.uint64)
    for band in range(PARAMS.bands):
        rows = np.fromfile(folder / f"bucket_{band:03d}" / "00000.minhash.sig", record)
        for row, name in enumerate(names):
            found[rows["doc"], band * PARAMS.rows + row] = rows[name]
    return found


def their_clusters(folder: Path, count: int) -> np.ndarray:
    """int64[count]: the first member of each document's cluster, from the files of stage 3."""
    cluster = np.arange(count)
    path = folder / "000000.clusters"
    if path.exists():
        pairs = np.fromfile(path, np.dtype([("doc", "<u4"), ("cluster", "<u4")]))
        for number in np.unique(pairs["cluster"]):
            members = pairs["doc"][pairs["cluster"] == number]
            cluster[members] = members.min()
    return cluster


def clusters_of(signed: np.ndarray) -> np.ndarray:
    keys, valid = band_keys(signed, PARAMS), has_shingles(signed)
    bands = (np.ascontiguousarray(keys[:, band]) for band in range(PARAMS.bands))
    return components(len(signed), (band_edges(band, valid) for band in bands))


def our_signatures(texts: pa.Array, labels: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What step A does for a batch: band keys, bytes to verify by, validity."""
    words = segment(texts, labels)
    signed = signing.signatures(texts, words, signing.compared(words, Dedup()), Dedup())
    return band_keys(signed, PARAMS), low_bytes(signed), has_shingles(signed)


def our_edges(keys: np.ndarray, low: np.ndarray, valid: np.ndarray) -> list:
    bands = (np.ascontiguousarray(keys[:, band]) for band in range(PARAMS.bands))
    return [verified_band_edges(band, low, 0.55, valid) for band in bands]


def our_filter(cluster: np.ndarray) -> np.ndarray:
    cluster_sizes(cluster)
    return np.flatnonzero(kept_members(cluster))


def datasketch_index(texts: list[str]) -> None:
    index = MinHashLSH(num_perm=PARAMS.lanes, params=(PARAMS.bands, PARAMS.rows))
    grams = []
    for text in texts:
        words = text.lower().split()
        grams.append([" ".join(words[i : i + 5]).encode() for i in range(max(len(words) - 4, 1))])
    hashes = list(MinHash.generator(grams, num_perm=PARAMS.lanes))
    for row, one in enumerate(hashes):
        index.insert(row, one)
    for one in hashes:
        index.query(one)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scratch", type=Path)
    parser.add_argument(
        "--datatrove", required=True, help="a Python that has datatrove[multilingual]"
    )
    options = parser.parse_args()
    scratch = options.scratch / "dedup-stages"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    request = {}
    for label, name in LANGUAGES.items():
        texts = documents_of(name)
        request[label] = {"texts": texts, "simplified": [datatrove.simplified(t) for t in texts]}
    (scratch / "request.json").write_text(json.dumps(request))
    script = Path(__file__).with_name("shipped.py")
    command = [options.datatrove, str(script), str(scratch / "request.json"), str(scratch)]
    subprocess.run(command, check=True)
    tokens = json.loads((scratch / "tokens.json").read_text())
    results = json.loads((scratch / "results.json").read_text())

    differ = documents = removed = 0
    print(
        "language  signatures  clusters  duplicates   CPU s: theirs, stages 1-4                ours, the same work"
    )
    sums = np.zeros((2, 4))
    sketch = 0.0
    for label in list(results["labels"])[:WANTED]:
        entry = results["labels"][label]
        texts = request[label]["texts"]
        theirs = their_signatures(scratch / label / "sigs", len(texts))
        ours = datatrove.signatures(tokens[label], PARAMS)
        same_bits = np.array_equal(theirs, ours)
        cluster = clusters_of(ours)
        same_clusters = np.array_equal(
            cluster, their_clusters(scratch / label / "found", len(texts))
        )
        kept = np.flatnonzero(kept_members(cluster)).tolist()
        same_count = len(kept) == len(entry["kept"])
        differ += not (same_bits and same_clusters and same_count)
        documents += len(texts)
        removed += len(texts) - len(kept)
        column = pa.array(texts, pa.large_string())
        own_label = label.replace("Hani", "Hans")
        labels = [own_label] * len(texts)
        keys, low, valid = our_signatures(column, labels)
        found = our_edges(keys, low, valid)
        own = [
            best(our_signatures, column, labels, times=3),
            best(our_edges, keys, low, valid, times=20),
            best(components, len(texts), found, times=20),
            best(our_filter, components(len(texts), found), times=20),
        ]
        cpu = [stage[0] for stage in entry["seconds"]]
        sums += [cpu, own]
        sketch += best(datasketch_index, texts, times=1)
        print(
            f"{label}  {'same' if same_bits else 'DIFFER':10}  {'same' if same_clusters else 'DIFFER':8} "
            f"{len(texts) - len(kept):10}   {cpu[0]:8.3f} {cpu[1]:8.3f} {cpu[2]:8.4f} {cpu[3]:8.4f}   "
            f"{own[0]:8.4f} {own[1]:8.4f} {own[2]:8.5f} {own[3]:8.5f}",
            flush=True,
        )
    ratios = sums[0] / sums[1]
    print(
        f"{documents} documents, {removed} duplicates; {differ} languages differ\n"
        f"CPU seconds: theirs {sums[0].round(3).tolist()}, ours {sums[1].round(4).tolist()}: signatures "
        f"{ratios[0]:.0f} x, buckets {ratios[1]:.0f} x, clusters {ratios[2]:.0f} x, filter {ratios[3]:.0f} x\n"
        f"datasketch, MinHash and LSH over words cut at white space: {sketch:.2f} s, {sketch / sums[1].sum():.0f} x\n"
        f"memory at most: datatrove {results['memory']:.0f} MiB, ours {resident():.0f} MiB; bytes a document on disk: "
        f"datatrove {sum(on_disk(scratch / label) for label in results['labels']) / documents:.0f}"
    )
    if differ:
        sys.exit("signatures or clusters differ from datatrove's")


if __name__ == "__main__":
    main()
