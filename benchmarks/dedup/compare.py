"""Side by side with datatrove and datasketch on the same documents: time, memory, bytes on disk.

python -m benchmarks.dedup.compare SCRATCH [--documents 1000000] [--datasketch 100000] [--no-text]

Signatures: real text in six languages (needs the shared data), CPU time. datatrove's tokenisers are
used where they are installed, its words are cut at white space anyway. Clusters: made signatures, 14
bands of 8, a quarter of the documents in clusters and one giant one; datatrove's own stages 2 and 3
read the same signatures in its own format. Exits with 1 where the clusters differ.
"""

import argparse
import shutil
import struct
import sys
import tarfile
from inspect import signature
from pathlib import Path

import numpy as np
import pyarrow as pa
from datasketch import MinHash, MinHashLSH

from benchmarks.dedup.common import SHARED, Measured, best, isolated, measured, on_disk
from benchmarks.dedup.original import datatrove_minhash
from polysieve.dedup import datatrove
from polysieve.dedup.components import UnionFind
from polysieve.dedup.edges import band_edges, verified_band_edges
from polysieve.dedup.minhash import MinHashParams, band_keys, low_bytes, signatures
from polysieve.dedup.normalise import Normalisation, compared_words
from polysieve.filters.words import segment

PARAMS = MinHashParams()
LANGUAGES = {
    "sw": "swh_Latn",
    "tr": "tur_Latn",
    "ru": "rus_Cyrl",
    "hi": "hin_Deva",
    "zh": "cmn_Hans",
    "th": "tha_Thai",
}
DOCUMENT_BYTES = 3000
DOCUMENTS = 200


def texts_of(code: str, archive: tarfile.TarFile) -> list[str]:
    """DOCUMENTS texts of about DOCUMENT_BYTES, of sentences in an order of their own each."""
    member = next(m for m in archive.getnames() if m.endswith(f"lingua-sentences/{code}.txt"))
    file = archive.extractfile(member)
    if file is None:
        raise FileNotFoundError(member)
    lines = file.read().decode().splitlines()
    random = np.random.default_rng(1)
    texts = []
    for _ in range(DOCUMENTS):
        chosen, size = [], 0
        while size < DOCUMENT_BYTES:
            chosen.append(lines[random.integers(len(lines))])
            size += len(chosen[-1].encode())
        texts.append("\n".join(chosen))
    return texts


def our_signatures(texts: pa.Array, labels: pa.Array) -> None:
    words = segment(texts, labels)
    signed = signatures(*compared_words(words, Normalisation()), PARAMS)
    band_keys(signed, PARAMS)
    low_bytes(signed)


def their_signatures(signer, texts: list[str]) -> None:
    for text in texts:
        shingles = signer.get_shingles(text)
        if shingles.size:
            signer.get_signature(shingles)


def datasketch_signatures(texts: list[str]) -> None:
    grams = []
    for text in texts:
        words = text.lower().split()
        grams.append([" ".join(words[i : i + 5]).encode() for i in range(len(words) - 4)])
    MinHash.bulk(grams, num_perm=PARAMS.lanes)


def signatures_by_spaces(texts: list[str]) -> np.ndarray:
    return datatrove.signatures([datatrove.simplified(text).split() for text in texts], PARAMS)


def compare_signatures(scratch: Path) -> None:
    print("Signatures, MB of UTF-8 per second of CPU (text to signature)")
    print("                        from          as   datatrove   datatrove                ours to")
    print(
        "language     ours      words   datatrove    (spaces)  as shipped  datasketch     spaces   shipped"
    )
    with tarfile.open(SHARED / "lid.tar.xz") as archive:
        for code, label in LANGUAGES.items():
            texts = texts_of(code, archive)
            size = sum(len(text.encode()) for text in texts) / 1e6
            column = pa.array(texts, pa.large_string())
            labels = pa.array([label] * len(texts))
            words = segment(column, labels)
            spaced_signer = datatrove_minhash().MinhashDedupSignature(str(scratch), language=label)
            ours = best(our_signatures, column, labels)
            spaced = best(their_signatures, spaced_signer, texts, times=1)
            shipped = _as_shipped(scratch, label, texts)
            times = [
                ours,
                best(signatures, words.folded, words.documents, PARAMS),
                best(signatures_by_spaces, texts, times=2),
                spaced,
                shipped,
                best(datasketch_signatures, texts, times=1),
            ]
            shown = "".join(f"{size / t:12.1f}" if t else "      absent" for t in times)
            against = f"{shipped / ours:8.0f} x" if shipped else "         -"
            print(f"{label}{shown}{spaced / ours:10.0f} x{against}")


