"""How well `filters.code` tells code and markup from prose, by kind of file and by language.

    python -m benchmarks.signals.code BUILT NTREX REGISTERS [--code FOLDER ...] [--show 20]

Code: files of the folders (default: this Python's library and packages), up to 400 of each extension, their first
20,000 characters. Prose: the WET records of the built crawl and its Debian pages, NTREX's articles, and the web
registers' documents, poems, recipes and tables among them. Manuals of software, code and prose in one (the other gold
texts of the built crawl), are shown besides. A hash of the text puts each document into one of two halves: the
threshold is chosen on the first (the lowest at which at most 1 in 1,000 documents of prose and 1 in 20 manuals go, for
each metric), and the figures are the second half's.
"""

import argparse
import csv
import gzip
import hashlib
import json
import lzma
import sysconfig
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from fastwarc.warc import ArchiveIterator, WarcRecordType

from benchmarks.parity.documents import news_articles
from polysieve.filters import code
from polysieve.filters.words import text_buffer

EXTENSIONS = (
    "py", "pyx", "js", "ts", "css", "html", "xml", "json", "yaml", "toml", "c", "h", "cpp", "go", "sh", "sql",
)  # fmt: skip
PER_EXTENSION = 400
CHARACTERS = 20_000
LEAST = 200
FALSE_ALARMS = {"prose": 0.001, "manuals": 0.05}
PROSE_SOURCES = ("l/debian-webwml (Debian www pages)", "github/opensource.guide")
GRID = np.arange(0.05, 1.0, 0.05)


def half(name: str) -> int:
    """0 or 1."""
    return hashlib.sha256(name.encode()).digest()[0] & 1


def code_files(folders: list[Path]) -> Iterator[tuple[str, str, int]]:
    """(extension, text, half) of files, the first of each extension by a hash of the path."""
    for extension in EXTENSIONS:
        found = [p for folder in folders for p in folder.rglob(f"*.{extension}") if p.is_file()]
        found.sort(key=lambda p: hashlib.sha256(str(p).encode()).digest())
        taken = 0
        seen = set()
        for path in found:
            text = path.read_text("utf-8", errors="replace")[:CHARACTERS]
            if len(text) >= LEAST and text not in seen:
                seen.add(text)
                yield extension, text, half(text)
                taken += 1
                if taken == PER_EXTENSION:
                    break


def crawled(built: Path) -> Iterator[tuple[str, str, str]]:
    """("prose" or "manuals", language, text) of the built crawl."""
    with gzip.open(built / "GOLD.tsv.gz", "rt", newline="") as file:
        gold = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    labels = {row["record_id"]: row["lang"] for row in gold}
    sources = {row["doc"]: row["source_repo"] for row in gold}
    for path in sorted(built.glob("*.wet.gz")):
        for record in ArchiveIterator(path.open("rb"), record_types=WarcRecordType.conversion):
            label = labels.get(record.record_id) or labels.get(f"<{record.record_id}>")
            if label:
                yield "prose", label, record.reader.read().decode("utf-8", "replace")
    with lzma.open(built / "GOLD_TEXT.jsonl.xz", "rt") as file:
        for row in map(json.loads, file):
            kind = "prose" if sources.get(row["doc"]) in PROSE_SOURCES else "manuals"
            yield kind, row["lang"] or "und", row["text"]


def texts_of_people(
    built: Path, news: Path, registers: Path
) -> Iterator[tuple[str, str, str, int]]:
    """("prose" or "manuals", language, text, half) of distinct texts."""
    seen = set()
    for kind, label, text in crawled(built):
        if len(text) >= LEAST and text not in seen:
            seen.add(text)
            yield kind, label, text, half(text)
    for label, articles in news_articles(news).items():
        for text in articles:
            if len(text) >= LEAST:
                yield "prose", label, text, half(text)
    for path in sorted(registers.rglob("*.tsv.xz")):
        with lzma.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                register, _, text = line.partition("\t")
                text = text.replace("\\n", "\n")
                if len(text) >= LEAST:
                    lyrical = "LY" in register.upper().split()
                    name = "lyrical" if lyrical else path.parent.name
                    yield "prose", f"registers {name}", text, half(text)


