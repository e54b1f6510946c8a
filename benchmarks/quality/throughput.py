"""fastText classification beside datatrove's FastTextClassifierFilter: the same models, the same documents.

    python -m benchmarks.quality.throughput GOLD_TEXT.jsonl.xz DATATROVE_PYTHON [--floor 5]

Trains a small model and one with fastText's defaults (100 dimensions, 2,000,000 buckets: 800 MB) to tell odd documents
from even ones, since what is learnt does not matter here. Prints megabytes of text per CPU second of one thread, the
best of three, and the largest difference between two scores (fastText adds 1e-5). Exit code 1 where the ratio of the
default size stays below the floor or scores differ by more than 1e-4. datatrove's environment needs fasteners besides.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fasttext
import numpy as np
import pyarrow as pa

from benchmarks.signals.throughput import read
from polysieve.filters.quality.fasttext_scorer import FastTextScorer
from polysieve.filters.quality.fasttext_training import as_line

MODELS = {
    "small": {"dim": 8, "bucket": 1 << 18, "wordNgrams": 2},
    "small, characters": {"dim": 8, "bucket": 1 << 18, "minn": 1, "maxn": 4},
    "default size": {"dim": 100, "wordNgrams": 2},
}
REFERENCE = Path(__file__).with_name("fasttext_reference.py")


def ours(model: Path, texts: list[str]) -> tuple[float, FastTextScorer, np.ndarray]:
    """(CPU seconds, scorer, probabilities) by the compiled scorer."""
    scorer = FastTextScorer(model)
    array = pa.array(texts, pa.large_string())
    found = scorer.probabilities(array.slice(0, 2))
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        found = scorer.probabilities(array)
        best = min(best, time.process_time() - started)
    return best, scorer, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("texts", type=Path)
    parser.add_argument("datatrove")
    parser.add_argument("--floor", type=float, default=5.0)
    given = parser.parse_args()
    texts = [text.strip() for _, text in read(given.texts) if text.strip()][:4000]
    size = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{len(texts)} documents, {size:.1f} MB")
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [f"__label__{'hq' if i % 2 else 'lq'} {as_line(t)}\n" for i, t in enumerate(texts)]
        (folder / "train.txt").write_text("".join(lines), "utf-8")
        (folder / "texts.json").write_text(json.dumps(texts), "utf-8")
        print(
            f"{'model':20} {'datatrove MB/s':>14} {'ours MB/s':>10} {'ratio':>6} {'documents/s':>11} {'difference':>10}"
        )
        for kind, arguments in MODELS.items():
            # datatrove copies a model once per name
            model, result = folder / f"{kind}.bin", folder / "result.json"
            fasttext.train_supervised(
                str(folder / "train.txt"), epoch=2, thread=1, verbose=0, **arguments
            ).save_model(str(model))
            command = [
                given.datatrove,
                str(REFERENCE),
                str(model),
                str(folder / "texts.json"),
                str(result),
            ]
            subprocess.run(
                command,
                check=True,
                capture_output=True,
                env={**os.environ, "HF_HOME": name},  # where datatrove copies the model
            )
            theirs = json.loads(result.read_text())
            seconds, scorer, found = ours(model, texts)
            column = scorer.labels.index(theirs["label"].removeprefix("__label__"))
            difference = np.abs(found[:, column] - np.array(theirs["scores"], float)).max()
            ratio = theirs["seconds"] / seconds
            good &= difference < 1e-4 and (kind != "default size" or ratio >= given.floor)
            print(
                f"{kind:20} {size / theirs['seconds']:14.1f} {size / seconds:10.1f} {ratio:6.1f} "
                f"{len(texts) / seconds:11,.0f} {difference:10.1e}"
            )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
