"""2,000 documents in 20 languages through datatrove's four stages, as shipped, and through ours, side by side.

python -m benchmarks.dedup.stages SCRATCH --datatrove /path/to/python/with/datatrove

Documents are ten sentences of NTREX, three in ten of them edited copies. datatrove 0.10.1 runs in its own
environment, with the tokeniser that it assigns to each language. Compared: its signatures with those of
dedup.datatrove, bit for bit, and its clusters with ours of the same signatures. Exits with 1 where they differ.
Then CPU seconds of each stage, theirs beside what our steps call for the same work: content hashes, band keys and bytes
to verify by of a batch, as in the step measure; the clusters of a unit with all languages, read from its files and
verified, as in the step clusters (their stages 2 and 3); the representative of each. And bytes on disk.
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

from benchmarks.dedup.common import best, made_plan, on_disk, resident, write_index
from benchmarks.dedup.languages import edited, lines_of
from polysieve.dedup import datatrove
from polysieve.dedup.components import components, member_counts
from polysieve.dedup.edges import band_edges
from polysieve.dedup.minhash import MinHashParams, band_keys, has_shingles
from polysieve.filters.words import segment
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.cluster.components import find
from polysieve.pipeline.steps.cluster.dedup_inputs import DedupInputs
from polysieve.pipeline.steps.cluster.order import representatives_by_cluster
from polysieve.pipeline.steps.labels import Label
from polysieve.pipeline.steps.measure import batches
from polysieve.pipeline.steps.step import Context

RECIPE = Recipe()
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


def our_signatures(texts: pa.Array, labels: list[str]) -> pa.RecordBatch:
    """What the step measure does for a batch: content hashes, band keys, bytes to verify by."""
    return batches._bands(texts, segment(texts, labels), RECIPE)


def stored(folder: Path, found: dict[str, pa.RecordBatch]) -> Context:
    """What the step clusters reads: the tables of one segment that holds the documents of all labels."""
    found = dict(sorted(found.items()))
    n = sum(map(len, found.values()))
    context = made_plan(folder, RECIPE, ("measure", "index")).context
    measure = context.measure
    columns = {
        "label": [label for label, bands in found.items() for _ in range(len(bands))],
        "id": [f"d{row}" for row in range(n)],
        "date": ["2024-01-01"] * n,
        "prefilter_reason": pa.nulls(n, pa.string()),
        "language_score": np.ones(n),
    }
    tables = {
        "documents": pa.table(columns),
        "signals": pa.table({"word_count": np.full(n, 100)}),
        "bands": pa.Table.from_batches(found.values()),
    }
    for name, table in tables.items():
        measure.store.write_table(measure.file(f"{name}/made.parquet"), table)
    rows, first = [], 0
    for label, bands in found.items():
        rows.append((label, 0, "made", "made", first, len(bands), 0, ""))
        first += len(bands)
    write_index(context, rows)
    return context


def labels_of(context: Context) -> list[Label]:
    """The labels of the one unit, with nothing read of them yet."""
    (unit,) = context.units()
    return context.labels(unit.labels)


def our_clusters(context: Context) -> list[np.ndarray]:
    """int[n] for each label: what the step clusters finds, read from its files, verification included."""
    minhash = RECIPE.dedup.minhash
    return [find(DedupInputs(label, minhash), RECIPE).component for label in labels_of(context)]


def our_filter(context: Context, clusters: list[np.ndarray]) -> list[np.ndarray]:
    """bool[n] for each label: the representative of each cluster, by the recipe's order."""
    return [
        representatives_by_cluster(label, RECIPE.dedup, own, member_counts(own, len(own)))
        for label, own in zip(labels_of(context), clusters, strict=True)
    ]


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
        "language  signatures  clusters  duplicates   CPU s: theirs, stages 1, 2 and 3, 4   ours, signatures"
    )
    sums = np.zeros((2, 3))
    sketch = 0.0
    measured: dict[str, pa.RecordBatch] = {}
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
        kept = len(np.unique(cluster))
        same_count = kept == len(entry["kept"])
        differ += not (same_bits and same_clusters and same_count)
        documents += len(texts)
        removed += len(texts) - kept
        column = pa.array(texts, pa.large_string())
        own_label = label.replace("Hani", "Hans")
        labels = [own_label] * len(texts)
        measured[own_label] = our_signatures(column, labels)
        own = best(our_signatures, column, labels, times=3)
        first, second, third, fourth = (stage[0] for stage in entry["seconds"])
        cpu = [first, second + third, fourth]
        sums += [cpu, [own, 0, 0]]
        sketch += best(datasketch_index, texts, times=1)
        print(
            f"{label}  {'same' if same_bits else 'DIFFER':10}  {'same' if same_clusters else 'DIFFER':8} "
            f"{len(texts) - kept:10}   {cpu[0]:8.3f} {cpu[1]:8.4f} {cpu[2]:8.4f}   {own:8.4f}",
            flush=True,
        )
    context = stored(scratch / "ours", measured)
    clusters = our_clusters(context)
    sums[1, 1:] = (
        best(our_clusters, context, times=20),
        best(our_filter, context, clusters, times=20),
    )
    ratios = sums[0] / sums[1]
    print(
        f"{documents} documents, {removed} duplicates; {differ} languages differ\n"
        f"CPU seconds: theirs {sums[0].round(3).tolist()}, ours {sums[1].round(4).tolist()}: signatures "
        f"{ratios[0]:.0f} x, clusters {ratios[1]:.0f} x, filter {ratios[2]:.0f} x\n"
        f"datasketch, MinHash and LSH over words cut at white space: {sketch:.2f} s, {sketch / sums[1].sum():.0f} x\n"
        f"memory at most: datatrove {results['memory']:.0f} MiB, ours {resident():.0f} MiB; bytes a document on disk: "
        f"datatrove {sum(on_disk(scratch / label) for label in results['labels']) / documents:.0f}"
    )
    if differ:
        sys.exit("signatures or clusters differ from datatrove's")


if __name__ == "__main__":
    main()
