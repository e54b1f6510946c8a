"""Every extraction engine on the same gold pages, in one run: quality by each set's own measure, speed.

    python benchmarks/extraction/compare.py FOLDER [--engine NAME ...] [--limit N]

FOLDER holds the evaluation sets (see gold.py). The first table has, per engine, the F1 on each set and
the CPU time per page; the second precision and recall. trafilatura-eval: over all snippets, as its
authors count; scrapinghub: over shingles of four words, each page weighted alike, as its authors count;
the others, and scrapinghub once more: words as a bag, the mean over pages. A word is a run of letters,
marks and digits; in scripts without spaces, one character.
"""

import argparse
import re
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from gold import GoldPage, read_gold

from polysieve.pipeline.extract import ENGINES, ExtractionError, extract
from polysieve.pipeline.extract.labelling import tokens

_PLAIN_WORD = re.compile(r"\w+")


def words(text: str) -> Counter[str]:
    """The words of a text with how often each stands in it, in any language."""
    return Counter(tokens(text))


def shingles(text: str, size: int = 4) -> Counter[tuple[str, ...]]:
    """Runs of four words, as scrapinghub's benchmark cuts them."""
    found = _PLAIN_WORD.findall(text)
    return Counter(tuple(found[i : i + size]) for i in range(max(1, len(found) - size + 1)))


def word_scores(got: str, gold: str) -> tuple[float, float, float]:
    """(precision, recall, F1) of a text's bag of words."""
    a, b = words(got), words(gold)
    common = (a & b).total()
    if not common:
        same = float(not a and not b)
        return same, same, same
    precision, recall = common / a.total(), common / b.total()
    return precision, recall, 2 * precision * recall / (precision + recall)


def _harmonic(precision: float, recall: float) -> tuple[float, float, float]:
    return precision, recall, 2 * precision * recall / (precision + recall or 1)


def snippet_scores(texts: Iterable[tuple[GoldPage, str]]) -> tuple[float, float, float]:
    found = missed = wrong = 0
    for page, text in texts:
        hits = sum(snippet in text for snippet in page.wanted)
        found, missed = found + hits, missed + len(page.wanted) - hits
        wrong += sum(snippet in text for snippet in page.unwanted)
    return _harmonic(found / (found + wrong or 1), found / (found + missed or 1))


def shingle_scores(texts: Iterable[tuple[GoldPage, str]]) -> tuple[float, float, float]:
    found = wrong = missed = 0.0
    for page, text in texts:
        got, gold = shingles(text), shingles(page.text or "")
        parts = (got & gold).total(), (got - gold).total(), (gold - got).total()
        whole = sum(parts)
        found, wrong, missed = (
            total + part / whole for total, part in zip((found, wrong, missed), parts, strict=True)
        )
    return _harmonic(found / (found + wrong or 1), found / (found + missed or 1))


def mean_word_scores(texts: Iterable[tuple[GoldPage, str]]) -> tuple[float, float, float]:
    scores = [word_scores(text, page.text or "") for page, text in texts]
    return tuple(sum(column) / len(scores) for column in zip(*scores, strict=True))  # type: ignore[return-value]


MEASURES = {
    "trafilatura-eval snippets": ("trafilatura-eval", snippet_scores),
    "scrapinghub shingles": ("scrapinghub", shingle_scores),
    "scrapinghub words": ("scrapinghub", mean_word_scores),
    "readability words": ("readability", mean_word_scores),
    "newspaper4k words": ("newspaper4k", mean_word_scores),
    "fundus words": ("fundus", mean_word_scores),
}


def run(engine: str, pages: list[GoldPage]) -> tuple[list[str], float, int]:
    """The texts of all pages, CPU seconds per page, and how many pages were refused."""
    extract(pages[0].html, engine=engine)  # imports and compiled functions are there
    texts, refused = [], 0
    start = time.process_time()
    for page in pages:
        try:
            texts.append(extract(page.html, engine=engine).text)
        except ExtractionError:
            texts.append("")
            refused += 1
    return texts, (time.process_time() - start) / len(pages), refused


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engine", action="append", choices=list(ENGINES))
    parser.add_argument("--limit", type=int, help="pages per set")
    options = parser.parse_args()
    pages: list[GoldPage] = []
    count: Counter[str] = Counter()
    for page in read_gold(options.folder):
        count[page.collection] += 1
        if options.limit is None or count[page.collection] <= options.limit:
            pages.append(page)
    megabytes = sum(len(page.html) for page in pages) / 1e6
    print(f"{len(pages)} pages, {megabytes:.1f} MB: {dict(count)}\n")
    print("| engine | ms per page | MB/s | " + " | ".join(MEASURES) + " | mean of sets |")
    print("|---|" + "---|" * (len(MEASURES) + 3))
    details = []
    for engine in options.engine or ENGINES:
        texts, seconds, refused = run(engine, pages)
        scores = {}
        for name, (collection, measure) in MEASURES.items():
            scores[name] = measure(
                (page, text)
                for page, text in zip(pages, texts, strict=True)
                if page.collection == collection
            )
        columns = [f"{score[2]:.3f}" for score in scores.values()]
        sets = [score[2] for name, score in scores.items() if "shingles" not in name]
        speed = megabytes / (seconds * len(pages))
        print(
            f"| {engine} | {1000 * seconds:.2f} | {speed:.0f} | {' | '.join(columns)} "
            f"| {sum(sets) / len(sets):.3f} |",
            flush=True,
        )
        pairs = (f"{precision:.3f} / {recall:.3f}" for precision, recall, _ in scores.values())
        details.append(f"| {engine} | {' | '.join(pairs)} | {refused} |")
    print("\n| engine, precision / recall | " + " | ".join(MEASURES) + " | refused |")
    print("|---|" + "---|" * (len(MEASURES) + 1))
    print("\n".join(details))


if __name__ == "__main__":
    main()
