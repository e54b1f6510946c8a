"""A run with `dedup.minhash.signatures: datatrove` against datatrove's four stages on the same texts.

python -m benchmarks.dedup.matching SCRATCH --input 'crawl/*.gz' [--both /path/to/python]

`--both` is a Python with this project's requirements and datatrove[multilingual] (default: this one). Inputs are read
once to learn their texts and languages; those whose tokeniser cannot be loaded there (some need models that are
downloaded) are left out. Over the others it runs the recipe `minimal` with datatrove's signatures, then datatrove
0.10.1 as shipped (shipped.py), label by label with the tokeniser that datatrove assigns. Compared: which
documents are in one cluster. Exits with 1 where that differs.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.dedup.stages import their_clusters
from polysieve.dedup import datatrove

DATATROVE = ("dedup.exact=false", "dedup.minhash.signatures=datatrove", "dedup.minhash.verify=null")
LOADABLE = """
import json, sys
from polysieve.dedup.datatrove import tokeniser
found = []
for label in json.load(sys.stdin):
    try:
        tokeniser(label)
        found.append(label)
    except Exception:
        pass
print(json.dumps(found))
"""


def run(python: str, inputs: list[str], output: Path, *settings: str) -> pl.DataFrame:
    """Run `minimal`; returns id, label, text and cluster_id of every document that was clustered, by cluster."""
    subprocess.run(
        [
            python, "-m", "polysieve", "run", "minimal", "--output", str(output), "--engine", "inline",
            "--keep-steps", "--quiet", *(part for name in inputs for part in ("--input", name)),
            *(part for setting in settings for part in ("--set", setting)),
        ],
        check=True,
    )  # fmt: skip
    key = ["id", "offset", "label"]
    texts = pl.read_parquet(
        output / "measure-*" / "documents" / "*.parquet", columns=[*key, "text", "prefilter_reason"]
    ).filter(pl.col("prefilter_reason").is_null())
    clusters = pl.read_parquet(
        output / "clusters-*" / "unit-*.parquet", columns=[*key, "cluster_id"]
    )
    return texts.join(clusters, on=key, validate="1:1").sort("cluster_id", "id", "offset")


def loadable(python: str, labels: list[str]) -> list[str]:
    """The labels whose tokeniser can be loaded."""
    said = subprocess.run(
        [python, "-c", LOADABLE],
        input=json.dumps(labels),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(said.stdout.splitlines()[-1])


def first_members(cluster: np.ndarray) -> np.ndarray:
    """int64[n]: the first row of each row's cluster."""
    _, first, inverse = np.unique(cluster, return_index=True, return_inverse=True)
    return first[inverse]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--input", action="append", required=True)
    parser.add_argument("--both", default=sys.executable)
    options = parser.parse_args()
    scratch = options.scratch / "dedup-matching"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    found = run(options.both, options.input, scratch / "read", "dedup.minhash=null")
    labels = loadable(options.both, found["label"].unique().sort().to_list())
    pages = found.filter(pl.col("label").is_in(labels))
    pages = pages.select("text", id=pl.int_range(pl.len()).cast(pl.String))
    pages.write_ndjson(scratch / "pages.jsonl")
    inputs = [str(scratch / "pages.jsonl")]
    documents = run(options.both, inputs, scratch / "out", *DATATROVE)
    request, clusters = {}, {}
    for (label,), own in documents.group_by("label", maintain_order=True):
        texts = own["text"].to_list()
        request[label] = {
            "texts": texts,
            "simplified": [datatrove.simplified(text) for text in texts],
            "language": datatrove.assigned_label(label),
        }
        clusters[label] = own["cluster_id"].to_numpy()
    (scratch / "request.json").write_text(json.dumps(request))
    script = str(Path(__file__).with_name("shipped.py"))
    command = [options.both, script, str(scratch / "request.json"), str(scratch / "theirs")]
    (scratch / "theirs").mkdir()
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": ""})
    results = json.loads((scratch / "theirs" / "results.json").read_text())["labels"]

    differ, compared, several, left_out = [], 0, 0, 0
    for label, own in clusters.items():
        if label not in results:
            left_out += len(own)
            continue
        ours = first_members(own)
        theirs = their_clusters(scratch / "theirs" / label / "found", len(own))
        compared += len(own)
        several += int((np.bincount(ours) > 1).sum())
        if not np.array_equal(ours, theirs):
            differ.append(label)
    print(
        f"{compared:,} documents in {len(results)} languages, {several:,} clusters of several: "
        f"{len(differ)} languages differ {' '.join(differ)}\n"
        f"{left_out:,} documents in {len(clusters) - len(results)} languages that datatrove has no tokeniser for; "
        f"{len(found) - len(documents):,} documents were left out"
    )
    if differ:
        sys.exit("clusters differ from datatrove's")


if __name__ == "__main__":
    main()
