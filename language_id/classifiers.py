"""The labels of the lexicon and of CLD2, how alike they are, and how high each scores text in its own languages."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pycld2

from polysieve.compiling import kernel
from polysieve.language_id import lexicon
from polysieve.language_id.labels import NO_LANGUAGE, canonical_script, normalise_label, script_of
from polysieve.language_id.scripts import dominant_script
from polysieve.language_id.text import SCRIPT_NAMES


def _lexicon_labels() -> list[str]:
    """The canonical label of each of the lexicon's tags; the script is that of its n-grams."""
    grams = [lexicon.GRAMS[i] for i in lexicon.ENTRIES]
    bounds = lexicon.FIRST
    scripts = dominant_script(["".join(grams[a:b]) for a, b in pairwise(bounds)])
    found = []
    for tag, script in zip(lexicon.TAGS, scripts, strict=True):
        label = normalise_label(tag, "funlangid")
        if label[:4] == "cmn_" and label != "cmn_Latn":
            label = "cmn_Hani"
        elif label[:3] != "zxx":
            label = f"{label[:3]}_{canonical_script(label[:3], script)}"
        found.append(label)
    return found


def _cld2_labels() -> dict[str, str]:
    """The canonical label of each code that CLD2 can return."""
    names = set(pycld2.DETECTED_LANGUAGES)
    codes = {
        code
        for name, code in pycld2.LANGUAGES
        if name in names and not code.startswith(("xx", "zz"))
    }
    codes.add("xx-Goth")
    found = {code: normalise_label(code, "cld2") for code in sorted(codes)}
    return {code: "cmn_Hani" if label[:3] == "cmn" else label for code, label in found.items()}


_LEXICON_LABELS = _lexicon_labels()
CLD2_LABELS = _cld2_labels()
LABELS: list[str] = sorted(set(_LEXICON_LABELS) | set(CLD2_LABELS.values()) | {NO_LANGUAGE})
_NUMBER = {label: i for i, label in enumerate(LABELS)}
NOISE = _NUMBER[NO_LANGUAGE]
TAG_LABEL = np.array([_NUMBER[x] for x in _LEXICON_LABELS], dtype=np.int32)
CLD2_NUMBER = {code: _NUMBER[label] for code, label in CLD2_LABELS.items()}

IN_CLD2 = np.isin(np.arange(len(LABELS)), sorted(CLD2_NUMBER.values()))
IN_LEXICON = np.isin(np.arange(len(LABELS)), TAG_LABEL)
_SCRIPT_INDEX = {"Jpan": -1, "Hans": -2, "Hant": -2, "Hani": -2} | {
    name: i for i, name in enumerate(SCRIPT_NAMES) if name != "Hani"
}
KNOWN_SCRIPTS = {script_of(label) for label in LABELS} | {"Hans", "Hant"}
LABEL_SCRIPT = np.array([_SCRIPT_INDEX.get(script_of(x), 0) for x in LABELS], dtype=np.int32)

# Weight of an n-gram for a label: less where many labels share it, less at the end of a list.
_SHARED = np.diff(lexicon.POSTING_FIRST)
POSTING_WEIGHTS = np.log1p(600 / (lexicon.POSTING_RANKS + 60.0)) * np.sqrt(
    np.log1p(len(lexicon.TAGS) / np.repeat(_SHARED, _SHARED))
)
POSTING_WEIGHTS /= POSTING_WEIGHTS.mean()


@kernel
def _shared_weight(first, tags, weights, tag_label, count):
    """The weight of n-grams that each pair of labels shares, float64[count, count]."""
    shared = np.zeros((count, count))
    for gram in range(len(first) - 1):
        for i in range(first[gram], first[gram + 1]):
            for j in range(first[gram], first[gram + 1]):
                shared[tag_label[tags[i]], tag_label[tags[j]]] += np.sqrt(weights[i] * weights[j])
    return shared


def _likeness() -> np.ndarray:
    """How alike the n-gram lists of two labels are, in [0, 1]: float32[labels, labels].

    CLD2 answers with the nearest language that it has (Bislama for Tok Pisin, Chinese for
    Cantonese). For a label that it does not have, its answer counts as far as the two are alike.
    """
    shared = _shared_weight(
        lexicon.POSTING_FIRST, lexicon.POSTING_LABELS, POSTING_WEIGHTS, TAG_LABEL, len(LABELS)
    )
    own = np.sqrt(np.maximum(np.diagonal(shared), 1e-9))
    alike = np.minimum(shared / own[:, None] / own[None, :], 1.0)
    np.fill_diagonal(alike, 1.0)
    return alike.astype(np.float32)


ALIKE = _likeness()


def _list_shapes() -> np.ndarray:
    """What an n-gram list says about how often its own language hits it: float64[labels, 5].

    A constant, the shares of n-grams of up to two and of three characters and of those with a
    blank, the number of characters used; zeros for a label without a list.
    """
    shapes = np.zeros((len(LABELS), 5))
    for tag in range(len(lexicon.TAGS) - 1, -1, -1):
        grams = [
            lexicon.GRAMS[i] for i in lexicon.ENTRIES[lexicon.FIRST[tag] : lexicon.FIRST[tag + 1]]
        ]
        shapes[TAG_LABEL[tag]] = [
            1.0,
            sum(len(gram) <= 2 for gram in grams) / len(grams),
            sum(len(gram) == 3 for gram in grams) / len(grams),
            sum(" " in gram for gram in grams) / len(grams),
            len(set("".join(grams))) / 100,
        ]
    return shapes


LIST_SHAPES = _list_shapes()


class Usual(NamedTuple):
    """What the classifiers make of text in their own languages, as natural logarithms: text in a language that they do
    not have scores lower."""

    scores: np.ndarray
    """float64[labels]: the lexicon's score, NaN for a label without a list."""
    strengths: np.ndarray
    """float64[labels]: one plus CLD2's score by 100."""

    @classmethod
    def of(
        cls, by_shape: list[float], by_label: dict[str, float], by_cld2: dict[str, float]
    ) -> "Usual":
        """From the coefficients of LIST_SHAPES, which `by_label` overrides where enough text was seen, and the
        strengths of labels seen, whose mean stands for the others."""
        scores = LIST_SHAPES @ np.array(by_shape)
        scores[LIST_SHAPES[:, 0] == 0] = np.nan
        strengths = np.full(len(LABELS), np.mean(list(by_cld2.values())))
        for target, values in ((scores, by_label), (strengths, by_cld2)):
            for label, value in values.items():
                target[_NUMBER[label]] = value
        return cls(scores, strengths)