def _as_shipped(scratch: Path, label: str, texts: list[str]) -> float | None:
    module = datatrove_minhash(white_space=False)
    try:
        signer = module.MinhashDedupSignature(str(scratch), language=label)
        signer.get_shingles(texts[0])
    except (ImportError, ValueError, OSError):
        return None
    return best(their_signatures, signer, texts[:30], times=1) * len(texts) / 30


def made(count: int) -> np.ndarray:
    """uint64[count, lanes] below 2**61: 23 % of the documents are near copies of another one, at a
    Jaccard similarity between 0.7 and 1, 2 % of one document."""
    random = np.random.default_rng(7)
    signed = random.integers(0, 2**61 - 1, size=(count, PARAMS.lanes), dtype=np.uint64)
    kind = random.random(count)
    for rows, source in (
        (np.flatnonzero(kind < 0.23), None),
        (np.flatnonzero((kind >= 0.23) & (kind < 0.25)), 0),
    ):
        of = random.integers(0, count, size=len(rows)) if source is None else source
        similarity = random.uniform(0.7, 1.0, size=(len(rows), 1))
        agree = random.random((len(rows), PARAMS.lanes)) < similarity
        signed[rows] = np.where(agree, signed[of], signed[rows])
    return signed


def write_theirs(signed: np.ndarray, folder: Path, files: int = 4) -> None:
    """The signatures as datatrove's stage 1 leaves them: a sorted file per band and rank."""
    names = [f"f{row}" for row in range(PARAMS.rows)]
    record = np.dtype([*((name, "<u8") for name in names), ("doc", "<u4")])
    for band in range(PARAMS.bands):
        (folder / f"bucket_{band:03d}").mkdir(parents=True, exist_ok=True)
        for rank, part in enumerate(np.array_split(np.arange(len(signed)), files)):
            rows = np.empty(len(part), dtype=record)
            for row, name in enumerate(names):
                rows[name] = signed[part, band * PARAMS.rows + row]
            rows["doc"] = np.arange(len(part))
            rows.sort(order=names)
            rows.tofile(folder / f"bucket_{band:03d}" / f"{rank:05d}.minhash.sig")


def our_clusters(scratch: Path, verify: bool) -> list[Measured]:
    """Edges, then components, of the keys in SCRATCH/keys.npy; the last value: documents that are
    not the first of their cluster."""
    keys = np.load(scratch / "keys.npy")
    low = np.load(scratch / "low.npy")
    verified_band_edges(keys[:9, 0].copy(), low[:9])
    band_edges(keys[:9, 0].copy())
    UnionFind(2).union_edges(np.array([0]), np.array([1]))
    UnionFind(2).roots()

    def edges() -> list[tuple[np.ndarray, np.ndarray]]:
        bands = (np.ascontiguousarray(keys[:, band]) for band in range(PARAMS.bands))
        return [verified_band_edges(b, low) if verify else band_edges(b) for b in bands]

    def clusters(found: list[tuple[np.ndarray, np.ndarray]]) -> int:
        sets = UnionFind(len(keys))
        for a, b in found:
            sets.union_edges(a, b)
        return int(np.count_nonzero(sets.roots() != np.arange(len(keys))))

    first = measured(edges)
    second = measured(clusters, first.value)
    return [Measured(None, first.cpu, first.wall, first.memory), second]


def their_buckets(scratch: Path) -> Measured:
    module = datatrove_minhash()

    def run() -> None:
        for rank in range(PARAMS.bands):
            stage = module.MinhashDedupBuckets(str(scratch / "sigs"), str(scratch / "dups"))
            stage.run(None, rank, PARAMS.bands)

    return measured(run)


