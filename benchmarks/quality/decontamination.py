"""Benchmark items planted in web pages, and pages without any: what is found, what is found wrongly, how fast.

    python -m benchmarks.quality.decontamination xquad_contexts.tsv GOLD_TEXT.jsonl.xz

Items are sentences of XQuAD's paragraphs in 12 languages; documents are real pages. An item is planted verbatim,
re-cased, re-punctuated (other punctuation between words) and re-wrapped, each in pages of its own. A page in which
nothing was planted and a passage is found is printed for a look: it is a false positive unless the page does quote the
item. Exit code 1 unless every planted item is found.
"""

import csv
import re
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import regex

from benchmarks.signals.throughput import read
from polysieve.filters.quality.decontamination import find, gather

_EDGES = regex.compile(r"^[\p{P}\p{S}]+|[\p{P}\p{S}]+$")
_END = re.compile(r"(?<=[.!?।。！？])\s*")


def re_punctuated(text: str) -> str:
    """Other punctuation: none at the ends of words, a comma after every fifth."""
    words = [_EDGES.sub("", word) for word in text.split()]
    words = [word for word in words if word]
    return " ".join(word + "," * (i % 5 == 4) for i, word in enumerate(words)) + " …"


FORMS = {
    "verbatim": lambda text: text,
    "re-cased": str.swapcase,
    "re-punctuated": re_punctuated,
    "re-wrapped": lambda text: text.replace(" ", "\n", 3).replace(" ", "  "),
}


def main(contexts: str, pages: str) -> int:
    items: dict[str, list[str]] = defaultdict(list)
    with open(contexts, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            items[f"xquad_{row['lang']}"] += [s for s in _END.split(row["text"]) if s.strip()]
    texts = [text for _, text in read(Path(pages))]
    started = time.process_time()
    known = gather(items)
    print(
        f"{sum(map(len, items.values()))} items, {sum(known.too_short.values())} of them too short to be looked for; "
        f"{known.passages} passages, gathered in {time.process_time() - started:.1f} CPU seconds"
    )
    array = pa.array(texts, pa.large_string())
    find(array.slice(0, 2), known)
    started = time.process_time()
    which, count = find(array, known)
    seconds = time.process_time() - started
    size = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{len(texts)} pages, {size:.1f} MB: {size / seconds:.1f} MB a CPU second")
    for row in np.flatnonzero(which >= 0):
        print(
            f"  found in a page as it is: {known.names[which[row]]}, {count[row]} passages: {texts[row][:80]!r}"
        )
    share = (which >= 0).mean()
    print(
        f"pages with a passage and nothing planted: {(which >= 0).sum()} of {len(texts)} ({share:.2%})"
    )
    clean = [text for text, one in zip(texts, which, strict=True) if one < 0]
    good = True
    for form, change in FORMS.items():
        missed: dict[str, int] = defaultdict(int)
        planted = 0
        for name, sentences in items.items():
            only = gather({name: sentences})
            # What is too short to be looked for is left out: it is nobody's passage.
            long = [s for s in sentences if find(pa.array([s]), only)[0][0] >= 0]
            documents = [
                f"{clean[i % len(clean)]}\n{change(s)}\n{clean[(7 * i + 3) % len(clean)]}"
                for i, s in enumerate(long)
            ]
            found, _ = find(pa.array(documents, pa.large_string()), known)
            planted += len(long)
            missed[name] += int((found < 0).sum())
        lost = {name: n for name, n in missed.items() if n}
        good &= not lost
        print(
            f"{form:14} {planted - sum(lost.values())} of {planted} planted items found {lost or ''}"
        )
    return 0 if good else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
