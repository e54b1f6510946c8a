"""Limits of what is normal between two languages, learned from clean pairs: the rule of five signals.

A sentence is flagged if one of its signals lies beyond what 98 % of clean pairs keep to:

* `length`: logarithm of the length ratio, both ways;
* `bits`: bits per character under a model of the target's characters, both ways (too regular is a loop);
* `copied`: share of its words that are the source's;
* `repeated`: share of its pairs of words that came before;
* `cosine`: of the two sentences' embeddings, where an embedder is given: what means something else.

The limits of `copied` and `repeated` are at least COPIED and REPEATED: clean pairs hardly ever copy, and a name in
small letters would be enough. Signals that a short sentence does not bear (SHORT words) are not
looked at.

The upper limit of `bits` lies further out, by MARGIN times its distance from the median: the model and the clean pairs
are usually text of one kind, and good translations of other kinds surprise the model more.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from translation.char_lm import CharLM, model_hash
from translation.checks import measure_pair
from translation.engines import digest

SIGNALS = ("length", "bits", "copied", "repeated", "cosine")
COPIED, REPEATED = 0.25, 0.2
LONGEST_RATIO = 3.0
SHORT = 4
TAIL = 0.01
MARGIN = 0.5

Embedder = Callable[[Sequence[str]], np.ndarray]
"""From n texts to float32[n, d], rows of length 1."""
Bounds = tuple[float, float]


@dataclass(frozen=True)
class Calibration:
    """The limits between two languages."""

    source: str
    target: str
    bounds: Mapping[str, Bounds]
    """Signal → lowest and highest value of a clean pair; a signal without bounds flags nothing."""
    pairs: int = 0
    """Clean pairs that they were learned from."""
    lm: CharLM | None = field(default=None, compare=False)
    lm_hash: str | None = None

    @property
    def hash(self) -> str:
        """16 hexadecimal digits that change with the limits and the model."""
        bounds = {name: list(own) for name, own in self.bounds.items()}
        return digest(pair=[self.source, self.target], bounds=bounds, lm=self.lm_hash)

    def flags(
        self, sources: Sequence[str], targets: Sequence[str], embedder: Embedder | None = None
    ) -> list[tuple[str, ...]]:
        """The signals of each sentence that lie beyond their limits."""
        measured = measure(sources, targets, self.lm, embedder)
        found: list[list[str]] = [[] for _ in sources]
        for name, (low, high) in self.bounds.items():
            values = measured[name]
            for i in np.flatnonzero((values < low) | (values > high)).tolist():
                found[i].append(name)
        return [tuple(names) for names in found]

    def save(self, folder: Path) -> None:
        """Write `<source>-<target>.json` and, where there is one, `<target>.lm.npz`."""
        folder.mkdir(parents=True, exist_ok=True)
        digest = None
        if self.lm is not None:
            path = folder / f"{self.target}.lm.npz"
            self.lm.save(path)
            digest = model_hash(path)
        data = {
            "source": self.source,
            "target": self.target,
            "pairs": self.pairs,
            "bounds": {name: list(bounds) for name, bounds in self.bounds.items()},
            "lm": digest,
        }
        text = json.dumps(data, indent=2, ensure_ascii=False)
        (folder / f"{self.source}-{self.target}.json").write_text(text + "\n", "utf-8")

    @classmethod
    def load(cls, folder: Path, source: str, target: str) -> "Calibration":
        """What `save` wrote. Raises FileNotFoundError, or ValueError where a file is not what it should be."""
        path = folder / f"{source}-{target}.json"
        try:
            data = json.loads(path.read_text("utf-8"))
            bounds = {
                name: (float(low), float(high)) for name, (low, high) in data["bounds"].items()
            }
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: no limits of a pair of languages: {error}") from None
        lm = None
        if data.get("lm"):
            model = folder / f"{target}.lm.npz"
            if model_hash(model) != data["lm"]:
                raise ValueError(f"{model}: is not the model that {path.name} was made with")
            lm = CharLM.load(model)
        return cls(source, target, bounds, int(data.get("pairs", 0)), lm, data.get("lm"))


def uncalibrated(source: str, target: str) -> Calibration:
    """Limits that hold between any two languages, for pairs of which no clean text is known."""
    length = (float(np.log(1 / LONGEST_RATIO)), float(np.log(LONGEST_RATIO)))
    bounds = {"length": length, "copied": (-np.inf, COPIED), "repeated": (-np.inf, REPEATED)}
    return Calibration(source, target, bounds)


def measure(
    sources: Sequence[str],
    targets: Sequence[str],
    lm: CharLM | None = None,
    embedder: Embedder | None = None,
) -> dict[str, np.ndarray]:
    """SIGNALS of n sentences and their translations, float64[n] each; NaN where one is not measured."""
    n = len(sources)
    found = {name: np.full(n, np.nan) for name in SIGNALS}
    for i, (source, target) in enumerate(zip(sources, targets, strict=True)):
        pair = measure_pair(source, target)
        if not target.strip() or not source.strip():
            found["length"][i] = -np.inf
            continue
        if max(len(source), len(target)) < 4 * SHORT:
            continue
        found["length"][i] = np.log(len(target) / len(source))
        if pair.copied_share is not None and pair.small_words >= SHORT:
            found["copied"][i] = pair.copied_share
        if pair.repeated_share is not None and pair.words > SHORT:
            found["repeated"][i] = pair.repeated_share
    if lm is not None and n:
        long = np.array([len(t) >= 4 * SHORT for t in targets])
        found["bits"] = np.where(long, lm.bits(targets), np.nan)
    if embedder is not None and n:
        found["cosine"] = np.einsum("ij,ij->i", embedder(sources), embedder(targets)).astype(float)
    return found


def calibrate(
    source: str,
    target: str,
    pairs: Sequence[tuple[str, str]],
    lm: CharLM | None = None,
    embedder: Embedder | None = None,
    tail: float = TAIL,
) -> Calibration:
    """The limits between two languages (labels), from clean pairs that the model was not trained on.

    tail: the share of clean pairs beyond each end of a signal.
    """
    sources, targets = [list(side) for side in zip(*pairs, strict=True)] if pairs else ([], [])
    measured = measure(sources, targets, lm, embedder)
    bounds: dict[str, Bounds] = {"copied": (-np.inf, COPIED), "repeated": (-np.inf, REPEATED)}
    for name in ("length", "bits"):
        values = measured[name][np.isfinite(measured[name])]
        if len(values):
            low, high = np.quantile(values, [tail, 1 - tail])
            bounds[name] = (float(low), float(high))
    if "bits" in bounds:
        low, high = bounds["bits"]
        middle = float(np.median(measured["bits"][np.isfinite(measured["bits"])]))
        bounds["bits"] = (low, high + MARGIN * (high - middle))
    for name, least in (("copied", COPIED), ("repeated", REPEATED)):
        values = measured[name][np.isfinite(measured[name])]
        if len(values):
            bounds[name] = (-np.inf, max(least, float(np.quantile(values, 1 - tail))))
    values = measured["cosine"][np.isfinite(measured["cosine"])]
    if len(values):
        bounds["cosine"] = (float(np.quantile(values, tail)), np.inf)
    return Calibration(source, target, bounds, len(pairs), lm)
