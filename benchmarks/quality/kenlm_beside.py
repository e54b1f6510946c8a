"""The n-gram model beside KenLM: the same words, order 3, each trained on the good texts of a language's half.

    python -m benchmarks.quality.kenlm_beside LABELLED_FOLDER LMPLZ

Needs the extra `kenlm` and KenLM's program `lmplz`. Printed for each language: the correlation of the texts' mean log
probabilities and their largest difference (lmplz models the beginning of a line, ours does not), each one's AUC of
good against bad texts, and megabytes per CPU second. Exit code 1 where a correlation is below 0.999.
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.quality.sets import halves
from polysieve.filters.quality import ngrams
from polysieve.filters.quality.evaluation import evaluate
from polysieve.filters.quality.kenlm_model import KenlmModel

_WORDS = re.compile(r"\w+")


def main(labelled: str, lmplz: str) -> int:
    good = True
    titles = ("correlation", "difference", "AUC KenLM", "AUC ours", "MB/s KenLM", "MB/s ours")
    print(f"{'language':10} " + " ".join(f"{title:>11}" for title in titles))
    for label, (train, test) in halves(Path(labelled), "registers").items():
        if label.endswith(
            ("Hans", "Arab")
        ):  # words between blanks are not the words that ours sees
            continue
        texts, tested = (
            [" ".join(_WORDS.findall(text.lower())) for text in half.texts]
            for half in (train, test)
        )
        texts = [text for text, is_good in zip(texts, train.good, strict=True) if is_good]
        array = pa.array(tested, pa.large_string())
        with tempfile.TemporaryDirectory() as folder:
            arpa = Path(folder, "model.arpa")
            command = [
                lmplz,
                "-o",
                "3",
                "--discount_fallback",
                "-S",
                "10%",
                "--skip_symbols",
                "-T",
                folder,
            ]
            subprocess.run(
                command, input="\n".join(texts).encode(), stdout=arpa.open("wb"), stderr=subprocess.DEVNULL, check=True
            )  # fmt: skip
            theirs = KenlmModel(arpa)
        ours = ngrams.train(pa.array(texts, pa.large_string()), 3)
        ours.scores(array.slice(0, 2))
        found, seconds, aucs = [], [], []
        for model in (theirs, ours):
            started = time.process_time()
            found.append(model.scores(array))
            seconds.append(time.process_time() - started)
            aucs.append(evaluate(found[-1], test.good)["auc"])
        size = sum(len(text.encode()) for text in tested) / 1e6
        correlation = np.corrcoef(*found)[0, 1]
        good &= correlation >= 0.999
        print(
            f"{label:10} {correlation:11.4f} {np.abs(found[0] - found[1]).max():11.3f} "
            f"{aucs[0]:11.3f} {aucs[1]:11.3f} "
            f"{size / seconds[0]:11.1f} {size / seconds[1]:11.1f}"
        )
    return 0 if good else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
