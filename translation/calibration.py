"""Limits of what is normal between two languages: which sentences of a translation are flagged, and for what.

A sentence is flagged if one of its signals lies beyond its limits:

* `length`: logarithm of the length ratio, both ways;
* `bits`: bits per character under a model of the target's characters, both ways (too regular is a loop);
* `copied`: share of its words that are the source's;
* `repeated`: share of its pairs of words that came before;
* `cut`: its source ends with a mark and it does not, where at most 1 % of clean pairs do so;
* `cosine`: of the two sentences' embeddings: what means something else;
* `rival`: its lead over other sentences of the document in that (translation.rivals): what belongs elsewhere.

Limits are learned from clean pairs: 98 % of them keep to the length's, 99 % to each of the others. Those of `copied`
and `repeated` are at least COPIED and REPEATED: clean pairs hardly ever copy, and a name in small letters would be
enough. The limit of `rival` needs no clean pairs where encoders tell both languages' sentences apart: RIVAL, or what
99 % of clean pairs keep to, where that is lower. Signals that a short sentence does not bear
(SHORT words) are not looked at. Thai and Lao write no mark at the end of a sentence.

The upper limit of `bits` lies twice as far from the median as 99.5 % of the clean pairs: the model and the clean pairs
are usually text of one kind, and good translations of other kinds surprise the model more.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from polysieve.language_id.labels import script_of
from polysieve.translation.char_lm import CharLM, model_hash
from polysieve.translation.checks import is_cut, measure_pair
from polysieve.translation.engines import digest
from polysieve.translation.rivals import RIVALS, leads
from polysieve.translation.told_apart import are_told_apart

SIGNALS = ("length", "bits", "copied", "repeated", "cut", "cosine", "rival")
COPIED, REPEATED = 0.25, 0.2
RIVAL = -0.01
LONGEST_RATIO = 3.0
SHORT = 4
TAIL = 0.01
MARGIN = 1.0

Embedder = Callable[[Sequence[str]], np.ndarray]
"""From n texts to float32[n, d], rows of length 1."""
Bounds = tuple[float, float]
_CUT: Bounds = (-np.inf, 0.5)
_UNMARKED = ("Thai", "Laoo")
_ANYWHERE: Mapping[str, Bounds] = {
    "copied": (-np.inf, COPIED),
    "repeated": (-np.inf, REPEATED),
}


@dataclass(frozen=True)
class Calibration:
    """The limits between two languages."""

    source: str
    target: str
    bounds: Mapping[str, Bounds]
    """Signal → lowest and highest value of a clean pair; a signal without bounds flags nothing."""
    pairs: int = 0
    """Clean pairs that they were learned from."""
    encoder: str | None = None
    """The hash of the encoder that the limit of `cosine` was learned with; None where it has none."""
    lm: CharLM | None = field(default=None, compare=False)
    lm_hash: str | None = None

    @property
    def hash(self) -> str:
        """16 hexadecimal digits that change with the limits and the model."""
        bounds = {name: list(own) for name, own in self.bounds.items()}
        return digest(pair=[self.source, self.target], bounds=bounds, lm=self.lm_hash)

    def flags(
        self,
        sources: Sequence[str],
        targets: Sequence[str],
        embedder: Embedder | None = None,
        sizes: Sequence[int] | None = None,
    ) -> list[tuple[str, ...]]:
        """The signals of each sentence that lie beyond their limits. See `measure` for what goes in."""
        if not {"cosine", "rival"} & {*self.bounds}:
            embedder = None
        measured = measure(sources, targets, self.lm, embedder, sizes)
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
            "encoder": self.encoder,
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
        pairs, encoder = int(data.get("pairs", 0)), data.get("encoder")
        return cls(source, target, bounds, pairs, encoder, lm, data.get("lm"))


def uncalibrated(source: str, target: str) -> Calibration:
    """Limits that hold between any two languages, for pairs of which no clean text is known."""
    length = (float(np.log(1 / LONGEST_RATIO)), float(np.log(LONGEST_RATIO)))
    bounds: dict[str, Bounds] = {"length": length, **_ANYWHERE}
    if script_of(target) not in _UNMARKED:
        bounds["cut"] = _CUT
    if are_told_apart(source, target):
        bounds["rival"] = (RIVAL, np.inf)
    return Calibration(source, target, bounds)


def measure(
    sources: Sequence[str],
    targets: Sequence[str],
    lm: CharLM | None = None,
    embedder: Embedder | None = None,
    sizes: Sequence[int] | None = None,
) -> dict[str, np.ndarray]:
    """SIGNALS of n sentences and their translations, float64[n] each; NaN where one is not measured.

    sizes: the sentences of each document, in order; their sum is n. Without, each is a document, and none has a rival.
    """
    n = len(sources)
    found = {name: np.full(n, np.nan) for name in SIGNALS}
    long = np.zeros(n, bool)
    for i, (source, target) in enumerate(zip(sources, targets, strict=True)):
        pair = measure_pair(source, target)
        if not target.strip() or not source.strip():
            found["length"][i] = -np.inf
            continue
        if max(len(source), len(target)) < 4 * SHORT:
            continue
        long[i] = True
        found["length"][i] = np.log(len(target) / len(source))
        found["cut"][i] = is_cut(source, target)
        if pair.copied_share is not None and pair.small_words >= SHORT:
            found["copied"][i] = pair.copied_share
        if pair.repeated_share is not None and pair.words > SHORT:
            found["repeated"][i] = pair.repeated_share
    if lm is not None and n:
        enough = np.array([len(t) >= 4 * SHORT for t in targets])
        found["bits"] = np.where(enough, lm.bits(targets), np.nan)
    if embedder is not None and long.any():
        _compare(sources, targets, embedder, sizes or [1] * n, np.flatnonzero(long), found)
    return found


def _compare(
    sources: Sequence[str],
    targets: Sequence[str],
    embedder: Embedder,
    sizes: Sequence[int],
    rows: np.ndarray,
    found: dict[str, np.ndarray],
) -> None:
    """Enter `cosine` and `rival` of some rows. Each distinct text is embedded once; four digits count."""
    texts = list(dict.fromkeys(side[i] for side in (sources, targets) for i in rows.tolist()))
    place = {text: number for number, text in enumerate(texts)}
    vectors = embedder(texts)
    first, second = (
        vectors[[place[side[i]] for i in rows.tolist()]] for side in (sources, targets)
    )
    owners = np.repeat(np.arange(len(sizes)), sizes)
    own_sizes = np.bincount(owners[rows], minlength=len(sizes)).tolist()
    found["cosine"][rows] = np.round(np.einsum("ij,ij->i", first, second), 4)
    found["rival"][rows] = np.round(leads(first, second, own_sizes), 4)


def calibrate(
    source: str,
    target: str,
    pairs: Sequence[tuple[str, str]],
    lm: CharLM | None = None,
    embedder: Embedder | None = None,
    encoder: str | None = None,
) -> Calibration:
    """The limits between two languages (labels), from clean pairs that the model was not trained on; pairs that stand
    together are taken for a document.

    encoder: the hash of the embedder's model.
    """
    sources, targets = [list(side) for side in zip(*pairs, strict=True)] if pairs else ([], [])
    sizes = [min(RIVALS, len(pairs) - start) for start in range(0, len(pairs), RIVALS)]
    measured = {
        name: values[np.isfinite(values)]
        for name, values in measure(sources, targets, lm, embedder, sizes).items()
    }
    bounds = dict(_ANYWHERE)
    if len(lengths := measured["length"]):
        bounds["length"] = _quantiles(lengths, TAIL, 1 - TAIL)
    if len(bits := measured["bits"]):
        low, high = _quantiles(bits, TAIL / 2, 1 - TAIL / 2)
        bounds["bits"] = (low, high + MARGIN * (high - float(np.median(bits))))
    for name, least in (("copied", COPIED), ("repeated", REPEATED)):
        if len(values := measured[name]):
            bounds[name] = (-np.inf, max(least, float(np.quantile(values, 1 - TAIL))))
    if len(cut := measured["cut"]) and cut.mean() <= TAIL:
        bounds["cut"] = _CUT
    if len(cosines := measured["cosine"]):
        bounds["cosine"] = (float(np.quantile(cosines, TAIL)), np.inf)
    if len(rivals := measured["rival"]):
        bounds["rival"] = (min(RIVAL, float(np.quantile(rivals, TAIL))), np.inf)
    return Calibration(source, target, bounds, len(pairs), encoder, lm)


def _quantiles(values: np.ndarray, low: float, high: float) -> Bounds:
    found = np.quantile(values, [low, high])
    return float(found[0]), float(found[1])
