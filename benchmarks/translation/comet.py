"""Scores of models in CometKiwi's format by polysieve beside those of unbabel-comet, on weights that are made up.

    python -m benchmarks.translation.comet PYTHON

PYTHON: the interpreter of an environment with `pip install unbabel-comet "setuptools<80"`, which asks for NumPy 1 and
so cannot be in polysieve's own. Eight models are made, with softmax and sparsemax, layers standardised or not, one
layer or all, and both score the same 200 pairs of words, from one letter to sequences that are cut where the model
ends.
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from polysieve.translation import comet
from tests.translation.made_comet import make_comet

THEIRS = """
import json, logging, sys
logging.disable(logging.WARNING)
from comet import load_from_checkpoint
model = load_from_checkpoint(sys.argv[1], local_files_only=True)
data = [{"src": s, "mt": t} for s, t in json.load(open(sys.argv[2]))]
print(json.dumps(model.predict(data, batch_size=8, gpus=0, progress_bar=False, num_workers=0).scores))
"""
MODELS = [
    {"layer_transformation": transformation, "layer_norm": norm, "sent_layer": layer}
    for transformation in ("softmax", "sparsemax")
    for norm in (False, True)
    for layer in ("mix", 2)
]


def main() -> None:
    theirs_python = sys.argv[1]
    chooser = random.Random(5)

    def text() -> str:
        return " ".join(
            "".join(chooser.choices("abcdefghijklmnopqrstuvwxyzàéíóúç.,", k=chooser.randint(1, 9)))
            for _ in range(chooser.choice((1, 3, 8, 8, 15, 40)))
        )

    pairs = [(text(), text()) for _ in range(200)]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "pairs.json"
        data.write_text(json.dumps(pairs))
        for number, changed in enumerate(MODELS):
            made = make_comet(Path(folder) / str(number), **changed)
            own = comet.load(str(made)).scores(*zip(*pairs, strict=True))
            line = [theirs_python, "-c", THEIRS, str(made / comet.CHECKPOINT), str(data)]
            done = subprocess.run(line, capture_output=True, text=True)
            if done.returncode:
                sys.exit(done.stderr[-2000:])
            theirs = np.array(json.loads(done.stdout.splitlines()[-1]))
            away = np.abs(own - theirs)
            print(
                f"{changed}: scores {theirs.min():.3f} to {theirs.max():.3f}; at most {away.max():.5f} apart"
            )


if __name__ == "__main__":
    main()
