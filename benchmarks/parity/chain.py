"""FineWeb2's chain end to end: datatrove's as shipped beside `polysieve run recipes/fineweb2.yaml`, text by text.

    python -m benchmarks.parity.chain WORK --datatrove ENV/bin/python --fineweb2 DIR

WORK is the folder of `benchmarks.parity.compare --work`: the same documents go through datatrove's three filters and
three formatters with its own tokenisers (chain_reference.py), and through the command line with our own words, as
JSON Lines in and Parquet out. Both read FineWeb2's files of thresholds. Deduplication and the language cut are off: the
labels are known, and a document that we identify as a language with another file is counted and left out.

A document's outcome is kept or the first rule that it fails. Where the outcomes differ, the document is decided once
more from datatrove's words, with everything else ours; if that gives datatrove's outcome, the words are the cause; if
it takes the text as it was before white space around it was stripped, that is. Exit code 1 where a difference has no
cause of the list.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.parity.compare import REASONS
from polysieve.filters import parameters, rules, signals
from polysieve.filters.pii import PLACEHOLDERS
from polysieve.pipeline.recipe.loading import load
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.decide.reasons import rule_thresholds
from tests.filters.given_words import from_tokens

OURS = {reason: name for name, reason in REASONS.items() if reason != "empty"}
SPACE = "white space around the text, which we strip as it is read"
LEAST = 100  # documents of a language for the table's total


def polysieve(documents: pa.Table, folder: Path, fineweb2: str) -> dict[str, dict]:
    """id -> label, reason ("" if kept) and text of a run of the recipe over these texts."""
    source = folder / "documents.jsonl"
    with source.open("w", encoding="utf-8") as file:
        for number, text in enumerate(documents["text"].to_pylist()):
            file.write(json.dumps({"id": str(number), "text": text}, ensure_ascii=False) + "\n")
    output = folder / "polysieve"
    settings = (
        f"parameters.folder={fineweb2}", "dedup.exact=false", "dedup.minhash=null", "language.cut=null"
    )  # fmt: skip
    command = [sys.executable, "-m", "polysieve", "run", "fineweb2", "--input", str(source)]
    command += ["--output", str(output), "--engine", "inline", "--quiet"]
    for setting in settings:
        command += ["--set", setting]
    subprocess.run(command, check=True, env=os.environ)
    label = pl.concat_str("language", "language_script", separator="_").alias("label")
    found: dict[str, dict] = {}
    for kind, reason in (("corpus", pl.lit("")), ("removed", pl.col("filter_reason"))):
        table = pl.read_parquet(output / kind / "**" / "*.parquet")
        for row in table.select("id", "text", label, reason.alias("reason")).iter_rows(named=True):
            found[row.pop("id")] = row
    return found


def first_failing(
    recipe: Recipe, label: str, own: parameters.LanguageParameters, text: str, tokens: list[str]
) -> str:
    """The first rule of the recipe that a text with these words fails, "" if none."""
    stop_list = signals.StopWords.of(own.stopwords) if own.stopwords else None
    cut = from_tokens([text], [tokens], pa.array([label]))
    measured = signals.measure([text], cut, [stop_list])
    for name, limit in rule_thresholds(recipe, label, own).items():
        values = measured[rules.RULES[name].metric].to_numpy(zero_copy_only=False)
        if limit is not None and rules.drops(rules.RULES[name], values, limit)[0]:
            return name
    return ""


def cause_of(
    label: str, ours: str, theirs: str, tokenizer: str, again: str, unstripped: str
) -> str | None:
    """What a difference in outcome comes from; None where it has no known cause.

    `again` and `unstripped` are the outcomes by datatrove's words of the text as we read it and as it was.
    """
    if theirs.startswith("raises"):
        return f"datatrove {theirs}"
    if again != theirs:
        return SPACE if unstripped == theirs else None
    if label.startswith("kor") and "gopher_stop_words" in (ours, theirs):
        return "words: in Korean we count a stop word at a word's end, datatrove cuts morphemes"
    if tokenizer.startswith("regex"):
        return "words: its tokeniser is not installed here, a regular expression stood in"
    return f"words: {tokenizer}'s"


def text_cause(ours: str, row: dict) -> str:
    """What a difference between written texts comes from."""
    if ours == row["text"].strip():
        return SPACE
    if masked(ours) == masked(row["text"].strip()):
        return "placeholders: its cycle runs on from text to text, ours begins anew with each"
    return "unexplained"


def masked(text: str) -> str:
    for placeholders in PLACEHOLDERS.values():
        for placeholder in placeholders:
            text = text.replace(placeholder, "\0")
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--datatrove", required=True, help="Python of datatrove's environment")
    parser.add_argument("--fineweb2", required=True, help="folder of FineWeb2's language files")
    given = parser.parse_args()
    work = given.work.resolve()
    if not (work / "chain.parquet").exists():
        script = Path(__file__).with_name("chain_reference.py")
        files = [work / name for name in ("documents.parquet", "requests.json", "chain.parquet")]
        subprocess.run([given.datatrove, script, *files], check=True)
    documents, theirs = (
        pq.read_table(work / "documents.parquet"),
        pq.read_table(work / "chain.parquet"),
    )
    tokens = pq.read_table(work / "reference.parquet")["words"]
    ours = polysieve(documents, work, given.fineweb2)
    recipe = load("fineweb2")

    print(
        f"{'language':10} {'documents':>9} {'other label':>11} {'kept':>5} {'kept by both':>12} "
        f"{'same outcome':>12} {'same keep':>9} {'same text':>9}  tokenizer"
    )
    labels = np.array(documents["label"].to_pylist())
    total: Counter[str] = Counter()
    causes: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for label in dict.fromkeys(labels.tolist()):
        file = parameters._file(label, given.fineweb2)
        if file is None:
            continue  # FineWeb2 has no such language
        own = parameters.for_label(label, given.fineweb2)
        row_counts: Counter[str] = Counter()
        for number in np.flatnonzero(labels == label).tolist():
            mine, row = ours[str(number)], theirs.slice(number, 1).to_pylist()[0]
            if parameters._file(mine["label"], given.fineweb2) != file:
                row_counts["other"] += 1
                continue
            row_counts["documents"] += 1
            expected = OURS.get(row["reason"], row["reason"])
            row_counts["kept"] += expected == ""
            row_counts["same keep"] += (expected == "") == (mine["reason"] == "")
            if mine["reason"] != expected:
                text = documents["text"][number].as_py()
                again, unstripped = (
                    first_failing(recipe, label, own, t, tokens[number].as_py())
                    for t in (text.strip(), text)
                )
                cause = cause_of(
                    label, mine["reason"], expected, row["tokenizer"], again, unstripped
                )
                causes[cause or f"unexplained: {label} document {number}"] += 1
                row_counts["unexplained"] += cause is None
                pairs[mine["reason"] or "kept", expected or "kept"] += 1
                continue
            row_counts["same"] += 1
            if expected == "":
                row_counts["both"] += 1
                row_counts["text"] += mine["text"] == row["text"]
                if mine["text"] != row["text"]:
                    causes[f"text: {text_cause(mine['text'], row)}"] += 1
        n = row_counts["documents"]
        total.update(row_counts, languages=n > 0, full=n >= LEAST)
        total["in full"] += n if n >= LEAST else 0
        print(
            f"{label:10} {n:9} {row_counts['other']:11} {row_counts['kept']:5} {row_counts['both']:12} "
            f"{row_counts['same'] / max(n, 1):12.3f} {row_counts['same keep'] / max(n, 1):9.3f} "
            f"{row_counts['text'] / max(row_counts['both'], 1):9.3f}  "
            f"{theirs['tokenizer'][int(np.flatnonzero(labels == label)[0])].as_py()[:40]}"
        )
    n = total["documents"]
    print(
        f"\n{total['languages']} languages, {n:,} documents ({total['full']} languages with at least "
        f"{LEAST}: {total['in full']:,}); {total['other']:,} more under another label. Same outcome "
        f"{total['same']:,} ({total['same'] / n:.4f}), same keep or drop {total['same keep']:,} "
        f"({total['same keep'] / n:.4f}); of {total['both']:,} kept by both {total['text']:,} have the same text."
    )
    print("\ncauses of what differs")
    for cause, count in causes.most_common():
        print(f"{count:7,}  {cause}")
    print("\nours, datatrove's")
    for (a, b), count in pairs.most_common(25):
        print(f"{count:7,}  {a}, {b}")
    return 1 if total["unexplained"] or causes["text: unexplained"] else 0


if __name__ == "__main__":
    sys.exit(main())
