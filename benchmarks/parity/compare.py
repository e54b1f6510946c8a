"""Every metric and decision beside datatrove's on the same words of the same documents, a row a language.

    python -m benchmarks.parity.compare --datatrove ENV/bin/python --crawl DIR --news DIR --fineweb2 DIR

Counts must be equal and ratios within 1e-9; the first failing rule under each language's published thresholds
must be the same. Exit code 1 otherwise. See README.md for the environment.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.parity.documents import collect
from polysieve.filters import parameters, rules, signals, words
from tests.filters.given_words import from_tokens

# datatrove's reasons by the names of our rules; FineWeb2 leaves the other rules out.
REASONS = {
    "gopher_empty": "empty",
    "gopher_dup_line_frac": "dup_line_frac",
    **{f"gopher_top_{n}_gram": f"top_{n}_gram" for n in (2, 3, 4)},
    **{f"gopher_dup_{n}_gram": f"duplicated_{n}_n_grams" for n in range(5, 11)},
    "fineweb_empty": "empty",
    "fineweb_line_punct": "line_punct_ratio",
    "fineweb_char_dup": "char_dup_ratio",
    "fineweb_new_line": "list_ratio",
    "gopher_short_doc": "gopher_short_doc",
    "gopher_long_doc": "gopher_long_doc",
    "gopher_below_avg_word_length": "gopher_below_avg_threshold",
    "gopher_above_avg_word_length": "gopher_above_avg_threshold",
    "gopher_too_many_hashes": "gopher_too_many_hashes",
    "gopher_too_many_ellipsis": "gopher_too_many_ellipsis",
    "gopher_too_many_bullets": "gopher_too_many_bullets",
    "gopher_too_many_end_ellipsis": "gopher_too_many_end_ellipsis",
    "gopher_below_alpha": "gopher_below_alpha_threshold",
    "gopher_stop_words": "gopher_enough_stop_words",
}
FINEWEB2 = {"fineweb_char_dup": 0.1}
TOLERANCE = 1e-9


def decide(measured: pa.RecordBatch, limits: dict[str, float | None]) -> list[str]:
    """datatrove's name of the first rule that each document fails, "" if none."""
    found = np.full(measured.num_rows, "", object)
    for name, reason in REASONS.items():
        limit = FINEWEB2.get(name, limits[name])
        if limit is None:
            continue
        rule = rules.RULES[name]
        values = measured[rule.metric].to_numpy(zero_copy_only=False)
        found[rules.drops(rule, values, limit) & (found == "")] = reason
    return found.tolist()


def differences(ours: pa.RecordBatch, theirs: dict[str, list]) -> Counter[str]:
    """How many documents differ in each metric."""
    found: Counter[str] = Counter()
    for name in theirs.keys() & set(ours.schema.names):
        for a, b in zip(ours[name].to_pylist(), theirs[name], strict=True):
            if a is None or b is None:
                found[name] += (a is None) != (b is None)
            elif isinstance(a, int):
                found[name] += a != b
            else:
                found[name] += not math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return +found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datatrove", required=True, help="Python of datatrove's environment")
    parser.add_argument("--crawl", type=Path, required=True, help="folder with GOLD.tsv.gz")
    parser.add_argument("--news", type=Path, help="folder of NTREX")
    parser.add_argument("--fineweb2", required=True, help="folder of FineWeb2's language files")
    parser.add_argument("--documents", type=int, default=100, help="documents a language")
    parser.add_argument("--least", type=int, default=100, help="fewest documents of a language")
    parser.add_argument("--languages", nargs="*", help="labels; default: all")
    parser.add_argument("--work", type=Path, help="keep intermediate files here")
    given = parser.parse_args()
    work = given.work or Path(tempfile.mkdtemp())
    work.mkdir(parents=True, exist_ok=True)
    table = collect(given.crawl, given.news, given.documents, given.least)
    if given.languages:
        table = table.filter(pc.is_in(table["label"], pa.array(given.languages)))
    pq.write_table(table, work / "documents.parquet")
    labels = list(dict.fromkeys(table["label"].to_pylist()))
    own = {label: parameters.for_label(label, given.fineweb2) for label in labels}
    requests = {
        label: {"names": parameters.candidates(label), "parameters": own[label].model_dump()}
        for label in labels
    }
    (work / "requests.json").write_text(json.dumps(requests))
    if not (work / "reference.parquet").exists():
        script = Path(__file__).with_name("reference.py")
        files = [work / "documents.parquet", work / "requests.json", work / "reference.parquet"]
        subprocess.run([given.datatrove, script, *files], check=True, cwd=work)
    reference = pq.read_table(work / "reference.parquet")

    print(
        f"{'language':10} {'documents':>9} {'words':>9} {'kept':>5} {'metrics differ':>14} "
        f"{'decisions differ':>16} | {'own/their words':>15} {'same decision':>13}  tokenizer"
    )
    total: Counter[str] = Counter()
    for label in labels:
        rows = np.flatnonzero([x == label for x in table["label"].to_pylist()])
        texts = table["text"].take(rows).combine_chunks()
        theirs = reference.take(rows)
        names = pa.array([label] * len(rows))
        stop_list = signals.StopWords.of(own[label].stopwords) if own[label].stopwords else None
        stop_lists = [stop_list] * len(rows)
        same = from_tokens(texts, theirs["words"].to_pylist(), names)
        measured = signals.measure(texts, same, stop_lists)
        found = differences(measured, theirs.select(theirs.column_names[5:]).to_pydict())
        limits = parameters.thresholds(own[label])
        decided, expected = decide(measured, limits), theirs["reason"].to_pylist()
        wrong = sum(a != b for a, b in zip(decided, expected, strict=True))
        free = words.segment(texts, names)
        freely = decide(signals.measure(texts, free, stop_lists), limits)
        agree = sum((a == "") == (b == "") for a, b in zip(freely, expected, strict=True))
        total.update(documents=len(rows), metrics=found.total(), decisions=wrong, agree=agree)
        print(
            f"{label:10} {len(rows):9,} {len(same.starts):9,} {expected.count(''):5} "
            f"{found.total():14,} {wrong:16,} | {len(free.starts) / max(len(same.starts), 1):15.3f} "
            f"{agree / len(rows):13.3f}  {theirs['tokenizer'][0]}"
        )
        for name, count in found.items():
            print(f"    {name}: {count} documents differ")
        for a, b in Counter((a, b) for a, b in zip(decided, expected, strict=True) if a != b):
            print(f"    decided {a or 'kept'!r}, datatrove {b or 'kept'!r}")
    print(
        f"{len(labels)} languages, {total['documents']:,} documents: {total['metrics']} metrics and "
        f"{total['decisions']} decisions differ; with our own words {total['agree'] / total['documents']:.3f} "
        "of documents have the same outcome"
    )
    return 1 if total["metrics"] + total["decisions"] else 0


if __name__ == "__main__":
    sys.exit(main())
