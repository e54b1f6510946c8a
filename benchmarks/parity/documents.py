"""Real documents for the parity benchmark, up to so many a language, as Arrow columns `label` and `text`.

From the built crawl's WET files and gold texts (labels as in GOLD.tsv.gz, where machine labels are weak, which
does not matter here: both sides read the same documents under the same label), then NTREX's news articles.
A language that is still short gets pairs of neighbouring articles written together.
"""

import csv
import gzip
import itertools
import json
import lzma
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
from fastwarc.warc import ArchiveIterator, WarcRecordType

LONGEST = 60_000  # characters: datatrove's tokenisers take a second for 100 kB

# NTREX's names that do not follow from FineWeb2's codes.
_SCRIPTS = {
    "amh": "Ethi", "arb": "Arab", "bak": "Cyrl", "bel": "Cyrl", "ben": "Beng", "bod": "Tibt", "bul": "Cyrl",
    "div": "Thaa", "dzo": "Tibt", "ell": "Grek", "fas": "Arab", "guj": "Gujr", "heb": "Hebr", "hin": "Deva",
    "hye": "Armn", "jpn": "Jpan", "kan": "Knda", "kat": "Geor", "kaz": "Cyrl", "khm": "Khmr", "kir": "Cyrl",
    "kor": "Hang", "lao": "Laoo", "mal": "Mlym", "mar": "Deva", "mey": "Arab", "mkd": "Cyrl", "mon": "Cyrl",
    "mya": "Mymr", "nep": "Deva", "pan": "Guru", "prs": "Arab", "pus": "Arab", "rus": "Cyrl", "sin": "Sinh",
    "tam": "Taml", "tat": "Cyrl", "tel": "Telu", "tha": "Thai", "tir": "Ethi", "uig": "Arab", "ukr": "Cyrl",
    "urd": "Arab", "yue": "Hant", "shi": "Tfng",
}  # fmt: skip
_NAMES = {"zho-CN": "zho_Hans", "zho-TW": "zho_Hant"}


def crawl_documents(root: Path) -> dict[str, dict[str, None]]:
    """label -> distinct texts of the built crawl, in order."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    with gzip.open(root / "GOLD.tsv.gz", "rt", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        labels = {row["record_id"]: row["lang"] for row in rows}
    for path in sorted(root.glob("*.wet.gz")):
        for record in ArchiveIterator(path.open("rb"), record_types=WarcRecordType.conversion):
            label = labels.get(record.record_id) or labels.get(f"<{record.record_id}>")
            if label:
                found[label][record.reader.read().decode("utf-8", "replace")] = None
    with lzma.open(root / "GOLD_TEXT.jsonl.xz", "rt") as file:
        for line in file:
            document = json.loads(line)
            if document["lang"]:
                found[document["lang"]][document["text"]] = None
    return found


def news_articles(root: Path) -> dict[str, list[str]]:
    """label -> articles of NTREX, their lines as lines."""
    ids = (root / "DOCUMENT_IDS.tsv").read_text().splitlines()
    found: dict[str, list[str]] = {}
    for path in sorted(root.glob("NTREX-*/*.txt")):
        name = path.stem.split(".")[1]
        code, _, rest = name.partition("-")
        script = rest if len(rest) == 4 else _SCRIPTS.get(code, "Latn")
        articles: dict[str, list[str]] = defaultdict(list)
        lines = path.read_text("utf-8").splitlines()
        if len(lines) != len(ids):
            continue
        for key, line in zip(ids, lines, strict=True):
            articles[key].append(line)
        label = _NAMES.get(name, f"{code}_{script}")
        found.setdefault(label, []).extend("\n".join(a) for a in articles.values())
    return found


def collect(crawl: Path, news: Path | None, per_language: int, least: int) -> pa.Table:
    """Up to `per_language` documents of every language that has at least `least`."""
    texts = crawl_documents(crawl)
    articles = news_articles(news) if news else {}
    labels, chosen = [], []
    for label in sorted(texts.keys() | articles.keys()):
        own = [t for t in texts.get(label, {}) if t.strip() and len(t) <= LONGEST]
        more = articles.get(label, [])
        pairs = [f"{a}\n\n{b}" for a, b in itertools.pairwise(more)]
        documents = [*own, *more, *pairs][:per_language]
        if len(documents) >= least:
            labels += [label] * len(documents)
            chosen += documents
    return pa.table({"label": pa.array(labels), "text": pa.array(chosen, pa.large_string())})
