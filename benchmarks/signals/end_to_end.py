"""Megabytes of text per second and core, from Parquet to decided Parquet, beside datatrove 0.10.1, a row a language.

    python -m benchmarks.signals.end_to_end --datatrove ENV/bin/python --crawl DIR --news DIR --fineweb2 DIR

What is timed here is the step measure as a run has it (pipeline/steps/measure/inputs.py: Parquet in; words, signals,
stop words, content hash, band keys; sort; Parquet out), but with each document's language given instead of identified,
and then FineWeb2's rules on the columns read back. What is timed there: Gopher repetition, FineWeb quality, Gopher
quality and the MinHash signatures (`datatrove_chain.py`), on the same documents with the same parameters, without
reading or writing documents: (a) with the tokeniser that datatrove assigns to the language, (b) with `str.split` in
its place.

CPU time of one process, all its threads; best of three here and of two there (b), one run (a). The last row is all
languages as one input, each document once. The rows above it read a language's documents `--copies` times, so that
opening and closing files, nothing in a crawl's segment of 128 MiB, stays small.
Exit code 1 where a target that is given is missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.parity import documents
from polysieve.filters import parameters, rules
from polysieve.pipeline.recipe.loading import load
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.run import warm
from polysieve.pipeline.sources import Source
from polysieve.pipeline.steps.decide import reasons
from polysieve.pipeline.steps.measure import inputs, languages
from polysieve.pipeline.steps.step import Context, Inputs
from polysieve.pipeline.storage.ledger import StepFolder
from polysieve.pipeline.storage.store import Store

LABELS = (
    "eng_Latn", "fra_Latn", "deu_Latn", "spa_Latn", "rus_Cyrl", "ukr_Cyrl", "arb_Arab", "fas_Arab", "hin_Deva",
    "tha_Thai", "khm_Khmr", "cmn_Hani", "jpn_Jpan", "kor_Hang", "amh_Ethi", "tur_Latn", "vie_Latn", "swh_Latn",
    "yor_Latn", "ven_Latn",
)  # fmt: skip
IN_THE_DATA = {"cmn_Hani": "zho_Hans"}  # the name of a language's documents, where it differs
SHORTEST = 500  # characters: shorter documents leave every kernel idle


def select(crawl: Path, news: Path, most: int) -> dict[str, list[str]]:
    """label -> real documents, the crawl's first, up to about `most` bytes."""
    pages, articles = documents.crawl_documents(crawl), documents.news_articles(news)
    chosen: dict[str, list[str]] = {}
    for label in LABELS:
        name = IN_THE_DATA.get(label, label)
        found: list[str] = []
        size = 0
        for text in [*pages.get(name, {}), *articles.get(name, [])]:
            if SHORTEST <= len(text) <= documents.LONGEST and size < most:
                found.append(text.replace("\0", "").strip())
                size += len(found[-1].encode())
        chosen[label] = found
    return chosen


class KnownLabels:
    """Stands in for `language_id.identify`: documents, in the order of the input, have the labels they came with."""

    def __init__(self, labels: list[str]) -> None:
        self.labels = labels
        self.place = 0

    def __call__(self, texts: pa.Array, model: object = None) -> pa.StructArray:
        n = len(texts)
        labels = self.labels[self.place : self.place + n]
        self.place += n
        columns = [pa.array(labels), pa.array([1.0] * n), pa.array(["{}"] * n)]
        return pa.StructArray.from_arrays(columns, ["label", "score", "candidates"])


def ours(documents: list[tuple[str, str]], recipe: Recipe, work: Path) -> tuple[float, int]:
    """Seconds of CPU for (label, text) pairs, which become one input, and how many the rules keep."""
    labels, texts = [label for label, _ in documents], [text for _, text in documents]
    path = work / "input.parquet"
    table = pa.table(
        {"id": [str(i) for i in range(len(texts))], "text": pa.array(texts, pa.large_string())}
    )
    pq.write_table(table, path, row_group_size=1000, compression="zstd")
    source = Source(str(path), path.stat().st_size, "")
    best = float("inf")
    for _ in range(3):
        languages.language_id.identify = KnownLabels(labels)  # type: ignore[assignment]
        with tempfile.TemporaryDirectory(dir=work) as out:
            store = Store(out)
            folder = StepFolder(store, "measure", "benchmark")
            context = Context(recipe, store, {"measure": folder}, Inputs("benchmark"))
            task = inputs.Input(context, folder, source)
            started = time.process_time()
            inputs.run(task)
            segments = folder.manifest(task.name)["segments"]  # type: ignore[index]
            kept = sum(decide(folder, segment, recipe) for segment in segments)
            best = min(best, time.process_time() - started)
    return best, kept


