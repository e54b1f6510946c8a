"""Documents that others contain, on real texts: what the pass finds of all there are, and what it costs.

python -m benchmarks.dedup.containment SCRATCH

Writes the gold texts of the built crawl as JSONL and runs `minimal` over them with `dedup.containment`. What there is
to find is computed without a sample: a document that has 0.9 of another's n shingles has one of its 0.1 n + 1 rarest,
so all pairs that share one of these are compared in full. Looked at are the documents that clustering keeps.
`contain_half` are the pairs of gold made by cutting a page in half (some halves were edited as well). Exits with 1
where the pass removes what nothing contains.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pyarrow as pa

from benchmarks.dedup.gold import gold_texts, table
from polysieve.dedup.containment import shares
from polysieve.filters.words import segment
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.measure import signatures as signing

SHARE, LEAST = 0.9, 20
Pairs = dict[tuple[str, str], float]


def run(scratch: Path, texts: dict[str, tuple[str, str]]) -> Path:
    output, file = scratch / "containment", scratch / "texts.jsonl"
    shutil.rmtree(output, ignore_errors=True)
    lines = [json.dumps({"id": doc, "text": text}) for doc, (_, text) in sorted(texts.items())]
    file.write_text("\n".join(lines), "utf-8")
    subprocess.run(
        [sys.executable, "-m", "polysieve", "run", "minimal", "--input", str(file), "--output", str(output),
         "--engine", "inline", "--quiet", "--set", f"dedup.containment={{share: {SHARE}, min_shingles: {LEAST}}}"],
        check=True,
    )  # fmt: skip
    return output


def found(output: Path) -> Pairs:
    pairs: Pairs = {}
    ids = {
        file.stem: pl.read_parquet(file, columns=["id"])["id"].to_list()
        for file in output.glob("measure-*/documents/*.parquet")
    }
    for file in output.glob("containment-*/answers/*.parquet"):
        for row, name, inner, share in pl.read_parquet(file).iter_rows():
            pairs[ids[name][inner], ids[file.stem][row]] = share
    return pairs


def there(output: Path) -> Pairs:
    """Every pair of kept documents of one label of which one contains the other, by their whole sets."""
    clusters = pl.read_parquet(output / "clusters-*" / "*.parquet").filter("kept")
    documents = pl.read_parquet(
        output / "measure-*" / "documents" / "*.parquet",
        columns=["id", "label", "text", "prefilter_reason"],
    )
    documents = documents.filter(pl.col("prefilter_reason").is_null()).join(
        clusters, on="id", how="semi"
    )
    pairs: Pairs = {}
    for part in documents.partition_by("label"):
        texts = part["text"].to_arrow().cast(pa.large_string())
        words = segment(texts, pa.array(part["label"].to_list()))
        shingles, offsets = signing.shingle_sets(texts, words, Recipe().dedup)
        sizes = np.diff(offsets)
        owners = np.repeat(np.arange(len(sizes)), sizes)
        distinct, inverse, counts = np.unique(shingles, return_inverse=True, return_counts=True)
        first = np.r_[0, np.cumsum(counts)]
        by_shingle = owners[np.argsort(inverse, kind="stable")]
        del distinct
        for inner in np.flatnonzero(sizes >= LEAST):
            own = inverse[offsets[inner] : offsets[inner + 1]]
            rarest = own[np.argsort(counts[own], kind="stable")]
            rarest = rarest[: len(own) - int(np.ceil(SHARE * len(own))) + 1]
            outers = np.unique(
                np.concatenate([by_shingle[first[s] : first[s + 1]] for s in rarest])
            )
            outers = outers[
                (sizes[outers] > sizes[inner])
                | ((sizes[outers] == sizes[inner]) & (outers < inner))
            ]
            if not len(outers):
                continue
            one = shingles[offsets[inner] : offsets[inner + 1]]
            repeated = np.tile(one, len(outers)), np.arange(len(outers) + 1) * len(one)
            for outer, share in zip(
                outers, shares(repeated, (shingles, offsets), outers), strict=True
            ):
                if share >= SHARE:
                    pairs[part["id"][int(inner)], part["id"][int(outer)]] = float(share)
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("scratch", type=Path)
    scratch = parser.parse_args().scratch
    scratch.mkdir(parents=True, exist_ok=True)
    texts = gold_texts()
    output = run(scratch, texts)
    pairs, whole = found(output), there(output)
    contained = {inner for inner, _ in whole}
    hit = {inner for inner, _ in pairs}
    print(
        f"{len(texts):,} texts; {len(contained):,} documents are contained in another, in {len(whole):,} pairs"
    )
    both = len(pairs.keys() & whole.keys())
    print(
        f"found: {len(hit & contained):,} documents, {both:,} pairs; wrong: {len(hit - contained)}"
    )
    kept = pl.read_parquet(output / "corpus" / "*" / "*.parquet", columns=["id"])
    gone = pl.read_parquet(output / "removed" / "*" / "*.parquet", columns=["id", "filter_reason"])
    reason = dict.fromkeys(kept["id"], "kept") | dict(gone.iter_rows())
    half = {
        (row["doc"], row["dup_root_doc"])
        for row in table("GOLD.tsv.gz")
        if row["dup_type"] == "contain_half" and {row["doc"], row["dup_root_doc"]} <= texts.keys()
    }
    outcomes: dict[str, int] = {}
    for inner, _ in half:
        outcomes[reason[inner]] = outcomes.get(reason[inner], 0) + 1
    print(f"contain_half: {len(half)} pairs; outcomes of the half: {outcomes}")
    left = [inner for inner, _ in half if reason[inner] == "kept"]
    print(
        f"kept although another document has 0.9 of it: {sum(inner in contained for inner in left)}"
    )
    seconds = orjson.loads((output / "run.json").read_bytes())["seconds"]
    own = ("sampled shingles", "candidates", "asked shingles", "containment")
    size = sum(p.stat().st_size for p in output.glob("containment-*/**/*.parquet"))
    print(
        f"seconds: the pass {sum(seconds[name] for name in own):.1f}, measure {seconds['measure']:.1f}"
    )
    print(f"on disk: {size / len(texts):.0f} bytes a document")
    for name in ("keys", "pairs", "asks", "answers"):
        part = sum(p.stat().st_size for p in output.glob(f"containment-*/{name}/*.parquet"))
        print(f"  {name} {part / len(texts):.0f}")
    if hit - contained:
        sys.exit("removed without a container")


if __name__ == "__main__":
    main()
