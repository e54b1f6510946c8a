"""The share of documents that a score keeps, asked for and realised, in 20 languages; the same bytes from every run.

    python -m benchmarks.quality.retention TATOEBA_FOLDER SCRATCH

Documents are Tatoeba's sentences, two by two, scored by an n-gram model of other sentences of their language. Cuts
come from a sample of SAMPLE documents of each language (FineWeb2-HQ samples, too), so the realised share is off by
chance. Runs inline, with 1 and 2 workers on Ray, and killed with -9 while it scores. Exit code 1 unless the 20
languages together are within three standard errors of what was asked (and no language beyond four), and all runs
wrote the same bytes.
"""

import json
import math
import sys
from pathlib import Path

import pyarrow as pa

from benchmarks.main_job.common import differences, polysieve
from polysieve.filters.quality import ngrams

LANGUAGES = {
    "ara": "arb_Arab", "ben": "ben_Beng", "bul": "bul_Cyrl", "ces": "ces_Latn", "dan": "dan_Latn", "deu": "deu_Latn",
    "ell": "ell_Grek", "epo": "epo_Latn", "fin": "fin_Latn", "fra": "fra_Latn", "heb": "heb_Hebr", "hin": "hin_Deva",
    "hun": "hun_Latn", "jpn": "jpn_Jpan", "kor": "kor_Hang", "nld": "nld_Latn", "rus": "rus_Cyrl", "tur": "tur_Latn",
    "ukr": "ukr_Cyrl", "vie": "vie_Latn",
}  # fmt: skip
KEEP, SAMPLE = 0.3, 100
RECIPE = """
language: {{cut: null}}
dedup: {{minhash: null}}
quality:
  scores:
    fluent: {{ngrams: "{models}/{{label}}.npz", keep: {keep}}}
  sample: {sample}
"""


def prepare(tatoeba: Path, scratch: Path) -> tuple[Path, Path]:
    """The recipe and the crawl; every third sentence trains the language's model."""
    models, crawl = scratch / "models", scratch / "crawl"
    crawl.mkdir(parents=True, exist_ok=True)
    for code, label in LANGUAGES.items():
        lines = (tatoeba / f"tatoeba.{code}-eng.{code}").read_text("utf-8").splitlines()
        ngrams.train(pa.array(lines[::3], pa.large_string()), 3).save(models / f"{label}.npz")
        others = [line for i, line in enumerate(lines) if i % 3]
        pairs = [f"{a}\n{b}" for a, b in zip(others[::2], others[1::2], strict=False)]
        rows = [json.dumps({"id": f"{code}-{i}", "text": pair}) for i, pair in enumerate(pairs)]
        (crawl / f"{code}.jsonl").write_text("\n".join(rows) + "\n")
    recipe = scratch / "recipe.yaml"
    recipe.write_text(RECIPE.format(models=models, keep=KEEP, sample=SAMPLE))
    return recipe, crawl


def has_scored(output: Path) -> bool:
    return next(output.glob("scores-*/done/unit-*.json"), None) is not None


def main(tatoeba: str, scratch: str) -> int:
    folder = Path(scratch)
    recipe, crawl = prepare(Path(tatoeba), folder)
    command = ("run", str(recipe), "--input", f"{crawl}/*.jsonl", "--quiet", "--output")
    outputs = {}
    for name, more in (
        ("inline", ("--engine", "inline")), ("one", ("--workers", "1")), ("two", ("--workers", "2")),
        ("killed", ("--workers", "2")),
    ):  # fmt: skip
        outputs[name] = folder / name
        if name == "killed":
            polysieve(
                *command, str(folder / name), *more, kill_when=lambda: has_scored(folder / "killed")
            )
        run = polysieve(*command, str(folder / name), *more)
        if run.code:
            print(run.output)
            return 1
    different = {name: differences(outputs["inline"], output) for name, output in outputs.items()}
    record = json.loads((outputs["inline"] / "run.json").read_text())
    decided = outputs["inline"] / f"decisions-{record['steps']['decisions']}" / "done"
    labels = {}
    for manifest in decided.glob("unit-*.json"):
        labels |= json.loads(manifest.read_text())["labels"]
    print(f"{'language':10} {'scored':>6} {'kept':>5} {'share':>6} {'errors off':>10}")
    off = []
    for label in sorted(LANGUAGES.values()):
        one = labels[label]["models"]["scores"]["fluent"]
        n, kept = one["documents"], one["documents"] - one["failed"]
        # The cut is a quantile of a sample: its error, and that of what the sample leaves out.
        error = math.sqrt(KEEP * (1 - KEEP) * (1 / SAMPLE - 1 / max(n, SAMPLE + 1)))
        off.append((kept / n - KEEP) / error)
        print(f"{label:10} {n:6} {kept:5} {kept / n:6.3f} {off[-1]:10.1f}")
    together = sum(off) / math.sqrt(len(off))
    print(f"asked {KEEP}; all languages together are {together:.1f} standard errors off")
    for name, names in different.items():
        print(f"{name}: {names or 'the same bytes'}")
    good = abs(together) <= 3 and max(map(abs, off)) <= 4 and not any(different.values())
    return 0 if good else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