def decide(folder: StepFolder, segment: dict[str, Any], recipe: Recipe) -> int:
    """Apply the recipe's rules to a segment's signals, as the step decisions does; returns how many documents stay."""
    metrics = sorted({rules.RULES[name].metric for name in recipe.rules})
    table = folder.store.read_columns(folder.file(f"signals/{segment['name']}.parquet"), metrics)
    kept = 0
    for entry in segment["labels"]:
        own = parameters.for_label(entry["label"], recipe.parameters.folder)
        part = table.slice(entry["start"], entry["rows"])
        dropped = np.zeros(part.num_rows, bool)
        for name, limit in reasons.rule_thresholds(recipe, entry["label"], own).items():
            if limit is not None:
                rule = rules.RULES[name]
                dropped |= rules.drops(rule, part[rule.metric].to_numpy(), limit)
        kept += int((~dropped).sum())
    return kept


def theirs(
    python: str, chosen: dict[str, list[str]], fineweb2: str, work: Path
) -> dict[str, dict[str, float | str]]:
    """label -> seconds of CPU (`shipped`, `split`) and the `tokenizer`, from datatrove's environment."""
    request = {
        label: {
            "texts": texts,
            "names": parameters.candidates(label),
            "parameters": parameters.for_label(label, fineweb2).model_dump(),
        }
        for label, texts in chosen.items()
    }
    (work / "request.json").write_text(json.dumps(request))
    script = Path(__file__).with_name("datatrove_chain.py")
    files = [str(work / "request.json"), str(work / "datatrove.json")]
    parity = str(Path(documents.__file__).parent)  # whose reference.py has the filters
    subprocess.run(
        [python, str(script), *files],
        check=True,
        cwd=work,
        env={**os.environ, "PYTHONPATH": parity},
    )
    return json.loads((work / "datatrove.json").read_text())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--datatrove", help="python of datatrove's environment; without it, no comparison"
    )
    parser.add_argument("--crawl", type=Path, required=True, help="folder with GOLD.tsv.gz")
    parser.add_argument("--news", type=Path, required=True, help="folder of NTREX")
    parser.add_argument("--fineweb2", required=True, help="folder of FineWeb2's language files")
    parser.add_argument("--bytes", type=int, default=500_000, help="text of a language, at most")
    parser.add_argument(
        "--copies", type=int, default=8, help="times that each document is read here"
    )
    parser.add_argument("--rate", type=float, help="least MB/s of all languages together")
    parser.add_argument("--shipped", type=float, help="least ratio to (a)")
    parser.add_argument("--split", type=float, help="least ratio to (b)")
    given = parser.parse_args()
    recipe = load("fineweb2", [f"parameters.folder={given.fineweb2}"])
    chosen = select(given.crawl, given.news, given.bytes)
    warm.compile_kernels(warm.groups(recipe, []))
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        pairs = [(label, text) for label, texts in chosen.items() for text in texts]
        together, kept = ours(pairs, recipe, work)
        own = {
            label: ours([(label, t) for t in texts] * given.copies, recipe, work)[0] / given.copies
            for label, texts in chosen.items()
        }
        other = theirs(given.datatrove, chosen, given.fineweb2, work) if given.datatrove else {}
    sizes = {label: sum(len(t.encode()) for t in texts) / 1e6 for label, texts in chosen.items()}

    print(
        f"{'language':9} {'docs':>5} {'MB':>6} {'MB/s':>6} | {'(a) MB/s':>8} {'ratio':>7} | "
        f"{'(b) MB/s':>8} {'ratio':>6}  tokenizer of (a)"
    )
    total = {"MB": 0.0, "own": together, "shipped": 0.0, "split": 0.0}
    for label, size in sizes.items():
        line = f"{label:9} {len(chosen[label]):5} {size:6.2f} {size / own[label]:6.1f} |"
        total["MB"] += size
        if other:
            a, b = float(other[label]["shipped"]), float(other[label]["split"])
            total["shipped"] += a
            total["split"] += b
            line += (
                f" {size / a:8.3f} {a / own[label]:7.0f} | {size / b:8.2f} {b / own[label]:6.1f}"
                f"  {other[label]['tokenizer']}"
            )
        print(line)
    rate = total["MB"] / total["own"]
    ratios = [total[name] / total["own"] for name in ("shipped", "split")]
    line = f"{'all':9} {sum(map(len, chosen.values())):5} {total['MB']:6.2f} {rate:6.1f} |"
    if other:
        line += (
            f" {total['MB'] / total['shipped']:8.3f} {ratios[0]:7.0f} |"
            f" {total['MB'] / total['split']:8.2f} {ratios[1]:6.1f}"
        )
    print(line)
    print(f"{kept} of {len(pairs)} documents pass FineWeb2's rules")
    targets = [(given.rate, rate), (given.shipped, ratios[0]), (given.split, ratios[1])]
    return int(any(target is not None and reached < target for target, reached in targets))


if __name__ == "__main__":
    sys.exit(main())
