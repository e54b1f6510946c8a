"""Drop exact and near duplicates from a folder of Parquet files, all languages together.

python examples/deduplicate_parquet.py crawl/ deduplicated/

What is held in memory is 241 bytes a document, twice that for a moment; texts are read a file at a time. A run of
polysieve does the same language by language, with tasks that fit into a given memory (docs/dedup.md).
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from polysieve.dedup import edges, minhash
from polysieve.dedup.components import components
from polysieve.dedup.exact import content_hashes
from polysieve.filters import words

# 14 bands of 8 rows: a pair of Jaccard similarity 0.8 shares a band with a probability of 0.92.
PARAMS = minhash.MinHashParams(bands=14, rows=8, ngram=5)


def fingerprints(file: Path) -> tuple[np.ndarray, ...]:
    """Of the documents of one file: content hashes, band keys, bytes to verify by, and who has shingles at all."""
    cut = words.segment(pq.read_table(file, columns=["text"])["text"])
    signatures = minhash.signatures(cut.folded, cut.documents, PARAMS)
    return (
        content_hashes(cut.folded, cut.documents, cut.buffer, cut.text_offsets),
        minhash.band_keys(signatures, PARAMS),
        minhash.low_bytes(signatures),
        minhash.has_shingles(signatures),
    )


def clusters(files: list[Path]) -> np.ndarray:
    """int64[n]: of each document, in the order of the files, the number of the first document of its cluster."""
    content, keys, low, valid = map(
        np.concatenate, zip(*(fingerprints(file) for file in files), strict=True)
    )
    found = [edges.equal_pairs(content[:, 0], content[:, 1])]
    for band in range(PARAMS.bands):
        # Documents with one key are candidates. An edge needs an estimated similarity of 0.55, too: candidates that
        # share a key by chance would chain documents together that have little in common.
        found.append(edges.verified_band_edges(keys[:, band], low, 0.55, valid))
    return components(len(content), found)  # union-find; each cluster is named by its first row


def deduplicate(source: Path, target: Path) -> tuple[int, int]:
    """Write the first document of each cluster to files of the same names; returns documents in and out."""
    files = sorted(source.glob("*.parquet"))
    cluster = clusters(files)
    is_first = cluster == np.arange(len(cluster))
    target.mkdir(parents=True, exist_ok=True)
    row = 0
    for file in files:
        table = pq.read_table(file)
        pq.write_table(table.filter(is_first[row : row + len(table)]), target / file.name)
        row += len(table)
    return len(cluster), int(is_first.sum())


if __name__ == "__main__":
    before, after = deduplicate(Path(sys.argv[1]), Path(sys.argv[2]))
    print(f"{before} documents in, {after} written")
