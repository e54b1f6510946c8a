"""Engines by script, on crawl files whose pages were rendered from known texts.

    python benchmarks/extraction/scripts.py FOLDER [PAGES_PER_SCRIPT]

FOLDER holds *.warc.gz, GOLD.tsv.gz (record to document) and GOLD_TEXT.jsonl.xz (document to text). Word
F1 as in compare.py. The pages come from two templates, so a high figure says that no script is damaged
or lost, not that real pages of it come out as well.
"""

import csv
import gzip
import json
import lzma
import sys
from collections import defaultdict
from pathlib import Path

from compare import word_scores
from fastwarc.warc import ArchiveIterator, WarcRecordType

from polysieve.pipeline.extract import ENGINES, extract


def main() -> None:
    folder, limit = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 15
    with lzma.open(folder / "GOLD_TEXT.jsonl.xz", "rt", encoding="utf-8") as lines:
        texts = {row["doc"]: row["text"] for row in map(json.loads, lines)}
    with gzip.open(folder / "GOLD.tsv.gz", "rt", encoding="utf-8") as table:
        rows = {row["record_id"]: row for row in csv.DictReader(table, delimiter="\t")}
    pages: dict[str, list[tuple[bytes, str | None, str]]] = defaultdict(list)
    for path in sorted(folder.glob("*.warc.gz")):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                row = rows.get(record.headers["WARC-Record-ID"], {})
                if row.get("real") != "rendered-html" or row["doc"] not in texts:
                    continue
                found = pages[row["lang"][-4:]]
                if len(found) < limit:
                    header = record.http_headers.get("Content-Type")
                    found.append((record.reader.read(), header, texts[row["doc"]]))
    print("| script | pages | " + " | ".join(ENGINES) + " |")
    print("|---|" + "---|" * (len(ENGINES) + 1))
    for script, found in sorted(pages.items()):
        means = [
            sum(
                word_scores(extract(html, content_type=header, engine=engine).text, gold)[2]
                for html, header, gold in found
            )
            / len(found)
            for engine in ENGINES
        ]
        print(f"| {script} | {len(found)} | " + " | ".join(f"{mean:.3f}" for mean in means) + " |")


if __name__ == "__main__":
    main()
