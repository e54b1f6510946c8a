"""Trains a model on the calibration halves of the sets and measures it on the testing halves.

    python -m benchmarks.language_id.train MODEL.ftz

The noise that it is measured on comes from other makers (`sets.noise`) than the noise in its training
(`language_id.noise`).
"""

import argparse
import time
from pathlib import Path

import pyarrow as pa

from benchmarks.language_id.evaluate import heading, measured, print_noise
from benchmarks.language_id.sets import all_sets, half
from polysieve.language_id import load_model
from polysieve.language_id.training import Corpus, Settings, train

SETTINGS = Settings(dim=32, epochs=25, buckets=200_000, threads=2)


def main() -> None:
    """Prints a row for each set, and the noise."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("model", type=Path, help="where the model goes")
    path = options.parse_args().model
    corpus = Corpus(SETTINGS)
    for name, pairs in all_sets().items():
        own = half(pairs, 0)
        texts = pa.array([text for _, text in own], pa.large_string())
        corpus.add(texts, [label for label, _ in own], [name] * len(own))
    begin = time.process_time()
    card = train(corpus, path)
    print(f"{sum(corpus.seen.values())} texts, {len(card['labels'])} labels, {card['examples']} examples, "
          f"{time.process_time() - begin:.0f} s of processor time, {card['bytes'] / 1e6:.1f} MB")  # fmt: skip
    heading("set", "classes", "macro-F1 all / known")
    for name, pairs in all_sets().items():
        found = measured(load_model(path), half(pairs, 1))
        over_all, known = found.macro_f1()
        print(f"| {name} | {len(found.classes())} | {over_all:.3f} / {known:.3f} |")
    print_noise({"trained": load_model(path)})


if __name__ == "__main__":
    main()
