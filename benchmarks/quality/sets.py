"""Texts that people judged, as good and bad examples of model-based quality, in two halves.

registers: what informs, tells or instructs (IN, NA, HI) against machine translations, sales texts and discussions
(MT, IP, ID); what is of both kinds or of neither is left out. HPLT: porn, unnatural, or not in the language it was
taken for, against the rest. lines: less than half of the characters in lines that are to be kept, against more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash

from benchmarks.fitting import people

GOOD, BAD = {"IN", "NA", "HI"}, {"MT", "IP", "ID"}
LEAST = 8  # of each class in each half
MOST = 60  # of each class in each half


@dataclass(frozen=True)
class Half:
    """Half of the texts of one language in one set."""

    texts: list[str]
    good: np.ndarray
    """bool[n]"""


def registers(folder: Path) -> Iterator[tuple[str, str, bool]]:
    """(label, text, bad)"""
    import lzma

    from polysieve.language_id.labels import normalise_label

    for path in sorted((folder / "web-registers").glob("*/*.tsv.xz")):
        code = path.parent.name
        label = normalise_label({"jp": "jpn"}.get(code, code))
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                register, _, text = line.rstrip("\n").partition("\t")
                named = set(register.upper().split())
                if bool(named & GOOD) != bool(named & BAD):
                    yield label, text.replace("\\n", "\n"), bool(named & BAD)


SETS = {"registers": registers, "HPLT": people.hplt, "lines": people.lines}


def halves(folder: Path, name: str) -> dict[str, tuple[Half, Half]]:
    """Label → (to train on, to score) of the languages with enough texts. The half depends on the text alone."""
    found = {}
    for label, judged in people.grouped(SETS[name](folder)).items():
        parts: dict[tuple[int, bool], list[tuple[int, str]]] = {}
        for text, bad in dict(zip(judged.texts, judged.bad.tolist(), strict=True)).items():
            key = xxhash.xxh64_intdigest(text.encode())
            parts.setdefault((key & 1, bad), []).append((key, text))
        if len(parts) < 4 or min(map(len, parts.values())) < LEAST:
            continue
        sides = []
        for side in (0, 1):
            own = [[t for _, t in sorted(parts[side, bad])[:MOST]] for bad in (False, True)]
            good = np.repeat([True, False], [len(texts) for texts in own])
            sides.append(Half([*own[0], *own[1]], good))
        found[label] = (sides[0], sides[1])
    return found