def their_clusters(scratch: Path) -> Measured:
    module = datatrove_minhash()
    stage = module.MinhashDedupCluster(str(scratch / "dups"), str(scratch / "found"))
    got = measured(stage.run)
    removed = sum(path.stat().st_size for path in (scratch / "found").glob("*.remove"))
    return Measured(removed // struct.calcsize("<I"), got.cpu, got.wall, got.memory)


def datasketch_clusters(scratch: Path, count: int) -> Measured:
    signed = np.load(scratch / "signatures.npy", mmap_mode="r")[:count]
    # datasketch 2 wants to know which hash functions the values came from.
    scheme = {"scheme": "legacy"} if "scheme" in signature(MinHash).parameters else {}
    hashes = [MinHash(num_perm=PARAMS.lanes, hashvalues=np.array(row), **scheme) for row in signed]

    def run() -> int:
        index = MinHashLSH(num_perm=PARAMS.lanes, params=(PARAMS.bands, PARAMS.rows))
        for row, one in enumerate(hashes):
            index.insert(row, one)
        return sum(len(index.query(one)) > 1 for one in hashes)

    return measured(run)


def prepare(scratch: Path, count: int) -> Measured:
    signed = made(count)
    np.save(scratch / "signatures.npy", signed)
    band_keys(signed[:1], PARAMS)
    keys = measured(band_keys, signed, PARAMS)
    np.save(scratch / "keys.npy", keys.value)
    np.save(scratch / "low.npy", low_bytes(signed))
    write_theirs(signed, scratch / "sigs")
    return Measured(None, keys.cpu, keys.wall, keys.memory)


def compare_clusters(scratch: Path, count: int, sketched: int) -> bool:
    print(f"\nClusters of {count:,} documents (datasketch: {sketched:,})")
    print("                               CPU s   docs/s of CPU   MiB added", flush=True)

    def line(name: str, got: Measured, rows: int = count) -> float:
        rate = rows / got.cpu
        print(f"{name:28} {got.cpu:7.2f} {rate:15,.0f} {got.memory:11,.0f}", flush=True)
        return rate

    line("ours: band keys", isolated(prepare, scratch, count))
    plain, joined = isolated(our_clusters, scratch, False)
    checked, checked_joined = isolated(our_clusters, scratch, True)
    edges = line("ours: edges", plain)
    checked_edges = line("ours: edges, verified", checked)
    union = line("ours: components", joined)
    line("ours: components, verified", checked_joined)
    buckets = line("datatrove: stage 2, buckets", isolated(their_buckets, scratch))
    found = isolated(their_clusters, scratch)
    clusters = line("datatrove: stage 3, clusters", found)
    sketch = line(
        "datasketch: insert and query", isolated(datasketch_clusters, scratch, sketched), sketched
    )
    both = 1 / (1 / edges + 1 / union)
    print(
        f"edges to datatrove's buckets {edges / buckets:.0f} x, verified "
        f"{checked_edges / buckets:.0f} x; components to its clusters {union / clusters:.0f} x; "
        f"both to datasketch's index {both / sketch:.0f} x"
    )
    keys = on_disk(scratch / "keys.npy") / count
    low = on_disk(scratch / "low.npy") / count
    theirs = on_disk(scratch / "sigs", scratch / "dups", scratch / "found") / count
    print(
        f"bytes a document on disk: ours {keys:.0f}, {low:.0f} more to verify; "
        f"datatrove {theirs:.0f}"
    )
    print(
        f"documents that are not the first of their cluster: ours {joined.value:,}, verified "
        f"{checked_joined.value:,}, datatrove {found.value:,}"
    )
    return joined.value == found.value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scratch", type=Path, help="folder for what is written, emptied first")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--datasketch", type=int, default=100_000)
    parser.add_argument("--no-text", action="store_true", help="leave the signatures out")
    options = parser.parse_args()
    scratch = options.scratch / "dedup-compare"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    if options.no_text:
        pass
    elif (SHARED / "lid.tar.xz").exists():
        compare_signatures(scratch)
    else:
        print("no shared data beside this checkout: signatures of real text are left out")
    equal = compare_clusters(scratch, options.documents, min(options.datasketch, options.documents))
    if not equal:
        sys.exit("the clusters differ from datatrove's")


if __name__ == "__main__":
    main()
