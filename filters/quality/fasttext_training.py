"""Training a fastText classifier of good and bad text in one language.

The classifier reads lower-case text in one line. Where words are written with spaces its features are words and pairs
of words, elsewhere characters and their n-grams. Trained by one thread, so that equal examples give equal files;
only `autotune`, which works against the clock, does not promise that.
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters.orthography import UNSPACED_SCRIPTS
from polysieve.filters.quality.evaluation import Card, evaluate
from polysieve.filters.quality.examples import Part
from polysieve.filters.quality.fasttext_scorer import PREFIX, FastTextScorer

POSITIVE, NEGATIVE = "hq", "lq"
Settings = Literal["small", "fineweb2_hq", "autotune"]
FEW = 10_000
"""Fewer examples are seen oftener and at a higher rate, or the model would not leave its beginnings."""
_BLANKS = re.compile(r"[ \t\n\v\f\r\0]+")  # what fastText takes for blanks, and nothing else


@dataclass(frozen=True)
class Training:
    """How a classifier is trained."""

    settings: Settings = "small"
    """`small`: a model of a few megabytes, no slower to score than a large one; `fineweb2_hq`: the published
    settings; `autotune`: fastText's search for the best F1 on the validation part."""
    seconds: int = 300
    """How long `autotune` searches (FineWeb2-HQ: 300)."""
    seed: int = 0


def arguments(label: str, settings: Settings, examples: int) -> dict[str, float]:
    """fastText's arguments for a language with so many examples to train on."""
    unspaced = label.rpartition("_")[2] in UNSPACED_SCRIPTS
    if settings == "autotune":
        # minn and maxn are searched too, but fastText never tries single characters by itself.
        return {"minn": 1, "maxn": 3} if unspaced else {"wordNgrams": 2}
    if settings == "fineweb2_hq":
        words = 4 if label.partition("_")[0] == "cmn" else 2
        return {"wordNgrams": words, "epoch": 30, "lr": 0.1, "minCount": 0}
    grams: dict[str, float] = {"minn": 1, "maxn": 4} if unspaced else {"wordNgrams": 2}
    # Two labels make a model of one direction: more dimensions than a few add nothing but bytes.
    few = examples < FEW
    epochs = min(100, max(30, FEW // max(examples, 1))) if few else 30
    rate = 0.5 if few else 0.1
    return {**grams, "dim": 8, "bucket": 1 << 18, "epoch": epochs, "lr": rate, "minCount": 2}


def train(path: Path, label: str, parts: dict[str, Part], how: Training) -> Card:
    """Write the model for a language to `path` and return its card: settings, sizes, figures of the test part."""
    import fasttext

    given = arguments(label, how.settings, len(parts["train"].texts))
    with tempfile.TemporaryDirectory(prefix="polysieve-") as folder:
        files = {name: Path(folder, name) for name in ("train", "validate")}
        for name, file in files.items():
            file.write_text("".join(_lines(parts[name])), "utf-8")
        tuning = {}
        if how.settings == "autotune":
            tuning = {
                "autotuneValidationFile": str(files["validate"]),
                "autotuneDuration": how.seconds,
                "autotuneMetric": f"f1:{PREFIX}{POSITIVE}",
            }
        model = fasttext.train_supervised(
            str(files["train"]), verbose=0, thread=1, seed=how.seed, **given, **tuning
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save_model(str(path))
    scorer = FastTextScorer(path)
    return {
        "sha256": scorer.hash,
        "settings": how.settings,
        "arguments": given,
        "examples": {name: len(part.texts) for name, part in parts.items()},
        "test": evaluate(scores(scorer, parts["test"].texts), parts["test"].positive),
    }


def scores(scorer: FastTextScorer, texts: list[str]) -> np.ndarray:
    """float64[n]: the probability of good text by a model that `train` made."""
    found = scorer.probabilities(pa.array(texts, pa.large_string()), lower=True)
    return found[:, scorer.labels.index(POSITIVE)]


def _lines(part: Part) -> list[str]:
    lower = pc.utf8_lower(pa.array(part.texts, pa.large_string())).to_pylist()
    return [
        f"{PREFIX}{POSITIVE if positive else NEGATIVE} {as_line(text)}\n"
        for text, positive in zip(lower, part.positive, strict=True)
    ]


def as_line(text: str) -> str:
    """A text in one line, as the scorer reads it: without tokens that would be a label or end the line."""
    tokens = _BLANKS.split(text)
    return " ".join(t for t in tokens if t and t != "</s>" and not t.startswith(PREFIX))
