"""The pages that the classifier of main text is trained and cross-validated on, as one Parquet file.

    python benchmarks/extraction/training_pages.py FOLDER OUT.parquet [CRAWLS]

FOLDER holds the evaluation sets (see gold.py): pages with their text or with snippets, and what trafilatura takes
for the text of the latter. CRAWLS holds *.warc.gz and GOLD.tsv.gz (see scripts.py); from there come pages of
other kinds, labelled by trafilatura alone, at most `PER_SITE` of a site.

Pages of one site, and pages of which one has a piece of the other's text, are of one group. A page's sites are the
registered domains of its address, of the address that it calls its own, and that most of its links lead to.
"""

import csv
import gzip
import hashlib
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
from fastwarc.warc import ArchiveIterator, WarcRecordType
from gold import GoldPage, read_gold
from tld import get_fld

from polysieve.pipeline.extract import ExtractionError, extract
from polysieve.pipeline.extract.charset import decode
from polysieve.pipeline.extract.labelling import tokens

PER_SITE = 15
TEACHERS = ("trafilatura", "trafilatura_precision")
_OWN = re.compile(r'<(?:link[^>]*rel=["\']?canonical|meta[^>]*property=["\']?og:url)[^>]*>', re.I)
_ADDRESS = re.compile(r'(?:href|content)=["\']?(https?://[^"\'\s>]+)', re.I)
# Sites that pages of every other site link to.
_ELSEWHERE = re.compile(
    r"(facebook|twitter|google\w*|youtube|instagram|pinterest|linkedin|gravatar|addthis|w3|wordpress|x|t|"
    r"bit|tumblr|flickr|wikipedia|wikimedia|blogger|blogspot|whatsapp|reddit|amazon|apple|archive|cloudfront)$"
)
_COPY_WORDS = 30  # runs of so many words that two pages share make them copies


def sites(markup: str, url: str | None) -> set[str]:
    """The registered domains that a page belongs to, as far as can be told."""
    found = {_domain(url)} if url else set()
    for tag in _OWN.finditer(markup):
        if address := _ADDRESS.search(tag.group()):
            found.add(_domain(address.group(1)))
    linked = Counter(map(_domain, _ADDRESS.findall(markup)))
    linked = Counter(
        {name: n for name, n in linked.items() if name and not _ELSEWHERE.match(name.split(".")[0])}
    )
    if linked:
        found.add(linked.most_common(1)[0][0])
    return {name for name in found if name and not _ELSEWHERE.match(name.split(".")[0])}


def _domain(address: str) -> str:
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    # Addresses that were made up for built crawls have the site's own before ".example".
    host = host.removesuffix(".example")
    return get_fld(f"http://{host}", fail_silently=True) or host


def copies(texts: list[str]) -> Iterator[tuple[int, int]]:
    """Pairs of pages of which one has a piece of the other's text."""
    first: dict[int, int] = {}
    for i, text in enumerate(texts):
        words = tokens(text)
        for start in range(0, len(words) - _COPY_WORDS):
            run = " ".join(words[start : start + _COPY_WORDS])
            key = int.from_bytes(hashlib.blake2b(run.encode(), digest_size=8).digest(), "big")
            if key % 8 == 0 and first.setdefault(key, i) != i:
                yield first[key], i


def groups(site_sets: list[set[str]], pairs: Iterator[tuple[int, int]]) -> list[str]:
    """A name for each page's group: pages that share a site, or are a pair, are in one."""
    parent = list(range(len(site_sets)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    for i, names in enumerate(site_sets):
        for name in names:
            parent[root(i)] = root(first.setdefault(name, i))
    for i, j in pairs:
        parent[root(i)] = root(j)
    return [f"{root(i)}" for i in range(len(site_sets))]


def crawled(folder: Path) -> Iterator[GoldPage]:
    """The pages of crawl files that are as they were found, not rendered from a template."""
    with gzip.open(folder / "GOLD.tsv.gz", "rt", encoding="utf-8") as table:
        found = {
            row["record_id"]
            for row in csv.DictReader(table, delimiter="\t")
            if row["real"] == "original-html"
        }
    for path in sorted(folder.glob("*.warc.gz")):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                name = record.headers["WARC-Record-ID"]
                if name in found:
                    url = record.headers.get("WARC-Target-URI")
                    yield GoldPage("crawl", name, record.reader.read(), url=url)


def main() -> None:
    folder, out, *crawls = sys.argv[1:]
    pages = list(read_gold(Path(folder)))
    seen = {hashlib.sha256(page.html).digest() for page in pages}
    count: Counter[str] = Counter()
    for page in (page for crawl in crawls for page in crawled(Path(crawl))):
        digest = hashlib.sha256(page.html).digest()
        if digest in seen:
            continue
        seen.add(digest)
        site = _domain(page.url or "")
        count[site] += 1
        if count[site] <= PER_SITE:
            pages.append(page)
    rows, site_sets, texts = [], [], []
    for page in pages:
        markup, _ = decode(page.html)
        teachers = []
        try:
            if page.text is None:
                teachers = [extract(page.html, engine=name).text for name in TEACHERS]
            everything = page.text or extract(page.html, engine="trimmed").text
        except ExtractionError:
            continue
        if page.collection == "crawl" and not any(teachers):
            continue
        site_sets.append(sites(markup, page.url))
        texts.append(everything)
        rows.append(
            {
                "set": page.collection,
                "name": page.name,
                "html": page.html,
                "text": page.text,
                "wanted": page.wanted,
                "unwanted": page.unwanted,
                "teachers": teachers,
            }
        )
    for row, group in zip(rows, groups(site_sets, copies(texts)), strict=True):
        row["group"] = group
    pq.write_table(pa.Table.from_pylist(rows), out, compression="zstd")
    sizes = Counter(row["group"] for row in rows)
    print(Counter(row["set"] for row in rows), len(sizes), "groups, largest", sizes.most_common(4))
    print(sum(not names for names in site_sets), "pages of no known site")


if __name__ == "__main__":
    main()