def shares(texts: list[str]) -> np.ndarray:
    """float64[n, 2]: share of lines and share of characters that look like code."""
    buffer, offsets = text_buffer(texts)
    counts = np.zeros((len(texts), code.COUNTS), np.int64)
    code.count_code(buffer, offsets, code.POINTS, code.KEYWORDS, counts)
    lines = np.maximum(counts[:, code.FILLED_LINES], 1)
    characters = np.maximum(counts[:, code.FILLED_CHARACTERS], 1)
    return np.column_stack(
        [counts[:, code.CODE_LINES] / lines, counts[:, code.CODE_CHARACTERS] / characters]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("built", type=Path)
    parser.add_argument("news", type=Path)
    parser.add_argument("registers", type=Path)
    parser.add_argument("--code", type=Path, nargs="*")
    parser.add_argument("--show", type=int, default=0, help="print this many errors of each kind")
    given = parser.parse_args()
    folders = given.code or [Path(sysconfig.get_path("stdlib"))]
    rows = [("code", *row) for row in code_files(folders)]
    rows += texts_of_people(given.built, given.news, given.registers)
    kinds = np.array([row[0] for row in rows])
    groups = np.array([row[1] for row in rows])
    halves = np.array([row[3] for row in rows])
    measured = shares([row[2] for row in rows])
    first, second = halves == 0, halves == 1
    is_code, is_prose = kinds == "code", kinds == "prose"
    print(", ".join(f"{(kinds == kind).sum():,} {kind}" for kind in ("code", "prose", "manuals")))
    for k, name in enumerate(("code_line_ratio", "code_char_ratio")):
        values = measured[:, k]
        print(f"\n{name}, first half\n{'threshold':>9} {'code':>8} {'prose':>8} {'manuals':>8}")
        threshold = float(GRID[-1])
        for t in GRID[::-1]:
            over = values > t
            gone = {k: over[first & (kinds == k)].mean() for k in ("code", "prose", "manuals")}
            print(f"{t:9.2f} " + " ".join(f"{share:8.4f}" for share in gone.values()))
            if all(gone[kind] <= share for kind, share in FALSE_ALARMS.items()):
                threshold = float(t)
        report(name, threshold, values, kinds, groups, second)
        if given.show:
            for title, rows_of in (
                ("PROSE THAT GOES", is_prose & (values > threshold)),
                ("CODE THAT STAYS", is_code & (values <= threshold)),
            ):
                print(f"  {title}")
                for i in np.flatnonzero(rows_of)[: given.show]:
                    print(f"    [{groups[i]} {values[i]:.2f}] {rows[i][2][:300]!r}")


def report(
    name: str,
    threshold: float,
    values: np.ndarray,
    kinds: np.ndarray,
    groups: np.ndarray,
    second: np.ndarray,
) -> None:
    """Print precision and recall on the second half, by kind of file and by language."""
    over = (values > threshold) & second
    found, lost = (over & (kinds == "code")).sum(), (over & (kinds == "prose")).sum()
    of = {kind: (second & (kinds == kind)).sum() for kind in ("code", "prose", "manuals")}
    print(
        f"{name} > {threshold:.2f}, second half: precision {found / max(1, found + lost):.4f}, "
        f"recall {found / of['code']:.4f}, prose lost {lost} of {of['prose']:,}, "
        f"manuals that go {(over & (kinds == 'manuals')).sum()} of {of['manuals']:,}"
    )
    by_group: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for i in np.flatnonzero(second):
        entry = by_group[str(kinds[i]), str(groups[i])]
        entry[0] += 1
        entry[1] += bool(over[i])
    for (kind, group), (n, hits) in sorted(by_group.items()):
        if kind == "code":
            print(f"  {group:6} found {hits:5} of {n:5}  {hits / n:.3f}")
    prose = [
        (group, n, hits) for (kind, group), (n, hits) in sorted(by_group.items()) if kind == "prose"
    ]
    clean = sum(hits == 0 for _, _, hits in prose)
    print(f"  prose: {clean} of {len(prose)} languages and registers lose nothing; the others:")
    for group, n, hits in prose:
        if hits:
            print(f"    {group:20} {hits} of {n}")


if __name__ == "__main__":
    main()
