"""Recall by language: news texts in one language, and edited copies of them with known Jaccard similarity.

python -m benchmarks.dedup.languages [--pairs 600]

Texts are ten sentences of NTREX (Federmann et al. 2022). A copy has up to three of them replaced by others of the
language, and up to two in a hundred characters deleted or doubled. Truth is the exact Jaccard similarity of
word 5-grams, NFC and lower case, or of character 5-grams in scripts that write no spaces (as in the
shared data's gold). The texts of a language are clustered together, with verification. A member that no chain
of pairs of J >= 0.4 connects to its cluster is a wrong join. Exits with 1 below a recall of 0.98 at J >= 0.85 or
of 0.90 at J >= 0.8.
"""

import argparse
import sys
import unicodedata

import numpy as np
import pyarrow as pa

from benchmarks.dedup.common import SHARED, unpacked
from polysieve.dedup.components import components
from polysieve.dedup.edges import verified_band_edges
from polysieve.dedup.minhash import (
    MinHashParams,
    band_keys,
    character_signatures,
    has_shingles,
    low_bytes,
    signatures,
)
from polysieve.dedup.normalise import Normalisation, compared_words, folded_texts
from polysieve.filters.words import segment, text_buffer

FILES = {
    "tha_Thai": "tha", "khm_Khmr": "khm", "cmn_Hans": "zho-CN", "jpn_Jpan": "jpn", "kor_Hang": "kor",
    "hin_Deva": "hin", "amh_Ethi": "amh", "arb_Arab": "arb", "mya_Mymr": "mya", "lao_Laoo": "lao",
    "yor_Latn": "yor", "swh_Latn": "swa",
}  # fmt: skip
UNSPACED = ("Thai", "Khmr", "Hans", "Jpan", "Mymr", "Laoo")
SENTENCES = 10


def lines_of(name: str) -> list[str]:
    folder = unpacked("parallel.tar.xz", SHARED) / "parallel" / "ntrex" / "NTREX-128"
    text = (folder / f"newstest2019-ref.{name}.txt").read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip()]


def shingles(text: str, characters: bool) -> set[tuple[str, ...]]:
    """The set that truth is told by."""
    text = unicodedata.normalize("NFC", text).lower()
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text)
    items = [c for c in kept if c != " "] if characters else kept.split()
    return {tuple(items[i : i + 5]) for i in range(max(len(items) - 4, 1))}


def jaccard(a: set, b: set) -> float:
    return len(a & b) / max(len(a | b), 1)


def edited(sentences: list[str], pool: list[str], random: np.random.Generator) -> str:
    """A copy: up to three sentences are others, up to two in a hundred characters are gone or doubled."""
    lines = list(sentences)
    for _ in range(random.integers(0, 4)):
        lines[random.integers(len(lines))] = pool[random.integers(len(pool))]
    share = random.choice([0, 0, 0.001, 0.003, 0.01, 0.02])
    letters = list("\n".join(lines))
    for _ in range(int(share * len(letters))):
        place = int(random.integers(len(letters)))
        letters[place] = random.choice(["", letters[place] * 2])
    return "".join(letters)


def clusters_of(
    texts: list[str], label: str, characters: bool, params: MinHashParams
) -> np.ndarray:
    column = pa.array(texts, pa.large_string())
    if characters:
        signed = character_signatures(*text_buffer(folded_texts(column, Normalisation())), params)
    else:
        words = segment(column, [label] * len(texts))
        signed = signatures(*compared_words(words, Normalisation()), params)
    keys, low, valid = band_keys(signed, params), low_bytes(signed), has_shingles(signed)
    bands = (np.ascontiguousarray(keys[:, band]) for band in range(params.bands))
    return components(len(texts), (verified_band_edges(band, low, 0.55, valid) for band in bands))


def measure(label: str, name: str, pairs: int, characters: bool) -> tuple[float, float]:
    random = np.random.default_rng(3)
    pool = lines_of(name)
    texts: list[str] = []
    for _ in range(pairs):
        chosen = [pool[i] for i in random.choice(len(pool), SENTENCES, replace=False)]
        texts += ["\n".join(chosen), edited(chosen, pool, random)]
    sets = [shingles(text, label.rpartition("_")[2] in UNSPACED) for text in texts]
    truth = np.array([jaccard(sets[2 * i], sets[2 * i + 1]) for i in range(pairs)])
    cluster = clusters_of(texts, label, characters, MinHashParams())
    found = cluster[0::2] == cluster[1::2]
    recall = [float(found[truth >= least].mean()) for least in (0.85, 0.8)]
    wrong = wrong_joins(cluster, sets)
    counts = [int((truth >= least).sum()) for least in (0.85, 0.8)]
    low = found[truth < 0.4]
    kind = "characters" if characters else "words"
    print(
        f"{label}  {kind:10} {recall[0]:8.4f} of {counts[0]:<4} {recall[1]:8.4f} of {counts[1]:<4} "
        f"{wrong:6}   {int(low.sum())} of {len(low)} pairs of J < 0.4",
        flush=True,
    )
    return recall[0], recall[1]


def wrong_joins(cluster: np.ndarray, sets: list[set]) -> int:
    """Members that no chain of pairs of J >= 0.4 connects to the first of their cluster."""
    wrong = 0
    for root in np.unique(cluster[np.bincount(cluster, minlength=len(cluster))[cluster] > 1]):
        members = np.flatnonzero(cluster == root).tolist()
        reached, frontier = {members[0]}, [members[0]]
        while frontier:
            row = frontier.pop()
            near = [m for m in members if m not in reached and jaccard(sets[row], sets[m]) >= 0.4]
            reached.update(near)
            frontier += near
        wrong += len(members) - len(reached)
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=600)
    parser.add_argument(
        "--both", action="store_true", help="words and characters for all languages"
    )
    options = parser.parse_args()
    print(
        "language  compared by   J >= 0.85        J >= 0.8         wrong joins   joined below 0.4"
    )
    worst = [1.0, 1.0]
    for label, name in FILES.items():
        own = label.rpartition("_")[2] in UNSPACED
        for characters in (False, True) if options.both else (own,):
            recall = measure(label, name, options.pairs, characters)
            if characters == own:
                worst = [min(a, b) for a, b in zip(worst, recall, strict=True)]
    if worst[0] < 0.98 or worst[1] < 0.90:
        sys.exit("recall is too low")


if __name__ == "__main__":
    main()
