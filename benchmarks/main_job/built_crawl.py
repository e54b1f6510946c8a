"""The main job over the built crawl, held against its gold: accounting by id, languages, clusters.

    python -m benchmarks.main_job.built_crawl SCRATCH [--workers N]

Prints wall time and peak memory, the share of gold records accounted for, the kept share of the 30 largest
languages with the main reasons, agreement with the gold languages, and how clusters compare with the gold's
near-duplicate pairs. Jaccard similarities are computed here, from the texts, by definition.
"""

import gzip
import json
import re
import shutil
import sys
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import polars as pl

from benchmarks.main_job.common import BUILT, fineweb2_configs, polysieve

UNSPACED = {"Jpan", "Hans", "Hant", "Hani", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"}


def main() -> None:
    scratch = Path(sys.argv[1])
    scratch.mkdir(parents=True, exist_ok=True)
    output = scratch / "built-crawl"
    shutil.rmtree(output, ignore_errors=True)
    configs = fineweb2_configs(scratch)
    finished = polysieve(
        "run", "fineweb2", "--input", str(BUILT / "BUILT*.gz"), "--output", str(output),
        "--set", f"parameters.fineweb2={configs}", *sys.argv[2:],
    )  # fmt: skip
    print(finished.output)
    print(
        f"exit {finished.code}, {finished.seconds:.1f} s wall, "
        f"peak {finished.peak / 2**20:.0f} MiB (PSS, all processes)"
    )
    if finished.code != 0:
        raise SystemExit(1)
    record = json.loads((output / "run.json").read_text())
    print("seconds:", record["seconds"])
    gold = read_gold({Path(source["address"]).name for source in record["inputs"]})
    documents = read_documents(output)
    report_ids(gold, documents, output)
    report_languages(record, gold, documents)
    report_clusters(gold, documents)


def read_gold(files: set[str]) -> pl.DataFrame:
    with gzip.open(BUILT / "GOLD.tsv.gz") as file:
        gold = pl.read_csv(file.read(), separator="\t", quote_char=None, infer_schema=False)
    return gold.filter(pl.col("file").is_in(files))


def read_documents(output: Path) -> pl.DataFrame:
    """Every document of the run: id, label, text, outcome, reason, cluster."""
    columns = ["id", "text", "language", "language_script", "file_path"]
    kept = pl.read_parquet(output / "corpus" / "**" / "*.parquet", columns=columns)
    removed = pl.read_parquet(
        output / "removed" / "**" / "*.parquet", columns=[*columns, "filter_reason"]
    )
    both = pl.concat([kept.with_columns(filter_reason=pl.lit(None, pl.String)), removed])
    clusters = pl.read_parquet(
        output / "clusters-*" / "*.parquet",
        columns=["id", "file_path", "cluster_id", "cluster_size"],
    )
    return both.with_columns(label=pl.col("language") + "_" + pl.col("language_script")).join(
        clusters, on=["id", "file_path"], how="left"
    )


def report_ids(gold: pl.DataFrame, documents: pl.DataFrame, output: Path) -> None:
    wanted = set(
        gold.filter(pl.col("kind").is_in(["html", "wet"]) & (pl.col("real") != "synthetic-noise"))[
            "record_id"
        ]
    )
    found = set(documents["id"]) | set(
        pl.read_parquet(output / "quarantine" / "*.parquet")["id"].drop_nulls()
    )
    print(
        f"gold records of pages and texts: {len(wanted)}, accounted for by id: {len(wanted & found) / len(wanted):.4%}"
    )


def report_languages(record: dict, gold: pl.DataFrame, documents: pl.DataFrame) -> None:
    languages = record["accounting"]["languages"]
    print(f"languages with kept documents: {sum(1 for v in languages.values() if v['kept'])}")
    print(f"{'language':<10} {'in':>6} {'kept':>6} {'share':>6} {'dup.':>6}  main reasons")
    for label, v in sorted(languages.items(), key=lambda item: -item[1]["documents_in"])[:30]:
        reasons = ", ".join(
            f"{k} {n}" for k, n in sorted(v["removed"].items(), key=lambda i: -i[1])[:4]
        )
        share = v["kept"] / max(1, v["documents_in"])
        print(
            f"{label:<10} {v['documents_in']:>6} {v['kept']:>6} {share:>6.1%} {v['duplicates']:>6}  {reasons}"
        )
    joined = documents.join(
        gold.select("record_id", "lang"), left_on="id", right_on="record_id"
    ).filter(pl.col("lang").is_not_null() & (pl.col("lang") != ""))
    same = joined.filter(pl.col("label").str.slice(0, 3) == pl.col("lang").str.slice(0, 3)).height
    print(
        f"label has exactly the gold's language code: {same / joined.height:.1%} of "
        f"{joined.height} (macrolanguages differ by design)"
    )


def report_clusters(gold: pl.DataFrame, documents: pl.DataFrame) -> None:
    by_doc = documents.join(gold.select("record_id", "doc"), left_on="id", right_on="record_id")
    where = {row["doc"]: (row["label"], row["cluster_id"]) for row in by_doc.iter_rows(named=True)}
    with gzip.open(BUILT / "NEARDUP_PAIRS.tsv.gz") as file:
        pairs = pl.read_csv(file.read(), separator="\t", quote_char=None)
    for low, high in ((0.95, 1.01), (0.85, 1.01), (0.8, 1.01), (0.7, 0.8), (0.5, 0.7)):
        present = same_label = together = 0
        for a, b, similarity in pairs.select("doc_a", "doc_b", "jaccard5").iter_rows():
            if low <= similarity < high and a in where and b in where:
                present += 1
                if where[a][0] == where[b][0]:
                    same_label += 1
                    together += where[a][1] == where[b][1]
        print(
            f"gold pairs with Jaccard {low} to {min(high, 1)}: {present}, same label "
            f"{same_label}, in one cluster {together / max(1, same_label):.2%}"
        )
    members = documents.filter(pl.col("cluster_size") > 1)
    clusters: dict[int, list[dict]] = defaultdict(list)
    for row in members.iter_rows(named=True):
        clusters[row["cluster_id"]].append(row)
    near, sizes = 0, Counter(len(rows) for rows in clusters.values())
    lowest = []
    for rows in clusters.values():
        sets = [shingles(row["text"] or "", row["language_script"]) for row in rows]
        for i, mine in enumerate(sets):
            best = max(jaccard(mine, other) for j, other in enumerate(sets) if i != j)
            near += best >= 0.5
            if best < 0.5:
                lowest.append((round(best, 3), rows[i]["label"], rows[i]["id"]))
    print(
        f"clusters of two or more: {len(clusters)}, members {members.height}, "
        f"with Jaccard >= 0.5 to another member: {near / max(1, members.height):.2%}"
    )
    print("sizes:", dict(sorted(sizes.items())), "; lowest:", sorted(lowest)[:8])


def shingles(text: str, script: str) -> set:
    """Word 5-grams (character 5-grams where a script has no spaces), as the gold defines them."""
    folded = unicodedata.normalize("NFC", text).lower()
    items = re.sub(r"\W+", "", folded) if script in UNSPACED else re.findall(r"\w+", folded)
    return {tuple(items[i : i + 5]) for i in range(max(1, len(items) - 4))}


def jaccard(a: set, b: set) -> float:
    return len(a & b) / len(a | b) if a or b else 1.0


if __name__ == "__main__":
    main()
