"""Lines that recur over a host: how much furniture goes, how much text with it, what it costs.

python -m benchmarks.dedup.host_lines SCRATCH

Runs `minimal` over the WARC files of the built crawl with an extractor that leaves all furniture in
(`resiliparse_all`), then decides again for several shares. Gold is the page's main text: a line is text where all of
its characters, white space aside, stand there in a row, else furniture. Printed for what is kept: the share of the
furniture's characters that goes, and the share of the text's that goes with it. Then the pass by itself: seconds and
bytes against those of the step measure.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from benchmarks.dedup.gold import BUILT, gold_texts, table

SHARES = (0.02, 0.05, 0.1, 0.2, 0.5)
EXAMPLES = 12


def polysieve(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "polysieve", *arguments, "--quiet"], check=True)


def squeezed(text: str) -> str:
    return "".join(text.split())


def gold_of_records() -> dict[str, str]:
    texts = gold_texts()
    rows = table("GOLD.tsv.gz")
    return {
        row["record_id"]: squeezed(texts[row["doc"]][1])
        for row in rows
        if row["doc"] in texts and row["kind"] == "html"
    }


def marked(output: Path) -> pl.DataFrame:
    """id, text, numbers: the kept documents as they were measured, and the lines that recur."""
    kept = pl.read_parquet(output / "corpus" / "*" / "*.parquet", columns=["id"])
    parts = []
    for file in sorted(output.glob("measure-*/documents/*.parquet")):
        (marks,) = output.glob(f"lines-*/marks/{file.name}")
        documents = pl.read_parquet(file, columns=["id", "text"])
        parts.append(documents.with_columns(pl.read_parquet(marks, columns=["numbers"])["numbers"]))
    return pl.concat(parts).join(kept, on="id", how="semi")


def judge(output: Path, gold: dict[str, str]) -> dict[str, Any]:
    counts = {(kind, gone): 0 for kind in ("text", "furniture") for gone in (False, True)}
    lost: dict[str, int] = {}
    for id, text, numbers in marked(output).iter_rows():
        if id not in gold:
            continue
        for number, line in enumerate(text.split("\n")):
            own = squeezed(line)
            gone = number in numbers
            kind = "text" if own in gold[id] else "furniture"
            counts[kind, gone] += len(own)
            if kind == "text" and gone:
                lost[line.strip()] = lost.get(line.strip(), 0) + 1
    return {"counts": counts, "lost": lost}


def share(counts: dict[tuple[str, bool], int], kind: str) -> float:
    return counts[kind, True] / max(1, counts[kind, True] + counts[kind, False])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("scratch", type=Path)
    scratch = parser.parse_args().scratch
    output = scratch / "host-lines"
    shutil.rmtree(output, ignore_errors=True)
    gold = gold_of_records()
    print("min_share   furniture that goes   text that goes   documents that lose lines")
    measuring = 0.0
    for number, least in enumerate(SHARES):
        setting = ["--set", f"host_lines={{min_share: {least}}}"]
        if number:
            polysieve("decide", str(output), *setting)
        else:
            polysieve(
                "run", "minimal", "--input", f"{BUILT}/*.warc.gz", "--output", str(output), "--engine", "inline",
                "--set", "extract.engine=resiliparse_all", *setting,
            )  # fmt: skip
        found = judge(output, gold)
        record = orjson.loads((output / "run.json").read_bytes())
        measuring = max(measuring, record["seconds"]["measure"])  # 0 where it was done before
        documents = sum(v["documents"] for v in record["lines_removed"].values())
        print(
            f"{least:9} {share(found['counts'], 'furniture'):21.1%} {share(found['counts'], 'text'):16.2%} "
            f"{documents:10,} of {record['accounting']['total']['kept']:,}"
        )
        if least == 0.1:
            examples = sorted(found["lost"].items(), key=lambda item: -item[1])[:EXAMPLES]
    print("text that goes most often at 0.1: " + "; ".join(f"{n} x {t!r}" for t, n in examples))

    taken = record["seconds"]
    print(
        f"the pass {sum(s for name, s in taken.items() if name.startswith('line')):.1f} s, measure {measuring:.1f} s"
    )
    measured, pass_bytes = size(output, "measure-*"), size(output, "lines-*")
    total = record["accounting"]["total"]["documents_in"]
    print(
        f"on disk: {pass_bytes / total:.0f} bytes a document, those of measure {measured / total:.0f}"
    )


def size(output: Path, folder: str) -> int:
    return sum(p.stat().st_size for f in output.glob(folder) for p in f.rglob("*") if p.is_file())


if __name__ == "__main__":
    main()
