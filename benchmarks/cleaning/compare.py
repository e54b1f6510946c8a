"""Encoding repair, personal data and table pipes beside datatrove's formatters: the same texts, documents per second.

    python -m benchmarks.cleaning.compare BUILT [--news NTREX] [--per-language 200] [--floor 10]

Real documents (benchmarks/parity/documents.py): up to so many of every language of the built crawl and of NTREX. Each
formatter of datatrove 0.10.1 and our function run over all of them in this process, by CPU time; every text must come
out the same (datatrove's turn of placeholders set back for each text, as ours is). The last row is FineWeb2's finishing
as a whole. Below it, the kinds of personal data that datatrove does not know, by themselves. With `--floor`, exit code
1 where a text differs or the whole is not that many times as fast.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from datatrove.pipeline.formatters import FTFYFormatter, PIIFormatter, SymbolLinesFormatter

from benchmarks.parity.documents import collect
from polysieve.filters import encoding, pii, table_pipes
from polysieve.pipeline.recipe.loading import load
from polysieve.pipeline.texts import cleaning


def seconds(work: Callable[[], object]) -> tuple[float, object]:
    """CPU time of a run, and its result."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def replaced(formatter: PIIFormatter, text: str) -> str:
    for replacer in (formatter.emails_replacer, formatter.ip_replacer):
        replacer._replace_i = 0
    return formatter.format(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("built", type=Path)
    parser.add_argument("--news", type=Path)
    parser.add_argument("--per-language", type=int, default=200)
    parser.add_argument("--floor", type=float)
    given = parser.parse_args()
    table = collect(given.built, given.news, given.per_language, 1)
    labels = table["label"].combine_chunks()
    column = table["text"].combine_chunks()
    texts = column.to_pylist()
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    languages = len(set(labels.to_pylist()))
    print(f"{len(texts):,} documents in {languages} languages, {megabytes:.1f} MB")

    ftfy, mail, lines = FTFYFormatter(), PIIFormatter(), SymbolLinesFormatter(["|"], "\n")
    recipe = load("fineweb2").clean
    rows: list[tuple[str, Callable[[str], str], Callable[[], pa.Array]]] = [
        ("FTFYFormatter", ftfy.format, lambda: encoding.repair(column)),
        (
            "PIIFormatter",
            lambda text: replaced(mail, text),
            lambda: pii.clean(column, labels, ["email", "ipv4"]).texts,
        ),
        ("SymbolLinesFormatter", lines.format, lambda: table_pipes.remove(column)),
        (
            "all three",
            lambda text: lines.format(replaced(mail, ftfy.format(text))),
            lambda: cleaning.of_written(column, labels, recipe).texts,
        ),
    ]
    cleaning.of_written(column.slice(0, 50), labels.slice(0, 50), recipe)
    print(
        f"{'':22} {'datatrove':>10} {'polysieve':>10} docs/s   times {'changed':>8} {'different':>9}"
    )
    fails = False
    for name, theirs, ours in rows:
        their_seconds, expected = seconds(lambda theirs=theirs: [theirs(text) for text in texts])  # type: ignore[misc]
        our_seconds, result = min((seconds(ours) for _ in range(3)), key=lambda pair: pair[0])
        found = result.to_pylist()  # type: ignore[attr-defined]
        changed = sum(a != b for a, b in zip(texts, found, strict=True))
        different = [i for i, (a, b) in enumerate(zip(expected, found, strict=True)) if a != b]  # type: ignore[call-overload]
        times = their_seconds / our_seconds
        print(
            f"{name:22} {len(texts) / their_seconds:10,.0f} {len(texts) / our_seconds:10,.0f} "
            f"{'':8} {times:5.0f} {changed:8,} {len(different):9,}"
        )
        fails |= bool(different) or (name == "all three" and times < (given.floor or 0))
    for kind in pii.KINDS:
        spent, cleaned = seconds(lambda kind=kind: pii.clean(column, labels, [kind]))  # type: ignore[misc]
        counts: Counter[str] = sum(cleaned.counts.values(), Counter())  # type: ignore[attr-defined]
        print(
            f"{kind:22} {'':10} {len(texts) / spent:10,.0f} {megabytes / spent:7.0f} MB/s, "
            f"{counts[kind]:,} found in {len(cleaned.counts):,} documents"  # type: ignore[attr-defined]
        )
    return 1 if given.floor and fails else 0


if __name__ == "__main__":
    sys.exit(main())
