"""Near duplicates of real pages with known Jaccard similarity: found pairs, and wrong joins.

python -m benchmarks.dedup.gold

Reads the built crawl of the shared data: gold texts, and the pairs of equal label with an exact
Jaccard similarity of 0.5 or more. A pair counts as found where both documents are in one cluster. Joined
at random: pairs of one cluster that no chain of listed pairs connects. Of the pairs within a cluster whose own
similarity is below 0.4 it is told whether a chain joins them, each step of 0.4 or more. Words or characters are chosen
by script, as the recipe's defaults do. Exits with 1 below a recall of 0.98 at J >= 0.85 or 0.90 at J >= 0.8, or
where a pair below 0.4 has no chain.
"""

import csv
import gzip
import json
import lzma
import sys
from collections import defaultdict

import numpy as np
import pyarrow as pa
from fastwarc.warc import ArchiveIterator, WarcRecordType

from benchmarks.dedup.common import SHARED
from benchmarks.dedup.languages import jaccard
from polysieve.dedup.components import components
from polysieve.dedup.edges import verified_band_edges
from polysieve.dedup.minhash import MinHashParams, band_keys, has_shingles, low_bytes
from polysieve.filters.words import Words, segment
from polysieve.pipeline.recipe.clustering import Dedup
from polysieve.pipeline.steps.measure import signatures as signing

BUILT = SHARED / "warc" / "built"
PARAMS = MinHashParams()
SCRIPTS = ("Latn", "Cyrl", "Arab", "Deva", "Ethi", "Hang", "Jpan", "Han", "Khmr", "Thai")
STEPS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.01)


def table(name: str) -> list[dict[str, str]]:
    csv.field_size_limit(1 << 30)
    with gzip.open(BUILT / name, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def gold_texts() -> dict[str, tuple[str, str]]:
    """doc → (label, text): rendered pages from their gold text, WET records from the crawl."""
    texts = {}
    with lzma.open(BUILT / "GOLD_TEXT.jsonl.xz", "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            texts[row["doc"]] = (row["lang"], row["text"])
    by_record = {
        row["record_id"]: row for row in table("GOLD.tsv.gz") if row["kind"] == "wet" and row["doc"]
    }
    for path in sorted(BUILT.glob("*.wet.gz")):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, record_types=WarcRecordType.conversion):
                row = by_record.get(record.headers.get("WARC-Record-ID") or "")
                if row:
                    text = record.reader.read().decode("utf-8", "replace")
                    texts.setdefault(row["doc"], (row["lang"], text))
    return texts


def clusters_of(texts: pa.Array, words: Words, labels: list[str], minimum: float) -> np.ndarray:
    """int64[n]: clusters within each label, by everything this package does."""
    signed = signing.signatures(texts, words, signing.compared(words, Dedup()), Dedup())
    keys, low, valid = band_keys(signed, PARAMS), low_bytes(signed), has_shingles(signed)
    edges = []
    names = np.array(labels)
    for label in sorted(set(labels)):
        rows = np.flatnonzero(names == label)
        for band in range(PARAMS.bands):
            a, b = verified_band_edges(keys[rows, band], low[rows], minimum, valid[rows])
            edges.append((rows[a], rows[b]))
    return components(len(texts), edges)


def unlike(cluster: np.ndarray, texts: pa.Array, words: Words) -> tuple[int, int]:
    """Pairs of one cluster with J < 0.4, and how many of them no chain of pairs with J >= 0.4 joins."""
    shingles, offsets = signing.shingle_sets(texts, words, Dedup())
    sets = [set(own.tolist()) for own in np.split(shingles, offsets[1:-1])]
    below = without = 0
    sizes = np.bincount(cluster)
    for root in np.flatnonzero(sizes > 1):
        members = np.flatnonzero(cluster == root)
        near = np.array([[jaccard(sets[a], sets[b]) >= 0.4 for b in members] for a in members])
        pairs = [np.flatnonzero(row) for row in near]
        part = components(len(members), [(np.full(len(to), k), to) for k, to in enumerate(pairs)])
        far = np.argwhere(np.triu(~near))
        below += len(far)
        without += int((part[far[:, 0]] != part[far[:, 1]]).sum())
    return below, without


def script_of(label: str) -> str:
    script = label.rpartition("_")[2]
    return "Han" if script.startswith("Han") and script != "Hang" else script


def main() -> None:
    texts = gold_texts()
    names = sorted(texts)
    row_of = {name: row for row, name in enumerate(names)}
    labels = [texts[name][0] for name in names]
    column = pa.array([texts[name][1] for name in names], pa.large_string())
    words = segment(column, pa.array(labels))
    cluster = clusters_of(column, words, labels, 0.55)

    found: dict[str, dict[float, list[bool]]] = defaultdict(lambda: defaultdict(list))
    a, b = [], []
    for pair in table("NEARDUP_PAIRS.tsv.gz"):
        if pair["doc_a"] not in row_of or pair["doc_b"] not in row_of:
            continue
        one, other = row_of[pair["doc_a"]], row_of[pair["doc_b"]]
        a.append(one)
        b.append(other)
        similarity = float(pair["jaccard5"])
        step = max(s for s in STEPS if s <= similarity)
        for group in ("all", script_of(labels[one])):
            found[group][step].append(bool(cluster[one] == cluster[other]))

    print(f"{len(names):,} documents, {len(a):,} pairs; found / pairs by Jaccard similarity from")
    print("script " + "".join(f"{step:>12}" for step in STEPS[:-1]) + "    >= 0.8   >= 0.85")
    recalls = {}
    for group in ("all", *SCRIPTS):
        cells = [found[group][step] for step in STEPS[:-1]]
        line = "".join(f"{sum(cell):>7}/{len(cell):<4}" for cell in cells)
        above = [[hit for cell in cells[k:] for hit in cell] for k in (3, 4)]
        recalls[group] = [np.mean(hits) if hits else float("nan") for hits in above]
        print(f"{group:6} {line}" + "".join(f"{recall:10.4f}" for recall in recalls[group]))

    listed = components(len(names), [(np.array(a), np.array(b))])
    wrong = 0
    for root in np.unique(cluster[np.bincount(cluster, minlength=len(names))[cluster] > 1]):
        members = np.flatnonzero(cluster == root)
        for member in members[1:]:
            if listed[member] != listed[members[0]]:
                wrong += 1
                print(f"joined without a listed pair: {names[members[0]]} {names[member]}")
    print(f"{wrong} members joined to their cluster without a chain of pairs of J >= 0.5")
    below, without = unlike(cluster, column, words)
    print(f"{below} pairs of one cluster have J < 0.4; {without} of them are joined by no chain")
    if without:
        sys.exit("documents are joined that nothing connects")
    if recalls["all"][0] < 0.90 or recalls["all"][1] < 0.98:
        sys.exit("recall is too low")


if __name__ == "__main__":
    main()
