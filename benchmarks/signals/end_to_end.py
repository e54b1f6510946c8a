"""Megabytes of text per second and core, from Parquet to decided Parquet, beside datatrove 0.10.1, a row a language.

    python -m benchmarks.signals.end_to_end --datatrove ENV/bin/python --crawl DIR --news DIR --fineweb2 DIR

What is timed here is step A as a run has it (`pipeline.steps.measure.run`: Parquet in; words, signals, stop words,
content hash, band keys; sort; Parquet out), but with each document's language given instead of identified, and then
FineWeb2's rules on the columns read back. What is timed there: Gopher repetition, FineWeb quality, Gopher quality and
the MinHash signatures (`datatrove_chain.py`), on the same documents with the same parameters, without reading or
writing documents: (a) with the tokeniser that datatrove assigns to the language, (b) with `str.split` in its place.

CPU time of one process, all its threads; best of three here and of two there (b), one run (a). A document is read
`--copies` times here, so that opening and closing files, nothing in a crawl's segment of 128 MiB, stays small.
Exit code 1 where a target that is given is missed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.parity import documents
from filters import parameters, rules
from pipeline import recipe as recipes
from pipeline import warm
from pipeline.ledger import StepFolder
from pipeline.sources import Source
from pipeline.steps import decisions, measure
from pipeline.store import Store

LABELS = (
    "eng_Latn fra_Latn deu_Latn spa_Latn rus_Cyrl ukr_Cyrl arb_Arab fas_Arab hin_Deva tha_Thai khm_Khmr cmn_Hani "
    "jpn_Jpan kor_Hang amh_Ethi tur_Latn vie_Latn swh_Latn yor_Latn ven_Latn"
).split()
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
    """Stands in for `language_id.identify`: every document has the label that it came with."""

    def __init__(self, label: str) -> None:
        self.label = label

    def __call__(self, texts: pa.Array, model: str | None = None) -> pa.StructArray:
        n = len(texts)
        columns = [pa.array([self.label] * n), pa.array([1.0] * n), pa.array(["{}"] * n)]
        return pa.StructArray.from_arrays(columns, ["label", "score", "candidates"])


def decide(
    folder: StepFolder, names: list[str], label: str, recipe: recipes.Recipe, kept: list[int]
) -> None:
    """Apply the recipe's rules to the signals of each segment, as step D does; append how many stay."""
    own = parameters.for_label(label, recipe.parameters.fineweb2)
    limits = decisions.rule_thresholds(recipe, label, own)
    metrics = sorted({rules.RULES[name].metric for name in limits})
    for name in names:
        table = folder.store.read_columns(folder.file(f"signals/{name}.parquet"), metrics)
        dropped = pc.is_null(table[metrics[0]]).to_numpy() & False
        for rule, limit in limits.items():
            if limit is not None:
                values = table[rules.RULES[rule].metric].to_numpy()
                dropped |= rules.drops(rules.RULES[rule], values, limit)
        kept.append(int((~dropped).sum()))


def ours(label: str, texts: list[str], copies: int, recipe: recipes.Recipe, work: Path) -> float:
    """Seconds of CPU for one pass over the documents."""
    path = work / f"{label}.parquet"
    repeated = [text for _ in range(copies) for text in texts]
    ids = [f"{label}-{i}" for i in range(len(repeated))]
    pq.write_table(
        pa.table({"id": ids, "text": pa.array(repeated, pa.large_string())}),
        path,
        row_group_size=1000,
        compression="zstd",
    )
    measure.language_id.identify = KnownLabels(label)  # type: ignore[assignment]
    best = float("inf")
    for attempt in range(3):
        store = Store(str(work / f"out-{label}-{attempt}"))
        folder = StepFolder(store, "measure", "benchmark")
        source = Source(str(path), path.stat().st_size, "")
        task = measure.Task(folder, source, recipe)
        kept: list[int] = []
        started = time.process_time()
        measure.run(task)
        segments = [entry["name"] for entry in folder.manifest(task.piece)["segments"]]
        decide(folder, segments, label, recipe, kept)
        best = min(best, time.process_time() - started)
    return best / copies


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
    subprocess.run([python, str(script), *files], check=True, cwd=work)
    return json.loads((work / "datatrove.json").read_text())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datatrove", help="python of datatrove's environment; without it, no comparison")
    parser.add_argument("--crawl", type=Path, required=True, help="folder with GOLD.tsv.gz")
    parser.add_argument("--news", type=Path, required=True, help="folder of NTREX")
    parser.add_argument("--fineweb2", required=True, help="folder of FineWeb2's language files")
    parser.add_argument("--bytes", type=int, default=500_000, help="text of a language, at most")
    parser.add_argument("--copies", type=int, default=8, help="times that each document is read here")
    parser.add_argument("--rate", type=float, help="least MB/s of all languages together")
    parser.add_argument("--shipped", type=float, help="least ratio to (a)")
    parser.add_argument("--split", type=float, help="least ratio to (b)")
    given = parser.parse_args()
    recipe = recipes.load("fineweb2", [f"parameters.fineweb2={given.fineweb2}"])
    chosen = select(given.crawl, given.news, given.bytes)
    warm.compile_kernels()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        own = {label: ours(label, t, given.copies, recipe, work) for label, t in chosen.items()}
        other = theirs(given.datatrove, chosen, given.fineweb2, work) if given.datatrove else {}
    sizes = {label: sum(len(t.encode()) for t in texts) / 1e6 for label, texts in chosen.items()}

    print(
        f"{'language':9} {'docs':>5} {'MB':>6} {'MB/s':>6} | {'(a) MB/s':>8} {'ratio':>7} | "
        f"{'(b) MB/s':>8} {'ratio':>6}  tokenizer of (a)"
    )
    total = {"MB": 0.0, "own": 0.0, "shipped": 0.0, "split": 0.0}
    for label, size in sizes.items():
        line = f"{label:9} {len(chosen[label]):5} {size:6.2f} {size / own[label]:6.1f} |"
        total["MB"] += size
        total["own"] += own[label]
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
    targets = [(given.rate, rate), (given.shipped, ratios[0]), (given.split, ratios[1])]
    return int(any(target is not None and reached < target for target, reached in targets))


if __name__ == "__main__":
    sys.exit(main())
