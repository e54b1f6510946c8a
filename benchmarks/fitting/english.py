"""Build `filters/assets/english.json`: how the metrics of English web pages are distributed.

    python -m benchmarks.fitting.english HTML_FOLDER CRAWL_FOLDER

Pages of the extraction gold sets (HTML_FOLDER), read as the pipeline reads them, and English texts of the built
crawl (CRAWL_FOLDER with GOLD.tsv.gz), at most MOST of one source, those that our identification calls English.
The excerpts with people's judgements are left out: the fit is measured on them. The file holds counts, no text.
"""

import csv
import gzip
import json
import lzma
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from polysieve import language_id
from polysieve.filters import fitting, signals, words
from polysieve.pipeline.extract import ExtractionError, extract

TARGET = Path(fitting.__file__).parent / "assets" / "english.json"
PAGES = ("scrapinghub", "mozilla-readability", "newspaper4k", "trafilatura-eval", "fundus")
JUDGED = "release2_inspection"
MOST = 60
ENGLISH, SURE = "eng_Latn", 0.5


def pages(folder: Path) -> Iterator[tuple[str, str]]:
    """(set, main text) of each page."""
    for name in PAGES:
        for path in sorted((folder / name).rglob("*.htm*")) + sorted(
            (folder / name).rglob("*.html.gz")
        ):
            if path.name.startswith("expected"):
                continue
            data = path.read_bytes()
            try:
                yield name, extract(gzip.decompress(data) if path.suffix == ".gz" else data).text
            except ExtractionError:
                continue


def crawl(folder: Path) -> Iterator[tuple[str, str]]:
    """(source, text) of gold English documents, at most MOST a source."""
    with gzip.open(folder / "GOLD.tsv.gz", "rt", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        sources = {r["doc"]: r["source_repo"] for r in rows if r["lang"] == ENGLISH and r["doc"]}
    taken: Counter[str] = Counter()
    with lzma.open(folder / "GOLD_TEXT.jsonl.xz", "rt") as file:
        for line in file:
            row = json.loads(line)
            source = sources.get(row["doc"], JUDGED)
            if JUDGED not in source and taken[source] < MOST:
                taken[source] += 1
                yield source, row["text"]


def main(html: str, built: str) -> None:
    found = [pair for pair in (*pages(Path(html)), *crawl(Path(built))) if pair[1]]
    texts = pa.array([text for _, text in dict.fromkeys(found)], pa.large_string())
    names = [name for name, _ in dict.fromkeys(found)]
    identified = language_id.identify(texts)
    labels = identified.field("label").cast(pa.string()).to_pylist()
    scores = identified.field("score").to_numpy(zero_copy_only=False)
    chosen = [i for i, label in enumerate(labels) if label == ENGLISH and scores[i] >= SURE]
    texts = texts.take(chosen)
    cut = words.segment(texts, pa.array([ENGLISH] * len(texts)))
    measured = signals.measure(texts, cut)
    metrics = {
        rule.metric: measured[rule.metric].to_numpy(zero_copy_only=False) for rule in fitting.FITTED
    }
    plain = measured["plain_word_count"].to_numpy()
    own = fitting.gather(metrics, scores[chosen], plain)
    figures = {
        "documents": fitting.documents(own),
        "sources": dict(sorted(Counter(names[i] for i in chosen).items())),
        "metrics": {m: d.to_lists() for m, d in own.items() if m != fitting.SCORE},
    }
    TARGET.write_text(json.dumps(figures, separators=(",", ":")) + "\n")
    print(f"{figures['documents']} documents: {figures['sources']}")
    for rule in fitting.FITTED:
        d = own[rule.metric]
        share = (
            d.share_above(rule.default) if rule.direction == "max" else d.share_below(rule.default)
        )
        print(
            f"{rule.name:30} mean {d.mean:.4f} std {d.std:.4f} median {d.median:.4f} cut {share:.4f}"
        )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
